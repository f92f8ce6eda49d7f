//! Calls that the client runs.

use super::build::{problems, protocol, records, setup, shown};
use super::peer::{Door, Peer};
use crate::model::tool::{FunctionCall, FunctionResult};
use crate::model::trace::What;
use crate::protocol::{Conversation, Functions, TurnRequest};
use crate::recorder::Recorder;
use serde_json::{Value, json};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// `add` adds, `slow` takes a while, `bad` fails; there is nothing else.
struct Sums;

impl Functions for Sums {
    fn has(&self, name: &str) -> bool {
        ["add", "slow", "bad"].contains(&name)
    }

    fn run(&self, call: FunctionCall) -> Pin<Box<dyn Future<Output = FunctionResult> + Send + '_>> {
        Box::pin(async move {
            if call.name == "slow" {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let sum = call.args["a"].as_i64().unwrap_or(0) + call.args["b"].as_i64().unwrap_or(0);
            FunctionResult { value: json!({"sum": sum}), failed: call.name == "bad" || !self.has(&call.name) }
        })
    }
}

fn realtime() -> Value {
    json!({
        "actions": {
            "user": [{"send": {"say": "{{text}}", "tools": "{{tools?}}"}}],
            "answer": [{"send": {"output": "{{call.id}}", "of": "{{call.name}}", "result": "{{call.result|json}}", "failed": "{{call.failed}}"}}],
            "answered": [{"send": {"go": "on"}}],
        },
        "events": [
            {"when": {"type": "calls"}, "for_each": "$.calls[*]", "call.started": {"id": "$.id", "name": "$.name", "args": "$.args", "by": "$.by"}},
            {"when": {"type": "ran"}, "call.started": {"id": "$.id", "name": "$.name", "args": "$.args"}, "call.finished": {"id": "$.id", "result": "$.result"}},
            {"when": {"type": "end"}, "text": "$.text", "turn.finished": "completed"},
        ],
    })
}

/// Carries out one turn with a peer that says these frames, then reads so many, and ends the turn with them.
async fn turn(protocol_file: Value, frames: Vec<Value>, awaited: usize) -> (Vec<Value>, Recorder) {
    let peer = Peer::start(move |mut door: Door| {
        let frames = frames.clone();
        async move {
            door.next().await;
            for frame in frames {
                door.say(frame).await;
            }
            let mut heard = Vec::new();
            while heard.len() < awaited {
                heard.extend(door.next().await);
            }
            door.say(json!({"type": "end", "text": "bye"})).await;
            door.next().await;
        }
    })
    .await;
    let mut setup = setup(protocol(protocol_file));
    setup.url = Some(peer.url.clone());
    setup.functions = Some(Arc::new(Sums));
    setup.tools = Some(json!(["tools"]));
    let recorder = setup.recorder.clone();
    let talk = Conversation::new(setup);
    talk.user(TurnRequest::new("main", "hi")).await.expect("the turn ends");
    talk.close().await;
    let sent = |what: What| if let What::Sent { data, .. } = what { Some(data) } else { None };
    (records(&recorder).into_iter().filter_map(|record| sent(record.what)).collect(), recorder)
}

fn calls(calls: Value) -> Value {
    json!({"type": "calls", "calls": calls})
}

#[tokio::test]
async fn the_calls_of_one_frame_are_answered_each_and_then_the_message() {
    let asked = calls(
        json!([{"id": "c1", "name": "slow", "args": {"a": 1}}, {"id": "c2", "name": "add", "args": "{\"a\": 2, \"b\": 3}"}, {"id": "c3", "name": "bad", "args": {}}]),
    );
    let (sent, recorder) = turn(realtime(), vec![asked], 4).await;
    let output = |id: &str, of: &str, sum: u64, failed: bool| json!({"output": id, "of": of, "result": format!("{{\"sum\":{sum}}}"), "failed": failed});
    let expected = [
        json!({"say": "hi", "tools": ["tools"]}),
        output("c2", "add", 5, false),
        output("c3", "bad", 0, true),
        output("c1", "slow", 1, false),
        json!({"go": "on"}),
    ];
    assert_eq!(sent, expected);
    let ends: Vec<_> = shown(&recorder, "main").into_iter().filter(|event| event.starts_with("call.finished")).collect();
    assert_eq!(ends[0], r#"call.finished {"id":"c2","result":{"sum":5},"status":"ok"}"#);
    assert_eq!(ends[1], r#"call.finished {"id":"c3","result":{"sum":0},"status":"error"}"#);
}

#[tokio::test]
async fn what_the_agent_runs_itself_is_left_alone() {
    let frames = vec![
        json!({"type": "ran", "id": "m1", "name": "add", "args": {}, "result": 7}),
        calls(json!([{"id": "m2", "name": "add", "args": {}, "by": "agent"}, {"id": "m3", "name": "other", "args": {}}])),
        calls(json!([{"id": "c1", "name": "add", "args": {}}])),
    ];
    let (sent, _) = turn(realtime(), frames, 2).await;
    let outputs: Vec<_> = sent.iter().filter_map(|frame| frame.get("output")).collect();
    assert_eq!(outputs, ["c1"]);
}

#[tokio::test]
async fn a_call_that_is_the_clients_is_run_also_if_nobody_has_it() {
    let (sent, _) = turn(realtime(), vec![calls(json!([{"id": "c1", "name": "other", "args": {}, "by": "client"}]))], 2).await;
    assert_eq!((&sent[1]["output"], &sent[1]["failed"]), (&json!("c1"), &json!(true)));
}

#[tokio::test]
async fn a_call_is_run_once_and_only_when_its_arguments_are_there() {
    let frames = vec![
        calls(json!([{"id": "c1", "name": "add"}])),
        calls(json!([{"id": "c1", "args": {"a": 4}}])),
        calls(json!([{"id": "c1", "name": "add", "args": {"a": 4}}])),
        calls(json!([{"id": "c2", "name": "slow", "args": {}}])),
    ];
    let (sent, _) = turn(realtime(), frames, 4).await;
    let outputs: Vec<_> = sent.iter().filter_map(|frame| frame.get("output")).collect();
    assert_eq!(outputs, ["c1", "c2"]);
    assert_eq!(sent[1]["result"], "{\"sum\":4}");
}

#[tokio::test]
async fn lists_filled_by_answers_are_of_one_message() {
    let mut file = realtime();
    file["actions"]["answer"] = json!([{"append": {"results": {"id": "{{call.id}}"}}}]);
    file["actions"]["answered"] = json!([{"send": {"results": "{{results}}"}}]);
    let frames = vec![
        calls(json!([{"id": "c1", "name": "slow", "args": {}}, {"id": "c2", "name": "add", "args": {}}])),
        calls(json!([{"id": "c3", "name": "add", "args": {}}])),
    ];
    let (sent, _) = turn(file, frames, 2).await;
    assert_eq!(sent[1..], [json!({"results": [{"id": "c2"}, {"id": "c1"}]}), json!({"results": [{"id": "c3"}]})]);
}

#[tokio::test]
async fn an_answer_that_cannot_be_sent_is_a_problem_of_its_own() {
    let mut file = realtime();
    file["actions"]["answer"] = json!([{"send": {"output": "{{call.nobody}}", "x": "{{nobody}}"}}]);
    let (_, recorder) = turn(file, vec![calls(json!([{"id": "c1", "name": "add", "args": {}}]))], 0).await;
    assert_eq!(problems(&recorder), ["answer-failed"]);
}
