//! What an HTTP answer means: a frame, or one event of a stream, of the turn that asked.
//!
//! Owns: the order in which an answer's frame is recorded, saved and told; what a wire's reader adds to the rules.
//! Must not know: how an answer is waited for.

use super::belongs;
use super::shared::Shared;
use super::state::{LinkId, Place, State, put};
use crate::model::protocol::{EventKind, FinalObject};
use crate::model::trace::What;
use crate::wire::reading::{Meaning, Reads, by_name};
use serde_json::Value;
use std::sync::Arc;

/// Reads one answer of a provider, where the protocol says `decode` or `reduce`.
pub(super) struct Wire {
    reader: Box<dyn Reads>,
    /// Its events count; otherwise only what they add up to does.
    decodes: bool,
}

impl Wire {
    pub(super) fn decodes(&self) -> bool {
        self.decodes
    }

    /// What a complete stream must still have sent.
    pub(super) fn missing(&self) -> Option<&'static str> {
        (self.decodes && !self.reader.is_over()).then(|| self.reader.missing())
    }
}

impl Shared {
    /// A new reader, for one answer.
    pub(super) fn wire(&self) -> Option<Wire> {
        if let Some(wire) = &self.protocol.decode {
            return by_name(wire).map(|reader| Wire { reader, decodes: true });
        }
        match &self.protocol.final_object {
            Some(FinalObject::Reduce(wire)) => by_name(wire).map(|reader| Wire { reader, decodes: false }),
            _ => None,
        }
    }

    /// Takes a frame of an answer. Everything it means is recorded and saved before anyone who waits is told. Returns what the frame
    /// says of whose it is, in words, where that is not the turn that asked.
    pub(super) fn receive_answer(
        self: &Arc<Shared>,
        link: Option<LinkId>,
        asked_by: &Place,
        frame: Value,
        wire: Option<&mut Wire>,
    ) -> Option<String> {
        let mut state = self.state();
        let state = &mut *state;
        let place = belongs::of_answer(self, state, asked_by, &frame);
        let other = if place.turn == asked_by.turn { None } else { belongs::named_instead(self, state, asked_by, &frame) };
        let mut decoded = self.decode(state, &place, &frame);
        if let Some(wire) = wire {
            let mut meanings = Vec::new();
            wire.reader.read(&frame, &mut meanings);
            self.adopt(state, &place, wire, meanings, &mut decoded);
        }
        self.reduce(state, &place, &frame, &mut decoded);
        let turn = state.number(&place);
        self.setup.recorder.push(What::Frame { session: place.session.clone(), turn, data: frame });
        self.mean(state, link, &place, decoded);
        self.tell();
        other
    }

    /// The end of a stream, which completes the message of some wires.
    pub(super) fn receive_end(self: &Arc<Shared>, link: Option<LinkId>, place: &Place, wire: &mut Wire) {
        let mut meanings = Vec::new();
        wire.reader.end(&mut meanings);
        if meanings.is_empty() {
            return;
        }
        let mut state = self.state();
        let state = &mut *state;
        state.frames += 1;
        let mut decoded = Default::default();
        self.adopt(state, place, wire, meanings, &mut decoded);
        self.mean(state, link, place, decoded);
        self.tell();
    }

    fn adopt(&self, state: &mut State, place: &Place, wire: &Wire, meanings: Vec<Meaning>, decoded: &mut super::events::Decoded) {
        let batch = state.frames;
        let session = state.session(&place.session, || self.key(&place.session));
        if wire.decodes && wire.reader.is_over() {
            put(&mut session.lists, "answer", wire.reader.answer());
            session.asked = wire.reader.asks() && !failed(&meanings);
        }
        // The turn goes on where the suite answers the calls of the message.
        let goes_on = session.asked && self.setup.tools.is_some();
        let counts = |kind: EventKind| wire.decodes && !(goes_on && kind == EventKind::TurnFinished);
        for (kind, fields) in meanings.into_iter().filter(|(kind, _)| counts(*kind)) {
            decoded.events.push(session.decoder.adopt(kind, fields, place.turn, batch));
        }
        if let Some(FinalObject::Reduce(_)) = &self.protocol.final_object {
            let ends = decoded.events.iter_mut().filter(|(kind, _)| *kind == EventKind::TurnFinished);
            ends.for_each(|(_, event)| drop(event.fields.insert("final".to_owned(), wire.reader.document())));
        }
    }
}

fn failed(meanings: &[Meaning]) -> bool {
    meanings
        .iter()
        .any(|(kind, fields)| *kind == EventKind::TurnFinished && fields.get("status").is_none_or(|status| status != "completed"))
}
