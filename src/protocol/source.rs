//! Where the value of an event comes from: paths into a frame, constants, fields.
//!
//! Owns: reading one value out of a frame; joining of texts; parsing of JSON texts.
//! Must not know: which events there are.

use crate::matching::jsonpath::{self, Selected};
use crate::model::pattern::JsonPath;
use crate::model::protocol::Source;
use serde_json::{Map, Value};

/// The value of a source; `None` if its path leads nowhere. Several texts are joined, other lists stay lists.
pub(super) fn value(source: &Source, document: &Value) -> Option<Value> {
    match source {
        Source::Constant(value) => Some(value.clone()),
        Source::Path(path) => selected(path, document),
        Source::Fields(fields) => Some(Value::Object(map(fields, document))),
    }
}

/// The fields that lead somewhere.
pub(super) fn map(fields: &[(String, Source)], document: &Value) -> Map<String, Value> {
    fields.iter().filter_map(|(name, source)| Some((name.clone(), value(source, document)?))).collect()
}

fn selected(path: &JsonPath, document: &Value) -> Option<Value> {
    match jsonpath::select(path, document) {
        Selected::Missing | Selected::BrokenPrefix(_) => None,
        Selected::One(value) => Some(value),
        Selected::Many(values) if values.iter().all(Value::is_string) => {
            Some(values.iter().filter_map(Value::as_str).collect::<String>().into())
        }
        Selected::Many(values) => Some(Value::Array(values)),
    }
}

/// The first path that leads somewhere.
pub(super) fn first(paths: &[JsonPath], document: &Value) -> Option<Value> {
    paths.iter().find_map(|path| jsonpath::first(path, document))
}

/// A value as the text of a message: texts as they are, anything else as JSON.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Arguments and results that are the JSON text of a mapping or a list are parsed; other texts stay texts.
pub(super) fn parsed(value: Value) -> Value {
    match value.as_str().map(str::trim_start) {
        Some(text) if text.starts_with(['{', '[']) => serde_json::from_str(text).unwrap_or(value),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_texts_of_mappings_and_lists_are_parsed() {
        assert_eq!(parsed(json!("{\"a\": 1}")), json!({"a": 1}));
        assert_eq!(parsed(json!(" [1]")), json!([1]));
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        for text in ["10", "true", "{broken", "", "hello {x}"] {
            assert_eq!(parsed(json!(text)), json!(text));
        }
        assert_eq!(parsed(json!(5)), json!(5));
    }
}
