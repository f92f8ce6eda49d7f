//! No check on what cannot be seen.
//!
//! Owns: which check needs which event of the protocol, and what needs a launched agent.
//! Must not know: how events are made.

use super::{judge, looks};
use crate::base::{Diagnostic, Diagnostics, Span};
use crate::language::lower::Draft;
use crate::model::egress::Egress;
use crate::model::expect::CheckKind;
use crate::model::judge::Role;
use crate::model::pattern::{Item, ListKind};
use crate::model::protocol::{EventKind, Protocol, Source};
use crate::wire::reading;

/// Of any of these the reply is made.
const TEXTS: [EventKind; 4] = [EventKind::Text, EventKind::TextDelta, EventKind::TextSoFar, EventKind::Delta];

/// Refuses checks on what the protocol's `events` never make.
pub fn cannot_be_seen(draft: &Draft, diagnostics: &mut Diagnostics) {
    let Some(protocol) = draft.protocol.as_deref() else { return };
    let makes = |kinds: &[EventKind]| kinds.iter().any(|kind| makes(protocol, *kind));
    for check in looks::expected(draft).chain(looks::refused(draft)) {
        let needs: &[EventKind] = match &check.kind {
            CheckKind::Calls(_) => &[EventKind::CallStarted],
            CheckKind::Usage(_) => &[EventKind::Usage, EventKind::UsageSoFar],
            // Without a fake of the model, what reached it is known from results and mocked commands only.
            CheckKind::Delivered(_) if !draft.fakes.iter().any(|fake| matches!(fake.kind, Some("model" | "command") | None)) => {
                &[EventKind::CallFinished]
            }
            CheckKind::Reply(_) => &TEXTS,
            _ => continue,
        };
        if !makes(needs) {
            diagnostics.push(unseen(check.span, &format!("`{}`", check.kind.key()), protocol, needs[0]));
        }
    }
    for item in items(draft, ListKind::Calls) {
        call(item, protocol, engine_answers(draft, protocol), diagnostics);
    }
    for item in items(draft, ListKind::Events) {
        event(item, protocol, engine_answers(draft, protocol), diagnostics);
    }
}

/// Refuses statements whose evidence the protocol never shows: a judge could be asked about nothing, and a `must_not` would hold of any run.
pub fn roles_never_shown(draft: &Draft, diagnostics: &mut Diagnostics) {
    let Some(protocol) = draft.protocol.as_deref() else { return };
    for rubric in judge::rubrics(draft) {
        // One whose roles could not be read has none.
        for criterion in rubric.criteria.iter().filter(|criterion| !criterion.evidence_from.is_empty()) {
            let (seen, unseen): (Vec<Role>, Vec<Role>) = criterion.evidence_from.iter().partition(|role| shows(draft, protocol, **role));
            // What a statement does not name itself is all that the recording may hold.
            let is_named = criterion.evidence_from != rubric.settings.include && !judge::is_ours(rubric, criterion);
            let message = format!("the protocol `{}` never shows what is {}", protocol.name, words(&unseen));
            if seen.is_empty() {
                diagnostics.push(
                    Diagnostic::error("cannot-be-seen", criterion.span, message)
                        .label("no evidence for it, nor against it, could ever be there")
                        .help("let it be about something that the protocol shows, or check `commands` or `requests` without a judge"),
                );
            } else if !unseen.is_empty() && is_named {
                diagnostics.push(
                    Diagnostic::warning("cannot-be-seen", criterion.span, message)
                        .label("evidence can come from the other roles alone")
                        .help(format!("`evidence_from` may name {}", words(&seen))),
                );
            }
        }
    }
}

fn words(roles: &[Role]) -> String {
    roles.iter().map(|role| format!("`{}`", role.word())).collect::<Vec<_>>().join(" or ")
}

/// True if a recording may hold something of this role. What the user says is in the suite.
fn shows(draft: &Draft, protocol: &Protocol, role: Role) -> bool {
    let makes = |kinds: &[EventKind]| kinds.iter().any(|kind| makes(protocol, *kind));
    let calls = [EventKind::CallStarted, EventKind::CallFinished];
    match role {
        Role::User => true,
        Role::Assistant => makes(&TEXTS),
        // Where no call is told of, the mocked commands that were run stand for them.
        Role::ToolCall => makes(&calls) || draft.fakes.iter().any(|fake| matches!(fake.kind, Some("command") | None)),
        Role::ToolResult => makes(&calls[1..]) || engine_answers(draft, protocol),
    }
}

/// By a rule, or by what `decode` stands for.
fn makes(protocol: &Protocol, kind: EventKind) -> bool {
    protocol.makes(kind) || protocol.decode.as_ref().is_some_and(|wire| reading::makes(wire, kind))
}

/// Items that are expected, awaited or refused.
fn items(draft: &Draft, kind: ListKind) -> Vec<&Item> {
    let mut items = looks::expected_items(draft, kind);
    let refused = looks::refused(draft).filter_map(|check| looks::list(&check.kind)).filter(|list| list.kind == kind);
    items.extend(refused.flat_map(looks::items));
    items
}

/// True if the client runs calls: the engine makes their ends.
fn engine_answers(draft: &Draft, protocol: &Protocol) -> bool {
    protocol.action("answer").is_some() && draft.fakes.iter().any(|fake| fake.kind == Some("functions"))
}

/// A call's result, and how it ended.
fn call(item: &Item, protocol: &Protocol, answered: bool, diagnostics: &mut Diagnostics) {
    if let Some(result) = looks::field(item, "result")
        && !makes(protocol, EventKind::CallFinished)
        && !answered
    {
        diagnostics.push(unseen(result.span, "the `result` of a call", protocol, EventKind::CallFinished));
    }
    let Some(status) = looks::field(item, "status") else { return };
    let Some(word) = looks::plain(status).filter(|word| *word != "pending") else { return };
    let by_engine = answered && matches!(word, "ok" | "error");
    if !by_engine && !ends_with(protocol, word) {
        diagnostics.push(unseen(status.span, &format!("`status: {word}`"), protocol, EventKind::CallFinished));
    }
}

/// True if some rule may end a call with this status.
fn ends_with(protocol: &Protocol, word: &str) -> bool {
    if protocol.decode.as_ref().is_some_and(|wire| reading::makes(wire, EventKind::CallFinished)) && matches!(word, "ok" | "error") {
        return true;
    }
    let makes = protocol.events.iter().flat_map(|rule| &rule.makes).filter(|make| make.kind == EventKind::CallFinished);
    makes.map(|make| &make.value).any(|value| match value {
        Source::Fields(fields) => match fields.iter().find(|(name, _)| name == "status") {
            Some((_, Source::Constant(status))) => status.as_str() == Some(word),
            Some(_) => true,
            None => word == "ok",
        },
        _ => true,
    })
}

/// Some events come from rules alone; turns, errors and ends the engine makes too.
fn event(item: &Item, protocol: &Protocol, answered: bool, diagnostics: &mut Diagnostics) {
    const FROM_RULES: [EventKind; 8] = [
        EventKind::Reasoning,
        EventKind::Item,
        EventKind::ItemFinished,
        EventKind::CallStarted,
        EventKind::CallFinished,
        EventKind::ApprovalRequested,
        EventKind::Usage,
        EventKind::Text,
    ];
    let Some((name, node)) = looks::name(item) else { return };
    let Some(kind) = EventKind::by_name(name).filter(|kind| FROM_RULES.contains(kind)) else { return };
    let by_engine = answered && kind == EventKind::CallFinished;
    if !by_engine && !makes(protocol, kind) {
        diagnostics.push(unseen(node.span, &format!("the event `{name}`"), protocol, kind));
    }
}

fn unseen(span: Span, what: &str, protocol: &Protocol, kind: EventKind) -> Diagnostic {
    Diagnostic::error("cannot-be-seen", span, format!("the protocol `{}` never shows {what}", protocol.name))
        .label("cannot be checked with this protocol")
        .help(format!("no rule in its `events` makes `{}`; check something that it shows, such as `commands` or `requests`", kind.name()))
}

/// `egress` and `exit` need a launched agent; `egress` also one that is watched.
pub fn needs_a_launched_agent(draft: &Draft, diagnostics: &mut Diagnostics) {
    let Some(agent) = &draft.agent else { return };
    for check in looks::expected(draft).chain(looks::refused(draft)) {
        let (what, why) = match &check.kind {
            CheckKind::Egress(_) if agent.command.is_none() => ("`egress`", "the agent is not launched"),
            CheckKind::Egress(_) if agent.egress == Egress::Open => ("`egress`", "the agent was told `egress: open`"),
            CheckKind::Exit(_) if agent.command.is_none() => ("`exit`", "the agent is not launched"),
            _ => continue,
        };
        diagnostics.push(
            Diagnostic::error("cannot-be-seen", check.span, format!("{what} cannot be seen: {why}"))
                .label("cannot be checked with this agent")
                .help("give the agent a `command`, and leave `egress` at `trap`"),
        );
    }
}
