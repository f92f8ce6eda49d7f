//! What a schema finds wrong, said as the rest of the program says it, at the place where it stands.
//!
//! Owns: the way from an instance path to a node, and from a keyword to a message.
//! Must not know: which documents there are.

use super::shape::defs::TEMPLATE;
use super::shape::mistake;
use super::shape::scalars::{DURATION, no_duration};
use crate::base::{Diagnostic, Diagnostics, duration};
use crate::model::tree::{Content, Node};
use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value;
use std::sync::Arc;

/// Reports one error of a validator at its place in the tree.
pub fn report(error: &ValidationError<'_>, schema: &Value, root: &Arc<Node>, diagnostics: &mut Diagnostics) {
    let Some(node) = at(root, error.instance_path().as_str()) else { return };
    let keyword = error.schema_path().as_str();
    let (owner, _) = keyword.rsplit_once('/').unwrap_or(("", keyword));
    let part = schema.pointer(owner).unwrap_or(&Value::Null);
    match error.kind() {
        Kind::AdditionalProperties { .. } => keys(node, part, owner, diagnostics),
        Kind::Required { property } if property == "use" => diagnostics.push(type_mistake(node, part)),
        Kind::Required { .. } => keys(node, part, owner, diagnostics),
        Kind::Type { .. } => diagnostics.push(type_mistake(node, part)),
        Kind::Pattern { pattern } if pattern == DURATION => diagnostics.push(no_duration(node)),
        Kind::Pattern { pattern } if pattern == TEMPLATE => diagnostics.push(type_mistake(node, part)),
        Kind::Enum { options } => {
            let words: Vec<_> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            diagnostics.push(mistake::wrong_word(node, node.text().unwrap_or_default(), &words));
        }
        Kind::Minimum { .. } => {
            let message = format!("{} is less than 0", node.to_value());
            diagnostics.push(mistake::wrong_value(node.span, message, "a number of at least 0"));
        }
        _ => diagnostics.push(Diagnostic::error("wrong-value", node.span, error.to_string()).label("not allowed here")),
    }
}

/// The node at a JSON pointer.
fn at<'a>(root: &'a Arc<Node>, pointer: &str) -> Option<&'a Arc<Node>> {
    pointer.split('/').skip(1).try_fold(root, |node, part| {
        let part = part.replace("~1", "/").replace("~0", "~");
        match &node.value {
            Content::List(items) => items.get(part.parse::<usize>().ok()?),
            _ => node.get(&part),
        }
    })
}

/// Unknown and missing keys are looked at together, since one may be a typo of the other.
fn keys(node: &Node, part: &Value, owner: &str, diagnostics: &mut Diagnostics) {
    let word = owner.strip_prefix("/$defs/").and_then(|rest| rest.split('/').next()).unwrap_or("suite");
    let known: Vec<_> = part["properties"].as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
    let required: Vec<_> = part["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let takes = |word: &str| {
        let mut keys = part["properties"].as_object().into_iter().flatten();
        keys.find(|(_, schema)| mistake::is_word_of(word, schema)).map(|(key, _)| key.clone())
    };
    mistake::keys_or_words(node, word, &known, &required, &takes, diagnostics);
}

fn type_mistake(node: &Node, part: &Value) -> Diagnostic {
    let branches = || part["allOf"].as_array().into_iter().flatten();
    if part["pattern"] == DURATION || branches().any(|branch| branch["then"]["pattern"] == DURATION) {
        return no_duration(node);
    }
    let listed = part["type"].as_array().map(|types| types.iter().filter_map(Value::as_str).collect());
    let mut types: Vec<&str> = listed.unwrap_or_else(|| part["type"].as_str().into_iter().collect());
    // What is there only to let templates and `{use: …}` through is not what was expected.
    types.retain(|kind| !(*kind == "string" && part["pattern"] == TEMPLATE));
    types.retain(|kind| !(*kind == "object" && part["required"] == serde_json::json!(["use"])));
    match types.as_slice() {
        [] => mistake::wrong_type(node, duration::EXPECTED),
        types => mistake::wrong_type(node, &mistake::types_text(types)),
    }
}
