//! Parts of an agent that it can never see.
//!
//! Owns: where that is a mistake; where it comes of another agent that was put in, the case is skipped.
//! Must not know: which parts these are.

use crate::base::{Diagnostic, Diagnostics, Span};
use crate::language::lower::{Draft, reach};

/// `env` and `files` beside the `url` of an agent that runs already.
pub fn parts_of_a_launched_agent(draft: &Draft, diagnostics: &mut Diagnostics) {
    let Some(doc) = &draft.agent_doc else { return };
    let beside = |span: Span| span.file == doc.node.span.file && (doc.node.span.start..doc.node.span.end).contains(&span.start);
    if !doc.node.entry("url").is_some_and(|url| beside(url.key_span)) {
        return;
    }
    let lost = reach::lost_parts(draft).into_iter().filter_map(|key| doc.node.entry(key));
    for entry in lost.filter(|entry| beside(entry.key_span)) {
        diagnostics.push(
            Diagnostic::error("wrong-place", entry.key_span, format!("`{}` cannot reach an agent that runs already", entry.key))
                .label("nobody sees it")
                .help("give the agent a `command`, so that it is launched with it, or leave it out and start the agent with it yourself"),
        );
    }
}
