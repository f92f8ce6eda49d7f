//! The histories of one trace, each built when it is first asked for and only once.
//!
//! Owns: what is built when, the steps as they were carried out.
//! Must not know: what an entry looks like, what is expected of it.

use super::rows::{Row, number};
use super::turns::{Turn, turns};
use super::{attempts, calls, errors, histories};
use crate::base::fingerprint::Fingerprint;
use crate::model::step::MAIN;
use crate::model::trace::{Binding, Record, StepError, What};
use indexmap::IndexMap;
use serde_json::Value;
use std::cell::{OnceCell, RefCell};

pub use super::histories::{HistoryEntry, history, history_from};

type Rows<'t> = Vec<Row<'t>>;
type Named<'t> = IndexMap<&'t str, Rows<'t>>;

/// Everything that checks ask of a trace, finished or still growing (then a new one is needed for new records).
pub struct Views<'t> {
    pub records: &'t [Record],
    turns: OnceCell<Vec<Turn<'t>>>,
    steps: OnceCell<Vec<StepRun<'t>>>,
    bindings: OnceCell<Vec<(u64, &'t Binding)>>,
    hidden: OnceCell<Vec<&'t Fingerprint>>,
    calls: OnceCell<Rows<'t>>,
    events: OnceCell<Rows<'t>>,
    frames: OnceCell<Rows<'t>>,
    sent: OnceCell<Rows<'t>>,
    errors: OnceCell<Rows<'t>>,
    egress: OnceCell<Rows<'t>>,
    requests: OnceCell<Named<'t>>,
    commands: OnceCell<Named<'t>>,
    fake_frames: OnceCell<Named<'t>>,
    missed: RefCell<Option<String>>,
}

/// A step as it was carried out.
#[derive(Clone, Copy, Debug)]
pub struct StepRun<'t> {
    pub step: usize,
    pub verb: &'t str,
    pub session: &'t str,
    pub begin: &'t Record,
    pub end: Option<StepEnd<'t>>,
}

#[derive(Clone, Copy, Debug)]
pub struct StepEnd<'t> {
    pub record: &'t Record,
    pub value: &'t Value,
    pub error: Option<&'t StepError>,
}

impl<'t> Views<'t> {
    pub fn new(records: &'t [Record]) -> Views<'t> {
        Views {
            records,
            turns: OnceCell::new(),
            steps: OnceCell::new(),
            bindings: OnceCell::new(),
            hidden: OnceCell::new(),
            calls: OnceCell::new(),
            events: OnceCell::new(),
            frames: OnceCell::new(),
            sent: OnceCell::new(),
            errors: OnceCell::new(),
            egress: OnceCell::new(),
            requests: OnceCell::new(),
            commands: OnceCell::new(),
            fake_frames: OnceCell::new(),
            missed: RefCell::default(),
        }
    }

    pub fn turns(&self) -> &[Turn<'t>] {
        self.turns.get_or_init(|| turns(self.records))
    }

    pub fn turn(&self, turn: usize) -> Option<&Turn<'t>> {
        self.turns().iter().find(|t| t.number == turn)
    }

    /// The last turn of this session; without one, of `main` or of the only session.
    pub fn last_turn(&self, session: Option<&str>) -> Option<&Turn<'t>> {
        let session = session.or_else(|| self.only_session())?;
        self.turns().iter().rev().find(|turn| turn.session == session)
    }

    /// `main` if it had a turn, or the only session that had one.
    pub fn only_session(&self) -> Option<&'t str> {
        let turns = self.turns();
        let first = turns.first()?.session;
        let main = turns.iter().map(|turn| turn.session).find(|session| *session == MAIN);
        main.or_else(|| turns.iter().all(|turn| turn.session == first).then_some(first))
    }

    /// The steps that began, in order.
    pub fn steps(&self) -> &[StepRun<'t>] {
        self.steps.get_or_init(|| step_runs(self.records))
    }

    pub fn step(&self, step: usize) -> Option<&StepRun<'t>> {
        self.steps().iter().find(|run| run.step == step)
    }

    /// Its condition did not hold when the run was planned.
    pub fn is_left_out(&self, step: usize) -> bool {
        self.records.iter().any(|record| matches!(&record.what, What::StepLeftOut { step: left, .. } if *left == step))
    }

    /// What templates may name, with the record since when.
    pub fn bindings(&self) -> &[(u64, &'t Binding)] {
        self.bindings.get_or_init(|| {
            let binding = |record: &'t Record| match &record.what {
                What::Bind(binding) => Some((record.n, binding)),
                _ => None,
            };
            self.records.iter().filter_map(binding).collect()
        })
    }

    /// The name without a value that a template asked for last, since it was last taken from here.
    pub(crate) fn missed(&self) -> &RefCell<Option<String>> {
        &self.missed
    }

    /// The secrets that patterns may hold.
    pub fn hidden(&self) -> &[&'t Fingerprint] {
        self.hidden.get_or_init(|| {
            let hidden = |record: &'t Record| if let What::Hidden(fingerprint) = &record.what { Some(fingerprint) } else { None };
            self.records.iter().filter_map(hidden).collect()
        })
    }

    pub fn calls(&self) -> &[Row<'t>] {
        self.calls.get_or_init(|| number(calls::calls(self.records)))
    }

    pub fn events(&self) -> &[Row<'t>] {
        self.events.get_or_init(|| histories::collect(self.records, |record| histories::event(record, 0)))
    }

    pub fn frames(&self) -> &[Row<'t>] {
        self.frames.get_or_init(|| histories::collect(self.records, histories::frame))
    }

    pub fn sent(&self) -> &[Row<'t>] {
        self.sent.get_or_init(|| histories::collect(self.records, histories::sent))
    }

    /// `error` events and broken transports, `{source, code, message}`.
    pub fn errors(&self) -> &[Row<'t>] {
        self.errors.get_or_init(|| number(errors::errors(self)))
    }

    pub fn egress(&self) -> &[Row<'t>] {
        self.egress.get_or_init(|| attempts::egress(self.records))
    }

    /// Requests by fake; a fake that received none is not there.
    pub fn all_requests(&self) -> &IndexMap<&'t str, Vec<Row<'t>>> {
        self.requests.get_or_init(|| histories::requests(self.records, 0, |_| true))
    }

    pub fn requests(&self, fake: &str) -> &[Row<'t>] {
        self.all_requests().get(fake).map_or(&[], Vec::as_slice)
    }

    /// Calls of mocked commands by name.
    pub fn all_commands(&self) -> &IndexMap<&'t str, Vec<Row<'t>>> {
        let commands = || histories::by_name(self.records.iter().filter_map(|record| histories::command(record, 0)));
        self.commands.get_or_init(commands)
    }

    pub fn commands(&self, name: &str) -> &[Row<'t>] {
        self.all_commands().get(name).map_or(&[], Vec::as_slice)
    }

    /// What the clients of a websocket fake sent.
    pub fn fake_frames(&self, fake: &str) -> &[Row<'t>] {
        let all = self.fake_frames.get_or_init(|| histories::by_name(self.records.iter().filter_map(histories::fake_frame)));
        all.get(fake).map_or(&[], Vec::as_slice)
    }
}

/// A step that began twice (which no run does) counts as begun the first time.
fn step_runs(records: &[Record]) -> Vec<StepRun<'_>> {
    let mut runs: Vec<StepRun<'_>> = Vec::new();
    for record in records {
        match &record.what {
            What::StepBegin { step, verb, session, .. } => runs.push(StepRun { step: *step, verb, session, begin: record, end: None }),
            What::StepEnd { step, value, error } => {
                if let Some(run) = runs.iter_mut().find(|run| run.step == *step && run.end.is_none()) {
                    run.end = Some(StepEnd { record, value, error: error.as_ref() });
                }
            }
            _ => {}
        }
    }
    runs
}
