//! Tool calls of one session: which start and which end are one call.
//!
//! Owns: numbers for calls without ids, completing a call that was started twice, which open call an end without id ends.
//! Must not know: frames, rules, what a call does.

use super::source;
use serde_json::{Map, Value};

#[derive(Debug, Default)]
pub(super) struct Calls {
    known: Vec<Call>,
    numbered: usize,
    /// The call started by the element that is being read.
    of_element: Option<String>,
}

#[derive(Debug)]
struct Call {
    id: String,
    turn: Option<usize>,
    fields: Map<String, Value>,
    open: bool,
}

impl Calls {
    /// The next start and end stand in one frame, or one element of `for_each`.
    pub(super) fn begin_element(&mut self) {
        self.of_element = None;
    }

    /// Gives the call an id if it has none, and what an earlier start with its id said.
    pub(super) fn start(&mut self, fields: &mut Map<String, Value>, turn: Option<usize>) {
        let id = match id_of(fields) {
            Some(id) => id,
            None => {
                self.numbered += 1;
                let id = format!("#{}", self.numbered);
                fields.insert("id".to_owned(), id.as_str().into());
                id
            }
        };
        self.of_element = Some(id.clone());
        match self.known.iter_mut().rev().find(|call| call.id == id && call.turn == turn) {
            Some(call) => {
                let new = std::mem::take(fields);
                call.fields.extend(new.into_iter().filter(|(_, value)| !value.is_null()));
                *fields = call.fields.clone();
            }
            None => {
                // Calls of turns long gone are not asked for again.
                if self.known.len() > 1024 {
                    self.known.retain(|call| call.open || call.turn == turn);
                }
                self.known.push(Call { id, turn, fields: fields.clone(), open: true });
            }
        }
    }

    /// Gives an end without id that of its element's call, or of the oldest open one.
    pub(super) fn finish(&mut self, fields: &mut Map<String, Value>, turn: Option<usize>) {
        let id = id_of(fields).or_else(|| self.of_element.clone()).or_else(|| {
            let oldest = self.known.iter().find(|call| call.open && call.turn == turn);
            oldest.or_else(|| self.known.iter().find(|call| call.open)).map(|call| call.id.clone())
        });
        let Some(id) = id else { return };
        if let Some(call) = self.known.iter_mut().rev().find(|call| call.id == id && call.open) {
            call.open = false;
            fields.entry("id").or_insert_with(|| call.fields.get("id").cloned().unwrap_or_else(|| id.into()));
        }
    }
}

/// An id is a text or a number; an empty one is none.
fn id_of(fields: &mut Map<String, Value>) -> Option<String> {
    let id = fields.get("id").filter(|id| !id.is_null()).map(source::text).filter(|id| !id.is_empty());
    if id.is_none() {
        fields.remove("id");
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().expect("a mapping")
    }

    fn start(calls: &mut Calls, turn: usize, fields: Value) -> Value {
        let mut fields = map(fields);
        calls.begin_element();
        calls.start(&mut fields, Some(turn));
        Value::Object(fields)
    }

    fn finish(calls: &mut Calls, turn: usize, fields: Value) -> Value {
        let mut fields = map(fields);
        calls.begin_element();
        calls.finish(&mut fields, Some(turn));
        Value::Object(fields)
    }

    #[test]
    fn a_second_start_completes_the_first() {
        let mut calls = Calls::default();
        start(&mut calls, 0, json!({"id": "a", "name": "search"}));
        assert_eq!(
            start(&mut calls, 0, json!({"id": "a", "name": null, "args": {"q": 1}})),
            json!({"id": "a", "name": "search", "args": {"q": 1}})
        );
    }

    #[test]
    fn the_same_id_in_another_turn_is_another_call() {
        let mut calls = Calls::default();
        start(&mut calls, 0, json!({"id": "a", "name": "search", "args": {}}));
        assert_eq!(start(&mut calls, 1, json!({"id": "a", "name": "other"})), json!({"id": "a", "name": "other"}));
    }

    #[test]
    fn without_ids_calls_are_numbered_and_ended_oldest_first() {
        let mut calls = Calls::default();
        assert_eq!(start(&mut calls, 0, json!({"name": "a"}))["id"], "#1");
        assert_eq!(start(&mut calls, 0, json!({"id": "", "name": "b"}))["id"], "#2");
        assert_eq!(finish(&mut calls, 0, json!({}))["id"], "#1");
        assert_eq!(finish(&mut calls, 0, json!({"id": null}))["id"], "#2");
        assert_eq!(finish(&mut calls, 0, json!({})), json!({}));
    }

    #[test]
    fn an_element_ends_its_own_call() {
        let mut calls = Calls::default();
        start(&mut calls, 0, json!({"name": "older"}));
        let (mut begun, mut ended) = (map(json!({"name": "mine"})), Map::new());
        calls.begin_element();
        calls.start(&mut begun, Some(0));
        calls.finish(&mut ended, Some(0));
        assert_eq!(ended["id"], "#2");
    }

    #[test]
    fn numbers_are_ids_too() {
        let mut calls = Calls::default();
        start(&mut calls, 0, json!({"id": 7, "name": "a"}));
        assert_eq!(finish(&mut calls, 0, json!({}))["id"], 7);
    }
}
