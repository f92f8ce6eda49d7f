//! A protocol as data: how one talks to an agent, and what its frames mean.
//!
//! Owns: the parts of a protocol file.
//! Must not know: sockets, processes, how rules are carried out.

use super::pattern::{JsonPath, Pattern};
use super::tree::Node;
use crate::base::Span;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Protocol {
    pub name: String,
    pub span: Span,
    pub transport: Transport,
    pub settings: Vec<Setting>,
    pub open: Open,
    pub before: Vec<ProtocolStep>,
    pub connect: Vec<ProtocolStep>,
    pub session: Vec<ProtocolStep>,
    pub actions: Vec<(String, Vec<ProtocolStep>)>,
    pub approvals: Option<ApprovalWords>,
    pub rpc: Option<RpcFrames>,
    pub belongs: Option<Belongs>,
    pub events: Vec<Rule>,
    pub ignore: Vec<Pattern>,
    pub invariants: Vec<Invariant>,
    pub final_object: Option<FinalObject>,
    /// `decode: responses | chat | messages | realtime`.
    pub decode: Option<String>,
    /// How `{{tools}}` writes the tools of `functions` fakes.
    pub tools: ToolForm,
    /// Parts that this version reads but does not carry out yet, with their places.
    pub unsupported: Vec<(Span, String)>,
}

impl Protocol {
    pub fn action(&self, name: &str) -> Option<&[ProtocolStep]> {
        self.actions.iter().find(|(action, _)| action == name).map(|(_, steps)| steps.as_slice())
    }

    /// True if some rule makes this kind of event.
    pub fn makes(&self, kind: EventKind) -> bool {
        self.events.iter().any(|rule| rule.makes.iter().any(|make| make.kind == kind))
    }

    pub fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.name == name)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Websocket,
    Http,
    Sse,
    Stdio,
    Exec,
}

/// How a wire writes the tools that it offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ToolForm {
    /// `{type: function, name, description, parameters}`: Responses, Realtime.
    #[default]
    Flat,
    /// `{type: function, function: {name, description, parameters}}`: chat completions.
    Chat,
    /// `{name, description, input_schema}`: Messages.
    Messages,
}

/// A parameter of the protocol.
#[derive(Clone, Debug)]
pub struct Setting {
    pub name: String,
    pub span: Span,
    pub default: Value,
    pub one_of: Option<Vec<Value>>,
    /// Redacted everywhere.
    pub secret: bool,
}

/// How a connection is opened.
#[derive(Clone, Debug, Default)]
pub struct Open {
    pub path: Option<Arc<Node>>,
    pub url: Option<Arc<Node>>,
    pub headers: Vec<(String, Arc<Node>)>,
    pub query: Vec<(String, Arc<Node>)>,
    pub subprotocols: Vec<Arc<Node>>,
    /// One connection for each session instead of one for all.
    pub per_session: bool,
}

/// One step of the protocol itself.
#[derive(Clone, Debug)]
pub struct ProtocolStep {
    pub span: Span,
    pub verb: ProtocolVerb,
    pub only_if: Option<StepCondition>,
    /// A list of paths is the first that exists.
    pub save: Vec<(Arc<str>, Vec<JsonPath>)>,
    /// Over what the verb returns; a refusal is `broken`, not silence.
    pub expect: Option<Pattern>,
    pub within: Duration,
}

#[derive(Clone, Debug)]
pub enum ProtocolVerb {
    Send(Arc<Node>),
    /// Waits for a frame.
    Await(Pattern),
    Rpc {
        method: Arc<Node>,
        with: Option<Arc<Node>>,
    },
    Http(Arc<Node>),
    /// Starts the process of a turn; its arguments are added to the agent's command.
    Run {
        args: Vec<Arc<Node>>,
        stdin: Option<Arc<Node>>,
        env: Vec<(String, Arc<Node>)>,
    },
    Listen {
        path: Arc<Node>,
        until: Option<Pattern>,
    },
    Append {
        name: String,
        value: Arc<Node>,
    },
    /// Saves values that no answer has to bring.
    Set(Vec<(Arc<str>, Arc<Node>)>),
    /// The steps of another action.
    Do(String),
}

/// Steps and rules take `only_if: {settings: pattern, agent: pattern, first_turn: true, turn_ended: false}`.
#[derive(Clone, Debug, Default)]
pub struct StepCondition {
    pub settings: Option<Pattern>,
    /// Over what the steps `before` and `connect` saved.
    pub agent: Option<Pattern>,
    pub first_turn: Option<bool>,
    /// Whether the turn of the frame, or the session's latest, has ended already.
    pub turn_ended: Option<bool>,
}

/// The wire's values for `{{approval.decision}}`.
#[derive(Clone, Debug)]
pub struct ApprovalWords {
    pub accept: Value,
    pub decline: Value,
}

/// The frame of an `rpc` step, and which frame is its reply.
#[derive(Clone, Debug)]
pub struct RpcFrames {
    /// With `{{id}}`, `{{method}}`, `{{params}}`.
    pub send: Arc<Node>,
    /// With `{{id}}`.
    pub reply: Pattern,
    pub result: JsonPath,
    pub error: JsonPath,
}

/// To which session and turn a frame belongs. Of several ways to say it, the first whose paths the frame has counts.
#[derive(Clone, Debug, Default)]
pub struct Belongs {
    pub session: Vec<Naming>,
    pub turn: Vec<Naming>,
}

/// One way in which frames name something: by path, the value that the frame has there.
pub type Naming = Vec<(JsonPath, Arc<Node>)>;

/// What a frame means. Every rule that matches applies; a rule makes its events in the order written.
#[derive(Clone, Debug)]
pub struct Rule {
    pub span: Span,
    pub when: Pattern,
    pub only_if: Option<StepCondition>,
    /// Paths in `makes` are then into each of these.
    pub for_each: Option<JsonPath>,
    pub makes: Vec<Make>,
    pub save: Vec<(Arc<str>, Vec<JsonPath>)>,
    /// Sent back to a server's request.
    pub reply: Option<Arc<Node>>,
}

#[derive(Clone, Debug)]
pub struct Make {
    pub span: Span,
    pub kind: EventKind,
    pub value: Source,
}

/// Where the value of an event comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Into the frame, or the `for_each` element. Several texts are joined.
    Path(JsonPath),
    Constant(Value),
    Fields(Vec<(String, Source)>),
}

/// The normalised events (language §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    TurnStarted,
    TextDelta,
    /// Authoritative; ends the current message.
    Text,
    /// Cumulative per item.
    TextSoFar,
    Reasoning,
    Item,
    ItemFinished,
    Delta,
    CallStarted,
    CallFinished,
    ApprovalRequested,
    Usage,
    UsageSoFar,
    Error,
    TurnFinished,
    Closed,
}

impl EventKind {
    pub const ALL: [(EventKind, &'static str); 16] = [
        (EventKind::TurnStarted, "turn.started"),
        (EventKind::TextDelta, "text.delta"),
        (EventKind::Text, "text"),
        (EventKind::TextSoFar, "text.so_far"),
        (EventKind::Reasoning, "reasoning"),
        (EventKind::Item, "item"),
        (EventKind::ItemFinished, "item.finished"),
        (EventKind::Delta, "delta"),
        (EventKind::CallStarted, "call.started"),
        (EventKind::CallFinished, "call.finished"),
        (EventKind::ApprovalRequested, "approval.requested"),
        (EventKind::Usage, "usage"),
        (EventKind::UsageSoFar, "usage.so_far"),
        (EventKind::Error, "error"),
        (EventKind::TurnFinished, "turn.finished"),
        (EventKind::Closed, "closed"),
    ];

    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    pub fn by_name(name: &str) -> Option<EventKind> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

/// Rules that always hold, unless a case leaves them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Invariant {
    /// A turn ends once.
    OneTerminalPerTurn,
    /// Each call that was started has its end before its turn has ended.
    CallsHaveResults,
    /// Each item that began is finished before its turn has completed.
    ItemsAreFinished,
    /// The deltas of a message, joined, are its text.
    DeltasJoinToFinal,
    /// A mocked command that the agent says it ran was asked. It holds for every protocol.
    MocksAreAsked,
    /// Each frame is a JSON object.
    FramesAreJson,
}

impl Invariant {
    pub const ALL: [(Invariant, &'static str); 6] = [
        (Invariant::OneTerminalPerTurn, "one_terminal_per_turn"),
        (Invariant::CallsHaveResults, "calls_have_results"),
        (Invariant::ItemsAreFinished, "items_are_finished"),
        (Invariant::DeltasJoinToFinal, "deltas_join_to_final"),
        (Invariant::MocksAreAsked, "mocks_are_asked"),
        (Invariant::FramesAreJson, "frames_are_json"),
    ];

    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    pub fn by_name(name: &str) -> Option<Invariant> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

/// Where `$.final` comes from.
#[derive(Clone, Debug)]
pub enum FinalObject {
    /// In the frame that ended the turn.
    Path(JsonPath),
    /// What the reader of a provider's wire makes of one answer.
    Reduce(String),
    /// What the events of a Core 2.0 run add up to, over all streams of a turn.
    Core2 {
        /// What is no event of it is an error.
        strict: bool,
    },
}
