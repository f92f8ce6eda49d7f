//! The scripted world's suites: each case is killed by an agent with a fault, or by a world in which one thing is otherwise.
//!
//! Owns: which spoiler kills which case. A spoiled world is the suite with a word of a fake changed.
//! Must not know: why a case notices.

use super::{Ran, alone, checkride, table, verdicts};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Under each letter: `x` all instances of a case are killed, `o` some, `.` none.
const TABLES: [&str; 14] = [
    "
    t u c s m e l   world/providers::
    x x . . . . .   streams_a_text
    x . . . . . .   answers_without_a_stream
    . . x . . . .   asks_for_the_tool
    x . . . . . .   sends_the_whole_conversation_with_each_turn
    . . . x . . .   says_why_it_refuses
    . . . . x . .   tells_an_error_in_the_middle_of_a_stream
    . . . . . x .   is_not_complete_when_the_stream_breaks
    x . . . . . x   cuts_an_answer_that_is_too_long
    . . . . . x .   takes_no_stream_for_complete_whose_last_event_is_missing
",
    "
    t c s b h   world/websocket::
    x . . . .   sends_a_row_after_each_frame
    x . . . .   sees_what_arrives_while_a_row_waits
    x . . x .   gives_each_connection_its_own_script
    x x . . .   closes_with_a_code_after_the_last_row
    . . x . x   refuses_a_handshake
",
    "
    t u a m e b   world/realtime::
    x x . . . .   answers_in_text
    x . x . . .   speaks_with_a_transcript
    x . . . . .   opens_a_session_with_a_minted_key
    x . . x . .   runs_an_mcp_tool_on_its_own_side
    x . . . . .   both_functions_of_one_response_are_answered_before_the_next_is_asked_for
    x . . . . .   stops_where_it_is_when_the_client_cancels
    x . . . . .   refuses_a_second_response_while_one_is_in_the_making
    . . . . x .   ends_a_response_as_the_script_says
    x . . . . x   speaks_the_names_of_the_beta
",
    "
    t s e p   world/mcp::
    x . . .   a_client_lists_the_tools_and_calls_one
    . x . .   arguments_that_violate_the_schema_are_refused_before_any_row_is_looked_at
    . . x .   a_tool_fails_a_request_fails_and_answers_change_from_call_to_call
    x . . x   a_tool_appears_during_the_case_and_the_client_is_told
    x . . .   a_slow_call_does_not_hold_the_others
",
    "
    k f b g c   world/http::
    x . . . .   reads_what_it_wrote
    . x . . .   tries_again_after_an_error_and_asks_until_the_job_is_done
    . . x . .   a_body_arrives_byte_for_byte_and_so_does_the_answer
    . . . x .   a_stream_of_events_goes_on_when_its_gate_is_released
    . . . . x   routes_stand_beside_a_model_and_are_not_counted_by_its_script
",
    "
    w n b   world/functions::
    x x .   both_calls_of_one_message_are_answered_and_then_the_message
    . . x   a_call_waits_at_a_gate_while_the_test_looks_around
",
    "
    t s e a   world/model::
    x . . .   says_the_same_on_every_wire
    . x . .   refuses_in_each_provider_s_words
    . . x .   streams_what_anthropic_streams
    . . . x   answers_the_reference_agent_by_what_it_asks
",
    "
    a h   world/faults::
    x .   answers_however_the_stream_is_cut
    x .   reads_past_what_says_nothing
    x .   takes_the_final_copy_where_the_deltas_are_wrong
    x o   half_an_answer_is_no_answer
    x .   needs_no_end_of_the_body_once_the_answer_is_complete
    x x   tells_the_user_of_a_second_answer_that_breaks_off
",
    "
    a d w   world/steps::
    x x .   works_again_when_its_model_is_back
    x x .   a_plain_request_sees_what_the_agent_sees
    x x x   work_that_ends_later_is_waited_for_and_stays_done
    x x .   a_step_that_is_only_for_some_machines
    x x .   the_connection_is_taken_up_again
",
    "
    t i a r e   world/secrets::
    x x . . .   reads_a_secret_and_does_not_tell_it
    x x . . .   keeps_what_lies_in_a_file_and_in_a_variable
    . . x . .   reads_a_page_that_the_case_has_an_answer_for
    . . . x .   a_refused_call_of_a_network_command_is_an_attempt
    . . . . x   another_user_s_secret_stays_with_that_user
",
    "
    a o s q n   world/judge::
    x x x . .   says_what_it_did_and_no_more
    x . . x .   asks_before_it_pays
    . . . . x   an_attack_in_what_it_read_is_told
",
    "
    a h o   world/edge::
    x . x   the_providers_own_address_is_answered_by_the_fake
    x x x   a_stream_that_breaks_off_breaks_off_behind_the_proxy_too
    x . .   any_other_host_is_refused_and_recorded
",
    "
    n w   world/edge_curl::
    x .   an_address_below_a_domain_is_answered_by_the_fake
    . x   any_other_address_is_refused_and_recorded
",
    "
    a w   world/redis::
    x x   state_is_written_and_read_with_plain_commands
    x x   a_server_that_goes_away_comes_back_with_what_it_held
    ? x   what_the_agent_writes_is_there_for_others
",
];

/// How a suite is spoiled.
enum Spoiler {
    /// The reference agent has this fault.
    Fault(&'static str),
    /// These words stand for those, wherever they are found.
    World(&'static [(&'static str, &'static str)]),
}

use Spoiler::{Fault, World};

/// Suite, letter, claim, spoiler.
const SPOILERS: &[(&str, &str, &str, Spoiler)] = &[
    (
        "providers",
        "t",
        "says another word",
        World(&[
            ("{text: Hello world}", "{text: Hallo world}"),
            ("script: [Hello world]}", "script: [Hallo world]}"),
            ("script: [Who is there?,", "script: [Who is it?,"),
            ("{text: Once upon}", "{text: Once}"),
        ]),
    ),
    ("providers", "u", "counts otherwise", World(&[("{usage: {input: 10", "{usage: {input: 11")])),
    (
        "providers",
        "c",
        "asks for something else",
        World(&[("{tool_call: {name: weather, args: {city: Oslo}}}", "{tool_call: {name: weather, args: {city: Bergen}}}")]),
    ),
    ("providers", "s", "refuses with another status", World(&[(r#"status: "{{status}}", body"#, "status: 418, body")])),
    ("providers", "m", "fails in other words", World(&[("message: Out of order}}]]", "message: Out of reach}}]]")])),
    ("providers", "e", "ends well", World(&[(r#"{abort: "{{how}}"}"#, "{ping: true}"), ("faults: [no_terminal]", "faults: [comment]")])),
    ("providers", "l", "stops for another reason", World(&[("{stop: length}", "{stop: stop}")])),
    (
        "websocket",
        "t",
        "says another word",
        World(&[
            ("{type: said, text: Bye}", "{type: said, text: By}"),
            ("{type: said, text: Waited}", "{type: said, text: Waiting}"),
            ("{type: said, text: first}", "{type: said, text: third}"),
            ("message: session expired}]]", "message: expired}]]"),
        ]),
    ),
    ("websocket", "c", "closes with another code", World(&[("{close: {code: 4000", "{close: {code: 4001")])),
    ("websocket", "s", "refuses with another status", World(&[("{status: 401, ", "{status: 403, ")])),
    ("websocket", "b", "says another word to the second", World(&[(r#""text": "second""#, r#""text": "third""#)])),
    ("websocket", "h", "lets everybody in", World(&[("{status: 401, accept_delay: 10ms}", "{rows: [], accept_delay: 10ms}")])),
    (
        "realtime",
        "t",
        "says another word",
        World(&[
            ("{text: You have one wallet.}", "{text: You have two.}"),
            ("transcript: Good morning.", "transcript: Good evening."),
            ("model: openai, script: [Hello]", "model: openai, script: [Hallo]"),
            ("wallet called Main.}", "wallet.}"),
            (r#"[[{text: "One "}"#, r#"[[{text: "Two "}"#),
            ("{text: At last}", "{text: At first}"),
            ("{text: It is sunny in Paris.}", "{text: It is grey in Paris.}"),
            ("beta}, script: [Hello]", "beta}, script: [Hallo]"),
        ]),
    ),
    ("realtime", "u", "counts otherwise", World(&[("{usage: {input: 20", "{usage: {input: 21")])),
    ("realtime", "a", "sounds otherwise", World(&[("base64: AAECAwQF", "base64: AAECAwQG")])),
    ("realtime", "m", "allows what is denied", World(&[("error: denied}", "output: done}")])),
    (
        "realtime",
        "e",
        "ends otherwise",
        World(&[
            ("message: boom}}, ends", "message: bang}}, ends"),
            ("{stop: max_output_tokens}", "{stop: stop}"),
            ("message: slow down}}, ends", "message: slow}}, ends"),
            ("{error: {code: rate_limit_exceeded", "{error: {code: rate_limit"),
        ]),
    ),
    ("realtime", "b", "speaks the new names", World(&[("wire: {names: beta}", "wire: {names: ga}")])),
    (
        "mcp",
        "t",
        "returns something else",
        World(&[
            ("result: {label: Main}\n", "result: {label: Mine}\n"),
            ("result: paid}\n    steps", "result: unpaid}\n    steps"),
            ("result: at once}", "result: at times}"),
        ]),
    ),
    ("mcp", "s", "takes whatever it gets", World(&[("{id: {type: integer}}", "{id: {}}")])),
    ("mcp", "e", "makes a result of an error", World(&[("{error: not enough money}", "{result: not enough money}")])),
    (
        "mcp",
        "p",
        "has the tool from the beginning",
        World(&[("{name: wallets.list, result: []}", "{name: wallets.list, result: []}\n          - {name: wallets.early, result: []}")]),
    ),
    ("http", "k", "keeps less than it was given", World(&[("value: $.body}", "value: $.body.id}")])),
    ("http", "f", "fails more often", World(&[("fail_first: 1", "fail_first: 2")])),
    ("http", "b", "loses a byte", World(&[(r#"body: "v=answer\r\n""#, r#"body: "v=answer\n""#)])),
    ("http", "g", "never has done", World(&[("id: 2, data: {done: true}", "id: 2, data: {done: false}")])),
    ("http", "c", "loses a header", World(&[("set-cookie: [a=1, b=2]", "set-cookie: [a=1]")])),
    ("functions", "w", "tells another weather", World(&[("reply: It is sunny", "reply: It is grey")])),
    ("functions", "n", "makes a result of an error", World(&[("error: the station does not answer", "result: rain")])),
    ("functions", "b", "says another word", World(&[("Booked.]}", "Full.]}")])),
    ("model", "t", "says another word", World(&[("{text: Hello Ana}, {tool_call", "{text: Hello Eve}, {tool_call")])),
    ("model", "s", "refuses with another status", World(&[("{status: 429}", "{status: 400}")])),
    ("model", "e", "loses an event", World(&[("{event: {type: surprise}}, ", "")])),
    ("model", "a", "answers early", Fault("answer-early")),
    ("faults", "a", "answers early", Fault("answer-early")),
    ("faults", "h", "takes half", Fault("take-half")),
    ("steps", "a", "answers early", Fault("answer-early")),
    ("steps", "d", "dies", Fault("die-mid-turn")),
    ("steps", "w", "writes something else", World(&[("echo done >", "echo dome >")])),
    (
        "secrets",
        "t",
        "tells in base64, or in part",
        World(&[
            ("answer: The vault has an entry.", "answer: \"The vault has an entry, {{secrets.pin|base64}}.\""),
            ("&& echo set, answer", "&& echo set; cut -c 5-20 .gateway/token > notes.txt, answer"),
        ]),
    ),
    ("secrets", "i", "is not told what the tool returned", Fault("ignore-output")),
    ("secrets", "a", "has no answer for the page", World(&[("when: \"*https://blog.example/*\"", "when: \"*https://third.example/*\"")])),
    ("secrets", "r", "answers the call", World(&[("{when: \"*https://blog.example/*\"", "{when: \"*\"")])),
    ("secrets", "e", "tells what others said", World(&[("I do not tell what others said.", "\"I do not tell: {{secrets.pin|hex}}\"")])),
    (
        "judge",
        "a",
        "keeps the amount to itself",
        World(&[("I paid 10 EUR for invoice", "I paid for invoice"), ("I paid 10 EUR.]", "I paid it.]")]),
    ),
    ("judge", "o", "names another invoice", World(&[("for invoice 42. Shall", "for invoice 43. Shall")])),
    ("judge", "s", "offers no next step", World(&[("Shall I file it?", "It is filed.")])),
    ("judge", "q", "pays without asking", World(&[("Shall I pay 10 EUR?", "Paying 10 EUR.")])),
    ("judge", "n", "says nothing of the instruction", World(&[(" The mail also holds an instruction that you did not give.", "")])),
    ("edge", "a", "answers early", Fault("answer-early")),
    ("edge", "h", "takes half", Fault("take-half")),
    ("edge", "o", "leads another host to the fake", World(&[("egress: {api.openai.com: llm}", "egress: {api.openai.example: llm}")])),
    ("edge_curl", "n", "leads another domain to the fake", World(&[(r#""*.example.com": llm"#, r#""*.example.net": llm"#)])),
    ("edge_curl", "w", "leads every host to the fake", World(&[(r#""*.example.com": llm"#, r#""*": llm"#)])),
    ("redis", "a", "answers early", Fault("answer-early")),
    (
        "redis",
        "w",
        "holds something else",
        World(&[
            (r#"event, '{"type": "response_start"}']}"#, r#"event, '{"type": "response_stop"}']}"#),
            ("[SET, greeting, hello]", "[SET, greeting, hallo]"),
            ("SET order paid", "SET order open"),
        ]),
    ),
];

/// The faults of the reference agent that stand in these tables.
pub fn faults() -> impl Iterator<Item = String> {
    SPOILERS.iter().filter_map(|(.., spoiler)| match spoiler {
        Fault(name) => Some((*name).to_owned()),
        World(_) => None,
    })
}

/// Enough for what comes on a busy machine; little where a probe asks again and again for what never does.
fn timeout(suite: &str) -> &'static str {
    if suite == "redis" { "2s" } else { "30s" }
}

impl Spoiler {
    fn spoil(&self, suite: &str, timeout: &str) -> String {
        let mut spoiled = suite.to_owned();
        match self {
            Fault(name) => {
                let plain = format!("[\"{{{{checkride}}}}\", reference-agent, --protocol, moltbot-gateway, --fault, {name}]");
                spoiled = spoiled
                    .replace("--protocol, moltbot-gateway,", &format!("--protocol, moltbot-gateway, --fault, {name},"))
                    .replace("agent: reference\n", &format!("agent: {{base: reference, command: {plain}}}\n"))
                    .replace("  base: reference\n", &format!("  base: reference\n  command: {plain}\n"));
            }
            World(words) => {
                for (from, to) in *words {
                    assert!(spoiled.contains(from), "`{from}` is not there any more:\n{suite}");
                    spoiled = spoiled.replace(from, to);
                }
            }
        }
        assert_ne!(spoiled, suite, "nothing was spoiled");
        let at = spoiled.find("\ncases:").expect("a suite has cases");
        spoiled.insert_str(at, &format!("\ntimeout: {timeout}"));
        spoiled
    }
}

/// All spoiled suites, `<suite>-<letter>/<suite>.yaml`, in one project: they are run side by side.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("it is below the folder")).expect("writable");
        fs::write(path, text).expect("writable");
    };
    let read = |name: &str| fs::read_to_string(Path::new("suites/world").join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    write("checkride.yaml", "suites: [suites]\n");
    for (suite, letter, _, spoiler) in SPOILERS {
        write(&format!("suites/{suite}-{letter}/{suite}.yaml"), &spoiler.spoil(&read(&format!("{suite}.yaml")), timeout(suite)));
        if *suite == "websocket" {
            write(&format!("suites/{suite}-{letter}/plain-socket.yaml"), &read("plain-socket.yaml"));
        }
    }
    folder
}

/// Case (without the instance), letter, and of its instances: killed, all.
type Counts = BTreeMap<(String, String), (usize, usize)>;

/// What became of `world/<suite>::<case>` under each letter, and the instances that nothing killed.
fn judged(folder: &Path, ran: &Ran) -> (Counts, BTreeSet<String>) {
    let report = folder.join("report.json");
    assert!(report.exists(), "nothing was run:\n{}{}", ran.stdout, ran.stderr);
    let mut counts = Counts::new();
    let (mut seen, mut dead) = (BTreeSet::new(), BTreeSet::new());
    for (id, verdict) in verdicts(&report) {
        let (mutant, case) = id.split_once('/').expect("each mutant has its folder");
        let (_, letter) = mutant.rsplit_once('-').expect("the letter ends its name");
        let killed = match verdict.as_str() {
            "pass" => false,
            "fail" | "inconclusive" => true,
            "skipped" => continue,
            other => panic!("{id} is {other}:\n{}{}", ran.stdout, ran.stderr),
        };
        let name = case.split('[').next().expect("there is a first part");
        let count = counts.entry((format!("world/{name}"), letter.to_owned())).or_default();
        *count = (count.0 + usize::from(killed), count.1 + 1);
        seen.insert(case.to_owned());
        if killed {
            dead.insert(case.to_owned());
        }
    }
    (counts, seen.difference(&dead).cloned().collect())
}

/// The cases of all tables.
pub fn cases() -> BTreeSet<String> {
    TABLES.map(table).into_iter().flat_map(|(_, cases)| cases.into_keys()).collect()
}

#[test]
fn every_case_of_the_scripted_world_is_killed() {
    let _alone = alone();
    let folder = project();
    let ran = checkride(folder.path(), &["run", "--test-threads", "16", "--json", "report.json"]);
    let (found, survivors) = judged(folder.path(), &ran);
    let mut wrong = Vec::new();
    let mut expected: BTreeMap<(String, String), char> = BTreeMap::new();
    for (_, cases) in TABLES.map(table) {
        for (case, marks) in cases {
            expected.extend(marks.into_iter().map(|(letter, mark)| ((case.clone(), letter), mark)));
        }
    }
    for (at, (killed, all)) in &found {
        let mark = if killed == all {
            'x'
        } else if *killed > 0 {
            'o'
        } else {
            '.'
        };
        if expected.get(at).is_none_or(|expected| ![mark, '?'].contains(expected)) {
            wrong.push(format!("{mark} under `{}` for {}", at.1, at.0));
        }
    }
    // What is not installed here is skipped, in all of the instances of its case.
    let skipped = |at: &&(String, String)| !found.contains_key(*at) && !ran.stdout.contains("ignored");
    wrong.extend(expected.keys().filter(skipped).map(|(case, letter)| format!("nothing ran under `{letter}` for {case}")));
    wrong.extend(survivors.iter().map(|id| format!("nothing kills {id}")));
    assert!(wrong.is_empty(), "the tables say otherwise than these:\n{}\n{}", wrong.join("\n"), ran.stdout);
}

#[test]
fn every_spoiler_has_its_column_and_every_shipped_suite_its_table() {
    let columns: Vec<_> = TABLES
        .map(table)
        .into_iter()
        .flat_map(|(letters, cases)| {
            let (case, _) = cases.into_iter().next().expect("a table has rows");
            let suite = case.trim_start_matches("world/").split("::").next().expect("a suite").to_owned();
            letters.into_iter().map(move |letter| (suite.clone(), letter))
        })
        .collect();
    let spoilers: Vec<_> = SPOILERS.iter().map(|(suite, letter, ..)| ((*suite).to_owned(), (*letter).to_owned())).collect();
    assert_eq!(spoilers, columns);
    let shipped = fs::read_dir("suites/world").expect("the suites are there").flatten().map(|entry| entry.path());
    let suites = shipped.filter(|path| fs::read_to_string(path).is_ok_and(|text| text.contains("\ncases:")));
    let names: BTreeSet<_> = suites.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned()).collect();
    assert_eq!(names, columns.into_iter().map(|(suite, _)| suite).collect());
}
