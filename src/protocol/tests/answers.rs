//! The step `http`: answers that are frames, streams, or nothing of the kind.

use super::build::{bound, frames, records, shown};
use super::server::{Say, Server, json as answer, stream, talk, talk_with};
use crate::model::trace::{Blame, Cause, What};
use crate::protocol::TurnRequest;
use serde_json::{Value, json};
use std::time::Duration;

fn plain() -> Value {
    json!({
        "transport": "http",
        "actions": {
            "user": [{"http": {"method": "POST", "path": "/chat", "body": {"message": "{{text}}"}}, "save": {"run": ["$.body.runId", "$.body.run_id"]}}],
            "clear": [{"http": {"method": "DELETE", "path": "/chat"}}],
        },
        "events": [{"when": {"body": {"reply": {"present": true}}}, "text": "$.body.reply", "turn.finished": "completed"}],
    })
}

fn chat() -> Value {
    json!({
        "transport": "sse",
        "decode": "chat",
        "final": {"reduce": "chat"},
        "actions": {"user": [
            {"append": {"history": {"role": "user", "content": "{{text}}"}}},
            {"http": {"method": "POST", "path": "/chat", "body": {"messages": "{{history}}"}}},
            {"append": {"history": "{{answer}}"}},
        ]},
    })
}

fn chunk(delta: Value, finish: Value) -> String {
    format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}))
}

fn says(text: &str) -> Say {
    Say::Close(stream(&format!("{}{}data: [DONE]\n\n", chunk(json!({"content": text}), Value::Null), chunk(json!({}), json!("stop")))))
}

fn sent(recorder: &crate::recorder::Recorder) -> Vec<Value> {
    let of = |record: crate::model::trace::Record| match record.what {
        What::Sent { data, .. } => Some(data),
        _ => None,
    };
    records(recorder).into_iter().filter_map(of).collect()
}

#[tokio::test]
async fn an_answer_is_a_frame_and_what_it_saves_is_the_turns() {
    let server = Server::start(vec![answer(200, r#"{"reply": "Hello", "run_id": "r1"}"#)]).await;
    let (talk, recorder) = talk(plain(), &server);
    talk.user(TurnRequest::new("main", "hi")).await.expect("the turn ends");
    assert_eq!(shown(&recorder, "main"), [r#"text {"text":"Hello"}"#, r#"turn.finished {"status":"completed"}"#]);
    assert_eq!(sent(&recorder), [json!({"method": "POST", "path": "/chat", "body": {"message": "hi"}})]);
    let frame = &frames(&recorder)[0];
    assert_eq!(
        (&frame["status"], &frame["headers"]["content-type"], &frame["body"]["reply"]),
        (&json!(200), &json!("application/json"), &json!("Hello"))
    );
    assert_eq!(bound(&recorder, "turn.run"), [(Some("main".to_owned()), Some(0), json!("r1"))]);
}

#[tokio::test]
async fn a_step_that_is_no_turn_fails_with_the_agents_words() {
    let server = Server::start(vec![answer(409, r#"{"error": {"message": "busy"}}"#)]).await;
    let (talk, recorder) = talk(plain(), &server);
    let error = talk.act("clear", TurnRequest::new("main", Value::Null)).await.expect_err("it is refused");
    assert_eq!(error.cause, Cause::Agent);
    assert!(error.message.contains("do: clear: the agent refused `DELETE /chat`") && error.message.contains("busy"), "{}", error.message);
    assert!(shown(&recorder, "main").is_empty(), "a turn that nobody began cannot end");
}

#[tokio::test]
async fn a_frame_cannot_be_sent_and_the_fault_is_the_suites() {
    let server = Server::start(vec![]).await;
    let (talk, _) = talk(plain(), &server);
    let error = talk.send("main", crate::transports::Outgoing::Text("x".into())).await.expect_err("there is no connection");
    assert_eq!(error.cause, Cause::Broken(Blame::Suite));
    assert!(error.message.contains("no connection that takes frames"), "{}", error.message);
}

#[tokio::test]
async fn the_history_has_what_was_answered() {
    let server = Server::start(vec![says("Hello"), says("Bye")]).await;
    let (talk, recorder) = talk(chat(), &server);
    talk.user(TurnRequest::new("main", "hi")).await.expect("the turn ends");
    talk.user(TurnRequest::new("main", "go")).await.expect("the turn ends");
    let roles: Vec<_> = sent(&recorder)[1]["body"]["messages"].as_array().expect("a list").iter().map(|m| m["content"].clone()).collect();
    assert_eq!(roles, ["hi", "Hello", "go"]);
    let ends: Vec<_> = shown(&recorder, "main").into_iter().filter(|line| line.starts_with("turn.finished")).collect();
    assert_eq!(ends.len(), 2);
    assert!(ends[0].contains(r#""final":{"id":null,"object":"chat.completion""#), "{}", ends[0]);
}

#[tokio::test]
async fn a_json_answer_where_a_stream_was_asked_for_is_one_frame() {
    let body = json!({"choices": [{"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}]});
    let server = Server::start(vec![answer(200, &body.to_string())]).await;
    let (talk, recorder) = talk(chat(), &server);
    talk.user(TurnRequest::new("main", "hi")).await.expect("the turn ends");
    assert_eq!(frames(&recorder)[0]["status"], 200);
    assert_eq!(shown(&recorder, "main")[0], r#"text {"text":"Hi"}"#);
}

#[tokio::test]
async fn a_second_end_is_still_seen() {
    let value = json!({
        "transport": "sse",
        "actions": {"user": [{"http": {"path": "/chat"}}]},
        "events": [{"when": {"event": "done"}, "turn.finished": "completed"}],
    });
    let server = Server::start(vec![Say::Hold(stream("event: done\ndata: 1\n\nevent: done\ndata: 2\n\n"))]).await;
    let (talk, recorder) = talk(value, &server);
    talk.user(TurnRequest::new("main", "hi")).await.expect("the turn ends");
    assert_eq!(shown(&recorder, "main").len(), 2);
}

#[tokio::test]
async fn without_functions_a_message_that_asks_for_calls_ends_the_turn() {
    let call = json!({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "get", "arguments": "{}"}}]});
    let said = || Say::Close(stream(&format!("{}{}", chunk(call.clone(), Value::Null), chunk(json!({}), json!("tool_calls")))));
    let server = Server::start(vec![said()]).await;
    let (talk, recorder) = talk(chat(), &server);
    talk.user(TurnRequest::new("main", "hi")).await.expect("the turn ends");
    let lines = shown(&recorder, "main");
    assert_eq!(lines[0], r#"call.started {"id":"c","name":"get","args":{}}"#);
    assert!(lines[1].starts_with("turn.finished"), "{lines:?}");
}

#[tokio::test]
async fn a_turn_that_is_not_awaited_goes_on_meanwhile_and_can_be_cut() {
    let server = Server::start(vec![Say::Hold(stream(&chunk(json!({"content": "Hel"}), Value::Null)))]).await;
    let (talk, recorder) = talk(chat(), &server);
    talk.user(TurnRequest { wait: false, ..TurnRequest::new("main", "hi") }).await.expect("it is begun");
    super::build::event_of(&recorder, "text.delta", 1).await;
    talk.disconnect("main").await.expect("there is an answer to cut");
    assert_eq!(shown(&recorder, "main")[1..], [r#"turn.finished {"status":"aborted"}"#]);
    let error = talk.disconnect("main").await.expect_err("nothing is under way");
    assert_eq!(error.cause, Cause::Broken(Blame::Suite));
}

#[tokio::test]
async fn what_stops_a_turn_that_is_not_awaited_ends_it() {
    let server = Server::start(vec![Say::Hold(String::new())]).await;
    let (talk, recorder) = talk(chat(), &server);
    let request = TurnRequest { wait: false, within: Duration::from_millis(50), ..TurnRequest::new("main", "hi") };
    talk.user(request).await.expect("it is begun");
    super::build::event_of(&recorder, "turn.finished", 1).await;
    assert!(shown(&recorder, "main")[0].contains("no answer to `POST /chat` within 50ms"), "{:?}", shown(&recorder, "main"));
}

#[tokio::test]
async fn a_setting_may_fill_all_headers() {
    let mut value = plain();
    value["actions"]["user"][0]["http"]["headers"] = json!("{{more?}}");
    let server = Server::start(vec![answer(200, r#"{"reply": "a"}"#), answer(200, r#"{"reply": "b"}"#)]).await;
    let (talk, _) = talk_with(value, &server, |_| {});
    talk.user(TurnRequest::new("main", "hi")).await.expect("the turn ends");
    let with = json!({"more": {"x-one": 1, "x-none": null}}).as_object().cloned().expect("a mapping");
    talk.user(TurnRequest { with, ..TurnRequest::new("main", "hi") }).await.expect("the turn ends");
    let asked = server.asked();
    assert!(!asked[0].contains("x-one") && asked[1].contains("x-one: 1") && !asked[1].contains("x-none"), "{asked:?}");
}
