//! From suites to a plan: which cases run, which are skipped and why. Ids are final here.
//!
//! Owns: the order of a run, skips and their reasons.
//! Must not know: how a case is run.

use super::conditions::{Conditions, Decision};
use super::selection::Selection;
use crate::model::suite::{Case, Suite};
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
}

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
                plan.cases.push(Planned { case: case.clone(), decision: conditions.decide(case).await });
            } else {
                plan.filtered_out += 1;
            }
        }
        plan
    }
}
