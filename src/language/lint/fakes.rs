//! Names of fakes, commands and gates that nobody declared.
//!
//! Owns: where fakes are named.
//! Must not know: how fakes are served.

use super::looks;
use crate::base::suggest::did_you_mean;
use crate::base::{Diagnostic, Diagnostics, Span};
use crate::language::lower::Draft;
use crate::language::shape::Or;
use crate::model::expect::CheckKind;
use crate::model::pattern::ListKind;
use crate::model::step::Verb;

/// `requests`, `commands`, `frames` by name and `await` name fakes of the right kind.
pub fn unknown_fakes(draft: &Draft, diagnostics: &mut Diagnostics) {
    for check in looks::expected(draft) {
        match &check.kind {
            CheckKind::Requests { fake, .. } => known(draft, fake, check.span, ListKind::Requests, diagnostics),
            CheckKind::Commands { name, .. } => known(draft, name, check.span, ListKind::Commands, diagnostics),
            CheckKind::FakeFrames { fake, .. } => known(draft, fake, check.span, ListKind::Frames, diagnostics),
            _ => {}
        }
    }
    for what in looks::awaited(draft) {
        match &what.item.fake {
            Some(fake) => known(draft, fake, place(draft, fake, what.item.span), what.kind, diagnostics),
            None if matches!(what.kind, ListKind::Requests | ListKind::Commands) => diagnostics.push(
                Diagnostic::error("missing-key", what.item.span, "missing key `fake`")
                    .label(format!("a {} is of one fake", what.kind.item_key()))
                    .help(format!("add `fake: {}`", names(draft, what.kind).first().copied().unwrap_or("name"))),
            ),
            None => {}
        }
    }
}

/// Calls of `functions` are answered through an action of the protocol; without it nobody would ever call them.
pub fn unanswerable_functions(draft: &Draft, diagnostics: &mut Diagnostics) {
    let Some(protocol) = draft.protocol.as_deref().filter(|protocol| protocol.action("answer").is_none()) else { return };
    for fake in draft.fakes.iter().filter(|fake| fake.kind == Some("functions")) {
        let message = format!("the protocol `{}` has no action `answer`, so no call of `{}` could be answered", protocol.name, &*fake.name);
        diagnostics.push(
            Diagnostic::error("unknown-action", fake.name.span, message)
                .label("tools that nobody can call")
                .help("`functions` are tools that the client runs; for tools that the agent runs, mock a command or an `mcp` server"),
        );
    }
}

/// The place of the name itself, if the item came from a mapping.
fn place(draft: &Draft, fake: &str, item: Span) -> Span {
    let docs = draft.step_docs.iter().flat_map(|doc| [doc.node.get("await"), doc.node.get("quiet")]).flatten();
    let mut named = docs.filter(|node| node.span == item).filter_map(|node| node.get("fake"));
    named.find(|node| node.text() == Some(fake)).map_or(item, |node| node.span)
}

/// The names of all fakes that have such a history.
fn names(draft: &Draft, kind: ListKind) -> Vec<&str> {
    let fits = |fake: Option<&str>| match kind {
        ListKind::Commands => fake == Some("command"),
        ListKind::Frames => fake == Some("websocket") || fake == Some("model"),
        _ => !matches!(fake, Some("command" | "server")),
    };
    draft.fakes.iter().filter(|fake| fits(fake.kind)).map(|fake| &*fake.name.text).collect()
}

fn known(draft: &Draft, name: &str, span: Span, kind: ListKind, diagnostics: &mut Diagnostics) {
    let names = names(draft, kind);
    if names.contains(&name) {
        return;
    }
    let what = if kind == ListKind::Commands { "mocked command" } else { "fake" };
    let other = draft.fakes.iter().find(|fake| &*fake.name.text == name).and_then(|fake| fake.kind);
    let message = match other {
        Some(kind) => format!("`{name}` is a `{kind}` fake"),
        None => format!("there is no {what} `{name}`"),
    };
    let all = match names.as_slice() {
        [] => format!("this case has no {what}"),
        names => format!("this case has {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    };
    let near = did_you_mean(name, names.iter().copied());
    diagnostics.push(
        Diagnostic::error("unknown-fake", span, message)
            .label(format!("not a {what} of this case"))
            .help(near.map_or(all.clone(), |near| format!("{near} {all}"))),
    );
}

/// `release` names a gate of some reply.
pub fn unknown_gates(draft: &Draft, diagnostics: &mut Diagnostics) {
    // A fake that could not be lowered may have the gate.
    if draft.fakes.iter().any(|fake| fake.fake.is_none()) {
        return;
    }
    let gates: Vec<_> = draft.fakes.iter().filter_map(|fake| fake.fake.as_ref()).flat_map(|fake| fake.kind.gates()).collect();
    for step in &draft.steps {
        let Some(Verb::Release { gate }) = step.step.as_ref().map(|step| &step.verb) else { continue };
        if gates.contains(&gate.as_str()) {
            continue;
        }
        let all = match gates.as_slice() {
            [] => "no reply waits at a gate; write `{gate: name}` into one".to_owned(),
            names => format!("there are {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
        };
        diagnostics.push(
            Diagnostic::error("unknown-gate", step.span, format!("there is no gate `{gate}`"))
                .label("releases nothing")
                .help(did_you_mean(gate, gates.iter().copied()).map_or(all.clone(), |near| format!("{near} {all}"))),
        );
    }
}

/// With several models an agent is told of none by itself, so the suite must tell it.
pub fn which_model(draft: &Draft, diagnostics: &mut Diagnostics) {
    let models: Vec<_> = draft.fakes.iter().filter(|fake| fake.kind == Some("model")).collect();
    let Some(agent) = draft.agent_doc.as_ref().filter(|doc| doc.command.is_some()) else { return };
    // Hosts may be led to a fake by name.
    let led = agent.node.get("egress").is_some_and(|egress| egress.is_map());
    let copied = agent.files.iter().flat_map(|files| &files.entries).any(|(_, file)| matches!(file, Or::That(Or::That(_))));
    if models.len() < 2 || led || copied {
        return;
    }
    let mut told = false;
    let places = ["agent", "steps", "prompt"].iter().filter_map(|key| draft.doc.node.get(key));
    for node in places.chain([&agent.node]) {
        node.templates(&mut |_, template| {
            told |= template.holes().filter_map(|hole| hole.root()).any(|root| models.iter().any(|model| &*model.name.text == root));
        });
    }
    if !told {
        let names: Vec<_> = models.iter().map(|model| format!("`{}`", &*model.name.text)).collect();
        diagnostics.push(
            Diagnostic::warning(
                "which-model",
                models[1].name.span,
                format!("nothing tells the agent which model to use: {}", names.join(", ")),
            )
            .label("the second model")
            .help(format!("tell it in its `env`, such as `OPENAI_BASE_URL: \"{{{{{}.url}}}}/v1\"`", &*models[0].name.text)),
        );
    }
}
