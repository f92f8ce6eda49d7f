//! The messages of one turn, built from its text events (language §7).
//!
//! Owns: which event belongs to which message, what ends a message, what the reply is.
//! Must not know: turns, sessions, what a reply is compared with.

use super::fields;
use crate::model::trace::Event;

/// The messages of a turn so far, in the order in which they began.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    list: Vec<Message>,
    /// Items that are known not to be messages, such as reasoning.
    other_items: Vec<String>,
}

#[derive(Clone, Debug, Default)]
struct Message {
    item: Option<String>,
    /// What the deltas, joined, make; `None` if none came.
    streamed: Option<String>,
    /// The authoritative text; it ends the message.
    text: Option<String>,
}

impl Message {
    fn shown(&self) -> &str {
        self.text.as_deref().or(self.streamed.as_deref()).unwrap_or_default()
    }
}

impl Messages {
    /// Takes an event of the turn. True if it carried text of a message.
    pub fn take(&mut self, event: &Event) -> bool {
        match event.kind.as_str() {
            "item" => {
                self.begin_item(event);
                false
            }
            "text.delta" | "delta" => {
                let item = fields::id(event, "item").map(|item| item.into_owned());
                let is_other = item.as_ref().is_some_and(|item| self.other_items.contains(item));
                !is_other && self.append(item, event)
            }
            "text.so_far" => self.replace(event),
            "text" => self.end(event),
            _ => false,
        }
    }

    fn begin_item(&mut self, event: &Event) {
        let kind = fields::id(event, "kind").unwrap_or_default().to_lowercase();
        if let Some(id) = fields::id(event, "id")
            && !(kind.is_empty() || kind.contains("message") || kind.contains("text"))
        {
            self.other_items.push(id.into_owned());
        }
    }

    /// The message of this item that has not ended; a new one if there is none.
    fn open(&mut self, item: Option<String>) -> &mut Message {
        let at = self.list.iter().rposition(|message| message.text.is_none() && message.item == item);
        let at = at.unwrap_or_else(|| {
            self.list.push(Message { item, ..Message::default() });
            self.list.len() - 1
        });
        &mut self.list[at]
    }

    fn append(&mut self, item: Option<String>, event: &Event) -> bool {
        let Some(text) = fields::text(event) else { return false };
        self.open(item).streamed.get_or_insert_default().push_str(&text);
        true
    }

    /// A cumulative text: what came before it is part of it, or is replaced by it.
    fn replace(&mut self, event: &Event) -> bool {
        let Some(text) = fields::text(event) else { return false };
        let item = fields::id(event, "item").map(|item| item.into_owned());
        self.open(item).streamed = Some(text.into_owned());
        true
    }

    /// An authoritative text ends the message of its item; without an item, the open one that reads the same, or the latest.
    fn end(&mut self, event: &Event) -> bool {
        let Some(text) = fields::text(event) else { return false };
        let item = fields::id(event, "item").map(|item| item.into_owned());
        let is_open = |message: &Message| message.text.is_none() && (item.is_none() || message.item == item);
        let at = self
            .list
            .iter()
            .rposition(|message| is_open(message) && message.streamed.as_deref() == Some(&*text))
            .or_else(|| self.list.iter().rposition(is_open));
        match at {
            Some(at) => self.list[at].text = Some(text.into_owned()),
            None => self.list.push(Message { item, streamed: None, text: Some(text.into_owned()) }),
        }
        true
    }

    /// Each message as it stands now.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(Message::shown)
    }

    /// The last message.
    pub fn reply(&self) -> Option<&str> {
        self.list.last().map(Message::shown)
    }

    /// All messages, joined by a newline.
    pub fn text(&self) -> Option<String> {
        if self.list.is_empty() {
            return None;
        }
        Some(self.list.iter().map(Message::shown).collect::<Vec<_>>().join("\n"))
    }

    /// Messages whose deltas, joined, are not their authoritative text: `(deltas, text)`.
    pub fn torn(&self) -> impl Iterator<Item = (&str, &str)> {
        self.list
            .iter()
            .filter_map(|message| Some((message.streamed.as_deref()?, message.text.as_deref()?)))
            .filter(|(streamed, text)| streamed != text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn messages(events: &[(&str, Value)]) -> Messages {
        let mut messages = Messages::default();
        for (kind, fields) in events {
            let fields = fields.as_object().cloned().unwrap_or_default();
            messages.take(&Event { kind: (*kind).into(), fields, batch: None });
        }
        messages
    }

    fn reads(events: &[(&str, Value)], reply: Option<&str>, text: Option<&str>) {
        let messages = messages(events);
        assert_eq!((messages.reply(), messages.text().as_deref()), (reply, text), "{events:?}");
    }

    #[test]
    fn a_turn_without_text_has_no_reply() {
        reads(&[("reasoning", json!({"text": "hm"})), ("item", json!({"id": "a", "kind": "message"}))], None, None);
    }

    #[test]
    fn deltas_alone_are_the_reply() {
        reads(&[("text.delta", json!({"text": "a"})), ("text.delta", json!({"text": "b"}))], Some("ab"), Some("ab"));
    }

    #[test]
    fn the_text_is_authoritative_over_its_deltas() {
        let events = [("text.delta", json!({"text": "a"})), ("text", json!({"text": "A!"}))];
        reads(&events, Some("A!"), Some("A!"));
        assert_eq!(messages(&events).torn().collect::<Vec<_>>(), [("a", "A!")]);
    }

    #[test]
    fn several_texts_are_several_messages_and_the_last_is_the_reply() {
        reads(&[("text", json!({"text": "one"})), ("text", json!({"text": "two"}))], Some("two"), Some("one\ntwo"));
    }

    #[test]
    fn deltas_after_a_text_begin_another_message() {
        reads(&[("text", json!({"text": "one"})), ("text.delta", json!({"text": "two"}))], Some("two"), Some("one\ntwo"));
    }

    #[test]
    fn deltas_of_interleaved_items_are_kept_apart() {
        let events = [
            ("item", json!({"id": "r", "kind": "reasoning"})),
            ("item", json!({"id": "m", "kind": "message"})),
            ("delta", json!({"item": "r", "text": "think"})),
            ("delta", json!({"item": "m", "text": "he"})),
            ("delta", json!({"item": "n", "text": "other"})),
            ("delta", json!({"item": "m", "text": "llo"})),
            ("text", json!({"text": "hello"})),
        ];
        reads(&events, Some("other"), Some("hello\nother"));
        assert_eq!(messages(&events).torn().count(), 0);
    }

    #[test]
    fn a_cumulative_text_grows_or_replaces() {
        let so_far = |text: &str| ("text.so_far", json!({"item": "1", "text": text}));
        reads(&[so_far("a"), so_far("ab"), so_far("x")], Some("x"), Some("x"));
        reads(&[so_far("a"), ("text.so_far", json!({"text": "b"}))], Some("b"), Some("a\nb"));
    }
}
