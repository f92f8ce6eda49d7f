//! What arrives: replies to requests, frames and their events, and what the engine answers by itself.
//!
//! Owns: the order in which an arrival is recorded, saved and told.
//! Must not know: transports, how steps wait.

use super::belongs;
use super::events::{Decoded, Moment, Now, matches};
use super::setup::RpcReply;
use super::shared::Shared;
use super::source;
use super::state::{Keep, LinkId, Place, State};
use crate::matching::jsonpath;
use crate::model::protocol::EventKind;
use crate::model::trace::{Event, What};
use indexmap::IndexMap;
use serde_json::{Map, Value};
use std::sync::Arc;

impl Shared {
    /// Takes a frame. Everything it means is recorded and saved before anyone who waits is told, which is up to the reader.
    pub(super) fn receive(self: &Arc<Shared>, link: LinkId, frame: Value) {
        let mut state = self.state();
        let state = &mut *state;
        let reply = self.reply_to(state, link, &frame);
        let place = match reply {
            Some(at) => self.take_reply(state, link, at, &frame),
            None => belongs::place(self, state, link, &frame),
        };
        for tap in &mut state.links[link].taps {
            tap.frames.push(frame.clone());
        }
        let mut decoded = self.decode(state, &place, &frame);
        let ends_a_turn = decoded.events.iter().any(|(kind, _)| *kind == EventKind::TurnFinished);
        if reply.is_none() && ends_a_turn && belongs::is_foreign(self, state, link, &frame) {
            decoded.events.retain(|(kind, _)| *kind != EventKind::TurnFinished);
        }
        let turn = state.number(&place);
        let n = self.setup.recorder.push(What::Frame { session: place.session.clone(), turn, data: frame });
        if let Some(at) = reply
            && let Some(reply) = &mut state.links[link].pending[at].reply
        {
            reply.frame = n;
        }
        self.mean(state, Some(link), &place, decoded);
    }

    pub(super) fn decode(&self, state: &mut State, place: &Place, frame: &Value) -> Decoded {
        state.frames += 1;
        if self.protocol.events.is_empty() && self.protocol.ignore.is_empty() {
            return Decoded::default();
        }
        let canonical = self.canonical(frame);
        let frame = canonical.as_ref().unwrap_or(frame);
        let names = self.names(state, place, IndexMap::new());
        let (settings, agent) = names.for_conditions(self.protocol.events.iter().any(|rule| rule.only_if.is_some()));
        let turn_ended = state.turn(place).is_some_and(|turn| turn.finished);
        let moment = Moment {
            protocol: &self.protocol,
            names: &names,
            now: Now { settings: &settings, agent: &agent, first_turn: place.turn.unwrap_or(0) == 0, turn_ended },
            turn: place.turn,
            batch: state.frames,
        };
        state.session(&place.session, || self.key(&place.session)).decoder.decode(frame, &moment)
    }

    /// Saves, records and answers what a frame means.
    pub(super) fn mean(self: &Arc<Shared>, state: &mut State, link: Option<LinkId>, place: &Place, decoded: Decoded) {
        for fault in decoded.faults {
            self.fault(state, fault);
        }
        for saved in decoded.saves {
            self.save(state, place, Keep::Session, &saved.name, saved.value.clone());
            if saved.of_turn && place.turn.is_some() {
                self.save(state, place, Keep::Turn, &saved.name, saved.value);
            }
        }
        let calls = self.client_calls(state, place, &decoded.events);
        for (kind, event) in decoded.events {
            let approval = (kind == EventKind::ApprovalRequested).then(|| event.fields.clone());
            self.event(state, place, event);
            if let Some(fields) = approval {
                self.decide(state, link, place, fields);
            }
        }
        for reply in decoded.replies {
            self.answer(state, link, place, reply);
        }
        if !calls.is_empty() {
            self.answer_calls(state, link, place, calls);
        }
    }

    /// Records an event, and what it says about its turn.
    pub(super) fn event(&self, state: &mut State, place: &Place, event: Event) {
        if let Some(turn) = state.turn_mut(place) {
            turn.finished |= event.kind == EventKind::TurnFinished.name();
            turn.failed |= event.kind == EventKind::Error.name();
        }
        let turn = state.number(place);
        self.setup.recorder.push(What::Event { session: place.session.clone(), turn, event });
    }

    /// An event that no frame made.
    pub(super) fn own_event(&self, state: &mut State, place: &Place, kind: EventKind, fields: Value) {
        let mut fields = match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        if let (EventKind::TurnFinished, Some(partial)) = (kind, self.reduced(state, place)) {
            fields.insert("final".to_owned(), partial);
        }
        self.event(state, place, Event { kind: kind.name().to_owned(), fields, batch: None });
    }

    /// The request that a frame replies to. The first reply answers; later ones are ordinary frames.
    fn reply_to(&self, state: &mut State, link: LinkId, frame: &Value) -> Option<usize> {
        let rpc = self.protocol.rpc.as_ref()?;
        let waiting: Vec<_> =
            state.links[link].pending.iter().enumerate().filter(|(_, pending)| pending.reply.is_none()).map(|(at, _)| at).collect();
        for at in waiting {
            let pending = &state.links[link].pending[at];
            let names = self.names(state, &pending.place, pending.local.clone());
            match matches(&rpc.reply, frame, &names) {
                Ok(true) => return Some(at),
                Ok(false) => {}
                Err(reason) => self.fault(state, reason),
            }
        }
        None
    }

    /// Saves at once what the request wanted saved: the frames that follow may already need it.
    fn take_reply(&self, state: &mut State, link: LinkId, at: usize, frame: &Value) -> Place {
        let Some(rpc) = &self.protocol.rpc else { return state.latest(&self.setup.default_session) };
        let error = jsonpath::first(&rpc.error, frame).filter(|error| !error.is_null());
        let result = jsonpath::first(&rpc.result, frame);
        let pending = &mut state.links[link].pending[at];
        let (place, keep, save) = (pending.place.clone(), pending.keep, std::mem::take(&mut pending.save));
        if let (None, Some(result)) = (&error, &result) {
            for (name, paths) in &save {
                if let Some(value) = source::first(paths, result) {
                    self.save(state, &place, keep, name, value);
                }
            }
        }
        state.links[link].pending[at].reply = Some(RpcReply { result, error, frame: 0 });
        place
    }
}
