//! One way to run: `checkride run` and a test target take the same options, run the same cases and end with the same status.
//!
//! Owns: selection, variables, reports, traces and exit statuses, as seen from outside. `tests/fixtures/zoo` has a case for each verdict.
//! Must not know: how a case is run.

#[expect(dead_code, reason = "other tests use the rest of it")]
mod program;

use program::{CHECKRIDE, Ran, checkride, program as start, ran, verdicts};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::SystemTime;

/// A folder of its own with the zoo in it.
fn zoo() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("suites")).expect("writable");
    for file in ["checkride.yaml", "suites/zoo.yaml"] {
        fs::copy(Path::new("tests/fixtures/zoo").join(file), folder.path().join(file)).expect("the zoo is there");
    }
    folder
}

/// The program of `tests/suites.rs`, the other front door. Cargo names only programs to tests, so it is looked for beside this one.
fn tests_program() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        let program = fs::metadata(CHECKRIDE).and_then(|it| it.modified()).expect("the program is there");
        newest_suites().filter(|(changed, _)| *changed >= program).or_else(built_suites).expect("it was just built").1
    })
}

fn newest_suites() -> Option<(SystemTime, PathBuf)> {
    let here = std::env::current_exe().expect("this program has a path");
    let entries = fs::read_dir(here.parent().expect("it lies in a folder")).expect("that is readable").flatten();
    let suites = entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("suites-") && path.extension().is_none()
    });
    suites.filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path))).max()
}

/// Where only this target was built, the other one is built now.
fn built_suites() -> Option<(SystemTime, PathBuf)> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--test", "suites", "--no-run"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let built = ran(cargo);
    assert_eq!(built.status, 0, "{}", built.stderr);
    newest_suites()
}

#[derive(Clone, Copy, Debug)]
enum Door {
    Program,
    Tests,
}

const DOORS: [Door; 2] = [Door::Program, Door::Tests];

impl Door {
    fn command(self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = match self {
            Door::Program => start(CHECKRIDE, folder),
            Door::Tests => start(tests_program().to_str().expect("UTF-8"), folder),
        };
        if let Door::Program = self {
            command.arg("run");
        }
        command.args(arguments);
        command
    }

    fn run(self, folder: &Path, arguments: &[&str]) -> Ran {
        ran(self.command(folder, arguments))
    }
}

const ALL: [&str; 10] = [
    "zoo::it_passes",
    "zoo::it_fails",
    "zoo::it_cannot_start",
    "zoo::it_proves_nothing",
    "zoo::it_is_not_for_here",
    "zoo::it_should_be_better",
    "zoo::it_is_a_known_defect",
    "zoo::it_was_repaired",
    "zoo::it_greets[ana]",
    "zoo::it_greets[who=Bob]",
];

/// What each of them comes to.
const VERDICTS: [&str; 10] =
    ["pass", "fail", "broken", "inconclusive", "skipped", "warning", "expected_failure", "unexpected_pass", "pass", "pass"];

/// These options select these cases, at both doors, in both formats.
fn selects(arguments: &[&str], expected: &[&str]) {
    let folder = zoo();
    for door in DOORS {
        let list = |format: &[&str]| {
            let ran = door.run(folder.path(), &[arguments, &["--list"], format].concat());
            assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{door:?} {arguments:?}");
            ran.stdout
        };
        let lines: String = expected.iter().map(|id| format!("{id}: test\n")).collect();
        let s = if expected.len() == 1 { "" } else { "s" };
        assert_eq!(list(&["--format", "terse"]), lines, "{door:?} {arguments:?}");
        assert_eq!(list(&[]), format!("{lines}\n{} test{s}, 0 benchmarks\n", expected.len()), "{door:?} {arguments:?}");
    }
}

/// These options end a run with this status, at both doors.
fn ends(arguments: &[&str], status: i32, said: &str) {
    let folder = zoo();
    for door in DOORS {
        let ran = door.run(folder.path(), arguments);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.status, status, "{door:?} {arguments:?}\n{all}");
        assert!(all.contains(said), "{door:?} {arguments:?} says {said:?}:\n{all}");
        assert!(!all.contains("panicked"), "{door:?} {arguments:?}\n{all}");
    }
}

#[test]
fn without_options_all_cases_are_taken_in_the_order_written() {
    selects(&[], &ALL);
}

#[test]
fn a_filter_is_a_part_of_an_id_and_several_add_up() {
    selects(&["greets"], &ALL[8..]);
    selects(&["fails", "=Bob]"], &["zoo::it_fails", "zoo::it_greets[who=Bob]"]);
    selects(&["no_such"], &[]);
}

#[test]
fn exact_takes_whole_ids_only() {
    selects(&["--exact", "zoo::it_greets[ana]"], &["zoo::it_greets[ana]"]);
    selects(&["--exact", "zoo::it_fails", "zoo::it_passes"], &["zoo::it_passes", "zoo::it_fails"]);
    selects(&["--exact", "zoo::it_greets"], &[]);
}

#[test]
fn skip_outweighs_filters() {
    selects(&["it_", "--skip", "greets", "--skip", "it_is"], &[&ALL[..4], &["zoo::it_should_be_better", "zoo::it_was_repaired"]].concat());
    selects(&["--skip", "zoo"], &[]);
}

#[test]
fn tags_are_chosen_by_an_expression() {
    selects(&["--tag", "good and not slow"], &["zoo::it_passes"]);
    selects(&["--tag", "slow or tool"], &["zoo::it_is_not_for_here", "zoo::it_greets[ana]", "zoo::it_greets[who=Bob]"]);
    selects(&["--tag", "zoo", "passes"], &["zoo::it_passes"]);
}

#[test]
fn a_tag_that_no_case_has_is_a_mistake() {
    ends(&["--tag", "god"], 2, "no case has the tag `god`; did you mean `good`?");
    ends(&["--tag", "good and"], 2, "error: ");
    ends(&["--no-skip=tol"], 2, "did you mean `tool`?");
}

#[test]
fn a_variable_given_beats_the_suites_own() {
    ends(&["passes"], 0, "1 passed");
    ends(&["passes", "--var", "word=Goodbye"], 1, "expected \"Goodbye\", got \"Hello\"");
    ends(&["passes", "--var", "wrod=Goodbye"], 2, "no suite has the variable `wrod`");
    ends(&["passes", "--var", "word"], 2, "write it as name=value");
}

#[test]
fn the_status_tells_what_became_of_the_run() {
    ends(&["it_greets"], 0, "2 passed");
    ends(&["known_defect"], 0, "1 failed as expected");
    ends(&["should_be_better"], 0, "1 with a warning");
    ends(&["it_fails", "cannot_start", "proves_nothing"], 1, "1 failed");
    ends(&["repaired"], 1, "remove `expected_failure`");
    ends(&["cannot_start", "passes"], 3, "the program `no-such-program` was not found");
    ends(&["proves_nothing"], 3, "1 inconclusive");
    ends(&["not_for_here", "passes"], 0, "1 skipped");
}

/// Cargo gives one filter to all targets, and nextest runs each case by its id: there an empty choice is no mistake.
#[test]
fn nothing_to_run_is_red_unless_cargo_gave_a_filter() {
    let folder = zoo();
    let check = |door: Door, arguments: &[&str], status: i32, said: &str| {
        let ran = door.run(folder.path(), arguments);
        assert_eq!(ran.status, status, "{door:?} {arguments:?}\n{}", ran.stdout);
        assert!(ran.stdout.contains(said), "{door:?} {arguments:?}\n{}", ran.stdout);
    };
    for (filter, said) in [("not_for_here", "`no-such-program` is not installed"), ("no_such_case", "none of 10 was selected")] {
        check(Door::Program, &[filter], 4, said);
        check(Door::Tests, &[filter], 0, said);
    }
    for door in DOORS {
        check(door, &["--tag", "tool"], 4, "no case ran");
    }
}

#[test]
fn strict_and_no_skip_make_red_what_was_not() {
    ends(&["should_be_better", "--strict"], 1, "1 failed");
    ends(&["not_for_here", "passes", "--no-skip"], 1, "skipped, which --no-skip forbids: zoo::it_is_not_for_here");
    ends(&["not_for_here", "passes", "--no-skip=tool"], 1, "skipped, which --no-skip forbids");
    ends(&["not_for_here", "passes", "--no-skip=good"], 0, "1 skipped");
}

#[test]
fn a_wrong_command_line_or_suite_runs_nothing() {
    ends(&["--no-such-option"], 2, "--no-such-option");
    ends(&["--suites", "nowhere"], 2, "nowhere");
    let folder = zoo();
    fs::write(folder.path().join("suites/typo.yaml"), "suite: Typo\nagent: reference\ncases:\n  - {name: a, promt: Hi}\n")
        .expect("writable");
    for door in DOORS {
        let ran = door.run(folder.path(), &["--json", "r.json"]);
        assert_eq!(ran.status, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains("suites/typo.yaml:4:15") && ran.stderr.contains("did you mean `prompt`?"), "{}", ran.stderr);
        assert!(ran.stdout.is_empty() && !folder.path().join("r.json").exists(), "nothing was run");
    }
}

#[test]
fn a_folder_without_suites_is_the_wrong_one_and_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let says = |ran: Ran| assert!(ran.status == 2 && ran.stderr.contains("there are no suites here: no `checkride.yaml`"), "{ran:?}");
    for door in DOORS {
        says(door.run(folder.path(), &[]));
        says(door.run(folder.path(), &["--list"]));
    }
    says(checkride(folder.path(), &["check"]));
    // A project may have none yet.
    fs::write(folder.path().join("checkride.yaml"), "suites: []\n").expect("writable");
    assert_eq!(checkride(folder.path(), &["check"]).status, 4);
    assert_eq!(Door::Program.run(folder.path(), &[]).status, 4);
}

/// The whole zoo run once at each door, with all its reports.
fn whole(door: Door) -> (tempfile::TempDir, Ran) {
    let folder = zoo();
    let ran = door.run(folder.path(), &["--json", "out/report.json", "--junit", "out/junit.xml"]);
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
    (folder, ran)
}

#[test]
fn both_doors_give_each_case_its_verdict() {
    for door in DOORS {
        let (folder, ran) = whole(door);
        let expected: Vec<_> = ALL.iter().zip(VERDICTS).map(|(id, verdict)| ((*id).to_owned(), verdict.to_owned())).collect();
        assert_eq!(verdicts(&folder.path().join("out/report.json")), expected, "{door:?}");
        for (id, verdict) in ALL.iter().zip(VERDICTS) {
            let word = match verdict {
                "fail" | "broken" | "inconclusive" | "unexpected_pass" => "FAILED",
                "skipped" => "ignored (`no-such-program` is not installed)",
                _ => "ok",
            };
            let line =
                ran.stdout.lines().find(|line| line.starts_with(&format!("test {id} "))).unwrap_or_else(|| panic!("{id}: {}", ran.stdout));
            assert!(line.ends_with(&format!("... {word}")), "{line}");
        }
    }
}

fn schema(file: &str) -> jsonschema::Validator {
    let text = fs::read_to_string(Path::new("schemas").join(file)).expect("the schema is there");
    jsonschema::validator_for(&serde_json::from_str(&text).expect("a schema is JSON")).expect("the schema is sound")
}

fn check_json(schema: &jsonschema::Validator, text: &str) -> Value {
    let value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"));
    let mistakes: Vec<_> = schema.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(mistakes.is_empty(), "{}\n{text}", mistakes.join("\n"));
    value
}

#[test]
fn the_json_report_and_the_traces_obey_their_schemas() {
    let (folder, _) = whole(Door::Program);
    let text = fs::read_to_string(folder.path().join("out/report.json")).expect("it was asked for");
    let report = check_json(&schema("report.json"), &text);
    assert_eq!(report["summary"]["pass"], 3);
    let trace_schema = schema("trace.json");
    for outcome in report["outcomes"].as_array().expect("a list") {
        let Some(trace) = outcome["trace"].as_str() else {
            assert_eq!(outcome["verdict"], "skipped", "only what ran has a trace");
            continue;
        };
        for line in fs::read_to_string(folder.path().join(trace)).expect("it was stored").lines() {
            check_json(&trace_schema, line);
        }
    }
}

#[test]
fn the_junit_report_says_what_the_verdicts_say() {
    let (folder, _) = whole(Door::Tests);
    let text = fs::read_to_string(folder.path().join("out/junit.xml")).expect("it was asked for");
    let document = roxmltree::Document::parse(&text).expect("well-formed");
    let root = document.root_element();
    let counts = ["tests", "failures", "errors", "skipped"].map(|name| root.attribute(name).unwrap_or_default());
    assert_eq!((root.tag_name().name(), counts), ("testsuites", ["10", "2", "2", "1"]));
    let cases: Vec<_> = root.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    assert_eq!(cases.len(), ALL.len());
    for ((case, id), verdict) in cases.iter().zip(ALL).zip(VERDICTS) {
        let property =
            |name: &str| case.descendants().find(|node| node.attribute("name") == Some(name)).and_then(|node| node.attribute("value"));
        assert_eq!(property("checkride.id"), Some(id));
        assert_eq!(property("checkride.verdict").map(|word| word.replace(' ', "_")).as_deref(), Some(verdict));
        let child = ["failure", "error", "skipped"].into_iter().find(|name| case.children().any(|node| node.has_tag_name(*name)));
        let expected = match verdict {
            "fail" | "unexpected_pass" => Some("failure"),
            "broken" | "inconclusive" => Some("error"),
            "skipped" => Some("skipped"),
            _ => None,
        };
        // A known defect may be shown as skipped, which is what most readers can show; it must never be red.
        assert!(child == expected || (verdict == "expected_failure" && child == Some("skipped")), "{id}: {child:?}\n{text}");
    }
}

#[test]
fn every_own_option_is_a_variable_as_well() {
    let folder = zoo();
    let other = zoo();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let check = |variables: &[(&str, &str)], filters: &[&str], status: i32, said: &str| {
        let mut command = Door::Tests.command(folder.path(), filters);
        command.envs(variables.iter().copied());
        let ran = ran(command);
        assert_eq!(ran.status, status, "{variables:?}\n{}{}", ran.stdout, ran.stderr);
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains(said), "{variables:?}\n{}{}", ran.stdout, ran.stderr);
    };
    check(&[("CHECKRIDE_JUNIT", &path("a/j.xml")), ("CHECKRIDE_JSON", &path("a/r.json"))], &["passes"], 0, "1 passed");
    assert!(folder.path().join("a/j.xml").exists());
    assert_eq!(verdicts(&folder.path().join("a/r.json")), [("zoo::it_passes".to_owned(), "pass".to_owned())]);
    check(&[("CHECKRIDE_TAG", "good and not slow")], &[], 0, "9 filtered out");
    check(&[("CHECKRIDE_VAR", "word=Goodbye")], &["passes"], 1, "expected \"Goodbye\"");
    for yes in ["1", "true"] {
        check(&[("CHECKRIDE_STRICT", yes)], &["should_be_better"], 1, "1 failed");
        check(&[("CHECKRIDE_NO_SKIP", yes)], &["not_for_here", "passes"], 1, "forbids");
    }
    check(&[("CHECKRIDE_STRICT", "0")], &["should_be_better"], 0, "1 with a warning");
    check(&[("CHECKRIDE_TRACES", &path("b"))], &["passes"], 0, "1 passed");
    assert!(folder.path().join("b/zoo.it_passes.jsonl").exists());
    check(&[("CHECKRIDE_SUITES", &other.path().join("suites").display().to_string())], &["passes"], 0, "1 passed");
    check(&[("CHECKRIDE_TEST_THREADS", "x")], &["passes"], 2, "x");
    check(&[("CHECKRIDE_SEED", "7"), ("CHECKRIDE_TEST_THREADS", "2")], &["greets"], 0, "2 passed");
}

/// Ids in the order in which libtest printed them.
fn order(stdout: &str) -> Vec<&str> {
    stdout
        .lines()
        .filter_map(|line| line.strip_prefix("test "))
        .filter(|line| !line.starts_with("result"))
        .filter_map(|line| line.split(' ').next())
        .collect()
}

#[test]
fn one_thread_runs_one_case_after_another() {
    for door in DOORS {
        let folder = zoo();
        let ran = door.run(folder.path(), &["--test-threads", "1", "--json", "r.json", "--tag", "good"]);
        assert_eq!((ran.status, order(&ran.stdout)), (0, vec![ALL[0], ALL[8], ALL[9]]));
        let report: Value = serde_json::from_str(&fs::read_to_string(folder.path().join("r.json")).expect("asked for")).expect("JSON");
        let started: Vec<_> = report["outcomes"].as_array().expect("a list").iter().map(|case| case["started"].to_string()).collect();
        assert!(started.is_sorted(), "{started:?}");
    }
}

#[test]
fn quiet_and_json_are_the_formats_of_libtest() {
    ends(&["greets", "--quiet"], 0, "\n..");
    ends(&["greets", "--format", "json", "-Z", "unstable-options"], 0, r#""event": "ok""#);
}

/// cargo-nextest lists twice, then runs each case by its id in a process of its own.
#[test]
fn the_test_target_speaks_as_nextest_expects() {
    selects(&["--ignored"], &["zoo::it_is_not_for_here"]);
    selects(&["--include-ignored"], &ALL);
    let folder = zoo();
    for (id, status) in [("zoo::it_greets[who=Bob]", 0), ("zoo::it_fails", 1), ("zoo::it_is_not_for_here", 0)] {
        let ran = Door::Tests.run(folder.path(), &[id, "--exact", "--nocapture"]);
        assert_eq!(ran.status, status, "{}{}", ran.stdout, ran.stderr);
        assert_eq!(order(&ran.stdout), [id]);
    }
}

#[test]
fn a_reader_that_goes_away_changes_nothing() {
    for door in DOORS {
        for (arguments, status) in [(&["--list"][..], 0), (&["--json", "r.json"], 1)] {
            let folder = zoo();
            let mut command = door.command(folder.path(), arguments);
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
            let mut first = String::new();
            let mut out = BufReader::new(child.stdout.take().expect("piped"));
            out.read_line(&mut first).expect("readable");
            drop(out);
            let output = child.wait_with_output().expect("it ends");
            assert_eq!(output.status.code(), Some(status), "{door:?} {arguments:?}");
            assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{door:?} {arguments:?}");
            assert!(status == 0 || verdicts(&folder.path().join("r.json")).len() == ALL.len(), "all was run and reported");
        }
    }
}

#[test]
fn show_prints_what_was_observed_with_its_paths() {
    let folder = zoo();
    Door::Program.run(folder.path(), &["greets"]);
    let trace = ".checkride/zoo.it_greets_who=Bob.jsonl";
    let show = |more: &[&str]| checkride(folder.path(), &[&["show", trace], more].concat());
    assert!(show(&[]).stdout.contains("$.reply: \"Hello Bob\"\n"), "{}", show(&[]).stdout);
    assert_eq!(show(&["--at", "$.sent[*].content"]).stdout, "\"I am Bob\"\n");
    assert_eq!(show(&["--at", "$.reply"]).stdout.trim_matches(['"', '\n']), "Hello Bob");
    let document: Value = serde_json::from_str(&show(&["--json"]).stdout).expect("JSON");
    assert_eq!(document["reply"], "Hello Bob");
    assert!(show(&["--records"]).stdout.lines().count() > 5);
    assert!(show(&["--at", "$.nothing"]).stdout.contains("nothing has this path"));
    for (arguments, said) in [(&["--at", "$["][..], "JSONPath"), (&["--at", "$.a", "--records"], "cannot be used with")] {
        let ran = show(arguments);
        assert_eq!(ran.status, 2, "{arguments:?}");
        assert!(ran.stderr.to_lowercase().contains(&said.to_lowercase()), "{arguments:?}: {}", ran.stderr);
    }
    let missing = checkride(folder.path(), &["show", "no-such.jsonl"]);
    assert!(missing.status == 2 && missing.stderr.contains("no-such.jsonl"), "{}", missing.stderr);
}

/// Id and verdict of each line that `recheck` prints.
fn rechecked(stdout: &str) -> Vec<(String, String)> {
    let pair = |line: &str| line.split_once(" ... ").map(|(id, word)| (id.to_owned(), word.replace(' ', "_")));
    let mut pairs: Vec<_> = stdout.lines().filter(|line| line.starts_with("zoo::")).filter_map(pair).collect();
    pairs.sort();
    pairs
}

#[test]
fn recheck_gives_the_verdicts_of_the_run() {
    let (folder, _) = whole(Door::Program);
    let ran = checkride(folder.path(), &["recheck", ".checkride"]);
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
    let mut expected = verdicts(&folder.path().join("out/report.json"));
    expected.retain(|(_, verdict)| verdict != "skipped");
    expected.sort();
    assert_eq!(rechecked(&ran.stdout), expected);
    let one = checkride(folder.path(), &["recheck", ".checkride/zoo.it_passes.jsonl"]);
    assert_eq!((one.status, rechecked(&one.stdout).len()), (0, 1), "{}", one.stdout);
    assert_eq!(checkride(folder.path(), &["recheck", ".checkride/zoo.it_should_be_better.jsonl", "--strict"]).status, 1);
}

#[test]
fn recheck_judges_by_the_suite_as_it_is_now() {
    let (folder, _) = whole(Door::Program);
    let suite = folder.path().join("suites/zoo.yaml");
    let text = fs::read_to_string(&suite).expect("UTF-8");
    fs::write(&suite, text.replace("\"Hello {{who}}\"}", "\"Goodbye {{who}}\"}")).expect("writable");
    let ran = checkride(folder.path(), &["recheck", ".checkride/zoo.it_greets_ana.jsonl"]);
    assert_eq!(ran.status, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("expected \"Goodbye Ana\", got \"Hello Ana\""), "{}", ran.stdout);
    let other = folder.path().join("other.yaml");
    fs::write(&other, text).expect("writable");
    let ran = checkride(folder.path(), &["recheck", ".checkride/zoo.it_greets_ana.jsonl", "--suite", "other.yaml"]);
    assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
    fs::write(&suite, "suite: Zoo\nagent: reference\ncases: [{name: it passed, prompt: Hi, expect: {reply: x}}]\n").expect("writable");
    let ran = checkride(folder.path(), &["recheck", ".checkride/zoo.it_passes.jsonl"]);
    assert_eq!(ran.status, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains("no case `zoo::it_passes`") && ran.stderr.contains("it_passed"), "{}", ran.stderr);
}

#[test]
fn recheck_says_what_is_no_trace() {
    let folder = zoo();
    fs::create_dir(folder.path().join("empty")).expect("writable");
    fs::write(folder.path().join("torn.jsonl"), "{\"half\": ").expect("writable");
    for (path, said) in [("nowhere.jsonl", "nowhere.jsonl"), ("empty", "no traces"), ("torn.jsonl", "torn.jsonl")] {
        let ran = checkride(folder.path(), &["recheck", path]);
        assert_eq!(ran.status, 2, "{path}: {}", ran.stdout);
        assert!(ran.stderr.contains(said), "{path}: {}", ran.stderr);
    }
}

#[test]
fn check_runs_nothing_and_finds_everything() {
    let folder = zoo();
    let ran = checkride(folder.path(), &["check"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, "no mistakes in 1 file: 1 suite, 10 cases\n"), "{}", ran.stderr);
    for name in ["a", "b"] {
        let text = format!("suite: {name}\nagent: reference\ncases:\n  - {{name: x, promt: Hi, expect: {{repli: Hi}}}}\n");
        fs::write(folder.path().join(format!("suites/{name}.yaml")), text).expect("writable");
    }
    let ran = checkride(folder.path(), &["check"]);
    assert_eq!(ran.status, 2);
    for said in ["suites/a.yaml:4:", "suites/b.yaml:4:", "`prompt`", "`reply`", "nothing was run"] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    assert_eq!(checkride(folder.path(), &["check", "suites/zoo.yaml"]).status, 0, "only what was asked for");
    assert!(!folder.path().join(".checkride").exists());
}

#[test]
fn explain_and_schema_answer_or_say_what_there_is() {
    let here = Path::new(".");
    for word in ["expect", "contains", "calls", "await", "unknown-key"] {
        let ran = checkride(here, &["explain", word]);
        assert!(ran.status == 0 && ran.stdout.lines().count() > 2, "{word}: {}{}", ran.stdout, ran.stderr);
    }
    let ran = checkride(here, &["explain", "contians"]);
    assert!(ran.status == 2 && ran.stderr.contains("`contains`"), "{}", ran.stderr);
    for kind in ["suite", "protocol", "script", "project", "trace", "report"] {
        let ran = checkride(here, &["schema", kind]);
        assert_eq!(ran.status, 0, "{kind}");
        assert_eq!(ran.stdout, fs::read_to_string(format!("schemas/{kind}.json")).expect("it is kept"), "{kind}");
    }
    assert_eq!(checkride(here, &["schema", "siute"]).status, 2);
}

#[test]
fn a_word_that_a_variable_of_the_command_line_misspells_is_named_with_those_allowed() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ran = checkride(here, &["check", "--var", "persona=resist", "suites/safety/results.yaml"]);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("`resist` is not a known value here") && ran.stderr.contains("expected `resists`, `obeys`"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("missing key"), "the persona is there: {}", ran.stderr);
}
