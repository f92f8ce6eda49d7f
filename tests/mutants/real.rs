//! Real agents, spoiled: a wrapper of the agent's name stands between it and the suite, and changes one thing.
//!
//! Owns: which spoiler kills which case of the suites for codex (app-server) and claude.
//! Must not know: why a case notices.

use super::{alone, copy, program, verdicts};
use program::{CHECKRIDE, Ran, program as start, ran};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// What is otherwise.
enum Otherwise {
    /// What the agent prints, by a script for `sed`.
    Says(&'static str),
    /// What reaches its standard input, by a script for `sed`.
    Hears(&'static str),
    /// How it is run, in shell words; `real` is the agent.
    Runs(&'static str),
    /// These words of the suite stand for those.
    World(&'static [(&'static str, &'static str)]),
}

use Otherwise::{Hears, Runs, Says, World};

/// The agent, the claim, what is otherwise, and the cases that it kills, on every version that they are for. A case is named without
/// its row if all of its rows are killed.
type Spoiler = (&'static str, &'static str, Otherwise, &'static [&'static str]);

const SPOILERS: &[Spoiler] = &[
    (
        "codex",
        "says nothing",
        Says("/agentMessage/d"),
        &[
            "codex/app_server::runs_a_mocked_command_and_answers_from_its_output",
            "codex/app_server::asks_before_it_runs_a_command_and_obeys_the_answer",
        ],
    ),
    (
        "codex",
        "hides how its commands end",
        Says("/item\\/completed.*commandExecution/d"),
        &[
            "codex/app_server::runs_a_mocked_command_and_answers_from_its_output",
            "codex/app_server::asks_before_it_runs_a_command_and_obeys_the_answer",
            "codex/realtime::13_a_delegated_turn_can_run_a_shell_tool",
        ],
    ),
    (
        "codex",
        "calls what was declined completed",
        Says(r#"s/"status":"declined"/"status":"completed"/"#),
        &["codex/app_server::asks_before_it_runs_a_command_and_obeys_the_answer[declined]"],
    ),
    (
        "codex",
        "never asks",
        World(&[("ask: on-request", "ask: never")]),
        &["codex/app_server::asks_before_it_runs_a_command_and_obeys_the_answer"],
    ),
    (
        "codex",
        "ends with a status of its own",
        Runs(r#"real "$@"; exit 7"#),
        &["codex/app_server::runs_a_mocked_command_and_answers_from_its_output"],
    ),
    ("codex", "reads a tool's result wrongly", Says(r#"s/"label":"Main"/"label":"Mine"/"#), &["codex/mcp::calls_a_tool_of_the_server"]),
    (
        "codex",
        "tells a refusal in other words",
        Says("s/Invalid arguments/Strange arguments/"),
        &["codex/mcp::tells_its_client_what_the_server_refused"],
    ),
    (
        "codex",
        "goes to the wrong server",
        World(&[(r#"command = "{{wallets.command}}""#, r#"url = "{{wallets.url}}""#)]),
        &["codex/mcp::calls_a_tool_of_the_server[stdio]"],
    ),
    (
        "codex",
        "does not say that realtime has begun",
        Says("/realtime\\/started/d"),
        &[
            "codex/realtime::01_streams_v2_notifications_over_the_websocket_transport",
            "codex/realtime::03_stop_emits_a_closed_notification",
            "codex/realtime::04_webrtc_start_emits_the_sdp_and_joins_the_sideband",
            "codex/realtime::05_webrtc_v1_joins_the_sideband_and_stays_open",
        ],
    ),
    (
        "codex",
        "does not say that realtime is over",
        Says("/realtime\\/closed/d"),
        &[
            "codex/realtime::01_streams_v2_notifications_over_the_websocket_transport",
            "codex/realtime::03_stop_emits_a_closed_notification",
            "codex/realtime::04_webrtc_start_emits_the_sdp_and_joins_the_sideband",
        ],
    ),
    (
        "codex",
        "says that realtime is over when it has begun",
        Says("s/^\\(.*\\)realtime\\/sdp\\(.*\\)$/&\\n\\1realtime\\/closed\\2/"),
        &["codex/realtime::05_webrtc_v1_joins_the_sideband_and_stays_open"],
    ),
    ("codex", "loses a voice", Says(r#"s/"cedar"/"cedr"/"#), &["codex/realtime::02_lists_the_supported_voices"]),
    (
        "codex",
        "changes the answer's SDP",
        Says("s/v=answer/v=question/"),
        &[
            "codex/realtime::04_webrtc_start_emits_the_sdp_and_joins_the_sideband",
            "codex/realtime::05_webrtc_v1_joins_the_sideband_and_stays_open",
        ],
    ),
    (
        "codex",
        "never ends a turn",
        Says(r#"/"method":"turn\/completed"/d"#),
        &[
            "codex/realtime::06_webrtc_v1_handoff_delegates_and_appends_the_result",
            "codex/realtime::10_a_tool_call_delegates_and_returns_its_output",
            "codex/realtime::11_a_second_tool_call_steers_the_running_task",
            "codex/realtime::12_progress_is_sent_before_the_output",
            "codex/realtime::14_a_running_tool_call_does_not_block_sideband_audio",
        ],
    ),
    (
        "codex",
        "plays no sound",
        Says("/outputAudio\\/delta/d"),
        &["codex/realtime::07_forwards_audio_and_text_both_ways", "codex/realtime::14_a_running_tool_call_does_not_block_sideband_audio"],
    ),
    (
        "codex",
        "passes on other words",
        Hears(r#"s/"text":"hello"/"text":"hullo"/;s/"text":"second"/"text":"third"/"#),
        &[
            "codex/realtime::07_forwards_audio_and_text_both_ways",
            "codex/realtime::08_text_is_append_only_while_a_response_is_active",
            "codex/realtime::09_text_is_append_only_after_a_response_was_cancelled",
        ],
    ),
    (
        "codex",
        "reports another task",
        World(&[
            ("script: [delegated from v1]", "script: [delegated to v1]"),
            ("script: [delegated from v2]", "script: [delegated to v2]"),
            ("script: [delegated with progress]", "script: [delegated]"),
        ]),
        &[
            "codex/realtime::06_webrtc_v1_handoff_delegates_and_appends_the_result",
            "codex/realtime::10_a_tool_call_delegates_and_returns_its_output",
            "codex/realtime::12_progress_is_sent_before_the_output",
        ],
    ),
    (
        "codex",
        "steers by other words",
        World(&[("args: {prompt: steer the active task}", "args: {prompt: leave the active task}")]),
        &["codex/realtime::11_a_second_tool_call_steers_the_running_task"],
    ),
    (
        "codex",
        "keeps errors to itself",
        Says("/realtime\\/error/d"),
        &[
            "codex/realtime::01_streams_v2_notifications_over_the_websocket_transport",
            "codex/realtime::15_a_backend_error_surfaces_as_a_notification",
        ],
    ),
    (
        "codex",
        "refuses in other words",
        Says("s/does not support realtime/has no realtime/"),
        &["codex/realtime::16_realtime_needs_its_feature_flag"],
    ),
    (
        "claude",
        "says something else",
        Says("s/All is well\\.\\|The issue asks for a release\\./What?/g"),
        &[
            "claude/print::runs_a_mocked_command_and_answers_from_its_output",
            "claude/print::tries_again_when_the_api_is_overloaded",
            "claude/edge::runs_a_mocked_command_and_answers_from_its_output",
        ],
    ),
    (
        "claude",
        "hides its tools' results",
        Says("/tool_result/d"),
        &[
            "claude/print::runs_a_mocked_command_and_answers_from_its_output",
            "claude/edge::runs_a_mocked_command_and_answers_from_its_output",
        ],
    ),
    (
        "claude",
        "calls a failure a success",
        Says(r#"s/"is_error":true/"is_error":false/"#),
        &["claude/print::gives_up_when_the_api_is_overloaded_in_the_middle_of_an_answer"],
    ),
];

/// The cases that some spoiler kills, without their rows.
pub fn cases() -> BTreeSet<String> {
    SPOILERS.iter().flat_map(|(.., kills)| *kills).map(|case| case.split('[').next().expect("a first part").to_owned()).collect()
}

/// Where a real agent is; where it is not, its suites are skipped as well, and say so.
pub fn installed(agent: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|folder| folder.join(agent)).find(|file| file.is_file());
    if found.is_none() {
        eprintln!("not checked: `{agent}` is not on PATH (see .ci/run)");
    }
    found
}

/// A folder for the wrapper, which comes first on PATH.
pub fn wrapped(project: &Path, agent: &str, script: &str) -> std::process::Command {
    let bin = project.join("bin");
    let wrapper = bin.join(agent);
    fs::create_dir(&bin).expect("writable");
    fs::write(&wrapper, script).expect("writable");
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let mut command = start(CHECKRIDE, project);
    let path = std::env::var("PATH").expect("the agent was found on it");
    command.env("PATH", format!("{}:{path}", bin.display()));
    command
}

/// Runs these cases of an agent that is otherwise: id and verdict, without what is for other versions.
fn run(agent: &str, real: &Path, otherwise: &Otherwise, cases: &[&str]) -> (BTreeMap<String, String>, Ran) {
    let words = match otherwise {
        Says(script) => format!("real \"$@\" | sed -u '{script}'"),
        Hears(script) => format!("sed -u '{script}' | real \"$@\""),
        Runs(script) => (*script).to_owned(),
        World(_) => "real \"$@\"".to_owned(),
    };
    let files: BTreeSet<_> = cases.iter().map(|case| format!("{}.yaml", case.split("::").next().expect("a suite"))).collect();
    let (folder, _) = cases[0].split_once('/').expect("a folder");
    let names: Vec<_> = files.iter().map(|file| file.split_once('/').expect("a folder").1).collect();
    let project = copy(folder, &names, |text| {
        let head = text.lines().find(|line| line.starts_with("suite: ")).expect("a suite begins so");
        let spoiled = match otherwise {
            World(words) => words.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to)),
            _ => text.to_owned(),
        };
        assert!(spoiled != text || !matches!(otherwise, World(_)), "none of these words is in the suite: {head}");
        spoiled.replacen(head, &format!("{head}\ntimeout: 20s"), 1)
    });
    let script = format!("#!/bin/bash\nset -o pipefail\nreal() {{ '{}' \"$@\"; }}\n{words}\n", real.display());
    let mut command = wrapped(project.path(), agent, &script);
    command.args(["run", "--json", "report.json"]).args(cases);
    let ran = ran(command);
    let report = project.path().join("report.json");
    assert!(report.exists(), "nothing was run:\n{}{}", ran.stdout, ran.stderr);
    let judged = verdicts(&report).into_iter().filter(|(_, verdict)| verdict != "skipped").collect();
    (judged, ran)
}

/// Fails unless each case is judged so. On another version of an agent, a case may have no row.
fn check(spoilers: &[Spoiler], expected: &[&str]) {
    let left = Mutex::new(spoilers.iter());
    let wrong = Mutex::new(Vec::new());
    // Real agents are large: a few at a time, or they run out of time for another reason than the spoiler's.
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some((agent, claim, otherwise, kills)) = { left.lock().expect("no one fails while it is held").next() } {
                    let Some(real) = installed(agent) else { continue };
                    let (found, ran) = run(agent, &real, otherwise, kills);
                    let named = |id: &str| kills.iter().any(|case| id == *case || id.starts_with(&format!("{case}[")));
                    let others = found.iter().filter(|(id, verdict)| named(id) && !expected.contains(&verdict.as_str()));
                    let others: Vec<_> =
                        others.map(|(id, verdict)| format!("`{agent}` {claim}: {id} is {verdict}\n{}", ran.stdout)).collect();
                    wrong.lock().expect("no one fails while it is held").extend(others);
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("all have ended");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A wrapper that changes nothing: what kills is the spoiler, not what it is made of.
#[test]
fn real_agents_pass_behind_a_wrapper_that_changes_nothing() {
    let _alone = alone();
    let all: &[Spoiler] = &[
        ("codex", "is itself", Says(""), &["codex/app_server", "codex/mcp", "codex/realtime"]),
        ("codex", "is itself", Hears(""), &["codex/app_server", "codex/mcp", "codex/realtime"]),
        ("claude", "is itself", Says(""), &["claude/print", "claude/edge"]),
    ];
    for (agent, _, otherwise, suites) in all {
        let Some(real) = installed(agent) else { continue };
        let (found, ran) = run(agent, &real, otherwise, suites);
        assert!(!found.is_empty() && found.values().all(|verdict| verdict == "pass"), "{}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn real_agents_are_killed_by_their_spoilers() {
    let _alone = alone();
    check(SPOILERS, &["fail", "inconclusive"]);
}
