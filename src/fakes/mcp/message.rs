//! JSON-RPC 2.0: what a message is, how an answer is framed.
//!
//! Owns: the kinds of messages, the codes of errors.
//! Must not know: methods, transports.

use serde_json::{Value, json};

pub const PARSE_ERROR: i64 = -32700;
pub const INVALID_REQUEST: i64 = -32600;
pub const METHOD_NOT_FOUND: i64 = -32601;
pub const INVALID_PARAMS: i64 = -32602;
pub const INTERNAL_ERROR: i64 = -32603;

/// What a client sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    Request {
        /// A text or a number.
        id: Value,
        method: String,
        params: Value,
    },
    Notification {
        method: String,
    },
    /// An answer to a request of the server's, which has none.
    Response,
}

impl Message {
    /// The error says what is wrong with it.
    pub fn read(message: &Value) -> Result<Message, String> {
        let Some(map) = message.as_object() else { return Err("a message is an object".to_owned()) };
        if map.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            return Err("`jsonrpc` is not \"2.0\"".to_owned());
        }
        let method = match map.get("method") {
            None if map.contains_key("result") || map.contains_key("error") => return Ok(Message::Response),
            None => return Err("it has neither `method` nor `result` nor `error`".to_owned()),
            Some(Value::String(method)) => method.clone(),
            Some(_) => return Err("`method` is not a text".to_owned()),
        };
        match map.get("id") {
            None => Ok(Message::Notification { method }),
            Some(id @ (Value::String(_) | Value::Number(_))) => {
                Ok(Message::Request { id: id.clone(), method, params: map.get("params").cloned().unwrap_or_else(|| json!({})) })
            }
            Some(_) => Err("`id` is neither a text nor a number".to_owned()),
        }
    }
}

/// An error as JSON-RPC has it.
pub fn error(code: i64, message: &str) -> Value {
    json!({"code": code, "message": message})
}

/// The frame of an answer.
pub fn framed(id: Value, outcome: Result<Value, Value>) -> Value {
    match outcome {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(error) => json!({"jsonrpc": "2.0", "id": id, "error": error}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_apart() {
        let read = |value: Value| Message::read(&value);
        let request = Message::Request { id: json!("a"), method: "ping".into(), params: json!({}) };
        assert_eq!(read(json!({"jsonrpc": "2.0", "id": "a", "method": "ping"})), Ok(request));
        assert_eq!(read(json!({"jsonrpc": "2.0", "method": "n"})), Ok(Message::Notification { method: "n".into() }));
        assert_eq!(read(json!({"jsonrpc": "2.0", "id": 1, "result": {}})), Ok(Message::Response));
    }

    #[test]
    fn what_is_no_message_is_told_why() {
        for (value, says) in [
            (json!([]), "is an object"),
            (json!({"id": 1, "method": "ping"}), "`jsonrpc`"),
            (json!({"jsonrpc": "2.0", "id": 1}), "neither `method`"),
            (json!({"jsonrpc": "2.0", "id": null, "method": "ping"}), "`id`"),
            (json!({"jsonrpc": "2.0", "id": 1, "method": 1}), "`method` is not a text"),
        ] {
            assert!(Message::read(&value).unwrap_err().contains(says), "{value}");
        }
    }
}
