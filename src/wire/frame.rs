//! The form of WebSocket messages in traces and suites.
//!
//! Owns: what a text and bytes become, and the way back.
//! Must not know: sockets, who sends.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The JSON value of a text, or `{text}`.
pub fn text_frame(text: &str) -> Value {
    super::json::parse(text).unwrap_or_else(|_| json!({"text": text}))
}

/// `{bytes: base64}`.
pub fn bytes_frame(bytes: &[u8]) -> Value {
    json!({"bytes": STANDARD.encode(bytes)})
}

/// A message as a suite writes it.
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    Text(String),
    Bytes(Vec<u8>),
}

/// `{bytes: base64}` is binary, a text goes as it is, anything else as JSON. The error says why the bytes are none.
pub fn written(value: Value) -> Result<Written, String> {
    match value {
        Value::String(text) => Ok(Written::Text(text)),
        Value::Object(map) if map.len() == 1 && map.get("bytes").is_some_and(Value::is_string) => {
            let text = map.get("bytes").and_then(Value::as_str).unwrap_or_default();
            STANDARD.decode(text).map(Written::Bytes).map_err(|reason| format!("`bytes` is not base64: {reason}"))
        }
        value => Ok(Written::Text(value.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_goes_out_as_it_is_written() {
        assert_eq!(written(json!("hi")), Ok(Written::Text("hi".into())));
        assert_eq!(written(json!({"bytes": "AP8="})), Ok(Written::Bytes(vec![0, 255])));
        assert_eq!(written(json!({"bytes": "AP8=", "more": 1})), Ok(Written::Text(r#"{"bytes":"AP8=","more":1}"#.into())));
        assert_eq!(written(json!([1])), Ok(Written::Text("[1]".into())));
    }

    #[test]
    fn bytes_that_are_not_base64_are_refused() {
        assert!(written(json!({"bytes": "?"})).unwrap_err().contains("not base64"));
    }
}
