//! Errors as the gateway's wire has them.
//!
//! Owns: their codes and their form.
//! Must not know: when they happen.

use serde_json::{Value, json};

/// What a request is answered with: a payload or an error.
pub type Reply = Result<Value, Value>;

pub fn invalid(message: impl Into<String>) -> Value {
    json!({"code": "INVALID_REQUEST", "message": message.into()})
}

/// With a code of its own under `details`, which only version 4 knows.
pub fn detailed(code: &str, message: impl Into<String>, details: Value) -> Value {
    json!({"code": code, "message": message.into(), "details": details})
}

pub fn unavailable(message: impl Into<String>) -> Value {
    json!({"code": "UNAVAILABLE", "message": message.into()})
}
