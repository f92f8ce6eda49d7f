//! The conversation of one attempt of a case with its agent: everything that steps may ask of it.
//!
//! Owns: the public functions, the opening of connections and sessions (turns are in `turns`).
//! Must not know: transports, rules, frames.

use super::links::{NotOpen, Opened};
use super::names::Names;
use super::requests::Request;
use super::settings;
use super::setup::{ConnectOptions, RpcReply, Setup, TurnRequest};
use super::shared::Shared;
use super::state::{Keep, LinkId, Place};
use super::steps::Run;
use super::stop::{Stop, suite};
use crate::model::trace::{Binding, Blame, Cause, StepError, What};
use crate::transports::Outgoing;
use indexmap::IndexMap;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A peer that refuses a handshake closes soon after; whoever waits for the reason waits no longer than this.
const REFUSAL: Duration = Duration::from_secs(1);
/// For raw frames, which have no time limit of their own.
const SENDING: Duration = Duration::from_secs(30);

/// One attempt's conversation. Nothing is opened before it is needed. Dropping it cuts its connections and kills its processes.
pub struct Conversation {
    pub(super) shared: Arc<Shared>,
    /// Settings that are not allowed; told by the first function that is asked.
    refused: Option<StepError>,
}

impl Conversation {
    pub fn new(setup: Setup) -> Conversation {
        let shared = Arc::new(Shared::new(setup));
        let refused = shared.set(None, &IndexMap::new()).err();
        Conversation { shared, refused }
    }

    fn checked(&self) -> Result<(), StepError> {
        self.refused.clone().map_or(Ok(()), Err)
    }

    /// Opens a connection: the one of all sessions, or one for this session. An open one is closed first.
    /// Returns `{result, error, closed}`, as far as there is any: a refusal is not an error of this function.
    pub async fn connect(&self, session: Option<&str>, options: ConnectOptions) -> Result<Value, StepError> {
        let shared = &self.shared;
        if !options.written {
            self.checked()?;
        }
        let per_session = shared.protocol.open.per_session;
        if shared.is_exec() {
            shared.set(session, &options.settings)?;
            return Ok(json!({}));
        }
        if per_session && session.is_none() && !options.written {
            return Ok(json!({}));
        }
        let session = session.or(per_session.then_some(shared.setup.default_session.as_str()));
        let _one = shared.opening.lock().await;
        let old = match session {
            Some(label) => shared.state().sessions.get(label).and_then(|session| session.link),
            None => shared.state().shared,
        };
        if let Some(old) = old {
            shared.hang_up(old).await;
        }
        match shared.open(session, &options).await {
            Ok(Opened { result, .. }) => Ok(result.map_or(json!({}), |result| json!({"result": result}))),
            Err(NotOpen::Refused(error)) => Ok(json!({"error": error.shown()})),
            Err(NotOpen::Fault(error)) => Err(error),
            // The first steps of a process are how one knows that it can be spoken to.
            Err(NotOpen::Stopped(_, Stop::Fault(error))) if shared.is_stdio() && !options.written => Err(not_ready(error)),
            Err(NotOpen::Stopped(link, stop)) => self.refusal(link, stop).await,
        }
    }

    async fn refusal(&self, link: LinkId, stop: Stop) -> Result<Value, StepError> {
        let mut value = json!({});
        let closed = match stop {
            Stop::Refused { error, .. } => {
                value["error"] = error;
                self.shared.until(Instant::now() + REFUSAL, |state| state.links[link].ending.clone()).await
            }
            Stop::Unanswered(message) => {
                value["error"] = json!({"message": message});
                None
            }
            Stop::Dead(ending) => Some(ending),
            Stop::Fault(error) => return Err(error),
        };
        if let Some(ending) = closed {
            value["closed"] = ending.closed();
        }
        Ok(value)
    }

    /// Opens a session before its first use: its connection, and the protocol's `session` steps. Needed before a step that
    /// uses `{{session.x}}`; `user` and `act` do it by themselves.
    pub async fn open_session(&self, session: &str, key: Option<&str>, within: Duration) -> Result<(), StepError> {
        self.ready(session, key, Instant::now() + within).await.map(|_| ()).map_err(|stop| stop.error("session"))
    }

    /// The session's connection; `None` for `exec`.
    pub(super) async fn ready(&self, label: &str, key: Option<&str>, deadline: Instant) -> Result<Option<LinkId>, Stop> {
        self.checked()?;
        let shared = &self.shared;
        {
            let mut state = shared.state();
            let session = state.session(label, || shared.key(label));
            match key {
                Some(key) if session.key != key => {
                    if session.opened {
                        return Err(suite(format!("session `{label}` is already known by another key ({})", session.key)).into());
                    }
                    session.key = key.into();
                }
                _ => {}
            }
        }
        let link = if shared.is_exec() { None } else { Some(shared.link(label, deadline).await?) };
        let _one = shared.opening.lock().await;
        let opened = shared.state().sessions.get(label).is_some_and(|session| session.opened);
        if !opened {
            if let Some(link) = link {
                shared.alive(link)?;
            }
            self.begin_session(label, link, deadline).await?;
        }
        Ok(link)
    }

    async fn begin_session(&self, label: &str, link: Option<LinkId>, deadline: Instant) -> Result<(), Stop> {
        let shared = &self.shared;
        let key = {
            let mut state = shared.state();
            let session = state.session(label, || shared.key(label));
            session.opened = true;
            session.key.clone()
        };
        shared.setup.recorder.push(What::Bind(Binding {
            name: "session".to_owned(),
            value: key,
            session: Some(label.to_owned()),
            turn: None,
        }));
        let place = Place { session: label.to_owned(), turn: None };
        let within = deadline.saturating_duration_since(Instant::now());
        let mut run = Run::new(shared, place, link, Keep::Session, IndexMap::new(), within);
        let outcome = run.list(&shared.protocol.session).await;
        if outcome.is_err() {
            shared.state().session(label, || shared.key(label)).opened = false;
        }
        outcome
    }

    /// Carries out an action of the protocol for the session's latest turn. Returns what the last request in it returned.
    pub async fn act(&self, action: &str, request: TurnRequest) -> Result<Value, StepError> {
        let what = format!("do: {action}");
        let deadline = Instant::now() + request.within;
        let link = self.ready(&request.session, request.key.as_deref(), deadline).await.map_err(|stop| stop.error(&what))?;
        let place = self.shared.state().latest(&request.session);
        let local = request.with.into_iter().collect();
        let mut run = Run::new(&self.shared, place, link, Keep::Turn, local, request.within);
        let result = run.action(action).await.map_err(|stop| stop.error(&what))?;
        Ok(result.map_or(json!({}), |result| json!({"result": result})))
    }

    /// A request of the suite. An error in its reply is returned, not made an error.
    pub async fn rpc(&self, session: &str, method: &str, params: Option<Value>, within: Duration) -> Result<RpcReply, StepError> {
        self.checked()?;
        let deadline = Instant::now() + within;
        let what = format!("rpc: {method}");
        let link = self.link(session, deadline).await.map_err(|stop| stop.error(&what))?;
        let place = self.shared.state().latest(session);
        let request =
            Request { link, place, method: method.to_owned(), params, local: IndexMap::new(), save: vec![], keep: Keep::Session, within };
        self.shared.request(request).await.map_err(|stop| stop.error(&what))
    }

    async fn link(&self, session: &str, deadline: Instant) -> Result<LinkId, Stop> {
        if self.shared.is_exec() {
            return Err(suite("the transport `exec` has no connection that lasts; a turn's process takes no frames").into());
        }
        self.shared.takes_frames()?;
        self.shared.link(session, deadline).await
    }

    /// Sends a raw frame. A connection that closes while the frame is being sent is no error: the event `closed` tells of it.
    pub async fn send(&self, session: &str, frame: Outgoing) -> Result<(), StepError> {
        self.checked()?;
        let deadline = Instant::now() + SENDING;
        let link = self.link(session, deadline).await.map_err(|stop| stop.error("send"))?;
        self.shared.alive(link).map_err(|stop| stop.error("send"))?;
        let place = self.shared.state().latest(session);
        match self.shared.transmit(link, &place, frame, deadline).await {
            Ok(()) => Ok(()),
            Err(Stop::Dead(ending)) if !ending.by_us => {
                self.shared.setup.recorder.note(format!("the connection closed while a frame was being sent ({})", ending.shown()));
                Ok(())
            }
            Err(stop) => Err(stop.error("send")),
        }
    }

    /// Cuts the session's connection from this side, or ends the process of its turn. What goes on is not awaited.
    /// Over HTTP it is the answers under way that are cut.
    pub async fn disconnect(&self, session: &str) -> Result<(), StepError> {
        if self.shared.asks() {
            return self.shared.cut_answers(session).await;
        }
        let link = {
            let state = self.shared.state();
            let process = state.turn(&state.latest(session)).and_then(|turn| turn.link).filter(|_| self.shared.is_exec());
            process.or(state.link_of(session))
        };
        match link {
            Some(link) => {
                self.shared.hang_up(link).await;
                Ok(())
            }
            None => Err(suite(format!("session `{session}` has no connection that could be cut"))),
        }
    }

    /// Takes the session's connection up again after [`Conversation::disconnect`]: a new connection, or the turn's event stream
    /// after `last_event_id` (without one, after the last event that arrived). Returns what `connect` does, or `{status, headers}`.
    pub async fn reconnect(&self, session: &str, last_event_id: Option<String>, within: Duration) -> Result<Value, StepError> {
        if self.shared.asks() {
            return self.shared.resume(session, last_event_id, within).await;
        }
        if last_event_id.is_some() {
            return Err(suite("`last_event_id` belongs to event streams, and this transport has none"));
        }
        let own = self.shared.state().sessions.get(session).is_some_and(|session| session.link.is_some());
        let options = ConnectOptions { written: true, within, ..ConnectOptions::default() };
        self.connect(own.then_some(session), options).await
    }

    /// The agent was started again: its connections are gone, and the next ones lead to `url`. What sessions saved stays.
    pub async fn restarted(&self, url: Option<String>) {
        self.hang_up_all().await;
        let mut state = self.shared.state();
        state.shared = None;
        state.sessions.values_mut().for_each(|session| session.link = None);
        drop(state);
        self.shared.process_began();
        self.shared.answered.store(false, std::sync::atomic::Ordering::Relaxed);
        *self.shared.url.lock().expect("no panic happens under this lock") = url;
    }

    /// How the agent's process ended, for who saw it not answer; `None` if it goes on, or is none of ours.
    pub async fn process_end(&self) -> Option<String> {
        self.shared.last_breath().await
    }

    /// The agent answered a request that is none of the protocol's.
    pub fn has_answered(&self) {
        self.shared.answered.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    /// True if the agent answered a request since it was started.
    pub fn was_answered(&self) -> bool {
        self.shared.answered.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Hears the streams of turns that have ended out and leaves them: an agent that ends in good order would wait for them.
    pub async fn hear_out(&self) {
        self.shared.hear_out().await;
    }

    /// True if a connection was being opened, its first steps included, when this was given up.
    pub fn was_opening(&self) -> bool {
        self.shared.is_opening.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// `{{session}}`, `{{session.x}}`, `{{turn.x}}` and `{{agent.x}}` of a session, over the values known from the start.
    pub fn scope(&self, session: &str) -> Names {
        let state = self.shared.state();
        let names = self.shared.names(&state, &state.latest(session), IndexMap::new());
        Names { lists: Default::default(), settings: Default::default(), tools: None, ..names }
    }

    /// Ends everything that is open. Processes are ended as the agent's `stop` says.
    pub async fn close(&self) {
        let links = self.shared.state().links.len();
        let links = futures_util::future::join_all((0..links).map(|link| self.shared.hear_out_link(link)));
        tokio::join!(self.hear_out(), links);
        let mut tasks = std::mem::take(&mut *self.shared.tasks.lock().expect("no panic happens under this lock"));
        tasks.shutdown().await;
    }

    async fn hang_up_all(&self) {
        let links = self.shared.state().links.len();
        futures_util::future::join_all((0..links).map(|link| self.shared.hang_up(link))).await;
    }
}

/// An agent that does not get through its first steps was not judged.
pub(super) fn not_ready(error: StepError) -> StepError {
    let cause = match error.cause {
        Cause::Agent => Cause::Broken(Blame::AgentStart),
        broken => broken,
    };
    StepError { cause, message: format!("the agent is not ready: {}", error.message), ..error }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        for link in &mut state.links {
            link.sink = None;
            if let Some(reader) = link.reader.take() {
                reader.abort();
            }
        }
        drop(state);
        self.shared.lingering.lock().expect("no panic happens under this lock").abort();
        self.shared.tasks.lock().expect("no panic happens under this lock").abort_all();
    }
}

/// What a protocol refuses to be set to, before anything is run.
pub fn check_settings(setup: &Setup) -> Result<(), String> {
    settings::resolve(&setup.agent.protocol, &setup.settings, &IndexMap::new(), &setup.recorder).map(|_| ())
}
