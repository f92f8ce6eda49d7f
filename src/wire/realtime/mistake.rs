//! The `error` event: what a client did wrong, and what the script says went wrong.
//!
//! Owns: its form.
//! Must not know: which mistakes there are.

use serde_json::{Value, json};

/// A client event that was refused. The session goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistake {
    pub code: &'static str,
    pub message: String,
    pub param: Option<String>,
}

impl Mistake {
    pub fn new(code: &'static str, message: impl Into<String>) -> Mistake {
        Mistake { code, message: message.into(), param: None }
    }

    pub fn at(mut self, param: impl Into<String>) -> Mistake {
        self.param = Some(param.into());
        self
    }

    pub fn missing(param: &str) -> Mistake {
        Mistake::new("missing_required_parameter", format!("Missing required parameter: '{param}'.")).at(param)
    }

    pub fn invalid(param: &str, value: &Value, known: &[&str]) -> Mistake {
        let known = known.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ");
        let shown = value.as_str().map_or_else(|| value.to_string(), |text| format!("'{text}'"));
        Mistake::new("invalid_value", format!("Invalid value: {shown}. Supported values are: {known}.")).at(param)
    }

    /// The event; `event_id` is the id that the client gave its own event.
    pub fn event(&self, event_id: &Value) -> Value {
        error("invalid_request_error", Some(self.code), &self.message, self.param.as_deref(), event_id)
    }
}

/// An `error` event.
pub fn error(kind: &str, code: Option<&str>, message: &str, param: Option<&str>, event_id: &Value) -> Value {
    json!({"type": "error", "error": {"type": kind, "code": code, "message": message, "param": param, "event_id": event_id}})
}
