//! The gateway's suites: each case is killed by a gateway with a fault (`--gateway-fault`). The cases of `real.yaml`, which ask a real
//! gateway where one is installed, are asked of the reference agent here.
//!
//! Owns: which fault kills which case.
//! Must not know: why a case notices.

use super::{Ran, alone, checkride, table, verdicts};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Under each letter: `x` all instances of a case are killed, `o` some, `.` none, `?` a race that the fault sometimes loses.
const TABLE: &str = "
    at ac as ar ra pk wr ms te hc hr az rd ss ct et ne ia al he nh nt un dr hu if   gateway/
    .  .  .  .  .  .  x  .  .  .  .  .  .  .  .  .  x  .  .  x  .  .  .  .  .  .    real::a_failure_of_the_model_ends_the_turn
    .  .  .  .  .  .  x  .  .  .  .  .  .  .  .  x  x  x  .  .  .  .  .  .  .  .    real::an_abort_keeps_what_was_said
    .  .  .  .  .  .  x  .  .  .  .  .  .  .  x  x  x  .  .  .  .  .  .  .  x  x    real::answers_and_tells_how_many_tokens_it_took
    .  .  x  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .    real::grants_a_client_of_tests_nothing
    .  .  .  .  .  .  x  .  .  .  x  .  .  .  x  x  x  .  .  .  .  .  .  x  x  x    real::reaches_the_mocks_and_not_the_real_commands
    .  x  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .    real::refuses_a_version_that_it_does_not_speak
    x  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .    real::refuses_who_has_a_wrong_token
    .  .  .  x  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  x  .  .  .    real::says_what_is_wrong_with_a_request
    .  .  .  .  .  .  x  .  .  x  x  .  .  .  x  x  x  .  .  .  x  .  .  x  x  x    real::summarises_the_latest_mail
    .  .  .  .  .  .  x  .  .  x  x  x  .  .  x  x  x  .  .  .  .  .  .  x  x  x    real::tells_two_calls_apart_and_the_one_that_failed
    .  .  .  .  .  .  x  .  .  x  x  .  x  .  .  x  x  .  .  .  .  .  .  .  x  x    turns::a_command_runs_only_if_it_was_approved
    .  .  .  .  .  .  x  .  .  x  x  x  .  .  x  x  x  .  .  .  .  .  .  x  x  x    turns::a_command_that_fails_is_a_call_that_failed
    .  .  .  .  .  .  x  .  .  .  .  .  .  .  x  x  x  .  .  x  .  .  .  .  x  x    turns::a_model_that_fails_ends_the_turn_and_not_the_session
    .  .  .  .  .  .  x  .  .  .  .  .  .  .  .  x  x  x  .  .  .  .  .  .  x  x    turns::a_run_that_was_aborted_keeps_what_was_said_and_the_next_one_goes_on
    .  .  .  .  .  .  x  .  .  x  x  .  .  .  x  x  x  .  .  .  .  .  .  x  x  x    turns::summarises_the_latest_mail
    .  .  .  .  .  .  x  .  .  .  x  .  .  .  .  x  x  .  .  .  .  .  .  .  x  x    turns::tells_how_many_tokens_it_took
    .  .  .  .  .  x  x  x  .  .  .  .  .  .  x  x  x  .  .  .  .  .  .  .  x  x    turns::two_sessions_at_once_hear_only_their_own
    .  .  x  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .    wire::a_client_without_scopes_can_do_nothing
    .  x  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .    wire::a_first_frame_that_is_not_a_request_closes_with_1008
    .  x  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .    wire::a_first_request_that_is_not_connect_is_refused
    .  .  .  x  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .    wire::a_frame_that_is_too_large_closes_with_1009
    .  .  .  x  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .    wire::a_key_that_names_the_run_is_required
    .  .  .  x  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .    wire::a_parameter_that_it_does_not_know_is_refused
    .  .  .  .  .  .  x  .  .  .  .  .  .  .  .  x  x  .  .  .  .  .  .  .  x  x    wire::a_run_can_be_waited_for
    .  .  .  .  .  .  x  .  .  .  .  .  .  .  .  x  x  .  .  x  .  .  .  .  .  .    wire::a_run_that_fails_ends_once
    .  .  .  .  .  .  x  .  .  .  .  .  .  .  .  x  x  .  .  .  .  .  .  .  x  x    wire::a_run_that_goes_well_ends_once
    .  x  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .    wire::a_version_that_it_does_not_speak_is_refused_with_the_one_that_it_does
    x  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .    wire::a_wrong_token_is_refused_by_name
    .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  x  x  x  x  .  .  .  .  .  .  .    wire::an_abort_is_the_end_of_the_run_before_it_is_answered
    .  .  .  x  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .    wire::an_agent_that_does_not_exist_is_named
    .  x  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .    wire::an_unknown_client_is_refused
    .  .  .  x  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .    wire::an_unknown_request_is_named
    .  .  .  .  .  .  x  .  .  x  x  .  .  .  .  x  x  .  .  .  .  .  .  x  x  x    wire::every_tool_call_has_a_result_of_its_own
    .  .  .  .  .  x  x  .  .  .  .  .  .  .  .  x  x  .  .  .  .  .  .  .  x  x    wire::frames_carry_the_canonical_key_of_the_session
    .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  x  .  .  .    wire::it_is_well
    .  .  .  .  .  .  x  .  .  .  .  .  .  .  .  x  x  .  .  .  .  .  .  .  x  x    wire::says_which_version_it_speaks
    .  x  .  .  .  x  x  .  .  .  .  .  .  .  .  x  x  .  .  .  .  .  .  .  x  x    wire::text_that_is_not_json_is_a_close_before_the_handshake_and_nothing_after_it
    .  .  .  .  .  .  x  .  .  .  .  .  .  .  x  x  x  .  .  .  .  .  .  .  x  x    wire::the_last_text_that_was_streamed_is_the_final_one
    .  .  .  .  .  .  x  .  .  .  .  .  .  x  .  x  x  .  .  .  .  .  .  .  x  x    wire::the_numbers_of_a_run_s_frames_rise
    .  .  .  .  .  .  .  .  .  .  .  .  .  .  x  .  .  .  .  .  .  .  .  .  x  x    wire::the_request_agent_is_answered_twice
    .  .  .  .  x  .  x  .  .  .  .  .  .  .  .  .  x  .  .  .  .  .  .  .  x  x    wire::the_same_key_does_not_run_twice
    .  .  .  .  .  .  x  .  .  .  .  .  .  .  .  x  x  .  .  .  .  x  .  .  x  x    wire::ticks_come_when_they_are_due
    .  .  .  .  .  .  x  .  .  x  x  .  .  .  .  x  x  .  .  .  x  .  .  .  x  x    wire::what_was_called_is_what_the_history_tells
    .  .  .  .  .  .  x  .  x  .  .  .  .  .  .  x  x  .  .  .  .  .  .  .  x  x    wire::who_did_not_ask_for_tool_calls_hears_of_none
    .  .  .  .  .  .  .  .  x  .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  x  x    wire::who_may_not_read_hears_nothing
";

/// Letters and faults.
const FAULTS: [(&str, &str); 26] = [
    ("at", "any-token"),
    ("ac", "any-client"),
    ("as", "any-scope"),
    ("ar", "any-request"),
    ("ra", "run-again"),
    ("pk", "plain-keys"),
    ("wr", "wrong-run"),
    ("ms", "mix-sessions"),
    ("te", "tell-everyone"),
    ("hc", "hide-calls"),
    ("hr", "hide-results"),
    ("az", "always-zero"),
    ("rd", "run-denied"),
    ("ss", "stuck-seq"),
    ("ct", "cut-text"),
    ("et", "end-twice"),
    ("ne", "never-end"),
    ("ia", "ignore-abort"),
    ("al", "abort-late"),
    ("he", "hide-errors"),
    ("nh", "no-history"),
    ("nt", "no-tick"),
    ("un", "unwell"),
    ("dr", "drop-result"),
    ("hu", "hang-up"),
    ("if", "ill-formed"),
];

/// With these, version 3 of the wire is asked as well: enough to kill each of its cases. The others differ in nothing there.
const IN_BOTH: [&str; 10] = ["at", "ac", "ar", "ra", "pk", "te", "ct", "ne", "nt", "un"];

/// Nobody gets through the handshake of these, so they kill every case and say nothing about any: `tests/gateway.rs` has them.
const AT_THE_DOOR: [&str; 2] = ["no-scope", "close-at-once"];

/// The reference agent in the place of a real gateway.
const STAND_IN: &str = "  command: [\"{{checkride}}\", reference-agent, --protocol, openclaw-gateway, --token, test-token, --exec, \"{{exec}}\"]\n  \
    ready: {log: \"listening on (?<url>ws://\\\\S+)\"}\n  env: {OPENAI_BASE_URL: \"{{llm.url}}/v1\"}\n";

fn shipped(name: &str) -> String {
    fs::read_to_string(Path::new("suites/gateway").join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The suites as they are asked of a gateway with this fault.
fn suites(letter: &str, fault: Option<&str>) -> Vec<(String, String)> {
    let names = fs::read_dir("suites/gateway").expect("the suites are there").flatten().map(|entry| entry.file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    let spoiled = names.map(|name| {
        let mut text = shipped(&name);
        if name.starts_with("real") {
            let (from, to) = (text.find("  # the real one\n").expect("a mark"), text.find("  # as all gateways\n").expect("a mark"));
            text.replace_range(from..to, STAND_IN);
            // Processes of their own do not wait for each other.
            text = text.replace("\nonly_if:", "\n# only_if:").replace("\n  scope: suite\n", "\n");
        }
        if fault.is_some() && !IN_BOTH.contains(&letter) {
            text = text.replace("matrix: {wire: [3, 4]}", "matrix: {wire: [4]}");
        }
        let plain = text.clone();
        if let Some(fault) = fault {
            text = text.replace("--token, test-token", &format!("--token, test-token, --gateway-fault, {fault}"));
            assert_ne!(text, plain, "no gateway was found to put a fault into:\n{plain}");
        }
        let at = text.find("\ncases:").expect("a suite has cases");
        text.insert_str(at, "\ntimeout: 12s");
        (name, text.replace("\ntimeout: 300s", ""))
    });
    spoiled.collect()
}

fn run(mutants: &[(&str, Option<&str>)]) -> (tempfile::TempDir, Ran) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("checkride.yaml"), "suites: [suites]\n").expect("writable");
    for (letter, fault) in mutants {
        let to = folder.path().join("suites").join(letter);
        fs::create_dir_all(&to).expect("writable");
        for (name, text) in suites(letter, *fault) {
            fs::write(to.join(name), text).expect("writable");
        }
    }
    let ran = checkride(folder.path(), &["run", "--test-threads", "16", "--json", "report.json"]);
    assert!(folder.path().join("report.json").exists(), "nothing was run:\n{}{}", ran.stdout, ran.stderr);
    (folder, ran)
}

/// The cases of the table.
pub fn cases() -> BTreeSet<String> {
    table(TABLE).1.into_keys().collect()
}

#[test]
fn an_honest_gateway_passes_what_the_mutants_fail() {
    let _alone = alone();
    let (_folder, ran) = run(&[("honest", None)]);
    assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn every_case_of_the_gateway_is_killed() {
    let _alone = alone();
    let mutants: Vec<_> = FAULTS.map(|(letter, fault)| (letter, Some(fault))).into();
    let (folder, ran) = run(&mutants);
    let mut counts: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
    let (mut seen, mut dead) = (BTreeSet::new(), BTreeSet::new());
    for (id, verdict) in verdicts(&folder.path().join("report.json")) {
        let (letter, instance) = id.split_once('/').expect("each mutant has its folder");
        let killed = match verdict.as_str() {
            "pass" => false,
            "fail" | "inconclusive" => true,
            other => panic!("{id} is {other}:\n{}{}", ran.stdout, ran.stderr),
        };
        let case = instance.split('[').next().expect("there is a first part");
        let count = counts.entry((case.to_owned(), letter.to_owned())).or_default();
        *count = (count.0 + usize::from(killed), count.1 + 1);
        seen.insert(instance.to_owned());
        if killed {
            dead.insert(instance.to_owned());
        }
    }
    let survivors: Vec<_> = seen.difference(&dead).collect();
    assert!(survivors.is_empty(), "no fault kills these: what do they check?\n{survivors:#?}");
    let (letters, expected) = table(TABLE);
    let found = |case: &str, letter: &str| match counts.get(&(case.to_owned(), letter.to_owned())) {
        Some((0, _)) => '.',
        Some((killed, all)) if killed == all => 'x',
        _ => 'o',
    };
    let cases: BTreeSet<_> = counts.keys().map(|(case, _)| case.as_str()).collect();
    let row = |case: &&str| format!("{}   {case}", FAULTS.map(|(letter, _)| format!("{:<2}", found(case, letter))).join(" "));
    let head = format!("{}   gateway/", FAULTS.map(|(letter, _)| letter).join(" "));
    let all = std::iter::once(head).chain(cases.iter().map(row)).map(|line| format!("    {line}\n")).collect::<String>();
    assert_eq!(letters, FAULTS.map(|(letter, _)| letter), "each fault has its column, in the same order; as found:\n{all}");
    assert_eq!(expected.len(), cases.len(), "each case has its row; as found:\n{all}");
    for (id, marks) in &expected {
        let case = id.trim_start_matches("gateway/");
        let differs = |(letter, mark): &(&String, &char)| **mark != '?' && **mark != found(case, letter);
        let wrong: Vec<_> = marks.iter().filter(differs).map(|(letter, _)| letter).collect();
        assert!(wrong.is_empty(), "the table says otherwise for {case} under {wrong:?}; as found:\n{all}");
    }
    let unnoticed: Vec<_> = letters.iter().filter(|letter| expected.values().all(|marks| marks[*letter] == '.')).collect();
    assert!(unnoticed.is_empty(), "no case notices these faults: {unnoticed:?}");
}

#[test]
fn every_fault_of_a_gateway_has_its_column() {
    let help = checkride(Path::new("."), &["reference-agent", "--help"]).stdout;
    let (_, faults) = help.split_once("--gateway-fault").expect("the option is in the help");
    let (faults, _) = faults.split_once("\n      --").expect("it is not the last one");
    let named = |line: &str| line.trim().strip_prefix("- ").and_then(|line| Some(line.split_once(':')?.0.to_owned()));
    let known: BTreeSet<_> = FAULTS.iter().map(|(_, name)| (*name).to_owned()).chain(AT_THE_DOOR.map(str::to_owned)).collect();
    assert_eq!(faults.lines().filter_map(named).collect::<BTreeSet<_>>(), known, "{faults}");
}
