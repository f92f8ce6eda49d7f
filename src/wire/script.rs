//! A scripted reply of a model, filled to plain values: what each wire turns into its own bytes.
//!
//! Owns: the parts of a reply and how it is paced.
//! Must not know: templates, requests, any single wire.

use crate::model::fake::{Abort, Delta, Wire, Write};
use std::time::Duration;

/// One part of a reply. After `Error`, `Fail` or `Abort` nothing more is sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Goes on with the open message, or begins one.
    Text(String),
    /// Begins a new message, where the wire has such a boundary.
    Message(String),
    Reasoning(String),
    /// `arguments` is sent as it is; it should be the text of a JSON object.
    ToolCall {
        name: String,
        arguments: String,
        id: Option<String>,
    },
    /// A text where the wire has no sound. `audio` is base64.
    Audio {
        transcript: String,
        audio: Option<String>,
    },
    Refusal(String),
    Usage(Usage),
    Stop(String),
    Error {
        message: String,
        code: Option<String>,
        kind: Option<String>,
        flat: bool,
    },
    Fail {
        message: String,
        code: Option<String>,
    },
    Delay(Duration),
    Gate(String),
    Comment(String),
    Abort(Abort),
}

/// The id of a call that the script gives none: the `call`-th of the `nth` reply, the same on every wire.
pub fn call_id(nth: usize, call: usize) -> String {
    format!("call_{nth:04}_{call}")
}

/// What a reply says it cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    pub input: u64,
    pub output: u64,
    pub cached: u64,
    pub reasoning: u64,
}

impl Default for Usage {
    /// Not zero, so that an agent which loses it is found out.
    fn default() -> Usage {
        Usage { input: 10, output: 5, cached: 0, reasoning: 0 }
    }
}

/// How a stream is cut and paced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub delta: Delta,
    /// Each event is a write of its own.
    pub each_event: bool,
    /// Waited between writes.
    pub gap: Duration,
}

impl From<Wire> for Pace {
    /// A gap between writes means nothing unless each event is one, so it makes each event one.
    fn from(wire: Wire) -> Pace {
        Pace { delta: wire.delta, each_event: wire.write == Write::Event || !wire.gap.is_zero(), gap: wire.gap }
    }
}

impl Default for Pace {
    fn default() -> Pace {
        Wire::default().into()
    }
}
