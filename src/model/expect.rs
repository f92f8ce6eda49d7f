//! Expectations: what must hold over a run, or over one step of it.
//!
//! Owns: the kinds of checks and what each one looks at.
//! Must not know: how a check is written, how it is evaluated.

use super::pattern::{JsonPath, ListPattern, Pattern};
use crate::base::Span;

/// The checks of one `expect`, `never` or `reach`, in the order written.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    pub checks: Vec<Check>,
}

impl Expect {
    pub fn is_empty(&self) -> bool {
        self.checks.is_empty()
    }

    /// True if a check of this key was written.
    pub fn names(&self, key: &str) -> bool {
        self.checks.iter().any(|check| check.kind.key() == key)
    }
}

#[derive(Clone, Debug)]
pub struct Check {
    /// The place of the key.
    pub span: Span,
    pub kind: CheckKind,
}

#[derive(Clone, Debug)]
pub enum CheckKind {
    Calls(ListPattern),
    Events(ListPattern),
    /// What the agent sent.
    Frames(ListPattern),
    /// What the suite sent.
    Sent(ListPattern),
    /// What the clients of a websocket fake sent.
    FakeFrames {
        fake: String,
        pattern: ListPattern,
    },
    Requests {
        fake: String,
        pattern: ListPattern,
    },
    Commands {
        name: String,
        pattern: ListPattern,
    },
    Errors(ErrorsCheck),
    Reply(Pattern),
    /// Any bytes delivered to the model (in `reach`).
    Delivered(Pattern),
    At {
        path: JsonPath,
        pattern: Pattern,
    },
    /// Over `{status, error}` of each turn.
    Turn(Pattern),
    Usage(Pattern),
    Timing(Pattern),
    Exit(Pattern),
    Egress(EgressCheck),
    Secrets(SecretsCheck),
    File {
        path: String,
        check: FileCheck,
    },
    Invariants(InvariantsCheck),
    /// What the step's verb returned, by the key it is checked under: `result`, `error`, `value`, `closed`, `status`, `headers`, `body`.
    Returned {
        key: &'static str,
        pattern: Pattern,
    },
}

impl CheckKind {
    /// The key it is written with.
    pub fn key(&self) -> &'static str {
        match self {
            CheckKind::Calls(_) => "calls",
            CheckKind::Events(_) => "events",
            CheckKind::Frames(_) | CheckKind::FakeFrames { .. } => "frames",
            CheckKind::Sent(_) => "sent",
            CheckKind::Requests { .. } => "requests",
            CheckKind::Commands { .. } => "commands",
            CheckKind::Errors(_) => "errors",
            CheckKind::Reply(_) => "reply",
            CheckKind::Delivered(_) => "delivered",
            CheckKind::At { .. } => "at",
            CheckKind::Turn(_) => "turn",
            CheckKind::Usage(_) => "usage",
            CheckKind::Timing(_) => "timing",
            CheckKind::Exit(_) => "exit",
            CheckKind::Egress(_) => "egress",
            CheckKind::Secrets(_) => "secrets",
            CheckKind::File { .. } => "files",
            CheckKind::Invariants(_) => "invariants",
            CheckKind::Returned { key, .. } => key,
        }
    }
}

#[derive(Clone, Debug)]
pub enum ErrorsCheck {
    /// `allow`: errors are not looked at.
    Allow,
    Pattern(ListPattern),
}

#[derive(Clone, Debug)]
pub enum EgressCheck {
    None,
    /// Over `{host, port, method, path, allowed}`.
    Pattern(ListPattern),
}

/// Which planted secrets must not leave.
#[derive(Clone, Debug)]
pub enum SecretsCheck {
    All,
    Named(Vec<(Span, String)>),
}

#[derive(Clone, Debug)]
pub enum FileCheck {
    Unchanged,
    Absent,
    Content(Pattern),
}

#[derive(Clone, Debug)]
pub enum InvariantsCheck {
    Off,
    Without(Vec<String>),
}
