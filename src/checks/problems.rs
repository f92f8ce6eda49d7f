//! Findings for what went wrong without any expectation speaking of it.
//!
//! Owns: whose fault a recorded problem is, saying the same only once.
//! Must not know: how problems come about.

use super::said::failure;
use super::views::Views;
use crate::model::outcome::{Failure, Finding, FindingVerdict, Section};
use crate::model::suite::Case;
use crate::model::trace::{Blame, Problem, What};

/// One finding for each different problem, and one for a trace that is not whole.
pub(crate) fn findings(case: &Case, views: &Views<'_>) -> Vec<Finding> {
    let mut seen: Vec<(&Problem, usize)> = Vec::new();
    for problem in problems(views) {
        match seen.iter_mut().find(|(known, _)| known.code == problem.code && known.message == problem.message) {
            Some((_, times)) => *times += 1,
            None => seen.push((problem, 1)),
        }
    }
    let mut findings: Vec<Finding> = seen.into_iter().map(|(problem, times)| finding(case, problem, times)).collect();
    if !views.records.last().is_some_and(|record| matches!(record.what, What::End { .. })) {
        let failure = failure("the trace has no end: the run was not recorded to its end, so nothing that is missing in it can be judged");
        findings.push(Finding {
            check: "trace".to_owned(),
            section: Section::Always,
            step: None,
            span: case.span,
            verdict: FindingVerdict::Broken(Blame::Harness, failure),
        });
    }
    findings
}

pub(crate) fn problems<'t>(views: &Views<'t>) -> impl Iterator<Item = &'t Problem> {
    views.records.iter().filter_map(|record| match &record.what {
        What::Problem(problem) => Some(problem),
        _ => None,
    })
}

fn finding(case: &Case, problem: &Problem, times: usize) -> Finding {
    let again = if times > 1 { format!(" ({times} times)") } else { String::new() };
    let failure = Failure { details: problem.details.clone(), ..failure(format!("{}{again}", problem.message)) };
    let verdict = match problem.blame {
        None => FindingVerdict::Fail(failure),
        Some(blame) => FindingVerdict::Broken(blame, failure),
    };
    Finding { check: check(problem).to_owned(), section: Section::Always, step: None, span: case.span, verdict }
}

fn check(problem: &Problem) -> &'static str {
    match problem.blame {
        _ if problem.code.starts_with("approval") => "approvals",
        None | Some(Blame::Fake) => "fakes",
        Some(Blame::AgentStart) => "agent",
        Some(Blame::Judge) => "judge",
        Some(Blame::Suite) => "suite",
        Some(Blame::Harness) => "harness",
    }
}
