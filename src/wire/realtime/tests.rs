//! The Realtime wire without sockets: what a client says, and the events that it gets.

use super::asked::Asked;
use super::response::{Beat, Response};
use super::session::Session;
use super::talk::{Talk, Wanted};
use crate::model::fake::Abort;
use crate::model::wire::Names;
use crate::wire::script::{McpCall, Pace, Part};
use serde_json::{Value, json};
use std::time::Duration;

fn talk(names: Names) -> Talk {
    let mut talk = Talk::new(names, Session::new(names, "sess_0000", "m"), 0, vec![("s".into(), vec!["a".into(), "b".into()])]);
    talk.greeting();
    talk
}

fn said(text: &str) -> Value {
    json!({"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}})
}

/// What is answered to the last of these, each as its type, an error as its code and parameter.
fn answered(talk: &mut Talk, frames: &[Value]) -> Vec<String> {
    let mut answer = Vec::new();
    for frame in frames {
        (answer, _) = talk.client(frame);
    }
    answer.iter().map(short).collect()
}

fn short(event: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    match event["type"].as_str() {
        Some("error") => format!("error {} {}", text(&event["error"]["code"]), text(&event["error"]["param"])),
        _ => text(&event["type"]),
    }
}

fn check(names: Names, frames: &[Value], expected: &[&str]) {
    assert_eq!(answered(&mut talk(names), frames), expected, "{frames:?}");
}

fn asked(talk: &mut Talk, frame: Value) -> Asked {
    match talk.client(&frame) {
        (_, Wanted::Response(asked)) => *asked,
        other => panic!("no response is wanted: {other:?}"),
    }
}

/// A response to a plain `response.create`, in text.
fn response(names: Names, parts: Vec<Part>) -> Response {
    let mut talk = talk(names);
    let key = names.modalities();
    Response::new(parts, asked(&mut talk, json!({"type": "response.create", "response": {key: ["text"]}})), Pace::default())
}

fn events(mut response: Response) -> Vec<Value> {
    std::iter::from_fn(|| response.next()).filter_map(|beat| if let Beat::Event(event) = beat { Some(event) } else { None }).collect()
}

fn types(events: &[Value]) -> Vec<String> {
    events.iter().map(short).collect()
}

fn text(text: &str) -> Part {
    Part::Text(text.into())
}

fn last(events: &[Value]) -> &Value {
    &events.last().expect("there are events")["response"]
}

#[test]
fn what_a_client_may_say_is_answered() {
    let update = json!({"type": "session.update", "session": {"type": "realtime", "instructions": "x"}});
    check(Names::Ga, &[update], &["session.updated"]);
    check(Names::Ga, &[said("hi")], &["conversation.item.added", "conversation.item.done"]);
    check(Names::Beta, &[said("hi")], &["conversation.item.created"]);
    let append = json!({"type": "input_audio_buffer.append", "audio": "AAEC"});
    check(Names::Ga, std::slice::from_ref(&append), &[]);
    let commit = json!({"type": "input_audio_buffer.commit"});
    check(Names::Ga, &[append.clone(), commit], &["input_audio_buffer.committed", "conversation.item.added", "conversation.item.done"]);
    check(Names::Ga, &[append, json!({"type": "input_audio_buffer.clear"})], &["input_audio_buffer.cleared"]);
}

#[test]
fn what_a_client_may_not_say_is_an_error_that_names_the_place() {
    let session = |session: Value| json!({"type": "session.update", "session": session});
    let item = |item: Value| json!({"type": "conversation.item.create", "item": item});
    for (frame, error) in [
        (json!({"type": "response.creat"}), "error invalid_value type"),
        (json!({"kind": "x"}), "error missing_required_parameter type"),
        (json!({"text": "{half"}), "error invalid_json -"),
        (json!({"bytes": "AA=="}), "error invalid_json -"),
        (json!([1]), "error invalid_json -"),
        (json!({"type": "session.update"}), "error missing_required_parameter session"),
        (session(json!({"instructions": "x"})), "error missing_required_parameter session.type"),
        (session(json!({"type": "quicksilver"})), "error invalid_value session.type"),
        (session(json!({"type": "realtime", "modalities": ["text"]})), "error unknown_parameter session.modalities"),
        (session(json!({"type": "realtime", "tools": {}})), "error invalid_type session.tools"),
        (item(json!({"role": "user"})), "error missing_required_parameter item.type"),
        (item(json!({"type": "message", "role": "user"})), "error missing_required_parameter item.content"),
        (
            item(json!({"type": "message", "role": "user", "content": [{"type": "text", "text": "x"}]})),
            "error invalid_value item.content[0].type",
        ),
        (item(json!({"type": "message", "role": "tool", "content": []})), "error invalid_value item.role"),
        (item(json!({"type": "function_call_output", "call_id": "c", "output": "1"})), "error invalid_tool_call_id item.call_id"),
        (json!({"type": "conversation.item.retrieve", "item_id": "no"}), "error item_retrieve_invalid_item_id item_id"),
        (json!({"type": "conversation.item.delete", "item_id": "no"}), "error item_delete_invalid_item_id item_id"),
        (json!({"type": "conversation.item.truncate", "item_id": "no"}), "error item_truncate_invalid_item_id item_id"),
        (json!({"type": "conversation.item.delete"}), "error missing_required_parameter item_id"),
        (json!({"type": "input_audio_buffer.append", "audio": "%"}), "error invalid_value audio"),
        (json!({"type": "input_audio_buffer.commit"}), "error input_audio_buffer_commit_empty -"),
        (json!({"type": "response.cancel"}), "error response_cancel_not_active -"),
    ] {
        check(Names::Ga, &[frame], &[error]);
    }
}

#[test]
fn an_error_gives_the_clients_id_back() {
    let (events, _) = talk(Names::Ga).client(&json!({"type": "nonsense", "event_id": "mine"}));
    assert_eq!(events[0]["error"]["event_id"], "mine");
}

#[test]
fn every_event_has_an_id_of_its_own_behind_its_type() {
    let mut talk = talk(Names::Ga);
    let ids = [(); 2].map(|()| talk.stamped(json!({"type": "x", "a": 1})).to_string());
    assert_eq!(ids[0], r#"{"type":"x","event_id":"event_0000_00000","a":1}"#);
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn items_stand_where_the_client_puts_them() {
    let mut talk = talk(Names::Ga);
    let named = |id: &str, previous: Value| {
        let mut frame = said(id);
        frame["item"]["id"] = id.into();
        frame["previous_item_id"] = previous;
        frame
    };
    for frame in [named("a", Value::Null), named("b", json!("root")), named("c", json!("b"))] {
        talk.client(&frame);
    }
    let ids: Vec<_> = talk.conversation.items().iter().map(|item| item["id"].clone()).collect();
    assert_eq!(ids, ["b", "c", "a"]);
    assert_eq!(answered(&mut talk, &[named("d", json!("no"))]), ["error item_create_invalid_previous_item_id previous_item_id"]);
    assert_eq!(answered(&mut talk, &[named("a", Value::Null)]), ["error item_create_duplicate_id item.id"]);
    let deleted = json!({"type": "conversation.item.delete", "item_id": "c"});
    assert_eq!(answered(&mut talk, std::slice::from_ref(&deleted)), ["conversation.item.deleted"]);
    assert_eq!(answered(&mut talk, &[deleted]), ["error item_delete_invalid_item_id item_id"]);
}

#[test]
fn a_session_keeps_what_is_not_changed() {
    let mut talk = talk(Names::Ga);
    let session = json!({"type": "realtime", "id": "other", "audio": {"output": {"voice": "cedar"}}});
    talk.client(&json!({"type": "session.update", "session": session}));
    assert_eq!(talk.session.get("audio")["output"]["voice"], "cedar");
    assert_eq!(talk.session.get("audio")["output"]["format"]["rate"], 24000);
    assert_eq!(talk.session.get("id"), "sess_0000");
}

#[test]
fn an_mcp_server_lists_its_tools_once() {
    let mut talk = talk(Names::Ga);
    let tool = |allowed: Value| json!({"type": "mcp", "server_label": "s", "server_url": "http://x", "allowed_tools": allowed});
    let update = |tool: Value| json!({"type": "session.update", "session": {"type": "realtime", "tools": [tool]}});
    let (events, _) = talk.client(&update(tool(Value::Null)));
    let expected =
        ["session.updated", "conversation.item.added", "mcp_list_tools.in_progress", "mcp_list_tools.completed", "conversation.item.done"];
    assert_eq!(types(&events), expected);
    let names =
        |item: &Value| item["item"]["tools"].as_array().map(|tools| tools.iter().map(|tool| tool["name"].clone()).collect::<Vec<_>>());
    assert_eq!(names(&events[4]), Some(vec![json!("a"), json!("b")]));
    assert_eq!(types(&talk.client(&update(tool(json!(["a"])))).0), ["session.updated"]);
}

#[test]
fn a_text_goes_out_in_the_order_of_a_real_server() {
    let expected = [
        "response.created",
        "rate_limits.updated",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ];
    let events = events(response(Names::Ga, vec![text("one two")]));
    assert_eq!(types(&events), expected);
    assert_eq!(last(&events)["output"][0]["content"], json!([{"type": "output_text", "text": "one two"}]));
    assert_eq!(last(&events)["usage"]["total_tokens"], 15);
}

#[test]
fn beta_calls_them_otherwise() {
    let events = events(response(Names::Beta, vec![text("one")]));
    let types = types(&events);
    assert!(types.contains(&"response.text.delta".into()) && types.contains(&"conversation.item.created".into()), "{types:?}");
    assert!(!types.iter().any(|kind| kind == "conversation.item.added" || kind == "conversation.item.done"), "{types:?}");
    assert_eq!(last(&events)["output"][0]["content"][0]["type"], "text");
}

#[test]
fn speech_has_sound_and_a_transcript() {
    let mut talk = talk(Names::Ga);
    let asked = asked(&mut talk, json!({"type": "response.create"}));
    let spoken = Part::Audio { transcript: "Good morning".into(), audio: Some("AAEC".into()) };
    let events = events(Response::new(vec![spoken], asked, Pace::default()));
    let sounds: Vec<_> =
        events.iter().filter(|event| event["type"] == "response.output_audio.delta").map(|event| &event["delta"]).collect();
    assert_eq!(sounds, ["AAEC"]);
    let words: String = events
        .iter()
        .filter(|event| event["type"] == "response.output_audio_transcript.delta")
        .filter_map(|event| event["delta"].as_str())
        .collect();
    assert_eq!(words, "Good morning");
    assert_eq!(last(&events)["output"][0]["content"], json!([{"type": "output_audio", "transcript": "Good morning"}]));
}

#[test]
fn a_call_has_its_arguments_whole_at_its_end() {
    let call = Part::ToolCall { name: "add".into(), arguments: r#"{"a": 1}"#.into(), id: Some("c1".into()) };
    let events = events(response(Names::Ga, vec![text("Let me see"), call]));
    let done = events.iter().find(|event| event["type"] == "response.function_call_arguments.done").expect("it is there");
    assert_eq!((&done["arguments"], &done["call_id"], &done["name"]), (&json!(r#"{"a": 1}"#), &json!("c1"), &json!("add")));
    assert_eq!(last(&events)["output"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_call_of_a_server_has_output_or_error() {
    let call = |result| Part::McpCall(McpCall { server: "s".into(), name: "t".into(), arguments: "{}".into(), result });
    let events = events(response(Names::Ga, vec![call(Ok("[]".into())), call(Err("denied".into()))]));
    let types = types(&events);
    assert!(types.contains(&"response.mcp_call.completed".into()) && types.contains(&"response.mcp_call.failed".into()), "{types:?}");
    let items = &last(&events)["output"];
    assert_eq!((&items[0]["output"], &items[0]["error"]), (&json!("[]"), &Value::Null));
    assert_eq!(items[1]["error"], json!({"type": "tool_execution_error", "message": "denied"}));
}

#[test]
fn each_end_has_its_status() {
    let end = |part: Part| {
        let events = events(response(Names::Ga, vec![text("x"), part]));
        (last(&events)["status"].clone(), last(&events)["status_details"].clone())
    };
    assert_eq!(end(Part::Stop("stop".into())), (json!("completed"), Value::Null));
    assert_eq!(end(Part::Stop("length".into())), (json!("incomplete"), json!({"type": "incomplete", "reason": "max_output_tokens"})));
    let (status, details) = end(Part::Fail { message: "boom".into(), code: None });
    assert_eq!((status, &details["error"]["message"]), (json!("failed"), &json!("boom")));
}

#[test]
fn an_error_that_comes_first_refuses_the_response() {
    let error = || Part::Error { message: "no".into(), code: Some("rate_limit_exceeded".into()), kind: None, flat: false };
    assert_eq!(types(&events(response(Names::Ga, vec![error()]))), ["error rate_limit_exceeded -"]);
    let later = types(&events(response(Names::Ga, vec![text("x"), error()])));
    assert!(later.contains(&"error rate_limit_exceeded -".into()) && later.last().is_some_and(|kind| kind == "response.done"), "{later:?}");
}

#[test]
fn what_is_cancelled_ends_where_it_is() {
    let mut response = response(Names::Ga, vec![text("one two three"), Part::Gate("g".into()), text("four")]);
    let mut events = Vec::new();
    while let Some(Beat::Event(event)) = response.next() {
        let stop = event["delta"] == " two";
        events.push(event);
        if stop {
            break;
        }
    }
    response.cancel();
    while let Some(Beat::Event(event)) = response.next() {
        events.push(event);
    }
    let object = last(&events);
    assert_eq!((&object["status"], &object["status_details"]["reason"]), (&json!("cancelled"), &json!("client_cancelled")));
    assert_eq!(object["output"][0]["status"], "incomplete");
    assert_eq!(object["output"][0]["content"][0]["text"], "one two");
    assert_eq!(response.next(), None);
}

#[test]
fn a_gap_stands_between_two_events() {
    let mut talk = talk(Names::Ga);
    let asked = asked(&mut talk, json!({"type": "response.create"}));
    let gap = Duration::from_millis(1);
    let mut response = Response::new(vec![text("one")], asked, Pace { gap, ..Pace::default() });
    let beats: Vec<_> = std::iter::from_fn(|| response.next()).collect();
    assert!(beats.iter().step_by(2).all(|beat| matches!(beat, Beat::Event(_))), "{beats:?}");
    assert!(beats.iter().skip(1).step_by(2).all(|beat| *beat == Beat::Delay(gap)), "{beats:?}");
}

#[test]
fn nothing_comes_after_breaking_off() {
    let mut response = response(Names::Ga, vec![text("x"), Part::Abort(Abort::Fin), text("y")]);
    let beats: Vec<_> = std::iter::from_fn(|| response.next()).collect();
    assert_eq!(beats.last(), Some(&Beat::Abort(Abort::Fin)));
}

#[test]
fn one_response_at_a_time_but_for_those_out_of_band() {
    let mut talk = talk(Names::Ga);
    talk.set_active(Some("resp_0000".into()));
    let create = json!({"type": "response.create"});
    assert_eq!(answered(&mut talk, std::slice::from_ref(&create)), ["error conversation_already_has_active_response -"]);
    let aside = asked(&mut talk, json!({"type": "response.create", "response": {"conversation": "none"}}));
    assert_eq!(aside.conversation_id, None);
    assert_eq!(
        answered(&mut talk, &[json!({"type": "response.cancel", "response_id": "resp_0007"})]),
        ["error response_cancel_not_active -"]
    );
    talk.set_active(None);
    asked(&mut talk, create);
}

#[test]
fn rules_see_the_conversation() {
    let mut talk = talk(Names::Ga);
    talk.client(&said("hello"));
    let body = asked(&mut talk, json!({"type": "response.create", "response": {"instructions": "be kind"}})).body;
    assert_eq!((&body["instructions"], &body["input"][0]["content"][0]["text"]), (&json!("be kind"), &json!("hello")));
    let aside = json!({"type": "response.create", "response": {"conversation": "none", "input": []}});
    assert_eq!(asked(&mut talk, aside).body["input"], json!([]));
}
