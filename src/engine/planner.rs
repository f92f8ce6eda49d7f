//! From suites to a plan: which cases run, which are skipped and why. Ids are final here.
//!
//! Owns: the order of a run, skips of cases and steps, and their reasons.
//! Must not know: how a case is run.

use super::conditions::{Conditions, Decision};
use super::selection::Selection;
use crate::model::suite::{Case, Suite};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that a run takes, in the order of files and of cases in them.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub cases: Vec<Planned>,
    /// How many cases the selection left out.
    pub filtered_out: usize,
}

#[derive(Clone, Debug)]
pub struct Planned {
    pub case: Arc<Case>,
    pub decision: Decision,
    pub left_out: LeftOut,
}

/// The steps whose conditions do not hold, by their places, and why.
pub type LeftOut = BTreeMap<usize, String>;

impl Planned {
    pub fn is_skipped(&self) -> bool {
        matches!(self.decision, Decision::Skip(_))
    }
}

impl Plan {
    pub async fn make(suites: &[Suite], selection: &Selection, conditions: &Conditions<'_>) -> Plan {
        let mut plan = Plan::default();
        for case in suites.iter().flat_map(|suite| &suite.cases) {
            if selection.takes(case) {
                let (decision, left_out) = decide(case, conditions).await;
                plan.cases.push(Planned { case: case.clone(), decision, left_out });
            } else {
                plan.filtered_out += 1;
            }
        }
        plan
    }
}

/// A case of which nothing is left that an agent must do is not run: it would be green whatever the agent does.
async fn decide(case: &Case, conditions: &Conditions<'_>) -> (Decision, LeftOut) {
    let mut left_out = LeftOut::new();
    let decision = conditions.decide(case).await;
    if decision != Decision::Run {
        return (decision, left_out);
    }
    for (number, step) in case.steps.iter().enumerate() {
        match conditions.all(case, &step.only_if).await {
            Decision::Run => {}
            Decision::Skip(reason) => drop(left_out.insert(number, reason)),
            broken @ Decision::Broken(_) => return (broken, left_out),
        }
    }
    let decision = nothing_left(case, &left_out).map_or(Decision::Run, Decision::Skip);
    (decision, left_out)
}

/// True if a rubric is left that an agent which does nothing would not meet.
fn judged(case: &Case, left_out: &LeftOut) -> bool {
    let is_left = |step: Option<usize>| step.is_none_or(|step| !left_out.contains_key(&step));
    case.rubrics().any(|(step, rubric)| is_left(step) && rubric.is_positive())
}

/// Why a case says nothing without the steps that are left out, if that is so.
fn nothing_left(case: &Case, left_out: &LeftOut) -> Option<String> {
    let (first, reason) = left_out.iter().next()?;
    let kept = || case.steps.iter().enumerate().filter(|(number, _)| !left_out.contains_key(number));
    let what = match kept().next() {
        None => "no step is left",
        Some(_) if case.positive || kept().any(|(_, step)| step.positive) => return None,
        Some(_) if judged(case, left_out) => return None,
        Some(_) => "no check is left that an agent which does nothing would fail",
    };
    Some(format!("{what}: step {} (`{}`) is left out, since {reason}", first + 1, case.steps[*first].verb.name()))
}
