//! To which session and turn a frame belongs.
//!
//! Owns: the reading of `belongs`, and what holds where a frame does not say.
//! Must not know: what the frame means.

use super::shared::Shared;
use super::state::{LinkId, Place, State};
use crate::matching::jsonpath;
use crate::model::protocol::Naming;
use crate::model::tree::Node;
use indexmap::IndexMap;
use serde_json::Value;

/// True if a frame names a session that is none of this case's, and no turn of it: a task of the agent's own, say, or a helper that it
/// started by itself. Its calls count; but its end is the end of no turn here.
pub(super) fn is_foreign(shared: &Shared, state: &State, link: LinkId, frame: &Value) -> bool {
    let Some(belongs) = &shared.protocol.belongs else { return false };
    let labels: Vec<&String> = match &state.links[link].session {
        Some(own) => vec![own],
        None => state.sessions.keys().collect(),
    };
    if labels.is_empty() {
        return false;
    }
    let latest = labels.iter().map(|label| state.latest(label)).collect::<Vec<_>>();
    let turns = || labels.iter().flat_map(|label| turns(state, label)).collect::<Vec<_>>();
    matches!(named(shared, state, &belongs.session, frame, &latest), Named::Other)
        && !matches!(named(shared, state, &belongs.turn, frame, &turns()), Named::This(_))
}

/// The place of a frame: by what it names; else by its connection; else the only session's latest turn. A frame that names a turn
/// which nobody began (or whose name is known to no turn that goes on) belongs to its session and to no turn.
pub(super) fn place(shared: &Shared, state: &State, link: LinkId, frame: &Value) -> Place {
    let own = &state.links[link];
    if let (Some(session), Some(turn)) = (&own.session, own.turn) {
        return Place { session: session.clone(), turn: Some(turn) };
    }
    let home = own.session.clone().unwrap_or_else(|| home(shared, state));
    let Some(belongs) = &shared.protocol.belongs else { return state.latest(&home) };
    let candidates: Vec<String> = match &own.session {
        Some(session) => vec![session.clone()],
        None => state.sessions.keys().cloned().collect(),
    };
    let sessions = candidates.iter().map(|label| state.latest(label)).collect::<Vec<_>>();
    let session = named(shared, state, &belongs.session, frame, &sessions);
    let candidates = match &session {
        Named::This(place) => vec![place.session.clone()],
        _ => candidates,
    };
    let turns = candidates.iter().rev().flat_map(|label| turns(state, label)).collect::<Vec<_>>();
    match (named(shared, state, &belongs.turn, frame, &turns), session) {
        (Named::This(place), _) => place,
        (Named::Silent, Named::This(place)) => place,
        (Named::Silent, Named::Silent) => state.latest(&home),
        (Named::Silent, Named::Other) => Place { session: home, turn: None },
        (Named::Other, Named::This(place)) => Place { turn: None, ..place },
        (Named::Other, _) => Place { session: home, turn: None },
    }
}

/// The place of a frame of an answer: the turn that asked, unless the frame names another.
pub(super) fn of_answer(shared: &Shared, state: &State, asked_by: &Place, frame: &Value) -> Place {
    let Some(belongs) = &shared.protocol.belongs else { return asked_by.clone() };
    match named(shared, state, &belongs.turn, frame, std::slice::from_ref(asked_by)) {
        Named::This(_) | Named::Silent => asked_by.clone(),
        Named::Other => match named(shared, state, &belongs.turn, frame, &turns(state, &asked_by.session)) {
            Named::This(place) => place,
            _ => Place { turn: None, ..asked_by.clone() },
        },
    }
}

/// Whether a frame of an answer is of the turn that asked.
pub(super) fn is_of(shared: &Shared, state: &State, asked_by: &Place, frame: &Value) -> bool {
    of_answer(shared, state, asked_by, frame).turn == asked_by.turn
}

/// What a frame names in place of the turn that asked, in words.
pub(super) fn named_instead(shared: &Shared, state: &State, asked_by: &Place, frame: &Value) -> Option<String> {
    let names = shared.names(state, asked_by, IndexMap::new());
    let way = shared.protocol.belongs.as_ref()?.turn.iter().find(|way| values(way, frame).is_some())?;
    way.iter().find_map(|(path, node)| {
        let (found, own) = (jsonpath::first(path, frame)?, node.fill(&names).ok().flatten()?);
        (found != own).then(|| format!("`{}` is {found}, not {own}", path.source))
    })
}

enum Named {
    This(Place),
    /// It names one that is not known.
    Other,
    /// It names none.
    Silent,
}

/// Which of the candidates a frame names. One whose name is not known yet (its request is still under way) is it if no other fits.
fn named(shared: &Shared, state: &State, ways: &[Naming], frame: &Value, candidates: &[Place]) -> Named {
    let Some(found) = ways.iter().find_map(|way| values(way, frame)) else { return Named::Silent };
    let mut nameless = Vec::new();
    for place in candidates {
        let names = shared.names(state, place, IndexMap::new());
        let fill = |(_, node): &(Value, &Node)| node.fill(&names).ok().flatten().filter(|value| !value.is_null());
        let known: Vec<(Option<Value>, &Value)> = found.iter().map(|pair| (fill(pair), &pair.0)).collect();
        let differs = known.iter().any(|(own, value)| own.as_ref().is_some_and(|own| own != *value));
        match known.iter().all(|(own, _)| own.is_some()) {
            _ if differs => {}
            true => return Named::This(place.clone()),
            false if state.turn(place).is_none_or(|turn| !turn.finished) => nameless.push(place),
            false => {}
        }
    }
    match nameless.as_slice() {
        [only] => Named::This((*only).clone()),
        _ => Named::Other,
    }
}

/// What a frame has at all paths of one way to name something, beside what it is compared with.
fn values<'a>(way: &'a Naming, frame: &Value) -> Option<Vec<(Value, &'a Node)>> {
    let found: Option<Vec<_>> = way.iter().map(|(path, node)| Some((jsonpath::first(path, frame)?, &**node))).collect();
    found.filter(|found| !found.is_empty())
}

/// The turns of a session, latest first.
fn turns(state: &State, label: &str) -> Vec<Place> {
    let count = state.sessions.get(label).map_or(0, |session| session.turns.len());
    (0..count).rev().map(|turn| Place { session: label.to_owned(), turn: Some(turn) }).collect()
}

/// The session of frames that name none: the only one, or the case's own.
fn home(shared: &Shared, state: &State) -> String {
    let mut used = state.sessions.iter().filter(|(_, session)| session.opened && session.link.is_none()).map(|(label, _)| label);
    match (used.next(), used.next()) {
        (Some(only), None) => only.clone(),
        _ => shared.setup.default_session.clone(),
    }
}
