//! Names of fakes, commands and gates that nobody declared.
//!
//! Owns: where fakes are named.
//! Must not know: how fakes are served.

use super::looks;
use crate::base::suggest::did_you_mean;
use crate::base::{Diagnostic, Diagnostics, Span};
use crate::language::lower::Draft;
use crate::model::expect::CheckKind;
use crate::model::fake::{FakeKind, ModelReplies, PartKind, Reply};
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
        _ => fake != Some("command"),
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
    let gates: Vec<_> = draft.fakes.iter().filter_map(|fake| fake.fake.as_ref()).flat_map(|fake| gates(&fake.kind)).collect();
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

fn gates(kind: &FakeKind) -> Vec<&str> {
    let model = match kind {
        FakeKind::Model(model) => model,
        FakeKind::Websocket(websocket) => return websocket.gates().collect(),
        FakeKind::Command(_) => return Vec::new(),
    };
    let replies: Vec<&Reply> = match &model.replies {
        ModelReplies::Script(replies) => replies.iter().collect(),
        ModelReplies::Rules(rules) => rules.iter().flat_map(|rule| &rule.replies).collect(),
    };
    let parts = replies.into_iter().flat_map(|reply| &reply.parts);
    parts.filter_map(|part| if let PartKind::Gate(name) = &part.kind { Some(name.as_str()) } else { None }).collect()
}
