//! From findings to one verdict: the only truth table there is.
//!
//! Owns: which finding outweighs which, what a level and an expected failure make of it.
//! Must not know: how a finding came about, how it is shown.

use super::hints::hints;
use crate::base::Sources;
use crate::checks;
use crate::matching::credentials::masked;
use crate::model::outcome::{CaseFacts, Failure, Finding, FindingVerdict, Outcome, Reported, Section, Verdict};
use crate::model::suite::{Case, Level};
use crate::model::trace::{Blame, Trace, What};

/// How strictly a run is judged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Strictness {
    /// A failing `should` is red.
    pub strict: bool,
}

/// The verdict over findings alone, before level and expected failure.
///
/// | strongest finding | verdict |
/// |---|---|
/// | broken | broken: the agent was not judged |
/// | a failure in `never`, or of what always holds | fail: it happened, whatever else did not |
/// | a `reach` not reached | inconclusive: the rest says nothing |
/// | a failure in `expect` | fail |
/// | nothing checked | broken, blame harness: missing evidence is never a pass |
pub fn judge(findings: &[Finding]) -> (Verdict, Option<Blame>) {
    let blame = findings.iter().find_map(|finding| match &finding.verdict {
        FindingVerdict::Broken(blame, _) => Some(*blame),
        _ => None,
    });
    if blame.is_some() {
        return (Verdict::Broken, blame);
    }
    let failed = |section: fn(Section) -> bool| {
        findings.iter().any(|finding| matches!(finding.verdict, FindingVerdict::Fail(_)) && section(finding.section))
    };
    if failed(|section| section == Section::Never) {
        return (Verdict::Fail, None);
    }
    if findings.iter().any(|finding| matches!(finding.verdict, FindingVerdict::NotReached(_))) {
        return (Verdict::Inconclusive, None);
    }
    if failed(|_| true) {
        return (Verdict::Fail, None);
    }
    if findings.is_empty() { (Verdict::Broken, Some(Blame::Harness)) } else { (Verdict::Pass, None) }
}

/// The outcome of a case that ran.
pub fn outcome(case: &Case, trace: &Trace, findings: &[Finding], sources: &Sources, strictness: Strictness) -> Outcome {
    let (raw, blame) = judge(findings);
    let verdict = match (raw, &case.expected_failure, case.level) {
        (Verdict::Fail, Some(_), _) => Verdict::ExpectedFailure,
        (Verdict::Pass, Some(_), _) => Verdict::UnexpectedPass,
        (Verdict::Fail, None, Level::Should) if !strictness.strict => Verdict::Warning,
        (raw, ..) => raw,
    };
    let reason = match (&case.expected_failure, verdict) {
        (Some(expected), Verdict::ExpectedFailure | Verdict::UnexpectedPass) => Some(match &expected.issue {
            Some(issue) => format!("{} ({issue})", expected.reason),
            None => expected.reason.clone(),
        }),
        _ => None,
    };
    let mut problems = problems(findings, sources);
    if verdict == Verdict::UnexpectedPass {
        let message = format!("expected to fail ({}), but passed; remove `expected_failure`", reason.as_deref().unwrap_or_default());
        problems.push(Reported {
            check: "expected_failure".into(),
            failure: Failure { message, ..Failure::default() },
            ..place(case, sources)
        });
    }
    if findings.is_empty() {
        let message = "no check was made; this is a fault of checkride, please report it".to_owned();
        problems.push(Reported { check: "checks".into(), failure: Failure { message, ..Failure::default() }, ..place(case, sources) });
    }
    Outcome {
        case: facts(case, sources),
        verdict,
        blame,
        reason,
        problems,
        notes: if raw == Verdict::Pass { notes(trace) } else { [notes(trace), hints(trace)].concat() },
        duration_ms: trace.duration_ms(),
        metrics: checks::document::metrics(trace),
        checks: findings.len(),
        rubrics: vec![],
        trace_path: None,
        started: trace.begin().map(|begin| begin.started.clone()).unwrap_or_default(),
    }
}

/// The outcome of a case that did not run.
pub fn skipped(case: &Case, reason: &str, sources: &Sources) -> Outcome {
    Outcome {
        case: facts(case, sources),
        verdict: Verdict::Skipped,
        blame: None,
        reason: Some(reason.to_owned()),
        problems: vec![],
        notes: vec![],
        duration_ms: 0.0,
        metrics: serde_json::Value::Null,
        checks: 0,
        rubrics: vec![],
        trace_path: None,
        started: String::new(),
    }
}

/// What is known of a case before it runs.
pub fn facts(case: &Case, sources: &Sources) -> CaseFacts {
    let at = sources.locate(case.span);
    CaseFacts {
        id: case.id.clone(),
        name: case.name.clone(),
        suite_id: case.id.split("::").next().unwrap_or_default().to_owned(),
        suite_name: case.suite_name.clone(),
        path: case.suite_path.clone(),
        line: at.as_ref().map_or(0, |at| at.line),
        column: at.as_ref().map_or(0, |at| at.column),
        level: if case.level == Level::Must { "must" } else { "should" }.to_owned(),
        tags: case.tags.clone(),
        owner: case.owner.clone(),
        severity: case.severity.clone(),
        why: case.why.clone(),
    }
}

fn place(case: &Case, sources: &Sources) -> Reported {
    let at = sources.locate(case.span);
    Reported { place: at.as_ref().map(ToString::to_string).unwrap_or_default(), line: at.map_or(0, |at| at.line), ..Reported::default() }
}

/// Most telling first: what broke, then what failed, then what was not reached.
fn problems(findings: &[Finding], sources: &Sources) -> Vec<Reported> {
    let mut ranked: Vec<(u8, Reported)> = findings
        .iter()
        .filter_map(|finding| {
            let (rank, failure) = match &finding.verdict {
                FindingVerdict::Pass => return None,
                FindingVerdict::Broken(_, failure) => (0, failure),
                FindingVerdict::Fail(failure) => (1, failure),
                FindingVerdict::NotReached(failure) => (2, failure),
            };
            let at = sources.locate(finding.span);
            let reported = Reported {
                check: finding.check.clone(),
                place: at.as_ref().map(ToString::to_string).unwrap_or_default(),
                line: at.map_or(0, |at| at.line),
                failure: without_credentials(failure),
            };
            Some((rank, reported))
        })
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, reported)| reported).collect()
}

/// Whatever a check shows of what it found: a report is read by more people than may use what the agent gave away.
fn without_credentials(failure: &Failure) -> Failure {
    Failure {
        message: masked(&failure.message),
        expected: masked(&failure.expected),
        actual: masked(&failure.actual),
        details: failure.details.iter().map(|detail| masked(detail)).collect(),
    }
}

fn notes(trace: &Trace) -> Vec<String> {
    let note = |what: &What| match what {
        What::Note { message } => Some(message.clone()),
        _ => None,
    };
    trace.records.iter().filter_map(|record| note(&record.what)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;

    fn finding(section: Section, verdict: FindingVerdict) -> Finding {
        Finding { check: "calls".into(), section, step: None, span: Span::NONE, verdict }
    }

    fn verdict(findings: &[Finding]) -> Verdict {
        judge(findings).0
    }

    #[test]
    fn no_failure_shows_a_credential_in_full() {
        let key = format!("AKIA{}", "ABCDEFGHIJKLMNOP");
        let failure = Failure {
            message: format!("got {key}"),
            expected: String::new(),
            actual: key.clone(),
            details: vec![format!("reply: {key}!")],
        };
        let shown = problems(&[finding(Section::Expect, FindingVerdict::Fail(failure))], &Sources::default());
        let failure = &shown[0].failure;
        assert_eq!((&*failure.message, &*failure.actual, &*failure.details[0]), ("got AKIAAB…", "AKIAAB…", "reply: AKIAAB…!"));
    }

    #[test]
    fn nothing_checked_is_not_a_pass() {
        assert_eq!(judge(&[]), (Verdict::Broken, Some(Blame::Harness)));
    }

    #[test]
    fn broken_outweighs_a_failure() {
        let all = [
            finding(Section::Expect, FindingVerdict::Fail(Failure::default())),
            finding(Section::Always, FindingVerdict::Broken(Blame::Fake, Failure::default())),
        ];
        assert_eq!(judge(&all), (Verdict::Broken, Some(Blame::Fake)));
    }

    #[test]
    fn a_reach_not_reached_outweighs_expect_but_not_never() {
        let reach = finding(Section::Reach, FindingVerdict::NotReached(Failure::default()));
        let expect = finding(Section::Expect, FindingVerdict::Fail(Failure::default()));
        let never = finding(Section::Never, FindingVerdict::Fail(Failure::default()));
        assert_eq!(verdict(&[expect.clone(), reach.clone()]), Verdict::Inconclusive);
        assert_eq!(verdict(&[never, reach]), Verdict::Fail);
        assert_eq!(verdict(&[expect]), Verdict::Fail);
    }

    #[test]
    fn all_passing_is_a_pass() {
        assert_eq!(verdict(&[finding(Section::Expect, FindingVerdict::Pass)]), Verdict::Pass);
    }
}
