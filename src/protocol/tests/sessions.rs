//! Several sessions at once, and to which of them a frame belongs.

use super::build::{bound, event_of, events, problems, protocol, records, setup, shown};
use super::peer::{Door, Peer};
use super::turns::{gateway, talk};
use crate::model::template::{Found, Scope};
use crate::model::trace::{Cause, What};
use crate::protocol::{Conversation, Setup, TurnRequest};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

fn no_wait(session: &str, text: &str) -> TurnRequest {
    TurnRequest { wait: false, ..TurnRequest::new(session, text) }
}

/// The text of each session, and how often its turns ended.
fn said(recorder: &crate::recorder::Recorder, session: &str) -> Vec<String> {
    shown(recorder, session).into_iter().filter(|event| event.starts_with("text ")).collect()
}

#[tokio::test]
async fn two_sessions_have_a_connection_each_and_stay_apart() {
    let go = Arc::new(Notify::new());
    let gate = go.clone();
    let peer = Peer::start(move |mut door: Door| {
        let gate = gate.clone();
        async move {
            while let Some(frame) = door.next().await {
                if frame["content"] == "slow" {
                    gate.notified().await;
                }
                door.say(json!({"type": "assistant_message", "payload": frame["sessionKey"]})).await;
                door.say(json!({"type": "turn_complete"})).await;
            }
        }
    })
    .await;
    let (talk, recorder) = talk(gateway(), &peer);
    assert_eq!(talk.user(no_wait("bob", "slow")).await, Ok(json!({"turn": 0})));
    assert_eq!(talk.user(TurnRequest::new("ana", "fast")).await, Ok(json!({"turn": 1})));
    assert_eq!(said(&recorder, "bob"), [""; 0]);
    go.notify_one();
    event_of(&recorder, "turn.finished", 2).await;
    assert_eq!(said(&recorder, "ana"), [r#"text {"text":"ana-case-1"}"#]);
    assert_eq!(said(&recorder, "bob"), [r#"text {"text":"bob-case-1"}"#]);
    let turns: Vec<_> = events(&recorder).into_iter().map(|(session, turn, _)| (session, turn)).collect();
    assert!(turns.iter().all(|(session, turn)| *turn == Some(usize::from(session == "ana"))), "{turns:?}");
    assert_eq!(peer.handshakes.lock().expect("unpoisoned").len(), 2);
}

#[tokio::test]
async fn a_key_given_by_a_step_is_sent() {
    let peer = Peer::start(|mut door: Door| async move {
        while let Some(frame) = door.next().await {
            door.say(json!({"type": "assistant_message", "payload": frame["sessionKey"]})).await;
            door.say(json!({"type": "turn_complete"})).await;
        }
    })
    .await;
    let (talk, recorder) = talk(gateway(), &peer);
    let with_key = |key: &str| TurnRequest { key: Some(key.to_owned()), ..TurnRequest::new("main", "x") };
    talk.user(with_key("plainkey")).await.expect("the turn ends");
    talk.user(TurnRequest::new("main", "again")).await.expect("the key stays");
    assert_eq!(said(&recorder, "main"), [r#"text {"text":"plainkey"}"#; 2]);
    assert_eq!(bound(&recorder, "session"), [(Some("main".to_owned()), None, json!("plainkey"))]);
    let other = talk.user(with_key("another")).await.expect_err("a session has one key");
    assert!(other.message.contains("already known by another key"), "{}", other.message);
}

/// One connection for all; frames name a run, whose id comes with the reply to the request that began it.
fn runs() -> Value {
    json!({
        "rpc": {"send": {"id": "{{id}}", "method": "{{method}}", "params": "{{params?}}"}, "reply": {"id": "{{id}}", "method": {"absent": true}}, "result": "$.result", "error": "$.error"},
        "session": [{"rpc": "open", "with": {"key": "{{session}}"}, "save": {"thread": "$.thread"}}],
        "actions": {
            "user": [{"rpc": "begin", "with": {"thread": "{{session.thread}}", "text": "{{text}}"}, "save": {"run_id": "$.run"}}],
            "abort": [{"rpc": "abort", "with": {"run": "{{turn.run_id}}", "why": "{{why?}}"}}],
        },
        "belongs": {"turn": {"$.run": "{{turn.run_id}}"}},
        "events": [
            {"when": {"kind": "text"}, "text": "$.text"},
            {"when": {"kind": "end"}, "turn.finished": "$.status"},
        ],
    })
}

async fn serve_runs(mut door: Door) {
    let mut waiting: Vec<String> = vec![];
    let mut count = 0;
    while let Some(frame) = door.next().await {
        let id = frame["id"].clone();
        match frame["method"].as_str().unwrap_or_default() {
            "open" => {
                door.say(json!({"id": id, "result": {"thread": format!("T-{}", frame["params"]["key"].as_str().unwrap_or_default())}}))
                    .await
            }
            "begin" => {
                count += 1;
                let run = format!("R{count}");
                // Its first event comes before the reply that names the run.
                door.say(json!({"run": run, "kind": "text", "text": frame["params"]["thread"]})).await;
                door.say(json!({"id": id, "result": {"run": run}})).await;
                waiting.push(run);
                if frame["params"]["text"] == "all" {
                    for run in waiting.drain(..).rev() {
                        door.say(json!({"run": run, "kind": "end", "status": "completed"})).await;
                    }
                }
            }
            "abort" => {
                door.say(json!({"run": frame["params"]["run"], "kind": "end", "status": "aborted"})).await;
                door.say(json!({"id": id, "result": {"aborted": true, "why": frame["params"]["why"]}})).await;
            }
            _ => door.say(json!({"id": id, "error": {"code": -32601, "message": "no such method"}})).await,
        }
    }
}

#[tokio::test]
async fn frames_on_one_connection_find_their_turn_by_its_id() {
    let peer = Peer::start(serve_runs).await;
    let (talk, recorder) = talk(runs(), &peer);
    talk.user(no_wait("ana", "one")).await.expect("begun");
    talk.user(no_wait("bob", "two")).await.expect("begun");
    talk.user(TurnRequest::new("ana", "all")).await.expect("ended");
    event_of(&recorder, "turn.finished", 3).await;
    let ends: Vec<_> = events(&recorder)
        .into_iter()
        .filter(|(.., event)| event.kind == "turn.finished")
        .map(|(session, turn, _)| (session, turn))
        .collect();
    assert_eq!(ends, [("ana".to_owned(), Some(2)), ("bob".to_owned(), Some(1)), ("ana".to_owned(), Some(0))]);
    assert_eq!(said(&recorder, "ana"), [r#"text {"text":"T-ana-case-1"}"#; 2]);
    assert_eq!(said(&recorder, "bob"), [r#"text {"text":"T-bob-case-1"}"#]);
    assert_eq!(bound(&recorder, "turn.run_id").len(), 3);
    assert_eq!(bound(&recorder, "session.thread").len(), 2);
    assert_eq!(peer.handshakes.lock().expect("unpoisoned").len(), 1);
}

#[tokio::test]
async fn the_scope_of_a_session_knows_its_own_values() {
    let peer = Peer::start(serve_runs).await;
    let (talk, _) = talk(runs(), &peer);
    talk.user(no_wait("ana", "one")).await.expect("begun");
    talk.user(no_wait("bob", "two")).await.expect("begun");
    let of = |session: &str, name: &str| match talk.scope(session).lookup(name) {
        Found::Value(value) => Some(value.into_owned()),
        _ => None,
    };
    assert_eq!(of("ana", "session"), Some(json!("ana-case-1")));
    assert_eq!(of("bob", "session.thread"), Some(json!("T-bob-case-1")));
    assert_eq!((of("ana", "turn.run_id"), of("bob", "turn.run_id")), (Some(json!("R1")), Some(json!("R2"))));
    assert_eq!((of("carl", "session"), of("carl", "turn.run_id"), of("ana", "text")), (Some(json!("carl-case-1")), None, None));
}

#[tokio::test]
async fn an_action_uses_what_the_turn_saved_and_what_the_step_gave() {
    let peer = Peer::start(serve_runs).await;
    let (talk, recorder) = talk(runs(), &peer);
    talk.user(no_wait("main", "one")).await.expect("begun");
    let with = [("why".to_owned(), json!("bored"))].into_iter().collect();
    let value = talk.act("abort", TurnRequest { with, ..TurnRequest::new("main", "") }).await;
    assert_eq!(value, Ok(json!({"result": {"aborted": true, "why": "bored"}})));
    assert!(shown(&recorder, "main").contains(&r#"turn.finished {"status":"aborted"}"#.to_owned()));
    let unknown = talk.act("abrot", TurnRequest::new("main", "")).await.expect_err("no such action");
    assert!(unknown.message.contains("no action `abrot`; it has user, abort"), "{}", unknown.message);
}

#[tokio::test]
async fn a_run_that_nobody_began_is_of_no_turn() {
    let peer = Peer::start(|mut door: Door| async move {
        door.next().await;
        door.say(json!({"id": "r1", "result": {"thread": "T"}})).await;
        door.next().await;
        door.say(json!({"id": "r2", "result": {"run": "mine"}})).await;
        door.say(json!({"run": "foreign", "kind": "end", "status": "failed"})).await;
        door.say(json!({"run": "mine", "kind": "end", "status": "completed"})).await;
        door.next().await;
    })
    .await;
    let (talk, recorder) = talk(runs(), &peer);
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn ends");
    let ends: Vec<_> = events(&recorder).into_iter().map(|(_, turn, event)| (turn, event.fields["status"].clone())).collect();
    assert_eq!(ends, [(None, json!("failed")), (Some(0), json!("completed"))]);
}

#[tokio::test]
async fn frames_find_their_session_by_what_it_saved() {
    let mut value = runs();
    value["belongs"] = json!({"session": {"$.thread": "{{session.thread}}"}});
    let peer = Peer::start(|mut door: Door| async move {
        let mut threads = vec![];
        while let Some(frame) = door.next().await {
            match frame["method"].as_str() {
                Some("open") => {
                    let thread = frame["params"]["key"].clone();
                    threads.push(thread.clone());
                    door.say(json!({"id": frame["id"], "result": {"thread": thread}})).await;
                }
                _ => {
                    door.say(json!({"id": frame["id"], "result": {"run": 1}})).await;
                    if threads.len() == 2 {
                        for thread in &threads {
                            door.say(json!({"thread": thread, "kind": "text", "text": thread})).await;
                            door.say(json!({"thread": thread, "kind": "end", "status": "completed"})).await;
                        }
                    }
                }
            }
        }
    })
    .await;
    let (talk, recorder) = talk(value, &peer);
    talk.user(no_wait("ana", "x")).await.expect("begun");
    talk.user(TurnRequest::new("bob", "x")).await.expect("ended");
    event_of(&recorder, "turn.finished", 2).await;
    assert_eq!(said(&recorder, "ana"), [r#"text {"text":"ana-case-1"}"#]);
    assert_eq!(said(&recorder, "bob"), [r#"text {"text":"bob-case-1"}"#]);
}

#[tokio::test]
async fn a_session_that_the_agent_refuses_fails_the_step() {
    let peer = Peer::start(|mut door: Door| async move {
        while let Some(frame) = door.next().await {
            door.say(json!({"id": frame["id"], "error": {"message": "no threads today"}})).await;
        }
    })
    .await;
    let (talk, recorder) = talk(runs(), &peer);
    let error = talk.user(TurnRequest::new("main", "x")).await.expect_err("refused");
    assert_eq!(error.cause, Cause::Agent);
    assert!(error.message.contains("refused `open`") && error.message.contains("no threads today"), "{}", error.message);
    assert!(!records(&recorder).iter().any(|record| matches!(record.what, What::TurnBegin { .. })));
}

#[tokio::test]
async fn a_turn_that_the_agent_refuses_has_failed() {
    let peer = Peer::start(|mut door: Door| async move {
        let frame = door.next().await.unwrap_or_default();
        door.say(json!({"id": frame["id"], "result": {"thread": "T"}})).await;
        let frame = door.next().await.unwrap_or_default();
        door.say(json!({"id": frame["id"], "error": {"code": "BUSY", "message": "try later"}})).await;
        door.next().await;
    })
    .await;
    let (talk, recorder) = talk(runs(), &peer);
    assert_eq!(talk.user(TurnRequest::new("main", "x")).await, Ok(json!({"turn": 0})));
    assert_eq!(
        shown(&recorder, "main"),
        [r#"error {"source":"agent","code":"BUSY","message":"try later"}"#, r#"turn.finished {"status":"failed"}"#]
    );
}

#[tokio::test]
async fn a_dead_shared_connection_ends_the_turns_of_all_its_sessions() {
    let peer = Peer::start(|mut door: Door| async move {
        for nth in 0..4 {
            let frame = door.next().await.unwrap_or_default();
            door.say(json!({"id": frame["id"], "result": {"thread": nth, "run": nth}})).await;
        }
        door.close(1012, "restart").await;
    })
    .await;
    let (talk, recorder) = talk(runs(), &peer);
    talk.user(no_wait("ana", "x")).await.expect("begun");
    talk.user(TurnRequest::new("bob", "x")).await.expect("ended by the close");
    for session in ["ana", "bob"] {
        let kinds: Vec<_> = shown(&recorder, session).iter().map(|event| event.split(' ').next().unwrap_or_default().to_owned()).collect();
        assert_eq!(kinds, ["closed", "error", "turn.finished"], "{session}");
    }
}

#[tokio::test]
async fn opening_a_session_is_done_once() {
    let peer = Peer::start(serve_runs).await;
    let (talk, recorder) = talk(runs(), &peer);
    talk.open_session("main", None, Duration::from_secs(5)).await.expect("opened");
    talk.open_session("main", None, Duration::from_secs(5)).await.expect("is open");
    assert_eq!(bound(&recorder, "session.thread").len(), 1);
    assert_eq!(problems(&recorder), [""; 0]);
}

#[tokio::test]
async fn settings_are_checked_before_anything_is_opened() {
    let value = json!({"settings": {"version": {"default": 4, "one_of": [3, 4]}}, "actions": {"user": []}});
    let with = |name: &str, setting: Value| {
        let settings = [(name.to_owned(), setting)].into();
        Conversation::new(Setup { settings, url: Some("ws://127.0.0.1:1".into()), ..setup(protocol(value.clone())) })
    };
    let error = with("version", json!(5)).user(TurnRequest::new("main", "x")).await.expect_err("not one of them");
    assert!(error.message.contains("must be one of 3, 4"), "{}", error.message);
    let error = with("vresion", json!(3)).user(TurnRequest::new("main", "x")).await.expect_err("no such setting");
    assert!(error.message.contains("did you mean `version`?"), "{}", error.message);
    let error = with("version", Value::Null).user(TurnRequest::new("main", "x")).await.expect_err("nobody listens");
    assert!(error.message.contains("connection refused"), "{}", error.message);
}
