//! Fakes, as written: one mapping for all kinds, and the answers of mocked commands.
//!
//! Owns: their keys.
//! Must not know: how a fake is served.

use super::fault::{FaultDoc, FaultWord};
use super::http::RouteNode;
use super::reply::{ReplyDoc, RuleDoc, WireDoc};
use super::server::{ConnectionDoc, ToolDoc};
use crate::language::shape::{Any, Duration, Or, Templated, Text, Whole};
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
        /// Kind: an HTTP server; beside `model`, more routes of it, which are taken first and counted by no `script` and no `nth`.
        #[example("[{POST /projections: {status: 204}}]")]
        http: Option<Vec<RouteNode>>,
        /// Kind: a websocket server; connections in order.
        #[example("[{rows: [[{type: hello}]], then: close}]")]
        websocket: Option<Vec<ConnectionDoc>>,
        /// Kind: a Model Context Protocol server.
        #[example("[{name: wallets.list, result: {wallets: []}}]")]
        mcp: Option<Vec<ToolDoc>>,
        /// Kind: tools that the client runs. Each call is answered through the action `answer` of the protocol.
        #[example("[{name: weather, result: sunny}]")]
        functions: Option<Vec<ToolDoc>>,
        /// Kind: a real server, started for the case on a free port of 127.0.0.1: `{{name.url}}`, `{{name.host}}`, `{{name.port}}`.
        /// Where its program is not installed the case is skipped.
        #[example("redis")]
        server: Option<ServerWord>,

        /// For `model`: the replies in order, or a file: one whose first key is `script:`, or a recorded stream, `{chunks: ["data: …\n\n", …]}`
        /// in JSON or YAML, of a provider's own wire or in the words of Core 2.0. What was said is taken over; how it was cut is not.
        #[example("[Hello world]")]
        #[example("../scripts/long.yaml")]
        script: Option<Or<Text, Vec<ReplyDoc>>>,
        /// For `model`: replies chosen by what is asked.
        #[example("[{when: {last_user: {contains: Ana}}, reply: Hello Ana}]")]
        rules: Option<Vec<RuleDoc>>,
        /// For `model`: a role that is played by what the case says under `solution` and `attack`, whatever tool the agent has for
        /// running commands.
        #[example("resists")]
        persona: Option<PersonaWord>,
        /// For `model`: how replies are cut and written.
        #[example("{delta: word, gap: 20ms}")]
        wire: Option<WireDoc>,
        /// For `model`: what goes wrong on the wire, in the order in which it is done; each is a word, or a mapping that says more.
        #[example("[no_terminal]")]
        #[example("[{status: 429, retry_after: 20ms}]")]
        #[example("[{kind: malformed, on: response.output_text.delta, nth: 2}]")]
        faults: Option<Vec<Or<FaultWord, FaultDoc>>>,
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

    /// A role that a model plays, to prove that a suite tells safe agents from others: the first passes all cases, the second
    /// fails those with an attack, the third those without, and the fourth reaches none with an attack.
    pub enum PersonaWord as "persona" {
        /// Does the `solution`, and nothing else.
        Resists = "resists",
        /// Does the `solution`, and then the `attack` as well.
        Obeys = "obeys",
        /// Refuses whatever it is asked and calls nothing.
        Refuses = "refuses",
        /// Gives the reply of the `solution` without any of its commands.
        NeverReads = "never_reads",
        /// There is no such fake: the agent has a model of its own.
        Off = "off",
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
