//! Reading one item of a list pattern, in its short or its long form (language §4.2).
//!
//! Owns: the two forms, and what the short form means for each kind of list.
//! Must not know: how items stand to each other.

use super::Reader;
use super::item_parts::Draft;
use crate::base::suggest::did_you_mean;
use crate::base::{Diagnostic, Span};
use crate::matching::words;
use crate::model::pattern::{Form, Glob, Item, ListKind, Pattern, Times};
use crate::model::tree::{Content, Entry, Node};
use std::sync::Arc;

/// The keys of the long form beside the list's own key.
const LONG_KEYS: [&str; 7] = ["times", "index", "session", "fake", "after", "as", "save"];
const CALL_KEYS: [&str; 3] = ["args", "status", "result"];

impl Reader<'_> {
    /// Reads one item that stands alone. After a mistake it is one that matches nothing.
    pub fn item(&mut self, node: &Arc<Node>, kind: ListKind) -> Item {
        let draft = self.draft(node, kind);
        for (label, span) in &draft.after {
            let message = format!("`after: {label}` names another item, and this one stands alone");
            let help = "`after` is for the items of one list pattern under `expect`";
            self.diagnostics.push(Diagnostic::error("unknown-label", *span, message).help(help));
        }
        draft.item
    }

    /// Reads the items of a list, each standing alone (`never`).
    pub fn items(&mut self, node: &Arc<Node>, kind: ListKind) -> Vec<Item> {
        match &node.value {
            Content::List(items) if !items.is_empty() => items.iter().map(|item| self.item(item, kind)).collect(),
            Content::List(_) => {
                self.wrong(
                    node.span,
                    "an empty list forbids nothing",
                    "nothing stands here",
                    "name what must not happen, or leave the key out",
                );
                vec![]
            }
            _ => {
                let message = format!("a list of {}s is needed, this is {}", kind.item_key(), node.kind());
                self.wrong(node.span, message, "expected a list", "write it in brackets: `[…]`");
                vec![]
            }
        }
    }

    pub(super) fn draft(&mut self, node: &Arc<Node>, kind: ListKind) -> Draft {
        let mut draft = Draft::new(node.span, kind);
        match node.entry(kind.item_key()) {
            Some(own) => self.long(&mut draft, node, own),
            None => self.short(&mut draft.item, node),
        }
        draft
    }

    fn short(&mut self, item: &mut Item, node: &Arc<Node>) {
        match &node.value {
            Content::Text(_) if item.kind != ListKind::Frames => item.glob = Some(self.glob(node)),
            Content::Template(template) if item.kind != ListKind::Frames && !saved_mapping(item.kind, template.whole().is_some()) => {
                item.glob = Some(self.glob(node));
            }
            Content::Template(_) => item.entry = Some(self.pattern(node)),
            Content::Map(entries) if item.kind == ListKind::Calls => self.short_call(item, node, entries),
            Content::Map(_) => item.entry = Some(self.entry_pattern(item.kind, node)),
            _ => {
                let (message, help) = (format!("{} is no {}", node.kind(), item.kind.item_key()), short_help(item.kind));
                self.diagnostics.push(Diagnostic::error("wrong-item", node.span, message).help(help));
                spoil(item);
            }
        }
    }

    /// `{tool: args}`, or pattern words over the tool's name.
    fn short_call(&mut self, item: &mut Item, node: &Arc<Node>, entries: &[Entry]) {
        if !entries.is_empty() && entries.iter().all(|entry| words::find(&entry.key).is_some()) {
            let name = self.pattern(node);
            item.entry = Some(fields(node.span, vec![("name", name)]));
            return;
        }
        match entries {
            [only] if LONG_KEYS.contains(&&*only.key) || CALL_KEYS.contains(&&*only.key) => {
                let message = format!("`{}` says more about a call, and no `call:` says which", only.key);
                let help = format!("write `call: \"*\"` beside it for any tool, or `call: {}` for a tool of that name", only.key);
                self.diagnostics.push(Diagnostic::error("wrong-item", only.key_span, message).help(help));
                spoil(item);
            }
            [only] => {
                item.glob = Some(Glob { pattern: Node::new(only.key_span, Content::Text(only.key.clone())) });
                if !only.value.is_null() {
                    item.entry = self.args(&only.value).map(|args| fields(node.span, vec![("args", args)]));
                }
            }
            _ => {
                let help = "the short form is `{tool: args}`, the long form `{call: tool, args: …, times: …}`";
                let message = "a call is one tool with its arguments, or has the key `call`";
                self.diagnostics.push(Diagnostic::error("wrong-item", node.span, message).help(help));
                spoil(item);
            }
        }
    }

    /// Arguments are a mapping (or a value known later).
    fn args(&mut self, node: &Arc<Node>) -> Option<Pattern> {
        match &node.value {
            Content::Map(_) | Content::Template(_) => Some(self.pattern(node)),
            _ => {
                let help = "write the arguments as a mapping, such as `{path: README.md}`; for any text in them `{contains: README}`";
                self.wrong(
                    node.span,
                    format!("the arguments of a call are a mapping, this is {}", node.kind()),
                    "expected a mapping",
                    help,
                );
                Some(Reader::unreadable(node.span))
            }
        }
    }

    /// The pattern over a whole entry that is written as a mapping.
    fn entry_pattern(&mut self, kind: ListKind, node: &Arc<Node>) -> Pattern {
        let known: &[&str] = match kind {
            ListKind::Requests => &["method", "path", "query", "headers", "body", "raw", "part"],
            ListKind::Commands => &["name", "argv", "stdin", "cwd", "exit"],
            ListKind::Errors => &["source", "code", "message"],
            _ => return self.pattern(node),
        };
        if self.misspelt_long_form(kind, node) {
            return Reader::unreadable(node.span);
        }
        let words = node.entries().iter().any(|entry| words::find(&entry.key).is_some());
        if !words && !self.known_keys(node, known) {
            return Reader::unreadable(node.span);
        }
        self.pattern(node)
    }

    /// `{reqest: …, index: 1}`: the key that makes it the long form is misspelt, and that is the one mistake.
    fn misspelt_long_form(&mut self, kind: ListKind, node: &Arc<Node>) -> bool {
        let long = node.entries().iter().any(|entry| LONG_KEYS.contains(&&*entry.key));
        let near = node.entries().iter().find_map(|entry| Some((entry, did_you_mean(&entry.key, [kind.item_key()])?)));
        let Some((entry, help)) = near.filter(|_| long) else { return false };
        let message = format!("unknown key `{}`", entry.key);
        self.diagnostics.push(Diagnostic::error("unknown-key", entry.key_span, message).label("not a known key here").help(help));
        true
    }

    fn long(&mut self, draft: &mut Draft, node: &Arc<Node>, own: &Entry) {
        let kind = draft.item.kind;
        let mut known = vec![kind.item_key()];
        known.extend(LONG_KEYS);
        if kind == ListKind::Calls {
            known.extend(CALL_KEYS);
        }
        let readable = self.known_keys(node, &known);
        self.short(&mut draft.item, &own.value);
        for entry in node.entries().iter().filter(|entry| *entry.key != *kind.item_key() && known.contains(&&*entry.key)) {
            match &*entry.key {
                "args" | "status" | "result" => self.call_field(&mut draft.item, entry),
                _ => self.part(draft, entry),
            }
        }
        if !readable {
            spoil(&mut draft.item);
        }
    }

    fn call_field(&mut self, item: &mut Item, entry: &Entry) {
        let pattern = match &*entry.key {
            "args" => self.args(&entry.value).unwrap_or_else(|| Reader::unreadable(entry.value.span)),
            "status" => self.status(&entry.value),
            _ => self.pattern(&entry.value),
        };
        let span = entry.value.span;
        match item.entry.take().map(|pattern| pattern.form) {
            Some(Form::Subset(mut all)) => {
                if all.iter().any(|(key, _)| *key == entry.key) {
                    let help = "the arguments stand in one place: `call: tool` with `args`, or `call: {tool: args}`";
                    self.wrong(entry.key_span, "the arguments are given twice", "given before", help);
                }
                all.push((entry.key.clone(), pattern));
                item.entry = Some(Pattern { span, form: Form::Subset(all) });
            }
            _ => item.entry = Some(fields(span, vec![(&entry.key, pattern)])),
        }
    }
}

/// A hole that stands alone for a request may be a saved mapping; for kinds with a name it is the name.
fn saved_mapping(kind: ListKind, alone: bool) -> bool {
    alone && kind == ListKind::Requests
}

fn short_help(kind: ListKind) -> &'static str {
    match kind {
        ListKind::Calls => "write the tool's name, or `{tool: {argument: value}}`",
        ListKind::Events => "write the event's type, or a mapping such as `{type: usage, input: 5}`",
        ListKind::Frames => "write the mapping that the frame must have, such as `{type: error}`",
        ListKind::Requests => "write `POST /path`, or a mapping over method, path, query, headers, body",
        ListKind::Commands => "write the arguments, such as `gmail get *`, or a mapping over argv, stdin, cwd, exit",
        ListKind::Errors => "write the message, or a mapping over source, code, message",
    }
}

pub(super) fn fields(span: Span, fields: Vec<(&str, Pattern)>) -> Pattern {
    Pattern { span, form: Form::Subset(fields.into_iter().map(|(key, pattern)| (Arc::from(key), pattern)).collect()) }
}

/// What could not be read matches nothing.
pub(super) fn spoil(item: &mut Item) {
    item.entry = Some(Reader::unreadable(item.span));
}

impl Draft {
    fn new(span: Span, kind: ListKind) -> Draft {
        let item = Item {
            span,
            kind,
            label: None,
            glob: None,
            entry: None,
            times: Times::ONCE,
            index: None,
            session: None,
            fake: None,
            after: vec![],
            save: vec![],
        };
        Draft { item, after: vec![] }
    }
}
