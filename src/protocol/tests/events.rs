//! From frames to events by rules alone: no socket is needed.

use super::build::protocol;
use crate::model::template::Nothing;
use crate::protocol::events::{Decoder, Moment, Now};
use serde_json::{Value, json};

/// What a series of frames of one turn means, as `kind {fields}`.
fn decode(rules: Value, frames: &[Value]) -> Vec<String> {
    decode_with(json!({"events": rules}), &Value::Null, true, frames)
}

fn decode_with(file: Value, settings: &Value, first_turn: bool, frames: &[Value]) -> Vec<String> {
    let protocol = protocol(file);
    let mut decoder = Decoder::default();
    let mut out = vec![];
    for (batch, frame) in frames.iter().enumerate() {
        let moment = Moment {
            protocol: &protocol,
            names: &Nothing,
            now: Now { settings, agent: &Value::Null, first_turn, turn_ended: false },
            turn: Some(0),
            batch: batch as u64,
        };
        let decoded = decoder.decode(frame, &moment);
        assert_eq!(decoded.faults, [""; 0]);
        out.extend(decoded.events.into_iter().map(|(_, event)| format!("{} {}", event.kind, Value::Object(event.fields))));
    }
    out
}

#[test]
fn every_rule_that_matches_applies_in_the_order_written() {
    let rules = json!([{"when": {"a": 1}, "text.delta": "$.t", "usage": {"input": 1}}, {"when": {"b": 2}, "turn.finished": "completed"}, {"when": {"a": 2}, "text": "never"}]);
    let events = decode(rules, &[json!({"a": 1, "b": 2, "t": "x"})]);
    assert_eq!(events, [r#"text.delta {"text":"x"}"#, r#"usage {"input":1}"#, r#"turn.finished {"status":"completed"}"#]);
}

#[test]
fn a_frame_that_no_rule_matches_or_that_is_ignored_means_nothing() {
    let file = json!({"events": [{"when": {"type": "a"}, "text": "$.t"}], "ignore": [{"type": "a", "quiet": true}]});
    let frames = [json!({"type": "b", "t": "x"}), json!({"type": "a", "quiet": true, "t": "y"}), json!([1])];
    assert_eq!(decode_with(file, &Value::Null, true, &frames), [""; 0]);
}

#[test]
fn a_text_whose_path_leads_nowhere_makes_no_event() {
    let rules = json!([{"when": {"type": "a"}, "text": "$.payload.text", "text.delta": "$.x", "reasoning": "$.y", "delta": {"item": "$.i", "text": "$.none"}}]);
    assert_eq!(decode(rules, &[json!({"type": "a"})]), [""; 0]);
}

#[test]
fn several_texts_are_joined_and_no_text_is_an_empty_one() {
    let rules = json!([{"when": {"type": "end"}, "text": "$.content[?@.type == 'text'].text"}]);
    let frame = |content: Value| json!({"type": "end", "content": content});
    let parts = json!([{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]);
    assert_eq!(decode(rules, &[frame(parts), frame(json!([]))]), [r#"text {"text":"ab"}"#, r#"text {"text":""}"#]);
}

#[test]
fn a_text_that_is_none_is_shown_as_json() {
    let rules = json!([{"when": {"present": true}, "text": "$.t"}]);
    assert_eq!(decode(rules, &[json!({"t": {"a": 1}}), json!({"t": 5})]), [r#"text {"text":"{\"a\":1}"}"#, r#"text {"text":"5"}"#]);
}

#[test]
fn a_cumulative_text_makes_deltas_as_long_as_it_grows() {
    let rules = json!([{"when": {"present": true}, "text.so_far": {"item": "$.i", "text": "$.t"}}]);
    let frames: Vec<_> = ["one", "one two", "one two", "uno"].iter().map(|text| json!({"i": "m", "t": text})).collect();
    let so_far = |text: &str| format!(r#"text.so_far {{"item":"m","text":"{text}"}}"#);
    let delta = |text: &str| format!(r#"text.delta {{"item":"m","text":"{text}"}}"#);
    let expected = [delta("one"), so_far("one"), delta(" two"), so_far("one two"), so_far("one two"), so_far("uno")];
    assert_eq!(decode(rules, &frames), expected);
}

#[test]
fn cumulative_texts_of_two_items_are_kept_apart_and_a_text_ends_the_current_one() {
    let rules = json!([
        {"when": {"i": {"present": true}}, "text.so_far": {"item": "$.i", "text": "$.t"}},
        {"when": {"i": {"absent": true}, "t": {"present": true}}, "text.so_far": "$.t"},
        {"when": {"end": {"present": true}}, "text": "$.end"},
    ]);
    let frames = [
        json!({"i": "a", "t": "x"}),
        json!({"i": "b", "t": "y"}),
        json!({"i": "a", "t": "xz"}),
        json!({"t": "m"}),
        json!({"end": "m"}),
        json!({"t": "mm"}),
    ];
    let deltas: Vec<_> = decode(rules, &frames).into_iter().filter(|event| event.starts_with("text.delta")).collect();
    let expected = [
        r#"text.delta {"item":"a","text":"x"}"#,
        r#"text.delta {"item":"b","text":"y"}"#,
        r#"text.delta {"item":"a","text":"z"}"#,
        r#"text.delta {"text":"m"}"#,
        r#"text.delta {"text":"mm"}"#,
    ];
    assert_eq!(deltas, expected);
}

#[test]
fn arguments_and_results_that_are_json_text_are_parsed() {
    let rules = json!([{"when": {"present": true}, "call.started": {"id": "$.id", "name": "$.name", "args": "$.args"}, "call.finished": {"id": "$.id", "result": "$.result"}}]);
    let events = decode(rules, &[json!({"id": "1", "name": "f", "args": "{\"a\": [1]}", "result": "plain"})]);
    assert_eq!(
        events,
        [r#"call.started {"id":"1","name":"f","args":{"a":[1]}}"#, r#"call.finished {"id":"1","result":"plain","status":"ok"}"#]
    );
}

#[test]
fn each_element_ends_its_own_call_where_ids_are_missing() {
    let rules = json!([{"when": {"tools": {"present": true}}, "for_each": "$.tools[*]", "call.started": {"name": "$.name"}, "call.finished": {"result": "$.result"}}]);
    let events = decode(
        rules,
        &[json!({"tools": [{"name": "a", "result": 1}, {"name": "b", "result": 2}]}), json!({"tools": []}), json!({"tools": null})],
    );
    assert_eq!(
        events,
        [
            r##"call.started {"name":"a","id":"#1"}"##,
            r##"call.finished {"result":1,"status":"ok","id":"#1"}"##,
            r##"call.started {"name":"b","id":"#2"}"##,
            r##"call.finished {"result":2,"status":"ok","id":"#2"}"##,
        ]
    );
}

#[test]
fn an_error_always_has_source_code_and_a_message() {
    let rules = json!([{"when": {"present": true}, "error": "$.error"}]);
    let messages: Vec<Value> = decode(
        rules,
        &[json!({"error": "boom"}), json!({"error": {"code": 7, "message": "bang", "more": 1}}), json!({"error": ""}), json!({"e": 1})],
    )
    .iter()
    .map(|event| serde_json::from_str(event.trim_start_matches("error ")).expect("fields"))
    .collect();
    assert_eq!(messages[0], json!({"message": "boom", "source": "agent", "code": null}));
    assert_eq!(messages[1], json!({"code": 7, "message": "bang", "more": 1, "source": "agent"}));
    assert_eq!(messages[2]["message"], r#"an error without a message: {"error":""}"#);
    assert_eq!(messages[3]["message"], r#"an error without a message: {"e":1}"#);
}

#[test]
fn the_end_of_a_turn_carries_the_final_object() {
    let file = json!({"events": [{"when": {"type": "done"}, "turn.finished": "$.status"}], "final": "$.response"});
    let events = decode_with(
        file,
        &Value::Null,
        true,
        &[json!({"type": "done", "status": "incomplete", "response": {"id": 1}}), json!({"type": "done"})],
    );
    assert_eq!(events, [r#"turn.finished {"status":"incomplete","final":{"id":1}}"#, r#"turn.finished {"status":"completed"}"#]);
}

#[test]
fn conditions_decide_whether_a_rule_applies() {
    let file = || {
        json!({"events": [
            {"when": {"t": {"present": true}}, "only_if": {"settings": {"mode": "a"}}, "text": "of a"},
            {"when": {"t": {"present": true}}, "only_if": {"first_turn": false}, "text": "later"},
        ]})
    };
    let frame = [json!({"t": 1})];
    assert_eq!(decode_with(file(), &json!({"mode": "a"}), true, &frame), [r#"text {"text":"of a"}"#]);
    assert_eq!(decode_with(file(), &json!({"mode": "b"}), false, &frame), [r#"text {"text":"later"}"#]);
    assert_eq!(decode_with(file(), &json!({"mode": "b"}), true, &frame), [""; 0]);
}

#[test]
fn a_rule_saves_the_first_path_that_leads_somewhere() {
    let protocol =
        protocol(json!({"events": [{"when": {"present": true}, "turn.started": {}, "save": {"id": ["$.a.id", "$.id"], "none": "$.x"}}]}));
    let moment = Moment {
        protocol: &protocol,
        names: &Nothing,
        now: Now { settings: &Value::Null, agent: &Value::Null, first_turn: true, turn_ended: false },
        turn: None,
        batch: 0,
    };
    let decoded = Decoder::default().decode(&json!({"id": 5}), &moment);
    let saves: Vec<_> = decoded.saves.iter().map(|saved| (&*saved.name, saved.value.clone(), saved.of_turn)).collect();
    assert_eq!(saves, [("id", json!(5), true)]);
}
