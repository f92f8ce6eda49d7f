//! What a step gives in `with` must be something that its action uses.
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

/// Collects the first words of the names that an action uses. False if they cannot all be known.
fn names(protocol: &Protocol, action: &str, used: &mut BTreeSet<String>, depth: usize) -> bool {
    let Some(steps) = protocol.action(action) else { return false };
    for step in steps {
        let nodes: Vec<&Node> = match &step.verb {
            ProtocolVerb::Send(node) | ProtocolVerb::Http(node) => vec![node],
            ProtocolVerb::Rpc { method, with } => [Some(method), with.as_ref()].into_iter().flatten().map(|node| &**node).collect(),
            ProtocolVerb::Run { args, stdin, env } => {
                args.iter().chain(stdin).chain(env.iter().map(|(_, value)| value)).map(|node| &**node).collect()
            }
            ProtocolVerb::Listen { path, until: None } => vec![path],
            ProtocolVerb::Append { value, .. } => vec![value],
            ProtocolVerb::Do(other) if depth > 0 && names(protocol, other, used, depth - 1) => vec![],
            // Patterns may name them too.
            _ => return false,
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
