//! A suite after lowering: cases with nothing left to interpret but values that are known only later.
//!
//! Owns: what a case is.
//! Must not know: YAML, defaults and their merging, how a case is run or judged.

use super::agent::Agent;
use super::expect::{Check, CheckKind, Expect};
use super::fake::Fake;
use super::judge::Rubric;
use super::step::Step;
use crate::base::Span;
use std::sync::Arc;
use std::time::Duration;

/// One suite file.
#[derive(Clone, Debug)]
pub struct Suite {
    /// As the user named the file.
    pub path: String,
    /// The part of the ids before `::`: the path below the suites folder, without its ending.
    pub id: String,
    pub name: String,
    /// Each row and each combination of a matrix is a case of its own.
    pub cases: Vec<Arc<Case>>,
}

/// One test: a case, or one row of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// `<path>::<slug>`, with `[row]` at the end for rows.
    pub id: String,
    pub name: String,
    /// The name's place.
    pub span: Span,
    /// The suite's file, as the user named it.
    pub suite_path: String,
    /// The `suite:` text.
    pub suite_name: String,
    pub why: Option<String>,
    pub level: Level,
    pub tags: Vec<String>,
    pub owner: Option<String>,
    pub severity: Option<String>,
    pub skip: Option<String>,
    pub only_if: Vec<Condition>,
    /// Why the agent, which runs already, can never be what the case needs; such a case is skipped, with this reason.
    pub unreached: Option<String>,
    pub agent: Arc<Agent>,
    pub fakes: Vec<(String, Arc<Fake>)>,
    pub secrets: Vec<Secret>,
    pub timeout: Duration,
    pub steps: Vec<Step>,
    pub expect: Expect,
    pub never: Expect,
    pub reach: Expect,
    pub judge: Option<Rubric>,
    /// True if what stands outside of the steps would fail for an agent that does nothing, the rubric left aside.
    pub positive: bool,
    pub expected_failure: Option<ExpectedFailure>,
    /// Label of the session that case-level `reply` and `{{session.x}}` speak of: `main`, or the only one. `None` with several.
    pub session: Option<String>,
    /// The labels of all sessions that the steps use.
    pub sessions: Vec<String>,
}

impl Case {
    /// The rubrics in the order of the run, each with its step; the case's own is the last.
    pub fn rubrics(&self) -> impl Iterator<Item = (Option<usize>, &Rubric)> {
        let of_steps = self.steps.iter().enumerate().filter_map(|(number, step)| Some((Some(number), step.judge.as_ref()?)));
        of_steps.chain(self.judge.as_ref().map(|rubric| (None, rubric)))
    }

    fn checks(&self) -> impl Iterator<Item = &Check> {
        let of_steps = self.steps.iter().flat_map(|step| [&step.expect, &step.never]);
        [&self.expect, &self.never, &self.reach].into_iter().chain(of_steps).flat_map(|expect| &expect.checks)
    }

    /// The files that some check names.
    pub fn checked_files(&self) -> Vec<String> {
        let path = |check: &Check| if let CheckKind::File { path, .. } = &check.kind { Some(path.clone()) } else { None };
        self.checks().filter_map(path).collect()
    }

    /// True if some check asks whether secrets left; then every file that changed is searched for them.
    pub fn watches_secrets(&self) -> bool {
        self.checks().any(|check| matches!(check.kind, CheckKind::Secrets(_)))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Must,
    Should,
}

/// Decided before the run; a case whose condition does not hold is skipped, with the reason.
#[derive(Clone, Debug)]
pub enum Condition {
    /// Each program is found on PATH.
    Command(String),
    /// Each variable is set and not empty.
    Env(String),
    /// The operating system (`linux`, `macos`).
    Platform(String),
    /// The version that the agent's `version` command prints.
    AgentVersion(semver::VersionReq),
}

/// A known defect: the case must fail.
#[derive(Clone, Debug)]
pub struct ExpectedFailure {
    pub reason: String,
    pub issue: Option<String>,
    pub span: Span,
}

/// A fresh random value each run, as `{{secrets.name}}`.
#[derive(Clone, Debug)]
pub struct Secret {
    pub name: String,
    /// A file below the agent's HOME that holds it alone (`~/` left out).
    pub file: Option<String>,
    /// A variable of the agent that holds it alone.
    pub env: Option<String>,
}
