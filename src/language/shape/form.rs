//! What every part of a document can do: describe itself and be read.
//!
//! Owns: the trait of document types and the description of one key.
//! Must not know: which documents there are.

use super::{Defs, Reading};
use crate::model::tree::Node;
use serde_json::Value;
use std::sync::Arc;

/// A type that can be read from a tree and can describe itself as a JSON Schema.
pub trait Shape: Sized {
    /// False if the key may be left out.
    const REQUIRED: bool = true;

    /// The JSON types it takes, templates aside.
    fn types() -> Vec<&'static str>;

    /// Its schema; named types put themselves into `defs` and answer with a reference.
    fn schema(defs: &mut Defs) -> Value;

    /// Reads it. `None` after a mistake that leaves nothing to go on with; the mistake is then in `reading`.
    fn read(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self>;

    /// Says that a value of another type stands here.
    fn refuse(node: &Node, reading: &mut Reading<'_>) {
        reading.wrong_type::<Self>(node);
    }

    /// True if it is a closed list, and this is one of its words.
    fn takes_word(_word: &str) -> bool {
        false
    }

    /// What stands for a key that was left out; `None` if there is no such thing.
    fn absent() -> Option<Self> {
        None
    }
}

/// A key that may be left out. A value that is wrong is reported and then counts as left out.
impl<T: Shape> Shape for Option<T> {
    const REQUIRED: bool = false;

    fn types() -> Vec<&'static str> {
        T::types()
    }

    fn schema(defs: &mut Defs) -> Value {
        T::schema(defs)
    }

    fn read(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        Some(T::read(node, reading))
    }

    fn takes_word(word: &str) -> bool {
        T::takes_word(word)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// A mapping inside itself needs a box.
impl<T: Shape> Shape for Box<T> {
    fn types() -> Vec<&'static str> {
        T::types()
    }

    fn schema(defs: &mut Defs) -> Value {
        T::schema(defs)
    }

    fn read(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        T::read(node, reading).map(Box::new)
    }
}

/// One key of a document type.
#[derive(Clone, Copy)]
pub struct Key {
    pub name: &'static str,
    /// From the doc comment.
    pub about: &'static str,
    /// Values as YAML.
    pub examples: &'static [&'static str],
    /// The feature's name if this version reads it but does not carry it out.
    pub later: Option<&'static str>,
    pub required: bool,
    pub schema: fn(&mut Defs) -> Value,
    pub takes_word: fn(&str) -> bool,
}

/// One word of a closed list.
#[derive(Clone, Copy)]
pub struct WordKey {
    pub name: &'static str,
    pub about: &'static str,
    pub later: Option<&'static str>,
}
