//! Reading list patterns (language §4.2).
//!
//! Owns: the list itself, `none`, and the keys `in_order`, `any_order`, `exactly`, `extra`, `count`.
//! Must not know: what an item looks like.

use super::{Reader, references};
use crate::base::Diagnostic;
use crate::model::pattern::{Extra, Form, Item, ListKind, ListPattern, Order, Pattern};
use crate::model::tree::{Content, Entry, Node};
use serde_json::Value;
use std::sync::Arc;

const KEYS: [&str; 5] = ["in_order", "any_order", "exactly", "extra", "count"];

impl Reader<'_> {
    /// Reads a list pattern. After a mistake it still holds the items that could be read.
    pub fn list(&mut self, node: &Arc<Node>, kind: ListKind) -> ListPattern {
        let mut pattern = ListPattern { span: node.span, kind, order: Order::InOrder, items: vec![], extra: Extra::Allow, count: None };
        match &node.value {
            Content::List(items) if !items.is_empty() => pattern.items = self.related(node, kind),
            Content::List(_) => {
                self.wrong(node.span, "an empty list checks nothing", "nothing stands here", "write `none`, or what is expected")
            }
            Content::Text(text) if **text == *"none" => pattern.extra = Extra::Forbid,
            Content::Map(entries) if !entries.is_empty() => self.list_keys(node, entries, &mut pattern),
            Content::Text(text) => {
                let message = format!("a list of {}s is needed, this is a text", kind.item_key());
                self.wrong(node.span, message, "expected a list", format!("write `[{text}]`, or `none`"));
            }
            _ => {
                let message = format!("a list of {}s is needed, this is {}", kind.item_key(), node.kind());
                self.wrong(
                    node.span,
                    message,
                    "expected a list",
                    "write `[…]`, `none`, or one of in_order, any_order, exactly, extra, count",
                );
            }
        }
        pattern
    }

    fn list_keys(&mut self, node: &Arc<Node>, entries: &[Entry], pattern: &mut ListPattern) {
        if !entries.iter().any(|entry| KEYS.contains(&&*entry.key)) && !near_key(&entries[0].key) {
            let message = format!("a list of {}s is needed, this is a mapping", pattern.kind.item_key());
            let help = "write each item on a line of its own with `- `, or in brackets: `[…]`";
            self.diagnostics.push(Diagnostic::error("wrong-argument", node.span, message).label("expected a list").help(help));
            return;
        }
        let mistakes = self.diagnostics.list.len();
        self.known_keys(node, &KEYS);
        let mut orders = entries.iter().filter(|entry| KEYS[..3].contains(&&*entry.key));
        let first = orders.next();
        if let (Some(first), Some(second)) = (first, orders.next()) {
            let message = format!("`{}` and `{}` cannot both hold the items", first.key, second.key);
            self.wrong(second.key_span, message, "a second list", "keep one of in_order, any_order, exactly");
        }
        if let Some(entry) = first {
            self.ordered(entry, pattern);
        }
        if let Some(entry) = node.entry("extra") {
            if matches!(first, Some(first) if *first.key == *"exactly") {
                let help = "`exactly` forbids everything else; with `extra` write `in_order`";
                self.wrong(entry.key_span, "`extra` beside `exactly` says it twice", "", help);
            }
            pattern.extra = self.extra(entry, pattern.kind);
        }
        pattern.count = node.get("count").map(|node| self.count(node));
        let nothing = pattern.items.is_empty() && pattern.count.is_none() && matches!(pattern.extra, Extra::Allow);
        if nothing && self.diagnostics.list.len() == mistakes {
            self.wrong(node.span, "this list pattern checks nothing", "", "name what is expected, or write `none`");
        }
    }

    fn ordered(&mut self, entry: &Entry, pattern: &mut ListPattern) {
        if *entry.key == *"any_order" {
            pattern.order = Order::AnyOrder;
        }
        if *entry.key == *"exactly" {
            pattern.extra = Extra::Forbid;
        }
        match entry.value.is_list() {
            true => pattern.items = self.related(&entry.value, pattern.kind),
            false => {
                let message = format!("`{}` needs a list, this is {}", entry.key, entry.value.kind());
                self.wrong(entry.value.span, message, "expected a list", format!("write `{}: […]`", entry.key));
            }
        }
    }

    fn extra(&mut self, entry: &Entry, kind: ListKind) -> Extra {
        const HELP: &str = "write `extra: forbid`, `extra: allow`, or `extra: {allow: [log.*]}`";
        match (&entry.value.value, entry.value.entries()) {
            (Content::Text(text), _) if **text == *"allow" => Extra::Allow,
            (Content::Text(text), _) if **text == *"forbid" => Extra::Forbid,
            (Content::Map(_), [only]) if *only.key == *"allow" && only.value.is_list() => Extra::Only(self.items(&only.value, kind)),
            _ => {
                self.wrong(entry.value.span, "`extra` is `allow`, `forbid`, or `{allow: [items]}`", "not understood", HELP);
                Extra::Forbid
            }
        }
    }

    fn count(&mut self, node: &Arc<Node>) -> Pattern {
        let count = self.pattern(node);
        let plausible = match &count.form {
            Form::Plain(Value::Number(number)) => crate::matching::equal::integer(number).is_some_and(|n| n >= 0),
            Form::Words(_) | Form::Hole(_) => true,
            _ => false,
        };
        if !plausible {
            let label = format!("{} does not fit here", node.kind());
            self.wrong(node.span, "`count` needs a whole number, or a pattern for one", label, "write `count: 2`, or `count: {lte: 20}`");
        }
        count
    }

    /// The items of one list pattern, with what each comes after.
    fn related(&mut self, list: &Arc<Node>, kind: ListKind) -> Vec<Item> {
        let drafts = list.items().iter().map(|node| self.draft(node, kind)).collect();
        references::resolve(self, list.items(), drafts)
    }
}

fn near_key(key: &str) -> bool {
    crate::base::suggest::nearest(key, KEYS).is_some()
}
