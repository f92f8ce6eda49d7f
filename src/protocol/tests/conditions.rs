//! What depends on what the agent told when it let us in: `only_if: {agent, turn_ended}`, `set`, ways to name a turn.

use super::build::{bound, event_of, events, frames};
use super::peer::{Door, Peer};
use super::turns::talk;
use crate::model::trace::{Blame, Cause};
use crate::protocol::{ConnectOptions, TurnRequest};
use serde_json::{Value, json};

/// The server says which version it speaks; version 3 wants more before a session begins.
fn versions() -> Value {
    json!({
        "settings": {"wanted": {"default": ["read", "write"]}},
        "rpc": {"send": {"id": "{{id}}", "method": "{{method}}", "params": "{{params?}}"}, "reply": {"id": "{{id}}"}, "result": "$.result", "error": "$.error"},
        "connect": [
            {"rpc": "hello", "save": {"version": "$.version", "scopes": "$.scopes"}},
            {"set": {"granted": "{{agent.scopes?}}"}, "only_if": {"agent": {"version": 4}}, "expect": {"granted": "{{wanted}}"}},
        ],
        "session": [{"rpc": "verbose", "only_if": {"agent": {"version": 3}}}],
        "actions": {"user": [
            {"set": {"run": "{{random.uuid}}"}},
            {"rpc": "say", "with": {"run": "{{turn.run}}", "text": "{{text}}"}},
        ]},
        "belongs": {"turn": [{"$.run": "{{turn.run}}"}, {"$.of.run": "{{turn.run}}"}]},
        "events": [
            {"when": {"kind": "old"}, "only_if": {"agent": {"version": 3}}, "text": "old"},
            {"when": {"kind": "new"}, "only_if": {"agent": {"version": 4}}, "text": "new"},
            {"when": {"kind": "failed"}, "only_if": {"turn_ended": false}, "error": "$.why", "turn.finished": "failed"},
            {"when": {"kind": "failed"}, "only_if": {"turn_ended": true}, "error": "$.why"},
        ],
    })
}

async fn serve(mut door: Door, version: u64, scopes: Value) {
    while let Some(frame) = door.next().await {
        let (id, run) = (frame["id"].clone(), frame["params"]["run"].clone());
        if frame["method"] == "say" {
            // Before the answer to the request that names the run.
            for kind in ["old", "new"] {
                door.say(json!({"of": {"run": run}, "kind": kind})).await;
            }
            door.say(json!({"run": "another", "kind": "failed", "why": "not mine"})).await;
        }
        door.say(json!({"id": id, "result": {"version": version, "scopes": scopes}})).await;
        if frame["method"] == "say" {
            door.say(json!({"run": run, "kind": "failed", "why": "first"})).await;
            door.say(json!({"run": run, "kind": "failed", "why": "second"})).await;
        }
    }
}

async fn check(version: u64, methods: &[&str], expected: &[&str]) {
    let peer = Peer::start(move |door: Door| serve(door, version, json!(["read", "write"]))).await;
    let (talk, recorder) = talk(versions(), &peer);
    talk.user(TurnRequest::new("main", "hi")).await.expect("the turn ends");
    event_of(&recorder, "error", 3).await;
    let of_turn = events(&recorder).into_iter().filter(|(_, turn, _)| turn.is_some());
    let told: Vec<_> =
        of_turn.map(|(.., event)| format!("{} {}", event.kind, event.fields.values().next().unwrap_or(&Value::Null))).collect();
    assert_eq!(told, expected);
    assert_eq!(bound(&recorder, "turn.run").len(), 1);
    // One answer for each request.
    assert_eq!(frames(&recorder).iter().filter(|frame| frame["result"].is_object()).count(), methods.len());
}

#[tokio::test]
async fn the_version_that_the_agent_speaks_decides() {
    let ends = [r#"error "first""#, r#"turn.finished "failed""#, r#"error "second""#];
    check(3, &["hello", "verbose", "say"], &[&[r#"text "old""#], ends.as_slice()].concat()).await;
    check(4, &["hello", "say"], &[&[r#"text "new""#], ends.as_slice()].concat()).await;
}

#[tokio::test]
async fn what_was_set_is_compared_with_what_was_wanted() {
    for (scopes, told) in [(json!([]), "got []"), (json!(["read"]), "got [\"read\"]"), (Value::Null, "granted")] {
        let peer = Peer::start(move |door: Door| serve(door, 4, scopes.clone())).await;
        let (talk, _) = talk(versions(), &peer);
        let error = talk.connect(None, ConnectOptions::default()).await.expect_err("it was granted too little");
        assert_eq!(error.cause, Cause::Broken(Blame::AgentStart));
        assert!(error.message.contains("granted") && error.message.contains(told), "{}", error.message);
    }
    let peer = Peer::start(|door: Door| serve(door, 4, json!([]))).await;
    let (talk, _) = talk(versions(), &peer);
    talk.connect(None, ConnectOptions { written: true, expected: true, ..ConnectOptions::default() })
        .await
        .expect("the step expects otherwise");
}
