use super::*;
use crate::model::fake::Abort;
use crate::wire::script::Usage as Tokens;
use serde_json::{Value, json};
use std::time::Duration;

fn asked(stream: bool) -> Asked {
    Asked::read(&json!({"model": "m1", "stream": stream, "stop_sequences": ["END"]}), 7)
}

/// The events of a stream, each checked: its name is its type.
fn events(parts: &[Part]) -> Vec<Value> {
    let rendered = render(parts, &asked(true), Pace::default());
    assert!(rendered.events && rendered.status == 200);
    decode(&rendered.bytes)
}

fn decode(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    let frames = text.split_terminator("\n\n").filter(|frame| !frame.starts_with(':'));
    let decode = |frame: &str| {
        let (name, data) = frame.strip_prefix("event: ").unwrap().split_once("\ndata: ").unwrap();
        let event: Value = serde_json::from_str(data).unwrap();
        assert_eq!(event["type"], name);
        event
    };
    frames.map(decode).collect()
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

fn whole(parts: &[Part]) -> (u16, Value) {
    let rendered = render(parts, &asked(false), Pace::default());
    assert!(!rendered.events);
    (rendered.status, serde_json::from_slice(&rendered.bytes).unwrap())
}

/// The message that a client puts together from the stream: the way the API documents it.
fn assembled(parts: &[Part]) -> Value {
    let mut message = Value::Null;
    let mut inputs = Vec::new();
    for event in events(parts) {
        let index = event["index"].as_u64().unwrap_or(0) as usize;
        match event["type"].as_str().unwrap() {
            "message_start" => message = event["message"].clone(),
            "content_block_start" => {
                assert_eq!(message["content"].as_array().unwrap().len(), index, "blocks come in order");
                message["content"].as_array_mut().unwrap().push(event["content_block"].clone());
                inputs.push(String::new());
            }
            "content_block_delta" => {
                let delta = &event["delta"];
                let block = &mut message["content"][index];
                match delta["type"].as_str().unwrap() {
                    "text_delta" => append(&mut block["text"], &delta["text"]),
                    "thinking_delta" => append(&mut block["thinking"], &delta["thinking"]),
                    "signature_delta" => append(&mut block["signature"], &delta["signature"]),
                    "input_json_delta" => inputs[index].push_str(delta["partial_json"].as_str().unwrap()),
                    other => panic!("{other}"),
                }
            }
            "content_block_stop" if !inputs[index].is_empty() => {
                message["content"][index]["input"] = serde_json::from_str(&inputs[index]).unwrap();
            }
            "message_delta" => {
                for (key, value) in event["delta"].as_object().unwrap() {
                    message[key] = value.clone();
                }
                for (key, value) in event["usage"].as_object().unwrap() {
                    message["usage"][key] = value.clone();
                }
            }
            _ => {}
        }
    }
    message
}

fn append(to: &mut Value, more: &Value) {
    *to = Value::from(format!("{}{}", to.as_str().unwrap(), more.as_str().unwrap()));
}

/// What the stream adds up to is what the plain document says.
fn same_as_whole(parts: &[Part]) -> Value {
    let (status, document) = whole(parts);
    assert_eq!((status, &assembled(parts)), (200, &document));
    document
}

fn text(text: &str) -> Part {
    Part::Text(text.into())
}

fn call(id: Option<&str>, arguments: &str) -> Part {
    Part::ToolCall { name: "Bash".into(), arguments: arguments.into(), id: id.map(str::to_owned) }
}

fn thought(text: &str) -> Reasoning {
    Reasoning { text: text.into(), ..Reasoning::default() }
}

#[test]
fn a_text_is_one_block() {
    let events = events(&[text("Hello big"), text(" world")]);
    let expected = [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(types(&events), expected);
    assert_eq!(events[1], json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}));
    assert_eq!(events[4], json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " big"}}));
    assert_eq!((&events[6], &events[8]), (&json!({"type": "content_block_stop", "index": 0}), &json!({"type": "message_stop"})));
    let document = same_as_whole(&[text("Hello big"), text(" world")]);
    assert_eq!(document["content"], json!([{"type": "text", "text": "Hello big world"}]));
}

#[test]
fn a_message_has_every_member() {
    let document = same_as_whole(&[text("a"), Part::Usage(Tokens { input: 7, output: 3, cached: 2, reasoning: 1 })]);
    let usage = json!({"input_tokens": 7, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 2,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}, "output_tokens": 3,
        "output_tokens_details": {"thinking_tokens": 1}, "server_tool_use": null, "service_tier": "standard", "inference_geo": null});
    let expected = json!({"id": "msg_0007", "type": "message", "role": "assistant", "model": "m1",
        "content": [{"type": "text", "text": "a"}], "stop_reason": "end_turn", "stop_sequence": null, "stop_details": null,
        "container": null, "usage": usage});
    assert_eq!(document, expected);
}

#[test]
fn usage_at_the_start_has_one_token_out_and_the_end_replaces_it() {
    let events = events(&[Part::Usage(Tokens { input: 7, output: 3, cached: 0, reasoning: 2 })]);
    let start = &events[0]["message"];
    assert_eq!((&start["usage"]["input_tokens"], &start["usage"]["output_tokens"]), (&json!(7), &json!(1)));
    assert_eq!((&start["content"], &start["stop_reason"]), (&json!([]), &Value::Null));
    assert_eq!((&events[1]["usage"]["output_tokens"], &events[1]["usage"]["input_tokens"]), (&json!(3), &json!(7)));
}

#[test]
fn an_empty_reply_is_start_delta_and_stop() {
    for parts in [&[][..], &[text("")]] {
        assert_eq!(types(&events(parts)), ["message_start", "message_delta", "message_stop"]);
        assert_eq!(same_as_whole(parts)["content"], json!([]));
    }
}

#[test]
fn a_call_streams_its_input_after_an_empty_fragment() {
    let parts = [text("Let me look."), call(None, r#"{"command":"gog get"}"#), call(Some("mine"), "{}")];
    let events = events(&parts);
    let fragments: Vec<_> =
        events.iter().filter(|event| event["index"] == 1).filter_map(|event| event["delta"]["partial_json"].as_str()).collect();
    assert_eq!(fragments, ["", r#"{"command":"gog"#, r#" get"}"#]);
    let document = same_as_whole(&parts);
    let first = json!({"type": "tool_use", "id": "toolu_0007_0", "name": "Bash", "input": {"command": "gog get"}});
    let second = json!({"type": "tool_use", "id": "mine", "name": "Bash", "input": {}});
    assert_eq!((&document["content"][1], &document["content"][2]), (&first, &second));
    assert_eq!(document["stop_reason"], "tool_use");
    assert_eq!(types(&events).iter().filter(|kind| **kind == "ping").count(), 1);
}

#[test]
fn raw_arguments_stream_as_they_are() {
    let parts = [call(None, "{\"half")];
    let events = events(&parts);
    let joined: String = events.iter().filter_map(|event| event["delta"]["partial_json"].as_str()).collect();
    assert_eq!(joined, "{\"half");
    assert_eq!(whole(&parts).1["content"][0]["input"], "{\"half");
}

#[test]
fn thinking_ends_with_its_signature() {
    let parts = [Part::Reasoning(thought("hm so")), text("a")];
    let events = events(&parts);
    assert_eq!(events[1]["content_block"], json!({"type": "thinking", "thinking": "", "signature": ""}));
    let last: Vec<_> = events.iter().filter(|event| event["index"] == 0).rev().take(2).collect();
    let expected = json!({"type": "signature_delta", "signature": "signature_0007_0"});
    assert_eq!((&last[0]["type"], &last[1]["delta"]), (&json!("content_block_stop"), &expected));
    let block = json!({"type": "thinking", "thinking": "hm so", "signature": "signature_0007_0"});
    assert_eq!(same_as_whole(&parts)["content"][0], block);
}

#[test]
fn thinking_may_be_signed_hidden_or_redacted() {
    let parts = [
        Part::Reasoning(Reasoning { signature: Some("mine".into()), ..thought("a") }),
        Part::Reasoning(Reasoning { hidden: true, ..thought("secret") }),
        Part::Reasoning(Reasoning { encrypted: Some("enc".into()), ..thought("") }),
        Part::Reasoning(Reasoning { encrypted: Some("enc".into()), ..thought("b") }),
    ];
    let expected = json!([
        {"type": "thinking", "thinking": "a", "signature": "mine"},
        {"type": "thinking", "thinking": "", "signature": "signature_0007_1"},
        {"type": "redacted_thinking", "data": "enc"},
        {"type": "thinking", "thinking": "b", "signature": "enc"},
    ]);
    assert_eq!(same_as_whole(&parts)["content"], expected);
}

#[test]
fn a_refusal_is_a_text_and_a_reason() {
    let document = same_as_whole(&[Part::Refusal("I will not.".into())]);
    assert_eq!(document["content"], json!([{"type": "text", "text": "I will not."}]));
    assert_eq!(
        (&document["stop_reason"], &document["stop_details"]),
        (&json!("refusal"), &json!({"type": "refusal", "category": null, "explanation": "I will not."}))
    );
}

#[test]
fn a_stop_reason_is_in_this_wires_words() {
    for (given, expected) in [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("max_output_tokens", "max_tokens"),
        ("content_filter", "refusal"),
        ("pause_turn", "pause_turn"),
        ("model_context_window_exceeded", "model_context_window_exceeded"),
    ] {
        assert_eq!(same_as_whole(&[call(None, "{}"), Part::Stop(given.into())])["stop_reason"], expected);
    }
    let stopped = same_as_whole(&[Part::Stop("stop_sequence".into())]);
    assert_eq!((&stopped["stop_reason"], &stopped["stop_sequence"]), (&json!("stop_sequence"), &json!("END")));
}

#[test]
fn a_hosted_call_has_its_result_beside_it() {
    let call = |result| McpCall { server: "dexter".into(), name: "wallets.list".into(), arguments: r#"{"a":1}"#.into(), result };
    let parts = [Part::McpCall(call(Ok("two".into()))), Part::McpCall(call(Err("denied".into()))), text("Done")];
    let used = |id: &str| json!({"type": "mcp_tool_use", "id": id, "name": "wallets.list", "server_name": "dexter", "input": {"a": 1}});
    let result = |id: &str, failed: bool, text: &str| json!({"type": "mcp_tool_result", "tool_use_id": id, "is_error": failed, "content": [{"type": "text", "text": text}]});
    let document = same_as_whole(&parts);
    let expected = json!([
        used("mcptoolu_0007_0"), result("mcptoolu_0007_0", false, "two"),
        used("mcptoolu_0007_1"), result("mcptoolu_0007_1", true, "denied"),
        {"type": "text", "text": "Done"},
    ]);
    assert_eq!((&document["content"], &document["stop_reason"]), (&expected, &json!("end_turn")));
}

#[test]
fn an_error_replaces_the_rest() {
    let error = Part::Error { message: "Overloaded".into(), code: None, kind: Some("overloaded_error".into()), flat: false };
    let events = events(&[text("a"), error.clone(), text("never")]);
    let object = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_0007"});
    assert_eq!(events.last(), Some(&object));
    assert!(!types(&events).contains(&"message_stop"));
    assert_eq!(whole(&[text("a"), error]), (529, object));
    let failure = Part::Fail { message: "boom".into(), code: Some("server_error".into()) };
    assert_eq!(whole(&[failure]).1["error"]["type"], "api_error");
}

#[test]
fn broken_off_means_neither_delta_nor_stop() {
    for how in [Abort::Fin, Abort::Reset, Abort::Half] {
        let rendered = render(&[text("half an"), Part::Abort(how), text("never")], &asked(true), Pace::default());
        let [Step::Write(sent), Step::Abort(end, torn)] = &rendered.steps[..] else { panic!("{:?}", rendered.steps) };
        assert_eq!((*end, torn.is_empty()), (how, how != Abort::Half));
        let sent = String::from_utf8_lossy(&rendered.bytes[sent.clone()]).into_owned();
        assert!(sent.contains("half") && !sent.contains("never") && !sent.contains("message_delta"), "{sent}");
    }
}

#[test]
fn what_stands_between_events_ends_no_block() {
    let event =
        |name: Option<&str>| Part::Event(script::Event { name: name.map(str::to_owned), kind: Some("t".into()), data: "{}".into() });
    let parts = [
        text("a"),
        Part::Ping,
        Part::Comment("c".into()),
        Part::Raw("data: {not-json\n\n".into()),
        event(None),
        event(Some("e")),
        text("b"),
    ];
    let bytes = String::from_utf8(render(&parts, &asked(true), Pace::default()).bytes).unwrap();
    let between = "event: ping\ndata: {\"type\":\"ping\"}\n\n: c\n\ndata: {not-json\n\nevent: t\ndata: {}\n\nevent: e\ndata: {}\n\n";
    assert!(bytes.contains(between), "{bytes}");
    assert_eq!(bytes.matches("event: content_block_start").count(), 1);
    assert_eq!(whole(&parts).1["content"], json!([{"type": "text", "text": "ab"}]));
}

#[test]
fn a_document_waits_first() {
    let parts =
        [text("a"), Part::Gate("g".into()), Part::Delay(Duration::from_millis(1)), Part::Abort(Abort::Fin), Part::Gate("never".into())];
    let rendered = render(&parts, &asked(false), Pace::default());
    assert!(matches!(&rendered.steps[..], [Step::Gate(_), Step::Delay(_), Step::Abort(Abort::Fin, _)]), "{:?}", rendered.steps);
}
