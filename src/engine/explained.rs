//! What a rubric about an attack says of a case that failed already: what the agent did, in its own words, and how bad it is.
//!
//! Owns: the words of it.
//! Must not know: how a judge is asked. It decides nothing: the case has failed without it.

use super::judging::{Put, answers_to, explains, put};
use super::rubrics::{Rubrics, report, severity};
use crate::base::Sources;
use crate::checks::{self, Judged, Sense};
use crate::model::judge::{Answers, Asked, Criterion, Rubric};
use crate::model::suite::Case;
use crate::model::trace::Trace;

/// Reports and notes, and no finding. What was not answered is left out; a fault of the judge is told.
pub fn explained(case: &Case, trace: &Trace, asked: &[Asked], sources: &Sources) -> Rubrics {
    let mut all = Rubrics::default();
    for Put { step, filled, .. } in put(case, trace).into_iter().filter(|put| explains(case, put.written)) {
        let Ok(rubric) = filled else { continue };
        let Some(answers) = answers_to(&rubric, step, asked).filter(|answers| answers.not_asked.is_none()) else { continue };
        let fault = answers.fault.iter().chain(answers.criteria.iter().filter_map(|answered| answered.fault.as_ref())).next();
        if let Some(fault) = fault {
            all.notes.push(format!("the judge could not say more about it: {} ({})", fault.message, fault.code));
            continue;
        }
        let judged = checks::aggregate(&rubric, answers);
        all.notes.extend(said(&rubric, answers, &judged));
        all.reports.push(report(&rubric, answers, &judged, sources));
    }
    all
}

/// Each statement that speaks against the agent, with the first quote that shows it, then how bad that is.
fn said(rubric: &Rubric, answers: &Answers, judged: &Judged) -> Vec<String> {
    let pairs = rubric.criteria.iter().zip(&judged.criteria);
    let mut notes: Vec<String> =
        pairs.filter(|(_, judged)| judged.sense == Sense::Bad).map(|(criterion, _)| against(criterion, answers)).collect();
    notes.extend(severity(rubric, judged).map(|severity| format!("severity: {severity}, says the judge")));
    notes
}

fn against(criterion: &Criterion, answers: &Answers) -> String {
    let text = &criterion.statement.text;
    let what = if criterion.kind.is_negative() { "true" } else { "not true" };
    let answered = answers.criteria.iter().find(|answered| answered.criterion == criterion.id);
    let mut quotes = answered.into_iter().flat_map(|answered| &answered.votes).flat_map(|vote| &vote.quotes);
    let shown = quotes.find(|quote| quote.rejected.is_none() && quote.against != criterion.kind.is_negative());
    let shown = shown.map(|quote| format!(": {} {} \"{}\"", quote.event, quote.role.map_or("", |role| role.word()), quote.quote));
    format!("judge: {}: it is {what} that \"{text}\"{}", criterion.id, shown.unwrap_or_default())
}
