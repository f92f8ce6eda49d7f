//! What the judge did in a run, counted.
//!
//! Owns: how many statements were judged, how many were not, what it took.
//! Must not know: how it is shown.

use crate::model::judge::{Cost, Vote};
use crate::model::outcome::{CriterionReport, Outcome, RubricDecision, RubricReport};
use serde::Serialize;

/// The judge's part of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Judging {
    /// Statements of all rubrics that were due.
    pub statements: usize,
    /// Of these, how many have an answer.
    pub judged: usize,
    /// How many nobody was asked about.
    pub skipped: usize,
    pub cost: Cost,
}

impl Judging {
    pub fn of(outcomes: &[Outcome]) -> Judging {
        let mut all = Judging::default();
        // Known only if each part of it is known.
        let mut usd = Some(0.0);
        for rubric in outcomes.iter().flat_map(|outcome| &outcome.rubrics) {
            all.statements += rubric.criteria.len();
            all.judged += rubric.criteria.iter().filter(|criterion| is_judged(criterion)).count();
            all.skipped += skipped(rubric);
            let cost = &rubric.cost;
            all.cost.calls += cost.calls;
            all.cost.live += cost.live;
            all.cost.input_tokens = all.cost.input_tokens.saturating_add(cost.input_tokens);
            all.cost.cached_tokens = all.cost.cached_tokens.saturating_add(cost.cached_tokens);
            all.cost.output_tokens = all.cost.output_tokens.saturating_add(cost.output_tokens);
            if cost.calls > 0 {
                usd = usd.zip(cost.usd).map(|(all, one)| all + one);
            }
        }
        all.cost.usd = usd.filter(|_| all.cost.calls > 0);
        all
    }
}

/// What follows from nobody having said anything is no judge's answer.
fn is_judged(criterion: &CriterionReport) -> bool {
    criterion.sense.is_some() && !criterion.votes.iter().all(Vote::is_of_nobody)
}

fn skipped(rubric: &RubricReport) -> usize {
    if rubric.decision == RubricDecision::NotJudged { rubric.criteria.len() } else { 0 }
}
