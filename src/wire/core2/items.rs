//! The output items of a response, in the order in which they were started.
//!
//! Owns: what an open item shows, what a finished one is.
//! Must not know: responses, which event came.

use super::names;
use serde_json::{Map, Value, json};

/// An item: its buffer while it is open, its final form afterwards.
#[derive(Clone, Debug)]
struct Slot {
    id: String,
    kind: String,
    /// What its start told besides; `name` of a call, for example.
    told: Map<String, Value>,
    buffer: String,
    done: Option<Map<String, Value>>,
}

#[derive(Clone, Debug, Default)]
pub struct Items {
    slots: Vec<Slot>,
}

impl Items {
    /// Opens an item. False if one of this id is open already.
    pub fn start(&mut self, id: &str, kind: &str, told: Map<String, Value>, content: &str) -> bool {
        if self.open(id).is_some() {
            return false;
        }
        self.slots.push(Slot { id: id.to_owned(), kind: kind.to_owned(), told, buffer: content.to_owned(), done: None });
        true
    }

    /// False if no such item is open.
    pub fn append(&mut self, id: &str, text: &str) -> bool {
        self.open(id).map(|slot| slot.buffer.push_str(text)).is_some()
    }

    /// Something more about an open item, such as its name.
    pub fn tell(&mut self, id: &str, key: &str, value: &Value) -> bool {
        self.open(id).map(|slot| slot.told.insert(key.to_owned(), value.clone())).is_some()
    }

    /// The final form wins over the deltas; where there is none, the item is what the deltas made.
    pub fn finish(&mut self, id: &str, last: Option<&Map<String, Value>>) -> bool {
        let Some(slot) = self.open(id) else { return false };
        let shown = slot.shown();
        slot.done = Some(match last {
            Some(last) => names::item(last, &slot.id, &slot.kind),
            None => shown,
        });
        true
    }

    pub fn remove(&mut self, id: &str) {
        self.slots.retain(|slot| slot.id != id);
    }

    /// Puts something else at the end in place of an item.
    pub fn replace(&mut self, id: &str, kind: &str, fields: Value) {
        self.remove(id);
        let fields = fields.as_object().map(|fields| names::item(fields, id, kind));
        self.slots.push(Slot { id: id.to_owned(), kind: kind.to_owned(), told: Map::new(), buffer: String::new(), done: fields });
    }

    /// Texts are visible while they grow, calls and what else is there only when they are whole.
    pub fn visible(&self) -> Value {
        let open = |slot: &Slot| matches!(slot.kind.as_str(), "message" | "reasoning").then(|| slot.shown());
        self.slots.iter().filter_map(|slot| slot.done.clone().or_else(|| open(slot))).map(Value::Object).collect()
    }

    fn open(&mut self, id: &str) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.id == id && slot.done.is_none())
    }
}

impl Slot {
    fn shown(&self) -> Map<String, Value> {
        let mut item = names::item(&self.told, &self.id, &self.kind);
        let key = match self.kind.as_str() {
            "function_call" => "arguments",
            "function_call_output" | "script_execution_output" => "output",
            "script_execution" => "code",
            _ => "content",
        };
        item.insert(key.to_owned(), json!(self.buffer));
        item
    }
}
