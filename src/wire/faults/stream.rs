//! What a fault does to an event stream.
//!
//! Owns: each fault's effect on the pieces.
//! Must not know: which replies have faults, writes, sockets.

use super::identity;
use super::piece::{Event, Piece, is_terminal};
use super::place::{candidates, chosen};
use crate::model::fake::Abort;
use crate::model::fault::{Act, Extra, Nth, Whole};
use crate::wire::sse;
use crate::wire::stream::Step;

/// What stands where JSON is expected.
pub const NOT_JSON: &str = "{not json";

/// Does it to the pieces. The error says why it cannot be done to this reply.
pub fn act(pieces: &mut Vec<Piece>, act: &Act, on: Option<&str>, nth: Nth) -> Result<(), String> {
    let candidates = candidates(pieces, act, on);
    let places = chosen(&candidates, act, on, nth)?;
    let first = places[0];
    match act {
        Act::Swap => return swap(pieces, first, &candidates),
        Act::Cut(how) => cut(pieces, first, *how),
        Act::ResponseId => change_id(pieces, first, "the response", identity::response_id)?,
        Act::ItemId => change_id(pieces, first, "an item", identity::item_id)?,
        act => {
            let mut places = places.into_iter().peekable();
            let mut done = Vec::with_capacity(pieces.len() + places.len());
            for (at, piece) in pieces.drain(..).enumerate() {
                match (piece, places.next_if_eq(&at)) {
                    (Piece::Event(event), Some(_)) => act_on(event, act, &mut done),
                    (piece, _) => done.push(piece),
                }
            }
            *pieces = done;
        }
    }
    Ok(())
}

/// What comes out in place of the event.
fn act_on(mut event: Event, act: &Act, done: &mut Vec<Piece>) {
    let wait = match act {
        Act::Drop => return,
        Act::Malformed => {
            event.data = NOT_JSON.to_owned();
            None
        }
        Act::Truncated => {
            event.data.truncate(middle(&event.data));
            None
        }
        Act::Duplicate => {
            done.push(Piece::Event(event.clone()));
            None
        }
        Act::Extra(extra) => {
            done.push(extra_block(extra, event.name.is_some()));
            None
        }
        Act::Stall(None) => Some(Step::Hold),
        Act::Stall(Some(time)) => Some(Step::Delay(*time)),
        Act::HalfOpen => Some(Step::Vanish),
        Act::Swap | Act::Cut(_) | Act::ResponseId | Act::ItemId => unreachable!("these are about more than one event"),
    };
    done.push(Piece::Event(event));
    done.extend(wait.map(Piece::Wait));
}

fn cut(pieces: &mut Vec<Piece>, at: usize, how: Abort) {
    let torn = if how == Abort::Half { torn(&pieces[at + 1..]) } else { Vec::new() };
    pieces.truncate(at + 1);
    pieces.push(Piece::Abort(how, torn));
}

fn change_id(pieces: &mut [Piece], at: usize, whose: &str, id: fn(&Event) -> Option<String>) -> Result<(), String> {
    let Some(event) = pieces[at].event() else { unreachable!("only events are chosen") };
    let id = id(event).ok_or_else(|| format!("the event `{}` carries no id of {whose}", event.kind))?;
    identity::change(&mut pieces[at..], &id);
    Ok(())
}

/// The event and the next of those that were meant change places; what stands between stays.
fn swap(pieces: &mut [Piece], at: usize, candidates: &[usize]) -> Result<(), String> {
    match candidates.iter().find(|other| **other > at) {
        Some(other) => {
            pieces.swap(at, *other);
            Ok(())
        }
        None => Err("there is no other such event after it to change places with".to_owned()),
    }
}

/// The event that would have come next.
fn torn(rest: &[Piece]) -> Vec<u8> {
    match rest.iter().find_map(Piece::event) {
        Some(event) => encoded(event),
        None => b"data: {}\n\n".to_vec(),
    }
}

pub fn encoded(event: &Event) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(event.data.len() + 64);
    sse::text_event(&mut bytes, event.name.as_deref(), &event.data);
    bytes
}

/// `named`: events have names on this wire.
fn extra_block(extra: &Extra, named: bool) -> Piece {
    let bytes = match extra {
        Extra::IdOnly => b"id: 1\n\n".to_vec(),
        Extra::RetryOnly => b"retry: 3000\n\n".to_vec(),
        Extra::EmptyData => b"data:\n\n".to_vec(),
        Extra::Comment(text) => {
            let mut bytes = Vec::new();
            sse::comment(&mut bytes, text);
            bytes
        }
        Extra::Unknown(kind) => {
            let data = serde_json::json!({"type": kind}).to_string();
            return Piece::Event(Event { name: named.then(|| kind.clone()), data, kind: kind.clone() });
        }
    };
    Piece::Block(bytes)
}

/// The last place for a cut that is not beyond the middle of a text.
fn middle(text: &str) -> usize {
    (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// What the layout has to know besides the pieces.
#[derive(Debug, Default)]
pub struct Marks {
    pub bom: bool,
    pub slow: Option<std::time::Duration>,
}

/// Does it to the whole stream. The error says why it cannot be done to this one.
pub fn whole(pieces: &mut Vec<Piece>, marks: &mut Marks, whole: &Whole) -> Result<(), String> {
    let before = pieces.len();
    match whole {
        Whole::NoTerminal => {
            pieces.retain(|piece| !piece.event().is_some_and(|event| is_terminal(&event.kind)));
            changed(pieces.len() != before, "no event of it says that it is complete")
        }
        Whole::NoDone => {
            pieces.retain(|piece| piece.event().is_none_or(|event| event.kind != "done"));
            changed(pieces.len() != before, "it has no `[DONE]`; only chat completions end with it")
        }
        Whole::NoNames => {
            let mut named = false;
            for piece in pieces {
                if let Piece::Event(event) = piece {
                    named |= event.name.take().is_some();
                }
            }
            changed(named, "its events have no names; those of chat completions never do")
        }
        Whole::Bom => {
            marks.bom = true;
            Ok(())
        }
        Whole::Slow(gap) => {
            marks.slow = Some(*gap);
            Ok(())
        }
        Whole::EmptyBody => {
            pieces.clear();
            Ok(())
        }
        Whole::NoEnd => {
            pieces.push(Piece::Wait(Step::Hold));
            Ok(())
        }
        Whole::BeyondAscii => {
            let beyond = |piece: &Piece| piece.event().is_some_and(|event| !event.data.is_ascii());
            changed(pieces.iter().any(beyond), "all its characters are single bytes, so none can be split")
        }
        // Said in the head, which is not made here.
        Whole::ContentType(_) => Ok(()),
    }
}

fn changed(changed: bool, otherwise: &str) -> Result<(), String> {
    if changed { Ok(()) } else { Err(otherwise.to_owned()) }
}
