//! Ids that change in the middle of a reply.
//!
//! Owns: where an event carries the id of its response and of its item.
//! Must not know: which events change.

use super::piece::{Event, Piece};
use serde_json::Value;

/// The id of the whole reply, where an event carries it.
pub fn response_id(event: &Event) -> Option<String> {
    let value = serde_json::from_str::<Value>(&event.data).ok()?;
    [&value["response"]["id"], &value["id"]].into_iter().find_map(|id| id.as_str().map(str::to_owned))
}

/// The id of the item that an event is about.
pub fn item_id(event: &Event) -> Option<String> {
    let value = serde_json::from_str::<Value>(&event.data).ok()?;
    [&value["item"]["id"], &value["item_id"]].into_iter().find_map(|id| id.as_str().map(str::to_owned))
}

/// From the first of these pieces on, wherever this id stands, another stands instead.
pub fn change(pieces: &mut [Piece], id: &str) {
    let (old, new) = (Value::from(id).to_string(), Value::from(format!("{id}_other")).to_string());
    for piece in pieces {
        if let Piece::Event(event) = piece {
            event.data = event.data.replace(&old, &new);
        }
    }
}
