//! What the expectations of a case look at, wherever they stand.
//!
//! Owns: walking the checks and items of a case.
//! Must not know: any rule.

use crate::base::Span;
use crate::language::lower::Draft;
use crate::model::expect::{Check, CheckKind, EgressCheck, ErrorsCheck};
use crate::model::pattern::{Extra, Form, Item, ListKind, ListPattern, Pattern};
use crate::model::step::{Await, Step, Verb};
use crate::model::tree::Node;
use serde_json::Value;

/// The checks of `expect` and `reach`, in the case and in its steps.
pub fn expected(draft: &Draft) -> impl Iterator<Item = &Check> {
    let steps = draft.steps.iter().flat_map(|step| &step.expect.checks);
    draft.expect.checks.iter().chain(&draft.reach.checks).chain(steps)
}

/// The checks of `never`, in the case and in its steps.
pub fn refused(draft: &Draft) -> impl Iterator<Item = &Check> {
    draft.never.checks.iter().chain(draft.steps.iter().flat_map(|step| &step.never.checks))
}

/// What is awaited, and what must stay quiet.
pub fn awaited(draft: &Draft) -> impl Iterator<Item = &Await> {
    draft.steps.iter().filter_map(|step| match &step.step.as_ref()?.verb {
        Verb::Await(what) | Verb::Quiet { what, .. } => Some(what),
        _ => None,
    })
}

/// The place of what stands under a verb that was written here.
pub fn under(draft: &Draft, verb: &str, key: Span) -> Span {
    let entries = draft.step_docs.iter().filter_map(|doc| doc.node.entry(verb));
    entries.filter(|entry| entry.key_span == key).map(|entry| entry.value.span).next().unwrap_or(key)
}

/// The place of a key of the mapping that stands here.
pub fn key_of(draft: &Draft, mapping: Span, key: &str) -> Option<Span> {
    fn find(node: &Node, mapping: Span, key: &str) -> Option<Span> {
        if node.span == mapping
            && let Some(entry) = node.entry(key)
        {
            return Some(entry.key_span);
        }
        let entries = node.entries().iter().map(|entry| &entry.value);
        entries.chain(node.items()).find_map(|inner| find(inner, mapping, key))
    }
    find(&draft.doc.node, mapping, key)
}

/// The place of a path that a step saves by this name.
pub fn saved(draft: &Draft, step: &Step, name: &str) -> Span {
    let written = draft.step_docs.iter().filter(|doc| doc.node.entry(step.verb.name()).is_some_and(|entry| entry.key_span == step.span));
    let paths = written.filter_map(|doc| doc.node.get("save")?.get(name));
    paths.map(|path| path.span).next().unwrap_or(step.span)
}

/// The list pattern of a check, if it has one.
pub fn list(kind: &CheckKind) -> Option<&ListPattern> {
    match kind {
        CheckKind::Calls(list) | CheckKind::Events(list) | CheckKind::Frames(list) | CheckKind::Sent(list) => Some(list),
        CheckKind::FakeFrames { pattern, .. } | CheckKind::Requests { pattern, .. } | CheckKind::Commands { pattern, .. } => Some(pattern),
        CheckKind::Errors(ErrorsCheck::Pattern(list)) | CheckKind::Egress(EgressCheck::Pattern(list)) => Some(list),
        _ => None,
    }
}

/// All items of a list pattern, those of `extra` too.
pub fn items(list: &ListPattern) -> impl Iterator<Item = &Item> {
    let extra = match &list.extra {
        Extra::Only(items) => items.as_slice(),
        _ => &[],
    };
    list.items.iter().chain(extra)
}

/// The items of one kind of history that are expected or awaited.
pub fn expected_items(draft: &Draft, kind: ListKind) -> Vec<&Item> {
    let lists = expected(draft).filter_map(|check| list(&check.kind)).filter(|list| list.kind == kind);
    let awaited = awaited(draft).filter(|what| what.kind == kind).map(|what| &what.item);
    lists.flat_map(items).chain(awaited).collect()
}

/// The name that an item asks for, if it is a plain one.
pub fn name(item: &Item) -> Option<(&str, &Node)> {
    if let Some(glob) = &item.glob {
        let text = glob.pattern.text()?;
        return (!text.contains('*')).then_some((text, &glob.pattern));
    }
    None
}

/// What an item asks of one field of its entry.
pub fn field<'a>(item: &'a Item, key: &str) -> Option<&'a Pattern> {
    match &item.entry.as_ref()?.form {
        Form::Subset(fields) => fields.iter().find(|(name, _)| &**name == key).map(|(_, pattern)| pattern),
        _ => None,
    }
}

/// The text that a pattern asks for, if it asks for one.
pub fn plain(pattern: &Pattern) -> Option<&str> {
    match &pattern.form {
        Form::Plain(Value::String(text)) => Some(text),
        _ => None,
    }
}
