//! Lists, named entries and alternatives of documents.
//!
//! Owns: how they are read and described.
//! Must not know: what they hold.

use super::{Defs, Null, Reading, Shape, Text};
use crate::model::tree::{Content, Node};
use serde_json::{Value, json};
use std::sync::Arc;

/// A list. Items with mistakes are left out after the mistake was reported.
impl<T: Shape> Shape for Vec<T> {
    fn types() -> Vec<&'static str> {
        vec!["array"]
    }

    fn schema(defs: &mut Defs) -> Value {
        let items = T::schema(defs);
        defs.typed(&["array"], Value::from_iter([("items", items)]))
    }

    fn read(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        if !node.is_list() {
            reading.wrong_type::<Vec<T>>(node);
            return None;
        }
        Some(node.items().iter().filter_map(|item| T::read(item, reading)).collect())
    }
}

/// A mapping from names of the user's choice, in the order written.
#[derive(Clone, Debug)]
pub struct Named<T> {
    pub span: crate::base::Span,
    pub entries: Vec<(Text, T)>,
}

impl<T: Shape> Shape for Named<T> {
    fn types() -> Vec<&'static str> {
        vec!["object"]
    }

    fn schema(defs: &mut Defs) -> Value {
        let entry = T::schema(defs);
        defs.mapping(json!({}), Value::from_iter([("additionalProperties", entry)]))
    }

    fn read(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        let Content::Map(entries) = &node.value else {
            reading.wrong_type::<Named<T>>(node);
            return None;
        };
        let mut read = Vec::with_capacity(entries.len());
        for entry in entries {
            if let Some(value) = T::read(&entry.value, reading) {
                read.push((Text { span: entry.key_span, text: entry.key.clone() }, value));
            }
        }
        Some(Named { span: node.span, entries: read })
    }
}

/// One of two, told apart by the type of the value alone, so that a mistake inside one is never blamed on the other.
#[derive(Clone, Debug)]
pub enum Or<A, B> {
    This(A),
    That(B),
}

/// A value, or null, which removes what it would replace.
pub type Nullable<T> = Or<Null, T>;

impl<A: Shape, B: Shape> Shape for Or<A, B> {
    fn types() -> Vec<&'static str> {
        let mut types = A::types();
        types.extend(B::types());
        types
    }

    fn schema(defs: &mut Defs) -> Value {
        if A::types() == NULL {
            return or_null(B::schema(defs), defs, &Self::types());
        }
        let branches = [(A::types(), A::schema(defs)), (B::types(), B::schema(defs))];
        let mut all = Vec::new();
        for (types, schema) in branches {
            // An alternative that is itself one of several brings its branches along.
            match schema.get("allOf").and_then(Value::as_array) {
                Some(inner) if schema.get("properties").is_none() => all.extend(inner.iter().cloned()),
                _ => all.push(Value::from_iter([("if", json!({"type": types})), ("then", schema)])),
            }
        }
        defs.typed(&Self::types(), Value::from_iter([("allOf", all)]))
    }

    fn refuse(node: &Node, reading: &mut Reading<'_>) {
        match A::types().as_slice() {
            ["null"] if B::types() == ["string"] => B::refuse(node, reading),
            _ => reading.wrong_type::<Self>(node),
        }
    }

    fn read(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        match (takes(&A::types(), node), takes(&B::types(), node)) {
            (true, _) => A::read(node, reading).map(Or::This),
            (false, true) => B::read(node, reading).map(Or::That),
            // Null is only a way to remove something; what is missing is the other.
            (false, false) if A::types() == NULL => B::read(node, reading).map(Or::That),
            (false, false) => {
                Self::refuse(node, reading);
                None
            }
        }
    }
}

const NULL: [&str; 1] = ["null"];

/// A schema that takes null too.
fn or_null(mut schema: Value, defs: &Defs, types: &[&'static str]) -> Value {
    match schema.get("type").cloned() {
        Some(Value::Array(mut listed)) => {
            listed.push(json!("null"));
            schema["type"] = Value::Array(listed);
            schema
        }
        Some(one) => {
            schema["type"] = json!([one, "null"]);
            schema
        }
        None => {
            let unless_null = Value::from_iter([("if", json!({"not": {"type": "null"}})), ("then", schema)]);
            defs.typed(types, Value::from_iter([("allOf", vec![unless_null])]))
        }
    }
}

/// True if values of these JSON types include this one. No type at all means any.
fn takes(types: &[&str], node: &Node) -> bool {
    let kind = match &node.value {
        Content::Null => "null",
        Content::Bool(_) => "boolean",
        Content::Number(_) => "number",
        Content::Text(_) | Content::Template(_) => "string",
        Content::List(_) => "array",
        Content::Map(_) => "object",
    };
    types.is_empty() || types.contains(&kind) || (kind == "number" && types.contains(&"integer"))
}
