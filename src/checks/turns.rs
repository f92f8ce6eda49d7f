//! The turns of a trace: when each began and ended, what was said, used and wrong in it.
//!
//! Owns: which events belong to a turn and what they add up to.
//! Must not know: which turns a check asks for.

use super::fields;
use super::messages::Messages;
use crate::model::trace::{Event, Record, What};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// One turn that the suite began.
#[derive(Clone, Debug)]
pub struct Turn<'t> {
    /// As records name it.
    pub number: usize,
    pub session: &'t str,
    pub step: usize,
    /// Record number and time of its beginning.
    pub begun: (u64, f64),
    /// Every end that it was given; one is right.
    pub ends: Vec<TurnEnd<'t>>,
    pub messages: Messages,
    pub first_text_ms: Option<f64>,
    pub usage: Usage,
    /// Items that began and were not finished when it ended: id and kind.
    pub open_items: Vec<(String, String)>,
    /// The last error in it.
    pub error: Option<Value>,
}

#[derive(Clone, Debug)]
pub struct TurnEnd<'t> {
    pub n: u64,
    pub t_ms: f64,
    pub status: Cow<'t, str>,
    /// It named no turn of the case.
    pub is_stray: bool,
    /// The protocol's own final object.
    pub final_object: Option<&'t Value>,
}

impl<'t> Turn<'t> {
    /// The first end is the one that counts; one of another turn only where there is no other.
    pub fn end(&self) -> Option<&TurnEnd<'t>> {
        self.ends.iter().find(|end| !end.is_stray).or(self.ends.first())
    }

    pub fn status(&self) -> Option<&str> {
        self.end().map(|end| &*end.status)
    }

    /// The value that `turn` patterns are about.
    pub fn outcome(&self) -> Value {
        let mut out = Map::new();
        out.insert("status".into(), self.status().map_or(Value::Null, Value::from));
        if let Some(error) = &self.error {
            out.insert("error".into(), error.clone());
        }
        Value::Object(out)
    }

    /// For messages: `turn 1 of session main`.
    pub fn shown(&self) -> String {
        format!("turn {} (session {})", self.number, self.session)
    }

    /// `{first_text, turn}` in milliseconds, as far as known.
    pub fn timing(&self) -> Map<String, Value> {
        let mut out = Map::new();
        let ends = [("first_text", self.first_text_ms), ("turn", self.end().map(|end| end.t_ms))];
        for (key, at) in ends {
            if let Some(at) = at {
                out.insert(key.into(), json!(at - self.begun.1));
            }
        }
        out
    }

    fn take(&mut self, record: &'t Record, event: &'t Event, is_stray: bool) {
        if self.messages.take(event) {
            self.first_text_ms.get_or_insert(record.t_ms);
        }
        match event.kind.as_str() {
            "item" if self.ends.is_empty() => {
                let kind = fields::id(event, "kind").unwrap_or_default().into_owned();
                self.open_items.extend(fields::id(event, "id").map(|id| (id.into_owned(), kind)));
            }
            "item.finished" if self.ends.is_empty() => {
                let finished = fields::id(event, "id");
                self.open_items.retain(|(id, _)| finished.as_deref() != Some(id));
            }
            "usage" => self.usage.add(event),
            "usage.so_far" => self.usage.replace(event),
            "error" => self.error = Some(fields::error(event)),
            "turn.finished" => self.ends.push(TurnEnd {
                n: record.n,
                t_ms: record.t_ms,
                status: fields::turn_status(event),
                is_stray,
                final_object: event.fields.get("final"),
            }),
            _ => {}
        }
    }
}

/// All turns, in the order begun.
pub(crate) fn turns(records: &[Record]) -> Vec<Turn<'_>> {
    let mut turns: Vec<Turn<'_>> = Vec::new();
    for record in records {
        match &record.what {
            What::TurnBegin { turn, session, step, .. } => turns.push(Turn {
                number: *turn,
                session,
                step: *step,
                begun: (record.n, record.t_ms),
                ends: vec![],
                messages: Messages::default(),
                first_text_ms: None,
                usage: Usage::default(),
                open_items: vec![],
                error: None,
            }),
            What::Event { session, event, .. } if event.kind == "closed" => {
                for open in turns.iter_mut().filter(|t| t.session == session && t.ends.is_empty()) {
                    open.error.get_or_insert_with(|| fields::broken_transport(event));
                }
            }
            What::Event { session, turn, event } => {
                // An end that names no turn is one too many for the latest turn of its session.
                let is_stray_end = turn.is_none() && event.kind == "turn.finished";
                let owner = turns.iter_mut().rev().find(|t| *turn == Some(t.number) || is_stray_end && t.session == session);
                if let Some(owner) = owner {
                    owner.take(record, event, is_stray_end);
                }
            }
            _ => {}
        }
    }
    turns
}

const PARTS: [&str; 5] = ["input", "output", "total", "cached", "reasoning"];

/// Tokens used. Parts that nobody reported stay unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    parts: [Option<u64>; 5],
}

impl Usage {
    fn of(event: &Event) -> Usage {
        let mut parts = PARTS.map(|key| event.fields.get(key).and_then(Value::as_f64).map(|number| number as u64));
        if parts[2].is_none() && (parts[0].is_some() || parts[1].is_some()) {
            parts[2] = Some(parts[0].unwrap_or(0) + parts[1].unwrap_or(0));
        }
        Usage { parts }
    }

    pub(crate) fn add(&mut self, event: &Event) {
        self.merge(&Usage::of(event));
    }

    fn replace(&mut self, event: &Event) {
        *self = Usage::of(event);
    }

    pub(crate) fn merge(&mut self, other: &Usage) {
        for (mine, theirs) in self.parts.iter_mut().zip(other.parts) {
            *mine = match (*mine, theirs) {
                (Some(a), Some(b)) => Some(a.saturating_add(b)),
                (a, b) => a.or(b),
            };
        }
    }

    /// `{input, output, total, cached, reasoning}`, as far as reported; `None` if nothing was.
    pub fn value(&self) -> Option<Value> {
        let known: Map<String, Value> =
            PARTS.iter().zip(self.parts).filter_map(|(key, part)| Some(((*key).to_owned(), part?.into()))).collect();
        (!known.is_empty()).then_some(Value::Object(known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::tests::story::Story;

    #[test]
    fn usage_events_add_up_and_so_far_replaces() {
        let trace = Story::new()
            .turn(0, "main")
            .event(0, "usage", json!({"input": 2, "output": 3}))
            .event(0, "usage", json!({"input": 1, "output": 1, "total": 9, "cached": 1}))
            .turn(1, "main")
            .event(1, "usage.so_far", json!({"input": 5}))
            .event(1, "usage.so_far", json!({"input": 7}))
            .end();
        let turns = turns(&trace.records);
        assert_eq!(turns[0].usage.value(), Some(json!({"input": 3, "output": 4, "total": 14, "cached": 1})));
        assert_eq!(turns[1].usage.value(), Some(json!({"input": 7, "total": 7})));
    }

    #[test]
    fn an_end_without_a_turn_is_one_too_many_for_the_latest() {
        let trace = Story::new()
            .turn(0, "main")
            .event(0, "turn.finished", json!({"status": "completed"}))
            .stray("main", "turn.finished", json!({"status": "failed"}))
            .end();
        let turns = turns(&trace.records);
        assert_eq!((turns[0].ends.len(), turns[0].status()), (2, Some("completed")));
    }

    #[test]
    fn an_end_of_another_turn_does_not_say_how_this_one_ended() {
        let trace = Story::new()
            .turn(0, "main")
            .stray("main", "turn.finished", json!({"status": "completed"}))
            .event(0, "turn.finished", json!({"status": "failed"}))
            .end();
        assert_eq!(turns(&trace.records)[0].status(), Some("failed"));
    }

    #[test]
    fn a_turn_that_did_not_end_has_no_status() {
        let trace = Story::new().turn(0, "main").event(0, "error", json!({"message": "x"})).end();
        let turns = turns(&trace.records);
        assert_eq!(turns[0].outcome(), json!({"status": null, "error": {"source": "agent", "code": null, "message": "x"}}));
    }
}
