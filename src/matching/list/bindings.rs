//! Values that one item saves and another uses, while the list is being matched.
//!
//! Owns: which entry a saved name comes from, and what it is there.
//! Must not know: how the entry was chosen.

use super::Entry;
use crate::matching::{jsonpath, tester::is_of};
use crate::model::pattern::Item;
use crate::model::template::{Found, Scope, member};
use serde_json::Value;
use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

/// The names that the items before `item` save, over the names of the case.
pub(super) struct Bindings<'a> {
    pub(super) outer: &'a dyn Scope,
    pub(super) items: &'a [Item],
    pub(super) entries: &'a [Entry<'a>],
    /// For each item the first entry assigned to it.
    pub(super) first: &'a [Option<usize>],
    /// The item whose names are looked up.
    pub(super) item: usize,
    /// Set when a saved name was asked for that has no value: whatever asked cannot hold.
    pub(super) unbound: Cell<bool>,
}

impl Scope for Bindings<'_> {
    fn lookup(&self, name: &str) -> Found<'_> {
        let Some((slot, saved)) = source(self.items, self.item, name) else { return self.outer.lookup(name) };
        let value = self.first[slot].and_then(|entry| saved_value(&self.items[slot], saved, self.entries[entry].value));
        let found = match (value, name.get(saved.len() + 1..)) {
            (Some(value), None) => Found::Value(Cow::Borrowed(value)),
            (Some(value), Some(rest)) => member(value, rest),
            (None, _) => Found::Missing,
        };
        self.unbound.set(self.unbound.get() || found == Found::Missing);
        found
    }

    fn hidden(&self, text: &str) -> Option<String> {
        self.outer.hidden(text)
    }
}

/// The item, among those that come before, that saves the name.
pub(super) fn source<'a>(items: &'a [Item], item: usize, name: &str) -> Option<(usize, &'a Arc<str>)> {
    items[item].after.iter().find_map(|slot| {
        let saved = items[*slot].save.iter().map(|(saved, _)| saved).find(|saved| is_of(name, saved));
        saved.map(|saved| (*slot, saved))
    })
}

/// What an item saves from an entry; its paths are tried in turn.
pub(super) fn saved_value<'v>(item: &Item, name: &str, entry: &'v Value) -> Option<&'v Value> {
    item.save.iter().filter(|(saved, _)| **saved == *name).find_map(|(_, path)| jsonpath::first_ref(path, entry))
}

/// All names that the items before `item` save.
pub(super) fn names_before(items: &[Item], item: usize) -> Vec<Arc<str>> {
    items[item].after.iter().flat_map(|slot| items[*slot].save.iter().map(|(name, _)| name.clone())).collect()
}
