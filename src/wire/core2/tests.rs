//! Each rule of the reducer, with what breaks it.

use super::Reducer;
use serde_json::{Value, json};

fn event(kind: &str, payload: Value) -> Value {
    json!({"type": kind, "payload": payload})
}

fn start() -> Value {
    event(
        "response_start",
        json!({"response_id": "r1", "turn_id": "t1", "thread_id": "h1", "model_id": "m", "provider_id": "openai", "created_at": 5}),
    )
}

fn open(id: &str, kind: &str) -> Value {
    event("item_start", json!({"item_id": id, "item_type": kind}))
}

fn delta(id: &str, text: &str) -> Value {
    event("item_delta", json!({"item_id": id, "delta_content": text}))
}

fn done(id: &str, item: Value) -> Value {
    event("item_done", json!({"item_id": id, "final_item": item}))
}

fn end(status: &str) -> Value {
    event("response_done", json!({"response_id": "r1", "status": status, "finish_reason": "stop"}))
}

fn reduced(strict: bool, events: &[Value]) -> Value {
    let mut reducer = Reducer::new(strict);
    events.iter().for_each(|event| reducer.apply(event));
    reducer.snapshot().unwrap_or_default()
}

fn contents(response: &Value) -> Vec<&str> {
    response["output_items"].as_array().unwrap().iter().map(|item| item["content"].as_str().unwrap_or("?")).collect()
}

fn breaks(events: &[Value]) {
    let response = reduced(false, events);
    assert_eq!((&response["status"], &response["error"]["code"]), (&json!("error"), &json!("STREAM_SEQUENCE_ERROR")), "{response}");
    assert_eq!(response["finish_reason"], "stream_error");
}

#[test]
fn a_start_makes_a_snapshot_in_progress() {
    let response = reduced(true, &[start()]);
    assert_eq!((&response["id"], &response["turn_id"], &response["created_at"]), (&json!("r1"), &json!("t1"), &json!(5)));
    assert_eq!((&response["status"], &response["output_items"]), (&json!("in_progress"), &json!([])));
    assert!(Reducer::default().snapshot().is_none(), "nothing came, so there is nothing");
}

#[test]
fn anything_but_a_heartbeat_before_the_start_is_an_error() {
    breaks(&[open("a", "message"), start(), end("complete")]);
    breaks(&[end("complete")]);
    assert_eq!(reduced(true, &[event("heartbeat", json!({})), start()])["status"], "in_progress");
}

#[test]
fn a_second_start_changes_nothing() {
    let again = event("response_start", json!({"response_id": "r2"}));
    let response = reduced(true, &[start(), open("a", "message"), delta("a", "x"), again, end("complete")]);
    assert_eq!((&response["id"], &response["status"]), (&json!("r1"), &json!("complete")));
    assert_eq!(contents(&response), ["x"]);
}

#[test]
fn an_event_is_applied_once_by_its_id() {
    let mut twice = delta("a", "x");
    twice["event_id"] = "e1".into();
    assert_eq!(contents(&reduced(true, &[start(), open("a", "message"), twice.clone(), twice.clone()])), ["x"]);
    let mut other = twice.clone();
    other["event_id"] = "e2".into();
    assert_eq!(contents(&reduced(true, &[start(), open("a", "message"), twice, other])), ["xx"]);
}

#[test]
fn a_whole_run_again_changes_nothing() {
    let mut events =
        vec![start(), open("a", "message"), delta("a", "x"), done("a", json!({"type": "message", "content": "x"})), end("complete")];
    for (n, event) in events.iter_mut().enumerate() {
        event["event_id"] = format!("e{n}").into();
    }
    let once = reduced(true, &events);
    assert_eq!(once, reduced(true, &[events.clone(), events].concat()));
}

#[test]
fn texts_are_visible_while_they_grow_and_calls_when_they_are_whole() {
    let mut events = vec![start(), open("a", "message"), delta("a", "Hel"), open("c", "function_call"), delta("c", "{")];
    assert_eq!(contents(&reduced(true, &events)), ["Hel"]);
    events.push(done("c", json!({"type": "function_call", "name": "f", "arguments": "{}", "call_id": "c1"})));
    let response = reduced(true, &events);
    assert_eq!(response["output_items"][1], json!({"id": "c", "type": "function_call", "name": "f", "arguments": "{}", "call_id": "c1"}));
}

#[test]
fn the_final_item_wins_over_the_deltas_and_keeps_its_place() {
    let last = json!({"type": "message", "content": "final"});
    let events = [start(), open("a", "message"), open("b", "reasoning"), delta("a", "draft"), delta("b", "hm"), done("a", last)];
    assert_eq!(contents(&reduced(true, &events)), ["final", "hm"]);
}

#[test]
fn a_delta_or_an_end_without_its_start_is_an_error_that_stays() {
    breaks(&[start(), delta("a", "x")]);
    breaks(&[start(), done("a", json!({"type": "message"})), end("complete")]);
    let late = [start(), open("a", "message"), done("a", json!({"content": "x"})), delta("a", "y"), open("b", "message"), end("complete")];
    breaks(&late);
    assert_eq!(reduced(false, &late)["output_items"], json!([]), "the item is gone, and later ones are ignored");
}

#[test]
fn an_item_that_fails_stands_at_the_end_as_an_error() {
    let error = event("item_error", json!({"item_id": "a", "error": {"code": "E", "message": "no"}}));
    let response = reduced(true, &[start(), open("a", "message"), open("b", "message"), error]);
    assert_eq!(response["output_items"][1], json!({"id": "a", "type": "error", "code": "E", "message": "no"}));
    let cancelled = event("item_cancelled", json!({"item_id": "a", "reason": "why"}));
    let response = reduced(true, &[start(), open("a", "message"), cancelled]);
    assert_eq!(response["output_items"], json!([{"id": "a", "type": "cancelled", "reason": "why"}]));
}

#[test]
fn an_end_tells_status_reason_and_usage() {
    let mut last = end("incomplete");
    last["payload"]["usage"] = json!({"prompt_tokens": 10, "completion_tokens": 3});
    let response = reduced(true, &[start(), last]);
    assert_eq!((&response["status"], &response["finish_reason"]), (&json!("incomplete"), &json!("stop")));
    assert_eq!(response["usage"], json!({"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13}));
    assert!(reduced(true, &[start(), end("complete")]).get("usage").is_none());
}

#[test]
fn an_error_keeps_the_items_and_no_end_clears_it() {
    let error = event("response_error", json!({"response_id": "r1", "error": {"code": "overloaded", "message": "later"}}));
    let response = reduced(true, &[start(), open("a", "message"), delta("a", "half"), error, end("complete")]);
    assert_eq!((&response["status"], &response["error"]["code"]), (&json!("error"), &json!("overloaded")));
    assert_eq!(contents(&response), ["half"]);
    let aborted = event("turn_aborted_by_user", json!({"turn_id": "t1", "reason": "stop"}));
    assert_eq!(reduced(true, &[start(), aborted, end("complete")])["status"], "aborted");
}

#[test]
fn the_latest_timestamp_counts() {
    let at = |time: u64| json!({"type": "heartbeat", "timestamp": time, "payload": {}});
    assert_eq!(reduced(true, &[start(), at(7), at(9), at(8)])["updated_at"], 9);
}

#[test]
fn a_stream_without_an_end_is_incomplete_with_what_it_said() {
    let mut reducer = Reducer::new(true);
    [start(), open("a", "message"), delta("a", "half")].iter().for_each(|event| reducer.apply(event));
    assert!(!reducer.is_over());
    reducer.close();
    let response = reducer.snapshot().unwrap();
    assert_eq!((&response["status"], &response["finish_reason"]), (&json!("incomplete"), &json!("stream_truncated")));
    assert_eq!(contents(&response), ["half"]);
    reducer.apply(&end("complete"));
    let mut whole = Reducer::new(true);
    [start(), end("complete")].iter().for_each(|event| whole.apply(event));
    whole.close();
    assert_eq!(whole.snapshot().unwrap()["status"], "complete", "an end that came is the end");
}

#[test]
fn what_is_no_event_is_noted_or_with_strict_an_error() {
    for (what, code) in [
        (json!("{not-json"), "MALFORMED_CHUNK"),
        (json!({"x": 1}), "MALFORMED_CHUNK"),
        (event("no_such_event", json!({})), "UNKNOWN_EVENT"),
        (event("item_start", json!({"item_id": "a"})), "INVALID_EVENT"),
        (event("item_delta", json!({"delta_content": "x"})), "INVALID_EVENT"),
    ] {
        let events = [start(), what.clone(), open("b", "message"), delta("b", "after"), end("complete")];
        let lenient = reduced(false, &events);
        assert_eq!((&lenient["status"], contents(&lenient)), (&json!("complete"), vec!["after"]), "{what}");
        let strict = reduced(true, &events);
        assert_eq!((&strict["status"], &strict["error"]["code"]), (&json!("error"), &json!(code)), "{what}");
        let mut noting = Reducer::new(false);
        events.iter().for_each(|event| noting.apply(event));
        assert_eq!(noting.notes().len(), 1, "{what}");
    }
}

#[test]
fn names_with_dots_mean_the_same() {
    let lines = [
        json!({"type": "response.start", "response_id": "resp_003"}),
        json!({"type": "item.start", "item_id": "m", "item_type": "message", "item": {"role": "assistant", "content": []}}),
        json!({"type": "item.content.delta", "item_id": "m", "delta": "Hello"}),
        json!({"type": "item.done", "item_id": "m", "item": {"role": "assistant", "content": [{"type": "text", "text": "Hello"}, {"type": "text", "text": "!"}]}}),
        json!({"type": "item.start", "item_id": "f", "item_type": "function_call"}),
        json!({"type": "item.function_call.delta", "item_id": "f", "name": "readFile"}),
        json!({"type": "item.function_call.arguments.delta", "item_id": "f", "delta": "{\"path\":"}),
        json!({"type": "item.function_call.arguments.delta", "item_id": "f", "delta": "\"x\"}"}),
        json!({"type": "item.done", "item_id": "f"}),
        json!({"type": "response.done", "response_id": "resp_003", "status": "completed"}),
    ];
    let response = reduced(true, &lines);
    assert_eq!((&response["id"], &response["status"]), (&json!("resp_003"), &json!("complete")));
    assert_eq!(response["output_items"][0]["content"], "Hello!");
    assert_eq!(
        response["output_items"][1],
        json!({"id": "f", "type": "function_call", "name": "readFile", "arguments": "{\"path\":\"x\"}"})
    );
    let failed = json!({"type": "response.error", "error": {"type": "invalid_request", "message": "Invalid prompt"}});
    let response = reduced(true, &[lines[0].clone(), failed]);
    assert_eq!(response["error"], json!({"message": "Invalid prompt", "code": "invalid_request"}));
}

#[test]
fn an_event_may_have_its_type_from_the_stream() {
    let mut reducer = Reducer::new(true);
    reducer.read(&json!({"event": "response_start", "data": {"payload": {"response_id": "r"}}}));
    reducer.read(&json!({"event": "message", "data": {"type": "response_done", "payload": {"status": "complete"}}}));
    assert_eq!(reducer.snapshot().unwrap()["status"], "complete");
}
