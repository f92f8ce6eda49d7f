//! JUnit XML, in the dialect that every consumer reads.
//!
//! One flat suite per YAML file, one test case per case. What each consumer reads, and so what is written where:
//! GitLab the text of a failure and `file`; mikepenz `message`, `file` and `line`; dorny a Java-like frame in the text;
//! Jenkins `classname` with dots and the two ends of `system-out`; Azure `owner` and UTC times.
//!
//! Owns: the way from verdicts to elements, what stands in attributes and texts.
//! Must not know: XML escaping (quick-junit), how verdicts come about.

use super::RunReport;
use super::clean;
use crate::model::outcome::{Outcome, Reported, RubricDecision, RubricReport, Verdict};
use indexmap::IndexMap;
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestRerun, TestSuite};
use std::collections::HashSet;
use std::time::Duration;

/// More of one text element is left out: GitLab takes 30 MB a file.
const MOST: usize = 64 << 10;
/// More of an attribute is left out.
const MOST_ATTRIBUTE: usize = 1000;

/// The whole document.
pub fn write(run: &RunReport) -> String {
    let mut report = Report::new("checkride");
    report.timestamp = run.started.parse().ok();
    report.set_time(duration(run.duration_ms));
    let mut files: IndexMap<&str, Vec<&Outcome>> = IndexMap::new();
    for outcome in &run.outcomes {
        files.entry(&outcome.case.path).or_default().push(outcome);
    }
    report.add_test_suites(files.iter().map(|(path, outcomes)| suite(run, path, outcomes)));
    report.to_string().expect("a String takes everything")
}

fn suite(run: &RunReport, path: &str, outcomes: &[&Outcome]) -> TestSuite {
    let case = &outcomes[0].case;
    let mut suite = TestSuite::new(clean::line(&case.suite_id));
    suite.timestamp = outcomes
        .iter()
        .map(|outcome| &outcome.started)
        .filter(|started| !started.is_empty())
        .min()
        .and_then(|started| started.parse().ok());
    suite.set_time(duration(outcomes.iter().map(|outcome| outcome.duration_ms).sum()));
    suite.extra.insert("file".into(), clean::line(path).into());
    if let Some(hostname) = &run.hostname {
        suite.extra.insert("hostname".into(), clean::line(hostname).into());
    }
    suite.add_property(property("checkride.suite", &case.suite_name));
    suite.add_property(property("checkride.version", &run.version));
    let mut names = HashSet::new();
    suite.add_test_cases(outcomes.iter().map(|outcome| test_case(outcome, &mut names)));
    suite
}

fn test_case(outcome: &Outcome, names: &mut HashSet<String>) -> TestCase {
    let case = &outcome.case;
    let mut test = TestCase::new(unique_name(outcome, names), status(outcome));
    test.set_classname(clean::line(&case.suite_id).replace('/', "."));
    test.set_time(duration(outcome.duration_ms));
    test.set_assertions(outcome.checks);
    test.timestamp = outcome.started.parse().ok();
    test.extra.insert("file".into(), clean::line(&case.path).into());
    test.extra.insert("line".into(), case.line.to_string().into());
    if let Some(owner) = &case.owner {
        test.extra.insert("owner".into(), clean::line(owner).into());
    }
    test.add_properties(properties(outcome));
    let output = output(outcome);
    if !output.is_empty() {
        test.set_system_out(output);
    }
    test
}

/// GitLab keeps only the first of equal names, so a row says which it is.
fn unique_name(outcome: &Outcome, names: &mut HashSet<String>) -> String {
    let case = &outcome.case;
    let row = slug(&case.id).find('[').map(|at| &slug(&case.id)[at..]);
    let mut name = clean::line(&case.name);
    if let Some(row) = row.filter(|row| !name.ends_with(row)) {
        name = format!("{name} {}", clean::line(row));
    }
    if !names.insert(name.clone()) {
        name = format!("{name} ({})", clean::line(&case.id));
        names.insert(name.clone());
    }
    name
}

fn status(outcome: &Outcome) -> TestCaseStatus {
    let kind = match outcome.verdict {
        Verdict::Pass | Verdict::ExpectedFailure | Verdict::Warning => return TestCaseStatus::success(),
        Verdict::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(attribute(outcome.reason.as_deref().unwrap_or("no reason given")));
            return status;
        }
        Verdict::Flaky => {
            let mut status = TestCaseStatus::success();
            status.add_reruns(outcome.problems.iter().map(|problem| flaky_failure(outcome, problem)));
            return status;
        }
        Verdict::Fail | Verdict::UnexpectedPass => NonSuccessKind::Failure,
        Verdict::Broken | Verdict::Inconclusive => NonSuccessKind::Error,
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(failure_type(outcome));
    status.set_message(attribute(&message(outcome)));
    status.set_description(clean::cap(&reason(outcome), MOST));
    status
}

fn flaky_failure(outcome: &Outcome, problem: &Reported) -> TestRerun {
    let mut rerun = TestRerun::new(NonSuccessKind::Failure);
    rerun.set_type(format!("checkride.{}", clean::line(&problem.check)));
    rerun.set_message(attribute(&problem.failure.message));
    rerun.set_stack_trace(clean::cap(&format!("{}\n{}", explanation(problem), frame(outcome, Some(problem))), MOST));
    rerun
}

/// Always in our namespace: GitLab's reader refuses some bare types.
fn failure_type(outcome: &Outcome) -> String {
    let kind = match (outcome.verdict, outcome.blame, outcome.problems.first()) {
        (Verdict::Broken, Some(blame), _) => blame.to_string(),
        (Verdict::Inconclusive, ..) => "inconclusive".to_owned(),
        (_, _, Some(problem)) => clean::line(&problem.check),
        (verdict, ..) => verdict.word().replace(' ', "_"),
    };
    format!("checkride.{kind}")
}

/// Short, and complete in itself.
fn message(outcome: &Outcome) -> String {
    match &outcome.problems[..] {
        [] => outcome.reason.clone().unwrap_or_else(|| outcome.verdict.word().to_owned()),
        [only] => only.failure.message.clone(),
        [first, others @ ..] => format!("{} (and {} more)", first.failure.message, others.len()),
    }
}

/// The whole reason, for those who show only the text; ends with a frame that leads to the line, and the way to run it again.
fn reason(outcome: &Outcome) -> String {
    let mut parts: Vec<String> = outcome.problems.iter().map(explanation).collect();
    if parts.is_empty() {
        parts.push(body(&message(outcome)));
    }
    parts.push(frame(outcome, outcome.problems.first()));
    parts.push(format!("rerun: checkride run --exact {}", super::text::quoted(&clean::line(&outcome.case.id))));
    parts.join("\n")
}

fn explanation(problem: &Reported) -> String {
    let failure = &problem.failure;
    let labelled = |label: &str, text: &str| (!text.is_empty()).then(|| format!("  {label} {}", body(text)));
    let place = (!problem.place.is_empty()).then(|| clean::line(&problem.place));
    let details = failure.details.iter().map(|detail| format!("  {}", body(detail)));
    let lines = [place, Some(body(&failure.message)), labelled("expected", &failure.expected), labelled("actual  ", &failure.actual)];
    lines.into_iter().flatten().chain(details).collect::<Vec<_>>().join("\n")
}

/// A line that dorny/test-reporter takes for a Java frame and resolves to a tracked file: folders become packages.
fn frame(outcome: &Outcome, problem: Option<&Reported>) -> String {
    let case = &outcome.case;
    let mut place = (clean::line(&case.path), case.line);
    if let Some(problem) = problem
        && let Some((path, _)) = problem.place.rsplit_once(':').and_then(|(rest, _column)| rest.rsplit_once(':'))
    {
        place = (clean::line(path), problem.line);
    }
    let (path, line) = place;
    let path = path.trim_start_matches("./");
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let packages: String = folder.split('/').filter(|part| !part.is_empty()).map(|part| format!("{part}.")).collect();
    let slug = slug(&case.id);
    let method = slug.split('[').next().unwrap_or(slug);
    format!("at {packages}Case.{}({file}:{line})", clean::line(method))
}

/// The part of the id after the suite's.
fn slug(id: &str) -> &str {
    id.split_once("::").map_or(id, |(_, slug)| slug)
}

fn properties(outcome: &Outcome) -> Vec<Property> {
    let case = &outcome.case;
    let mut properties = vec![property("checkride.id", &case.id), property("checkride.verdict", outcome.verdict.word())];
    let mut add = |name: &str, value: Option<&str>| properties.extend(value.map(|value| property(name, value)));
    add("checkride.level", Some(&case.level).filter(|level| !level.is_empty()).map(String::as_str));
    add("checkride.severity", case.severity.as_deref());
    add("checkride.why", case.why.as_deref());
    add("checkride.blame", outcome.blame.map(|blame| blame.to_string()).as_deref());
    add("checkride.trace", outcome.trace_path.as_deref());
    add("checkride.tokens", outcome.metrics["usage"]["total"].as_u64().map(|tokens| tokens.to_string()).as_deref());
    for tag in &case.tags {
        add("checkride.tag", Some(tag));
    }
    for rubric in &outcome.rubrics {
        add("checkride.judge", Some(&judged(rubric)));
    }
    match outcome.verdict {
        Verdict::ExpectedFailure => add("checkride.expected_failure", Some(outcome.reason.as_deref().unwrap_or("no reason given"))),
        Verdict::Warning => add("checkride.warning", Some(&message(outcome))),
        _ => {}
    }
    properties
}

/// `pass: 2 calls, 0 live`, or why nobody judged.
fn judged(rubric: &RubricReport) -> String {
    match (&rubric.decision, &rubric.reason) {
        (RubricDecision::NotJudged, reason) => format!("not judged: {}", reason.as_deref().unwrap_or("no reason given")),
        (decision, _) => {
            let usd = rubric.cost.usd.map(|usd| format!(", ${usd:.4}")).unwrap_or_default();
            format!("{}: {} calls, {} live{usd}", decision.word(), rubric.cost.calls, rubric.cost.live)
        }
    }
}

/// The conclusion stands first and last, for Jenkins cuts out the middle. A trace is attached where GitLab looks for it.
fn output(outcome: &Outcome) -> String {
    let conclusion = format!("{}: {}", outcome.verdict.word(), detached(&clean::line(&message(outcome))));
    let attached = outcome.trace_path.iter().filter(|_| !matches!(outcome.verdict, Verdict::Pass | Verdict::Skipped));
    let mut parts: Vec<String> = attached.map(|path| format!("[[ATTACHMENT|{}]]", clean::line(path))).collect();
    // In passing elements there is no other place for it.
    if matches!(outcome.verdict, Verdict::ExpectedFailure | Verdict::Warning) {
        parts.push(detached(&reason(outcome)));
    }
    parts.extend(outcome.notes.iter().map(|note| format!("note: {}", detached(&body(note)))));
    if !outcome.problems.is_empty() {
        parts.insert(0, conclusion.clone());
        parts.push(conclusion);
    }
    clean::cap(&parts.join("\n"), MOST)
}

/// What an agent wrote must not have files of the machine uploaded.
fn detached(text: &str) -> String {
    text.replace("[[ATTACHMENT", "[ [ATTACHMENT")
}

fn property(name: &str, value: &str) -> Property {
    Property::new(name, attribute(value))
}

fn attribute(text: &str) -> String {
    clean::shorten(&clean::line(text), MOST_ATTRIBUTE)
}

/// Text of an element. quick-junit drops tabs, so they become spaces here.
fn body(text: &str) -> String {
    clean::plain(text).replace('\t', "    ")
}

/// Nothing but a finite, non-negative number is a time.
fn duration(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default()
}

#[cfg(test)]
mod tests {
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
        let attributes = |node: Node<'_, '_>, names: &[&str]| {
            names.iter().map(|name| node.attribute(*name).unwrap_or("-").to_owned()).collect::<Vec<_>>()
        };
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
}
