use super::*;
use crate::model::outcome::Failure;
use crate::model::trace::Blame;
use crate::report::samples::{failed, passed};
use roxmltree::{Document, Node};

fn run(outcomes: Vec<Outcome>) -> RunReport {
    let started = "2026-11-20T12:00:00Z".to_owned();
    RunReport {
        outcomes,
        started,
        duration_ms: 41_900.0,
        version: "0.1.0".into(),
        hostname: Some("runner-7".into()),
        ..RunReport::default()
    }
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.has_tag_name(name))
}

fn property_of(case: Node<'_, '_>, name: &str) -> Vec<String> {
    let properties = child(case, "properties").into_iter().flat_map(|properties| properties.children());
    properties.filter(|p| p.attribute("name") == Some(name)).map(|p| p.attribute("value").unwrap().to_owned()).collect()
}

/// Writes one case, reads it again with another library, and hands its element to `look`.
fn with_case(outcome: Outcome, look: impl FnOnce(Node<'_, '_>)) {
    let text = write(&run(vec![outcome]));
    let document = Document::parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    look(document.descendants().find(|node| node.has_tag_name("testcase")).unwrap());
}

#[test]
fn suites_are_flat_one_for_each_file_with_counts_and_times() {
    let mut other = failed("dexter/swaps::a");
    other.case.path = "suites/dexter/swaps.yaml".into();
    let broken = Outcome { verdict: Verdict::Broken, ..failed("dexter/wallets::c") };
    let skipped =
        Outcome { verdict: Verdict::Skipped, reason: Some("no redis".into()), started: String::new(), ..passed("dexter/wallets::d") };
    let text = write(&run(vec![passed("dexter/wallets::a"), other, broken, skipped]));
    let document = Document::parse(&text).unwrap();
    let root = document.root_element();
    let attributes =
        |node: Node<'_, '_>, names: &[&str]| names.iter().map(|name| node.attribute(*name).unwrap_or("-").to_owned()).collect::<Vec<_>>();
    let names = ["name", "tests", "failures", "errors", "skipped", "time"];
    assert_eq!(attributes(root, &names), ["checkride", "4", "1", "1", "1", "41.900"]);
    let suites: Vec<_> = root.children().filter(Node::is_element).map(|suite| attributes(suite, &names)).collect();
    assert_eq!(suites, [["dexter/wallets", "3", "0", "1", "1", "0.036"], ["dexter/swaps", "1", "1", "0", "0", "0.012"]]);
    let suite = child(root, "testsuite").unwrap();
    let rest = attributes(suite, &["file", "hostname", "timestamp"]);
    assert_eq!(rest, ["suites/dexter/wallets.yaml", "runner-7", "2026-11-20T12:00:00.250+00:00"]);
    assert!(suite.children().filter(Node::is_element).all(|node| node.has_tag_name("properties") || node.has_tag_name("testcase")));
}

#[test]
fn a_failure_says_all_in_the_attributes_and_again_in_the_text() {
    let mut outcome = failed("dexter/wallets::lists_wallets");
    outcome.case.owner = Some("wallet team".into());
    outcome.case.severity = Some("high".into());
    outcome.case.tags = vec!["fast".into(), "LLM01".into()];
    with_case(outcome, |case| {
        let attributes: Vec<_> =
            ["classname", "name", "time", "file", "line", "assertions", "owner"].map(|name| case.attribute(name).unwrap()).into();
        assert_eq!(attributes, ["dexter.wallets", "lists wallets", "0.012", "suites/dexter/wallets.yaml", "9", "3", "wallet team"]);
        assert_eq!(property_of(case, "checkride.tag"), ["fast", "LLM01"]);
        assert_eq!(property_of(case, "checkride.severity"), ["high"]);
        let failure = child(case, "failure").unwrap();
        assert_eq!(failure.attribute("type"), Some("checkride.calls"));
        assert_eq!(failure.attribute("message"), Some("no call matches `wallets.list`"));
        assert_eq!(
            failure.text().unwrap(),
            "suites/dexter/wallets.yaml:12:16\nno call matches `wallets.list`\n  expected call `wallets.list` with {owner: \"me\"}\n  actual   1 call\n\
             \x20 closest: call 1 `wallets.list` ~ args.owner expected \"me\", got \"all\"\n\
             at suites.dexter.Case.lists_wallets(wallets.yaml:12)\nrerun: checkride run --exact dexter/wallets::lists_wallets"
        );
        let output = child(case, "system-out").unwrap().text().unwrap();
        let lines: Vec<_> = output.lines().collect();
        let conclusion = "fail: no call matches `wallets.list`";
        assert_eq!(lines, [conclusion, "[[ATTACHMENT|target/checkride/dexter.wallets.lists_wallets.jsonl]]", conclusion]);
    });
}

#[test]
fn what_is_not_the_agents_fault_is_an_error() {
    with_case(Outcome { verdict: Verdict::Broken, blame: Some(Blame::AgentStart), ..failed("a::b") }, |case| {
        assert_eq!(child(case, "error").unwrap().attribute("type"), Some("checkride.agent-start"));
        assert!(child(case, "failure").is_none());
    });
    with_case(Outcome { verdict: Verdict::Inconclusive, ..failed("a::b") }, |case| {
        assert_eq!(child(case, "error").unwrap().attribute("type"), Some("checkride.inconclusive"));
    });
}

#[test]
fn an_unexpected_pass_is_a_failure() {
    with_case(Outcome { verdict: Verdict::UnexpectedPass, reason: Some("issue 7".into()), ..passed("a::b") }, |case| {
        let failure = child(case, "failure").unwrap();
        assert_eq!((failure.attribute("type"), failure.attribute("message")), (Some("checkride.unexpected_pass"), Some("issue 7")));
        assert!(failure.text().unwrap().contains("at suites.dexter.Case.b(wallets.yaml:9)"));
    });
}

#[test]
fn what_is_green_is_neither_failure_nor_error_and_keeps_its_reason() {
    for (verdict, name, value) in [
        (Verdict::ExpectedFailure, "checkride.expected_failure", "known"),
        (Verdict::Warning, "checkride.warning", "no call matches `wallets.list`"),
    ] {
        with_case(Outcome { verdict, reason: Some("known".into()), ..failed("a::b") }, |case| {
            assert!(["failure", "error", "skipped"].iter().all(|name| child(case, name).is_none()));
            assert_eq!(property_of(case, name), [value]);
            assert!(child(case, "system-out").unwrap().text().unwrap().contains("expected call `wallets.list`"));
        });
    }
    with_case(passed("a::b"), |case| assert!(child(case, "system-out").is_none() && child(case, "failure").is_none()));
}

#[test]
fn a_flaky_case_passes_and_shows_the_attempt_that_failed() {
    with_case(Outcome { verdict: Verdict::Flaky, ..failed("a::b") }, |case| {
        assert!(child(case, "failure").is_none());
        let flaky = child(case, "flakyFailure").unwrap();
        assert_eq!(flaky.attribute("type"), Some("checkride.calls"));
        assert!(child(flaky, "stackTrace").unwrap().text().unwrap().contains("at suites.dexter.Case.b(wallets.yaml:12)"));
    });
}

#[test]
fn a_skip_has_its_reason() {
    with_case(Outcome { verdict: Verdict::Skipped, reason: Some("redis-server is not installed".into()), ..passed("a::b") }, |case| {
        assert_eq!(child(case, "skipped").unwrap().attribute("message"), Some("redis-server is not installed"));
    });
}

#[test]
fn no_two_cases_have_one_name() {
    let row = |id: &str| Outcome { case: crate::model::outcome::CaseFacts { name: "greets".into(), ..passed(id).case }, ..passed(id) };
    let text = write(&run(vec![row("a::greets[who=Ana]"), row("a::greets[who=Bob]"), row("a::greets"), row("b::greets")]));
    let document = Document::parse(&text).unwrap();
    let names: Vec<_> = document.descendants().filter(|n| n.has_tag_name("testcase")).map(|n| n.attribute("name").unwrap()).collect();
    assert_eq!(names, ["greets [who=Ana]", "greets [who=Bob]", "greets", "greets (b::greets)"]);
}

#[test]
fn a_file_in_the_root_has_a_frame_without_packages() {
    let mut outcome = failed("first::a[x=1]");
    outcome.problems[0].place = "./first.yaml:3:1".into();
    outcome.problems[0].line = 3;
    with_case(outcome, |case| assert!(child(case, "failure").unwrap().text().unwrap().contains("\nat Case.a(first.yaml:3)\n")));
}

#[test]
fn nasty_texts_are_read_back_whole_but_for_what_xml_cannot_hold() {
    let nasty = "a\u{0}\u{1b}[31mb\u{8} ]]> <x attr=\"1\">&amp; 👩‍🚀 ä\u{ffff}\u{fffe}\tend";
    let expected = "ab ]]> <x attr=\"1\">&amp; 👩‍🚀 ä    end";
    let mut outcome = failed("a::b");
    outcome.case.name = nasty.into();
    outcome.case.tags = vec![nasty.into()];
    outcome.notes = vec![nasty.into()];
    outcome.problems[0].failure =
        Failure { message: nasty.into(), expected: nasty.into(), actual: nasty.into(), details: vec![nasty.into()] };
    with_case(outcome, |case| {
        let in_one_line = expected.replace("    ", " ");
        assert_eq!(case.attribute("name").unwrap(), in_one_line);
        assert_eq!(property_of(case, "checkride.tag"), [in_one_line.as_str()]);
        let failure = child(case, "failure").unwrap();
        assert_eq!(failure.attribute("message").unwrap(), in_one_line);
        assert_eq!(failure.text().unwrap().matches(expected).count(), 4);
        assert!(child(case, "system-out").unwrap().text().unwrap().contains(&format!("note: {expected}")));
    });
}

#[test]
fn a_megabyte_is_cut_visibly() {
    let mut outcome = failed("a::b");
    outcome.problems[0].failure.message = "ü".repeat(1 << 20);
    outcome.problems[0].failure.details = vec!["x".repeat(1 << 20)];
    outcome.notes = vec!["n".repeat(1 << 20)];
    with_case(outcome, |case| {
        let failure = child(case, "failure").unwrap();
        assert!(failure.attribute("message").unwrap().chars().count() <= MOST_ATTRIBUTE + 1);
        for text in [failure.text().unwrap(), child(case, "system-out").unwrap().text().unwrap()] {
            assert!(text.len() < MOST + 100 && text.contains("bytes left out"), "{}", text.len());
        }
        assert!(failure.text().unwrap().ends_with("rerun: checkride run --exact a::b"));
    });
}

#[test]
fn an_agent_cannot_have_files_attached() {
    let mut outcome = failed("a::b");
    outcome.problems[0].failure.message = "[[ATTACHMENT|/etc/passwd]]".into();
    outcome.notes = vec!["[[ATTACHMENT|/etc/shadow]]".into()];
    for verdict in [Verdict::Fail, Verdict::Warning] {
        with_case(Outcome { verdict, ..outcome.clone() }, |case| {
            let output = child(case, "system-out").unwrap().text().unwrap().to_owned();
            assert_eq!(output.matches("[[ATTACHMENT|").count(), 1, "{output}");
            assert!(output.contains("[[ATTACHMENT|target/checkride/a.b.jsonl]]"), "{output}");
        });
    }
}

#[test]
fn an_empty_run_and_impossible_times_are_still_a_document() {
    let text = write(&RunReport { duration_ms: f64::NAN, started: "yesterday".into(), ..RunReport::default() });
    assert_eq!(Document::parse(&text).unwrap().root_element().attribute("tests"), Some("0"));
    with_case(Outcome { duration_ms: -1.0, ..passed("a::b") }, |case| assert_eq!(case.attribute("time"), Some("0.000")));
}
