//! The tree of a YAML document: plain data in which every node knows its place.
//!
//! Owns: nodes, their spans, insertion of values into templates inside them.
//! Must not know: YAML syntax, which keys mean what, where values come from.

use super::template::{Filled, Scope, Template};
use crate::base::Span;
use serde_json::{Map, Number, Value};
use std::sync::Arc;

/// One value. Nodes are shared: cases made from one text keep one copy of what they have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub span: Span,
    pub value: Content,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    Null,
    Bool(bool),
    Number(Number),
    Text(Arc<str>),
    /// A text in which values are still to be inserted.
    Template(Arc<Template>),
    List(Vec<Arc<Node>>),
    Map(Vec<Entry>),
}

/// One key of a mapping. Keys are texts, in the order written; they are never templates.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub key: Arc<str>,
    pub key_span: Span,
    pub value: Arc<Node>,
}

impl Node {
    pub fn new(span: Span, value: Content) -> Arc<Node> {
        Arc::new(Node { span, value })
    }

    /// A node for a value that no file holds, or whose parts have no place of their own. Texts in it are data, not templates.
    pub fn from_value(span: Span, value: &Value) -> Arc<Node> {
        let content = match value {
            Value::Null => Content::Null,
            Value::Bool(flag) => Content::Bool(*flag),
            Value::Number(number) => Content::Number(number.clone()),
            Value::String(text) => Content::Text(text.as_str().into()),
            Value::Array(items) => Content::List(items.iter().map(|item| Node::from_value(span, item)).collect()),
            Value::Object(map) => Content::Map(
                map.iter()
                    .map(|(key, item)| Entry { key: key.as_str().into(), key_span: span, value: Node::from_value(span, item) })
                    .collect(),
            ),
        };
        Node::new(span, content)
    }

    pub fn get(&self, key: &str) -> Option<&Arc<Node>> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| &*entry.key == key)
    }

    /// The entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Content::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> &[Arc<Node>] {
        match &self.value {
            Content::List(items) => items,
            _ => &[],
        }
    }

    /// A text without templates.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn is_map(&self) -> bool {
        matches!(self.value, Content::Map(_))
    }

    pub fn is_list(&self) -> bool {
        matches!(self.value, Content::List(_))
    }

    pub fn is_null(&self) -> bool {
        matches!(self.value, Content::Null)
    }

    /// What a person would call this kind of value, for "expected …, found …".
    pub fn kind(&self) -> &'static str {
        match self.value {
            Content::Null => "null",
            Content::Bool(_) => "a boolean",
            Content::Number(_) => "a number",
            Content::Text(_) | Content::Template(_) => "a text",
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
        }
    }

    /// The plain value, templates as their source text. For schemas and for showing.
    pub fn to_value(&self) -> Value {
        match &self.value {
            Content::Null => Value::Null,
            Content::Bool(flag) => Value::Bool(*flag),
            Content::Number(number) => Value::Number(number.clone()),
            Content::Text(text) => Value::from(&**text),
            Content::Template(template) => Value::from(&*template.source),
            Content::List(items) => items.iter().map(|item| item.to_value()).collect(),
            Content::Map(entries) => Value::Object(entries.iter().map(|entry| (entry.key.to_string(), entry.value.to_value())).collect()),
        }
    }

    /// The value with everything inserted. `Ok(None)` if the whole node is an optional `{{x?}}` that is missing;
    /// such a key, or item of a list, is left out of what surrounds it.
    pub fn fill(&self, scope: &dyn Scope) -> Result<Option<Value>, Unfilled> {
        Ok(Some(match &self.value {
            Content::Template(template) => match template.fill(scope) {
                Ok(Filled::Value(value)) => value,
                Ok(Filled::LeftOut) => return Ok(None),
                Err(reason) => return Err(Unfilled { span: self.span, reason }),
            },
            Content::List(items) => {
                let mut out = Vec::with_capacity(items.len());
                for item in items {
                    out.extend(item.fill(scope)?);
                }
                Value::Array(out)
            }
            Content::Map(entries) => {
                let mut out = Map::with_capacity(entries.len());
                for entry in entries {
                    if let Some(value) = entry.value.fill(scope)? {
                        out.insert(entry.key.to_string(), value);
                    }
                }
                Value::Object(out)
            }
            _ => self.to_value(),
        }))
    }

    /// Calls `visit` for each template inside.
    pub fn templates<'a>(&'a self, visit: &mut dyn FnMut(&'a Node, &'a Template)) {
        match &self.value {
            Content::Template(template) => visit(self, template),
            Content::List(items) => items.iter().for_each(|item| item.templates(visit)),
            Content::Map(entries) => entries.iter().for_each(|entry| entry.value.templates(visit)),
            _ => {}
        }
    }
}

/// A template that could not be filled: a fault of the suite, found during the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Unfilled {
    pub span: Span,
    pub reason: String,
}
