//! Connections to the agent: opening, the protocol's `before` and `connect` steps, reading.
//!
//! Owns: which connection a session has, when it is opened, with which headers.
//! Must not know: what frames mean, how a transport works.

use super::conversation::not_ready;
use super::settings;
use super::setup::ConnectOptions;
use super::shared::Shared;
use super::state::{Keep, Link, LinkId, Place};
use super::steps::Run;
use super::stop::{Stop, start, suite};
use crate::model::protocol::{ProtocolVerb, Transport};
use crate::model::template::{Scope, printed};
use crate::model::trace::{StepError, What};
use crate::model::tree::Node;
use crate::transports::connection::{Connection, FrameStream, OpenError};
use crate::transports::websocket::{self, WebSocketOpen};
use crate::transports::{Ending, Incoming, exec, stdio};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use indexmap::IndexMap;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

/// The close code where a connection ended without a closing handshake.
const NO_HANDSHAKE: u16 = 1006;

/// Why there is no connection, or none that can be used.
pub(super) enum NotOpen {
    Refused(OpenError),
    /// The connection is there; its first steps stopped.
    Stopped(LinkId, Stop),
    Fault(StepError),
}

impl From<StepError> for NotOpen {
    fn from(error: StepError) -> NotOpen {
        NotOpen::Fault(error)
    }
}

/// A connection that was opened, and the result of the last request of its `connect` steps.
pub(super) struct Opened {
    pub(super) link: LinkId,
    pub(super) result: Option<Value>,
}

impl Shared {
    /// True if each turn has a process of its own instead of a connection.
    pub(super) fn is_exec(&self) -> bool {
        self.protocol.transport == Transport::Exec
    }

    /// True if a connection is a process.
    pub(super) fn is_stdio(&self) -> bool {
        self.protocol.transport == Transport::Stdio
    }

    /// True if there is no connection that lasts: each turn asks over HTTP.
    pub(super) fn asks(&self) -> bool {
        matches!(self.protocol.transport, Transport::Http | Transport::Sse)
    }

    /// Raw frames need a connection.
    pub(super) fn takes_frames(&self) -> Result<(), StepError> {
        match self.asks() {
            true => Err(suite(format!("protocol `{}` has no connection that takes frames; its steps ask by `http`", self.protocol.name))),
            false => Ok(()),
        }
    }

    /// The connection of a session; opened with what the protocol says if there was none yet.
    pub(super) async fn link(self: &Arc<Shared>, session: &str, deadline: Instant) -> Result<LinkId, Stop> {
        let known = self.state().link_of(session);
        if let Some(link) = known {
            return Ok(link);
        }
        let _one = self.opening.lock().await;
        let known = self.state().link_of(session);
        if let Some(link) = known {
            return Ok(link);
        }
        let within = deadline.saturating_duration_since(Instant::now());
        let session = self.protocol.open.per_session.then_some(session);
        let first = self.state().links.is_empty();
        let error = match self.open(session, &ConnectOptions { within, ..ConnectOptions::default() }).await {
            Ok(opened) => return Ok(opened.link),
            Err(NotOpen::Fault(error)) => error,
            // The first steps of a connection are how one knows that the agent can be spoken to.
            Err(NotOpen::Stopped(_, stop)) if first => not_ready(stop.error("connect")),
            Err(NotOpen::Stopped(_, stop)) => stop.error("connect"),
            // An agent that was there before has gone away by itself.
            Err(NotOpen::Refused(refused)) if first => start(refused.message),
            Err(NotOpen::Refused(refused)) => super::stop::agent(refused.message),
        };
        Err(Stop::Fault(error))
    }

    /// Opens a connection: of one session, or of all that have none of their own.
    pub(super) async fn open(self: &Arc<Shared>, session: Option<&str>, options: &ConnectOptions) -> Result<Opened, NotOpen> {
        let opening = &self.is_opening;
        opening.store(self.state().links.is_empty(), Ordering::Relaxed);
        let opened = self.open_and_begin(session, options).await;
        opening.store(false, Ordering::Relaxed);
        opened
    }

    async fn open_and_begin(self: &Arc<Shared>, session: Option<&str>, options: &ConnectOptions) -> Result<Opened, NotOpen> {
        self.set(session, &options.settings)?;
        let deadline = Instant::now() + options.within;
        let label = session.unwrap_or(&self.setup.default_session).to_owned();
        let place = Place { session: label, turn: None };
        let mut run = Run::new(self, place.clone(), None, Keep::Before, IndexMap::new(), options.within);
        run.list(&self.protocol.before).await.map_err(before)?;
        let target = if self.is_stdio() { None } else { Some(self.target(&place, options)?) };
        let within = deadline.saturating_duration_since(Instant::now());
        let connection = match &target {
            None => self.start_agent()?,
            Some(target) if self.asks() => Connection::without_frames(&target.url),
            Some(target) => websocket::open(target, within).await.map_err(NotOpen::Refused)?,
        };
        let awaits = options.handshake && self.protocol.connect.iter().any(|step| matches!(step.verb, ProtocolVerb::Await(_)));
        let (link, tap) = self.begin(connection, session, None, awaits);
        if self.asks() {
            self.state().links[link].base = target;
        }
        let mut run = Run::new(self, place, Some(link), Keep::Agent, IndexMap::new(), within);
        (run.tap, run.unexpected) = (tap, options.expected);
        if options.handshake {
            run.list(&self.protocol.connect).await.map_err(|stop| NotOpen::Stopped(link, stop))?;
        }
        Ok(Opened { link, result: run.result.take() })
    }

    /// Starts the process that is the connection.
    fn start_agent(&self) -> Result<Connection, StepError> {
        let launch = self.setup.exec.as_ref().ok_or_else(|| suite("the transport `stdio` needs an agent with a `command`"))?;
        stdio::open(launch, self.setup.agent.stop).map_err(|error| start(error.message))
    }

    /// Settings that hold from now on, for one session or for all.
    pub(super) fn set(&self, session: Option<&str>, over: &IndexMap<String, Value>) -> Result<(), StepError> {
        let known = if over.is_empty() { self.settings.get().cloned() } else { None };
        let settings = match known {
            Some(settings) => settings,
            None => Arc::new(settings::resolve(&self.protocol, &self.setup.settings, over, &self.setup.recorder).map_err(suite)?),
        };
        if over.is_empty() {
            let _ = self.settings.set(settings.clone());
        }
        let mut state = self.state();
        match session {
            None => state.settings = settings,
            Some(label) if over.is_empty() => {
                if let Some(session) = state.sessions.get_mut(label) {
                    session.settings = None;
                }
            }
            Some(label) => state.session(label, || self.key(label)).settings = Some(settings),
        }
        Ok(())
    }

    /// Starts the process of a turn.
    pub(super) fn start_process(self: &Arc<Shared>, place: &Place, run: exec::ExecRun) -> Result<LinkId, Stop> {
        let launch = self.setup.exec.as_ref().ok_or_else(|| suite("the transport `exec` needs an agent with a `command`"))?;
        let connection = exec::start(launch, run, self.setup.agent.stop).map_err(|error| start(error.message))?;
        let (link, _) = self.begin(connection, Some(&place.session), place.turn, false);
        if let Some(turn) = self.state().turn_mut(place) {
            turn.link = Some(link);
        }
        Ok(link)
    }

    fn begin(
        self: &Arc<Shared>,
        connection: Connection,
        session: Option<&str>,
        turn: Option<usize>,
        awaits: bool,
    ) -> (LinkId, Option<u64>) {
        let Connection { url, sink, stream } = connection;
        let mut state = self.state();
        let link = state.links.len();
        let mut new = Link::new(sink, session.map(str::to_owned), turn);
        let tap = awaits.then(|| new.tap());
        state.links.push(new);
        let label = session.unwrap_or(&self.setup.default_session).to_owned();
        match session {
            Some(_) if turn.is_some() => {}
            Some(label) => state.session(label, || self.key(label)).link = Some(link),
            None => state.shared = Some(link),
        }
        self.setup.recorder.push(What::Opened { session: label, url });
        state.links[link].reader = Some(tokio::spawn(read(self.clone(), link, stream)));
        (link, tap)
    }

    fn target(&self, place: &Place, options: &ConnectOptions) -> Result<WebSocketOpen, StepError> {
        let open = &self.protocol.open;
        let state = self.state();
        let names = self.names(&state, place, IndexMap::new());
        drop(state);
        let base = self.url.lock().expect("no panic happens under this lock").clone();
        let base = match open.url.as_ref().map(|url| text(url, "open.url", &names)).transpose()?.flatten() {
            Some(url) => url,
            None => base.ok_or_else(|| suite("the agent has no `url`, and its `ready` line told none"))?,
        };
        let path = open.path.as_ref().map(|path| text(path, "open.path", &names)).transpose()?.flatten();
        let mut target = WebSocketOpen {
            url: joined(&base, path.as_deref()),
            query: texts(&open.query, &names)?,
            headers: texts(&open.headers, &names)?,
            subprotocols: open
                .subprotocols
                .iter()
                .filter_map(|node| text(node, "subprotocols", &names).transpose())
                .collect::<Result<_, _>>()?,
        };
        for (name, value) in &options.headers {
            target.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            if !value.is_null() {
                target.headers.push((name.clone(), printed(value, name).map_err(suite)?));
            }
        }
        Ok(target)
    }
}

/// The steps before a connection stopped: whoever answered them refused it.
fn before(stop: Stop) -> NotOpen {
    match stop {
        Stop::Refused { method, error } => {
            let message = format!("`{method}` before the connection was refused: {}", error["message"].as_str().unwrap_or_default());
            let status = error["code"].as_u64().and_then(|code| u16::try_from(code).ok());
            NotOpen::Refused(OpenError { status, ..OpenError::new("before", message) })
        }
        Stop::Unanswered(message) => NotOpen::Refused(OpenError::new("before", message)),
        stop => NotOpen::Fault(stop.error("before")),
    }
}

/// Hands on what arrives until the connection has ended.
async fn read(shared: Arc<Shared>, link: LinkId, mut stream: FrameStream) {
    let mut next = stream.next().await;
    while let Some(incoming) = next {
        match incoming {
            Incoming::Frame(frame) => shared.receive(link, frame),
            Incoming::Log(line) => {
                shared.setup.recorder.push(What::Log { stream: crate::model::trace::Stream::Stderr, line });
            }
            // Of a process that ends one sees its connection break first.
            Incoming::Ended(ending) if ending.code == Some(NO_HANDSHAKE) => {
                shared.tell();
                let reason = shared.broken_by(&ending.reason).await;
                shared.ended(link, Ending { reason, ..ending });
            }
            Incoming::Ended(ending) => shared.ended(link, ending),
        }
        // Frames often come together. Who waits is told once for all that are there, not woken for each.
        next = match stream.next().now_or_never() {
            Some(next) => next,
            None => {
                shared.tell();
                stream.next().await
            }
        };
    }
    shared.tell();
    // The answer to the peer's closing frame still has to go out.
    let sink = shared.state().links[link].sink.take();
    if let Some(sink) = sink {
        let _ = tokio::time::timeout(Duration::from_secs(1), async { sink.lock().await.close().await }).await;
    }
}

fn joined(base: &str, path: Option<&str>) -> String {
    match path {
        None => base.to_owned(),
        Some(path) => format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/')),
    }
}

/// A part of `open` as text; `None` if it is an optional value that is missing.
fn text(node: &Node, what: &str, names: &dyn Scope) -> Result<Option<String>, StepError> {
    let value = node.fill(names).map_err(|unfilled| suite(unfilled.reason))?;
    value.map(|value| printed(&value, what).map_err(suite)).transpose()
}

fn texts(nodes: &[(String, Arc<Node>)], names: &dyn Scope) -> Result<Vec<(String, String)>, StepError> {
    let mut out = Vec::new();
    for (name, node) in nodes {
        if let Some(value) = text(node, name, names)? {
            out.push((name.clone(), value));
        }
    }
    Ok(out)
}
