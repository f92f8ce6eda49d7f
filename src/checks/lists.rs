//! Checks on lists: calls, events, frames, requests, commands, errors and outbound connections.
//!
//! Owns: which history a check is about, what a forbidden entry is.
//! Must not know: how a list pattern is matched.

use super::list_words::{self, told};
use super::look::Look;
use super::rows::Row;
use super::said::{Hunt, Said, cut, failure, shown};
use crate::matching::list::{self, Entry, ListVerdict};
use crate::model::expect::{CheckKind, ErrorsCheck};
use crate::model::outcome::Failure;
use crate::model::pattern::{Extra, Item, ListKind, ListPattern, Order, Times};
use crate::model::trace::Blame;
use serde_json::Value;

/// The history that a check is about, and its name in messages.
fn history<'v, 't, 'k>(kind: &'k CheckKind, look: &Look<'v, 't>) -> Option<(String, &'k ListPattern, &'v [Row<'t>])> {
    let views = look.views;
    Some(match kind {
        CheckKind::Calls(pattern) => ("calls".to_owned(), pattern, views.calls()),
        CheckKind::Events(pattern) => ("events".to_owned(), pattern, views.events()),
        CheckKind::Frames(pattern) => ("frames of the agent".to_owned(), pattern, views.frames()),
        CheckKind::Sent(pattern) => ("frames sent to the agent".to_owned(), pattern, views.sent()),
        CheckKind::FakeFrames { fake, pattern } => (format!("frames sent to `{fake}`"), pattern, views.fake_frames(fake)),
        CheckKind::Requests { fake, pattern } => (format!("requests to `{fake}`"), pattern, views.requests(fake)),
        CheckKind::Commands { name, pattern } => (format!("calls of the command `{name}`"), pattern, views.commands(name)),
        CheckKind::Errors(ErrorsCheck::Pattern(pattern)) => ("errors".to_owned(), pattern, views.errors()),
        _ => return None,
    })
}

pub(crate) fn expect(kind: &CheckKind, look: &Look<'_, '_>) -> Said {
    match history(kind, look) {
        Some((subject, pattern, rows)) => list_holds(&subject, pattern, &look.entries(rows), look),
        None => Said::Holds,
    }
}

pub(crate) fn never(kind: &CheckKind, look: &Look<'_, '_>) -> Said {
    match history(kind, look) {
        Some((subject, pattern, rows)) => list_never(&subject, pattern, &look.entries(rows), look),
        None => Said::Holds,
    }
}

/// The whole pattern holds over these entries.
pub(crate) fn list_holds(subject: &str, pattern: &ListPattern, entries: &[Entry<'_>], look: &Look<'_, '_>) -> Said {
    let verdict = list::check(pattern, entries, &look.scope);
    if let Some(fault) = &verdict.fault {
        return Said::unchecked(&format!("the {subject}"), fault);
    }
    if verdict.passed { Said::Holds } else { Said::Fails(unmatched(subject, pattern, verdict, entries, look)) }
}

fn unmatched(subject: &str, pattern: &ListPattern, verdict: ListVerdict, entries: &[Entry<'_>], look: &Look<'_, '_>) -> Failure {
    let expected = cut(&list_words::wanted(pattern));
    let reason = list_words::reason(pattern, &verdict, entries, &look.scope);
    Failure {
        message: cut(&format!("{subject}: expected {expected}; {reason}")),
        expected,
        actual: list_words::all_told(subject, pattern.kind, entries),
        details: verdict.details,
    }
}

/// Each item stands alone; one match of one of them is what must not be.
pub(crate) fn list_never(subject: &str, pattern: &ListPattern, entries: &[Entry<'_>], look: &Look<'_, '_>) -> Said {
    if pattern.items.is_empty()
        && let Some(said) = forbidden_count(subject, pattern, entries, look)
    {
        return said;
    }
    Said::all(pattern.items.iter().map(|item| item_never(subject, pattern, item, entries, look)))
}

/// `never: {calls: {count: …}}`, and `never: {calls: none}`, which asks for at least one.
fn forbidden_count(subject: &str, pattern: &ListPattern, entries: &[Entry<'_>], look: &Look<'_, '_>) -> Option<Said> {
    let number = Value::from(entries.len());
    let found = || failure(format!("{subject}: there were {}, which must never be", entries.len()));
    if let Some(count) = &pattern.count {
        let mut hunt = Hunt::default();
        let said = hunt.take(count, Some(&number), &look.scope, found);
        return Some(said.unwrap_or_else(|| hunt.end()));
    }
    let is_none = matches!(pattern.extra, Extra::Forbid);
    is_none.then(|| if entries.is_empty() { Said::Fails(found()) } else { Said::Holds })
}

fn item_never(subject: &str, pattern: &ListPattern, item: &Item, entries: &[Entry<'_>], look: &Look<'_, '_>) -> Said {
    if item.times != Times::ONCE {
        return times_never(subject, pattern, item, entries, look);
    }
    match list::first_match(item, entries, &look.scope) {
        Err(reason) => Said::suite(format!("what {subject} must never be could not be checked: {reason}")),
        Ok(Some(at)) => match entries.get(at) {
            Some(entry) => Said::Fails(forbidden(subject, pattern.kind, entry)),
            None => Said::fails(format!("{subject}: what must never be was there")),
        },
        Ok(None) => shape(item, entries, look),
    }
}

/// `never: {calls: [{call: x, times: {gte: 3}}]}`: that many must never be.
fn times_never(subject: &str, pattern: &ListPattern, item: &Item, entries: &[Entry<'_>], look: &Look<'_, '_>) -> Said {
    let alone = ListPattern { order: Order::AnyOrder, items: vec![item.clone()], extra: Extra::Allow, count: None, ..pattern.clone() };
    let verdict = list::check(&alone, entries, &look.scope);
    match verdict {
        ListVerdict { fault: Some(fault), .. } => Said::suite(format!("what {subject} must never be could not be checked: {fault}")),
        ListVerdict { passed: true, .. } => {
            Said::fails(format!("{subject}: what must never be so often was there ({} entries)", entries.len()))
        }
        _ => shape(item, entries, look),
    }
}

fn forbidden(subject: &str, kind: ListKind, entry: &Entry<'_>) -> Failure {
    let told = told(kind, entry);
    Failure {
        message: format!("{subject}: what must never be was there: {told}"),
        expected: format!("no such entry among the {subject}"),
        actual: told,
        details: vec![shown(entry.value)],
    }
}

/// A negative item whose name and place fit some entries, but whose pattern met only values of another shape there, has tested nothing.
fn shape(item: &Item, entries: &[Entry<'_>], look: &Look<'_, '_>) -> Said {
    let Some(pattern) = &item.entry else { return Said::Holds };
    let anything = Item { entry: None, ..item.clone() };
    let mut hunt = Hunt::default();
    for entry in entries.iter().filter(|entry| list::first_match(&anything, &[**entry], &look.scope) == Ok(Some(0))) {
        // A match was looked for before; here only shapes count.
        if let Some(Said::Cannot(blame, failure)) = hunt.take(pattern, Some(entry.value), &look.scope, Failure::default) {
            return Said::Cannot(blame, failure);
        }
    }
    hunt.end()
}

/// Blames the suite for a check that its family does not know; no suite can write one.
pub(crate) fn unknown(kind: &CheckKind) -> Said {
    Said::Cannot(Blame::Harness, failure(format!("the check `{}` is not known here", kind.key())))
}
