//! What a step gives in `with` must be something that its action uses, and what the action needs must be given.
//!
//! Owns: which names an action of a protocol uses.
//! Must not know: how an action is carried out.

use crate::base::suggest::did_you_mean;
use crate::base::{Diagnostic, Diagnostics};
use crate::language::lower::Draft;
use crate::model::protocol::{Protocol, ProtocolVerb};
use crate::model::step::Verb;
use crate::model::template::Hole;
use crate::model::tree::Node;
use std::collections::BTreeSet;

/// A parameter that no step of the action names would never be sent, and nobody would know.
pub fn unused_parameters(draft: &Draft, diagnostics: &mut Diagnostics) {
    let Some(protocol) = &draft.protocol else { return };
    for step in draft.steps.iter().filter_map(|step| step.step.as_ref()) {
        let action = match &step.verb {
            Verb::User { .. } => "user",
            Verb::Do { action } => action.as_str(),
            _ => continue,
        };
        let mut used = BTreeSet::new();
        if !names(protocol, action, &mut used, protocol.actions.len()) {
            continue;
        }
        for entry in step.with.iter().flat_map(|with| with.entries()).filter(|entry| !used.contains(&*entry.key)) {
            let message = format!("the action `{action}` of `{}` uses no `{{{{{}}}}}`", protocol.name, entry.key);
            let all = match used.is_empty() {
                true => "it has no parameters".to_owned(),
                false => format!("it uses {}", used.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
            };
            let near = did_you_mean(&entry.key, used.iter().map(String::as_str));
            diagnostics.push(
                Diagnostic::error("unused-argument", entry.key_span, message)
                    .label("would never be sent")
                    .help(near.map_or(all.clone(), |near| format!("{near} {all}"))),
            );
        }
    }
}

/// Names that the engine or the place fills; `call`, `tools` and their like have a value only in some actions.
const FILLED: [&str; 17] = [
    "agent",
    "answer",
    "approval",
    "call",
    "case",
    "checkride",
    "egress",
    "env",
    "id",
    "method",
    "params",
    "random",
    "secrets",
    "session",
    "text",
    "tools",
    "turn",
];

/// An action that names what nobody gives cannot be carried out.
pub fn missing_parameters(draft: &Draft, diagnostics: &mut Diagnostics) {
    let Some(protocol) = &draft.protocol else { return };
    for (draft_step, step) in draft.steps.iter().filter_map(|step| Some((step, step.step.as_ref()?))) {
        let action = match &step.verb {
            Verb::User { .. } => "user",
            Verb::Do { action } => action.as_str(),
            _ => continue,
        };
        // A mapping that comes from a template is not known yet.
        if step.with.as_ref().is_some_and(|with| !with.is_map()) {
            continue;
        }
        for name in needed(protocol, action) {
            let given = step.with.as_ref().is_some_and(|with| with.get(&name).is_some());
            let fake = draft.fakes.iter().any(|fake| *fake.name.text == *name);
            if given || fake || FILLED.contains(&&*name) || protocol.setting(&name).is_some() || appended(protocol, &name) {
                continue;
            }
            let message = format!("the action `{action}` of `{}` needs `{{{{{name}}}}}`, which nobody gives", protocol.name);
            let mut diagnostic = Diagnostic::error("unknown-name", draft_step.span, message)
                .label("this step has no such value")
                .help(format!("give it here, `with: {{{name}: …}}`; where it may be missing, the protocol writes `{{{{{name}?}}}}`"));
            let settings = protocol.settings.iter().map(|setting| setting.name.as_str());
            if let Some(near) = did_you_mean(&name, settings.chain(FILLED)) {
                diagnostic = diagnostic.help(near);
            }
            diagnostics.push(diagnostic);
        }
    }
}

/// The names that an action cannot do without. What stands under a condition, or has a default, may be missing.
fn needed(protocol: &Protocol, action: &str) -> BTreeSet<String> {
    let mut needed = BTreeSet::new();
    for step in protocol.action(action).unwrap_or_default().iter().filter(|step| step.only_if.is_none()) {
        for node in nodes(&step.verb).unwrap_or_default() {
            node.templates(&mut |_, template| {
                let holes = template.holes().filter(|hole| !hole.optional && hole.default.is_none());
                needed.extend(holes.filter_map(Hole::name).filter(|name| !name.contains('.')).map(str::to_owned));
            });
        }
    }
    needed
}

/// A list that some step adds to.
fn appended(protocol: &Protocol, name: &str) -> bool {
    let steps =
        protocol.actions.iter().flat_map(|(_, steps)| steps).chain(&protocol.before).chain(&protocol.connect).chain(&protocol.session);
    steps.into_iter().any(|step| matches!(&step.verb, ProtocolVerb::Append { name: of, .. } if of == name))
}

/// What a step of a protocol sends; `None` if it has patterns, which may name parameters too.
fn nodes(verb: &ProtocolVerb) -> Option<Vec<&Node>> {
    Some(match verb {
        ProtocolVerb::Send(node) | ProtocolVerb::Http(node) => vec![node],
        ProtocolVerb::Rpc { method, with } => [Some(method), with.as_ref()].into_iter().flatten().map(|node| &**node).collect(),
        ProtocolVerb::Run { args, stdin, env } => {
            args.iter().chain(stdin).chain(env.iter().map(|(_, value)| value)).map(|node| &**node).collect()
        }
        ProtocolVerb::Listen { path, until: None } => vec![path],
        ProtocolVerb::Append { value, .. } => vec![value],
        ProtocolVerb::Set(values) => values.iter().map(|(_, value)| &**value).collect(),
        ProtocolVerb::Listen { .. } | ProtocolVerb::Await(_) | ProtocolVerb::Do(_) => return None,
    })
}

/// Collects the first words of the names that an action uses. False if they cannot all be known.
fn names(protocol: &Protocol, action: &str, used: &mut BTreeSet<String>, depth: usize) -> bool {
    let Some(steps) = protocol.action(action) else { return false };
    for step in steps {
        let nodes = match &step.verb {
            ProtocolVerb::Do(other) if depth > 0 && names(protocol, other, used, depth - 1) => vec![],
            verb => match nodes(verb) {
                Some(nodes) => nodes,
                None => return false,
            },
        };
        for node in nodes {
            node.templates(&mut |_, template| {
                let names = template.holes().filter_map(Hole::name).filter_map(|name| name.split('.').next());
                used.extend(names.map(str::to_owned));
            });
        }
        if step.expect.is_some() {
            return false;
        }
    }
    true
}
