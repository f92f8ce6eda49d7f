//! What a conversation remembers: sessions, turns, connections.
//!
//! Owns: the data, and questions about it.
//! Must not know: sockets, how anything of it is carried out.

use super::events::Decoder;
use super::names::Values;
use super::setup::RpcReply;
use super::streams::OpenAnswer;
use crate::model::pattern::JsonPath;
use crate::model::tool::FunctionCall;
use crate::transports::Ending;
use crate::transports::connection::FrameSink;
use crate::transports::websocket::WebSocketOpen;
use crate::wire::core2::Reducer;
use indexmap::IndexMap;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::task::JoinHandle;

pub(super) type LinkId = usize;

#[derive(Default)]
pub(super) struct State {
    /// Of the agent and of `connect` steps without a session.
    pub(super) settings: Values,
    /// `{{agent.x}}`.
    pub(super) agent: Values,
    pub(super) sessions: IndexMap<String, Session>,
    /// Ended ones stay, so that their ids and their endings are known.
    pub(super) links: Vec<Link>,
    /// The connection of all sessions that have none of their own.
    pub(super) shared: Option<LinkId>,
    /// Frames so far; numbers the batches.
    pub(super) frames: u64,
    /// Faults of the protocol file that were told.
    pub(super) told: Vec<String>,
    /// Answers that are being waited for or read.
    pub(super) answers: Vec<OpenAnswer>,
}

#[derive(Default)]
pub(super) struct Session {
    pub(super) key: Value,
    /// Set by `connect` with this session; replaces those of the conversation.
    pub(super) settings: Option<Values>,
    pub(super) saved: Values,
    pub(super) lists: Values,
    pub(super) turns: Vec<Turn>,
    /// Saved by actions before there was a turn.
    pub(super) before_turns: Values,
    pub(super) link: Option<LinkId>,
    /// Its `session` steps were carried out.
    pub(super) opened: bool,
    pub(super) decoder: Decoder,
    /// Calls that the client runs or has run, by turn and id.
    pub(super) ran: HashSet<(Option<usize>, String)>,
    /// Calls of the answer that is being read, with their turn; they are run when it was read.
    pub(super) due: Vec<(Option<usize>, FunctionCall)>,
    /// Held while the calls of one message are answered, where their answers are collected in lists.
    pub(super) answering: Arc<tokio::sync::Mutex<()>>,
    /// The message decoded last asks for calls that its client has to run.
    pub(super) asked: bool,
}

pub(super) struct Turn {
    /// Its place in `$.turns`.
    pub(super) number: usize,
    pub(super) saved: Values,
    pub(super) finished: bool,
    /// An `error` event was seen.
    pub(super) failed: bool,
    pub(super) link: Option<LinkId>,
    /// What its events add up to, where the protocol says `reduce: core2`.
    pub(super) reduced: Option<Reducer>,
}

/// A turn by its session's label and its place in that session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) session: String,
    pub(super) turn: Option<usize>,
}

pub(super) struct Link {
    /// Gone once the connection has ended.
    pub(super) sink: Option<Arc<tokio::sync::Mutex<FrameSink>>>,
    /// Reads what arrives.
    pub(super) reader: Option<JoinHandle<()>>,
    /// The session that it is of; `None`: of all.
    pub(super) session: Option<String>,
    /// The turn that it is of (a process).
    pub(super) turn: Option<usize>,
    pub(super) ending: Option<Ending>,
    /// Ids of requests so far.
    pub(super) requests: u64,
    pub(super) pending: Vec<Pending>,
    pub(super) taps: Vec<Tap>,
    next_tap: u64,
    /// Where requests go to and with what, for transports without a connection that lasts.
    pub(super) base: Option<WebSocketOpen>,
}

/// A request whose reply is awaited.
pub(super) struct Pending {
    pub(super) id: u64,
    pub(super) place: Place,
    /// The names of its reply pattern: `id`, `method`, `params`.
    pub(super) local: IndexMap<String, Value>,
    pub(super) save: Vec<(Arc<str>, Vec<JsonPath>)>,
    pub(super) keep: Keep,
    pub(super) reply: Option<RpcReply>,
}

/// What a protocol's own step saves is named by where the step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// By `before`: as `Agent`, but a name that is a setting replaces its value.
    Before,
    Agent,
    Session,
    Turn,
}

/// Frames kept for the `await` steps of a list of steps that is being carried out.
pub(super) struct Tap {
    pub(super) id: u64,
    pub(super) frames: Vec<Value>,
}

impl State {
    pub(super) fn session(&mut self, label: &str, key: impl FnOnce() -> String) -> &mut Session {
        // Asked for with each frame, so the label is copied only once.
        if !self.sessions.contains_key(label) {
            self.sessions.insert(label.to_owned(), Session { key: key().into(), ..Session::default() });
        }
        self.sessions.get_mut(label).expect("it is there")
    }

    /// The connection that a session uses.
    pub(super) fn link_of(&self, session: &str) -> Option<LinkId> {
        self.sessions.get(session).and_then(|session| session.link).or(self.shared)
    }

    pub(super) fn settings_of(&self, session: Option<&str>) -> &Values {
        session.and_then(|label| self.sessions.get(label)?.settings.as_ref()).unwrap_or(&self.settings)
    }

    pub(super) fn turn(&self, place: &Place) -> Option<&Turn> {
        self.sessions.get(&place.session)?.turns.get(place.turn?)
    }

    pub(super) fn turn_mut(&mut self, place: &Place) -> Option<&mut Turn> {
        self.sessions.get_mut(&place.session)?.turns.get_mut(place.turn?)
    }

    /// The number that records use for the turn of a place.
    pub(super) fn number(&self, place: &Place) -> Option<usize> {
        self.turn(place).map(|turn| turn.number)
    }

    /// The latest turn of a session.
    pub(super) fn latest(&self, session: &str) -> Place {
        let turns = self.sessions.get(session).map_or(0, |session| session.turns.len());
        Place { session: session.to_owned(), turn: turns.checked_sub(1) }
    }

    /// The turns that were sent over a connection and have not ended.
    pub(super) fn open_turns(&self, link: LinkId) -> Vec<Place> {
        let mut open = Vec::new();
        for (label, session) in &self.sessions {
            let turns = session.turns.iter().enumerate().filter(|(_, turn)| !turn.finished && turn.link == Some(link));
            open.extend(turns.map(|(at, _)| Place { session: label.clone(), turn: Some(at) }));
        }
        open
    }

    /// The sessions that use a connection.
    pub(super) fn users(&self, link: LinkId) -> Vec<String> {
        let uses = |(label, session): (&String, &Session)| {
            let uses = session.link == Some(link) || session.link.is_none() && session.opened && self.shared == Some(link);
            uses.then(|| label.clone())
        };
        self.sessions.iter().filter_map(uses).collect()
    }
}

impl Link {
    pub(super) fn new(sink: FrameSink, session: Option<String>, turn: Option<usize>) -> Link {
        let sink = Some(Arc::new(tokio::sync::Mutex::new(sink)));
        Link { sink, reader: None, session, turn, ending: None, requests: 0, pending: vec![], taps: vec![], next_tap: 0, base: None }
    }

    pub(super) fn tap(&mut self) -> u64 {
        self.next_tap += 1;
        self.taps.push(Tap { id: self.next_tap, frames: vec![] });
        self.next_tap
    }
}

/// Adds a value to a shared table; snapshots taken before keep what they had.
pub(super) fn put(values: &mut Values, name: &str, value: Value) {
    Arc::make_mut(values).insert(name.to_owned(), value);
}
