//! Fakes, as written: one mapping for all kinds, and the answers of mocked commands.
//!
//! Owns: their keys.
//! Must not know: how a fake is served.

use super::reply::{ReplyDoc, RuleDoc, WireDoc};
use super::server::{ConnectionDoc, ToolDoc};
use crate::language::shape::{Any, Duration, Mapping, Or, Templated, Text, Whole};
use crate::{document, words};

document! {
    /// A fake: the scripted world around the agent. It has exactly one kind: `model`, `command`, `http`, `websocket`, `mcp`,
    /// `functions` or `server` (a `model` may have `http` routes beside it).
    #[example("{model: openai, script: [Hello world]}")]
    #[example("{command: [{when: gmail get *, stdout: ok}]}")]
    pub struct FakeDoc as "fake" {
        /// Kind: a scripted LLM provider, by vendor.
        #[example("openai")]
        model: Option<VendorWord>,
        /// Kind: a command-line tool mocked by PATH.
        #[example("[{when: gmail get *, stdout: ok}]")]
        command: Option<Vec<CommandRuleDoc>>,
        /// Kind: an HTTP server; beside `model`, more routes of it.
        #[example("[{POST /projections: {status: 204}}]")]
        #[later("the fake `http`")]
        http: Option<Vec<Mapping>>,
        /// Kind: a websocket server; connections in order.
        #[example("[{rows: [[{type: hello}]], then: close}]")]
        websocket: Option<Vec<ConnectionDoc>>,
        /// Kind: a Model Context Protocol server.
        #[example("[{name: wallets.list, result: {wallets: []}}]")]
        #[later("the fake `mcp`")]
        mcp: Option<Vec<ToolDoc>>,
        /// Kind: tools that the client runs.
        #[example("[{name: weather, result: sunny}]")]
        #[later("the fake `functions`")]
        functions: Option<Vec<ToolDoc>>,
        /// Kind: a real server, started for the case.
        #[example("redis")]
        #[later("the fake `server`")]
        server: Option<ServerWord>,

        /// For `model`: the replies in order, or a file whose first key is `script:`.
        #[example("[Hello world]")]
        #[example("../scripts/long.yaml")]
        script: Option<Or<Text, Vec<ReplyDoc>>>,
        /// For `model`: replies chosen by what is asked.
        #[example("[{when: {last_user: {contains: Ana}}, reply: Hello Ana}]")]
        rules: Option<Vec<RuleDoc>>,
        /// For `model`: how replies are cut and written.
        #[example("{delta: word, gap: 20ms}")]
        wire: Option<WireDoc>,
        /// For `model`: what goes wrong on the wire.
        #[example("[no_terminal]")]
        #[later("`faults`")]
        faults: Option<Any>,
        /// `allow`: what was scripted need not be used up.
        #[example("allow")]
        unused: Option<UnusedWord>,
        /// For `command`: what an argv gets that no rule matches; `fail` if not given.
        #[example("refuse")]
        otherwise: Option<OtherwiseWord>,
    }

    /// One rule of a mocked command: which calls, and what they get.
    #[example("{when: gmail get *, stdout: {json: {id: m1}}}")]
    pub struct CommandRuleDoc as "command_rule" {
        /// A glob over the argv, or a pattern over `{argv, stdin, cwd, nth}` (`argv` is a list, `nth` is 1 for the first call); every call if not given.
        #[example("gmail get *")]
        when: Option<Any>,
        /// What is printed: a text, `{json: …}` or `{bytes: base64}`.
        #[example("{json: {id: m1}}")]
        stdout: Option<Or<Templated, OutputDoc>>,
        /// What is printed on the error stream.
        #[example("not found")]
        stderr: Option<Or<Templated, OutputDoc>>,
        /// The exit status; 0 if not given.
        #[example("1")]
        exit: Option<Whole>,
        /// How long it takes.
        #[example("20ms")]
        delay: Option<Duration>,
        /// Answers given in turn.
        #[example("[{stdout: first}, {stdout: second}]")]
        answers: Option<Vec<CommandAnswerDoc>>,
    }

    /// One answer of a mocked command.
    #[example("{stdout: done, exit: 0}")]
    pub struct CommandAnswerDoc as "command_answer" {
        /// What is printed: a text, `{json: …}` or `{bytes: base64}`.
        #[example("done")]
        stdout: Option<Or<Templated, OutputDoc>>,
        /// What is printed on the error stream.
        #[example("not found")]
        stderr: Option<Or<Templated, OutputDoc>>,
        /// The exit status; 0 if not given.
        #[example("1")]
        exit: Option<Whole>,
        /// How long it takes.
        #[example("20ms")]
        delay: Option<Duration>,
    }

    /// What a mocked command prints; exactly one key.
    #[example("{json: {id: m1}}")]
    pub struct OutputDoc as "output" {
        /// Printed as compact JSON with a line break.
        #[example("{id: m1}")]
        json: Option<Any>,
        /// Base64 of the bytes.
        #[example("AAEC")]
        bytes: Option<Templated>,
    }
}

words! {
    /// Which wires a scripted provider serves.
    pub enum VendorWord as "vendor" {
        /// OpenAI: Responses and chat completions.
        Openai = "openai",
        /// Anthropic: Messages.
        Anthropic = "anthropic",
        /// OpenRouter: its variant of chat completions.
        Openrouter = "openrouter",
        /// Every wire there is.
        Any = "any",
    }

    /// Whether what was scripted must be used up.
    pub enum UnusedWord as "unused" {
        /// It need not be.
        Allow = "allow",
    }

    /// What an argv gets that no rule matches.
    pub enum OtherwiseWord as "otherwise" {
        /// Exit 127, and the case fails.
        Fail = "fail",
        /// Nothing printed, exit 0.
        Empty = "empty",
        /// A refusal on stderr, exit 1.
        Refuse = "refuse",
    }

    /// A real server, started for the case.
    pub enum ServerWord as "server" {
        /// A redis-server.
        Redis = "redis",
    }
}
