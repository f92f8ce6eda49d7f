//! The steps of a case: what happens, in order.
//!
//! Owns: the verbs and their parameters.
//! Must not know: how a step is carried out.

use super::expect::Expect;
use super::pattern::{Item, JsonPath, ListKind};
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
    /// `save: {name: $.path}`.
    pub save: Vec<(Arc<str>, JsonPath)>,
    pub expect: Expect,
    pub never: Expect,
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
    Probe(Probe),
    Connect { settings: Vec<(String, Arc<Node>)>, headers: Vec<(String, Arc<Node>)>, handshake: bool },
    Disconnect,
    Restart,
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
            Verb::Probe(_) => "probe",
            Verb::Connect { .. } => "connect",
            Verb::Disconnect => "disconnect",
            Verb::Restart => "restart",
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
}
