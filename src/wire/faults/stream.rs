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
    // From the last to the first, so that the earlier places stay where they are.
    for &at in places.iter().rev() {
        match act {
            Act::Swap => swap(pieces, at, &candidates)?,
            act => act_at(pieces, act, at)?,
        }
    }
    Ok(())
}

fn act_at(pieces: &mut Vec<Piece>, act: &Act, at: usize) -> Result<(), String> {
    let event = match &mut pieces[at] {
        Piece::Event(event) => event,
        _ => unreachable!("only events are chosen"),
    };
    match act {
        Act::Malformed => event.data = NOT_JSON.to_owned(),
        Act::Truncated => event.data.truncate(middle(&event.data)),
        Act::Duplicate => {
            let twin = Piece::Event(event.clone());
            pieces.insert(at + 1, twin);
        }
        Act::Drop => drop(pieces.remove(at)),
        Act::Extra(extra) => {
            let named = event.name.is_some();
            pieces.insert(at, extra_block(extra, named));
        }
        Act::Cut(how) => {
            let torn = if *how == Abort::Half { torn(&pieces[at + 1..]) } else { Vec::new() };
            pieces.truncate(at + 1);
            pieces.push(Piece::Abort(*how, torn));
        }
        Act::Stall(None) => pieces.insert(at + 1, Piece::Wait(Step::Hold)),
        Act::Stall(Some(time)) => pieces.insert(at + 1, Piece::Wait(Step::Delay(*time))),
        Act::HalfOpen => pieces.insert(at + 1, Piece::Wait(Step::Vanish)),
        Act::ResponseId => {
            let id = identity::response_id(event).ok_or_else(|| format!("the event `{}` carries no id of the response", event.kind))?;
            identity::change(&mut pieces[at..], &id);
        }
        Act::ItemId => {
            let id = identity::item_id(event).ok_or_else(|| format!("the event `{}` carries no id of an item", event.kind))?;
            identity::change(&mut pieces[at..], &id);
        }
        Act::Swap => unreachable!("a swap needs the other places"),
    }
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
    text.floor_char_boundary(text.len() / 2)
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
            pieces.retain(|piece| !piece.event().is_some_and(|event| event.kind == "done"));
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
