//! A list check as a plain assignment problem: which entry fits which item, how many each takes, what may be left over.
//!
//! Owns: the table of fits, bounds, closure.
//! Must not know: how an assignment is found.

use super::Entry;
use super::bindings::names_before;
use super::meets::{Names, meets};
use crate::model::pattern::{Extra, Item, ListPattern, Order};
use crate::model::template::Scope;
use std::sync::Arc;

/// One item as a taker of entries.
pub(super) struct Slot {
    pub(super) min: usize,
    pub(super) max: usize,
    pub(super) closed: bool,
    /// The entries that fit it, saved values read as any.
    pub(super) fits: Vec<bool>,
}

pub(super) struct Problem<'a> {
    pub(super) items: &'a [Item],
    pub(super) entries: &'a [Entry<'a>],
    pub(super) scope: &'a dyn Scope,
    pub(super) in_order: bool,
    pub(super) slots: Vec<Slot>,
    /// The entries that must be taken: `extra` does not allow them, or they fit a closed item.
    pub(super) needed: Vec<bool>,
}

/// Entry → item.
pub(super) type Assignment = Vec<Option<usize>>;

impl<'a> Problem<'a> {
    pub(super) fn new(pattern: &'a ListPattern, entries: &'a [Entry<'a>], scope: &'a dyn Scope) -> Result<Problem<'a>, String> {
        let items = pattern.items.as_slice();
        let mut slots = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let wild = names_before(items, at);
            let fits = column(item, entries, Names { scope, wild: &wild })?;
            let max = item.times.max.map_or(usize::MAX, |max| max as usize);
            slots.push(Slot { min: item.times.min as usize, max, closed: item.times.closed, fits });
        }
        let mut needed = not_allowed(pattern, entries, scope)?;
        for slot in slots.iter().filter(|slot| slot.closed) {
            needed.iter_mut().zip(&slot.fits).for_each(|(needed, fits)| *needed |= fits);
        }
        Ok(Problem { items, entries, scope, in_order: pattern.order == Order::InOrder, slots, needed })
    }

    /// Whether an item must come after another, or uses what it saves.
    pub(super) fn is_causal(&self) -> bool {
        self.items.iter().any(|item| !item.after.is_empty())
    }

    /// How many entries each item has.
    pub(super) fn taken(&self, assignment: &Assignment) -> Vec<usize> {
        let mut taken = vec![0; self.slots.len()];
        assignment.iter().flatten().for_each(|slot| taken[*slot] += 1);
        taken
    }
}

fn column(item: &Item, entries: &[Entry<'_>], names: Names<'_>) -> Result<Vec<bool>, String> {
    entries.iter().map(|entry| meets(item, entry, names)).collect()
}

/// The entries that `extra` does not allow. What an item saves is any value there.
fn not_allowed(pattern: &ListPattern, entries: &[Entry<'_>], scope: &dyn Scope) -> Result<Vec<bool>, String> {
    match &pattern.extra {
        Extra::Allow => Ok(vec![false; entries.len()]),
        Extra::Forbid => Ok(vec![true; entries.len()]),
        Extra::Only(allowed) => {
            let wild: Vec<Arc<str>> = pattern.items.iter().flat_map(|item| item.save.iter().map(|(name, _)| name.clone())).collect();
            let mut out = vec![true; entries.len()];
            for item in allowed {
                let fits = column(item, entries, Names { scope, wild: &wild })?;
                out.iter_mut().zip(fits).for_each(|(forbidden, fits)| *forbidden &= !fits);
            }
            Ok(out)
        }
    }
}
