//! The suites of Core 2.0 notice what a pipeline does wrong: each promise broken once.

#[expect(dead_code, reason = "other tests use the rest of it")]
mod program;

use program::project::{Project, Said};
use std::process::Command;

const COMMAND: &str = "reference-agent, --protocol, core2";

/// A shipped suite with a broken pipeline; only the cases whose ids contain the filter.
fn broken(suite: &str, fault: &str, filter: &str) -> Said {
    let text = std::fs::read_to_string(format!("suites/core2/{suite}.yaml")).expect("it is shipped");
    let spoiled = text.replace(COMMAND, &format!("{COMMAND}, --pipeline-fault, {fault}"));
    assert!(spoiled.contains(fault), "no agent was found to put a fault into");
    let (first, rest) = spoiled.split_once("\nagent:").expect("an agent");
    let project =
        Project::new().file("checkride.yaml", "suites: [suites]\n").file("suites/s.yaml", format!("{first}\ntimeout: 5s\nagent:{rest}"));
    project.begin(&["run", filter]).end()
}

fn killed(suite: &str, fault: &str, filter: &str) {
    let said = broken(suite, fault, filter);
    assert!(said.status == 1 && said.text.contains("FAIL") && !said.text.contains("BROKEN"), "{suite} {filter} under {fault}: {said:?}");
}

#[test]
fn what_is_wrong_with_a_turn_is_noticed() {
    killed("turns", "forget", "a_second_turn_knows");
    killed("turns", "take-anything", "what_cannot_be_submitted_is_refused_and_nobody_is_asked[an empty prompt]");
    killed("turns", "lose-delta", "tc_bt_1");
}

#[test]
fn what_is_wrong_with_tools_is_noticed() {
    killed("tools", "lose-result", "tc_te_2");
    killed("tools", "lose-result", "tc_te_3");
    killed("tools", "tool-error-is-fatal", "tc_te_4");
    killed("tools", "last-usage", "tc_pv_4");
}

#[test]
fn what_is_wrong_with_ends_and_streams_is_noticed() {
    killed("providers", "swallow-error", "tc_eh_1_an_error");
    killed("streaming", "complete-truncated", "tc_sb_3_a_stream");
    killed("streaming", "ignore-last-event-id", "tc_sb_1_reconnects");
    killed("streaming", "lose-delta", "tc_sb_1_reconnects");
}

#[test]
fn what_is_wrong_with_redis_and_persistence_is_noticed() {
    if Command::new("redis-server").arg("--version").output().is_err() {
        return eprintln!("not checked: redis-server is not installed");
    }
    killed("redis", "take-without-log", "tc_eh_3_no_redis");
    killed("redis", "acknowledge-unstored", "tc_eh_4_persistence_fails_once_or_always[always]");
    killed("redis", "new-trace", "tc_pv_2");
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
