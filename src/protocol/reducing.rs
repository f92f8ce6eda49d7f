//! `reduce: core2`: the response that the events of a turn add up to, whichever streams they came over.
//!
//! Owns: which frames are events of it, and that the end of a turn carries it.
//! Must not know: what an event does to a response.

use super::events::Decoded;
use super::shared::Shared;
use super::state::{Place, State};
use crate::model::protocol::{EventKind, FinalObject};
use crate::wire::core2::{Reducer, names};
use serde_json::Value;

impl Shared {
    /// A frame by the canonical names, where it has others that mean the same.
    pub(super) fn canonical(&self, frame: &Value) -> Option<Value> {
        match self.protocol.final_object {
            Some(FinalObject::Core2 { .. }) => names::frame(frame),
            _ => None,
        }
    }

    pub(super) fn reduce(&self, state: &mut State, place: &Place, frame: &Value, decoded: &mut Decoded) {
        let Some(FinalObject::Core2 { strict }) = self.protocol.final_object else { return };
        let Some(turn) = state.turn_mut(place) else { return };
        // The answer to a plain request is no event.
        if frame.get("status").is_some() {
            return;
        }
        let reducer = turn.reduced.get_or_insert_with(|| Reducer::new(strict));
        reducer.read(frame);
        let ends = decoded.events.iter_mut().filter(|(kind, _)| *kind == EventKind::TurnFinished);
        for ((_, event), response) in ends.zip(reducer.snapshot()) {
            event.fields.insert("final".to_owned(), response);
        }
    }

    /// The response of a turn so far.
    pub(super) fn reduced(&self, state: &State, place: &Place) -> Option<Value> {
        state.turn(place)?.reduced.as_ref()?.snapshot()
    }
}
