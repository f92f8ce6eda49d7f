//! The histories: which records make which list, and what an entry looks like.
//!
//! Owns: the form of an entry of each history, and the way from records to rows.
//! Must not know: when a history is asked for, what is expected of it.

use super::calls;
use super::rows::{Row, number};
use super::views::Views;
use crate::model::pattern::ListKind;
use crate::model::trace::{Record, What};
use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// An entry of a history with its place and causality.
pub type HistoryEntry<'t> = Row<'t>;

/// One history of a trace that may still grow, for those who wait for an entry. `fake` names the fake for `Requests`, `Commands` and a
/// fake's `Frames`; without it, frames are the agent's, and requests and commands are none.
pub fn history<'t>(kind: ListKind, fake: Option<&str>, records: &'t [Record]) -> Vec<HistoryEntry<'t>> {
    history_from(kind, fake, records, 0)
}

/// As [`history`], with only the entries that came, or were finished, with record `from` or later. Their places count all entries.
/// To wait, ask for what is new since the last look: then each record is made into an entry once.
pub fn history_from<'t>(kind: ListKind, fake: Option<&str>, records: &'t [Record], from: u64) -> Vec<HistoryEntry<'t>> {
    let mut rows = match (kind, fake) {
        (ListKind::Calls, _) => number(calls::calls(records)),
        (ListKind::Events, _) => collect(records, |record| event(record, from)),
        (ListKind::Errors, _) => Views::new(records).errors().to_vec(),
        (ListKind::Frames, None) => collect(records, frame),
        (ListKind::Frames, Some(fake)) => {
            collect(records, |record| fake_frame(record).filter(|(name, _)| *name == fake).map(|(_, row)| row))
        }
        (ListKind::Requests, Some(fake)) => requests(records, from, |name| name == fake).swap_remove(fake).unwrap_or_default(),
        (ListKind::Commands, Some(fake)) => {
            collect(records, |record| command(record, from).filter(|(name, _)| *name == fake).map(|(_, row)| row))
        }
        (ListKind::Requests | ListKind::Commands, None) => vec![],
    };
    rows.retain(|row| row.n >= from || row.delivered.is_some_and(|delivered| delivered >= from));
    rows
}

pub(crate) fn collect<'t>(records: &'t [Record], row: impl Fn(&'t Record) -> Option<Row<'t>>) -> Vec<Row<'t>> {
    number(records.iter().filter_map(row).collect())
}

/// Rows by the name of their fake, each fake's numbered by itself.
pub(crate) fn by_name<'t>(rows: impl Iterator<Item = (&'t str, Row<'t>)>) -> IndexMap<&'t str, Vec<Row<'t>>> {
    let mut out: IndexMap<&'t str, Vec<Row<'t>>> = IndexMap::new();
    for (name, row) in rows {
        out.entry(name).or_default().push(row);
    }
    out.into_iter().map(|(name, rows)| (name, number(rows))).collect()
}

/// A value that nobody will look at is not made.
fn made<'t>(record: &Record, from: u64, make: impl FnOnce() -> Value) -> Cow<'t, Value> {
    Cow::Owned(if record.n >= from { make() } else { Value::Null })
}

/// `{type, …fields, session, turn, t_ms}`.
pub(crate) fn event(record: &Record, from: u64) -> Option<Row<'_>> {
    let What::Event { session, turn, event } = &record.what else { return None };
    let value = made(record, from, || {
        let mut value = Map::with_capacity(event.fields.len() + 4);
        value.insert("type".into(), event.kind.as_str().into());
        value.extend(event.fields.iter().filter(|(key, _)| *key != "type").map(|(key, field)| (key.clone(), field.clone())));
        value.insert("session".into(), session.as_str().into());
        value.insert("turn".into(), (*turn).into());
        value.insert("t_ms".into(), record.t_ms.into());
        Value::Object(value)
    });
    Some(Row::of(record, value, session, *turn))
}

/// What the agent sent.
pub(crate) fn frame(record: &Record) -> Option<Row<'_>> {
    match &record.what {
        What::Frame { session, turn, data } => Some(Row::of(record, Cow::Borrowed(data), session, *turn)),
        _ => None,
    }
}

/// What the suite sent.
pub(crate) fn sent(record: &Record) -> Option<Row<'_>> {
    match &record.what {
        What::Sent { session, turn, data } => Some(Row::of(record, Cow::Borrowed(data), session, *turn)),
        _ => None,
    }
}

/// What a client of a websocket fake sent.
pub(crate) fn fake_frame(record: &Record) -> Option<(&str, Row<'_>)> {
    match &record.what {
        What::FakeFrame { fake, connection, data } => {
            Some((fake, Row { connection: *connection, ..Row::of(record, Cow::Borrowed(data), "", None) }))
        }
        _ => None,
    }
}

/// `{name, argv, stdin, cwd, exit}`.
pub(crate) fn command(record: &Record, from: u64) -> Option<(&str, Row<'_>)> {
    let What::Command(call) = &record.what else { return None };
    let value =
        made(record, from, || json!({"name": call.name, "argv": call.argv, "stdin": call.stdin, "cwd": call.cwd, "exit": call.exit}));
    Some((&call.name, Row::of(record, value, "", None)))
}

/// `{method, path, query, headers, body, raw, part}` of the fakes asked for. A request is delivered with the fake's reply to it.
pub(crate) fn requests<'t>(records: &'t [Record], from: u64, wanted: impl Fn(&str) -> bool) -> IndexMap<&'t str, Vec<Row<'t>>> {
    let mut out = by_name(records.iter().filter_map(|record| match &record.what {
        What::Request(request) if wanted(&request.fake) => {
            let value = made(record, from, || {
                json!({"method": request.method, "path": request.path, "query": request.query, "headers": request.headers,
                    "body": request.body, "raw": request.raw, "part": request.part})
            });
            Some((request.fake.as_str(), Row { delivered: None, ..Row::of(record, value, "", None) }))
        }
        _ => None,
    }));
    for record in records {
        if let What::Reply { fake, request, .. } = &record.what
            && let Some(row) = out.get_mut(fake.as_str()).and_then(|rows| rows.get_mut(*request))
        {
            row.delivered.get_or_insert(record.n);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::tests::story::Story;

    #[test]
    fn what_is_new_keeps_its_place_among_all() {
        let trace = Story::new().turn(0, "a").turn(1, "b").says(0, "x").says(1, "y").says(0, "z").end();
        let last = trace.records.iter().rev().find(|record| matches!(record.what, What::Event { .. })).map_or(0, |record| record.n);
        let new = history_from(ListKind::Events, None, &trace.records, last);
        let got: Vec<_> = new.iter().map(|row| (row.index, row.session_index, row.value["text"].as_str())).collect();
        assert_eq!(got, [(2, 1, Some("z"))]);
        assert_eq!(history(ListKind::Events, None, &trace.records).len(), 3);
    }

    #[test]
    fn a_call_that_was_finished_since_is_new() {
        let trace =
            Story::new().turn(0, "main").calls(0, "1", "a", json!({})).calls(0, "2", "b", json!({})).answers(0, "1", json!(1)).end();
        let from = trace.records[4].n;
        let names: Vec<_> = history_from(ListKind::Calls, None, &trace.records, from).iter().map(|row| row.value["name"].clone()).collect();
        assert_eq!(names, ["a"]);
    }

    #[test]
    fn a_request_of_another_fake_is_not_there() {
        let trace = Story::new().request("llm", "/a", json!({})).request("api", "/b", json!({})).request("llm", "/c", json!({})).end();
        let paths: Vec<_> =
            history(ListKind::Requests, Some("llm"), &trace.records).iter().map(|row| (row.index, row.value["path"].clone())).collect();
        assert_eq!(paths, [(0, json!("/a")), (1, json!("/c"))]);
        assert!(history(ListKind::Requests, Some("none"), &trace.records).is_empty());
        assert!(history(ListKind::Requests, None, &trace.records).is_empty());
    }

    #[test]
    fn entries_of_a_websocket_fake_are_counted_over_each_connection() {
        let frame = |connection, data: &str| What::FakeFrame { fake: "ws".into(), connection, data: json!(data) };
        let trace = Story::new().push(frame(0, "a")).push(frame(1, "b")).push(frame(0, "c")).end();
        let got: Vec<_> = history(ListKind::Frames, Some("ws"), &trace.records).iter().map(|row| row.index).collect();
        assert_eq!(got, [0, 0, 1]);
    }
}
