//! What the parts of a conversation share: its state, its names, its records, and those who wait for news.
//!
//! Owns: the lock, snapshots of names, saving, waiting.
//! Must not know: transports, rules, how a step is carried out.

use super::lingering::Lingering;
use super::names::{Names, Random, Values};
use super::setup::Setup;
use super::state::{Keep, LinkId, Place, State, put};
use super::stop::Stop;
use crate::base::redact::is_key;
use crate::model::protocol::Protocol;
use crate::model::trace::{Binding, Blame, Problem, What};
use crate::recorder::News;
use crate::transports::Ending;
use indexmap::IndexMap;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use tokio::task::JoinSet;
use tokio::time::Instant;

pub(super) struct Shared {
    pub(super) setup: Setup,
    pub(super) protocol: Arc<Protocol>,
    /// Those of the agent, where no step gives others.
    pub(super) settings: OnceLock<Values>,
    state: Mutex<State>,
    news: News,
    /// Answers that the engine gives by itself (approvals, replies to requests of the agent).
    pub(super) tasks: Mutex<JoinSet<()>>,
    /// Streams of turns that have ended.
    pub(super) lingering: Mutex<Lingering>,
    /// Connections and sessions are opened one after another.
    pub(super) opening: tokio::sync::Mutex<()>,
    pub(super) random: Random,
    /// Where the agent listens now; changes when it was started again.
    pub(super) url: Mutex<Option<String>>,
    /// It answered a request since it was started. One that never did was not there.
    pub(super) answered: AtomicBool,
    /// The record from which on an end of the agent's process is that of the one that runs now.
    pub(super) life_began: AtomicUsize,
    /// The first connection is being opened; it stays so if that is given up.
    pub(super) is_opening: AtomicBool,
}

impl Shared {
    pub(super) fn new(setup: Setup) -> Shared {
        Shared {
            protocol: setup.agent.protocol.clone(),
            settings: OnceLock::new(),
            state: Mutex::default(),
            news: News::default(),
            tasks: Mutex::default(),
            lingering: Mutex::default(),
            opening: tokio::sync::Mutex::new(()),
            random: Random::new(setup.seed),
            url: Mutex::new(setup.url.clone()),
            answered: AtomicBool::new(false),
            life_began: AtomicUsize::new(0),
            is_opening: AtomicBool::new(false),
            setup,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic happens under this lock")
    }

    /// Wakes those who wait; called after the state was changed.
    pub(super) fn tell(&self) {
        self.news.tell();
    }

    /// Waits until `check` gives something; `None` if that does not happen before the deadline.
    pub(super) async fn until<T>(&self, deadline: Instant, mut check: impl FnMut(&mut State) -> Option<T>) -> Option<T> {
        let found = self.news.wait(|| check(&mut self.state()));
        match tokio::time::timeout_at(deadline, found).await {
            Ok(found) => Some(found),
            Err(_) => check(&mut self.state()),
        }
    }

    /// The key that a session is known by to the agent, unless a step gave another.
    pub(super) fn key(&self, label: &str) -> String {
        format!("{label}-{}-{}", self.setup.case_slug, self.setup.attempt)
    }

    /// All names as they are at a place.
    pub(super) fn names(&self, state: &State, place: &Place, local: IndexMap<String, Value>) -> Names {
        let session = state.sessions.get(&place.session);
        let turn = state.turn(place).map(|turn| &turn.saved).or(session.map(|session| &session.before_turns));
        Names {
            local,
            key: session.map_or_else(|| self.key(&place.session).into(), |session| session.key.clone()),
            session: session.map(|session| session.saved.clone()).unwrap_or_default(),
            turn: turn.cloned().unwrap_or_default(),
            agent: state.agent.clone(),
            lists: session.map(|session| session.lists.clone()).unwrap_or_default(),
            settings: state.settings_of(Some(&place.session)).clone(),
            tools: self.setup.tools.clone(),
            random: self.random.clone(),
            start: self.setup.scope.clone(),
        }
    }

    /// Saves a value under the name that its place gives it, and records it.
    pub(super) fn save(&self, state: &mut State, place: &Place, keep: Keep, name: &str, value: Value) {
        let number = state.number(place);
        let (root, session, turn) = match keep {
            Keep::Before if self.protocol.setting(name).is_some() => {
                let secret = value.as_str().filter(|text| is_key(text));
                if let (Some(true), Some(secret)) = (self.protocol.setting(name).map(|setting| setting.secret), secret) {
                    self.setup.recorder.hide(name, secret);
                }
                return put(&mut state.settings, name, value);
            }
            Keep::Before | Keep::Agent => {
                put(&mut state.agent, name, value.clone());
                ("agent", None, None)
            }
            Keep::Session => {
                put(&mut state.session(&place.session, || self.key(&place.session)).saved, name, value.clone());
                ("session", Some(place.session.clone()), None)
            }
            Keep::Turn => {
                match state.turn_mut(place) {
                    Some(turn) => put(&mut turn.saved, name, value.clone()),
                    None => put(&mut state.session(&place.session, || self.key(&place.session)).before_turns, name, value.clone()),
                }
                ("turn", Some(place.session.clone()), number)
            }
        };
        self.setup.recorder.push(What::Bind(Binding { name: format!("{root}.{name}"), value, session, turn }));
    }

    /// A fault of the protocol file that was found during the run; each is told once.
    pub(super) fn fault(&self, state: &mut State, message: String) {
        if !state.told.contains(&message) {
            state.told.push(message.clone());
            self.problem(Some(Blame::Suite), "protocol-fault", format!("protocol `{}`: {message}", self.protocol.name));
        }
    }

    pub(super) fn problem(&self, blame: Option<Blame>, code: &str, message: String) {
        self.setup.recorder.problem(Problem { blame, code: code.to_owned(), message, details: vec![] });
    }

    /// How a connection ended, if it did.
    pub(super) fn alive(&self, link: LinkId) -> Result<(), Stop> {
        self.ending(link).map_or(Ok(()), |ending| Err(Stop::Dead(ending)))
    }

    pub(super) fn ending(&self, link: LinkId) -> Option<Ending> {
        self.state().links[link].ending.clone()
    }
}
