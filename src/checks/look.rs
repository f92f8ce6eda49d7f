//! What one check may look at: the whole case, or the part of it that belongs to a step.
//!
//! Owns: the cut of every history, the turns, the document and the scope for it.
//! Must not know: what is compared with them.

use super::document;
use super::part::Part;
use super::rows::Row;
use super::scope::TraceScope;
use super::turns::Turn;
use super::views::Views;
use crate::matching::list::Entry;
use crate::model::fake::FakeKind;
use crate::model::suite::Case;
use serde_json::{Map, Value};
use std::cell::OnceCell;

pub(crate) struct Look<'v, 't> {
    pub case: &'t Case,
    pub views: &'v Views<'t>,
    /// `None` for the whole case.
    pub part: Option<Part<'t>>,
    pub scope: TraceScope<'v, 't>,
    document: OnceCell<Value>,
}

impl<'v, 't> Look<'v, 't> {
    pub(crate) fn at_case(case: &'t Case, views: &'v Views<'t>) -> Look<'v, 't> {
        let scope = TraceScope::of_case(views, case.session.as_deref());
        Look { case, views, part: None, scope, document: OnceCell::new() }
    }

    pub(crate) fn at_step(case: &'t Case, views: &'v Views<'t>, part: Part<'t>) -> Look<'v, 't> {
        let scope = TraceScope::of_step(views, &part);
        Look { case, views, part: Some(part), scope, document: OnceCell::new() }
    }

    pub(crate) fn step(&self) -> Option<usize> {
        self.part.as_ref().map(|part| part.run.step)
    }

    pub(crate) fn entries<'r>(&self, rows: &'r [Row<'t>]) -> Vec<Entry<'r>> {
        rows.iter().filter(|row| self.part.as_ref().is_none_or(|part| part.holds(row))).map(Row::entry).collect()
    }

    /// Every turn begun, or the step's own.
    pub(crate) fn turns(&self) -> impl Iterator<Item = &'v Turn<'t>> {
        document::turns_in(self.views, self.part.as_ref())
    }

    /// The turn whose reply is meant: the step's own, or the last of the case's session.
    pub(crate) fn reply_turn(&self) -> Result<&'v Turn<'t>, String> {
        match &self.part {
            Some(part) => part.turn.and_then(|turn| self.views.turn(turn)).ok_or_else(|| {
                format!("step {} (`{}`) has no turn: it neither began one nor awaited the end of one", part.run.step + 1, part.run.verb)
            }),
            None => self.views.last_turn(self.case.session.as_deref()).ok_or_else(|| match &self.case.session {
                Some(session) => format!("no turn was begun in session `{session}`"),
                None => "no turn was begun".to_owned(),
            }),
        }
    }

    /// What JSONPath sees. Every fake of the case has its list, also one that nobody asked.
    pub(crate) fn document(&self) -> &Value {
        self.document.get_or_init(|| {
            let mut document = document::build(self.views, self.part.as_ref(), self.case.session.as_deref());
            for (name, fake) in &self.case.fakes {
                let list = match fake.kind {
                    FakeKind::Command(_) => "commands",
                    FakeKind::Model(_) | FakeKind::Websocket(_) => "requests",
                };
                if let Some(lists) = document.get_mut(list).and_then(Value::as_object_mut) {
                    lists.entry(name.as_str()).or_insert_with(|| Value::Array(vec![]));
                }
            }
            document
        })
    }

    /// `{first_text, turn, total}` in milliseconds for each turn; without a turn, `total` alone.
    pub(crate) fn timings(&self) -> Vec<(String, Value)> {
        let total = self.total_ms();
        let with_total = |mut timing: Map<String, Value>| {
            timing.insert("total".into(), total.into());
            Value::Object(timing)
        };
        let turns: Vec<_> = self.turns().map(|turn| (format!("the timing of {}", turn.shown()), with_total(turn.timing()))).collect();
        if turns.is_empty() { vec![("the timing".to_owned(), with_total(Map::new()))] } else { turns }
    }

    fn total_ms(&self) -> f64 {
        let last = self.views.records.last().map_or(0.0, |record| record.t_ms);
        match &self.part {
            Some(part) => part.run.end.map_or(last, |end| end.record.t_ms) - part.run.begin.t_ms,
            None => last,
        }
    }
}
