//! The fields of a normalised event, whatever a protocol left out.
//!
//! Owns: which field of an event is its text, its id, its status, its error.
//! Must not know: what is made of them.

use crate::model::trace::Event;
use serde_json::{Value, json};
use std::borrow::Cow;

/// The text of a text event; a value that is no text stands as compact JSON.
pub(crate) fn text(event: &Event) -> Option<Cow<'_, str>> {
    ["text", "value", "delta"].iter().find_map(|key| event.fields.get(*key)).and_then(plain)
}

/// An id is a text or a number; both are compared as text.
pub(crate) fn id<'e>(event: &'e Event, key: &str) -> Option<Cow<'e, str>> {
    event.fields.get(key).and_then(plain)
}

/// How a turn ended; an end that says nothing is `completed`.
pub(crate) fn turn_status(event: &Event) -> Cow<'_, str> {
    ["status", "value"].iter().find_map(|key| event.fields.get(*key)).and_then(plain).unwrap_or(Cow::Borrowed("completed"))
}

/// `{source, code, message}` of an `error` event. A protocol gives a text, or a mapping with more or less in it.
pub(crate) fn error(event: &Event) -> Value {
    let fields = &event.fields;
    let inner = fields.get("error").and_then(Value::as_object).unwrap_or(fields);
    let message = ["message", "error", "value", "text", "reason"]
        .iter()
        .find_map(|key| inner.get(*key).or_else(|| fields.get(*key)).filter(|value| !value.is_null()))
        .and_then(plain)
        .unwrap_or_else(|| Cow::Owned(Value::Object(inner.clone()).to_string()));
    let code = inner.get("code").or_else(|| fields.get("code")).cloned().unwrap_or(Value::Null);
    json!({"source": fields.get("source").cloned().unwrap_or_else(|| json!("agent")), "code": code, "message": message})
}

/// The error that a connection which broke makes.
pub(crate) fn broken_transport(event: &Event) -> Value {
    let reason = event.fields.get("reason").and_then(plain).filter(|reason| !reason.is_empty());
    let message = match reason {
        Some(reason) => format!("the connection was closed during a turn: {reason}"),
        None => "the connection was closed during a turn".to_owned(),
    };
    json!({"source": "transport", "code": event.fields.get("code").cloned().unwrap_or(Value::Null), "message": message})
}

/// A value as text: a text itself, anything else as compact JSON, null as nothing.
pub(crate) fn plain(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(Cow::Borrowed(text)),
        other => Some(Cow::Owned(other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(fields: Value) -> Event {
        Event { kind: "error".into(), fields: fields.as_object().cloned().unwrap_or_default(), batch: None }
    }

    #[test]
    fn an_error_is_read_from_text_mapping_or_nested_mapping() {
        for (fields, message, code) in [
            (json!({"message": "boom"}), "boom", Value::Null),
            (json!({"message": "boom", "code": "x"}), "boom", json!("x")),
            (json!({"error": "boom"}), "boom", Value::Null),
            (json!({"error": {"message": "boom", "code": 7}}), "boom", json!(7)),
            (json!({"kind": "odd"}), "{\"kind\":\"odd\"}", Value::Null),
        ] {
            assert_eq!(error(&event(fields)), json!({"source": "agent", "code": code, "message": message}));
        }
    }

    #[test]
    fn an_end_that_says_nothing_is_completed() {
        assert_eq!(turn_status(&event(json!({}))), "completed");
        assert_eq!(turn_status(&event(json!({"status": "failed"}))), "failed");
    }
}
