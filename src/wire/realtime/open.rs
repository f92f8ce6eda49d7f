//! The item that a response is at: what of it was sent, what is still to come.
//!
//! Owns: the events of one item.
//! Must not know: the order of items, why one ends.

use super::names::{Voice, part};
use crate::model::wire::Names;
use serde_json::{Value, json};
use std::collections::VecDeque;

/// As long as a millisecond of 24 kHz: what is said has some sound, and equal runs have equal bytes.
const SILENCE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What kind of item it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Message(Voice),
    Call {
        name: String,
        call_id: String,
    },
    /// A call that the provider runs itself.
    Mcp {
        server: String,
        name: String,
        result: Result<String, String>,
    },
}

/// The sound that goes with a piece of a transcript.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sound {
    Silence,
    Given(String),
    None,
}

/// An item that has begun.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub kind: Kind,
    pub id: String,
    names: Names,
    response_id: String,
    output_index: usize,
    /// The texts of the pieces that were sent, joined.
    said: String,
    /// Pieces still to be sent.
    pub rest: VecDeque<(String, Sound)>,
}

impl Open {
    pub fn new(names: Names, response_id: &str, output_index: usize, id: String, kind: Kind) -> Open {
        Open { kind, id, names, response_id: response_id.to_owned(), output_index, said: String::new(), rest: VecDeque::new() }
    }

    /// Further text of a message is still to come; a call is whole.
    pub fn goes_on(&self) -> bool {
        matches!(self.kind, Kind::Message(_))
    }

    /// The item as it is now.
    pub fn item(&self, status: &str) -> Value {
        let mut item = json!({"id": self.id, "object": "realtime.item", "type": "message", "status": status});
        match &self.kind {
            Kind::Message(voice) => {
                item["role"] = "assistant".into();
                let begun = status == "in_progress";
                item["content"] = if begun { json!([]) } else { json!([self.names.content(*voice, &self.said)]) };
            }
            Kind::Mcp { server, name, result } => {
                let (output, error) = match result {
                    _ if status != "completed" => (Value::Null, Value::Null),
                    Ok(output) => (output.as_str().into(), Value::Null),
                    Err(error) => (Value::Null, mcp_error(error)),
                };
                return json!({"id": self.id, "type": "mcp_call", "server_label": server, "name": name, "arguments": self.said,
                    "approval_request_id": null, "output": output, "error": error});
            }
            Kind::Call { name, call_id } => {
                item["type"] = "function_call".into();
                item["call_id"] = call_id.as_str().into();
                item["name"] = name.as_str().into();
                item["arguments"] = self.said.as_str().into();
            }
        }
        item
    }

    /// `response.output_item.added` or `.done`.
    pub fn item_event(&self, what: &str, item: &Value) -> Value {
        let kind = format!("response.output_item.{what}");
        json!({"type": kind, "response_id": self.response_id, "output_index": self.output_index, "item": item})
    }

    /// After the item was added.
    pub fn begun(&self) -> Vec<Value> {
        match &self.kind {
            Kind::Message(voice) => vec![self.content("response.content_part.added", "part", part(*voice, ""))],
            Kind::Call { .. } | Kind::Mcp { .. } => Vec::new(),
        }
    }

    /// The events of the next piece.
    pub fn piece(&mut self, text: &str, sound: Sound) -> Vec<Value> {
        self.said.push_str(text);
        match &self.kind {
            Kind::Message(Voice::Text) => vec![self.content(&self.names.said(Voice::Text, "delta"), "delta", text.into())],
            Kind::Message(Voice::Audio) => {
                let sound = match sound {
                    Sound::Silence => Some(SILENCE.to_owned()),
                    Sound::Given(sound) => Some(sound),
                    Sound::None => None,
                };
                let transcript = (!text.is_empty()).then(|| self.content(&self.names.said(Voice::Audio, "delta"), "delta", text.into()));
                let sound = sound.map(|sound| self.content(&self.names.sound("delta"), "delta", sound.into()));
                transcript.into_iter().chain(sound).collect()
            }
            Kind::Call { call_id, .. } => vec![json!({
                "type": "response.function_call_arguments.delta", "response_id": self.response_id, "item_id": self.id,
                "output_index": self.output_index, "call_id": call_id, "delta": text,
            })],
            Kind::Mcp { .. } => vec![json!({
                "type": "response.mcp_call_arguments.delta", "response_id": self.response_id, "item_id": self.id,
                "output_index": self.output_index, "delta": text,
            })],
        }
    }

    /// Before the item is done; `whole` if it says all that it was to say.
    pub fn ended(&self, whole: bool) -> Vec<Value> {
        match &self.kind {
            Kind::Message(voice) => {
                let key = if *voice == Voice::Text { "text" } else { "transcript" };
                let mut events = Vec::new();
                if *voice == Voice::Audio {
                    events.push(self.place(&self.names.sound("done")));
                }
                events.push(self.content(&self.names.said(*voice, "done"), key, self.said.as_str().into()));
                events.push(self.content("response.content_part.done", "part", part(*voice, &self.said)));
                events
            }
            Kind::Call { name, call_id } => vec![json!({
                "type": "response.function_call_arguments.done", "response_id": self.response_id, "item_id": self.id,
                "output_index": self.output_index, "call_id": call_id, "name": name, "arguments": self.said,
            })],
            Kind::Mcp { result, .. } => {
                let mut events = vec![json!({
                    "type": "response.mcp_call_arguments.done", "response_id": self.response_id, "item_id": self.id,
                    "output_index": self.output_index, "arguments": self.said,
                })];
                let end = if result.is_ok() { "completed" } else { "failed" };
                events.extend(["in_progress", end].into_iter().filter(|_| whole).map(
                    |what| json!({"type": format!("response.mcp_call.{what}"), "item_id": self.id, "output_index": self.output_index}),
                ));
                events
            }
        }
    }

    fn place(&self, kind: &str) -> Value {
        json!({"type": kind, "response_id": self.response_id, "item_id": self.id, "output_index": self.output_index, "content_index": 0})
    }

    fn content(&self, kind: &str, key: &str, value: Value) -> Value {
        let mut event = self.place(kind);
        event[key] = value;
        event
    }
}

/// A text is what the tool said; an object with a type is the error as it is.
fn mcp_error(error: &str) -> Value {
    match serde_json::from_str::<Value>(error) {
        Ok(error) if error["type"].is_string() => error,
        _ => json!({"type": "tool_execution_error", "message": error}),
    }
}
