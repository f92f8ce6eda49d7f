//! Faults of a model fake, as written.
//!
//! Owns: their words and keys.
//! Must not know: how a fault is carried out.

use crate::language::shape::{Any, Duration, Or, Text, Whole};
use crate::{document, words};

document! {
    /// Something that goes wrong on a model's wire. A word alone is short for `{kind: word}`. It happens to every reply in
    /// which there is something to act on; a fault that happens to none makes the case `broken` and tells which events there
    /// were. Kinds from `malformed` to `item_id` happen at an event, `no_terminal` to `no_end` to a reply as a whole, and
    /// `status`, `html` and `no_headers` come before the reply, without being counted by the script.
    #[example("{kind: malformed, on: response.output_text.delta, nth: 2}")]
    #[example("{status: 429, times: 2, retry_after: 20ms}")]
    #[example("{kind: stall, for: 2s}")]
    #[example("{kind: reset, nth: last, requests: 2}")]
    pub struct FaultDoc as "fault" {
        /// What goes wrong. It need not be given beside `status` and `content_type`, which say it.
        #[example("malformed")]
        kind: Option<FaultWord>,
        /// At which events: their type, `*` stands for anything. The chunks of chat completions are called `chunk.role`,
        /// `chunk.content`, `chunk.reasoning`, `chunk.refusal`, `chunk.tool_calls`, `chunk.finish`, `chunk.usage`, `error`
        /// and `done`. Without it: events that bring a part of what the model says (deltas), for `item_id`
        /// `response.output_item.done`, for `response_id` every event with the id but the first.
        #[example("response.output_text.delta")]
        #[example("chunk.*")]
        on: Option<Text>,
        /// Which of those events, from 1; `last` or `all`. The first if not given.
        #[example("2")]
        #[example("last")]
        nth: Option<Or<NthWord, Whole>>,
        /// Which replies, from 1, as the script counts them. All in which there is something to act on if not given.
        #[example("2")]
        #[example("[1, 3]")]
        requests: Option<Or<Whole, Vec<Whole>>>,
        /// For `status`, `html` and `no_headers`: how many attempts get it before the reply; 1 if not given.
        #[example("2")]
        #[example("always")]
        times: Option<Or<TimesWord, Whole>>,
        /// For `status` and `html`: the status.
        #[example("429")]
        status: Option<Whole>,
        /// For `status`: after what time the client may try again.
        #[example("20ms")]
        retry_after: Option<Duration>,
        /// For `status`: sent as JSON, a text as it is; the provider's error if not given.
        #[example("{error: {message: slow down}}")]
        body: Option<Any>,
        /// For `stall`: how long; until the case ends if not given.
        #[example("2s")]
        pause as "for": Option<Duration>,
        /// For `slow`: the time between two events; 60ms if not given.
        #[example("20ms")]
        gap: Option<Duration>,
        /// For `content_type`: another one; `none` sends none.
        #[example("text/html")]
        content_type: Option<Text>,
        /// For `unknown_event`: the type of the event; `checkride.unknown` if not given.
        #[example("response.surprise")]
        event: Option<Text>,
        /// For `comment`: what it says.
        #[example("OPENROUTER PROCESSING")]
        text: Option<Text>,
    }
}

words! {
    /// What goes wrong.
    pub enum FaultWord as "fault_kind" {
        /// The event's data is no JSON.
        Malformed = "malformed",
        /// The event's data ends in the middle.
        Truncated = "truncated",
        /// The event comes twice.
        Duplicate = "duplicate",
        /// The event and the next of those meant change places.
        Swap = "swap",
        /// The event does not come.
        Drop = "drop",
        /// Before the event stands one of a type that nobody knows.
        UnknownEvent = "unknown_event",
        /// Before the event stands a block with only an `id:`.
        IdOnly = "id_only",
        /// Before the event stands a block with only a `retry:`.
        RetryOnly = "retry_only",
        /// Before the event stands one whose `data:` is empty.
        EmptyData = "empty_data",
        /// Before the event stands a comment.
        Comment = "comment",
        /// After the event the connection is reset.
        Reset = "reset",
        /// After the event the connection is closed, without the end of the body.
        Fin = "fin",
        /// After the event comes half of a chunk, then the connection is closed.
        HalfChunk = "half_chunk",
        /// After the event comes nothing, for the time `for` or until the case ends.
        Stall = "stall",
        /// After the event nobody is there any more: nothing comes, not even an end for a client that hangs up.
        HalfOpen = "half_open",
        /// From the event on the response has another id.
        ResponseId = "response_id",
        /// From the event on its item has another id.
        ItemId = "item_id",
        /// The stream ends in order, but nothing says that the reply is complete.
        NoTerminal = "no_terminal",
        /// Chat completions end without `[DONE]`.
        NoDone = "no_done",
        /// Events have no names.
        NoNames = "no_names",
        /// A byte order mark comes first.
        Bom = "bom",
        /// Each event is a write of its own, with the time `gap` between two.
        Slow = "slow",
        /// Status 200, and no body.
        EmptyBody = "empty_body",
        /// Another content type, or none.
        ContentType = "content_type",
        /// All is sent, but the body never ends.
        NoEnd = "no_end",
        /// Another status comes before the reply.
        Status = "status",
        /// A page of HTML with status 500 comes before the reply.
        Html = "html",
        /// The connection is closed before any header.
        NoHeaders = "no_headers",
    }

    /// Which of several events.
    pub enum NthWord as "nth" {
        /// The last one.
        Last = "last",
        /// Each of them.
        All = "all",
    }

    /// How often.
    pub enum TimesWord as "times" {
        /// Each time.
        Always = "always",
    }
}
