//! The suites of Core 2.0: they have every scenario of the design, and tell somebody else's pipeline what is wrong with it. That each case
//! can fail is in `mutants/systems.rs`.

#[expect(dead_code, reason = "other tests use the rest of it")]
mod program;

use program::project::{Project, Said};
use std::process::Command;

/// The ids of the design's six tables, with the providers on which each makes sense; no provider where the provider plays no part.
const SCENARIOS: &[(&str, &[&str])] = &[
    ("tc_bt_1", ALL),
    ("tc_bt_2", ALL),
    ("tc_bt_3", ALL),
    ("tc_bt_4", ALL),
    ("tc_te_1", ALL),
    ("tc_te_2", ALL),
    ("tc_te_3", ALL),
    ("tc_te_4", ALL),
    ("tc_pv_1_to_tc_pv_3_provider", ALL),
    ("tc_pv_2_provider", &[]),
    ("tc_eh_1", ALL),
    ("tc_eh_2", ALL),
    ("tc_eh_3", &[]),
    ("tc_eh_4", &[]),
    ("tc_sb_1", ALL),
    ("tc_sb_2", ALL),
    ("tc_sb_3", ALL),
    ("tc_sb_4", ALL),
    ("tc_pv_1_persistence", ALL),
    ("tc_pv_2_persistence", &[]),
    ("tc_pv_3_persistence", &[]),
    ("tc_pv_4_persistence", ALL),
    // What its later suites had besides.
    ("a_delta_before_its_start", &["openai", "anthropic"]),
    ("an_item_after_the_end", ALL),
    ("a_tool_without_input", ALL),
    ("a_second_turn_knows", ALL),
    ("1_mb_of_text", ALL),
    ("1000_short", ALL),
];
const ALL: &[&str] = &["openai", "anthropic", "openrouter"];

#[test]
fn every_scenario_of_the_design_is_a_case_on_every_provider_where_it_applies() {
    let out = Command::new(env!("CARGO_BIN_EXE_checkride")).args(["run", "core2/", "--list"]).output().expect("it can be started");
    let list = String::from_utf8(out.stdout).expect("ids are texts");
    for (id, providers) in SCENARIOS {
        let cases: Vec<_> = list.lines().filter(|line| line.contains(&format!("::{id}_"))).collect();
        assert!(!cases.is_empty(), "no case is for {id}:\n{list}");
        for provider in *providers {
            assert!(cases.iter().any(|case| case.contains(provider)), "{id} is not there on {provider}: {cases:?}");
        }
    }
}

/// A pipeline that somebody else wrote, and wrong in small ways.
const OTHER: &str = include_str!("fixtures/other_pipeline.py");

/// The shipped suite against it, as its author would run it: by the name of an agent.
fn other(suite: &str, filter: &str) -> Said {
    let mine = "  mine:\n    base: core2\n    command: [python3, pipeline.py]\n    files: {pipeline.py: {from: pipeline.py}}\n    settings: {submit: /api/v2/submit, stream: /api/v2/stream, runs: /api/v2/runs}\n";
    let text = std::fs::read_to_string(format!("suites/core2/{suite}.yaml")).expect("it is shipped");
    let mut project = Project::new()
        .file("checkride.yaml", format!("{}{mine}", include_str!("../checkride.yaml")))
        .file("suites/s.yaml", text)
        .file("pipeline.py", OTHER);
    for recording in ["openai/simple-message", "openai/tool-call", "openai/error", "anthropic/thinking-message"] {
        let text = std::fs::read_to_string(format!("suites/core2/recordings/{recording}.json")).expect("it is shipped");
        project = project.file(&format!("suites/recordings/{recording}.json"), text);
    }
    project.begin_with(&["run", filter], &[("CORE2_AGENT", "mine")]).end()
}

#[test]
fn somebody_elses_pipeline_is_told_case_by_case_what_is_wrong_with_it() {
    if Command::new("python3").arg("--version").output().is_err() {
        return eprintln!("not checked: python3 is not installed");
    }
    let right = other("turns", "tc_bt_1_simple_message[provider=openai]");
    assert!(right.status == 0 && right.text.contains("1 passed"), "{right:?}");
    for (suite, filter, says) in [
        ("turns", "tc_bt_2_thinking_and_message[provider=openai]", "expected [\"reasoning\", \"message\"]"),
        ("turns", "a_second_turn_knows_what_was_said_in_the_first[provider=openai]", "It is Rex."),
        ("turns", "what_cannot_be_submitted_is_refused_and_nobody_is_asked[an empty prompt]", "expected 400, got 202"),
        ("turns", "tc_bt_1_simple_message[provider=anthropic]", "anthropic"),
        ("providers", "tc_eh_1_a_refusal_by_status_ends_the_turn[provider=openai]", "expected \"error\""),
        ("streaming", "tc_sb_1_a_stream_that_was_read_is_there_to_be_read_again", "expected 200, got 410"),
        ("streaming", "tc_sb_3_a_stream_without_an_end_is_incomplete[provider=openai,how=fin]", "incomplete"),
    ] {
        let said = other(suite, filter);
        assert!(said.status == 1 && said.text.contains("FAIL") && said.text.contains(says), "{suite} {filter} should say {says}: {said:?}");
    }
}

#[test]
fn a_reducer_without_strict_has_no_such_switch() {
    let protocol = |reduce: &str| format!("protocol: p\ntransport: sse\nfinal: {reduce}\nactions: {{user: [{{http: {{path: /}}}}]}}\n");
    let suite =
        "suite: S\nagent: {protocol: p.yaml, url: \"http://127.0.0.1:1\"}\ncases: [{name: c, prompt: Hi, expect: {at: {$.final.id: x}}}]\n";
    Project::with(suite).file("p.yaml", protocol("{reduce: chat, strict: true}")).check().means(2, &["the reducer `chat` has no `strict`"]);
    Project::with(suite).file("p.yaml", protocol("{reduce: core2, strict: true}")).check().means(0, &[]);
}

#[test]
fn a_pipeline_that_cannot_start_says_why() {
    let start = |arguments: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_checkride")).args(["reference-agent", "--protocol", "core2"]).args(arguments).output();
        let out = out.expect("it can be started");
        (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    for (arguments, says) in [(["--redis", "nowhere"], "--redis is no URL like redis://"), (["--store", "nowhere"], "--store is no URL")] {
        let (status, text) = start(&arguments);
        assert!(status == Some(1) && text.contains(says), "{arguments:?}: {text}");
    }
}
