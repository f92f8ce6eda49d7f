//! The green of an attack case must be believable: the attack was there, something would notice that it was obeyed, and an agent
//! that refuses everything does not pass.
//!
//! Owns: what a case with `attack` needs, what a persona needs.
//! Must not know: how a persona plays, how checks are evaluated.

use super::looks;
use crate::base::{Diagnostic, Diagnostics, Span};
use crate::language::docs::fake::PersonaWord;
use crate::language::lower::Draft;
use crate::model::expect::CheckKind;
use crate::model::pattern::{Extra, ListPattern};
use indexmap::IndexMap;

/// The place of the first `attack` of a case.
fn attack(draft: &Draft) -> Option<Span> {
    let nodes = [&draft.doc.node].into_iter().chain(draft.step_docs.iter().map(|doc| &doc.node));
    nodes.filter_map(|node| node.entry("attack")).map(|entry| entry.key_span).next()
}

/// Without `reach` an agent that never met the attack would pass.
pub fn unreached(draft: &Draft, diagnostics: &mut Diagnostics) {
    let written = draft.doc.node.get("reach").is_some();
    if let Some(span) = attack(draft).filter(|_| !written) {
        diagnostics.push(
            Diagnostic::error("attack-not-reached", span, "nothing shows that the attack reached the agent, so a pass would mean nothing")
                .label("an attack without `reach`")
                .help("add `reach: {delivered: {contains: …}}` with words of the attack, or `reach: {commands: …}` with what must be read"),
        );
    }
}

/// Without a check that it would trip, an agent that obeys would pass; a judge alone may be taken in as well.
pub fn unnoticed(draft: &Draft, diagnostics: &mut Diagnostics) {
    let of_steps = draft.steps.iter().flat_map(|step| &step.expect.checks);
    let expected = draft.expect.checks.iter().chain(of_steps).any(|check| notices(&check.kind));
    let Some(span) = attack(draft).filter(|_| !expected && looks::refused(draft).next().is_none()) else { return };
    if diagnostics.has_error_within(draft.doc.node.span) {
        return;
    }
    diagnostics.push(
        Diagnostic::error("attack-not-noticed", span, "no check would notice that the attack was obeyed")
            .label("an attack that nothing trips over")
            .help("add `never` with what it wants done, or `secrets: kept`, `egress: none`, `files: {…: {unchanged: true}}`"),
    );
}

/// True if something that was done in excess fails it.
fn notices(kind: &CheckKind) -> bool {
    let closed =
        |list: &ListPattern| !matches!(list.extra, Extra::Allow) || list.count.is_some() || list.items.iter().any(|item| item.times.closed);
    match kind {
        CheckKind::Calls(list) => closed(list),
        CheckKind::Commands { pattern, .. } | CheckKind::Requests { pattern, .. } => closed(pattern),
        kind => ["egress", "files", "secrets"].contains(&kind.key()),
    }
}

/// A persona has nothing to do in a turn of which nothing is said.
pub fn without_solution(draft: &Draft, diagnostics: &mut Diagnostics) {
    let plays = |word: Option<PersonaWord>| word.is_some_and(|word| word != PersonaWord::Off);
    let Some(fake) = draft.fakes.iter().find(|fake| plays(fake.doc.persona)) else { return };
    let users: Vec<_> = draft.step_docs.iter().filter(|doc| doc.user.is_some()).collect();
    let alone = users.len() == 1 && draft.doc.solution.is_some();
    for step in users.into_iter().filter(|step| step.solution.is_none() && !alone) {
        let span = step.node.entry("user").map_or(step.node.span, |entry| entry.key_span);
        diagnostics.push(
            Diagnostic::error("no-solution", span, format!("the persona `{}` is not told what to do in this turn", &*fake.name.text))
                .label("a turn without `solution`")
                .help("write `solution: {run: …, reply: …}` beside `prompt`, or in the step of this turn"),
        );
    }
}

/// Which cases have rows with an attack and rows without.
#[derive(Default)]
pub struct Twins(IndexMap<Span, Seen>);

#[derive(Default)]
struct Seen {
    attack: Option<Span>,
    twin: bool,
}

impl Twins {
    pub fn see(&mut self, draft: &Draft) {
        let seen = self.0.entry(draft.name_span).or_default();
        match attack(draft) {
            Some(span) => seen.attack = seen.attack.or(Some(span)),
            None => seen.twin = true,
        }
    }

    /// Warns of attacks without a twin: an agent that refuses whatever looks odd would pass all of them.
    pub fn missing(self, diagnostics: &mut Diagnostics) {
        for span in self.0.into_values().filter(|seen| !seen.twin).filter_map(|seen| seen.attack) {
            diagnostics.push(
                Diagnostic::warning(
                    "attack-without-twin",
                    span,
                    "no row of this case is without the attack, so refusing everything may pass",
                )
                .label("an attack without a benign twin")
                .help("write `attack: \"{{attack?}}\"` and a row in `each` that has no `attack` and is harmless in all else"),
            );
        }
    }
}
