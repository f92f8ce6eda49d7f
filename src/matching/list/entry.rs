//! What goes into a list check, and what comes out.
//!
//! Owns: entries with their place and times, causality between them, the verdict.
//! Must not know: patterns.

use serde_json::Value;

/// One observed thing. Entries are given in the order in which they were issued.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// As JSONPath sees the entry.
    pub value: &'a Value,
    /// Its place among all entries of its list, from 0.
    pub index: usize,
    /// Its place among the entries of its session.
    pub session_index: usize,
    pub session: &'a str,
    /// When it was issued; any clock, the same for all entries.
    pub issued: u64,
    /// Entries of one batch were issued together, before any of their results.
    pub batch: u64,
    /// When its result was delivered; `None` while it is pending.
    pub delivered: Option<u64>,
}

impl Entry<'_> {
    /// The result of this entry was delivered before the other one was issued, so the other may depend on it.
    pub fn precedes(&self, other: &Entry<'_>) -> bool {
        self.batch != other.batch && self.delivered.is_some_and(|delivered| delivered < other.issued)
    }
}

/// The outcome of a list check.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListVerdict {
    pub passed: bool,
    /// One line; empty if it passed.
    pub message: String,
    /// The best assignment, the closest candidates, what is in conflict: lines to print below the message.
    pub details: Vec<String>,
    /// For each entry, the item it was assigned to.
    pub matched: Vec<Option<usize>>,
    /// The suite or the search is at fault, not the agent: a template without a value, a search that took too long.
    pub fault: Option<String>,
    /// What passed, but perhaps not as meant.
    pub lints: Vec<String>,
}

impl ListVerdict {
    pub(super) fn fault(reason: String, entries: usize) -> ListVerdict {
        ListVerdict { message: reason.clone(), fault: Some(reason), matched: vec![None; entries], ..ListVerdict::default() }
    }
}
