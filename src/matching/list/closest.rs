//! The nearest entries to one item, for time-outs and failures.
//!
//! Owns: the choice of the nearest.
//! Must not know: list patterns.

use super::Entry;
use super::candidates::{Candidate, candidate, difference, shown};
use super::meets::Names;
use crate::model::pattern::Item;
use crate::model::template::Scope;

/// What did arrive, nearest first, at most `most` lines: the entry, and what differs.
pub fn nearest(item: &Item, entries: &[Entry<'_>], scope: &dyn Scope, most: usize) -> Vec<String> {
    let mut all: Vec<Candidate> = (0..entries.len()).map(|entry| candidate(item, entry, entries, Names::of(scope))).collect();
    all.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    all.iter().take(most).map(|candidate| line(item, entries, candidate)).collect()
}

fn line(item: &Item, entries: &[Entry<'_>], candidate: &Candidate) -> String {
    let entry = shown(item.kind, &entries[candidate.entry]);
    match candidate.differences.as_slice() {
        [] => format!("{entry} — it matches"),
        differences => {
            let told: Vec<_> = differences.iter().take(3).map(difference).collect();
            let more = if differences.len() > 3 { format!("; {} more", differences.len() - 3) } else { String::new() };
            format!("{entry} — {}{more}", told.join("; "))
        }
    }
}
