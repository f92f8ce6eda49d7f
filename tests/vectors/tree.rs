//! Trees built from JSON: texts with `{{` become templates.

use checkride::base::{Diagnostics, Span};
use checkride::matching::Reader;
use checkride::model::template::Template;
use checkride::model::tree::{Content, Entry, Node};
use serde_json::Value;
use std::sync::Arc;

pub fn node(value: &Value) -> Arc<Node> {
    let content = match value {
        Value::Null => Content::Null,
        Value::Bool(flag) => Content::Bool(*flag),
        Value::Number(number) => Content::Number(number.clone()),
        Value::String(text) => match Template::parse(text).expect("templates are well-formed") {
            Some(template) => Content::Template(Arc::new(template)),
            None => Content::Text(text.as_str().into()),
        },
        Value::Array(items) => Content::List(items.iter().map(node).collect()),
        Value::Object(map) => Content::Map(
            map.iter().map(|(key, value)| Entry { key: key.as_str().into(), key_span: Span::NONE, value: node(value) }).collect(),
        ),
    };
    Node::new(Span::NONE, content)
}

/// Reads something that must have no mistakes.
pub fn read<T>(what: impl FnOnce(&mut Reader<'_>) -> T) -> T {
    let mut diagnostics = Diagnostics::default();
    let out = what(&mut Reader { diagnostics: &mut diagnostics, file: &|path| Err(format!("{path} is not there")) });
    assert!(diagnostics.is_empty(), "{:#?}", diagnostics.list);
    out
}
