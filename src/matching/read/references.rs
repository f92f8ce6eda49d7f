//! How the items of one list pattern name each other.
//!
//! Owns: labels, `after`, names saved by one item and used in another, and that no item waits for itself.
//! Must not know: what else an item says.

use super::Reader;
use super::item_parts::Draft;
use crate::base::{Diagnostic, suggest};
use crate::matching::tester::is_of;
use crate::model::pattern::Item;
use crate::model::tree::Node;
use std::sync::Arc;

/// Fills `after` of each item, from its own `after` and from the saved names it uses.
pub(super) fn resolve(reader: &mut Reader<'_>, nodes: &[Arc<Node>], drafts: Vec<Draft>) -> Vec<Item> {
    let (mut items, named): (Vec<Item>, Vec<_>) = drafts.into_iter().map(|draft| (draft.item, draft.after)).unzip();
    refuse_twice(reader, &items);
    for (at, named) in named.iter().enumerate() {
        for (label, span) in named {
            match items.iter().position(|item| item.label.as_ref() == Some(label)) {
                Some(other) => items[at].after.push(other),
                None => {
                    let labels: Vec<_> = items.iter().filter_map(|item| item.label.as_deref()).collect();
                    let near = suggest::did_you_mean(label, labels.iter().copied());
                    let help = near.unwrap_or_else(|| format!("give the other item a label: `as: {label}`"));
                    let message = format!("`after` names `{label}`, and no item of this list is called so");
                    reader.diagnostics.push(Diagnostic::error("unknown-label", *span, message).label("no such label").help(help));
                }
            }
        }
    }
    for (at, node) in nodes.iter().enumerate() {
        let used = users_of(node, &items, at);
        items[at].after.extend(used);
        items[at].after.sort_unstable();
        items[at].after.dedup();
    }
    if let Some(at) = in_cycle(&items) {
        let message = "this item must come after itself";
        let help = "`after` and the saved names that are used lead around in a circle; leave one of them out";
        reader.diagnostics.push(Diagnostic::error("cycle", items[at].span, message).help(help));
        items.iter_mut().for_each(|item| item.after.clear());
    }
    items
}

/// The other items that save a name which this item's node uses.
fn users_of(node: &Node, items: &[Item], at: usize) -> Vec<usize> {
    let mut used = Vec::new();
    node.templates(&mut |_, template| {
        for name in template.holes().filter_map(|hole| hole.name()) {
            let saves = |(_, item): &(usize, &Item)| item.save.iter().any(|(saved, _)| is_of(name, saved));
            used.extend(items.iter().enumerate().filter(|(other, _)| *other != at).find(saves).map(|(other, _)| other));
        }
    });
    used
}

fn refuse_twice(reader: &mut Reader<'_>, items: &[Item]) {
    for (at, item) in items.iter().enumerate() {
        let before = &items[..at];
        if let Some(label) = item.label.as_ref().filter(|label| before.iter().any(|other| other.label.as_ref() == Some(label))) {
            let message = format!("two items are called `{label}`");
            reader.diagnostics.push(Diagnostic::error("same-label", item.span, message).help("give each item a label of its own"));
        }
        let twice = item.save.iter().find(|(name, _)| before.iter().any(|other| other.save.iter().any(|(saved, _)| saved == name)));
        if let Some((name, _)) = twice {
            let message = format!("two items of this list save `{name}`");
            reader.diagnostics.push(Diagnostic::error("saved-twice", item.span, message).help("give each saved value a name of its own"));
        }
    }
}

/// An item that comes after itself, directly or through others.
fn in_cycle(items: &[Item]) -> Option<usize> {
    (0..items.len()).find(|start| {
        let mut seen = vec![false; items.len()];
        let mut open = items[*start].after.clone();
        while let Some(at) = open.pop() {
            if at == *start {
                return true;
            }
            if !std::mem::replace(&mut seen[at], true) {
                open.extend(&items[at].after);
            }
        }
        false
    })
}
