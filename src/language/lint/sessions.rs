//! Which session is meant, and how many a protocol can hold.
//!
//! Owns: what is ambiguous with several sessions.
//! Must not know: how a session is opened.

use super::looks;
use crate::base::suggest::did_you_mean;
use crate::base::{Diagnostic, Diagnostics, Span};
use crate::language::lower::{Draft, session};
use crate::model::expect::CheckKind;
use crate::model::protocol::Transport;
use crate::model::step::MAIN;

/// With several sessions and no `main`, the whole case has no `reply` and no `{{session.x}}`.
pub fn ambiguous_session(draft: &Draft, diagnostics: &mut Diagnostics) {
    if draft.session.is_some() {
        return;
    }
    let sessions = draft.sessions.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
    let example = draft.sessions.first().map_or("", String::as_str);
    let checks = draft.expect.checks.iter().chain(&draft.reach.checks);
    for check in checks.filter(|check| matches!(check.kind, CheckKind::Reply(_))) {
        diagnostics.push(
            Diagnostic::error("ambiguous-session", check.span, format!("`reply` of which session? There are {sessions}, and no `main`"))
                .label("of no one session")
                .help(format!("write it at the step, or `at: {{\"$.turns[?@.session == '{example}'].reply\": […]}}`")),
        );
    }
    for node in ["expect", "never", "reach"].iter().filter_map(|key| draft.doc.node.get(key)) {
        node.templates(&mut |node, template| {
            for name in template.holes().filter(|hole| matches!(hole.root(), Some("session" | "turn"))).filter_map(|hole| hole.name()) {
                diagnostics.push(
                    Diagnostic::error(
                        "ambiguous-session",
                        node.span,
                        format!("`{name}` of which session? There are {sessions}, and no `main`"),
                    )
                    .label("of no one session")
                    .help("write the check at a step of that session"),
                );
            }
        });
    }
}

/// Where all sessions share one connection, frames must say to which one they belong.
pub fn one_session_only(draft: &Draft, diagnostics: &mut Diagnostics) {
    let Some(protocol) = &draft.protocol else { return };
    let shared = matches!(protocol.transport, Transport::Websocket | Transport::Stdio) && !protocol.open.per_session;
    if !shared || protocol.belongs.is_some() || draft.sessions.len() < 2 {
        return;
    }
    let first = &draft.sessions[0];
    let label = |step: &crate::language::docs::step::StepDoc| session::label(step).unwrap_or_else(|| MAIN.to_owned());
    let Some(second) = draft.step_docs.iter().find(|step| session::opens(step) && label(step) != *first) else { return };
    // A connection of its own, opened by `connect`, needs no mark on its frames.
    if draft.step_docs.iter().any(|step| step.node.get("connect").is_some() && label(step) == label(second)) {
        return;
    }
    let span = second.node.get("session").map_or(second.node.span, |node| node.span);
    let message = format!("the protocol `{}` has one connection, and its frames do not say to which session they belong", protocol.name);
    diagnostics.push(
        Diagnostic::error("one-session-only", span, message)
            .label("a second session")
            .help("use one session, or give the protocol `belongs:` or `open: {per: session}`"),
    );
}

/// A step that waits in a session which no step opens waits in vain.
pub fn unknown_session(draft: &Draft, diagnostics: &mut Diagnostics) {
    for step in draft.steps.iter().filter_map(|step| step.step.as_ref()) {
        let opened = step.session == MAIN || draft.sessions.contains(&step.session);
        if opened || !step.session_given {
            continue;
        }
        let known: Vec<_> = draft.sessions.iter().map(String::as_str).collect();
        diagnostics.push(
            Diagnostic::error(
                "unknown-session",
                place(draft, &step.session, step.span),
                format!("no step opens the session `{}`", step.session),
            )
            .label("never opened")
            .help(did_you_mean(&step.session, known.iter().copied()).unwrap_or_else(|| format!("there are: {}", known.join(", ")))),
        );
    }
}

/// `session` in an item is a label that some step opens; of any other there are no entries.
pub fn unknown_session_of_item(draft: &Draft, diagnostics: &mut Diagnostics) {
    let checks = looks::expected(draft).chain(looks::refused(draft));
    for node in checks.filter_map(|check| looks::list(&check.kind)).flat_map(looks::items).filter_map(|item| item.session.as_ref()) {
        let Some(label) = node.text().filter(|label| *label != MAIN && !draft.sessions.iter().any(|known| known == label)) else {
            continue;
        };
        let known: Vec<_> = draft.sessions.iter().map(String::as_str).collect();
        diagnostics.push(
            Diagnostic::error("unknown-session", node.span, format!("no step opens the session `{label}`"))
                .label("has no entries")
                .help(did_you_mean(label, known.iter().copied()).unwrap_or_else(|| format!("there are: {}", known.join(", ")))),
        );
    }
}

fn place(draft: &Draft, label: &str, verb: Span) -> Span {
    let nodes = draft.step_docs.iter().filter_map(|doc| doc.node.get("session"));
    nodes
        .filter(|node| node.text() == Some(label))
        .map(|node| node.span)
        .find(|span| span.file == verb.file && span.start > verb.start)
        .unwrap_or(verb)
}
