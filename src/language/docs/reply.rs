//! Replies of a scripted model, as written.
//!
//! Owns: their keys, and script files.
//! Must not know: wire formats.

use super::fake::VendorWord;
use super::fault::{FaultDoc, FaultWord};
use super::http::RouteNode;
use crate::language::shape::{Any, Duration, Flag, Mapping, Named, Or, Scalar, Templated, Text, Whole};
use crate::{document, words};

/// A reply: a text, a part, or a list of parts.
pub type ReplyDoc = Or<SaidDoc, Vec<SaidDoc>>;
/// A text, or a part of another kind.
pub type SaidDoc = Or<Templated, PartDoc>;

document! {
    /// One part of a reply: exactly one of its keys (`signature` goes with `reasoning`).
    #[example("{tool_call: {name: exec, args: {command: ls}}}")]
    pub struct PartDoc as "reply" {
        /// A text, in deltas.
        #[example("You have one wallet.")]
        text: Option<Templated>,
        /// A new message item, where the wire has such a boundary.
        #[example("Another message.")]
        message: Option<Templated>,
        /// What is spoken: a text of the open message, on the Realtime wire with its sound.
        #[example("{transcript: Good morning., base64: AAEC}")]
        audio: Option<AudioDoc>,
        /// What the model thinks: a text, or its long form.
        #[example("The mail is an invoice.")]
        #[example("{hidden: true, encrypted: gAAAAB}")]
        reasoning: Option<Or<Templated, ReasoningDoc>>,
        /// The signature of a reasoning block; short for `signature` in its long form.
        #[example("sig1")]
        signature: Option<Templated>,
        /// A call of a tool.
        #[example("{name: exec, args: {command: ls}}")]
        tool_call: Option<Or<Templated, ToolCallDoc>>,
        /// A call of an MCP tool that the provider runs (Responses and Messages; chat completions have no such thing).
        #[example("{server: dexter, name: wallets.list, args: {}, output: {wallets: []}}")]
        mcp_call: Option<McpCallDoc>,
        /// The model refuses. On Messages it is a text, and the stop reason is `refusal`.
        #[example("I cannot help with that.")]
        refusal: Option<Templated>,
        /// Token counts.
        #[example("{input: 10, output: 3}")]
        usage: Option<UsageDoc>,
        /// The stop reason, in any provider's words: each wire says it in its own. A response that did not stop by itself (`length`, `max_tokens`, `max_output_tokens`, `content_filter`) is incomplete.
        #[example("max_output_tokens")]
        stop: Option<Text>,
        /// Ends the stream with an error event.
        #[example("{code: invalid_prompt, message: Invalid prompt}")]
        error: Option<Or<Text, ErrorDoc>>,
        /// Ends the response as failed.
        #[example("{code: server_error, message: boom}")]
        fail: Option<Or<Text, FailDoc>>,
        /// Waits.
        #[example("30ms")]
        delay: Option<Duration>,
        /// Waits until a step releases it.
        #[example("first")]
        gate: Option<Text>,
        /// A sign of life in the stream: `ping` on Messages, `keepalive` on Responses, a comment on chat completions. A reply that is no stream has none.
        #[example("true")]
        ping: Option<Flag>,
        /// A comment line of the stream. A reply that is no stream has none.
        #[example("OPENROUTER PROCESSING")]
        comment: Option<Text>,
        /// The connection ends here.
        #[example("fin")]
        abort: Option<AbortWord>,
        /// Bytes of the stream, as they are. In a reply that is no stream they are left out, with a note.
        #[example("\"data: {not-json\"")]
        raw: Option<Templated>,
        /// An event of the stream, as it is: `{name, data}`, or its data alone, called by its `type` where the wire names events. In a reply that is no stream it is left out, with a note.
        #[example("{type: response.in_progress}")]
        #[example("{name: surprise, data: {a: 1}}")]
        event: Option<Any>,
        /// Another answer than 200; it stands first and alone.
        #[example("{status: 529, body: {error: {message: try later}}}")]
        http: Option<StatusDoc>,
    }

    /// What is spoken.
    #[example("{transcript: Good morning., base64: AAEC}")]
    pub struct AudioDoc as "audio" {
        /// The words.
        #[example("Good morning.")]
        transcript: Templated,
        /// The sound, as base64; a millisecond of silence for each delta if not given.
        #[example("AAEC")]
        base64: Option<Templated>,
    }

    /// What the model thinks, as far as a wire shows it.
    #[example("{text: The mail is an invoice., signature: sig1}")]
    pub struct ReasoningDoc as "reasoning" {
        /// What it thinks; on Responses it is the summary.
        #[example("The mail is an invoice.")]
        text: Option<Templated>,
        /// The signature of the block, on Messages and in OpenRouter's details; made up if not given.
        #[example("sig1")]
        signature: Option<Templated>,
        /// It took place, but its text is not shown.
        #[example("true")]
        hidden: Option<Flag>,
        /// The form that only the provider can read: `encrypted_content` on Responses, where the request asks for it; without `text` a `redacted_thinking` block on Messages.
        #[example("gAAAAB")]
        encrypted: Option<Templated>,
    }

    /// A call of a tool.
    #[example("{name: exec, args: {command: ls}, id: c1}")]
    pub struct ToolCallDoc as "tool_call" {
        /// The tool's name.
        #[example("exec")]
        name: Templated,
        /// A mapping, or a text that is sent raw.
        #[example("{command: ls}")]
        args: Option<Or<Templated, Mapping>>,
        /// The call's id; made up if not given.
        #[example("c1")]
        id: Option<Templated>,
    }

    /// A call of an MCP tool that the provider runs.
    #[example("{server: dexter, name: wallets.list, output: {wallets: []}}")]
    pub struct McpCallDoc as "mcp_call" {
        /// The server's label.
        #[example("dexter")]
        server: Templated,
        /// The tool's name.
        #[example("wallets.list")]
        name: Templated,
        /// The arguments.
        #[example("{}")]
        args: Option<Any>,
        /// What the tool returned.
        #[example("{wallets: []}")]
        output: Option<Any>,
        /// How the tool failed.
        #[example("denied")]
        error: Option<Any>,
    }

    /// Token counts.
    #[example("{input: 10, output: 3}")]
    pub struct UsageDoc as "usage" {
        /// Tokens read.
        #[example("10")]
        input: Option<Whole>,
        /// Tokens written.
        #[example("3")]
        output: Option<Whole>,
        /// Tokens read from the cache.
        #[example("0")]
        cached: Option<Whole>,
        /// Tokens of reasoning.
        #[example("0")]
        reasoning: Option<Whole>,
    }

    /// An error event in the stream.
    #[example("{code: invalid_prompt, message: Invalid prompt}")]
    pub struct ErrorDoc as "reply_error" {
        /// What it says.
        #[example("Invalid prompt")]
        message: Text,
        /// The provider's code.
        #[example("invalid_prompt")]
        code: Option<Text>,
        /// The provider's type of error.
        #[example("invalid_request_error")]
        kind as "type": Option<Text>,
        /// The fields stand at the top of the event, not under `error`.
        #[example("true")]
        flat: Option<Flag>,
    }

    /// How a response fails.
    #[example("{code: server_error, message: boom}")]
    pub struct FailDoc as "fail" {
        /// What it says.
        #[example("boom")]
        message: Text,
        /// The provider's code.
        #[example("server_error")]
        code: Option<Text>,
    }

    /// Another answer than 200.
    #[example("{status: 429, retry_after: 20ms, body: {error: {message: slow down}}}")]
    pub struct StatusDoc as "http_answer" {
        /// The status.
        #[example("429")]
        status: Whole,
        /// Sent as `retry-after`.
        #[example("20ms")]
        retry_after: Option<Duration>,
        /// More headers.
        #[example("{x-request-id: r1}")]
        headers: Option<Named<Scalar>>,
        /// Sent as JSON, a text as it is.
        #[example("{error: {message: slow down}}")]
        body: Option<Any>,
    }

    /// A reply chosen by what is asked; the first rule that matches answers.
    #[example("{when: {last_user: {contains: Ana}}, reply: Hello Ana}")]
    pub struct RuleDoc as "model_rule" {
        /// A pattern over `{last_user, system, model, tool_offered, has_tool_result, tool_result, last_result, nth, body, headers, turn, answers}`; every request if not given. `tool_offered` is a tool's name, or a pattern over the list of names; `has_tool_result` and `tool_result` speak of what came after the last user message; `last_result` is `{id, text}` of the tool result that ends the request, if one does; `nth` is 1 for the fake's first request; `turn` is how many messages the user has said, `answers` how many answers of the model came before; `headers` has names in lower case, and is empty within a Realtime session.
        #[example("{last_user: {contains: Ana}}")]
        when: Option<Any>,
        /// The reply: a text, a part, or a list of parts.
        #[example("Hello Ana")]
        reply: Option<ReplyDoc>,
        /// Replies given in turn.
        #[example("[first, second]")]
        replies: Option<Vec<ReplyDoc>>,
        /// What becomes of requests when each reply of the rule was given once; they get none if not given.
        #[example("next")]
        then: Option<UsedUpWord>,
    }

    /// How replies are cut and written. A setting that needs something which no reply of the case has (`event_names` and
    /// `done` on another wire, `split_utf8` without a character longer than a byte) makes the case `broken`, as a fault does.
    #[example("{delta: word, write: event, gap: 20ms}")]
    #[example("{write: \"bytes:1\", newline: crlf}")]
    pub struct WireDoc as "wire" {
        /// How a text is cut into deltas: `word` (default), `char`, or a number of characters.
        #[example("word")]
        #[example("1000")]
        delta: Option<Or<DeltaWord, Whole>>,
        /// How the reply is cut into writes: all that is `ready` (default), one for each `event`, for each `line`, of N bytes
        /// (`bytes:7`), within each character longer than a byte (`split_utf8`; there must be one), or within each line and
        /// between CR and LF (`split_line`).
        #[example("event")]
        #[example("bytes:7")]
        write: Option<Text>,
        /// The time between two writes; each event is then a write, if `write` does not say otherwise.
        #[example("20ms")]
        gap: Option<Duration>,
        /// The names of events on the Realtime wire.
        #[example("beta")]
        names: Option<NamesWord>,
        /// The line break of the stream; `lf` if not given.
        #[example("crlf")]
        newline: Option<NewlineWord>,
        /// A byte order mark comes first.
        #[example("true")]
        bom: Option<Flag>,
        /// Another content type; `none` sends none.
        #[example("text/plain")]
        content_type: Option<Text>,
        /// How the client finds the end of the body; a stream comes in chunks and a document says its length if not given.
        #[example("close")]
        framing: Option<FramingWord>,
        /// `false`: events have no names, only data.
        #[example("false")]
        event_names: Option<Flag>,
        /// `false`: chat completions end without `[DONE]`.
        #[example("false")]
        done: Option<Flag>,
    }

    /// A script file: what a model fake says, in a file of its own, for fakes of suites (`script: FILE`) and for `checkride serve`.
    #[example("{script: [Hello, {tool_call: {name: exec, args: {command: ls}}}]}")]
    #[example("{script: Greetings, rules: [{when: {last_user: {contains: Ana}}, reply: Hello Ana}, {reply: Hello}]}")]
    pub struct ScriptDoc as "script" {
        /// The replies in order, or a title where `rules` choose the replies. This key stands first: it says what the file is.
        #[example("[Hello world]")]
        #[example("Greetings")]
        script: Or<Text, Vec<ReplyDoc>>,
        /// What it is for.
        #[example("A long answer.")]
        description: Option<Text>,
        /// Which wires `checkride serve` serves; every wire if not given. In a suite the fake says it.
        #[example("openai")]
        model: Option<VendorWord>,
        /// Replies chosen by what is asked, as in a `model` fake. What a fake of a suite gives itself of this and the keys below takes their place.
        #[example("[{when: {last_user: {contains: Ana}}, reply: Hello Ana}]")]
        rules: Option<Vec<RuleDoc>>,
        /// How replies are cut and written.
        #[example("{delta: word, gap: 20ms}")]
        wire: Option<WireDoc>,
        /// What goes wrong on the wire.
        #[example("[no_terminal]")]
        faults: Option<Vec<Or<FaultWord, FaultDoc>>>,
        /// More routes beside the model's, as in a `model` fake.
        #[example("[{GET /health: {body: ok}}]")]
        http: Option<Vec<RouteNode>>,
    }
}

words! {
    /// What becomes of requests that a rule matches when its replies are used up.
    pub enum UsedUpWord as "used_up" {
        /// The rules after it are tried.
        Next = "next",
    }

    /// How the connection ends in the middle of a reply.
    pub enum AbortWord as "abort" {
        /// Reset by the peer.
        Reset = "reset",
        /// Closed without the end of the stream.
        Fin = "fin",
        /// Half of a chunk, then the end.
        Half = "half",
    }

    /// Which names the Realtime wire uses.
    pub enum NamesWord as "names" {
        /// Those of today: `response.output_text.delta`, `conversation.item.added`.
        Ga = "ga",
        /// Those of the beta: `response.text.delta`, `conversation.item.created`.
        Beta = "beta",
    }

    /// The line break of a stream.
    pub enum NewlineWord as "newline" {
        /// LF, as providers send.
        Lf = "lf",
        /// CR LF.
        Crlf = "crlf",
        /// CR alone.
        Cr = "cr",
    }

    /// How the client finds the end of a body.
    pub enum FramingWord as "framing" {
        /// Chunks, and an empty one at the end.
        Chunked = "chunked",
        /// The length is said at the beginning.
        Length = "length",
        /// The connection ends with the body.
        Close = "close",
    }

    /// How a text is cut into deltas.
    pub enum DeltaWord as "delta" {
        /// A word each.
        Word = "word",
        /// A character each.
        Char = "char",
    }
}
