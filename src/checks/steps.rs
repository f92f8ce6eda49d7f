//! Findings of the steps: those that failed, those that were never reached, and the checks written in them.
//!
//! Owns: what a step that failed, or did not run, means for the verdict.
//! Must not know: what a single check looks at.

use super::evaluate::judge;
use super::look::Look;
use super::part::Part;
use super::problems::problems;
use super::said::failure;
use super::values::is_there;
use super::views::{StepEnd, StepRun, Views};
use crate::model::outcome::{Failure, Finding, FindingVerdict, Section};
use crate::model::step::{Step, Verb};
use crate::model::suite::Case;
use crate::model::trace::{Blame, Cause};

/// Adds the findings of all steps. The answer is whose fault it is that the run was cut short, if it is not the agent's.
pub(crate) fn findings<'t>(case: &'t Case, views: &Views<'t>, findings: &mut Vec<Finding>) -> Option<Blame> {
    let mut cut = None;
    for (number, step) in case.steps.iter().enumerate().filter(|(number, _)| !views.is_left_out(*number)) {
        let Some(run) = views.step(number) else {
            let verdict = unreached(case, views, number);
            cut = cut.or(blame(&verdict));
            // Where nothing was begun, the problem that prevented it is a finding of its own, and this would say it again.
            let said = number == 0 && problems(views).any(|problem| problem.blame.is_some());
            if !said {
                findings.push(finding(step, number, verdict));
            }
            break;
        };
        if run.verb != step.verb.name() {
            let message = format!(
                "the trace was recorded with another suite: step {} was `{}` there and is `{}` here",
                number + 1,
                run.verb,
                step.verb.name()
            );
            findings.push(finding(step, number, FindingVerdict::Broken(Blame::Suite, failure(message))));
            return Some(Blame::Suite);
        }
        let own = own_verdict(step, run, views);
        let ended_well = own.as_ref().is_none_or(|verdict| *verdict == FindingVerdict::Pass);
        cut = cut.or(own.as_ref().and_then(blame));
        findings.extend(own.map(|verdict| finding(step, number, verdict)));
        let look = Look::at_step(case, views, Part::of(views, run, step.session_given));
        if ended_well {
            findings.extend(judge(&step.expect, Section::Expect, &look));
        }
        findings.extend(judge(&step.never, Section::Never, &look).filter(|found| ended_well || found.verdict != FindingVerdict::Pass));
    }
    cut
}

fn finding(step: &Step, number: usize, verdict: FindingVerdict) -> Finding {
    Finding { check: step.verb.name().to_owned(), section: Section::Always, step: Some(number), span: step.span, verdict }
}

fn blame(verdict: &FindingVerdict) -> Option<Blame> {
    match verdict {
        FindingVerdict::Broken(blame, _) => Some(*blame),
        _ => None,
    }
}

/// What the step itself says, apart from its checks. `None` if it claims nothing.
fn own_verdict(step: &Step, run: &StepRun<'_>, views: &Views<'_>) -> Option<FindingVerdict> {
    let Some(end) = run.end else {
        return Some(unended(step, run.step, views));
    };
    if let Some(error) = end.error {
        let failure = Failure { details: error.details.clone(), ..failure(format!("{}: {}", named(step, run.step), error.message)) };
        return Some(match error.cause {
            Cause::Agent => FindingVerdict::Fail(failure),
            Cause::Broken(blame) => FindingVerdict::Broken(blame, failure),
        });
    }
    if let Some(failure) = refused(step, run.step, &end) {
        return Some(FindingVerdict::Fail(failure));
    }
    matches!(step.verb, Verb::Await(_) | Verb::Quiet { .. }).then_some(FindingVerdict::Pass)
}

/// An `rpc` answered by an error, or a `connect` refused, fails the step unless its `expect` names `error` or `closed`.
fn refused(step: &Step, number: usize, end: &StepEnd<'_>) -> Option<Failure> {
    if !matches!(step.verb, Verb::Rpc { .. } | Verb::Connect { .. }) || step.expect.names("error") || step.expect.names("closed") {
        return None;
    }
    let key = ["error", "closed"].into_iter().find(|key| end.value.get(key).is_some_and(|value| is_there(key, value)))?;
    let actual = super::said::shown(&end.value[key]);
    let message = format!("{} was refused: `{key}` is {actual}", named(step, number));
    Some(Failure {
        message,
        expected: "a result".to_owned(),
        actual,
        details: vec![format!("where a refusal is right, expect it: `expect: {{{key}: …}}`")],
    })
}

/// `step 2 (`await`)`, counted from 1 as people do.
fn named(step: &Step, number: usize) -> String {
    format!("step {} (`{}`)", number + 1, step.verb.name())
}

/// A step that began and never ended: the case was cut off in it.
fn unended(step: &Step, number: usize, views: &Views<'_>) -> FindingVerdict {
    let because = problems(views).next().map(|problem| format!(": {}", problem.message)).unwrap_or_default();
    let failure = failure(format!("{} did not end{because}", named(step, number)));
    match problems(views).find_map(|problem| problem.blame) {
        Some(blame) => FindingVerdict::Broken(blame, failure),
        None => FindingVerdict::Fail(failure),
    }
}

/// One verdict for this step and all after it.
fn unreached(case: &Case, views: &Views<'_>, number: usize) -> FindingVerdict {
    let step = &case.steps[number];
    let who = match case.steps.len() - number {
        1 => format!("{} was not reached", named(step, number)),
        more => format!("{} and {} after it were not reached", named(step, number), more - 1),
    };
    let failed = views.steps().iter().rev().find_map(|run| Some((run, run.end?.error?)));
    if let Some((run, error)) = failed {
        let failure = failure(format!("{who} because step {} (`{}`) failed", run.step + 1, run.verb));
        return match error.cause {
            Cause::Agent => FindingVerdict::Fail(failure),
            Cause::Broken(blame) => FindingVerdict::Broken(blame, failure),
        };
    }
    if let Some(problem) = problems(views).find(|problem| problem.blame.is_some()).or_else(|| problems(views).next()) {
        let failure = failure(format!("{who} because {}", problem.message));
        return match problem.blame {
            Some(blame) => FindingVerdict::Broken(blame, failure),
            None => FindingVerdict::Fail(failure),
        };
    }
    match views.steps().last() {
        Some(run) if run.end.is_none() => {
            FindingVerdict::Fail(failure(format!("{who} because step {} (`{}`) did not end", run.step + 1, run.verb)))
        }
        _ => FindingVerdict::Broken(Blame::Harness, failure(format!("{who}, and the trace does not tell why"))),
    }
}
