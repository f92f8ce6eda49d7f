//! Ctrl-C in the middle of a run: what runs ends, what was seen is kept, nothing is left.

use crate::program::project::Project;
use rustix::process::Signal;

/// Three cases, of which two run at once; each has an agent that does not want to end, and a child that left its group.
const SUITE: &str = "suite: S\nagent:\n  protocol: command-line\n  stop: {signal: TERM, grace: 200ms}\n  \
    command: [sh, -c, 'echo working on it; trap \"\" TERM INT; (trap \"\" TERM; setsid sleep 300 &); while :; do sleep 1; done']\n\
    cases:\n  - {name: a, prompt: Hello, expect: {reply: Hi}}\n  - {name: b, prompt: Hello, expect: {reply: Hi}}\n  \
    - {name: c, prompt: Hello, expect: {reply: Hi}}\n";

const RUN: [&str; 9] = ["run", "--suites", "s.yaml", "--test-threads", "2", "--json", "report.json", "--junit", "junit.xml"];

#[test]
fn running_cases_end_and_everything_is_written() {
    let project = Project::with(SUITE);
    let going = project.begin(&RUN);
    // Each agent is a shell, a sleeper that left it, and a shell's own sleeper.
    going.until(|| project.living().len() >= 6);
    going.interrupt();
    let said = going.end();
    said.means(130, &["interrupted", "BROKEN (harness) s::a", "BROKEN (harness) s::b", "interrupted before it began: s::c"]);
    project.nothing_left();
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(project.path("report.json")).unwrap()).unwrap();
    assert_eq!(report["interrupted"], true);
    assert_eq!(report["outcomes"].as_array().unwrap().len(), 3);
    let junit = std::fs::read_to_string(project.path("junit.xml")).unwrap();
    assert_eq!(roxmltree::Document::parse(&junit).unwrap().descendants().filter(|node| node.has_tag_name("testcase")).count(), 3);
    for name in ["a", "b"] {
        let trace = project.trace(name);
        assert!(trace.contains("working on it") && trace.contains("interrupted"), "{trace}");
        assert!(trace.lines().last().unwrap().contains(r#""end""#), "{trace}");
    }
    assert!(!project.path(".checkride/s.c.jsonl").exists());
}

#[test]
fn a_terminal_that_is_closed_ends_them_unless_that_is_ignored() {
    let project = Project::with(SUITE);
    let going = project.begin_by(&["env", "--default-signal=HUP"], &RUN);
    going.until(|| project.living().len() >= 6);
    going.signal(Signal::HUP);
    going.end().means(130, &["interrupted", "BROKEN (harness) s::a"]);
    project.nothing_left();

    let project = Project::with(SUITE);
    let going = project.begin_by(&["nohup"], &RUN);
    going.until(|| project.living().len() >= 6);
    going.signal(Signal::HUP);
    going.signal(Signal::TERM);
    going.until(|| going.so_far().contains("interrupted"));
    going.signal(Signal::HUP);
    let said = going.end();
    // Heard, the first hangup would have made the kill the second signal, and what was seen would be lost.
    said.means(130, &["interrupted", "BROKEN (harness) s::a"]);
    project.nothing_left();
}

#[test]
fn a_second_time_ends_at_once() {
    let project = Project::with(&SUITE.replace("200ms", "30s"));
    let going = project.begin(&RUN);
    going.until(|| project.living().len() >= 6);
    going.interrupt();
    going.until(|| going.so_far().contains("once more to end at once"));
    going.interrupt();
    let said = going.end();
    said.means(130, &["interrupted"]);
    assert!(said.took.as_secs() < 20, "{:?}", said.took);
    assert_eq!(project.living(), Vec::<String>::new());
}

#[test]
fn an_agent_that_is_being_started_ends_too() {
    let suite = "suite: S\nagent:\n  protocol: moltbot-gateway\n  command: [sh, -c, 'echo up soon; (setsid sleep 300 &); sleep 300']\n  \
                 ready: {log: 'listening on (?<url>ws://\\S+)', within: 60s}\n\
                 cases: [{name: a, prompt: Hello, expect: {reply: Hi}}]\n";
    let project = Project::with(suite);
    let going = project.begin(&RUN);
    going.until(|| project.living().len() >= 3);
    going.interrupt();
    going.end().means(130, &["BROKEN (harness) s::a", "interrupted"]);
    project.nothing_left();
    assert!(project.trace("a").contains("up soon"), "{}", project.trace("a"));
}
