//! Steps against the protocol: actions, requests, settings, types of events, pauses.
//!
//! Owns: what a step may ask of this protocol.
//! Must not know: how a step is carried out.

use super::looks;
use crate::base::suggest::did_you_mean;
use crate::base::{Diagnostic, Diagnostics, Span};
use crate::language::lower::{self, Draft};
use crate::model::pattern::{Item, ListKind};
use crate::model::protocol::{EventKind, Transport};
use crate::model::step::Verb;
use crate::model::suite::Condition;

/// `user` and `do` need an action, `rpc` needs the protocol's `rpc`, `connect` its settings, `restart` a launched agent.
pub fn unknown_actions(draft: &Draft, diagnostics: &mut Diagnostics) {
    let Some(protocol) = &draft.protocol else { return };
    let known: Vec<_> = protocol.actions.iter().map(|(name, _)| name.as_str()).collect();
    for step in &draft.steps {
        match step.step.as_ref().map(|step| &step.verb) {
            Some(Verb::User { .. }) if protocol.action("user").is_none() => {
                diagnostics.push(lower::protocol::unknown_action("user", step.span, &known));
            }
            Some(Verb::Do { action }) if protocol.action(action).is_none() => {
                diagnostics.push(lower::protocol::unknown_action(action, looks::under(draft, "do", step.span), &known));
            }
            Some(Verb::Rpc { .. }) if protocol.rpc.is_none() => diagnostics.push(
                Diagnostic::error("no-rpc", step.span, format!("the protocol `{}` has no requests with replies", protocol.name))
                    .label("cannot be sent")
                    .help("send a frame with `send` and wait for its answer with `await`, or give the protocol `rpc:`"),
            ),
            Some(verb) if protocol.transport == Transport::Exec && needs_connection(verb) => {
                let message = format!("`{}` needs a connection, and the transport `exec` has none", verb.name());
                diagnostics.push(
                    Diagnostic::error("no-connection", step.span, message)
                        .label("each turn is a process of its own")
                        .help("leave it out; what a process is given stands in the protocol's `run`"),
                );
            }
            Some(Verb::Restart) if protocol.transport == Transport::Exec => diagnostics.push(
                Diagnostic::error("cannot-restart", step.span, "each turn starts the agent anew, so there is nothing to restart")
                    .label("no process between the turns")
                    .help("leave the step out; the next `user` is a new process with the same home"),
            ),
            Some(Verb::Restart) if draft.agent.as_ref().is_some_and(|agent| agent.command.is_none()) => diagnostics.push(
                Diagnostic::error("cannot-restart", step.span, "the agent was not launched, so it cannot be started again")
                    .label("no process of ours")
                    .help("give the agent a `command`"),
            ),
            Some(Verb::Connect { settings, .. }) => {
                for (name, node) in settings.iter().filter(|(name, _)| protocol.setting(name).is_none()) {
                    diagnostics.push(lower::agent::unknown_setting(name, setting_place(draft, name, node.span), protocol));
                }
            }
            _ => {}
        }
    }
}

/// True for what goes over a connection, or changes how it is opened.
fn needs_connection(verb: &Verb) -> bool {
    match verb {
        Verb::Send { .. } | Verb::Disconnect => true,
        Verb::Connect { headers, handshake, .. } => !headers.is_empty() || !handshake,
        _ => false,
    }
}

fn setting_place(draft: &Draft, name: &str, value: Span) -> Span {
    let settings = draft.step_docs.iter().filter_map(|doc| doc.node.get("connect")?.get("settings")?.entry(name));
    settings.filter(|entry| entry.value.span == value).map(|entry| entry.key_span).next().unwrap_or(value)
}

/// A plain text among events is an event's type.
pub fn unknown_events(draft: &Draft, diagnostics: &mut Diagnostics) {
    for item in looks::expected_items(draft, ListKind::Events) {
        event(item, diagnostics);
    }
}

fn event(item: &Item, diagnostics: &mut Diagnostics) {
    let plain = looks::name(item).map(|(name, node)| (name, node.span));
    let Some((name, span)) = plain.or_else(|| {
        let pattern = looks::field(item, "type")?;
        Some((looks::plain(pattern)?, pattern.span))
    }) else {
        return;
    };
    if EventKind::by_name(name).is_some() {
        return;
    }
    let known = EventKind::ALL.map(|(_, name)| name);
    let all = format!("the types are {}", known.map(|name| format!("`{name}`")).join(", "));
    diagnostics.push(
        Diagnostic::error("unknown-event", span, format!("`{name}` is no type of event"))
            .label("no such event")
            .help(did_you_mean(name, known).map_or(all.clone(), |near| format!("{near} {all}"))),
    );
}

/// A pause makes a test slow, and still not sure.
pub fn pauses(draft: &Draft, diagnostics: &mut Diagnostics) {
    for step in draft.steps.iter().filter(|step| step.verb == "pause") {
        diagnostics.push(
            Diagnostic::warning("pause", step.span, "a pause waits too long on a fast machine and too short on a slow one")
                .label("the last resort")
                .help("`await` what must arrive, or `quiet` for what must not"),
        );
    }
}

/// A condition on the version needs somebody who reads the version.
pub fn version_unknown(draft: &Draft, diagnostics: &mut Diagnostics) {
    let asks = |conditions: &[Condition]| conditions.iter().any(|condition| matches!(condition, Condition::AgentVersion(_)));
    let Some(doc) = draft.agent_doc.as_ref().filter(|doc| doc.node.get("version").is_none()) else { return };
    let of_steps = draft.steps.iter().filter_map(|step| step.step.as_ref()).any(|step| asks(&step.only_if));
    if !asks(&draft.only_if) && !of_steps {
        return;
    }
    let nodes = std::iter::once(&draft.doc.node).chain(draft.step_docs.iter().map(|doc| &doc.node));
    let only_if = nodes.filter_map(|node| node.get("only_if")?.entry("agent_version")).next();
    diagnostics.push(
        Diagnostic::error(
            "no-version",
            only_if.map_or(doc.node.span, |entry| entry.key_span),
            "nothing says how the agent's version is read",
        )
        .label("cannot be decided")
        .help("give the agent `version: {command: [program, --version], matches: \"(\\\\d+\\\\.\\\\d+\\\\.\\\\d+)\"}`"),
    );
}
