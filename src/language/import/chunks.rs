//! Recorded streams as replies: a file `{description, model, chunks: ["data: …\n\n", …]}`, one for each provider and name.
//!
//! Owns: which wire a recording is of, what its events say, what of it no reply can say.
//! Must not know: how a file is found, how a reply is written.
//!
//! A recording is of a provider's own wire, or in the words of Core 2.0 (`response.start`, `item.content.delta`, …). What was said
//! is taken over; how it was cut into pieces is not: a fake cuts texts by its `wire`.

use crate::model::protocol::EventKind;
use crate::wire::core2::Reducer;
use crate::wire::reading::{Meaning, by_name};
use crate::wire::sse_read::Reader;
use serde_json::{Value, json};

/// No recorded event is longer.
const LONGEST: usize = 16 << 20;

/// The parts of the reply, and what could not be taken over: the chunk, and why.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Taken {
    pub reply: Vec<Value>,
    pub left_out: Vec<(usize, String)>,
}

/// What a reader says of a wire that breaks its own rules, not of an answer that failed.
const FAULTS: [&str; 2] = ["malformed_event", "misnamed_event"];

/// What the chunks of one answer say.
pub fn reply(chunks: &[&str]) -> Taken {
    let mut taken = Taken::default();
    let mut events = Vec::new();
    let mut reader = Reader::new(LONGEST);
    for (at, chunk) in chunks.iter().enumerate() {
        let read = reader.feed(chunk.as_bytes(), |event| match serde_json::from_str::<Value>(&event.data) {
            Ok(data) => events.push((at, event.kind, data)),
            Err(_) if event.data.trim() == "[DONE]" => events.push((at, event.kind, event.data.into())),
            Err(_) => taken.left_out.push((at, "is no JSON; a part `raw` sends such bytes, where they belong".to_owned())),
        });
        if read.is_err() {
            taken.left_out.push((at, format!("is longer than {} MB", LONGEST >> 20)));
            break;
        }
    }
    let first = events.iter().map(|(.., data)| data).find(|data| data.is_object()).unwrap_or(&Value::Null);
    let wire = match first["type"].as_str() {
        _ if first["choices"].is_array() => Some("chat"),
        Some("message_start") => Some("messages"),
        Some("response.created" | "response.in_progress") => Some("responses"),
        _ => None,
    };
    match wire {
        Some(wire) => of_wire(wire, &events, &mut taken),
        None => of_core2(&events, &mut taken),
    }
    taken
}

fn of_core2(events: &[(usize, String, Value)], taken: &mut Taken) {
    let mut reducer = Reducer::new(false);
    for (at, _, data) in events {
        let noted = reducer.notes().len();
        reducer.apply(data);
        taken.left_out.extend(reducer.notes()[noted..].iter().map(|note| (*at, note.clone())));
    }
    let last = events.last().map_or(0, |(at, ..)| *at);
    let response = reducer.snapshot().unwrap_or_default();
    for item in response["output_items"].as_array().into_iter().flatten() {
        match item["type"].as_str().unwrap_or_default() {
            "message" => taken.say(&item["content"]),
            "reasoning" => taken.reply.push(json!({"reasoning": item["content"]})),
            "function_call" => taken.reply.push(call(&item["name"], &item["arguments"], &item["call_id"])),
            kind => taken.left_out.push((last, format!("makes an item `{kind}`, which no provider sends"))),
        }
    }
    taken.count(&response["usage"]["prompt_tokens"], &response["usage"]["completion_tokens"]);
    if response["error"].is_object() {
        taken.reply.push(json!({"error": {"code": response["error"]["code"], "message": response["error"]["message"]}}));
    } else if !reducer.is_over() {
        taken.reply.push(json!({"abort": "fin"}));
    } else if response["status"] == "incomplete" {
        taken.reply.push(json!({"stop": "length"}));
    }
}

fn of_wire(wire: &str, events: &[(usize, String, Value)], taken: &mut Taken) {
    let mut reader = by_name(wire).expect("the wire is one of those with a reader");
    let mut meanings: Vec<Meaning> = Vec::new();
    for (at, kind, data) in events {
        let from = meanings.len();
        // A recording need not have the names of its events.
        let name = if kind == "message" { data["type"].as_str().unwrap_or(kind) } else { kind };
        reader.read(&json!({"event": name, "data": data}), &mut meanings);
        let ours = |(kind, fields): &Meaning| {
            *kind == EventKind::Error && fields.get("code").is_some_and(|code| FAULTS.contains(&code.as_str().unwrap_or_default()))
        };
        for (_, fields) in meanings.extract_if(from.., |meaning| ours(meaning)) {
            taken.left_out.push((*at, format!("is ill-formed: {}", fields["message"].as_str().unwrap_or_default())));
        }
    }
    reader.end(&mut meanings);
    for (at, (kind, fields)) in meanings.iter().enumerate() {
        let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
        match kind {
            EventKind::Text => taken.say(&field("text")),
            EventKind::Reasoning => taken.reply.push(json!({"reasoning": field("text")})),
            EventKind::CallStarted => match meanings.get(at + 1) {
                Some((EventKind::CallFinished, ended)) if ended.get("id") == fields.get("id") => {
                    let how = if ended.get("status") == Some(&json!("ok")) { "output" } else { "error" };
                    let result = ended.get("result").cloned().unwrap_or_default();
                    taken
                        .reply
                        .push(json!({"mcp_call": {"server": field("server"), "name": field("name"), "args": field("args"), how: result}}));
                }
                _ => taken.reply.push(call(&field("name"), &field("args"), &field("id"))),
            },
            EventKind::Usage => taken.count(&field("input"), &field("output")),
            EventKind::Error => taken.reply.push(json!({"error": {"code": field("code"), "message": field("message")}})),
            EventKind::TurnFinished if fields.get("status") == Some(&json!("incomplete")) => taken.reply.push(json!({"stop": "length"})),
            _ => {}
        }
    }
    if !meanings.iter().any(|(kind, _)| *kind == EventKind::TurnFinished) {
        taken.reply.push(json!({"abort": "fin"}));
    }
}

impl Taken {
    /// A message after another one is a new one.
    fn say(&mut self, text: &Value) {
        let after = self.reply.iter().any(|part| part.get("text").is_some());
        self.reply.push(json!({if after { "message" } else { "text" }: text}));
    }

    fn count(&mut self, input: &Value, output: &Value) {
        if input.is_u64() || output.is_u64() {
            self.reply.push(json!({"usage": {"input": input.as_u64().unwrap_or(0), "output": output.as_u64().unwrap_or(0)}}));
        }
    }
}

/// Arguments that are no mapping are sent as they are.
fn call(name: &Value, arguments: &Value, id: &Value) -> Value {
    let parsed = arguments.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()).filter(Value::is_object);
    let mut call = json!({"name": name, "args": parsed.unwrap_or_else(|| arguments.clone())});
    if id.is_string() {
        call["id"] = id.clone();
    }
    json!({"tool_call": call})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(events: &[Value], expected: Value) -> Vec<(usize, String)> {
        let chunks: Vec<_> = events.iter().map(|event| format!("data: {event}\n\n")).collect();
        let taken = reply(&chunks.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(Value::Array(taken.reply), expected);
        taken.left_out
    }

    fn start() -> Value {
        json!({"type": "response.start", "response_id": "r"})
    }

    fn item(id: &str, kind: &str) -> Value {
        json!({"type": "item.start", "item_id": id, "item_type": kind})
    }

    fn delta(id: &str, text: &str) -> Value {
        json!({"type": "item.content.delta", "item_id": id, "delta": text})
    }

    fn done(id: &str) -> Value {
        json!({"type": "item.done", "item_id": id})
    }

    #[test]
    fn the_words_of_core2_are_taken_over() {
        let end = json!({"type": "response.done", "response_id": "r", "usage": {"prompt_tokens": 10, "completion_tokens": 3}});
        let events = [
            start(),
            item("t", "reasoning"),
            delta("t", "hm"),
            done("t"),
            item("a", "message"),
            delta("a", "Hel"),
            delta("a", "lo"),
            done("a"),
            item("b", "message"),
            delta("b", "Bye"),
            done("b"),
            end,
        ];
        let expected = json!([{"reasoning": "hm"}, {"text": "Hello"}, {"message": "Bye"}, {"usage": {"input": 10, "output": 3}}]);
        assert!(check(&events, expected).is_empty());
    }

    #[test]
    fn a_call_is_put_together_and_an_error_ends() {
        let events = [
            start(),
            item("f", "function_call"),
            json!({"type": "item.function_call.delta", "item_id": "f", "name": "readFile"}),
            json!({"type": "item.function_call.arguments.delta", "item_id": "f", "delta": "{\"path\":\"x\"}"}),
            done("f"),
            json!({"type": "response.error", "error": {"type": "invalid_request", "message": "Invalid prompt"}}),
        ];
        let expected = json!([{"tool_call": {"name": "readFile", "args": {"path": "x"}}}, {"error": {"code": "invalid_request", "message": "Invalid prompt"}}]);
        assert!(check(&events, expected).is_empty());
    }

    #[test]
    fn what_has_no_end_breaks_off_and_what_cannot_be_said_is_named() {
        let strange = json!({"type": "item.surprise"});
        let left_out = check(&[start(), item("a", "message"), strange, delta("a", "half")], json!([{"text": "half"}, {"abort": "fin"}]));
        assert_eq!((left_out.len(), left_out[0].0), (1, 2), "{left_out:?}");
        let taken = reply(&["data: {not-json\n\n"]);
        assert_eq!(taken.left_out[0].0, 0);
        assert!(taken.left_out[0].1.contains("no JSON"), "{taken:?}");
    }

    #[test]
    fn providers_own_wires_are_taken_over() {
        let block =
            |kind: &str, more: Value| json!({"type": kind, "index": 0, "content_block": {"type": "text", "text": ""}, "delta": more});
        let messages = [
            json!({"type": "message_start", "message": {"id": "m", "role": "assistant", "content": [], "usage": {"input_tokens": 7, "output_tokens": 1}}}),
            block("content_block_start", Value::Null),
            block("content_block_delta", json!({"type": "text_delta", "text": "Hello"})),
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}),
            json!({"type": "message_stop"}),
        ];
        check(&messages, json!([{"text": "Hello"}, {"usage": {"input": 7, "output": 2}}]));
        let chat = [
            json!({"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hel"}, "finish_reason": null}]}),
            json!({"choices": [{"index": 0, "delta": {"content": "lo"}, "finish_reason": "stop"}]}),
        ];
        check(&chat, json!([{"text": "Hello"}]));
    }
}
