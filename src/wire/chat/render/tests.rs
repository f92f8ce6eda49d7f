use super::*;
use crate::model::fake::Abort;
use crate::wire::chat::Variant;
use crate::wire::script::{Event, Usage};
use serde_json::{Value, json};
use std::time::Duration;

mod router;

fn asked(stream: bool) -> Asked {
    Asked::read(&json!({"model": "m1", "stream": stream, "stream_options": {"include_usage": true}}), 7, Variant::Openai)
}

/// The chunks of a stream and whether it ended with `[DONE]`.
fn chunks(parts: &[Part], asked: &Asked) -> (Vec<Value>, bool) {
    let rendered = render(parts, asked, Pace::default());
    assert!(rendered.events && rendered.status == 200);
    let text = String::from_utf8(rendered.bytes).unwrap();
    let frames = text.split_terminator("\n\n").filter(|frame| !frame.starts_with(':'));
    let mut data: Vec<_> = frames.map(|frame| frame.strip_prefix("data: ").unwrap()).collect();
    let done = data.last() == Some(&"[DONE]");
    data.truncate(data.len() - usize::from(done));
    (data.into_iter().map(|chunk| serde_json::from_str(chunk).unwrap()).collect(), done)
}

/// The deltas, and the finish reason.
fn deltas(parts: &[Part]) -> (Vec<Value>, Value) {
    let (chunks, done) = chunks(parts, &asked(true));
    assert!(done);
    let choices: Vec<_> = chunks.iter().filter_map(|chunk| chunk["choices"].get(0)).collect();
    (choices.iter().map(|choice| choice["delta"].clone()).collect(), choices.last().unwrap()["finish_reason"].clone())
}

fn whole(parts: &[Part]) -> (u16, Value) {
    let rendered = render(parts, &asked(false), Pace::default());
    assert!(!rendered.events);
    (rendered.status, serde_json::from_slice(&rendered.bytes).unwrap())
}

fn text(text: &str) -> Part {
    Part::Text(text.into())
}

fn thought(text: &str) -> Part {
    Part::Reasoning(Reasoning { text: text.into(), ..Reasoning::default() })
}

fn call(id: Option<&str>) -> Part {
    Part::ToolCall { name: "exec".into(), arguments: r#"{"command":"gog get"}"#.into(), id: id.map(str::to_owned) }
}

const FIRST: &str = r#"{"role":"assistant","content":"","refusal":null}"#;

fn first() -> Value {
    serde_json::from_str(FIRST).unwrap()
}

#[test]
fn every_chunk_has_every_member() {
    let (chunks, _) = chunks(&[text("a b")], &asked(true));
    for chunk in &chunks {
        let names: Vec<_> = chunk.as_object().unwrap().keys().collect();
        assert_eq!(names, ["id", "object", "created", "model", "service_tier", "system_fingerprint", "choices", "usage"]);
        assert_eq!(
            (&chunk["id"], &chunk["object"], &chunk["model"]),
            (&json!("chatcmpl-0007"), &json!("chat.completion.chunk"), &json!("m1"))
        );
    }
    let choice: Vec<_> = chunks[0]["choices"][0].as_object().unwrap().keys().collect();
    assert_eq!(choice, ["index", "delta", "logprobs", "finish_reason"]);
}

#[test]
fn a_text_is_its_deltas_and_a_stop() {
    assert_eq!(
        deltas(&[text("a b"), Part::Message("c".into())]),
        (vec![first(), json!({"content": "a"}), json!({"content": " b"}), json!({"content": "c"}), json!({})], json!("stop"))
    );
    let (status, document) = whole(&[text("a b"), Part::Message("c".into())]);
    let message = json!({"role": "assistant", "content": "a bc", "refusal": null, "annotations": []});
    assert_eq!(
        (status, &document["choices"]),
        (200, &json!([{"index": 0, "message": message, "logprobs": null, "finish_reason": "stop"}]))
    );
    assert_eq!((&document["object"], &document["id"]), (&json!("chat.completion"), &json!("chatcmpl-0007")));
}

#[test]
fn calls_are_numbered_and_end_for_tool_calls() {
    let (deltas, finish) = deltas(&[call(None), call(Some("mine"))]);
    assert_eq!(finish, "tool_calls");
    let begun =
        json!({"tool_calls": [{"index": 0, "id": "call_0007_0", "type": "function", "function": {"name": "exec", "arguments": ""}}]});
    let next = json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"command\":\"gog"}}]});
    assert_eq!((&deltas[1], &deltas[2]), (&begun, &next));
    assert_eq!((&deltas[4]["tool_calls"][0]["index"], &deltas[4]["tool_calls"][0]["id"]), (&json!(1), &json!("mine")));
    let (_, document) = whole(&[call(None), call(Some("mine"))]);
    let message = &document["choices"][0]["message"];
    assert_eq!((&message["content"], &message["tool_calls"][1]["id"]), (&Value::Null, &json!("mine")));
    assert_eq!(message["tool_calls"][0]["function"], json!({"name": "exec", "arguments": r#"{"command":"gog get"}"#}));
    assert_eq!(document["choices"][0]["finish_reason"], "tool_calls");
}

#[test]
fn usage_comes_last_and_only_to_who_asks() {
    let usage = json!({"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10,
        "prompt_tokens_details": {"cached_tokens": 2, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 1, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}});
    let parts = [text("a"), Part::Usage(Usage { input: 7, output: 3, cached: 2, reasoning: 1 })];
    let (with, _) = chunks(&parts, &asked(true));
    let (last, before) = with.split_last().unwrap();
    assert_eq!((&last["choices"], &last["usage"]), (&json!([]), &usage));
    assert!(before.iter().all(|chunk| chunk["usage"].is_null()));
    let (without, done) = chunks(&parts, &Asked::read(&json!({"stream": true}), 0, Variant::Openai));
    assert!(done && without.iter().all(|chunk| chunk.get("usage").is_none() && !chunk["choices"].as_array().unwrap().is_empty()));
    assert_eq!(whole(&parts).1["usage"], usage);
    assert_eq!(whole(&[]).1["usage"]["total_tokens"], 15);
}

#[test]
fn a_refusal_and_reasoning_have_their_own_members() {
    let parts = [thought("hm"), Part::Refusal("no".into())];
    assert_eq!(deltas(&parts).0[1..3], [json!({"reasoning_content": "hm"}), json!({"refusal": "no"})]);
    let message = &whole(&parts).1["choices"][0]["message"];
    assert_eq!((&message["reasoning_content"], &message["refusal"], &message["content"]), (&json!("hm"), &json!("no"), &Value::Null));
}

#[test]
fn a_stop_reason_is_in_this_wires_words() {
    for (given, expected) in
        [("max_output_tokens", "length"), ("length", "length"), ("content_filter", "content_filter"), ("completed", "stop")]
    {
        let parts = [call(None), Part::Stop(given.into())];
        assert_eq!(deltas(&parts).1, expected);
        assert_eq!(whole(&parts).1["choices"][0]["finish_reason"], expected);
    }
}

#[test]
fn an_error_ends_the_stream_without_done() {
    let error = Part::Error { message: "slow".into(), code: Some("rate_limit_exceeded".into()), kind: Some("tokens".into()), flat: true };
    let object = json!({"error": {"message": "slow", "type": "tokens", "param": null, "code": "rate_limit_exceeded"}});
    let (mut streamed, done) = chunks(&[text("a"), error.clone(), text("never")], &asked(true));
    assert_eq!((done, streamed.pop()), (false, Some(object.clone())));
    assert_eq!(whole(&[text("a"), error]), (429, object));
    let failure = Part::Fail { message: "boom".into(), code: None };
    assert_eq!(whole(&[failure]).0, 500);
}

#[test]
fn broken_off_means_neither_finish_nor_done() {
    for how in [Abort::Fin, Abort::Reset, Abort::Half] {
        let rendered = render(&[text("half an"), Part::Abort(how), text("never")], &asked(true), Pace::default());
        let [Step::Write(sent), Step::Abort(end, torn)] = &rendered.steps[..] else { panic!("{:?}", rendered.steps) };
        assert_eq!((*end, torn.is_empty()), (how, how != Abort::Half));
        let sent = String::from_utf8_lossy(&rendered.bytes[sent.clone()]).into_owned();
        assert!(
            sent.contains("half") && !sent.contains("never") && !sent.contains("\"finish_reason\":\"") && !sent.contains("DONE"),
            "{sent}"
        );
    }
}

#[test]
fn a_document_waits_first() {
    let parts =
        [text("a"), Part::Gate("g".into()), Part::Delay(Duration::from_millis(1)), Part::Abort(Abort::Fin), Part::Gate("never".into())];
    let rendered = render(&parts, &asked(false), Pace::default());
    assert!(matches!(&rendered.steps[..], [Step::Gate(_), Step::Delay(_), Step::Abort(Abort::Fin, _)]), "{:?}", rendered.steps);
}

#[test]
fn a_comment_is_no_chunk() {
    let parts = [Part::Comment("OPENROUTER PROCESSING".into()), text("a")];
    let rendered = render(&parts, &asked(true), Pace::default());
    assert!(String::from_utf8_lossy(&rendered.bytes).contains("\n\n: OPENROUTER PROCESSING\n\n"));
    assert_eq!(deltas(&parts).0.len(), 3);
}

#[test]
fn what_stands_between_chunks_is_no_chunk() {
    let event = |name: Option<&str>| Part::Event(Event { name: name.map(str::to_owned), kind: Some("t".into()), data: "{}".into() });
    let parts = [Part::Ping, Part::Raw("data: {not-json\n\n".into()), event(None), event(Some("e")), text("a")];
    let bytes = String::from_utf8(render(&parts, &asked(true), Pace::default()).bytes).unwrap();
    assert!(bytes.contains(": ping\n\ndata: {not-json\n\ndata: {}\n\nevent: e\ndata: {}\n\n"), "{bytes}");
    assert_eq!(whole(&parts).1["choices"][0]["message"]["content"], "a");
}

#[test]
fn hidden_reasoning_is_not_there() {
    let hidden = Part::Reasoning(Reasoning { text: "secret".into(), hidden: true, ..Reasoning::default() });
    assert_eq!(deltas(std::slice::from_ref(&hidden)).0, [first(), json!({})]);
    assert!(whole(&[hidden]).1["choices"][0]["message"].get("reasoning_content").is_none());
}
