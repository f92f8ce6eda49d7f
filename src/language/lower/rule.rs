//! The rules of a protocol: from a frame to normalised events.
//!
//! Owns: what each event is made of.
//! Must not know: how a rule is carried out.

use super::Lowering;
use super::check::STATUSES;
use super::protocol_step::{condition, saves};
use crate::base::Diagnostic;
use crate::language::docs::rule::EventRuleDoc;
use crate::language::shape::{Text, mistake};
use crate::model::protocol::{EventKind, Make, Rule, Source};
use crate::model::tree::{Content, Node};
use std::sync::Arc;

/// How a call may end, as a rule says it.
const CALL_STATUSES: [&str; 3] = ["ok", "error", "denied"];

/// Lowers one rule. Its events are made in the order written.
pub fn rule(doc: &EventRuleDoc, low: &mut Lowering<'_>) -> Rule {
    let mut makes = Vec::new();
    for entry in doc.node.entries() {
        let Some(kind) = EventKind::by_name(&entry.key) else { continue };
        if let Some(value) = source(&entry.value, low) {
            words(kind, &entry.value, low);
            makes.push(Make { span: entry.key_span, kind, value });
        }
    }
    Rule {
        span: doc.node.span,
        when: low.pattern(&doc.when.0),
        only_if: doc.only_if.as_ref().map(|doc| condition(doc, low)),
        for_each: doc.for_each.as_ref().and_then(|path| low.path(path)),
        makes,
        save: saves(doc.save.as_ref(), low),
        reply: doc.reply.as_ref().map(|reply| reply.0.clone()),
    }
}

/// A text that begins with `$` is a path, a mapping has fields, anything else is a constant.
fn source(node: &Arc<Node>, low: &mut Lowering<'_>) -> Option<Source> {
    match &node.value {
        Content::Text(text) if text.starts_with('$') => low.path(&Text { span: node.span, text: text.clone() }).map(Source::Path),
        Content::Template(_) => {
            low.push(
                Diagnostic::error("wrong-value", node.span, "an event is made of the frame alone")
                    .label("expected a path such as `$.text`, or a constant"),
            );
            None
        }
        Content::Map(entries) => {
            let fields = entries.iter().filter_map(|entry| Some((entry.key.to_string(), source(&entry.value, low)?))).collect();
            Some(Source::Fields(fields))
        }
        _ => Some(Source::Constant(node.to_value())),
    }
}

/// Constants where only some words are allowed.
fn words(kind: EventKind, node: &Node, low: &mut Lowering<'_>) {
    let (node, words): (Option<&Node>, &[&str]) = match kind {
        EventKind::TurnFinished => (Some(node), &STATUSES),
        EventKind::CallFinished => (node.get("status").map(|node| &**node), &CALL_STATUSES),
        _ => return,
    };
    let Some(node) = node else { return };
    match node.text() {
        Some(text) if text.starts_with('$') || words.contains(&text) => {}
        Some(text) => low.push(mistake::wrong_word(node, text, words)),
        None if matches!(node.value, Content::Map(_)) && kind == EventKind::TurnFinished => {
            if let Some(status) = node.get("status") {
                self::words(kind, status, low);
            }
        }
        None => low.push(mistake::wrong_type(node, "a text")),
    }
}
