//! A rendered stream taken apart: its events with their types, and what stands between them.
//!
//! Owns: what the type of an event is, on every wire; which types are deltas and which end a reply.
//! Must not know: faults.

use crate::model::fake::Abort;
use crate::wire::stream::{Rendered, Step};
use serde_json::Value;
use std::ops::Range;

#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    Event(Event),
    /// A comment, or what a fault put in.
    Block(Vec<u8>),
    /// Bytes that the script itself wrote; they go out as they are.
    Raw(Vec<u8>),
    /// A delay, a gate, silence.
    Wait(Step),
    /// The end of the connection; of the bytes `Half` sends the first half.
    Abort(Abort, Vec<u8>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub name: Option<String>,
    pub data: String,
    /// What `on` is compared with; it stays what it was when the data is damaged.
    pub kind: String,
}

impl Piece {
    pub fn event(&self) -> Option<&Event> {
        if let Piece::Event(event) = self { Some(event) } else { None }
    }
}

/// The pieces of a stream that was rendered with one event a step.
pub fn pieces(rendered: &Rendered) -> Vec<Piece> {
    let bytes = |range: &Range<usize>| &rendered.bytes[range.clone()];
    let piece = |step: &Step| match step {
        Step::Write(range) => block(bytes(range)),
        Step::Abort(how, range) => Piece::Abort(*how, bytes(range).to_vec()),
        wait => Piece::Wait(wait.clone()),
    };
    rendered.steps.iter().map(piece).collect()
}

fn block(bytes: &[u8]) -> Piece {
    match std::str::from_utf8(bytes).ok().and_then(event) {
        Some(event) => Piece::Event(event),
        None if bytes.starts_with(b":") => Piece::Block(bytes.to_vec()),
        None => Piece::Raw(bytes.to_vec()),
    }
}

/// An event as this program writes it: the name, if there is one, then the data.
fn event(text: &str) -> Option<Event> {
    let body = text.strip_suffix("\n\n")?;
    let (name, body) = match body.strip_prefix("event: ") {
        Some(named) => named.split_once('\n').map(|(name, body)| (Some(name.to_owned()), body))?,
        None => (None, body),
    };
    let lines: Option<Vec<_>> = body.split('\n').map(|line| line.strip_prefix("data: ")).collect();
    let data = lines?.join("\n");
    let kind = name.clone().unwrap_or_else(|| kind(&data));
    Some(Event { name, data, kind })
}

/// The type of an event without a name.
fn kind(data: &str) -> String {
    if data == "[DONE]" {
        return "done".to_owned();
    }
    let Ok(value) = serde_json::from_str::<Value>(data) else { return "raw".to_owned() };
    if let Some(kind) = value["type"].as_str() {
        return kind.to_owned();
    }
    match &value["choices"] {
        _ if value.get("error").is_some_and(|error| !error.is_null()) => "error",
        Value::Array(choices) => match choices.first().map(chunk_kind) {
            // OpenRouter sends usage with a choice that brings nothing.
            Some("chunk.role") if value["usage"].is_object() => "chunk.usage",
            Some(kind) => kind,
            None => "chunk.usage",
        },
        _ => "raw",
    }
    .to_owned()
}

/// Chunks of chat completions have no type, so they are called by what they bring.
fn chunk_kind(choice: &Value) -> &'static str {
    let delta = &choice["delta"];
    let brings = |key: &str| delta[key].as_str().is_some_and(|text| !text.is_empty());
    if choice["finish_reason"].is_string() {
        "chunk.finish"
    } else if delta["tool_calls"].is_array() {
        "chunk.tool_calls"
    } else if brings("content") {
        "chunk.content"
    } else if brings("refusal") {
        "chunk.refusal"
    } else if brings("reasoning_content") || brings("reasoning") || delta["reasoning_details"].is_array() {
        "chunk.reasoning"
    } else {
        "chunk.role"
    }
}

/// True for an event that brings a part of what the model says.
pub fn is_delta(kind: &str) -> bool {
    const CHUNKS: [&str; 4] = ["chunk.content", "chunk.tool_calls", "chunk.refusal", "chunk.reasoning"];
    kind.ends_with(".delta") || kind == "content_block_delta" || CHUNKS.contains(&kind)
}

/// True for an event without which a reply is not complete.
pub fn is_terminal(kind: &str) -> bool {
    const RESPONSES: [&str; 4] = ["response.completed", "response.failed", "response.incomplete", "error"];
    const MESSAGES: [&str; 2] = ["message_delta", "message_stop"];
    const CHAT: [&str; 3] = ["chunk.finish", "chunk.usage", "done"];
    RESPONSES.contains(&kind) || MESSAGES.contains(&kind) || CHAT.contains(&kind)
}

/// The types that there are, each once, in order.
pub fn kinds(pieces: &[Piece]) -> Vec<String> {
    let mut kinds = Vec::<String>::new();
    for event in pieces.iter().filter_map(Piece::event) {
        if !kinds.contains(&event.kind) {
            kinds.push(event.kind.clone());
        }
    }
    kinds
}
