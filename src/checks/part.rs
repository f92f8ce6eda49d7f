//! The part of a run that belongs to one step.
//!
//! Owns: which records a step's own checks look at.
//! Must not know: which checks there are.

use super::rows::Row;
use super::turns::Turn;
use super::views::{StepRun, Views};
use crate::model::step::MAIN;

/// What happened between a step's begin and end, in its session; for a step that began a turn, or awaited its end, that turn whole.
#[derive(Clone, Debug)]
pub struct Part<'t> {
    pub run: StepRun<'t>,
    /// The turn that the step began, or whose end it awaited.
    pub turn: Option<usize>,
    /// The session it speaks of.
    pub session: &'t str,
    /// True if entries of other sessions do not belong.
    own_session_only: bool,
    /// True if entries of other turns do not belong, though they came meanwhile.
    own_turn_only: bool,
    /// Where its turn began, if that was earlier.
    turn_from: u64,
    to: u64,
    /// Where its turn ended, if that was later.
    turn_to: u64,
}

impl<'t> Part<'t> {
    /// The part of a step that has begun; `session_given` if the suite names its session. Without an end of the step it reaches to the
    /// last record.
    pub fn of(views: &Views<'t>, run: &StepRun<'t>, session_given: bool) -> Part<'t> {
        let last = views.records.last().map_or(0, |record| record.n);
        let to = run.end.map_or(last, |end| end.record.n);
        let begun = views.turns().iter().rev().find(|turn| turn.step == run.step);
        let turn = begun.or_else(|| awaited_turn(views, run));
        let begins_turn = matches!(run.verb, "user" | "do");
        let turn_from = turn.map_or(run.begin.n, |turn| turn.begun.0);
        let turn_to = turn.map_or(to, |turn| turn.end().map_or(last, |end| end.n));
        Part {
            run: *run,
            turn: turn.map(|turn| turn.number),
            session: session(views, run, session_given),
            own_session_only: begins_turn || session_given,
            own_turn_only: begins_turn && turn.is_some(),
            turn_from: run.begin.n.min(turn_from),
            to,
            turn_to: turn_to.max(to),
        }
    }

    /// What fakes and commands saw names no session: it belongs to a step if it came between the begin and the end of its turn.
    pub fn holds(&self, row: &Row<'_>) -> bool {
        if row.session.is_empty() {
            return self.spans(row.n);
        }
        if self.turn.is_some() && row.turn == self.turn {
            return true;
        }
        let meanwhile = (self.run.begin.n..=self.to).contains(&row.n);
        meanwhile && !(self.own_session_only && row.session != self.session) && !(self.own_turn_only && row.turn.is_some())
    }

    /// True if the record came between the begin and the end of the step, or of its turn.
    pub fn spans(&self, n: u64) -> bool {
        (self.turn_from..=self.turn_to).contains(&n)
    }

    /// The number of the last record of the step, or of its turn if that ended later.
    pub(crate) fn last_of_turn(&self) -> u64 {
        self.turn_to
    }

    /// The number of the step's last record.
    pub fn last(&self) -> u64 {
        self.to
    }
}

/// The turn whose end an `await` step took; of an end that names no turn, the latest of its session.
fn awaited_turn<'v, 't>(views: &'v Views<'t>, run: &StepRun<'t>) -> Option<&'v Turn<'t>> {
    let end = run.end?;
    if run.verb != "await" || end.value["type"] != "turn.finished" {
        return None;
    }
    match end.value["turn"].as_u64().and_then(|turn| usize::try_from(turn).ok()) {
        Some(turn) => views.turn(turn),
        None => views.turns().iter().rev().find(|turn| end.value["session"] == turn.session && turn.begun.0 < end.record.n),
    }
}

/// The session written; otherwise `main`, or the only one where no `main` had a turn.
fn session<'t>(views: &Views<'t>, run: &StepRun<'t>, given: bool) -> &'t str {
    if given || views.turns().iter().any(|turn| turn.session == MAIN) {
        return run.session;
    }
    views.only_session().unwrap_or(run.session)
}
