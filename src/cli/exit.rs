//! Exit statuses (language §10). Decided here and nowhere else.
//!
//! Owns: the numbers and what they mean.
//! Must not know: how a verdict came about.

use crate::model::outcome::{Outcome, Verdict};

pub const GREEN: u8 = 0;
pub const FAILED: u8 = 1;
pub const WRONG_INPUT: u8 = 2;
pub const NOT_JUDGED: u8 = 3;
pub const NOTHING_RAN: u8 = 4;
pub const OUR_FAULT: u8 = 70;
/// 128 + SIGINT, as shells expect it.
pub const INTERRUPTED: u8 = 130;

/// The status of a run. `forbidden_skip` says which skips are red.
pub fn of_run(outcomes: &[Outcome], forbidden_skip: impl Fn(&Outcome) -> bool) -> u8 {
    let any = |test: &dyn Fn(&Outcome) -> bool| outcomes.iter().any(test);
    let failed = |outcome: &Outcome| matches!(outcome.verdict, Verdict::Fail | Verdict::UnexpectedPass);
    if any(&failed) || any(&|outcome| outcome.verdict == Verdict::Skipped && forbidden_skip(outcome)) {
        return FAILED;
    }
    if any(&|outcome| outcome.verdict.is_red()) {
        return NOT_JUDGED;
    }
    if outcomes.iter().all(|outcome| outcome.verdict == Verdict::Skipped) { NOTHING_RAN } else { GREEN }
}

/// A run that is green but for statements that nobody judged is not judged, unless so many are allowed; `None` allows any number.
pub fn with_unjudged(status: u8, unjudged: usize, allowed: Option<usize>) -> u8 {
    if status == GREEN && allowed.is_some_and(|allowed| unjudged > allowed) { NOT_JUDGED } else { status }
}

/// The status of a test target. Cargo gives one filter to all targets, and cargo-nextest the id of one case, so that it is
/// no mistake if a filter leaves nothing to run here.
pub fn of_test_target(status: u8, filtered: bool) -> u8 {
    if status == NOTHING_RAN && filtered { GREEN } else { status }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::outcome::CaseFacts;

    fn status(verdicts: &[Verdict], no_skip: bool) -> u8 {
        let outcome = |verdict: &Verdict| Outcome {
            case: CaseFacts::default(),
            verdict: *verdict,
            blame: None,
            reason: None,
            problems: vec![],
            notes: vec![],
            duration_ms: 0.0,
            metrics: serde_json::Value::Null,
            checks: 1,
            rubrics: vec![],
            trace_path: None,
            started: String::new(),
        };
        of_run(&verdicts.iter().map(outcome).collect::<Vec<_>>(), |_| no_skip)
    }

    #[test]
    fn a_failure_outweighs_what_could_not_be_judged() {
        assert_eq!(status(&[Verdict::Pass, Verdict::Broken, Verdict::Fail], false), FAILED);
        assert_eq!(status(&[Verdict::Pass, Verdict::Inconclusive], false), NOT_JUDGED);
        assert_eq!(status(&[Verdict::UnexpectedPass], false), FAILED);
    }

    #[test]
    fn nothing_run_is_not_green() {
        assert_eq!(status(&[], false), NOTHING_RAN);
        assert_eq!(status(&[Verdict::Skipped], false), NOTHING_RAN);
        assert_eq!(status(&[Verdict::Skipped, Verdict::Pass], false), GREEN);
        assert_eq!(status(&[Verdict::Skipped, Verdict::Pass], true), FAILED);
    }

    #[test]
    fn statements_that_nobody_judged_are_red_where_they_are_not_allowed() {
        assert_eq!(with_unjudged(GREEN, 3, None), GREEN);
        assert_eq!(with_unjudged(GREEN, 3, Some(3)), GREEN);
        assert_eq!(with_unjudged(GREEN, 3, Some(2)), NOT_JUDGED);
        assert_eq!(with_unjudged(FAILED, 3, Some(0)), FAILED);
        assert_eq!(with_unjudged(GREEN, 0, Some(0)), GREEN);
    }

    #[test]
    fn a_test_target_may_have_nothing_for_a_filter() {
        assert_eq!(of_test_target(NOTHING_RAN, true), GREEN);
        assert_eq!(of_test_target(NOTHING_RAN, false), NOTHING_RAN);
        assert_eq!(of_test_target(NOT_JUDGED, true), NOT_JUDGED);
    }

    #[test]
    fn warnings_and_known_defects_are_green() {
        assert_eq!(status(&[Verdict::Warning, Verdict::ExpectedFailure], false), GREEN);
    }
}
