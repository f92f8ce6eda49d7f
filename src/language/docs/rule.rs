//! The rules of a protocol's `events`, as written: from a frame to normalised events.
//!
//! Owns: their keys, one for each kind of event.
//! Must not know: how events are made.

use super::protocol::StepConditionDoc;
use crate::document;
use crate::language::shape::{Any, Named, Or, PatternNode, Text};

/// A path into the frame, a constant, or fields.
type Source = Any;

document! {
    /// What a frame means: a pattern over the frame, and the events it makes, in the order written. A text that begins with
    /// `$` is a path into the frame (or the `for_each` element), any other value a constant.
    #[example("{when: {type: assistant_message}, text: $.payload}")]
    pub struct EventRuleDoc as "event_rule" {
        /// A pattern over the frame.
        #[example("{type: turn_complete}")]
        when: PatternNode,
        /// A condition.
        #[example("{settings: {version: 3}}")]
        only_if: Option<StepConditionDoc>,
        /// The events are made for each of these; paths are then into the element.
        #[example("$.payload[*]")]
        for_each: Option<Text>,
        /// Values for the session (beside `turn.started` for the turn too), by JSONPath.
        #[example("{thread: $.thread_id}")]
        save: Option<Named<Or<Text, Vec<Text>>>>,
        /// Sent back to a server's request.
        #[example("{id: 1, result: {}}")]
        reply: Option<Any>,
        /// Event: a turn began.
        #[example("{}")]
        turn_started as "turn.started": Option<Source>,
        /// Event: a piece of the current message.
        #[example("$.delta")]
        text_delta as "text.delta": Option<Source>,
        /// Event: a whole message; it ends the current one.
        #[example("$.payload")]
        text: Option<Source>,
        /// Event: the message so far, or `{item, text}`.
        #[example("{item: $.data.itemId, text: $.data.text}")]
        text_so_far as "text.so_far": Option<Source>,
        /// Event: what the model thinks.
        #[example("$.item.text")]
        reasoning: Option<Source>,
        /// Event: an item began.
        #[example("{id: $.item.id, kind: message}")]
        item: Option<ItemEventDoc>,
        /// Event: an item is finished, by its id.
        #[example("$.item.id")]
        item_finished as "item.finished": Option<Source>,
        /// Event: a piece of an item.
        #[example("{item: $.itemId, text: $.delta}")]
        delta: Option<DeltaEventDoc>,
        /// Event: a tool call began.
        #[example("{id: $.id, name: $.name, args: $.input}")]
        call_started as "call.started": Option<CallStartedDoc>,
        /// Event: a tool call has its result.
        #[example("{id: $.id, result: $.result, status: ok}")]
        call_finished as "call.finished": Option<CallFinishedDoc>,
        /// Event: the agent asks whether it may.
        #[example("{id: $.id, command: $.params.command}")]
        approval_requested as "approval.requested": Option<Named<Source>>,
        /// Event: token counts; those of a turn are added up.
        #[example("{input: $.usage.input_tokens, output: $.usage.output_tokens}")]
        usage: Option<UsageEventDoc>,
        /// Event: token counts so far; they replace.
        #[example("{input: $.usage.input_tokens}")]
        usage_so_far as "usage.so_far": Option<UsageEventDoc>,
        /// Event: something went wrong; a text, or `{code, message}`.
        #[example("$.error.message")]
        error: Option<Source>,
        /// Event: the turn ended: `completed`, `failed`, `aborted` or `incomplete`.
        #[example("completed")]
        turn_finished as "turn.finished": Option<Source>,
        /// Event: the connection was closed.
        #[example("{code: $.code}")]
        closed: Option<Source>,
    }

    /// An item began.
    #[example("{id: $.item.id, kind: message}")]
    pub struct ItemEventDoc as "item_event" {
        /// The item's id.
        #[example("$.item.id")]
        id: Option<Source>,
        /// What it is.
        #[example("message")]
        kind: Option<Source>,
    }

    /// A piece of an item.
    #[example("{item: $.itemId, text: $.delta}")]
    pub struct DeltaEventDoc as "delta_event" {
        /// The item's id.
        #[example("$.itemId")]
        item: Option<Source>,
        /// The piece.
        #[example("$.delta")]
        text: Option<Source>,
    }

    /// A tool call began.
    #[example("{id: $.id, name: $.name, args: $.input}")]
    pub struct CallStartedDoc as "call_started" {
        /// The call's id; calls without ids are numbered.
        #[example("$.id")]
        id: Option<Source>,
        /// The tool's name.
        #[example("$.name")]
        name: Option<Source>,
        /// The arguments; JSON text is parsed. A call without them is not answered yet: another start with its id may bring them.
        #[example("$.input")]
        args: Option<Source>,
        /// The server whose tool it is, if several may have one of this name.
        #[example("$.item.server")]
        server: Option<Source>,
        /// Who runs it: `client` or `agent`. If not given, the client runs it if a `functions` fake has a tool of this name. A call
        /// that the client must run, of a tool that no `functions` fake of the case has, fails the case.
        #[example("client")]
        by: Option<Source>,
    }

    /// A tool call has its result.
    #[example("{id: $.id, result: $.result, status: ok}")]
    pub struct CallFinishedDoc as "call_finished" {
        /// The call's id; without it, the oldest open call.
        #[example("$.id")]
        id: Option<Source>,
        /// The result; JSON text is parsed.
        #[example("$.result")]
        result: Option<Source>,
        /// `ok`, `error` or `denied`.
        #[example("ok")]
        status: Option<Source>,
    }

    /// Token counts.
    #[example("{input: $.usage.input_tokens, output: $.usage.output_tokens}")]
    pub struct UsageEventDoc as "usage_event" {
        /// Tokens read.
        #[example("$.usage.input_tokens")]
        input: Option<Source>,
        /// Tokens written.
        #[example("$.usage.output_tokens")]
        output: Option<Source>,
        /// Both.
        #[example("$.usage.total_tokens")]
        total: Option<Source>,
        /// Tokens read from the cache.
        #[example("$.usage.cached_tokens")]
        cached: Option<Source>,
        /// Tokens of reasoning.
        #[example("$.usage.reasoning_tokens")]
        reasoning: Option<Source>,
    }
}
