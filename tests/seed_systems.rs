//! The seed systems as users have them: Dexter's realtime flow and codex app-server; each promise broken once.

#[expect(dead_code, reason = "other tests use the rest of it")]
mod program;

use program::project::{Project, Said};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;

const WALLETS: &str = include_str!("fixtures/exhibits/3-dexter-wallets.yaml");
const STEERING: &str = include_str!("fixtures/exhibits/5-codex-realtime.yaml");

/// A suite in a project with the rules by which this repository judges.
fn with(suite: &str) -> Project {
    let rules = include_str!("../checkride.yaml").split_once("\njudge:").expect("the project has rules").1;
    Project::with(suite).file("checkride.yaml", format!("suites: [s.yaml]\njudge:{rules}"))
}

/// The exhibit with one text changed.
fn changed(from: &str, to: &str) -> Project {
    assert_eq!(WALLETS.matches(from).count(), 1, "{from}");
    with(&WALLETS.replace(from, to))
}

#[test]
fn the_shipped_wallets_are_the_exhibit() {
    let shipped = std::fs::read_to_string("suites/dexter/wallets.yaml").expect("it is shipped");
    assert_eq!(shipped, WALLETS);
}

#[test]
fn the_wallets_exhibit_runs_as_it_stands() {
    with(WALLETS).run().means(0, &["2 of 2 statements judged", "1 passed"]);
}

/// Where nobody is named who judges, it is not green by chance.
#[test]
fn the_wallets_exhibit_alone_has_nobody_who_judges() {
    Project::with(WALLETS).run().means(3, &["warning[no-judge-model]", "the judge cannot be asked, so nothing was run"]);
}

#[test]
fn what_the_wallets_exhibit_asserts_can_fail() {
    for (from, to, says) in [
        ("value: ek_test", "value: ek_tesT", "authorization  expected \"Bearer ek_test\", got \"Bearer «api_key»\""),
        ("{headers: {cookie: sb-session=abc}}]}", "{headers: {cookie: sb-session=ab}}]}", "headers.cookie  expected \"sb-session=ab\""),
        ("output: 9", "output: 8", "total"),
        ("{text: You have one wallet called Main.}", "{text: You have none.}", "(?i)wallet"),
        ("{wallets: [{label: Main, address: 7xKX}]}", "{wallets: []}", "wallets"),
        ("one wallet called Main", "one wallet called Savings", "must \"Names every wallet that the tool returned.\" is not met"),
        ("called Main", "called Main; another called Savings", "must_not \"Names a wallet that the tool did not return.\" is met"),
    ] {
        changed(from, to).run().means(1, &["FAIL", says]);
    }
}

/// The trace of the only case, and what judging it again says.
fn recheck(project: &Project) -> (String, Said) {
    let trace = ".checkride/s.lists_managed_wallets.jsonl";
    let text = std::fs::read_to_string(project.path(trace)).expect("it was stored");
    (text, project.say(&["recheck", "--suite", "s.yaml", trace]))
}

#[test]
fn a_key_in_a_pattern_is_known_again_in_a_stored_trace_that_does_not_hold_it() {
    let project = with(WALLETS);
    project.run().means(0, &["1 passed"]);
    let (trace, said) = recheck(&project);
    said.means(0, &["1 passed"]);
    assert!(trace.contains("Bearer «api_key»") && !trace.contains("ek_test") && !trace.contains("sb-session=abc"), "{trace}");
    let project = project.file("s.yaml", WALLETS.replace("Bearer ek_test}", "Bearer ek_tesT}"));
    recheck(&project).1.means(1, &["expected \"Bearer ek_tesT\", got \"Bearer «api_key»\""]);
}

#[test]
fn a_key_in_a_pattern_is_known_by_each_word_for_texts() {
    for holds in ["{contains: ek_test}", "{ends_with: \" ek_test\"}", "{starts_with: Bearer ek_test}", "{one_of: [x, Bearer ek_test]}"] {
        changed("authorization: Bearer ek_test", &format!("authorization: {holds}")).run().means(0, &["1 passed"]);
    }
    for fails in ["{contains: ek_tast}", "{starts_with: ek_test}", "{not: Bearer ek_test}", "{not: {contains: ek_test}}"] {
        changed("authorization: Bearer ek_test", &format!("authorization: {fails}")).run().means(1, &["headers.authorization"]);
    }
}

#[test]
fn nothing_of_a_secret_that_the_suite_does_not_write_is_kept() {
    let project = changed("cookie: sb-session=abc}\nfakes", "cookie: \"{{env.THE_COOKIE}}\"}\nfakes");
    let going = project.begin_with(&["run", "--suites", "s.yaml"], &[("THE_COOKIE", "a-cookie-of-the-machine")]);
    going.end().means(1, &["headers.cookie  expected \"sb-session=abc\", got \"«cookie»\""]);
    let (trace, _) = recheck(&project);
    let hidden: Vec<_> = trace.lines().filter(|line| line.contains("\"hidden\"")).collect();
    assert!(hidden.len() == 1 && hidden[0].contains("api_key"), "{hidden:?}");
}

/// A Realtime provider whose client runs the functions.
fn functions(script: &str, expect: &str) -> Project {
    Project::with(&format!(
        "suite: S\nagent: {{protocol: openai-realtime, url: \"{{{{realtime.ws}}}}/v1/realtime\"}}\nfakes:\n  tools: {{functions: [{{name: add, when: {{a: 2}}, result: 5}}, {{name: add, when: {{a: 5}}, result: 8}}]}}\n  realtime: {{model: openai, script: [{script}]}}\ncases:\n  - name: a\n    timeout: 10s\n    prompt: Add\n    expect: {expect}\n"
    ))
}

#[test]
fn functions_are_called_response_after_response() {
    let script = "{tool_call: {name: add, args: {a: 2}}}, {tool_call: {name: add, args: {a: 5}}}, It is 8";
    let expect = "{reply: It is 8, calls: {exactly: [{call: add, result: 5}, {call: add, args: {a: 5}, result: 8}]}}";
    functions(script, expect).run().means(0, &["1 passed"]);
}

#[test]
fn a_message_beside_a_function_call_does_not_end_the_turn() {
    let script = "[{text: Let me see.}, {tool_call: {name: add, args: {a: 2}}}], It is 5";
    let expect = "{reply: It is 5, at: {$.text: \"Let me see.\\nIt is 5\"}, frames: {realtime: {count: 5}}}";
    functions(script, expect).run().means(0, &["1 passed"]);
}

#[test]
fn a_function_that_no_row_answers_fails_the_case() {
    functions("{tool_call: {name: add, args: {a: 3}}}, It is 6", "{reply: It is 6}").run().means(1, &["add"]);
    functions("{tool_call: {name: sub, args: {a: 2}}}, It is 6", "{reply: It is 6}").run().means(1, &["sub"]);
}

/// A suite of the named agent `dexter`, whose realtime half is a fake.
fn dexter() -> Project {
    let suite = "suite: S\nagent: {base: dexter, url: \"{{realtime.ws}}/v1/realtime\"}\nfakes: {realtime: {model: openai, script: [Hello]}}\nvars: {granted: gpt-realtime-2}\ncases:\n  - name: a\n    prompt: Hi\n    expect: {reply: Hello, requests: {realtime: [{query: {model: \"{{granted}}\"}}]}}\n";
    Project::with(suite).file("checkride.yaml", include_str!("../checkride.yaml")).file("suites/none.txt", "")
}

/// A frontend that mints one key for `gpt-realtime-2`, and gives the request it got.
fn frontend() -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let origin = format!("http://{}", listener.local_addr().expect("it is bound"));
    let asked = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("somebody comes");
        let mut reader = BufReader::new(stream);
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a head is sent");
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a number");
            }
            head += &line;
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("a body is sent");
        let answer = r#"{"model": "gpt-realtime-2", "client_secret": {"value": "ek_of_the_frontend"}}"#;
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
        reader.get_mut().write_all(answer.as_bytes()).expect("it is read");
        head + &String::from_utf8(body).expect("it is JSON")
    });
    (origin, asked)
}

#[test]
fn without_credentials_the_variables_to_set_are_named() {
    let says = [
        "none of the environment variables `HARNESS_COOKIE`, `HARNESS_AUTHORIZATION` is set",
        "set `HARNESS_COOKIE` or",
        "needs_env: [HARNESS_COOKIE, HARNESS_AUTHORIZATION]",
    ];
    dexter().run().means(2, &says);
    dexter().begin_with(&["run", "--suites", "s.yaml"], &[("HARNESS_COOKIE", "")]).end().means(2, &says);
}

#[test]
fn the_harness_variables_reach_the_frontend() {
    let (origin, asked) = frontend();
    let env = [
        ("HARNESS_FRONTEND_ORIGIN", origin.as_str()),
        ("HARNESS_SESSION_PATH", "/custom/sessions?x=1"),
        ("HARNESS_AUTHORIZATION", "Bearer of-the-user"),
    ];
    dexter().begin_with(&["run", "--suites", "s.yaml"], &env).end().means(0, &["1 passed"]);
    let asked = asked.join().expect("the frontend does not panic");
    for part in ["POST /custom/sessions?x=1 HTTP/1.1\r\n", "authorization: Bearer of-the-user\r\n", "{\"model\":\"gpt-realtime\"}"] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
    assert!(!asked.contains("cookie"), "{asked}");
}

#[test]
fn a_model_that_is_named_is_the_one_that_is_opened() {
    let (origin, asked) = frontend();
    let env = [("HARNESS_FRONTEND_ORIGIN", origin.as_str()), ("HARNESS_COOKIE", "sb=of-the-user"), ("HARNESS_MODEL", "gpt-realtime-mini")];
    let arguments = ["run", "--suites", "s.yaml", "--var", "granted=gpt-realtime-mini"];
    dexter().begin_with(&arguments, &env).end().means(0, &["1 passed"]);
    let asked = asked.join().expect("the frontend does not panic");
    assert!(asked.contains("POST /api/realtime/sessions ") && asked.contains("cookie: sb=of-the-user\r\n"), "{asked}");
    assert!(asked.contains("{\"model\":\"gpt-realtime-mini\"}") && !asked.contains("authorization"), "{asked}");
}

#[test]
fn a_turn_may_take_as_long_as_the_harness_allows() {
    let suite = "suite: S\nagent: {base: dexter, url: \"{{realtime.ws}}/v1/realtime\", settings: {session_url: null}}\nfakes: {realtime: {model: openai, script: [[{gate: never}, {text: Hello}]]}}\ncases:\n  - {name: a, prompt: Hi, expect: {reply: Hello}}\n";
    let project = dexter().file("s.yaml", suite);
    let env = |timeout| [("HARNESS_COOKIE", "sb=of-the-user"), ("HARNESS_TIMEOUT_MS", timeout)];
    project.begin_with(&["run", "--suites", "s.yaml"], &env("150")).end().means(1, &["150ms"]);
    project.begin_with(&["run", "--suites", "s.yaml"], &env("soon")).end().means(2, &["`soonms` is not a duration"]);
}

/// The realtime harness ran one scenario by its name, and kept the events of each.
#[test]
fn one_scenario_is_selected_and_its_event_log_is_stored() {
    let project = with(include_str!("../suites/dexter/realtime.yaml"));
    let said = project.say(&["run", "a_tool_that_fails"]);
    said.means(0, &["1 passed"]);
    assert!(!said.text.contains("answered with status 200"), "an answer that was accepted is no news: {said:?}");
    let stored: Vec<_> = std::fs::read_dir(project.path(".checkride"))
        .expect("traces are stored")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".jsonl"))
        .collect();
    assert_eq!(stored, ["s.a_tool_that_fails_is_a_result.jsonl"]);
    let trace = format!(".checkride/{}", stored[0]);
    let log = std::fs::read_to_string(project.path(&trace)).expect("it was stored");
    for event in ["session.created", "response.create", "response.output_item.done", "response.output_text.delta", "response.done"] {
        assert!(log.contains(&format!("\"{event}\"")), "{event} in {log}");
    }
    assert!(!log.contains("answered with status"), "{log}");
    project.say(&["show", &trace]).means(0, &["wallets.list", "I may not look."]);
    project.say(&["recheck", "--suite", "s.yaml", &trace]).means(0, &["1 passed"]);
}

/// Whether the real codex of a release that the exhibit is for can be run.
fn codex() -> bool {
    let out = std::process::Command::new("codex").arg("--version").output();
    let version = out.map(|out| String::from_utf8_lossy(&out.stdout).into_owned()).unwrap_or_default();
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    let fits = minor.is_some_and(|minor| (120..125).contains(&minor));
    if !fits {
        eprintln!("skipped: `codex` 0.120 to 0.124 is not installed (found {version:?})");
    }
    fits
}

#[test]
fn the_steering_exhibit_runs_as_it_stands() {
    if codex() {
        Project::with(STEERING).run().means(0, &["1 passed"]);
    }
}

#[test]
fn what_the_steering_exhibit_asserts_can_fail() {
    if !codex() {
        return;
    }
    let wrong = STEERING.replace("output: \"\\\"Agent Final Message\\\"", "output: \"\\\"Agent Last Message\\\"");
    assert_ne!(wrong, STEERING);
    let wrong = wrong.replace("fake: sideband, index: 1}", "fake: sideband, index: 1}\n        within: 5s");
    Project::with(&wrong).run().means(1, &["conversation.item.create"]);
    let wrong = STEERING.replace("body: {contains: steer the active task}", "body: {contains: steer another task}");
    Project::with(&wrong).run().means(1, &["steer another task"]);
}

/// The exhibits that are tested here are those that were agreed on, if they can be seen.
#[test]
fn the_sixteen_tests_of_the_seed_are_there() {
    let suite = std::fs::read_to_string(Path::new("suites/codex/realtime.yaml")).expect("it is shipped");
    for number in 1..=16 {
        assert_eq!(suite.matches(&format!("- name: {number:02} ")).count(), 1, "{number}");
    }
}
