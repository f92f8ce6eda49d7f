//! The texts inside a value, as text matchers see them.
//!
//! Owns: which texts a value holds: at any depth, after JSON unescaping, inside texts that are JSON themselves.
//! Must not know: what is looked for.

use serde_json::Value;

/// True if `test` holds for some text in the value. Keys are names, not texts. `inside` says whether a value that is
/// itself a text is also looked into if it is JSON; inside mappings and lists every text is.
pub fn any(value: &Value, inside: bool, test: &mut dyn FnMut(&str) -> bool) -> bool {
    match value {
        Value::String(text) => test(text) || (inside && parsed(text).is_some_and(|value| any(&value, true, test))),
        Value::Array(items) => items.iter().any(|item| any(item, true, test)),
        Value::Object(map) => map.values().any(|item| any(item, true, test)),
        _ => false,
    }
}

/// True if the value is a text or may hold one: a text matcher can say something about it.
pub fn may_hold(value: &Value) -> bool {
    !matches!(value, Value::Number(_) | Value::Bool(_))
}

/// A text that is a JSON mapping, list or text. The cheap look at the ends spares most texts the parser.
fn parsed(text: &str) -> Option<Value> {
    let text = text.trim();
    let ends = (text.as_bytes().first()?, text.as_bytes().last()?);
    matches!(ends, (b'{', b'}') | (b'[', b']') | (b'"', b'"')).then(|| serde_json::from_str(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn finds(value: &Value, needle: &str) -> bool {
        any(value, true, &mut |text| text == needle)
    }

    #[test]
    fn texts_are_found_at_any_depth_and_inside_json_texts() {
        let inner = json!({"output": "line one\nline \"two\""}).to_string();
        let value = json!({"a": [1, {"b": "x"}], "body": inner, "twice": json!(json!(["deep"]).to_string()).to_string()});
        for needle in ["x", "line one\nline \"two\"", "deep"] {
            assert!(finds(&value, needle), "{needle}");
        }
    }

    #[test]
    fn keys_and_numbers_are_not_texts() {
        assert!(!finds(&json!({"key": 1}), "key"));
        assert!(!finds(&json!([1]), "1"));
    }
}
