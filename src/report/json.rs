//! The run as JSON, for programs. Stable and versioned; `schemas/report.json` describes it.
//!
//! Owns: the names and places of all that is known of a run.
//! Must not know: who reads it.

use super::{Judging, RunReport};
use crate::model::outcome::{Outcome, Reported, Verdict};
use serde_json::{Map, Value, json};

/// Raised when a reader of the old form would be misled.
pub const REPORT_VERSION: u32 = 1;

/// The whole report. Texts are as they were observed, control characters included (JSON escapes them).
pub fn write(run: &RunReport) -> Value {
    let summary: Map<String, Value> = Verdict::ALL.iter().map(|verdict| (key(*verdict), run.count(*verdict).into())).collect();
    json!({
        "checkride_report": REPORT_VERSION,
        "version": run.version,
        "started": time(&run.started),
        "duration_ms": run.duration_ms,
        "command_line": run.command_line,
        "hostname": run.hostname,
        "filtered_out": run.filtered_out,
        "interrupted": run.interrupted,
        "warnings": run.warnings,
        "summary": summary,
        "judge": Judging::of(&run.outcomes),
        "outcomes": run.outcomes.iter().map(outcome).collect::<Vec<_>>(),
    })
}

/// What never began has no time.
fn time(started: &str) -> Option<&str> {
    Some(started).filter(|started| !started.is_empty())
}

/// A verdict's name in JSON: its word with `_`.
fn key(verdict: Verdict) -> String {
    verdict.word().replace(' ', "_")
}

fn outcome(outcome: &Outcome) -> Value {
    let case = &outcome.case;
    json!({
        "id": case.id,
        "name": case.name,
        "suite": {"id": case.suite_id, "name": case.suite_name, "path": case.path},
        "line": case.line,
        "column": case.column,
        "level": case.level,
        "tags": case.tags,
        "owner": case.owner,
        "severity": case.severity,
        "why": case.why,
        "verdict": key(outcome.verdict),
        "red": outcome.verdict.is_red(),
        "blame": outcome.blame,
        "reason": outcome.reason,
        "problems": outcome.problems.iter().map(problem).collect::<Vec<_>>(),
        "notes": outcome.notes,
        "started": time(&outcome.started),
        "duration_ms": outcome.duration_ms,
        "metrics": outcome.metrics,
        "checks": outcome.checks,
        "trace": outcome.trace_path,
        "rubrics": outcome.rubrics,
    })
}

fn problem(problem: &Reported) -> Value {
    let failure = &problem.failure;
    json!({
        "check": problem.check,
        "place": problem.place,
        "line": problem.line,
        "message": failure.message,
        "expected": failure.expected,
        "actual": failure.actual,
        "details": failure.details,
    })
}
