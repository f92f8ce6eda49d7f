//! From a frame to normalised events, by the rules of a protocol (language §7).
//!
//! Owns: which rules apply, the form of each kind of event, what a rule saves and answers.
//! Must not know: connections, turns, what is done with an event.
//!
//! | event | fields |
//! |---|---|
//! | `turn.started`, `item`, `item.finished`, `delta`, `usage`, `usage.so_far`, `approval.requested` | as the rule gives them |
//! | `text`, `text.delta`, `reasoning` | `text`, and what the rule gives besides |
//! | `text.so_far` | `text` (all of it), `item`; where it only grew, a `text.delta` with the same `item` comes before it |
//! | `call.started` | `id`, `name`, `args`; a second one with the same id in the same turn has the fields of both |
//! | `call.finished` | `id`, `result`, `status` |
//! | `error` | `source`, `code`, `message`, and what the frame gives besides |
//! | `turn.finished` | `status`, and `final` where the protocol has one |
//! | `closed` | `code`, `reason` (made by the engine) |

use super::calls::Calls;
use super::source;
use crate::matching::jsonpath::{self, Selected};
use crate::matching::value;
use crate::model::pattern::{JsonPath, Pattern};
use crate::model::protocol::{EventKind, FinalObject, Make, Protocol, Rule, Source, StepCondition};
use crate::model::template::Scope;
use crate::model::trace::Event;
use crate::model::tree::Node;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// What the events of one session so far say about those to come.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// Cumulative texts by item; the current message is the empty one.
    so_far: HashMap<String, String>,
    calls: Calls,
}

/// Where a frame stands.
pub(super) struct Moment<'a> {
    pub(super) protocol: &'a Protocol,
    pub(super) names: &'a dyn Scope,
    pub(super) now: Now<'a>,
    pub(super) turn: Option<usize>,
    /// Of the frame, for all its events.
    pub(super) batch: u64,
}

/// What the conditions of steps and rules are about.
pub(super) struct Now<'a> {
    pub(super) settings: &'a Value,
    /// What the steps `before` and `connect` saved.
    pub(super) agent: &'a Value,
    pub(super) first_turn: bool,
    pub(super) turn_ended: bool,
}

/// What a frame means.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    pub(super) events: Vec<(EventKind, Event)>,
    pub(super) saves: Vec<Saved>,
    /// Frames to be sent back.
    pub(super) replies: Vec<Arc<Node>>,
    /// Patterns that could not be tested: faults of the protocol file.
    pub(super) faults: Vec<String>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Saved {
    pub(super) name: Arc<str>,
    pub(super) value: Value,
    /// Beside `turn.started`, it is the turn's as well.
    pub(super) of_turn: bool,
}

/// True if the condition holds, or if there is none.
pub(super) fn holds(condition: Option<&StepCondition>, now: &Now<'_>, names: &dyn Scope) -> Result<bool, String> {
    let Some(condition) = condition else { return Ok(true) };
    let turn = condition.first_turn.is_none_or(|wanted| wanted == now.first_turn)
        && condition.turn_ended.is_none_or(|wanted| wanted == now.turn_ended);
    let over = |pattern: &Option<Pattern>, value: &Value| pattern.as_ref().map_or(Ok(true), |pattern| matches(pattern, value, names));
    Ok(turn && over(&condition.settings, now.settings)? && over(&condition.agent, now.agent)?)
}

/// The error is a fault of whoever wrote the pattern. Most rules do not match most frames, so no reason is made.
pub(super) fn matches(pattern: &Pattern, value: &Value, names: &dyn Scope) -> Result<bool, String> {
    value::holds(pattern, Some(value), names)
}

impl Decoder {
    /// Applies every rule that matches, in the order written.
    pub(super) fn decode(&mut self, frame: &Value, moment: &Moment<'_>) -> Decoded {
        let mut decoded = Decoded::default();
        for pattern in &moment.protocol.ignore {
            match matches(pattern, frame, moment.names) {
                Ok(false) => {}
                Ok(true) => return decoded,
                Err(reason) => decoded.faults.push(reason),
            }
        }
        for rule in &moment.protocol.events {
            let applies =
                matches(&rule.when, frame, moment.names).and_then(|it| Ok(it && holds(rule.only_if.as_ref(), &moment.now, moment.names)?));
            match applies {
                Ok(true) => self.apply(rule, frame, moment, &mut decoded),
                Ok(false) => {}
                Err(reason) => decoded.faults.push(reason),
            }
        }
        decoded
    }

    /// The end of a call that the client ran.
    pub(super) fn finish_call(&mut self, fields: &mut Map<String, Value>, turn: Option<usize>) {
        self.calls.begin_element();
        self.calls.finish(fields, turn);
    }

    /// An event that the reader of a wire told.
    pub(super) fn adopt(&mut self, kind: EventKind, mut fields: Map<String, Value>, turn: Option<usize>, batch: u64) -> (EventKind, Event) {
        self.calls.begin_element();
        match kind {
            EventKind::CallStarted => self.calls.start(&mut fields, turn),
            EventKind::CallFinished => self.calls.finish(&mut fields, turn),
            _ => {}
        }
        (kind, Event { kind: kind.name().to_owned(), fields, batch: Some(batch) })
    }

    fn apply(&mut self, rule: &Rule, frame: &Value, moment: &Moment<'_>, decoded: &mut Decoded) {
        let of_turn = rule.makes.iter().any(|make| make.kind == EventKind::TurnStarted);
        let mut one = |decoder: &mut Decoder, document: &Value| {
            for (name, paths) in &rule.save {
                if let Some(value) = source::first(paths, document) {
                    decoded.saves.push(Saved { name: name.clone(), value, of_turn });
                }
            }
            decoder.calls.begin_element();
            for make in &rule.makes {
                decoder.make(make, document, frame, moment, &mut decoded.events);
            }
        };
        match &rule.for_each {
            None => one(self, frame),
            Some(path) => elements(path, frame).iter().for_each(|element| one(self, element)),
        }
        decoded.replies.extend(rule.reply.clone());
    }

    fn make(&mut self, make: &Make, document: &Value, frame: &Value, moment: &Moment<'_>, out: &mut Vec<(EventKind, Event)>) {
        let Some(mut fields) = fields(make.kind, &make.value, document) else { return };
        match make.kind {
            EventKind::Text => {
                self.so_far.remove(&item(&fields));
            }
            EventKind::TextSoFar => {
                if let Some(delta) = self.grown(&fields) {
                    out.push(event(EventKind::TextDelta, delta, moment));
                }
            }
            EventKind::CallStarted => self.calls.start(&mut fields, moment.turn),
            EventKind::CallFinished => self.calls.finish(&mut fields, moment.turn),
            EventKind::TurnFinished => {
                self.so_far.clear();
                if let Some(FinalObject::Path(path)) = &moment.protocol.final_object
                    && let Some(value) = jsonpath::first(path, frame)
                {
                    fields.insert("final".to_owned(), value);
                }
            }
            _ => {}
        }
        out.push(event(make.kind, fields, moment));
    }

    /// The `text.delta` of a cumulative text; none if it replaces what came before, or says nothing new.
    fn grown(&mut self, fields: &Map<String, Value>) -> Option<Map<String, Value>> {
        let text = fields.get("text")?.as_str()?;
        let before = self.so_far.insert(item(fields), text.to_owned()).unwrap_or_default();
        let new = text.strip_prefix(before.as_str()).filter(|new| !new.is_empty())?;
        let mut delta = fields.clone();
        delta.insert("text".to_owned(), new.into());
        Some(delta)
    }
}

fn event(kind: EventKind, fields: Map<String, Value>, moment: &Moment<'_>) -> (EventKind, Event) {
    (kind, Event { kind: kind.name().to_owned(), fields, batch: Some(moment.batch) })
}

fn item(fields: &Map<String, Value>) -> String {
    fields.get("item").map(source::text).unwrap_or_default()
}

fn elements(path: &JsonPath, frame: &Value) -> Vec<Value> {
    match jsonpath::select(path, frame) {
        Selected::Missing | Selected::BrokenPrefix(_) => vec![],
        Selected::One(value) => vec![value],
        Selected::Many(values) => values,
    }
}

/// The fields of an event. `None` if the event has no content: a text whose path leads nowhere makes no event.
fn fields(kind: EventKind, value: &Source, document: &Value) -> Option<Map<String, Value>> {
    let mut fields = match (value, source::value(value, document)) {
        (Source::Fields(_), Some(Value::Object(fields))) => fields,
        (_, Some(value)) => plain(kind, value),
        (_, None) if kind == EventKind::Error => Map::new(),
        (_, None) if kind == EventKind::TurnFinished => Map::new(),
        (_, None) => return None,
    };
    match kind {
        EventKind::Error => complete_error(&mut fields, document),
        EventKind::Text | EventKind::TextDelta | EventKind::TextSoFar | EventKind::Reasoning | EventKind::Delta => {
            let text = source::text(fields.get("text")?);
            fields.insert("text".to_owned(), text.into());
        }
        EventKind::CallStarted => parse(&mut fields, "args"),
        EventKind::CallFinished => {
            parse(&mut fields, "result");
            fields.entry("status").or_insert_with(|| "ok".into());
        }
        EventKind::TurnFinished => {
            fields.entry("status").or_insert_with(|| "completed".into());
        }
        _ => {}
    }
    Some(fields)
}

/// The fields of an event whose value is not written as a mapping.
fn plain(kind: EventKind, value: Value) -> Map<String, Value> {
    let key = match kind {
        EventKind::Text | EventKind::TextDelta | EventKind::TextSoFar | EventKind::Reasoning | EventKind::Delta => "text",
        EventKind::TurnFinished => "status",
        EventKind::Closed => "reason",
        EventKind::Item | EventKind::ItemFinished | EventKind::CallStarted | EventKind::CallFinished | EventKind::ApprovalRequested => "id",
        EventKind::Error => "message",
        EventKind::TurnStarted | EventKind::Usage | EventKind::UsageSoFar => "value",
    };
    match value {
        Value::Object(fields) if key != "text" => fields,
        value => [(key.to_owned(), value)].into_iter().collect(),
    }
}

/// An error always has `source`, `code` and a `message` that is a text.
fn complete_error(fields: &mut Map<String, Value>, document: &Value) {
    let message = match fields.get("message") {
        Some(Value::String(text)) if !text.trim().is_empty() => text.clone(),
        Some(Value::String(_) | Value::Null) | None => format!("an error without a message: {}", short(document)),
        Some(other) => source::text(other),
    };
    fields.insert("message".to_owned(), message.into());
    fields.entry("source").or_insert_with(|| json!("agent"));
    fields.entry("code").or_insert(Value::Null);
}

fn parse(fields: &mut Map<String, Value>, key: &str) {
    if let Some(value) = fields.get_mut(key) {
        *value = source::parsed(value.take());
    }
}

/// A value in at most 200 characters.
pub(super) fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(200) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
