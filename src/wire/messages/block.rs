//! Content blocks of the Messages wire, and the deltas that fill them.
//!
//! Owns: their fields.
//! Must not know: in which order they come.

use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Block<'a> {
    Text { text: Cow<'a, str> },
    Thinking { thinking: Cow<'a, str>, signature: Cow<'a, str> },
    RedactedThinking { data: &'a str },
    ToolUse { id: String, name: &'a str, input: Input },
    McpToolUse { id: String, name: &'a str, server_name: &'a str, input: Input },
    McpToolResult { tool_use_id: String, is_error: bool, content: [ResultText<'a>; 1] },
}

/// The input of a call: an object. What a script sends raw and is none stands there as the text it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Input(Value);

impl Input {
    /// As it is before its deltas.
    pub fn begun() -> Input {
        Input(Value::Object(Map::new()))
    }

    pub fn of(arguments: &str) -> Input {
        Input(match serde_json::from_str(arguments) {
            Ok(value) => value,
            Err(_) if arguments.is_empty() => Value::Object(Map::new()),
            Err(_) => Value::from(arguments),
        })
    }
}

/// What an MCP tool said.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename = "text")]
pub struct ResultText<'a> {
    pub text: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Delta<'a> {
    #[serde(rename = "text_delta")]
    Text { text: &'a str },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: &'a str },
    #[serde(rename = "signature_delta")]
    Signature { signature: &'a str },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: &'a str },
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_input_is_an_object_or_the_text_it_is() {
        for (text, expected) in [(r#"{"a":1}"#, json!({"a": 1})), ("", json!({})), ("{\"half", json!("{\"half"))] {
            assert_eq!(serde_json::to_value(Input::of(text)).unwrap(), expected, "{text}");
        }
    }
}
