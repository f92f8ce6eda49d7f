//! A scripted answer as the result of a call.
//!
//! Owns: content blocks, structured content.
//! Must not know: which answer was chosen, JSON-RPC.

use crate::fakes::tools::Filled;
use serde_json::{Value, json};

/// The result of `tools/call`, or the error of the request. `structured`: the client's version of the protocol knows structured content.
pub fn of_call(answer: Filled, structured: bool) -> Result<Value, Value> {
    match answer {
        Filled::Result(value) => Ok(result(value, structured)),
        Filled::Error(value) => {
            let mut result = result(value, false);
            result["isError"] = true.into();
            Ok(result)
        }
        Filled::RpcError(error) => Err(error),
    }
}

/// `{content: […]}` as it is; a text as text; anything else as JSON text, an object as structured content too.
fn result(value: Value, structured: bool) -> Value {
    match value {
        Value::Object(map) if map.get("content").is_some_and(Value::is_array) => Value::Object(map),
        Value::Null => json!({"content": []}),
        Value::String(text) => json!({"content": [{"type": "text", "text": text}]}),
        value => {
            let mut result = json!({"content": [{"type": "text", "text": value.to_string()}]});
            if structured && value.is_object() {
                result["structuredContent"] = value;
            }
            result
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_content() {
        let of = |value| of_call(Filled::Result(value), true).unwrap();
        assert_eq!(of(json!("hi")), json!({"content": [{"type": "text", "text": "hi"}]}));
        assert_eq!(of(json!([1])), json!({"content": [{"type": "text", "text": "[1]"}]}));
        assert_eq!(of(json!({"a": 1})), json!({"content": [{"type": "text", "text": "{\"a\":1}"}], "structuredContent": {"a": 1}}));
        assert_eq!(of(Value::Null), json!({"content": []}));
        let image = json!({"content": [{"type": "image", "data": "AA==", "mimeType": "image/png"}], "_meta": {"a": 1}});
        assert_eq!(of(image.clone()), image);
    }

    #[test]
    fn older_clients_get_no_structured_content() {
        assert_eq!(of_call(Filled::Result(json!({"a": 1})), false).unwrap().get("structuredContent"), None);
    }

    #[test]
    fn a_failure_is_a_result_and_an_rpc_error_is_none() {
        assert_eq!(
            of_call(Filled::Error(json!("no")), true).unwrap(),
            json!({"content": [{"type": "text", "text": "no"}], "isError": true})
        );
        let error = json!({"code": -1, "message": "m"});
        assert_eq!(of_call(Filled::RpcError(error.clone()), true), Err(error));
    }
}
