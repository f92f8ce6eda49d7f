//! Reading a tree into document types, collecting every mistake.
//!
//! Owns: opening a mapping, fetching its keys, where mistakes go.
//! Must not know: which documents there are.

use super::form::{Key, Shape};
use super::mistake;
use crate::base::{Diagnostic, Diagnostics};
use crate::model::tree::Node;
use std::sync::Arc;

/// Where mistakes go while a document is read.
pub struct Reading<'a> {
    pub diagnostics: &'a mut Diagnostics,
}

impl Reading<'_> {
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Says that the value has another type than the one expected.
    pub fn wrong_type<T: Shape>(&mut self, node: &Node) {
        self.push(mistake::wrong_type(node, &mistake::types_text(&T::types())));
    }

    /// Checks the keys of a mapping; false if it is none.
    pub fn open(&mut self, node: &Node, owner: &str, keys: &[Key], open: bool) -> bool {
        if !node.is_map() {
            self.push(mistake::wrong_type(node, "a mapping"));
            return false;
        }
        if !open {
            let known: Vec<_> = keys.iter().map(|key| key.name).collect();
            let required: Vec<_> = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
            mistake::keys_or_words(node, owner, &known, &required, &|word| key_of(word, keys), self.diagnostics);
        }
        for key in keys {
            if let (Some(feature), Some(entry)) = (key.later, node.entry(key.name)) {
                self.push(mistake::not_supported(entry.key_span, feature));
            }
        }
        true
    }

    /// The value under a key, or what stands for a key left out.
    pub fn field<T: Shape>(&mut self, node: &Node, key: &str) -> Option<T> {
        match node.get(key) {
            Some(value) => T::read(value, self),
            None => T::absent(),
        }
    }
}

/// The key that takes this word of a closed list.
fn key_of(word: &str, keys: &[Key]) -> Option<String> {
    keys.iter().find(|key| (key.takes_word)(word)).map(|key| key.name.to_owned())
}

/// Reads a whole document.
pub fn read<T: Shape>(node: &Arc<Node>, diagnostics: &mut Diagnostics) -> Option<T> {
    T::read(node, &mut Reading { diagnostics })
}
