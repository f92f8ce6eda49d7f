//! What a conversation needs to know, and what is asked of it.
//!
//! Owns: the parameters of the public functions of [`super::Conversation`].
//! Must not know: how they are carried out.

use super::functions::Functions;
use crate::model::agent::Agent;
use crate::model::step::MAIN;
use crate::model::template::Scope;
use crate::recorder::Recorder;
use crate::transports::exec::ExecLaunch;
use indexmap::IndexMap;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// One attempt of one case, as the protocol sees it.
#[derive(Clone)]
pub struct Setup {
    pub agent: Arc<Agent>,
    /// For session keys: `<label>-<case>-<attempt>`.
    pub case_slug: String,
    pub attempt: u32,
    /// Of the agent, filled. Null is the default.
    pub settings: IndexMap<String, Value>,
    /// Where the agent listens; not needed for `exec` and `stdio`.
    pub url: Option<String>,
    /// How its program is started: for each turn with `exec`, for each connection with `stdio`.
    pub exec: Option<ExecLaunch>,
    pub recorder: Recorder,
    /// The values known at the start.
    pub scope: Arc<dyn Scope + Send + Sync>,
    /// The `functions` fakes in the wire's form.
    pub tools: Option<Value>,
    /// Who runs the calls that are the client's.
    pub functions: Option<Arc<dyn Functions>>,
    /// For `{{random.x}}` in protocol files.
    pub seed: u64,
    /// The session of frames that belong to none: `main`, or the case's only session.
    pub default_session: String,
}

impl Setup {
    /// The label for a case whose sessions are these: `main` if it is one of them or if they are several, otherwise the only one.
    pub fn default_session_of(sessions: &[String]) -> String {
        match sessions {
            [only] => only.clone(),
            _ => MAIN.to_owned(),
        }
    }
}

/// How a connection is opened, where it differs from the protocol file.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// Replace the agent's, for as long as this connection is the session's.
    pub settings: IndexMap<String, Value>,
    /// Added to those of the protocol; null leaves one out.
    pub headers: IndexMap<String, Value>,
    /// False: the protocol's `connect` steps are left out.
    pub handshake: bool,
    /// True for a step of the suite, false for the implicit connect (which opens nothing where each session has its own connection).
    pub written: bool,
    /// The step has an `expect` of its own, which replaces those of the protocol's steps.
    pub expected: bool,
    pub within: Duration,
}

impl Default for ConnectOptions {
    fn default() -> ConnectOptions {
        ConnectOptions {
            settings: IndexMap::new(),
            headers: IndexMap::new(),
            handshake: true,
            written: false,
            expected: false,
            within: Duration::from_secs(30),
        }
    }
}

/// One `user` or `do` step.
#[derive(Clone, Debug)]
pub struct TurnRequest {
    pub session: String,
    /// `session: {key}`: sent instead of `<label>-<case>-<attempt>`.
    pub key: Option<String>,
    /// `{{text}}` of the action `user`.
    pub text: Value,
    /// `with`: names that the action's steps may use.
    pub with: Map<String, Value>,
    /// The step's number in the case.
    pub step: usize,
    /// Wait for the end of the turn.
    pub wait: bool,
    pub within: Duration,
}

impl TurnRequest {
    pub fn new(session: &str, text: impl Into<Value>) -> TurnRequest {
        TurnRequest {
            session: session.to_owned(),
            key: None,
            text: text.into(),
            with: Map::new(),
            step: 0,
            wait: true,
            within: Duration::from_secs(30),
        }
    }
}

/// What came back on an `rpc`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RpcReply {
    pub result: Option<Value>,
    /// Null counts as none.
    pub error: Option<Value>,
    /// The record of the reply's frame.
    pub frame: u64,
}
