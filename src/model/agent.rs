//! How the agent of a case is started and spoken to.
//!
//! Owns: the parts of `agent`.
//! Must not know: processes, sockets, which protocols exist.

use super::egress::Egress;
use super::pattern::{Pattern, TextRegex};
use super::protocol::Protocol;
use super::tree::Node;
use crate::base::Span;
use std::sync::Arc;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Agent {
    pub span: Span,
    /// Its name in `checkride.yaml`, or `reference`; for reports.
    pub name: Option<String>,
    pub protocol: Arc<Protocol>,
    /// Launched for each case.
    pub command: Option<Vec<Arc<Node>>>,
    /// Of one that runs already, or beside `command` where the agent is told its port.
    pub url: Option<Arc<Node>>,
    pub env: Vec<(String, Arc<Node>)>,
    /// Below the case's folder, which is HOME and working folder.
    pub files: Vec<(String, FileSource)>,
    pub ready: Ready,
    pub version: Option<VersionProbe>,
    pub scope: AgentScope,
    pub settings: Vec<(String, Arc<Node>)>,
    /// Texts that were read from the environment, each with what it is and which variables it reads, for messages about them.
    pub from_env: Vec<(String, String)>,
    pub approvals: Vec<ApprovalRule>,
    pub egress: Egress,
    pub stop: Stop,
}

#[derive(Clone, Debug)]
pub enum FileSource {
    /// Text with holes.
    Text(Arc<Node>),
    /// A file copied as it is; found, relative to the suite, when the suite was loaded.
    Copy { path: std::path::PathBuf },
}

/// How one knows that a launched agent can be spoken to.
#[derive(Clone, Debug)]
pub struct Ready {
    pub how: ReadyHow,
    pub within: Duration,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ReadyHow {
    /// A line of its output; the group `url` is the agent's URL, every named group is `{{agent.<name>}}`.
    Log(TextRegex),
    /// A path that answers with 2xx.
    Http(String),
    /// Its URL takes connections; for `exec` nothing is waited for.
    Connect,
}

/// How the agent's version is read.
#[derive(Clone, Debug)]
pub struct VersionProbe {
    pub span: Span,
    pub command: Vec<Arc<Node>>,
    /// The first group is the version.
    pub matches: TextRegex,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentScope {
    Case,
    /// One process for all cases of the suite, which then run one after another.
    Suite,
}

/// The first rule that matches decides; without one the request is declined and the case fails.
#[derive(Clone, Debug)]
pub struct ApprovalRule {
    pub span: Span,
    /// Over the fields of `approval.requested`.
    pub when: Option<Pattern>,
    pub accept: bool,
}

/// How a launched agent is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    pub signal: StopSignal,
    /// Then it is killed.
    pub grace: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopSignal {
    Term,
    Int,
    Hup,
    Kill,
}
