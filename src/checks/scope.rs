//! The values that templates in patterns stand for, read from what the run bound.
//!
//! Owns: which binding a name means at one step, or at the end of the case.
//! Must not know: who bound a value, where a template stands.

use super::part::Part;
use super::turns::Turn;
use super::views::Views;
use crate::base::fingerprint::{self, Fingerprint};
use crate::model::template::{Found, Scope, found, member};
use crate::model::trace::Binding;
use std::cell::RefCell;

/// `{{name}}` as it was at a record; `{{session.x}}` of one session, `{{turn.x}}` of one turn.
#[derive(Clone, Copy)]
pub struct TraceScope<'v, 't> {
    bindings: &'v [(u64, &'t Binding)],
    /// Later bindings count only for names that have no earlier one.
    until: u64,
    session: Option<&'t str>,
    turn: Option<usize>,
    hidden: &'v [&'t Fingerprint],
    missed: &'v RefCell<Option<String>>,
}

impl<'v, 't> TraceScope<'v, 't> {
    /// At the end of the case; `session` is the one that the case speaks of.
    pub fn of_case(views: &'v Views<'t>, session: Option<&'t str>) -> TraceScope<'v, 't> {
        let session = session.or_else(|| views.only_session());
        let turn = session.and_then(|session| views.last_turn(Some(session))).map(|turn| turn.number);
        TraceScope { bindings: views.bindings(), until: u64::MAX, session, turn, hidden: views.hidden(), missed: views.missed() }
    }

    /// At the end of a step, before the next one began, so that what the step saved is known.
    pub fn of_step(views: &'v Views<'t>, part: &Part<'t>) -> TraceScope<'v, 't> {
        let next = views.steps().iter().map(|run| run.begin.n).find(|n| *n > part.last());
        let session = part.session;
        let begun = |turn: &&Turn<'_>| turn.session == session && turn.begun.0 <= part.last();
        let latest = views.turns().iter().rev().find(begun).map(|turn| turn.number);
        TraceScope {
            bindings: views.bindings(),
            until: next.unwrap_or(u64::MAX),
            session: Some(session),
            turn: part.turn.or(latest),
            hidden: views.hidden(),
            missed: views.missed(),
        }
    }

    fn binding(&self, name: &str) -> Option<&'t Binding> {
        let is_mine = |binding: &Binding| match (binding.turn, &binding.session) {
            (Some(turn), _) => self.turn == Some(turn),
            (None, Some(session)) => self.session == Some(session.as_str()),
            (None, None) => true,
        };
        let named = || self.bindings.iter().filter(|(_, binding)| binding.name == name && is_mine(binding));
        let earlier = named().rev().find(|(n, _)| *n <= self.until);
        earlier.or_else(|| named().next()).map(|(_, binding)| *binding)
    }
}

/// `a.b` is what was bound as `a.b`, or the member `b` of what was bound as `a`.
impl Scope for TraceScope<'_, '_> {
    fn lookup(&self, name: &str) -> Found<'_> {
        if let Some(binding) = self.binding(name) {
            return found(Some(&binding.value));
        }
        let mut cut = name.len();
        while let Some(dot) = name[..cut].rfind('.') {
            if let Some(binding) = self.binding(&name[..dot]) {
                return member(&binding.value, &name[dot + 1..]);
            }
            cut = dot;
        }
        *self.missed.borrow_mut() = Some(name.to_owned());
        Found::Unknown
    }

    fn hidden(&self, text: &str) -> Option<String> {
        fingerprint::hidden(self.hidden.iter().copied(), text)
    }
}
