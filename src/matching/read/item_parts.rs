//! The parts of an item's long form: how often, where, after what, and what is saved.
//!
//! Owns: `times`, `index`, `session`, `fake`, `after`, `as`, `save`, `status`.
//! Must not know: the short forms.

use super::Reader;
use crate::base::{Diagnostic, Span, suggest};
use crate::matching::equal;
use crate::model::pattern::{Form, Item, JsonPath, Pattern, Times};
use crate::model::tree::{Content, Entry, Node};
use serde_json::Value;
use std::sync::Arc;

/// An item whose `after` still holds names.
pub(super) struct Draft {
    pub(super) item: Item,
    pub(super) after: Vec<(Arc<str>, Span)>,
}

const STATUSES: [&str; 4] = ["ok", "error", "denied", "pending"];

/// Roots that the program itself fills; what is saved may not hide them (language §2).
const RESERVED: [&str; 9] = ["env", "case", "agent", "session", "turn", "secrets", "random", "checkride", "approval"];

impl Reader<'_> {
    pub(super) fn part(&mut self, draft: &mut Draft, entry: &Entry) {
        match &*entry.key {
            "times" => draft.item.times = self.times(&entry.value),
            "index" => draft.item.index = Some(self.index(&entry.value)),
            "session" => draft.item.session = self.text_node(entry, "the label of a session"),
            "fake" => draft.item.fake = self.name(entry, "the name of a fake"),
            "as" => draft.item.label = self.name(entry, "a label"),
            "after" => draft.after = self.after(&entry.value),
            "save" => draft.item.save = self.save(entry),
            other => unreachable!("`{other}` is no part of an item"),
        }
    }

    pub(super) fn status(&mut self, node: &Arc<Node>) -> Pattern {
        match node.text() {
            Some(text) if !STATUSES.contains(&text) => {
                let near = suggest::did_you_mean(text, STATUSES);
                let help = near.unwrap_or_else(|| format!("a call is {}", STATUSES.join(", ")));
                self.wrong(node.span, format!("`{text}` is no status of a call"), "not a status", help);
                Reader::unreadable(node.span)
            }
            _ => self.pattern(node),
        }
    }

    /// `1`, or `{gte, lte}` (also `gt`, `lt`); closed if the most is given.
    fn times(&mut self, node: &Arc<Node>) -> Times {
        const HELP: &str = "write `times: 2`, or `times: {gte: 1, lte: 3}`";
        if let Some(n) = whole(node) {
            return Times { min: n, max: Some(n), closed: true };
        }
        if node.entries().is_empty() {
            self.wrong(node.span, "`times` needs a whole number, or `{gte, lte}`", format!("{} does not fit here", node.kind()), HELP);
            return Times::ONCE;
        }
        if !self.known_keys(node, &["gte", "lte", "gt", "lt"]) {
            return Times::ONCE;
        }
        let mut times = Times { min: 0, max: None, closed: false };
        for entry in node.entries() {
            let Some(n) = whole(&entry.value) else {
                let label = format!("{} does not fit here", entry.value.kind());
                self.wrong(entry.value.span, format!("`{}` of `times` needs a whole number", entry.key), label, HELP);
                return Times::ONCE;
            };
            match &*entry.key {
                "gte" => times.min = times.min.max(n),
                "gt" => times.min = times.min.max(n.saturating_add(1)),
                "lt" if n == 0 => {
                    self.wrong(entry.value.span, "nothing happens less than 0 times", "cannot hold", HELP);
                    return Times::ONCE;
                }
                key => {
                    let most = if key == "lt" { n - 1 } else { n };
                    times.max = Some(times.max.map_or(most, |max| max.min(most)));
                }
            }
        }
        times.closed = times.max.is_some();
        if times.max.is_some_and(|max| max < times.min) {
            self.wrong(
                node.span,
                format!("at least {} and at most {} times cannot hold", times.min, times.max.unwrap_or_default()),
                "",
                HELP,
            );
            return Times::ONCE;
        }
        times
    }

    fn index(&mut self, node: &Arc<Node>) -> Pattern {
        let pattern = self.pattern(node);
        let plausible = match &pattern.form {
            Form::Plain(Value::Number(number)) => equal::integer(number).is_some_and(|n| n >= 0),
            Form::Words(_) | Form::Hole(_) => true,
            _ => false,
        };
        if !plausible {
            let help = "places are counted from 0: `index: 0`, `index: {gte: 1}`";
            self.wrong(
                node.span,
                "`index` needs a place in the list, or a pattern for it",
                format!("{} does not fit here", node.kind()),
                help,
            );
        }
        pattern
    }

    fn text_node(&mut self, entry: &Entry, what: &str) -> Option<Arc<Node>> {
        match entry.value.value {
            Content::Text(_) | Content::Template(_) => Some(entry.value.clone()),
            _ => {
                let (message, label) = (format!("`{}` needs {what}", entry.key), format!("{} does not fit here", entry.value.kind()));
                self.wrong(entry.value.span, message, label, "write a text");
                None
            }
        }
    }

    fn name(&mut self, entry: &Entry, what: &str) -> Option<Arc<str>> {
        let text = entry.value.text().filter(|text| !text.is_empty()).map(Arc::from);
        if text.is_none() {
            let (message, label) = (format!("`{}` needs {what}", entry.key), format!("{} does not fit here", entry.value.kind()));
            self.wrong(entry.value.span, message, label, "write a plain text");
        }
        text
    }

    fn after(&mut self, node: &Arc<Node>) -> Vec<(Arc<str>, Span)> {
        let nodes = if node.is_list() { node.items() } else { std::slice::from_ref(node) };
        let named: Option<Vec<_>> = nodes.iter().map(|node| Some((Arc::from(node.text()?), node.span))).collect();
        match named {
            Some(named) if !named.is_empty() => named,
            _ => {
                let help = "write `after: [find]`, where another item has `as: find`";
                self.wrong(node.span, "`after` needs the labels of other items", format!("{} does not fit here", node.kind()), help);
                vec![]
            }
        }
    }

    /// Name and path, or a list of paths that are tried in turn.
    fn save(&mut self, entry: &Entry) -> Vec<(Arc<str>, JsonPath)> {
        const HELP: &str = "write `save: {doc: $.result.hits[0].id}`";
        if entry.value.entries().is_empty() {
            self.wrong(entry.value.span, "`save` needs names with paths", format!("{} does not fit here", entry.value.kind()), HELP);
        }
        let mut saved = Vec::new();
        for entry in entry.value.entries() {
            let root = entry.key.split('.').next().unwrap_or_default();
            if RESERVED.contains(&root) {
                let message = format!("`{root}` is a reserved name and cannot be saved");
                self.diagnostics.push(Diagnostic::error("reserved-name", entry.key_span, message).help("choose another name"));
            }
            let paths = if entry.value.is_list() { entry.value.items() } else { std::slice::from_ref(&entry.value) };
            if paths.is_empty() {
                self.wrong(entry.value.span, format!("`{}` has no path", entry.key), "an empty list", HELP);
            }
            for path in paths {
                match path.text() {
                    Some(text) => saved.extend(self.json_path(text, path.span).map(|path| (entry.key.clone(), path))),
                    None => self.wrong(path.span, format!("`{}` needs a path", entry.key), format!("{} is no path", path.kind()), HELP),
                }
            }
        }
        saved
    }
}

fn whole(node: &Node) -> Option<u32> {
    match &node.value {
        Content::Number(number) => equal::integer(number)?.try_into().ok(),
        _ => None,
    }
}
