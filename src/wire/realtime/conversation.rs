//! The items of a conversation so far, in order.
//!
//! Owns: their ids and places, and what is answered to events about them.
//! Must not know: sessions, responses.

use super::item;
use super::mistake::Mistake;
use crate::model::wire::Names;
use serde_json::{Value, json};

#[derive(Clone, Debug)]
pub struct Conversation {
    names: Names,
    /// Of the connection; stands in the ids that are made up.
    number: usize,
    items: Vec<Value>,
    /// How many ids were made up.
    made: usize,
}

impl Conversation {
    pub fn new(names: Names, number: usize) -> Conversation {
        Conversation { names, number, items: Vec::new(), made: 0 }
    }

    pub fn id(&self) -> String {
        format!("conv_{:04}", self.number)
    }

    pub fn items(&self) -> &[Value] {
        &self.items
    }

    pub fn last_id(&self) -> Option<&str> {
        self.items.last().and_then(|item| item["id"].as_str())
    }

    pub fn new_id(&mut self) -> String {
        self.made += 1;
        format!("item_{:04}_u{}", self.number, self.made - 1)
    }

    /// Puts an item that a response made behind the others.
    pub fn push(&mut self, item: Value) {
        self.items.push(item);
    }

    /// `conversation.item.create`.
    pub fn create(&mut self, event: &Value) -> Result<Vec<Value>, Mistake> {
        let mut item = item::read(self.names, &event["item"])?;
        let id = item["id"].as_str().map(str::to_owned);
        if let Some(id) = id.as_deref().filter(|id| self.place(id).is_some()) {
            let message = format!("Error adding item: an item with ID '{id}' already exists.");
            return Err(Mistake::new("item_create_duplicate_id", message).at("item.id"));
        }
        if item["type"] == "function_call_output" && !self.items.iter().any(|old| is_call(old, &item["call_id"])) {
            let id = item["call_id"].as_str().unwrap_or_default();
            return Err(Mistake::new("invalid_tool_call_id", format!("Tool call ID '{id}' not found in conversation.")).at("item.call_id"));
        }
        let at = match &event["previous_item_id"] {
            Value::String(root) if root == "root" => 0,
            Value::String(id) => match self.place(id) {
                Some(place) => place + 1,
                None => return Err(unknown("create", "previous_item_id", id, "Error creating item: the previous item")),
            },
            _ => self.items.len(),
        };
        item["id"] = id.unwrap_or_else(|| self.new_id()).into();
        let previous = at.checked_sub(1).and_then(|before| self.items[before]["id"].as_str()).map(str::to_owned);
        self.items.insert(at, item.clone());
        Ok(self.names.item_events(previous.as_deref(), &item))
    }

    /// Speech that was committed becomes a message of the user.
    pub fn commit_audio(&mut self) -> Vec<Value> {
        let previous = self.last_id().map(str::to_owned);
        let id = self.new_id();
        let item = json!({"id": id, "object": "realtime.item", "type": "message", "status": "completed", "role": "user",
            "content": [{"type": "input_audio", "transcript": null}]});
        self.items.push(item.clone());
        let mut events = vec![json!({"type": "input_audio_buffer.committed", "previous_item_id": previous, "item_id": id})];
        events.extend(self.names.item_events(previous.as_deref(), &item));
        events
    }

    pub fn retrieve(&self, event: &Value) -> Result<Vec<Value>, Mistake> {
        let place = self.named("retrieve", event, "Error retrieving item: the item")?;
        Ok(vec![json!({"type": "conversation.item.retrieved", "item": self.items[place]})])
    }

    pub fn delete(&mut self, event: &Value) -> Result<Vec<Value>, Mistake> {
        let place = self.named("delete", event, "Error deleting item: the item")?;
        let item = self.items.remove(place);
        Ok(vec![json!({"type": "conversation.item.deleted", "item_id": item["id"]})])
    }

    /// Forgets what was said after a time. Without clocks nobody knows which words those are, so the transcript goes.
    pub fn truncate(&mut self, event: &Value) -> Result<Vec<Value>, Mistake> {
        let place = self.named("truncate", event, "Error truncating item: the item")?;
        if let Some(key) = ["content_index", "audio_end_ms"].into_iter().find(|key| !event[*key].is_u64()) {
            return Err(Mistake::missing(key));
        }
        let index = event["content_index"].as_u64().and_then(|index| usize::try_from(index).ok()).unwrap_or(usize::MAX);
        let part = self.items[place].get_mut("content").and_then(|content| content.get_mut(index));
        let Some(part) = part.filter(|part| part["type"] == "output_audio" || part["type"] == "audio") else {
            let message = "Only audio content of an assistant's message can be truncated.";
            return Err(Mistake::new("item_truncate_invalid_content_index", message).at("content_index"));
        };
        if let Some(part) = part.as_object_mut() {
            part.remove("transcript");
        }
        let (id, end) = (&event["item_id"], &event["audio_end_ms"]);
        Ok(vec![json!({"type": "conversation.item.truncated", "item_id": id, "content_index": index, "audio_end_ms": end})])
    }

    fn named(&self, verb: &str, event: &Value, what: &str) -> Result<usize, Mistake> {
        let Some(id) = event["item_id"].as_str() else { return Err(Mistake::missing("item_id")) };
        self.place(id).ok_or_else(|| unknown(verb, "item_id", id, what))
    }

    fn place(&self, id: &str) -> Option<usize> {
        self.items.iter().position(|item| item["id"] == id)
    }
}

fn is_call(item: &Value, call_id: &Value) -> bool {
    item["type"] == "function_call" && item["call_id"] == *call_id
}

fn unknown(verb: &str, param: &str, id: &str, what: &str) -> Mistake {
    let code = match verb {
        "retrieve" => "item_retrieve_invalid_item_id",
        "delete" => "item_delete_invalid_item_id",
        "truncate" => "item_truncate_invalid_item_id",
        _ => "item_create_invalid_previous_item_id",
    };
    Mistake::new(code, format!("{what} with id '{id}' does not exist.")).at(param)
}
