//! Doing nothing must not pass: a case needs one check that an agent which does nothing fails.
//!
//! Owns: which checks are positive.
//! Must not know: how a check is evaluated in a run.

use crate::base::{Diagnostic, Diagnostics};
use crate::language::docs::suite::CaseDoc;
use crate::language::lower::Draft;
use crate::matching::value;
use crate::model::expect::{CheckKind, EgressCheck, ErrorsCheck, Expect, FileCheck};
use crate::model::pattern::{ListPattern, Pattern};
use crate::model::template::Nothing;
use serde_json::{Value, json};

/// Refuses a case without a positive check.
pub fn no_positive_check(draft: &Draft, diagnostics: &mut Diagnostics) {
    let awaits = draft.step_docs.iter().any(|step| step.node.get("await").is_some());
    let in_steps = draft.steps.iter().any(|step| expects(&step.expect));
    let judged = must(&draft.doc) || draft.step_docs.iter().any(|step| step.node.get("judge").is_some());
    let reached = draft.reach.checks.iter().any(|check| reaches(&check.kind));
    if awaits || in_steps || judged || reached || expects(&draft.expect) || unread(draft, diagnostics) {
        return;
    }
    diagnostics.push(
        Diagnostic::error("no-positive-check", draft.name_span, "an agent that does nothing would pass this case")
            .label("no check that needs the agent to act")
            .help("add to `expect` one of `calls`, `reply`, `commands`, `requests`, `events`, `frames`, `files`, `at`, or an `await`, or `reach`"),
    );
}

/// True if what may have been positive could not be read; that mistake comes first.
fn unread(draft: &Draft, diagnostics: &Diagnostics) -> bool {
    let written = draft.step_docs.iter().any(|doc| doc.node.get("expect").is_some_and(|node| !node.is_map()));
    let steps = draft.doc.node.get("steps").map_or(0, |steps| steps.items().len());
    let mistaken = |span| diagnostics.has_error_within(span);
    written || mistaken(draft.doc.node.span) || draft.doc.node.get("expect").is_some_and(|node| !node.is_map()) || steps > draft.steps.len()
}

fn must(doc: &CaseDoc) -> bool {
    doc.node.get("judge").is_some_and(|judge| {
        let criteria = judge.get("criteria").unwrap_or(judge);
        judge.get("preset").is_some() || criteria.items().iter().any(|item| item.text().is_some() || item.get("must").is_some())
    })
}

fn expects(expect: &Expect) -> bool {
    expect.checks.iter().any(|check| positive(&check.kind))
}

/// True if an agent that does nothing fails it.
fn positive(kind: &CheckKind) -> bool {
    match kind {
        CheckKind::Calls(list) | CheckKind::Events(list) | CheckKind::Frames(list) => happens(list),
        CheckKind::FakeFrames { pattern, .. } | CheckKind::Requests { pattern, .. } | CheckKind::Commands { pattern, .. } => {
            happens(pattern)
        }
        CheckKind::Reply(pattern) => refuses(pattern, None),
        CheckKind::At { pattern, .. } => refuses(pattern, None) && refuses(pattern, Some(&json!([]))),
        CheckKind::File { check: FileCheck::Content(pattern), .. } => refuses(pattern, None),
        CheckKind::Returned { .. } => true,
        _ => false,
    }
}

/// True if an agent that does nothing does not reach it.
fn reaches(kind: &CheckKind) -> bool {
    match kind {
        CheckKind::Delivered(_) | CheckKind::Usage(_) => true,
        CheckKind::Errors(ErrorsCheck::Pattern(list)) | CheckKind::Egress(EgressCheck::Pattern(list)) => happens(list),
        other => positive(other),
    }
}

/// True if an empty list fails it.
fn happens(list: &ListPattern) -> bool {
    list.items.iter().any(|item| item.times.min > 0) || list.count.as_ref().is_some_and(|count| refuses(count, Some(&json!(0))))
}

fn refuses(pattern: &Pattern, value: Option<&Value>) -> bool {
    value::test(pattern, value, &Nothing).is_err()
}
