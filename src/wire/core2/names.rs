//! The names of Core 2.0: the canonical ones have underscores; those with dots are other spellings of them.
//!
//! Owns: which spelling means what, of events, statuses, items, errors and usage.
//! Must not know: what an event does to a response.

use serde_json::{Map, Value};

/// The canonical name of an event's type.
pub fn event(name: &str) -> &str {
    match name {
        "response.start" => "response_start",
        "response.done" => "response_done",
        "response.error" => "response_error",
        "item.start" => "item_start",
        "item.content.delta" | "item.function_call.arguments.delta" | "item.delta" => "item_delta",
        "item.done" => "item_done",
        other => other,
    }
}

/// The canonical form of a frame `{event, data}`; `None` if it is that already. Events with dotted names have no envelope around their
/// payload, and the last form of an item stands under its kind.
pub fn frame(frame: &Value) -> Option<Value> {
    let (name, data) = (frame["event"].as_str()?, frame["data"].as_object()?);
    let known = event(name);
    let dotted = known != name || data.get("type").and_then(Value::as_str).is_some_and(|kind| event(kind) != kind);
    if !dotted && known != "response_done" {
        return None;
    }
    let mut payload = match data.get("payload") {
        Some(Value::Object(payload)) => payload.clone(),
        _ if dotted => data.clone(),
        _ => return None,
    };
    if let (None, Some(delta)) = (payload.get("delta_content"), payload.get("delta")) {
        payload.insert("delta_content".to_owned(), delta.clone());
    }
    let last = [("final_item", "message"), ("function_call", "function_call"), ("item", "message")]
        .into_iter()
        .find_map(|(key, kind)| Some((payload.get(key)?.as_object()?.clone(), kind)));
    if let ("item_done", Some((last, kind))) = (known, last) {
        let id = payload.get("item_id").and_then(Value::as_str).unwrap_or_default();
        payload.insert("final_item".to_owned(), Value::Object(item(&last, id, kind)));
    }
    if let Some(word) =
        payload.get("status").and_then(Value::as_str).filter(|_| known == "response_done").map(|word| status(word).to_owned())
    {
        payload.insert("status".to_owned(), word.into());
    }
    let mut canonical = frame.clone();
    canonical["event"] = known.into();
    canonical["data"]["payload"] = Value::Object(payload);
    Some(canonical)
}

/// The canonical word of a status.
pub fn status(word: &str) -> &str {
    match word {
        "completed" => "complete",
        "failed" => "error",
        "cancelled" => "aborted",
        other => other,
    }
}

/// An item with canonical keys; what is missing is taken from what is known of it. A content of text parts is their text.
pub fn item(item: &Map<String, Value>, id: &str, kind: &str) -> Map<String, Value> {
    let mut out: Map<String, Value> = [("id".to_owned(), id.into()), ("type".to_owned(), kind.into())].into_iter().collect();
    for (key, value) in item {
        let (key, value) = match (key.as_str(), value) {
            ("item_id", value) => ("id", value.clone()),
            ("item_type", value) => ("type", value.clone()),
            ("content", Value::Array(parts)) => {
                ("content", parts.iter().filter_map(|part| part["text"].as_str()).collect::<String>().into())
            }
            (key, value) => (key, value.clone()),
        };
        out.insert(key.to_owned(), value);
    }
    out
}

/// An error always has a `code`, which some call `type`, and a `message`.
pub fn error(error: &Value) -> Value {
    let mut out = error.as_object().cloned().unwrap_or_default();
    if let Some(kind) = out.remove("type") {
        out.entry("code").or_insert(kind);
    }
    out.entry("code").or_insert_with(|| "UNKNOWN".into());
    let words = error.as_str().unwrap_or("an error without a message");
    out.entry("message").or_insert_with(|| words.into());
    Value::Object(out)
}
