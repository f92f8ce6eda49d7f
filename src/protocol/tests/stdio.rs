//! One process for as long as the connection lasts.

use super::build::{approvals, bound, event_of, frames, problems, protocol, records, script, setup, shown};
use crate::model::agent::{Stop, StopSignal};
use crate::model::trace::{Blame, Cause, What};
use crate::protocol::{ConnectOptions, Conversation, Setup, TurnRequest};
use crate::recorder::Recorder;
use crate::transports::Outgoing;
use crate::transports::stdio::Launch;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_secs(10);

/// JSON-RPC with the field `jsonrpc`, and without it.
fn rpc(jsonrpc: bool) -> Value {
    let mut send = json!({"id": "{{id}}", "method": "{{method}}", "params": "{{params?}}"});
    if jsonrpc {
        send["jsonrpc"] = json!("2.0");
    }
    json!({
        "transport": "stdio",
        "rpc": {"send": send, "reply": {"id": "{{id}}", "method": {"absent": true}}, "result": "$.result", "error": "$.error"},
        "actions": {"user": [{"send": {"say": "{{text}}"}}], "decide": [{"send": {"id": "{{approval.id}}", "result": "{{approval.decision}}"}}]},
        "events": [
            {"when": {"method": "ping"}, "save": {"ping": "$.id"}, "reply": {"id": "{{session.ping}}", "result": "pong"}},
            {"when": {"method": "may_i"}, "approval.requested": {"id": "$.id", "command": "$.params"}},
            {"when": {"text": {"present": true}}, "text": "$.text"},
            {"when": {"done": true}, "turn.finished": "completed"},
        ],
    })
}

fn exits(recorder: &Recorder) -> Vec<(Option<i32>, Option<i32>)> {
    let exit = |record: crate::model::trace::Record| match record.what {
        What::Exit { code, signal } => Some((code, signal)),
        _ => None,
    };
    records(recorder).into_iter().filter_map(exit).collect()
}

fn runs(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).is_ok_and(|stat| !stat.contains(") Z "))
}

async fn gone(pid: &str) {
    let until = Instant::now() + SHORT;
    while runs(pid) {
        assert!(Instant::now() < until, "still there: {pid}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn one_process_serves_all_turns() {
    let (talk, recorder) = script(rpc(false), r#"while read -r line; do n=$((n+1)); echo "turn $n: $line"; echo '{"done": true}'; done"#);
    for text in ["a", "b"] {
        talk.user(TurnRequest::new("main", text)).await.expect("the turn ends");
    }
    let texts: Vec<_> = shown(&recorder, "main").into_iter().filter(|event| event.starts_with("text")).collect();
    assert_eq!(texts, [r#"text {"text":"turn 1: {\"say\":\"a\"}"}"#, r#"text {"text":"turn 2: {\"say\":\"b\"}"}"#]);
    talk.close().await;
    assert_eq!(exits(&recorder), [(Some(0), None)], "a process that ends with its input has a status of its own");
}

#[tokio::test]
async fn replies_find_their_requests_with_and_without_a_version() {
    for jsonrpc in [true, false] {
        // The server's own request has the id of ours.
        let answer = r#"read -r line; id=$(echo "$line" | sed 's/.*"id":"\([^"]*\)".*/\1/'); echo "{\"id\":\"$id\",\"method\":\"ping\"}";
            read -r pong; echo "{\"id\":\"$id\",\"result\":[\"$id\"]}"; echo "$pong" >&2; read -r end"#;
        let (talk, recorder) = script(rpc(jsonrpc), answer);
        let reply = talk.rpc("main", "initialize", Some(json!({"a": 1})), SHORT).await.expect("a reply");
        assert_eq!((reply.result, reply.error), (Some(json!(["r1"])), None));
        let sent =
            records(&recorder).into_iter().find_map(|record| if let What::Sent { data, .. } = record.what { Some(data) } else { None });
        assert_eq!(sent.expect("something was sent").get("jsonrpc").is_some(), jsonrpc);
        assert_eq!(bound(&recorder, "session.ping")[0].2, json!("r1"));
        talk.close().await;
    }
}

#[tokio::test]
async fn approvals_are_answered_over_the_same_lines() {
    let ask = r#"read -r line; echo '{"id":0,"method":"may_i","params":"gog send"}'; read -r answer; echo "{\"text\":$answer}"; echo '{"done":true}'; read -r end"#;
    let mut setup = setup(protocol(rpc(false)));
    approvals(&mut setup, &[(Some(json!({"command": {"starts_with": "gog "}})), true)]);
    setup.exec = Some(Launch { argv: ["/bin/sh", "-c", ask].map(str::to_owned).to_vec(), env: vec![], cwd: "/".into() });
    let (recorder, talk) = (setup.recorder.clone(), Conversation::new(setup));
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn ends");
    assert_eq!(frames(&recorder)[1], json!({"text": {"id": 0, "result": "accept"}}));
    assert_eq!(problems(&recorder), Vec::<String>::new());
}

#[tokio::test]
async fn every_kind_of_line_is_a_frame() {
    let (talk, recorder) =
        script(rpc(false), r#"read -r line; printf '{"a":1}\r\n[2]\nplain\n\n\377\376\nlast {' ; echo oops >&2; exit 7"#);
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn is ended");
    let expected = [json!({"a": 1}), json!([2]), json!({"text": "plain"}), json!({"bytes": "//4="}), json!({"text": "last {"})];
    assert_eq!(frames(&recorder), expected);
    let logs = records(&recorder).into_iter().filter(|record| matches!(&record.what, What::Log { line, .. } if line == "oops")).count();
    assert_eq!(logs, 1);
}

#[tokio::test]
async fn a_process_that_dies_in_the_middle_is_told_with_its_status_and_last_words() {
    let (talk, recorder) = script(rpc(false), "read -r line; echo 'out of luck' >&2; exit 3");
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn is ended");
    let expected = [
        r#"closed {"code":3,"reason":"exit 3: out of luck"}"#,
        r#"error {"source":"transport","code":3,"message":"the process ended before the end of the turn (exit 3: out of luck)"}"#,
        r#"turn.finished {"status":"failed"}"#,
    ];
    assert_eq!(shown(&recorder, "main"), expected);
    assert_eq!(exits(&recorder), [(Some(3), None)]);
    let error = talk.rpc("main", "x", None, SHORT).await.expect_err("nobody is there");
    assert!(error.message.contains("(exit 3: out of luck)"), "{}", error.message);
}

#[tokio::test]
async fn a_request_whose_process_is_killed_is_not_waited_for() {
    let (talk, recorder) = script(rpc(true), "read -r line; kill -KILL $$");
    let error = talk.rpc("main", "x", None, SHORT).await.expect_err("no reply");
    assert!(error.message.contains("signal 9") && error.cause == Cause::Agent, "{error:?}");
    assert_eq!(exits(&recorder), [(None, Some(9))]);
}

#[tokio::test]
async fn a_process_that_never_reads_holds_nobody() {
    let (talk, recorder) = script(rpc(false), "trap '' TERM; echo $$; while :; do sleep 1000; done");
    let big = "x".repeat(8 << 20);
    let began = Instant::now();
    let error =
        talk.user(TurnRequest { within: Duration::from_millis(300), ..TurnRequest::new("main", big) }).await.expect_err("nobody reads");
    assert!(error.message.contains("did not take a frame"), "{}", error.message);
    talk.close().await;
    gone(&frames(&recorder)[0].to_string()).await;
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[tokio::test]
async fn large_frames_go_both_ways_at_once() {
    let (talk, recorder) = script(rpc(false), r#"while read -r line; do echo "$line"; echo '{"done":true}'; done"#);
    let big = "y".repeat(3 << 20);
    talk.user(TurnRequest::new("main", big.clone())).await.expect("the turn ends");
    assert_eq!(frames(&recorder)[0]["say"].as_str().map(str::len), Some(big.len()), "a line is a message, however long");
}

#[tokio::test]
async fn a_flood_ends_the_process_and_the_turn() {
    for flood in ["yes", "yes '{\"done\": false, \"x\": [1,2,3,4,5,6,7,8,9]}'", "head -c 200000000 /dev/zero | tr '\\0' x"] {
        let (talk, recorder) = script(rpc(false), &format!("read -r line; {flood}; echo; sleep 1000"));
        talk.user(TurnRequest::new("main", "x")).await.expect("the turn is ended");
        let errors: Vec<_> = shown(&recorder, "main").into_iter().filter(|event| event.starts_with("error")).collect();
        assert!(errors.last().is_some_and(|error| error.contains("printed more than 64 MiB")), "{errors:?}");
        assert!(frames(&recorder).len() < 200_000);
    }
}

#[tokio::test]
async fn an_agent_that_does_not_answer_the_first_request_is_not_ready() {
    let mut protocol = rpc(true);
    protocol["connect"] = json!([{"rpc": "initialize"}]);
    for (behaves, says) in [
        ("sleep 1000", "the agent is not ready: no reply to `initialize` within 200ms"),
        ("echo 'Error: no config' >&2; exit 2", "exit 2: Error: no config"),
        (r#"read -r line; echo '{"id":"r1","error":{"code":-1,"message":"too old"}}'; sleep 1000"#, "too old"),
    ] {
        let (talk, _) = script(protocol.clone(), behaves);
        let options = ConnectOptions {
            within: Duration::from_millis(if says.contains("200ms") { 200 } else { 10_000 }),
            ..ConnectOptions::default()
        };
        match talk.connect(None, options).await {
            Ok(answer) => assert!(answer.to_string().contains(says), "{answer}"),
            Err(error) => assert!(error.message.starts_with(says) && error.cause == Cause::Broken(Blame::AgentStart), "{error:?}"),
        }
    }
}

#[tokio::test]
async fn a_program_that_is_missing_is_broken() {
    let exec = Launch { argv: vec!["no-such-program-here".to_owned()], env: vec![("PATH".into(), "/bin".into())], cwd: "/".into() };
    let talk = Conversation::new(Setup { exec: Some(exec), ..setup(protocol(rpc(false))) });
    let error = talk.connect(None, ConnectOptions::default()).await.expect_err("it cannot be started");
    assert!(error.message.contains("not on the agent's PATH") && error.cause == Cause::Broken(Blame::AgentStart), "{error:?}");
}

#[tokio::test]
async fn a_process_that_ignores_its_end_is_asked_and_then_killed() {
    let (mut asked, mut killed) = (setup(protocol(rpc(false))), setup(protocol(rpc(false))));
    let argv = |trap: &str| ["/bin/sh", "-c", trap].map(str::to_owned).to_vec();
    let stubborn = "trap '' TERM; sleep 1000 & echo $$ $!; while :; do wait; done";
    let polite = "trap 'echo bye; exit 0' TERM; sleep 1000 & echo $$ $!; wait";
    for (setup, script) in [(&mut asked, polite), (&mut killed, stubborn)] {
        setup.exec = Some(Launch { argv: argv(script), env: vec![("PATH".into(), "/usr/bin:/bin".into())], cwd: "/".into() });
        let mut agent = (*setup.agent).clone();
        agent.stop = Stop { signal: StopSignal::Term, grace: Duration::from_millis(300) };
        setup.agent = agent.into();
    }
    for (setup, polite) in [(asked, true), (killed, false)] {
        let (recorder, talk) = (setup.recorder.clone(), Conversation::new(setup));
        talk.send("main", Outgoing::Text("hi".into())).await.expect("sent");
        let line = recorder.wait(|records| {
            records.iter().find_map(|record| match &record.what {
                What::Frame { data, .. } => data["text"].as_str().map(str::to_owned),
                _ => None,
            })
        });
        let line = line.await;
        talk.close().await;
        for pid in line.split(' ') {
            gone(pid).await;
        }
        assert_eq!(frames(&recorder).contains(&json!({"text": "bye"})), polite);
        assert_eq!(exits(&recorder), [(None, None)]);
    }
}

#[tokio::test]
async fn a_new_connection_is_a_new_process() {
    let (talk, recorder) = script(rpc(false), r#"echo $$; while read -r line; do echo '{"done":true}'; done"#);
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn ends");
    talk.disconnect("main").await.expect("ended");
    let error = talk.user(TurnRequest::new("main", "y")).await.expect_err("closed");
    assert!(error.message.contains("closed by the suite"), "{}", error.message);
    talk.connect(None, ConnectOptions { written: true, ..ConnectOptions::default() }).await.expect("opened");
    talk.user(TurnRequest::new("main", "z")).await.expect("the turn ends");
    let pids: Vec<Value> = frames(&recorder).into_iter().filter(Value::is_number).collect();
    assert!(pids.len() == 2 && pids[0] != pids[1], "{pids:?}");
    gone(&pids[0].to_string()).await;
    drop(talk);
    gone(&pids[1].to_string()).await;
}

#[tokio::test]
async fn each_session_may_have_a_process_of_its_own() {
    let mut protocol = rpc(false);
    protocol["open"] = json!({"per": "session"});
    let (talk, recorder) = script(protocol, r#"while read -r line; do echo "{\"text\":\"$$\"}"; echo '{"done":true}'; done"#);
    for session in ["ana", "bob", "ana"] {
        talk.user(TurnRequest::new(session, "x")).await.expect("the turn ends");
    }
    event_of(&recorder, "turn.finished", 3).await;
    let (ana, bob) = (shown(&recorder, "ana"), shown(&recorder, "bob"));
    assert!(ana[0] == ana[2] && ana[0] != bob[0], "{ana:?} {bob:?}");
}
