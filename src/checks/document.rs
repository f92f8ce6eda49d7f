//! The document that JSONPath sees (language §4.3): everything observed, as one value.
//!
//! Owns: its members and their order.
//! Must not know: which paths are asked for.

use super::part::Part;
use super::rows::Row;
use super::turns::{Turn, Usage};
use super::views::Views;
use crate::model::trace::{Record, Trace, What};
use serde_json::{Map, Value, json};

/// The document of a whole trace.
pub fn document(trace: &Trace) -> Value {
    build(&Views::new(&trace.records), None, None)
}

/// What a run took: tokens, the times of each turn, and of each call with its end. For reports.
pub fn metrics(trace: &Trace) -> Value {
    let views = Views::new(&trace.records);
    let turn = |turn: &Turn<'_>| {
        let mut out = turn.timing();
        out.insert("session".into(), turn.session.into());
        insert(&mut out, "usage", turn.usage.value());
        Value::Object(out)
    };
    let call = |row: &Row<'_>| {
        let part = |key: &str| row.value.get(key).cloned().unwrap_or(Value::Null);
        json!({"name": part("name"), "status": part("status"), "took_ms": part("took_ms")})
    };
    let mut out = Map::new();
    insert(&mut out, "usage", usage(&views, None).value());
    out.insert("turns".into(), views.turns().iter().map(turn).collect());
    out.insert("calls".into(), views.calls().iter().map(call).collect());
    Value::Object(out)
}

/// The document of one step, for `save` of `user` and `do`; `null` if the step has not begun.
pub fn step_document(records: &[Record], step: usize) -> Value {
    let views = Views::new(records);
    match views.step(step) {
        Some(run) => build(&views, Some(&Part::of(&views, run, false)), None),
        None => Value::Null,
    }
}

/// The document of the case, or of one step's part. `session` is the one whose last turn gives the reply.
pub(crate) fn build<'t>(views: &Views<'t>, part: Option<&Part<'t>>, session: Option<&str>) -> Value {
    let turn = match part {
        Some(part) => part.turn.and_then(|turn| views.turn(turn)),
        None => views.last_turn(session),
    };
    let list = |rows: &[Row<'_>]| -> Value {
        rows.iter().filter(|row| part.is_none_or(|p| p.holds(row))).map(|row| (*row.value).clone()).collect()
    };
    let mut out = Map::new();
    insert(&mut out, "reply", turn.and_then(|turn| turn.messages.reply()).map(Value::from));
    insert(&mut out, "text", turn.and_then(|turn| turn.messages.text()).map(Value::from));
    out.insert("calls".into(), list(views.calls()));
    out.insert("turns".into(), turns_in(views, part).map(turn_value).collect());
    out.insert("events".into(), list(views.events()));
    out.insert("frames".into(), list(views.frames()));
    out.insert("sent".into(), list(views.sent()));
    out.insert("final".into(), turn.and_then(Turn::end).and_then(|end| end.final_object).cloned().unwrap_or(Value::Null));
    insert(&mut out, "usage", usage(views, part).value());
    out.insert("requests".into(), by_name(views.all_requests(), &list));
    out.insert("commands".into(), by_name(views.all_commands(), &list));
    out.insert("probes".into(), probes(views, part));
    out.insert("errors".into(), list(views.errors()));
    out.insert("log".into(), log(views, part));
    out.insert("exit".into(), exit(views, part).unwrap_or(Value::Null));
    Value::Object(out)
}

/// The turns of the case, or the step's own.
pub(crate) fn turns_in<'v, 't>(views: &'v Views<'t>, part: Option<&Part<'t>>) -> impl Iterator<Item = &'v Turn<'t>> {
    let only = part.map(|part| part.turn);
    views.turns().iter().filter(move |turn| only.is_none_or(|only| only == Some(turn.number)))
}

fn insert(out: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        out.insert(key.to_owned(), value);
    }
}

fn turn_value(turn: &Turn<'_>) -> Value {
    let mut out = Map::new();
    out.insert("turn".into(), turn.number.into());
    out.insert("session".into(), turn.session.into());
    out.insert("status".into(), turn.status().map_or(Value::Null, Value::from));
    insert(&mut out, "reply", turn.messages.reply().map(Value::from));
    insert(&mut out, "text", turn.messages.text().map(Value::from));
    insert(&mut out, "error", turn.error.clone());
    insert(&mut out, "usage", turn.usage.value());
    out.insert("t_ms".into(), turn.begun.1.into());
    out.insert("timing".into(), turn.timing().into());
    Value::Object(out)
}

fn by_name(named: &indexmap::IndexMap<&str, Vec<Row<'_>>>, list: &dyn Fn(&[Row<'_>]) -> Value) -> Value {
    Value::Object(named.iter().map(|(name, rows)| ((*name).to_owned(), list(rows))).collect())
}

/// Tokens of the turns; of usage that belongs to no turn, what was reported in this part.
pub(crate) fn usage<'t>(views: &Views<'t>, part: Option<&Part<'t>>) -> Usage {
    let mut usage = Usage::default();
    for turn in turns_in(views, part) {
        usage.merge(&turn.usage);
    }
    for record in views.records {
        let What::Event { session, turn: None, event } = &record.what else { continue };
        if matches!(event.kind.as_str(), "usage" | "usage.so_far") {
            let row = Row::of(record, std::borrow::Cow::Owned(Value::Null), session, None);
            if part.is_none_or(|part| part.holds(&row)) {
                usage.add(event);
            }
        }
    }
    usage
}

fn probes<'t>(views: &Views<'t>, part: Option<&Part<'t>>) -> Value {
    let mut out = Map::new();
    for record in within(views, part) {
        if let What::Probe { label, value } = &record.what {
            out.insert(label.clone(), value.clone());
        }
    }
    Value::Object(out)
}

fn log<'t>(views: &Views<'t>, part: Option<&Part<'t>>) -> Value {
    let line = |record: &Record| match &record.what {
        What::Log { line, .. } => Some(Value::from(line.as_str())),
        _ => None,
    };
    within(views, part).filter_map(line).collect()
}

fn within<'t>(views: &Views<'t>, part: Option<&Part<'t>>) -> impl Iterator<Item = &'t Record> {
    views.records.iter().filter(move |record| part.is_none_or(|part| part.spans(record.n)))
}

/// How the agent's process ended: its code, `{signal}`, or null if checkride ended it. Of a step, the first end since it began, which
/// may come shortly after it. `None` if nothing is known.
pub(crate) fn exit(views: &Views<'_>, part: Option<&Part<'_>>) -> Option<Value> {
    let mut exits = views.records.iter().filter_map(|record| match &record.what {
        What::Exit { code, signal } => Some((record.n, code, signal)),
        _ => None,
    });
    let (_, code, signal) = match part {
        Some(part) => exits.find(|(n, ..)| *n >= part.run.begin.n)?,
        None => exits.next_back()?,
    };
    Some(match (code, signal) {
        (Some(code), _) => json!(code),
        (None, Some(signal)) => json!({"signal": signal}),
        (None, None) => Value::Null,
    })
}
