use super::*;
use crate::model::fake::Abort;
use crate::wire::script::{Event, McpCall};
use serde_json::{Value, json};
use std::time::Duration;

fn asked(stream: bool) -> Asked {
    Asked::read(&json!({"model": "m1", "stream": stream, "temperature": 0.5}), 7)
}

/// The events of a stream, each checked: its name is its type, its number is its place.
fn events(parts: &[Part]) -> Vec<Value> {
    let rendered = render(parts, &asked(true), Pace::default());
    assert!(rendered.events && rendered.status == 200);
    decode(&rendered.bytes)
}

fn decode(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    let frames = text.split_terminator("\n\n").filter(|frame| !frame.starts_with(':'));
    let decode = |(at, frame): (usize, &str)| {
        let (name, data) = frame.strip_prefix("event: ").unwrap().split_once("\ndata: ").unwrap();
        let event: Value = serde_json::from_str(data).unwrap();
        assert_eq!((event["type"].as_str(), event["sequence_number"].as_u64()), (Some(name), Some(at as u64)));
        event
    };
    frames.enumerate().map(decode).collect()
}

fn types(events: &[Value]) -> Vec<&str> {
    let name = |event: &'_ Value| -> usize { event["type"].as_str().unwrap().len() };
    assert!(events.iter().all(|event| name(event) > 0));
    events.iter().map(|event| event["type"].as_str().unwrap().trim_start_matches("response.")).collect()
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

/// What the stream says at its end is what the plain document says.
fn same_as_whole(parts: &[Part]) -> Value {
    let last = events(parts).pop().unwrap();
    let (status, document) = whole(parts);
    assert_eq!((status, &document), (200, &last["response"]));
    document
}

#[test]
fn a_text_is_one_message() {
    let events = events(&[text("Hello big world")]);
    let expected = [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ];
    assert_eq!(types(&events), expected);
    let place = json!({"output_index": 0, "item_id": "msg_0007_0", "content_index": 0});
    for event in &events[3..9] {
        for (key, value) in place.as_object().unwrap() {
            assert_eq!(&event[key], value, "{event}");
        }
    }
    assert_eq!(
        events[2]["item"],
        json!({"id": "msg_0007_0", "type": "message", "status": "in_progress", "role": "assistant", "content": []})
    );
    assert_eq!(events[3]["part"], json!({"type": "output_text", "text": "", "annotations": [], "logprobs": []}));
    assert_eq!((&events[5]["delta"], &events[5]["logprobs"]), (&json!(" big"), &json!([])));
    assert_eq!(events[7]["text"], "Hello big world");
    let part = json!({"type": "output_text", "text": "Hello big world", "annotations": [], "logprobs": []});
    assert_eq!(events[8]["part"], part);
    let item = json!({"id": "msg_0007_0", "type": "message", "status": "completed", "role": "assistant", "content": [part]});
    assert_eq!(events[9]["item"], item);
    assert_eq!(events[10]["response"]["output"], json!([item]));
}

#[test]
fn texts_go_on_and_messages_begin_anew() {
    let output = |parts: &[Part]| {
        let document = same_as_whole(parts);
        document["output"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["content"][0]["text"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(output(&[text("a "), text("b")]), ["a b"]);
    assert_eq!(output(&[Part::Message("a".into()), Part::Message("b".into()), text("c")]), ["a", "bc"]);
    assert_eq!(output(&[]), [""; 0]);
}

#[test]
fn the_response_object_has_every_member_from_the_first_event() {
    let events = events(&[]);
    assert_eq!(types(&events), ["created", "in_progress", "completed"]);
    let first = &events[0]["response"];
    for name in [
        "id",
        "object",
        "created_at",
        "completed_at",
        "status",
        "error",
        "incomplete_details",
        "output",
        "usage",
        "model",
        "instructions",
        "metadata",
        "temperature",
        "top_p",
        "max_output_tokens",
        "previous_response_id",
        "reasoning",
        "service_tier",
        "store",
        "text",
        "truncation",
        "user",
        "background",
        "parallel_tool_calls",
        "tool_choice",
        "tools",
    ] {
        assert!(first.get(name).is_some(), "{name}");
    }
    assert_eq!((&first["status"], &first["usage"], &first["output"]), (&json!("in_progress"), &Value::Null, &json!([])));
    assert_eq!((&first["model"], &first["temperature"], &first["id"]), (&json!("m1"), &json!(0.5), &json!("resp_0007")));
    assert!(events.iter().all(|event| event["response"]["id"] == "resp_0007"));
}

#[test]
fn what_was_asked_is_repeated() {
    let body = json!({"model": "m", "stream": false, "tools": [{"type": "function", "name": "f"}], "instructions": "be \"kind\"", "store": false, "metadata": null});
    let rendered = render(&[], &Asked::read(&body, 0), Pace::default());
    let document: Value = serde_json::from_slice(&rendered.bytes).unwrap();
    for name in ["tools", "instructions", "store"] {
        assert_eq!(document[name], body[name], "{name}");
    }
    assert_eq!(document["metadata"], json!({}));
}

#[test]
fn a_call_streams_its_arguments() {
    let parts = [text("Let me look."), call(None), call(Some("mine"))];
    let events = events(&parts);
    let calls: Vec<_> = events.iter().filter(|event| event["output_index"] == 1).collect();
    let kinds: Vec<_> = calls.iter().map(|event| event["type"].as_str().unwrap()).collect();
    let delta = "response.function_call_arguments.delta";
    assert_eq!(kinds, ["response.output_item.added", delta, delta, "response.function_call_arguments.done", "response.output_item.done"]);
    let begun = json!({"type": "function_call", "id": "fc_0007_1", "status": "in_progress", "call_id": "call_0007_0", "name": "exec", "arguments": ""});
    assert_eq!(calls[0]["item"], begun);
    let joined: String = calls.iter().filter_map(|event| event["delta"].as_str()).collect();
    assert_eq!((joined.as_str(), &calls[3]["name"]), (r#"{"command":"gog get"}"#, &json!("exec")));
    assert_eq!((&calls[3]["arguments"], &calls[4]["item"]["arguments"]), (&json!(joined), &json!(joined)));
    assert_eq!(same_as_whole(&parts)["output"][2]["call_id"], "mine");
}

#[test]
fn reasoning_is_an_item_with_a_summary() {
    let parts = [thought("Let me"), text("42")];
    let events = events(&parts);
    let expected = [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
    ];
    assert_eq!(&types(&events)[..9], &expected);
    assert_eq!(events[2]["item"], json!({"type": "reasoning", "id": "rs_0007_0", "summary": []}));
    assert_eq!((&events[4]["summary_index"], events[4].get("content_index")), (&json!(0), None));
    assert_eq!(same_as_whole(&parts)["output"][0]["summary"], json!([{"type": "summary_text", "text": "Let me"}]));
}

#[test]
fn encrypted_reasoning_is_given_to_who_asks_for_it() {
    let body = json!({"stream": true, "include": ["reasoning.encrypted_content"]});
    let rendered = render(&[thought("")], &Asked::read(&body, 0), Pace::default());
    let events = decode(&rendered.bytes);
    assert_eq!(types(&events), ["created", "in_progress", "output_item.added", "output_item.done", "completed"]);
    assert!(events[3]["item"]["encrypted_content"].is_string());
    assert_eq!(same_as_whole(&[thought("")])["output"][0].get("encrypted_content"), None);
}

#[test]
fn a_refusal_is_a_part_of_a_completed_response() {
    let parts = [text("Well."), Part::Refusal("No way".into())];
    let events = events(&parts);
    let refusal: Vec<_> = types(&events).into_iter().filter(|kind| kind.starts_with("refusal")).collect();
    assert_eq!(refusal, ["refusal.delta", "refusal.delta", "refusal.done"]);
    let document = same_as_whole(&parts);
    assert_eq!(
        (&document["status"], &document["output"][1]["content"]),
        (&json!("completed"), &json!([{"type": "refusal", "refusal": "No way"}]))
    );
}

#[test]
fn usage_is_what_the_script_says_or_not_zero() {
    let usage = |parts: &[Part]| same_as_whole(parts)["usage"].clone();
    let expected = |input: u64, cached: u64, output: u64, reasoning: u64| {
        json!({"input_tokens": input, "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0}, "output_tokens": output,
            "output_tokens_details": {"reasoning_tokens": reasoning}, "total_tokens": input + output})
    };
    assert_eq!(usage(&[]), expected(10, 0, 5, 0));
    assert_eq!(usage(&[Part::Usage(Usage { input: 7, output: 3, cached: 2, reasoning: 1 })]), expected(7, 2, 3, 1));
}

#[test]
fn a_stop_for_length_is_incomplete_and_so_is_its_message() {
    for (reason, expected) in
        [("length", "max_output_tokens"), ("max_output_tokens", "max_output_tokens"), ("content_filter", "content_filter")]
    {
        let parts = [text("half"), Part::Stop(reason.into())];
        assert_eq!(events(&parts).last().unwrap()["type"], "response.incomplete");
        let document = same_as_whole(&parts);
        assert_eq!((&document["status"], &document["incomplete_details"]), (&json!("incomplete"), &json!({"reason": expected})));
        assert_eq!(document["output"][0]["status"], "incomplete");
    }
    assert_eq!(same_as_whole(&[text("all"), Part::Stop("stop".into())])["status"], "completed");
}

#[test]
fn a_failure_is_a_failed_response_with_status_200() {
    let parts = [text("x"), Part::Fail { message: "boom".into(), code: None }, text("never")];
    let events = events(&parts);
    assert_eq!(types(&events).last(), Some(&"failed"));
    assert!(!types(&events).contains(&"output_item.done"));
    let document = same_as_whole(&parts);
    assert_eq!((&document["status"], &document["usage"]), (&json!("failed"), &Value::Null));
    assert_eq!(document["error"], json!({"code": "server_error", "message": "boom"}));
}

#[test]
fn an_error_is_nested_or_flat_and_the_last_event() {
    let error = |flat| Part::Error { message: "slow down".into(), code: Some("rate_limit_exceeded".into()), kind: None, flat };
    let nested = events(&[text("x"), error(false), text("never")]).pop().unwrap();
    let object = json!({"message": "slow down", "type": "requests", "param": null, "code": "rate_limit_exceeded"});
    assert_eq!((&nested["type"], &nested["error"]), (&json!("error"), &object));
    let flat = events(&[error(true)]).pop().unwrap();
    let expected = json!({"type": "error", "sequence_number": 2, "code": "rate_limit_exceeded", "message": "slow down", "param": null});
    assert_eq!(flat, expected);
    assert_eq!(whole(&[error(true)]), (429, json!({"error": object})));
}

#[test]
fn waits_stand_where_they_were_written() {
    let parts = [text("a"), Part::Gate("g".into()), text("b"), Part::Delay(Duration::from_millis(5)), text("c")];
    let streamed = render(&parts, &asked(true), Pace::default());
    let [Step::Write(first), Step::Gate(gate), Step::Write(second), Step::Delay(_), Step::Write(third)] = &streamed.steps[..] else {
        panic!("{:?}", streamed.steps)
    };
    let piece = |range: &std::ops::Range<usize>| String::from_utf8_lossy(&streamed.bytes[range.clone()]).into_owned();
    assert!(gate == "g" && piece(first).contains(r#""delta":"a""#) && !piece(first).contains("output_text.done"));
    assert!(piece(second).contains(r#""delta":"b""#) && piece(third).contains(r#""text":"abc""#));
    let plain = render(&parts, &asked(false), Pace::default());
    assert!(matches!(&plain.steps[..], [Step::Gate(_), Step::Delay(_), Step::Write(_)]), "{:?}", plain.steps);
}

#[test]
fn a_comment_is_on_the_stream_and_counts_as_no_event() {
    let parts = [Part::Comment("still here".into()), text("a")];
    let rendered = render(&parts, &asked(true), Pace::default());
    assert!(String::from_utf8_lossy(&rendered.bytes).contains("\n\n: still here\n\n"));
    assert_eq!(events(&parts).last().unwrap()["type"], "response.completed");
    same_as_whole(&parts);
}

#[test]
fn broken_off_means_no_end() {
    for how in [Abort::Fin, Abort::Reset] {
        let rendered = render(&[text("half an"), Part::Abort(how), text("never")], &asked(true), Pace::default());
        assert!(matches!(rendered.steps[..], [Step::Write(_), Step::Abort(end, _)] if end == how));
        assert_eq!(types(&decode(&rendered.bytes)).last(), Some(&"output_text.delta"));
    }
    let rendered = render(&[text("half an"), Part::Abort(Abort::Half)], &asked(true), Pace::default());
    let Some(Step::Abort(Abort::Half, torn)) = rendered.steps.last() else { panic!("{:?}", rendered.steps) };
    assert!(rendered.bytes[torn.clone()].starts_with(b"event: response.completed\n"));
}

#[test]
fn each_event_is_a_write_where_that_is_asked() {
    let pace = Pace { each_event: true, ..Pace::default() };
    let rendered = render(&[text("a b")], &asked(true), pace);
    assert_eq!(rendered.steps.len(), 10);
}

#[test]
fn equal_scripts_have_equal_bytes() {
    let parts = [thought("x"), call(None), text("y")];
    assert_eq!(render(&parts, &asked(true), Pace::default()), render(&parts, &asked(true), Pace::default()));
}

#[test]
fn encrypted_reasoning_is_the_scripts_own_where_it_is_asked_for() {
    let body = json!({"include": ["reasoning.encrypted_content"]});
    let parts = [Part::Reasoning(Reasoning { text: "secret".into(), encrypted: Some("enc".into()), hidden: true, signature: None })];
    let rendered = render(&parts, &Asked::read(&body, 7), Pace::default());
    let document: Value = serde_json::from_slice(&rendered.bytes).unwrap();
    assert_eq!(document["output"][0], json!({"type": "reasoning", "id": "rs_0007_0", "summary": [], "encrypted_content": "enc"}));
    assert_eq!(same_as_whole(&parts)["output"][0].get("encrypted_content"), None);
}

#[test]
fn a_hosted_call_has_its_own_events() {
    let call = |result| McpCall { server: "dexter".into(), name: "wallets.list".into(), arguments: r#"{"a":1}"#.into(), result };
    let parts = [Part::McpCall(call(Ok("two".into()))), Part::McpCall(call(Err("denied".into())))];
    let events = events(&parts);
    let of = |index: u64| types(&events.iter().filter(|event| event["output_index"] == index).cloned().collect::<Vec<_>>()).join(" ");
    let begin = "output_item.added mcp_call.in_progress mcp_call_arguments.delta mcp_call_arguments.done";
    assert_eq!(of(0), format!("{begin} mcp_call.completed output_item.done"));
    assert_eq!(of(1), format!("{begin} mcp_call.failed output_item.done"));
    assert!(
        events
            .iter()
            .filter(|event| event["output_index"] == 0)
            .all(|event| event["item_id"] == "mcp_0007_0" || event["item"]["id"] == "mcp_0007_0")
    );
    let output = same_as_whole(&parts)["output"].clone();
    assert_eq!(
        output[0],
        json!({"type": "mcp_call", "id": "mcp_0007_0", "status": "completed", "server_label": "dexter", "name": "wallets.list",
            "arguments": "{\"a\":1}", "output": "two", "error": null, "approval_request_id": null})
    );
    let error = json!({"type": "mcp_tool_execution_error", "content": [{"type": "text", "text": "denied"}]});
    assert_eq!((&output[1]["status"], &output[1]["error"], &output[1]["output"]), (&json!("failed"), &error, &Value::Null));
}

#[test]
fn a_sign_of_life_is_numbered_and_in_no_document() {
    let events = events(&[text("a"), Part::Ping, text(" b")]);
    let at = events.iter().position(|event| event["type"] == "keepalive").unwrap();
    assert_eq!(events[at], json!({"type": "keepalive", "sequence_number": at}));
    same_as_whole(&[text("a"), Part::Ping, text(" b")]);
}

#[test]
fn what_stands_between_events_is_as_it_is() {
    let event = |name: Option<&str>| Part::Event(Event { name: name.map(str::to_owned), kind: Some("t".into()), data: "{}".into() });
    let parts = [text("a"), Part::Raw("data: {not-json\n\n".into()), event(None), event(Some("e")), text("b")];
    let bytes = String::from_utf8(render(&parts, &asked(true), Pace::default()).bytes).unwrap();
    assert!(
        bytes.contains("\n\ndata: {not-json\n\nevent: t\ndata: {}\n\nevent: e\ndata: {}\n\nevent: response.output_text.delta"),
        "{bytes}"
    );
    assert_eq!(whole(&parts).1["output"][0]["content"][0]["text"], "ab");
}
