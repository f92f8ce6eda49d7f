//! Requests and replies; the handshake; approvals.

use super::build::{approvals, bound, event_of, frames, problems, protocol, records, setup, shown};
use super::peer::{Door, Peer};
use super::turns::talk;
use crate::model::trace::{Blame, Cause, What};
use crate::protocol::{ConnectOptions, Conversation, Setup, TurnRequest};
use serde_json::{Value, json};
use std::time::Duration;

const SHORT: Duration = Duration::from_secs(10);

fn server() -> Value {
    json!({
        "settings": {"version": {"default": 4}},
        "rpc": {"send": {"type": "req", "id": "{{id}}", "method": "{{method}}", "params": "{{params?}}"}, "reply": {"type": "res", "id": "{{id}}"}, "result": "$.payload", "error": "$.error"},
        "actions": {"user": [{"send": {"type": "say", "text": "{{text}}"}}]},
        "events": [{"when": {"type": "res", "more": true}, "text": "$.payload.text"}, {"when": {"type": "end"}, "turn.finished": "completed"}],
    })
}

#[tokio::test]
async fn replies_out_of_order_find_their_requests() {
    let peer = Peer::start(|mut door: Door| async move {
        let (one, two) = (door.next().await.unwrap_or_default(), door.next().await.unwrap_or_default());
        for frame in [two, one] {
            door.say(json!({"type": "res", "id": frame["id"], "payload": frame["method"]})).await;
        }
        door.next().await;
    })
    .await;
    let (talk, recorder) = talk(server(), &peer);
    let (one, two) = tokio::join!(talk.rpc("main", "a", None, SHORT), talk.rpc("main", "b", Some(json!({"x": 1})), SHORT));
    assert_eq!((one.expect("a reply").result, two.expect("a reply").result), (Some(json!("a")), Some(json!("b"))));
    let sent = records(&recorder).into_iter().filter_map(|record| match record.what {
        What::Sent { data, .. } => Some(data),
        _ => None,
    });
    let sent: Vec<_> = sent.collect();
    assert_eq!(
        sent,
        [json!({"type": "req", "id": "r1", "method": "a"}), json!({"type": "req", "id": "r2", "method": "b", "params": {"x": 1}})]
    );
}

#[tokio::test]
async fn requests_of_the_server_with_the_same_ids_are_no_replies() {
    let peer = Peer::start(|mut door: Door| async move {
        let frame = door.next().await.unwrap_or_default();
        door.say(json!({"type": "req", "id": frame["id"], "method": "from_server"})).await;
        door.say(json!({"type": "res", "id": 1, "payload": "another's"})).await;
        door.say(json!({"type": "res", "id": frame["id"], "payload": "mine"})).await;
        door.next().await;
    })
    .await;
    let (talk, recorder) = talk(server(), &peer);
    let reply = talk.rpc("main", "a", None, SHORT).await.expect("a reply");
    assert_eq!(reply.result, Some(json!("mine")));
    assert_eq!(frames(&recorder).len(), 3);
    let frame = records(&recorder).into_iter().find(|record| record.n == reply.frame);
    assert!(matches!(frame.map(|record| record.what), Some(What::Frame { data, .. }) if data["payload"] == "mine"));
}

#[tokio::test]
async fn the_first_reply_answers_and_the_second_is_an_ordinary_frame() {
    let peer = Peer::start(|mut door: Door| async move {
        let frame = door.next().await.unwrap_or_default();
        door.say(json!({"type": "res", "id": frame["id"], "payload": {"text": "one"}, "more": true})).await;
        door.say(json!({"type": "res", "id": frame["id"], "payload": {"text": "two"}, "more": true})).await;
        door.next().await;
    })
    .await;
    let (talk, recorder) = talk(server(), &peer);
    let reply = talk.rpc("main", "agent", None, SHORT).await.expect("a reply");
    assert_eq!(reply.result, Some(json!({"text": "one"})));
    event_of(&recorder, "text", 2).await;
}

#[tokio::test]
async fn an_error_is_returned_and_a_null_error_is_none() {
    let peer = Peer::start(|mut door: Door| async move {
        for error in [json!({"code": "X"}), Value::Null] {
            let frame = door.next().await.unwrap_or_default();
            door.say(json!({"type": "res", "id": frame["id"], "error": error, "payload": 1})).await;
        }
        door.next().await;
    })
    .await;
    let (talk, _) = talk(server(), &peer);
    assert_eq!(talk.rpc("main", "a", None, SHORT).await.expect("a reply").error, Some(json!({"code": "X"})));
    assert_eq!(talk.rpc("main", "a", None, SHORT).await.expect("a reply").error, None);
}

#[tokio::test]
async fn no_reply_is_late_and_a_dead_peer_is_told_at_once() {
    let peer = Peer::start(|mut door: Door| async move {
        door.next().await;
        door.next().await;
        door.close(1001, "going away").await;
    })
    .await;
    let (talk, _) = talk(server(), &peer);
    let late = talk.rpc("main", "slow", None, Duration::from_millis(50)).await.expect_err("no reply");
    assert!(late.message.starts_with("no reply to `slow` within 50ms") && late.cause == Cause::Agent, "{}", late.message);
    let dead = talk.rpc("main", "dead", None, Duration::from_secs(600)).await.expect_err("closed");
    assert!(dead.message.contains("closed (code 1001: going away)"), "{}", dead.message);
    let still = talk.rpc("main", "dead", None, SHORT).await.expect_err("still closed");
    assert!(still.message.contains("code 1001"), "{}", still.message);
}

#[tokio::test]
async fn a_protocol_without_rpc_has_none() {
    let peer = Peer::start(|mut door: Door| async move { while door.next().await.is_some() {} }).await;
    let (talk, _) = talk(json!({"actions": {"user": []}}), &peer);
    let error = talk.rpc("main", "a", None, SHORT).await.expect_err("no rpc");
    assert_eq!(error.cause, Cause::Broken(Blame::Suite));
}

/// As `server`, with a challenge that must be awaited and a request that may be refused.
fn handshake() -> Value {
    let mut value = server();
    value["connect"] = json!([
        {"await": {"frame": {"event": "challenge"}}, "save": {"nonce": "$.nonce"}, "within": 5000},
        {"rpc": "connect", "with": {"version": "{{version}}", "nonce": "{{agent.nonce}}"}, "expect": {"result": {"scopes": {"has": "write"}}}, "save": {"granted": "$.scopes"}},
    ]);
    value
}

async fn welcome(mut door: Door) {
    door.say(json!({"event": "tick"})).await;
    door.say(json!({"event": "challenge", "nonce": "n1"})).await;
    while let Some(frame) = door.next().await {
        let reply = |payload: Value| json!({"type": "res", "id": frame["id"], "payload": payload});
        match (frame["method"].as_str(), frame["params"]["version"].as_i64()) {
            (Some("connect"), Some(4)) => door.say(reply(json!({"scopes": ["read", "write"], "nonce": frame["params"]["nonce"]}))).await,
            (Some("connect"), Some(2)) => door.say(reply(json!({"scopes": []}))).await,
            (Some("connect"), _) => {
                door.say(json!({"type": "res", "id": frame["id"], "error": {"code": "MISMATCH"}})).await;
                return door.close(1002, "protocol mismatch").await;
            }
            _ => door.say(json!({"type": "end"})).await,
        }
    }
}

fn version(version: i64) -> ConnectOptions {
    ConnectOptions { settings: [("version".to_owned(), json!(version))].into(), written: true, ..ConnectOptions::default() }
}

#[tokio::test]
async fn a_handshake_returns_its_result_and_saves_for_all() {
    let peer = Peer::start(welcome).await;
    let (talk, recorder) = talk(handshake(), &peer);
    let value = talk.connect(None, ConnectOptions::default()).await;
    assert_eq!(value, Ok(json!({"result": {"scopes": ["read", "write"], "nonce": "n1"}})));
    assert_eq!(bound(&recorder, "agent.granted"), [(None, None, json!(["read", "write"]))]);
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn ends");
    assert_eq!(peer.handshakes.lock().expect("unpoisoned").len(), 1);
}

#[tokio::test]
async fn a_refused_handshake_returns_error_and_close() {
    let peer = Peer::start(welcome).await;
    let (talk, recorder) = talk(handshake(), &peer);
    let value = talk.connect(None, version(3)).await;
    assert_eq!(value, Ok(json!({"error": {"code": "MISMATCH"}, "closed": {"code": 1002, "reason": "protocol mismatch"}})));
    assert_eq!(shown(&recorder, "main"), [r#"closed {"code":1002,"reason":"protocol mismatch"}"#]);
    let again = talk.connect(None, version(4)).await.expect("connected");
    assert!(again["result"].is_object(), "{again}");
}

#[tokio::test]
async fn an_answer_that_the_protocol_does_not_expect_is_broken_unless_the_step_expects() {
    let peer = Peer::start(welcome).await;
    let (talk, _) = talk(handshake(), &peer);
    let error = talk.connect(None, version(2)).await.expect_err("no scopes");
    assert_eq!(error.cause, Cause::Broken(Blame::AgentStart));
    assert!(error.message.contains("`connect`") && error.message.contains("result.scopes"), "{}", error.message);
    let value = talk.connect(None, ConnectOptions { expected: true, ..version(2) }).await;
    assert_eq!(value, Ok(json!({"result": {"scopes": []}})));
}

#[tokio::test]
async fn without_its_steps_a_connection_is_only_opened() {
    let peer = Peer::start(welcome).await;
    let (talk, recorder) = talk(handshake(), &peer);
    let value = talk.connect(None, ConnectOptions { handshake: false, written: true, ..ConnectOptions::default() }).await;
    assert_eq!(value, Ok(json!({})));
    assert!(!records(&recorder).iter().any(|record| matches!(record.what, What::Sent { .. })));
}

#[tokio::test]
async fn a_challenge_that_does_not_come_is_late_and_a_close_instead_is_told() {
    let peer = Peer::start(|mut door: Door| async move {
        match door.nth {
            0 => while door.next().await.is_some() {},
            _ => door.close(1013, "try again later").await,
        }
    })
    .await;
    let mut value = handshake();
    value["connect"][0]["within"] = json!(50);
    let (talk, _) = talk(value, &peer);
    let error = talk.connect(None, ConnectOptions::default()).await.expect_err("no challenge");
    assert!(error.message.contains("did not arrive within"), "{}", error.message);
    let value = talk.connect(None, ConnectOptions { written: true, ..ConnectOptions::default() }).await;
    assert_eq!(value, Ok(json!({"closed": {"code": 1013, "reason": "try again later"}})));
}

#[tokio::test]
async fn a_session_may_have_a_connection_of_its_own() {
    let peer = Peer::start(welcome).await;
    let (talk, _) = talk(handshake(), &peer);
    talk.connect(None, ConnectOptions::default()).await.expect("connected");
    talk.connect(Some("other"), version(4)).await.expect("connected");
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn ends");
    talk.user(TurnRequest::new("other", "x")).await.expect("the turn ends");
    assert_eq!(peer.handshakes.lock().expect("unpoisoned").len(), 2);
}

fn asking() -> Value {
    json!({
        "actions": {"user": [{"send": {"say": "{{text}}"}}], "decide": [{"send": {"id": "{{approval.id}}", "decision": "{{approval.decision}}"}}]},
        "approvals": {"accept": "allow-once", "decline": "deny"},
        "events": [
            {"when": {"ask": {"present": true}}, "approval.requested": {"id": "$.ask", "command": "$.command"}},
            {"when": {"decided": {"present": true}}, "text": "$.decided", "turn.finished": "completed"},
            {"when": {"method": "ping"}, "save": {"ping": "$.id"}, "reply": {"id": "{{session.ping}}", "pong": true}},
        ],
    })
}

/// Asks for an approval, and says what was decided.
async fn ask(mut door: Door) {
    let said = door.next().await.unwrap_or_default();
    door.say(json!({"ask": "a1", "command": said["say"]})).await;
    let answer = door.next().await.unwrap_or_default();
    door.say(json!({"decided": answer["decision"]})).await;
    door.next().await;
}

async fn decided(command: &str, rules: &[(Option<Value>, bool)]) -> (Vec<String>, Vec<String>) {
    let peer = Peer::start(ask).await;
    let mut setup = Setup { url: Some(peer.url.clone()), ..setup(protocol(asking())) };
    approvals(&mut setup, rules);
    let recorder = setup.recorder.clone();
    let talk = Conversation::new(setup);
    talk.user(TurnRequest::new("main", command)).await.expect("the turn ends");
    let texts = shown(&recorder, "main").into_iter().filter(|event| event.starts_with("text")).collect();
    (texts, problems(&recorder))
}

#[tokio::test]
async fn approvals_are_decided_by_the_first_rule_that_matches() {
    let rules = [(Some(json!({"command": {"starts_with": "gog "}})), true), (None, false)];
    assert_eq!(decided("gog get", &rules).await, (vec![r#"text {"text":"allow-once"}"#.to_owned()], vec![]));
    assert_eq!(decided("rm -rf", &rules).await, (vec![r#"text {"text":"deny"}"#.to_owned()], vec![]));
}

#[tokio::test]
async fn an_approval_without_a_rule_is_declined_and_a_problem() {
    let rules = [(Some(json!({"command": "other"})), true)];
    assert_eq!(decided("rm -rf", &rules).await, (vec![r#"text {"text":"deny"}"#.to_owned()], vec!["unanswered-approval".to_owned()]));
}

#[tokio::test]
async fn a_rule_may_reply_to_a_request_of_the_agent() {
    let peer = Peer::start(|mut door: Door| async move {
        door.next().await;
        door.say(json!({"method": "ping", "id": 7})).await;
        let pong = door.next().await.unwrap_or_default();
        door.say(json!({"decided": pong.to_string()})).await;
        door.next().await;
    })
    .await;
    let (talk, recorder) = talk(asking(), &peer);
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn ends");
    assert_eq!(shown(&recorder, "main")[0], r#"text {"text":"{\"id\":7,\"pong\":true}"}"#);
}
