//! From the events of a run to its Response object: the same for a client that hydrates and a worker that persists.
//!
//! Owns: what each event does to the response, and what a stream that breaks the rules becomes.
//! Must not know: transports, where events come from, whether anybody waits for the end.
//!
//! Every event is applied once, by its `event_id`. What breaks the order of a stream (a delta without its start, anything
//! before `response_start`) makes the response an error that no later event clears. What is no event at all is left out and
//! noted; a strict reducer takes it for an error, too.

use super::items::Items;
use super::names;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// The identity of a response, as its start tells it.
const IDENTITY: [(&str, &str); 7] = [
    ("id", "response_id"),
    ("turn_id", "turn_id"),
    ("thread_id", "thread_id"),
    ("agent_id", "agent_id"),
    ("model_id", "model_id"),
    ("provider_id", "provider_id"),
    ("created_at", "created_at"),
];

#[derive(Clone, Debug, Default)]
pub struct Reducer {
    strict: bool,
    /// From `response_start`; nothing before it.
    identity: Option<Map<String, Value>>,
    updated_at: Option<u64>,
    status: Status,
    items: Items,
    usage: Value,
    finish_reason: Value,
    error: Value,
    /// The order was broken, so items mean nothing from here on.
    broken: bool,
    seen: HashSet<String>,
    notes: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
enum Status {
    #[default]
    Open,
    Ended(String),
}

impl Reducer {
    pub fn new(strict: bool) -> Reducer {
        Reducer { strict, ..Reducer::default() }
    }

    /// Takes a frame `{event, data}` of a stream of server-sent events.
    pub fn read(&mut self, frame: &Value) {
        match &frame["data"] {
            Value::Object(data) if !data.contains_key("type") && frame["event"].is_string() => {
                let mut data = data.clone();
                data.insert("type".to_owned(), frame["event"].clone());
                self.apply(&Value::Object(data));
            }
            data => self.apply(data),
        }
    }

    /// Takes an event.
    pub fn apply(&mut self, event: &Value) {
        let Some(kind) = event["type"].as_str().or(event["payload"]["type"].as_str()) else {
            let what = if event.is_object() { "an event without a `type`" } else { "what is no event" };
            return self.unfit("MALFORMED_CHUNK", &format!("{what} was met: {}", short(event)));
        };
        if let Some(id) = event["event_id"].as_str()
            && !self.seen.insert(id.to_owned())
        {
            return;
        }
        if let Some(time) = event["timestamp"].as_u64() {
            self.updated_at = self.updated_at.max(Some(time));
        }
        let payload = if event["payload"].is_object() { &event["payload"] } else { event };
        let known = names::event(kind);
        if self.identity.is_none() && known != "response_start" && known != "heartbeat" {
            self.identity = Some(Map::new());
            self.break_order(None, &format!("`{kind}` came before `response_start`"));
        }
        match known {
            "response_start" => self.start(payload),
            "item_start" | "item_delta" | "item_done" | "item_error" | "item_cancelled" | "item.function_call.delta" => {
                self.item(known, payload)
            }
            "usage_update" => self.usage = usage(&payload["usage"]),
            "response_done" => self.done(payload),
            "response_error" => self.fail(names::error(&payload["error"])),
            "turn_aborted_by_user" => self.end("aborted", &payload["reason"]),
            "heartbeat" | "script_execution_start" | "script_execution_done" | "script_execution_error" => {}
            _ => self.unfit("UNKNOWN_EVENT", &format!("an event of the unknown type `{kind}` was met")),
        }
    }

    /// The stream has ended: without a last event its response is incomplete.
    pub fn close(&mut self) {
        if self.status == Status::Open {
            self.end("incomplete", &"stream_truncated".into());
        }
    }

    /// True once nobody need wait for more.
    pub fn is_over(&self) -> bool {
        self.status != Status::Open
    }

    /// What was left out, in words.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The response as far as it is known. `None` before the first event.
    pub fn snapshot(&self) -> Option<Value> {
        let mut response = self.identity.clone()?;
        let status = match &self.status {
            Status::Open => "in_progress",
            Status::Ended(status) => status,
        };
        response.insert("updated_at".to_owned(), json!(self.updated_at));
        response.insert("status".to_owned(), status.into());
        response.insert("output_items".to_owned(), self.items.visible());
        response.insert("finish_reason".to_owned(), self.finish_reason.clone());
        for (key, value) in [("usage", &self.usage), ("error", &self.error)] {
            if !value.is_null() {
                response.insert(key.to_owned(), value.clone());
            }
        }
        Some(Value::Object(response))
    }

    fn start(&mut self, payload: &Value) {
        match &mut self.identity {
            Some(identity) if !identity.is_empty() => self.notes.push("a second `response_start` was ignored".to_owned()),
            identity => {
                let told = |(key, name): &(&str, &str)| payload.get(name).map(|value| ((*key).to_owned(), value.clone()));
                *identity = Some(IDENTITY.iter().filter_map(told).collect());
            }
        }
    }

    fn item(&mut self, kind: &str, payload: &Value) {
        if self.broken {
            return;
        }
        let Some(id) = payload["item_id"].as_str() else {
            return self.unfit("INVALID_EVENT", &format!("`{kind}` has no `item_id`: {}", short(payload)));
        };
        let items = &mut self.items;
        let fits = match kind {
            "item_start" => return self.start_item(id, payload),
            "item_delta" => match payload["delta_content"].as_str().or(payload["delta"].as_str()) {
                Some(text) => items.append(id, text),
                None => return self.unfit("INVALID_EVENT", &format!("an `item_delta` has no text: {}", short(payload))),
            },
            "item.function_call.delta" => items.tell(id, "name", &payload["name"]),
            "item_done" => {
                let last = ["final_item", "function_call", "item"].iter().find_map(|key| payload[*key].as_object());
                items.finish(id, last)
            }
            "item_error" => return items.replace(id, "error", names::error(&payload["error"])),
            _ => return items.replace(id, "cancelled", json!({"reason": payload["reason"]})),
        };
        if !fits {
            self.break_order(Some(id), &format!("`{kind}` came for the item `{id}`, which is not open"));
        }
    }

    fn start_item(&mut self, id: &str, payload: &Value) {
        let Some(kind) = payload["item_type"].as_str() else {
            return self.unfit("INVALID_EVENT", &format!("an `item_start` has no `item_type`: {}", short(payload)));
        };
        let told = |key: &str| payload.get(key).filter(|value| !value.is_null()).map(|value| (key.to_owned(), value.clone()));
        let known = ["name", "call_id", "origin"].into_iter().filter_map(told).collect();
        let key = if kind == "function_call" { "arguments" } else { "initial_content" };
        let begun = payload[key].as_str().or(payload["code"].as_str()).unwrap_or_default();
        if !self.items.start(id, kind, known, begun) {
            self.notes.push(format!("a second `item_start` of the item `{id}` was ignored"));
        }
    }

    fn done(&mut self, payload: &Value) {
        if payload["usage"].is_object() {
            self.usage = usage(&payload["usage"]);
        }
        self.end(payload["status"].as_str().unwrap_or("complete"), &payload["finish_reason"]);
    }

    /// An error and an abort stay what they are.
    fn end(&mut self, status: &str, reason: &Value) {
        if !matches!(&self.status, Status::Ended(status) if status == "error" || status == "aborted") {
            self.status = Status::Ended(names::status(status).to_owned());
        }
        if self.finish_reason.is_null() {
            self.finish_reason = reason.clone();
        }
    }

    fn fail(&mut self, error: Value) {
        self.status = Status::Ended("error".to_owned());
        self.error = error;
    }

    fn break_order(&mut self, id: Option<&str>, why: &str) {
        if let Some(id) = id {
            self.items.remove(id);
        }
        self.broken = true;
        self.finish_reason = "stream_error".into();
        self.fail(json!({"code": "STREAM_SEQUENCE_ERROR", "message": why}));
    }

    fn unfit(&mut self, code: &str, why: &str) {
        self.notes.push(why.to_owned());
        if self.strict && self.error.is_null() {
            self.broken = true;
            self.identity.get_or_insert_default();
            self.finish_reason = "stream_error".into();
            self.fail(json!({"code": code, "message": why}));
        }
    }
}

/// The sum where the stream left it out.
fn usage(usage: &Value) -> Value {
    let mut usage = usage.clone();
    if let (None, Some(prompt), Some(completion)) =
        (usage["total_tokens"].as_u64(), usage["prompt_tokens"].as_u64(), usage["completion_tokens"].as_u64())
    {
        usage["total_tokens"] = (prompt + completion).into();
    }
    usage
}

/// A value in at most 200 characters.
fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(200) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
