//! The steps of a case: what happens, in order.
//!
//! Owns: the verbs and their parameters.
//! Must not know: how a step is carried out.

use super::expect::Expect;
use super::judge::Rubric;
use super::pattern::{Item, JsonPath, ListKind};
use super::suite::Condition;
use super::tree::Node;
use crate::base::Span;
use std::sync::Arc;
use std::time::Duration;

/// The session of steps that name none.
pub const MAIN: &str = "main";

#[derive(Clone, Debug)]
pub struct Step {
    /// The verb's place.
    pub span: Span,
    pub verb: Verb,
    /// Parameters of the action; a mapping.
    pub with: Option<Arc<Node>>,
    pub label: Option<String>,
    /// The label; [`MAIN`] if none was written.
    pub session: String,
    /// `session: {key: …}`: the key sent instead of `<label>-<case>-<attempt>`.
    pub session_key: Option<Arc<Node>>,
    /// True if `session` was written.
    pub session_given: bool,
    /// It names a `{{session.x}}`, so the session must be open before.
    pub uses_session: bool,
    pub within: Duration,
    /// How long the `expect` of a probe must go on holding.
    pub stays: Option<Duration>,
    /// Decided before the run; a step whose condition does not hold is left out.
    pub only_if: Vec<Condition>,
    /// True if an agent that does nothing would fail here, the rubric left aside.
    pub positive: bool,
    /// `save: {name: $.path}`.
    pub save: Vec<(Arc<str>, JsonPath)>,
    pub expect: Expect,
    pub never: Expect,
    /// Over the run up to the end of this step's turn.
    pub judge: Option<Rubric>,
}

#[derive(Clone, Debug)]
pub enum Verb {
    User { text: Arc<Node>, wait: bool },
    Do { action: String },
    Rpc { method: Arc<Node> },
    Send { frame: Arc<Node> },
    Await(Await),
    Quiet { what: Await, duration: Duration },
    Release { gate: String },
    Http(HttpCall),
    Probe(Probe),
    Connect { settings: Vec<(String, Arc<Node>)>, headers: Vec<(String, Arc<Node>)>, handshake: bool },
    Disconnect,
    Reconnect { last_event_id: Option<Arc<Node>> },
    Restart,
    Stop { fake: String },
    Start { fake: String },
    Pause(Duration),
}

impl Verb {
    /// The key it is written with.
    pub fn name(&self) -> &'static str {
        match self {
            Verb::User { .. } => "user",
            Verb::Do { .. } => "do",
            Verb::Rpc { .. } => "rpc",
            Verb::Send { .. } => "send",
            Verb::Await(_) => "await",
            Verb::Quiet { .. } => "quiet",
            Verb::Release { .. } => "release",
            Verb::Http(_) => "http",
            Verb::Probe(_) => "probe",
            Verb::Connect { .. } => "connect",
            Verb::Disconnect => "disconnect",
            Verb::Reconnect { .. } => "reconnect",
            Verb::Restart => "restart",
            Verb::Stop { .. } => "stop",
            Verb::Start { .. } => "start",
            Verb::Pause(_) => "pause",
        }
    }
}

/// One entry of one of the five histories. For `request` and `command`, and for a fake's frames, `item.fake` names the fake.
#[derive(Clone, Debug)]
pub struct Await {
    pub kind: ListKind,
    pub item: Item,
}

#[derive(Clone, Debug)]
pub enum Probe {
    /// A path below the case's folder; its value is the text, or null if there is no file.
    File { path: Arc<Node> },
    /// Run in the agent's environment; its value is `{exit, stdout, stderr}`.
    Command { argv: Vec<Arc<Node>> },
    /// A command to the redis server of this name, or to the only one; its value is the reply, arrays as lists.
    Redis { fake: Option<String>, command: Vec<Arc<Node>> },
    /// Its value is `{status, headers, body}`, or `{error}` where nobody answered.
    Http(HttpCall),
}

/// A plain request.
#[derive(Clone, Debug)]
pub struct HttpCall {
    /// GET if not given.
    pub method: Option<Arc<Node>>,
    /// Below the agent's base URL, or a whole URL that begins with `http`.
    pub path: Option<Arc<Node>>,
    pub headers: Vec<(String, Arc<Node>)>,
    /// A text is sent as it is, anything else as JSON.
    pub body: Option<Arc<Node>>,
}
