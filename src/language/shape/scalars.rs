//! Single values of documents: texts, flags, numbers, durations, and values that are read later.
//!
//! Owns: what each of them takes.
//! Must not know: which documents use them.

use super::{Defs, Reading, Shape, mistake};
use crate::base::{Span, duration};
use crate::model::tree::{Content, Node};
use serde_json::{Value, json};
use std::sync::Arc;

/// What a duration looks like, for schemas.
pub const DURATION: &str = "^([0-9]+(\\.[0-9]+)?(us|ms|s|m|h)|\\{\\{.*\\}\\}(us|ms|s|m|h)?)$";

/// A text that is known when the suite is loaded.
#[derive(Clone, Debug)]
pub struct Text {
    pub span: Span,
    pub text: Arc<str>,
}

impl std::ops::Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl Shape for Text {
    fn types() -> Vec<&'static str> {
        vec!["string"]
    }

    fn schema(defs: &mut Defs) -> Value {
        defs.typed(&["string"], json!({}))
    }

    fn read(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Text> {
        match &node.value {
            Content::Text(text) => Some(Text { span: node.span, text: text.clone() }),
            _ => {
                reading.wrong_type::<Text>(node);
                None
            }
        }
    }
}

/// `true` or `false`.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    pub span: Span,
    pub on: bool,
}

impl Shape for Flag {
    fn types() -> Vec<&'static str> {
        vec!["boolean"]
    }

    fn schema(defs: &mut Defs) -> Value {
        defs.typed(&["boolean"], json!({}))
    }

    fn read(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Flag> {
        match node.value {
            Content::Bool(on) => Some(Flag { span: node.span, on }),
            _ => {
                reading.wrong_type::<Flag>(node);
                None
            }
        }
    }
}

/// A whole number that is not negative.
#[derive(Clone, Copy, Debug)]
pub struct Whole {
    pub span: Span,
    pub number: u64,
}

impl Shape for Whole {
    fn types() -> Vec<&'static str> {
        vec!["integer"]
    }

    fn schema(defs: &mut Defs) -> Value {
        defs.typed(&["integer"], json!({"minimum": 0}))
    }

    fn read(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Whole> {
        let Content::Number(number) = &node.value else {
            reading.wrong_type::<Whole>(node);
            return None;
        };
        let whole = number.as_u64();
        match whole {
            Some(number) => Some(Whole { span: node.span, number }),
            None if number.as_f64().is_some_and(|n| n < 0.0) => {
                reading.push(mistake::wrong_value(node.span, format!("{number} is less than 0"), "a number of at least 0"));
                None
            }
            None => {
                reading.wrong_type::<Whole>(node);
                None
            }
        }
    }
}

/// Any number.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    pub span: Span,
    pub number: f64,
}

impl Shape for Number {
    fn types() -> Vec<&'static str> {
        vec!["number"]
    }

    fn schema(defs: &mut Defs) -> Value {
        defs.typed(&["number"], json!({}))
    }

    fn read(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Number> {
        match &node.value {
            Content::Number(number) => Some(Number { span: node.span, number: number.as_f64()? }),
            _ => {
                reading.wrong_type::<Number>(node);
                None
            }
        }
    }
}

/// A duration with its unit, such as `300ms`.
#[derive(Clone, Copy, Debug)]
pub struct Duration {
    pub span: Span,
    pub duration: std::time::Duration,
}

impl Shape for Duration {
    fn types() -> Vec<&'static str> {
        vec!["string"]
    }

    fn schema(defs: &mut Defs) -> Value {
        defs.typed(&["string"], json!({"pattern": DURATION}))
    }

    fn refuse(node: &Node, reading: &mut Reading<'_>) {
        reading.push(no_duration(node));
    }

    fn read(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Duration> {
        match node.text().and_then(duration::parse) {
            Some(duration) => Some(Duration { span: node.span, duration }),
            None => {
                reading.push(no_duration(node));
                None
            }
        }
    }
}

/// Said where a duration was expected.
pub fn no_duration(node: &Node) -> crate::base::Diagnostic {
    match &node.value {
        Content::Text(text) => mistake::wrong_value(node.span, format!("`{text}` is not a duration"), duration::EXPECTED),
        Content::Number(number) => mistake::wrong_value(node.span, format!("`{number}` has no unit"), duration::EXPECTED)
            .help(format!("write `{number}s` or `{number}ms`")),
        _ => mistake::wrong_type(node, duration::EXPECTED),
    }
}

/// null.
#[derive(Clone, Copy, Debug)]
pub struct Null;

impl Shape for Null {
    fn types() -> Vec<&'static str> {
        vec!["null"]
    }

    fn schema(_: &mut Defs) -> Value {
        json!({"type": "null"})
    }

    fn read(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Null> {
        if node.is_null() {
            return Some(Null);
        }
        reading.wrong_type::<Null>(node);
        None
    }
}

/// Defines a value that keeps its node: it may hold templates, or is read by another module.
macro_rules! kept {
    ($(
        $(#[doc = $about:literal])+
        $name:ident: $types:expr, $schema:expr, |$node:ident| $accepts:expr;
    )+) => { $(
        $(#[doc = $about])+
        #[derive(Clone, Debug)]
        pub struct $name(pub Arc<Node>);

        impl Shape for $name {
            fn types() -> Vec<&'static str> {
                $types.to_vec()
            }

            fn schema(defs: &mut Defs) -> Value {
                let schema: fn(&mut Defs) -> Value = $schema;
                schema(defs)
            }

            fn read($node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<$name> {
                if $accepts {
                    return Some($name($node.clone()));
                }
                reading.wrong_type::<$name>($node);
                None
            }
        }
    )+ };
}

kept! {
    /// Any value.
    Any: [], |_| json!({}), |_node| true;

    /// A text, which may hold templates whose values come later.
    Templated: ["string"], |defs| defs.typed(&["string"], json!({})), |node| matches!(node.value, Content::Text(_) | Content::Template(_));

    /// A text, number or boolean, which may hold templates whose values come later.
    Scalar: ["string", "number", "boolean"], |defs| defs.typed(&["string", "number", "boolean"], json!({})),
        |node| matches!(node.value, Content::Text(_) | Content::Template(_) | Content::Number(_) | Content::Bool(_));

    /// A mapping of any content.
    Mapping: ["object"], |defs| defs.typed(&["object"], json!({})), |node| matches!(node.value, Content::Map(_) | Content::Template(_));

    /// A value pattern (language §4.1).
    PatternNode: [], |defs| crate::language::docs::pattern::pattern_schema(defs), |_node| true;

    /// A list pattern (language §4.2).
    ListNode: [], |defs| crate::language::docs::pattern::list_schema(defs), |_node| true;
}
