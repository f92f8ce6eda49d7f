//! Doing nothing must not pass: a case needs one check that an agent which does nothing fails.
//!
//! Owns: the refusal of a case without one.
//! Must not know: which checks are positive; how a check is evaluated in a run.

use crate::base::{Diagnostic, Diagnostics};
use crate::language::lower::Draft;
use crate::language::lower::positive::{expects, reaches};
use crate::model::judge::Rubric;

/// Refuses a case without a positive check.
pub fn no_positive_check(draft: &Draft, diagnostics: &mut Diagnostics) {
    let awaits = draft.step_docs.iter().any(|step| step.node.get("await").is_some());
    let in_steps = draft.steps.iter().any(|step| expects(&step.expect));
    let judged = draft.steps.iter().filter_map(|step| step.judge.as_ref()).chain(&draft.judge).any(Rubric::is_positive);
    let reached = reaches(&draft.reach);
    if awaits || in_steps || judged || reached || expects(&draft.expect) || unread(draft, diagnostics) {
        return;
    }
    diagnostics.push(
        Diagnostic::error("no-positive-check", draft.name_span, "an agent that does nothing would pass this case")
            .label("no check that needs the agent to act")
            .help("add to `expect` one of `calls`, `reply`, `commands`, `requests`, `events`, `frames`, `files`, `at`, or an `await`, `reach`, or a `must` of `judge`"),
    );
}

/// True if what may have been positive could not be read; that mistake comes first.
fn unread(draft: &Draft, diagnostics: &Diagnostics) -> bool {
    let written = draft.step_docs.iter().any(|doc| doc.node.get("expect").is_some_and(|node| !node.is_map()));
    let steps = draft.doc.node.get("steps").map_or(0, |steps| steps.items().len());
    let mistaken = |span| diagnostics.has_error_within(span);
    written || mistaken(draft.doc.node.span) || draft.doc.node.get("expect").is_some_and(|node| !node.is_map()) || steps > draft.steps.len()
}
