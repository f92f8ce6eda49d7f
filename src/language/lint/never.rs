//! A negative pattern must be able to match: the names in it are names that somebody has.
//!
//! Owns: the names of tools, commands, fakes and events that a case knows.
//! Must not know: how a pattern is matched.

use super::looks;
use crate::base::suggest::nearest;
use crate::base::{Diagnostic, Diagnostics, Span};
use crate::language::lower::Draft;
use crate::model::expect::CheckKind;
use crate::model::fake::{FakeKind, PartKind};
use crate::model::pattern::ListKind;
use crate::model::protocol::{EventKind, Source};
use serde_json::Value;

/// Warns of names in `never` and `quiet` that nobody has.
pub fn names_nothing(draft: &Draft, diagnostics: &mut Diagnostics) {
    for check in looks::refused(draft) {
        match &check.kind {
            CheckKind::Requests { fake, .. } | CheckKind::FakeFrames { fake, .. } => {
                named(fake, check.span, &fakes(draft, false), "fake", diagnostics)
            }
            CheckKind::Commands { name, .. } => named(name, check.span, &fakes(draft, true), "mocked command", diagnostics),
            CheckKind::Calls(list) => {
                let tools = tools(draft);
                for item in looks::items(list) {
                    // Where nothing tells which tools there are, any name may be one.
                    if let Some((name, node)) = looks::name(item).filter(|(name, _)| !tools.is_empty() && known(draft, name, &tools)) {
                        named(name, node.span, &tools, "tool", diagnostics);
                    }
                }
            }
            CheckKind::Events(list) => {
                let events: Vec<_> = EventKind::ALL.iter().map(|(_, name)| (*name).to_owned()).collect();
                for (name, node) in looks::items(list).filter_map(looks::name) {
                    named(name, node.span, &events, "event", diagnostics);
                }
            }
            _ => {}
        }
    }
}

/// An agent without a scripted model may offer any tool; then only what looks like a typo is told.
fn known(draft: &Draft, name: &str, tools: &[String]) -> bool {
    let scripted = draft.fakes.iter().any(|fake| fake.kind == Some("model"));
    scripted || nearest(name, tools.iter().map(String::as_str)).is_some()
}

fn named(name: &str, span: Span, known: &[String], what: &str, diagnostics: &mut Diagnostics) {
    if known.iter().any(|known| known == name) {
        return;
    }
    let near = nearest(name, known.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
    let all = match known {
        [] => format!("this case has no {what}"),
        names => format!("known here: {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    };
    diagnostics.push(
        Diagnostic::warning("never-names-nothing", span, format!("`{name}` is no {what} that this case knows, so this can never match"))
            .label("names nothing")
            .help(near.unwrap_or(all)),
    );
}

fn fakes(draft: &Draft, commands: bool) -> Vec<String> {
    let fits = |kind: Option<&str>| (kind == Some("command")) == commands;
    draft.fakes.iter().filter(|fake| fits(fake.kind)).map(|fake| fake.name.to_string()).collect()
}

/// Tools that some script calls, some expectation names, or the protocol always calls by one name.
fn tools(draft: &Draft) -> Vec<String> {
    let mut tools: Vec<String> = Vec::new();
    for fake in draft.fakes.iter().filter_map(|fake| fake.fake.as_ref()) {
        if let FakeKind::Functions(functions) = &fake.kind {
            tools.extend(functions.rows.iter().map(|row| row.name.clone()));
        }
        let FakeKind::Model(model) = &fake.kind else { continue };
        for part in model.replies.written().into_iter().flat_map(|reply| &reply.parts) {
            if let PartKind::ToolCall { name, .. } = &part.kind {
                tools.extend(name.text().map(str::to_owned));
            }
        }
    }
    let makes = draft.protocol.iter().flat_map(|protocol| &protocol.events).flat_map(|rule| &rule.makes);
    for make in makes.filter(|make| make.kind == EventKind::CallStarted) {
        if let Source::Fields(fields) = &make.value {
            let names = fields.iter().filter(|(field, _)| field == "name");
            tools.extend(
                names.filter_map(|(_, source)| if let Source::Constant(Value::String(name)) = source { Some(name.clone()) } else { None }),
            );
        }
    }
    tools.extend(looks::expected_items(draft, ListKind::Calls).into_iter().filter_map(looks::name).map(|(name, _)| name.to_owned()));
    tools
}
