//! Websocket, MCP and function fakes, as written.
//!
//! Owns: their keys.
//! Must not know: how they are served.

use crate::language::shape::{Any, Duration, Mapping, Named, Or, Scalar, Text, Whole};
use crate::{document, words};

document! {
    /// One connection to a websocket fake: each row is sent after one frame was read. All its frames are in `frames: {<fake>: …}`, its
    /// handshake is in `requests: {<fake>: …}`. A frame for which there is no row fails the case, and so does a row that was not reached.
    #[example("{rows: [[{type: session.updated}], []], then: close}")]
    #[example("{greeting: [{type: hello}], rows: [[{type: pong}, {delay: 20ms}, {type: more}]]}")]
    #[example("{status: 401}")]
    pub struct ConnectionDoc as "connection" {
        /// The rows: what is sent after the n-th frame, a list of frames. A text is sent as it is, `{bytes: base64}` as binary, anything else as JSON; between them `{gate: name}` waits for a step to release it, `{delay: 20ms}` for a time.
        #[example("[[{type: session.updated}], []]")]
        #[example("[[{gate: late}, {type: session.updated}, {delay: 20ms}, done, {bytes: AAEC}]]")]
        rows: Option<Vec<Any>>,
        /// What is sent before the first frame was read; a row.
        #[example("[{type: hello}]")]
        greeting: Option<Any>,
        /// What comes after the last row: `hold` (if not given), `reset`, `close`, or `close` with its code and reason.
        #[example("close")]
        #[example("{close: {code: 1008, reason: policy}}")]
        then: Option<Or<ThenWord, ThenDoc>>,
        /// How long the handshake waits.
        #[example("50ms")]
        accept_delay: Option<Duration>,
        /// Refuses the handshake with this status.
        #[example("401")]
        status: Option<Whole>,
        /// Headers of the handshake's answer.
        #[example("{x-a: b}")]
        headers: Option<Named<Scalar>>,
    }

    /// The end of a connection, with its code.
    #[example("{close: {code: 1008, reason: policy}}")]
    pub struct ThenDoc as "then_close" {
        /// The connection is closed with this code.
        #[example("{code: 4000, reason: invalid_request_error}")]
        close: CloseDoc,
    }

    /// How a connection is closed.
    #[example("{code: 1008, reason: policy}")]
    pub struct CloseDoc as "close" {
        /// The code; 1000 if not given.
        #[example("1008")]
        code: Option<Whole>,
        /// The reason, of at most 123 bytes.
        #[example("policy")]
        reason: Option<Text>,
    }

    /// A tool of an MCP or functions fake. Rows of one name are one tool: of these the first answers whose `when` holds.
    /// A row has exactly one of `result`, `error`, `rpc_error` and `answers`.
    #[example("{name: wallets.get, when: {id: 1}, result: {label: Main}}")]
    pub struct ToolDoc as "tool" {
        /// The tool's name.
        #[example("wallets.list")]
        name: Text,
        /// What it does, for the model.
        #[example("Lists the wallets.")]
        description: Option<Text>,
        /// The JSON Schema of its arguments, a mapping. Arguments that violate it are refused before any row is looked at.
        #[example("{type: object}")]
        schema: Option<Mapping>,
        /// A pattern over the arguments; every call of this name if not given.
        #[example("{id: 1}")]
        when: Option<Any>,
        /// What it returns: a text, or any value. `{content: […]}` is an MCP result as it is.
        #[example("{wallets: []}")]
        result: Option<Any>,
        /// How it fails: it ran, and this is what the model reads.
        #[example("denied")]
        error: Option<Any>,
        /// For `mcp`: the request itself fails, with this error of JSON-RPC.
        #[example("{code: -32603, message: out of memory}")]
        rpc_error: Option<Mapping>,
        /// Answers given in turn, each once.
        #[example("[{result: 1}, {error: denied}]")]
        answers: Option<Vec<ToolAnswerDoc>>,
        /// How long it takes.
        #[example("20ms")]
        delay: Option<Duration>,
        /// Waits until a step releases it.
        #[example("first")]
        gate: Option<Text>,
        /// For `mcp`: the tool is not offered before a step releases this gate; clients are then told that the list has changed.
        #[example("upgraded")]
        appears: Option<Text>,
    }

    /// One answer of a tool; exactly one of `result`, `error` and `rpc_error`.
    #[example("{result: {label: Main}, delay: 20ms}")]
    pub struct ToolAnswerDoc as "tool_answer" {
        /// What it returns: a text, or any value. `{content: […]}` is an MCP result as it is.
        #[example("{wallets: []}")]
        result: Option<Any>,
        /// How it fails: it ran, and this is what the model reads.
        #[example("denied")]
        error: Option<Any>,
        /// For `mcp`: the request itself fails, with this error of JSON-RPC.
        #[example("{code: -32603, message: out of memory}")]
        rpc_error: Option<Mapping>,
        /// How long it takes.
        #[example("20ms")]
        delay: Option<Duration>,
        /// Waits until a step releases it.
        #[example("first")]
        gate: Option<Text>,
    }
}

words! {
    /// What comes after the last row.
    pub enum ThenWord as "then" {
        /// The connection is closed.
        Close = "close",
        /// The connection stays open until the case ends.
        Hold = "hold",
        /// The connection is reset.
        Reset = "reset",
    }
}
