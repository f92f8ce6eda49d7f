//! Tool calls, put together from their events.
//!
//! Owns: which events are one call, what its status is.
//! Must not know: what is expected of calls.

use super::fields;
use super::rows::Row;
use crate::model::trace::{Event, Record, What};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Set in the batch of a call that was not made together with others, so that it is like no other.
const ALONE: u64 = 1 << 63;

struct Call<'t> {
    id: Cow<'t, str>,
    session: &'t str,
    turn: Option<usize>,
    name: Value,
    args: Option<&'t Value>,
    result: Option<&'t Value>,
    status: Cow<'t, str>,
    batch: u64,
    issued: (u64, f64),
    /// Record number and time of its end.
    delivered: Option<(u64, f64)>,
}

/// All calls, in the order issued. A second `call.started` with the id of a call of the same turn completes it; without an id it is a
/// new one. `call.finished` ends the call of its id, or the oldest open one.
pub(crate) fn calls(records: &[Record]) -> Vec<Row<'_>> {
    let mut calls: Vec<Call<'_>> = Vec::new();
    for record in records {
        let What::Event { session, turn, event } = &record.what else { continue };
        match event.kind.as_str() {
            "call.started" => start(&mut calls, record, session, *turn, event),
            "call.finished" => finish(&mut calls, record, session, *turn, event),
            _ => {}
        }
    }
    calls.into_iter().map(Call::row).collect()
}

fn start<'t>(calls: &mut Vec<Call<'t>>, record: &'t Record, session: &'t str, turn: Option<usize>, event: &'t Event) {
    let known = fields::id(event, "id");
    let same = |call: &&mut Call<'t>| call.session == session && call.turn == turn && known.as_ref() == Some(&call.id);
    if known.is_some()
        && let Some(call) = calls.iter_mut().rev().find(same)
    {
        if let Some(name) = event.fields.get("name").filter(|name| !name.is_null()) {
            call.name = name.clone();
        }
        call.args = event.fields.get("args").or(call.args);
        return;
    }
    let id = known.unwrap_or_else(|| Cow::Owned(format!("#{}", calls.len() + 1)));
    calls.push(Call::new(id, record, session, turn, event));
}

fn finish<'t>(calls: &mut Vec<Call<'t>>, record: &'t Record, session: &'t str, turn: Option<usize>, event: &'t Event) {
    let known = fields::id(event, "id");
    let at = match &known {
        Some(id) => {
            let is_it = |call: &Call<'t>| call.session == session && call.id == *id;
            calls.iter().rposition(|call| is_it(call) && call.delivered.is_none()).or_else(|| calls.iter().rposition(is_it))
        }
        None => {
            let is_open = |call: &Call<'t>| call.session == session && call.turn == turn && call.delivered.is_none();
            let mine = event.batch.and_then(|batch| calls.iter().position(|call| is_open(call) && call.batch == batch));
            mine.or_else(|| calls.iter().position(is_open))
        }
    };
    let at = match at {
        Some(at) => at,
        // A protocol that tells only of the end still names the tool there.
        None if event.fields.get("name").is_some() => {
            let id = known.unwrap_or_else(|| Cow::Owned(format!("#{}", calls.len() + 1)));
            calls.push(Call::new(id, record, session, turn, event));
            calls.len() - 1
        }
        None => return,
    };
    let call = &mut calls[at];
    call.result = event.fields.get("result").or(call.result);
    call.status = fields::id(event, "status").unwrap_or(Cow::Borrowed("ok"));
    call.delivered.get_or_insert((record.n, record.t_ms));
}

impl<'t> Call<'t> {
    fn new(id: Cow<'t, str>, record: &'t Record, session: &'t str, turn: Option<usize>, event: &'t Event) -> Call<'t> {
        Call {
            id,
            session,
            turn,
            name: event.fields.get("name").cloned().unwrap_or(Value::Null),
            args: event.fields.get("args"),
            result: None,
            status: Cow::Borrowed("pending"),
            batch: event.batch.unwrap_or(record.n | ALONE),
            issued: (record.n, record.t_ms),
            delivered: None,
        }
    }

    fn row(self) -> Row<'t> {
        let mut value = Map::with_capacity(8);
        value.insert("id".into(), self.id.into());
        value.insert("name".into(), self.name);
        for (key, part) in [("args", self.args), ("result", self.result)] {
            if let Some(part) = part {
                value.insert(key.into(), part.clone());
            }
        }
        value.insert("status".into(), self.status.into());
        value.insert("turn".into(), self.turn.into());
        value.insert("session".into(), self.session.into());
        value.insert("t_ms".into(), self.issued.1.into());
        let (n, t_ms) = self.issued;
        if let Some((_, ended)) = self.delivered {
            value.insert("took_ms".into(), (ended - t_ms).into());
        }
        Row {
            batch: self.batch,
            delivered: self.delivered.map(|(n, _)| n),
            turn: self.turn,
            ..Row::new(Cow::Owned(Value::Object(value)), n, t_ms, self.session)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::tests::story::Story;
    use crate::checks::views::Views;
    use serde_json::{Value, json};

    /// Each call as `name args status`.
    fn check(events: &[(&str, Value)], expected: &[(&str, Value, &str)]) {
        let story = events.iter().fold(Story::new().turn(0, "main"), |story, (kind, fields)| story.event(0, kind, fields.clone()));
        let trace = story.end();
        let views = Views::new(&trace.records);
        let got: Vec<_> =
            views.calls().iter().map(|row| (row.value["name"].clone(), row.value["args"].clone(), row.value["status"].clone())).collect();
        let expected: Vec<_> = expected.iter().map(|(name, args, status)| (json!(name), args.clone(), json!(status))).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn a_second_start_with_the_same_id_completes_the_first() {
        let events = [
            ("call.started", json!({"id": "1", "name": "a"})),
            ("call.started", json!({"id": "1", "args": {"x": 1}})),
            ("call.finished", json!({"id": "1", "result": "r"})),
        ];
        check(&events, &[("a", json!({"x": 1}), "ok")]);
    }

    #[test]
    fn without_ids_every_start_is_a_call_and_an_end_ends_the_oldest() {
        let events = [
            ("call.started", json!({"name": "a", "args": {}})),
            ("call.started", json!({"name": "b", "args": {}})),
            ("call.finished", json!({"status": "error"})),
        ];
        check(&events, &[("a", json!({}), "error"), ("b", json!({}), "pending")]);
    }

    #[test]
    fn an_id_is_known_only_within_its_session() {
        let trace = Story::new()
            .turn(0, "a")
            .turn(1, "b")
            .event(0, "call.started", json!({"id": "1", "name": "x"}))
            .event(1, "call.started", json!({"id": "1", "name": "y"}))
            .event(1, "call.finished", json!({"id": "1"}))
            .end();
        let views = Views::new(&trace.records);
        let got: Vec<_> = views.calls().iter().map(|row| (row.session, row.value["status"].as_str(), row.session_index)).collect();
        assert_eq!(got, [("a", Some("pending"), 0), ("b", Some("ok"), 0)]);
    }

    #[test]
    fn an_id_used_again_in_a_later_turn_is_another_call() {
        let trace = Story::new()
            .turn(0, "main")
            .event(0, "call.started", json!({"id": "1", "name": "x"}))
            .event(0, "call.finished", json!({"id": "1"}))
            .turn(1, "main")
            .event(1, "call.started", json!({"id": "1", "name": "x"}))
            .end();
        let views = Views::new(&trace.records);
        let got: Vec<_> = views.calls().iter().map(|row| (row.value["status"].as_str(), row.delivered.is_some())).collect();
        assert_eq!(got, [(Some("ok"), true), (Some("pending"), false)]);
    }

    #[test]
    fn an_end_that_names_no_known_call_makes_none() {
        check(&[("call.finished", json!({"id": "9"}))], &[]);
        check(&[("call.finished", json!({"id": "9", "name": "late", "args": 1}))], &[("late", json!(1), "ok")]);
    }
}
