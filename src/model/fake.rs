//! The fakes of a case: the scripted world around the agent.
//!
//! Owns: scripts, rules and answers, as read.
//! Must not know: wire formats, sockets, how a rule is matched.

use super::fault::Fault;
use super::http::HttpRoute;
use super::pattern::{Glob, Pattern};
use super::persona::Persona;
use super::tool::ToolRow;
use super::tree::Node;
use super::websocket::WebsocketFake;
use super::wire::Wire;
use crate::base::Span;
use std::sync::Arc;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Fake {
    pub span: Span,
    /// `unused: allow`: sequences need not be used up.
    pub unused_allowed: bool,
    pub kind: FakeKind,
}

#[derive(Clone, Debug)]
pub enum FakeKind {
    Model(ModelFake),
    Command(CommandFake),
    Http(HttpFake),
    Websocket(WebsocketFake),
    Functions(FunctionsFake),
    /// A Model Context Protocol server.
    Mcp(Vec<ToolRow>),
    /// A real server, started for the case.
    Server(ServerKind),
}

impl FakeKind {
    /// The gates at which its replies may wait.
    pub fn gates(&self) -> Vec<&str> {
        match self {
            FakeKind::Model(model) => model.gates().collect(),
            FakeKind::Command(_) | FakeKind::Server(_) => vec![],
            FakeKind::Http(http) => http.routes.iter().flat_map(HttpRoute::gates).collect(),
            FakeKind::Websocket(websocket) => websocket.gates().collect(),
            FakeKind::Functions(functions) => functions.rows.iter().flat_map(ToolRow::gates).collect(),
            FakeKind::Mcp(rows) => rows.iter().flat_map(ToolRow::gates).collect(),
        }
    }

    /// True if it is reached through the one server of all cases, and so has an address there.
    pub fn is_server(&self) -> bool {
        matches!(self, FakeKind::Model(_) | FakeKind::Http(_) | FakeKind::Websocket(_) | FakeKind::Mcp(_))
    }
}

/// Which program a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerKind {
    Redis,
}

impl ServerKind {
    /// The program that must be installed.
    pub fn program(self) -> &'static str {
        match self {
            ServerKind::Redis => "redis-server",
        }
    }
}

/// Tools that the client runs.
#[derive(Clone, Debug)]
pub struct FunctionsFake {
    pub rows: Vec<ToolRow>,
}

/// An HTTP server.
#[derive(Clone, Debug)]
pub struct HttpFake {
    pub routes: Vec<HttpRoute>,
}

/// A scripted LLM provider.
#[derive(Clone, Debug)]
pub struct ModelFake {
    /// Which wires it serves.
    pub vendor: Vendor,
    pub replies: ModelReplies,
    pub wire: Wire,
    /// Taken before the model's own paths.
    pub routes: Vec<HttpRoute>,
    /// What goes wrong, in the order in which it is done to a reply.
    pub faults: Vec<Fault>,
    pub used_up: UsedUp,
}

/// What becomes of a sequence of replies when each was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UsedUp {
    /// Further requests get none; in a case this fails it.
    #[default]
    Refuse,
    /// As before, where nobody judges; the text says what the one who asks can do.
    RefuseAndSay(&'static str),
    /// It begins again.
    Repeat,
}

impl ModelFake {
    fn gates(&self) -> impl Iterator<Item = &str> {
        let parts = self.replies.written().into_iter().flat_map(|reply| &reply.parts);
        let own = parts.filter_map(|part| if let PartKind::Gate(gate) = &part.kind { Some(gate.as_str()) } else { None });
        own.chain(self.routes.iter().flat_map(HttpRoute::gates))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    /// Responses and chat completions.
    Openai,
    /// Messages.
    Anthropic,
    /// Chat completions, in OpenRouter's variant.
    Openrouter,
    /// Every wire there is.
    Any,
}

#[derive(Clone, Debug)]
pub enum ModelReplies {
    /// The n-th request gets the n-th reply.
    Script(Vec<Reply>),
    Rules(Vec<ModelRule>),
    /// A role that is played by what the case says of it.
    Persona(Persona),
}

impl ModelReplies {
    /// All replies that stand in a script or in rules; a persona makes its own.
    pub fn written(&self) -> Vec<&Reply> {
        match self {
            ModelReplies::Script(replies) => replies.iter().collect(),
            ModelReplies::Rules(rules) => rules.iter().flat_map(|rule| &rule.replies).collect(),
            ModelReplies::Persona(_) => vec![],
        }
    }
}

/// What a rule's `when` may look at, the same on every wire.
pub const MODEL_FACTS: [&str; 12] = [
    "headers",
    "last_user",
    "system",
    "model",
    "tool_offered",
    "has_tool_result",
    "tool_result",
    "last_result",
    "nth",
    "turn",
    "answers",
    "body",
];

/// Which requests get which reply. Rules may stay unused; the first that matches answers.
#[derive(Clone, Debug)]
pub struct ModelRule {
    pub span: Span,
    /// Over `{last_user, system, model, tool_offered, has_tool_result, tool_result, last_result, nth, body, headers, turn, answers}` of the request.
    pub when: Option<Pattern>,
    /// One, or a list given in turn.
    pub replies: Vec<Reply>,
    /// When each reply was given once, the rules after it are tried.
    pub then_next: bool,
}

/// One reply of the model: its parts in order.
#[derive(Clone, Debug)]
pub struct Reply {
    pub span: Span,
    pub parts: Vec<ReplyPart>,
}

#[derive(Clone, Debug)]
pub struct ReplyPart {
    pub span: Span,
    pub kind: PartKind,
}

/// Texts may hold values known from the start (`{{gog.url}}`, `{{secrets.x}}`).
#[derive(Clone, Debug)]
pub enum PartKind {
    Text(Arc<Node>),
    /// A new message item, where the wire has such a boundary.
    Message(Arc<Node>),
    Reasoning(ReasoningPart),
    /// `args` is a mapping, or a text that is sent raw.
    ToolCall {
        name: Arc<Node>,
        args: Arc<Node>,
        id: Option<Arc<Node>>,
    },
    /// What is spoken, where the wire has sound; elsewhere its transcript.
    Audio {
        transcript: Arc<Node>,
        /// Base64; silence if not given.
        audio: Option<Arc<Node>>,
    },
    /// A call of an MCP tool that the provider runs itself; `args`, `output` and `error` are any values.
    McpCall {
        server: Arc<Node>,
        name: Arc<Node>,
        args: Option<Arc<Node>>,
        output: Option<Arc<Node>>,
        error: Option<Arc<Node>>,
    },
    Refusal(Arc<Node>),
    Usage {
        input: u64,
        output: u64,
        cached: u64,
        reasoning: u64,
    },
    /// The stop reason in the provider's words, such as `length` or `max_output_tokens`.
    Stop(String),
    /// Ends the stream with an error event.
    Error {
        message: String,
        code: Option<String>,
        kind: Option<String>,
        flat: bool,
    },
    /// `response.failed`; as `error` where the wire has no such thing.
    Fail {
        message: String,
        code: Option<String>,
    },
    Delay(Duration),
    /// Waits until a step releases it.
    Gate(String),
    /// A sign of life, in the wire's way.
    Ping,
    Comment(String),
    /// Bytes of a stream as they are.
    Raw(Arc<Node>),
    /// An event of a stream that the wire's own rules do not make. Without a name it is called by its `type`.
    Event {
        name: Option<Arc<Node>>,
        data: Arc<Node>,
    },
    Abort(Abort),
    /// Another answer than 200; it stands first and alone.
    Http {
        status: u16,
        headers: Vec<(String, String)>,
        retry_after: Option<Duration>,
        body: Option<Arc<Node>>,
    },
}

/// What the model thinks, as far as a wire shows it.
#[derive(Clone, Debug)]
pub struct ReasoningPart {
    pub text: Option<Arc<Node>>,
    /// Of the block, where the wire has signatures; made up if not given.
    pub signature: Option<Arc<Node>>,
    /// The form that only the provider can read.
    pub encrypted: Option<Arc<Node>>,
    /// It took place, but its text is not shown.
    pub hidden: bool,
}

/// How the connection ends in the middle of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abort {
    Reset,
    Fin,
    /// Half of a chunk, then the end.
    Half,
}

/// A command-line tool mocked by PATH.
#[derive(Clone, Debug)]
pub struct CommandFake {
    pub rules: Vec<CommandRule>,
    pub otherwise: Otherwise,
}

#[derive(Clone, Debug)]
pub struct CommandRule {
    pub span: Span,
    pub when: CommandWhen,
    /// One, or a list given in turn.
    pub answers: Vec<CommandAnswer>,
    /// True if a list was written: such a sequence must be used up.
    pub sequence: bool,
}

#[derive(Clone, Debug)]
pub enum CommandWhen {
    Always,
    /// Over the joined argv.
    Glob(Glob),
    /// Over `{argv, stdin, cwd, nth}`.
    Pattern(Arc<Node>),
}

#[derive(Clone, Debug)]
pub struct CommandAnswer {
    pub stdout: Option<Output>,
    pub stderr: Option<Output>,
    pub exit: i32,
    pub delay: Duration,
}

#[derive(Clone, Debug)]
pub enum Output {
    Text(Arc<Node>),
    /// Printed as compact JSON with a line break.
    Json(Arc<Node>),
    /// Base64 of the bytes.
    Bytes(Arc<Node>),
}

/// What an argv that no rule matches gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// Exit 127, and the case fails.
    Fail,
    /// Nothing printed, exit 0.
    Empty,
    /// A refusal on stderr, exit 1.
    Refuse,
}
