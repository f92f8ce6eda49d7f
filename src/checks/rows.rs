//! Rows: the entries of one history as list patterns see them.
//!
//! Owns: an entry with its place, session, turn and causality.
//! Must not know: which records make a history.

use crate::matching::list::Entry;
use crate::model::trace::Record;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;

/// One entry of a history.
#[derive(Clone, Debug)]
pub struct Row<'t> {
    /// As JSONPath sees it.
    pub value: Cow<'t, Value>,
    /// The record it came with (for a call: its start).
    pub n: u64,
    pub t_ms: f64,
    /// Empty where a history knows no sessions, such as requests.
    pub session: &'t str,
    pub turn: Option<usize>,
    /// The connection of a fake, over which its entries are counted.
    pub connection: usize,
    pub index: usize,
    pub session_index: usize,
    pub batch: u64,
    /// The record with which its result was delivered.
    pub delivered: Option<u64>,
}

impl<'t> Row<'t> {
    /// A row that is its own batch and is delivered as it comes; its places are given by [`number`].
    pub(crate) fn new(value: Cow<'t, Value>, n: u64, t_ms: f64, session: &'t str) -> Row<'t> {
        Row { value, n, t_ms, session, turn: None, connection: 0, index: 0, session_index: 0, batch: n, delivered: Some(n) }
    }

    pub(crate) fn of(record: &Record, value: Cow<'t, Value>, session: &'t str, turn: Option<usize>) -> Row<'t> {
        Row { turn, ..Row::new(value, record.n, record.t_ms, session) }
    }

    pub fn entry(&self) -> Entry<'_> {
        Entry {
            value: &self.value,
            index: self.index,
            session_index: self.session_index,
            session: self.session,
            issued: self.n,
            batch: self.batch,
            delivered: self.delivered,
        }
    }
}

/// Gives each row its place in its history (of a fake: over each connection) and in its session.
pub(crate) fn number(mut rows: Vec<Row<'_>>) -> Vec<Row<'_>> {
    let mut in_connection: HashMap<usize, usize> = HashMap::new();
    let mut in_session: HashMap<&str, usize> = HashMap::new();
    for row in &mut rows {
        row.index = next(in_connection.entry(row.connection).or_default());
        row.session_index = next(in_session.entry(row.session).or_default());
    }
    rows
}

fn next(count: &mut usize) -> usize {
    *count += 1;
    *count - 1
}
