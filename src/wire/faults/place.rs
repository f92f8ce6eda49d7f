//! At which events of a reply a fault happens.
//!
//! Owns: which events a fault means that names none, and what is said if there is no such event.
//! Must not know: what happens there.

use super::identity;
use super::piece::{Event, Piece, is_delta};
use crate::model::fault::{Act, Nth};

/// The events that may be meant, by their place among the pieces, in order.
pub fn candidates(pieces: &[Piece], act: &Act, on: Option<&str>) -> Vec<usize> {
    let events = pieces.iter().enumerate().filter_map(|(at, piece)| Some((at, piece.event()?)));
    let meant = |event: &Event| match (on, act) {
        (Some(on), _) => matches(on, &event.kind),
        (None, Act::ResponseId) => identity::response_id(event).is_some(),
        (None, Act::ItemId) => event.kind == "response.output_item.done",
        (None, _) => is_delta(&event.kind),
    };
    // The first event that carries the response's id is the one that says which it is; only a later one can change it.
    let first = usize::from(on.is_none() && *act == Act::ResponseId);
    events.filter(|(_, event)| meant(event)).map(|(at, _)| at).skip(first).collect()
}

/// The events that are meant. The error says what was missing.
pub fn chosen(candidates: &[usize], act: &Act, on: Option<&str>, nth: Nth) -> Result<Vec<usize>, String> {
    let which = on.map_or_else(|| default(act).to_owned(), |on| format!("event `{on}`"));
    let Some(last) = candidates.last() else {
        return Err(format!("there is no {which} in it"));
    };
    match nth {
        Nth::All => Ok(candidates.to_vec()),
        Nth::Last => Ok(vec![*last]),
        Nth::At(nth) => match candidates.get(nth - 1) {
            Some(at) => Ok(vec![*at]),
            None if candidates.len() == 1 => Err(format!("there is only one {which} in it, and `nth` is {nth}")),
            None => Err(format!("of {which} there are only {} in it, and `nth` is {nth}", candidates.len())),
        },
    }
}

fn default(act: &Act) -> &'static str {
    match act {
        Act::ResponseId => "later event with the id of the response",
        Act::ItemId => "event `response.output_item.done`",
        _ => "delta",
    }
}

/// True if the whole text matches; `*` stands for any run of characters.
fn matches(glob: &str, text: &str) -> bool {
    let mut literals = glob.split('*');
    let first = literals.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = literals.next_back() else { return rest.is_empty() };
    for literal in literals {
        match rest.find(literal) {
            Some(at) => rest = &rest[at + literal.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_anything_and_the_rest_for_itself() {
        for (glob, text) in [("a", "a"), ("*", ""), ("response.*.delta", "response.output_text.delta"), ("*a*a*", "xaxa"), ("a*", "a")] {
            assert!(matches(glob, text), "{glob} {text}");
        }
        for (glob, text) in [("a", "ab"), ("", "a"), ("response.*.delta", "response.delta"), ("*a*a*", "xa"), ("ab*b", "ab")] {
            assert!(!matches(glob, text), "{glob} {text}");
        }
    }
}
