//! A scripted reply of a model, filled to plain values: what each wire turns into its own bytes.
//!
//! Owns: the parts of a reply and how it is paced.
//! Must not know: templates, requests, any single wire.

use crate::model::fake::Abort;
use crate::model::wire::{Delta, Wire, Write};
use std::time::Duration;

/// One part of a reply. After `Error`, `Fail` or `Abort` nothing more is sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Goes on with the open message, or begins one.
    Text(String),
    /// Begins a new message, where the wire has such a boundary.
    Message(String),
    Reasoning(Reasoning),
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
    McpCall(McpCall),
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
    /// A sign of life, in the wire's way. It has no place in a document.
    Ping,
    /// Has no place in a document.
    Comment(String),
    /// Bytes of a stream as they are. They have no place in a document.
    Raw(String),
    /// An event of a stream as it is. It has no place in a document.
    Event(Event),
    Abort(Abort),
}

/// What the model thinks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reasoning {
    pub text: String,
    pub signature: Option<String>,
    pub encrypted: Option<String>,
    /// The text is not shown.
    pub hidden: bool,
}

impl Reasoning {
    /// The text, where it is shown and there is one.
    pub fn shown(&self) -> Option<&str> {
        (!self.hidden && !self.text.is_empty()).then_some(&*self.text)
    }
}

/// A call of an MCP tool that the provider runs itself.
#[derive(Clone, Debug, PartialEq)]
pub struct McpCall {
    pub server: String,
    pub name: String,
    /// The text of a JSON object.
    pub arguments: String,
    /// What the tool said, or how it failed.
    pub result: Result<String, String>,
}

/// An event that the wire's own rules do not make.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// As written; it stands before the data on every wire.
    pub name: Option<String>,
    /// The `type` of the data: its name where the wire names its events.
    pub kind: Option<String>,
    /// The text after `data:`.
    pub data: String,
}

/// The id of a call that the script gives none: the `call`-th of the `nth` reply, the same on all OpenAI wires.
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

impl Pace {
    /// One event a step and no gap, for a reply that is cut and paced afterwards.
    pub fn by_event(wire: Wire) -> Pace {
        Pace { delta: wire.delta, each_event: true, gap: Duration::ZERO }
    }
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
