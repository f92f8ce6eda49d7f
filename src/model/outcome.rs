//! Findings and outcomes: what the checks said, and the one verdict that comes of it.
//!
//! Owns: the shape of a verdict as reports need it.
//! Must not know: how a check works, how a report looks.

use super::judge::{Cost, JudgeProblem, Vote};
use super::trace::Blame;
use crate::base::Span;
use serde::Serialize;

/// What one check said.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The key it was written under, such as `calls`; `turn`, `errors`, `fakes` or an invariant's name for what always holds.
    pub check: String,
    pub section: Section,
    /// The step it belongs to; `None` for the whole case.
    pub step: Option<usize>,
    pub span: Span,
    pub verdict: FindingVerdict,
}

/// Under which heading a check was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Expect,
    Never,
    Reach,
    /// Written nowhere: defaults, invariants, faults of fakes.
    Always,
}

#[derive(Clone, Debug, PartialEq)]
pub enum FindingVerdict {
    Pass,
    Fail(Failure),
    /// Something in `reach` was not reached.
    NotReached(Failure),
    /// The check could not be made.
    Broken(Blame, Failure),
}

/// Why a check failed, in the parts that a report shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Failure {
    /// One line, complete in itself.
    pub message: String,
    /// What was expected, in one line.
    pub expected: String,
    /// What was observed, in one line.
    pub actual: String,
    /// More lines: the best assignment, the closest candidates, the conflict.
    pub details: Vec<String>,
}

/// The verdict over one case (language §10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Pass,
    Fail,
    Broken,
    Inconclusive,
    Skipped,
    Flaky,
    ExpectedFailure,
    /// An expected failure that passed.
    UnexpectedPass,
    /// A `should` that failed.
    Warning,
}

impl Verdict {
    pub const ALL: [Verdict; 9] = [
        Verdict::Pass,
        Verdict::Fail,
        Verdict::Broken,
        Verdict::Inconclusive,
        Verdict::Skipped,
        Verdict::Flaky,
        Verdict::ExpectedFailure,
        Verdict::UnexpectedPass,
        Verdict::Warning,
    ];

    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Broken => "broken",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Skipped => "skipped",
            Verdict::Flaky => "flaky",
            Verdict::ExpectedFailure => "expected failure",
            Verdict::UnexpectedPass => "unexpected pass",
            Verdict::Warning => "warning",
        }
    }

    /// Red: it makes the run fail.
    pub fn is_red(self) -> bool {
        matches!(self, Verdict::Fail | Verdict::Broken | Verdict::Inconclusive | Verdict::UnexpectedPass)
    }
}

/// Everything that reports need to know of one case. Texts are redacted.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub case: CaseFacts,
    pub verdict: Verdict,
    /// For `broken`.
    pub blame: Option<Blame>,
    /// Why it was skipped; the reason of an expected failure.
    pub reason: Option<String>,
    /// Failures, most telling first; empty if all is well.
    pub problems: Vec<Reported>,
    /// Notes worth showing even when all is well.
    pub notes: Vec<String>,
    pub duration_ms: f64,
    /// Tokens and times of the run: `{usage, turns, calls}`; null if it did not run.
    pub metrics: serde_json::Value,
    /// How many checks were made.
    pub checks: usize,
    /// The rubrics that were put to the judge, or would have been.
    pub rubrics: Vec<RubricReport>,
    /// Where the trace was stored.
    pub trace_path: Option<String>,
    /// RFC 3339, UTC.
    pub started: String,
}

/// What is known of a case before it runs.
#[derive(Clone, Debug, Default)]
pub struct CaseFacts {
    pub id: String,
    pub name: String,
    /// The suite's part of the id, such as `dexter/wallets`.
    pub suite_id: String,
    pub suite_name: String,
    /// The suite file, as the user named it.
    pub path: String,
    pub line: usize,
    pub column: usize,
    /// `must` or `should`.
    pub level: String,
    pub tags: Vec<String>,
    pub owner: Option<String>,
    pub severity: Option<String>,
    pub why: Option<String>,
}

/// What came of one rubric.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RubricReport {
    /// The step whose rubric it is, from 0; `None` for the case's.
    pub step: Option<usize>,
    /// `path:line:column`.
    pub place: String,
    pub decision: RubricDecision,
    /// Why it was not judged, or could not be.
    pub reason: Option<String>,
    /// The share of the weights of `should` and `should_not` that holds for certain, such as `3/4`.
    pub share: String,
    /// The same with everything unsure taken as good.
    pub share_at_most: String,
    pub threshold: String,
    /// Of `preset: security`: none, low, high or critical.
    pub severity: Option<&'static str>,
    pub criteria: Vec<CriterionReport>,
    pub cost: Cost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RubricDecision {
    Pass,
    Fail,
    /// It stayed unsure; what becomes of that is the rubric's to say.
    Unsure,
    /// The judge is at fault.
    Broken,
    /// Nobody was asked.
    NotJudged,
}

impl RubricDecision {
    pub fn word(self) -> &'static str {
        match self {
            RubricDecision::Pass => "pass",
            RubricDecision::Fail => "fail",
            RubricDecision::Unsure => "unsure",
            RubricDecision::Broken => "broken",
            RubricDecision::NotJudged => "not judged",
        }
    }
}

/// What was said of one statement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CriterionReport {
    pub id: String,
    /// `must`, `must_not`, `should` or `should_not`.
    pub kind: &'static str,
    pub statement: String,
    pub weight: u32,
    /// `good`, `bad` or `unsure`, as seen from the agent; `None` if it was not judged.
    pub sense: Option<&'static str>,
    pub fault: Option<JudgeProblem>,
    pub votes: Vec<Vote>,
}

/// One failed check with its place.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Reported {
    pub check: String,
    /// `path:line:column`; empty if the rule stands in no file.
    pub place: String,
    pub line: usize,
    pub failure: Failure,
}
