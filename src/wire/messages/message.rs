//! The message object, its usage and how it stopped.
//!
//! Owns: their fields, every one of them always present.
//! Must not know: how its blocks came about.

use super::asked::Asked;
use super::block::Block;
use crate::wire::script;
use serde::Serialize;

#[derive(Serialize)]
pub struct Message<'a> {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub role: &'static str,
    pub model: &'a str,
    pub content: &'a [Block<'a>],
    pub stop_reason: Option<&'a str>,
    pub stop_sequence: Option<&'a str>,
    pub stop_details: Option<StopDetails<'a>>,
    pub container: Option<()>,
    pub usage: Usage,
}

impl<'a> Message<'a> {
    pub fn new(asked: &'a Asked, content: &'a [Block<'a>], stop: Option<Stop<'a>>, usage: Usage) -> Message<'a> {
        Message {
            id: asked.message_id(),
            kind: "message",
            role: "assistant",
            model: &asked.model,
            content,
            stop_reason: stop.map(|stop| stop.stop_reason),
            stop_sequence: stop.and_then(|stop| stop.stop_sequence),
            stop_details: stop.and_then(|stop| stop.stop_details),
            container: None,
            usage,
        }
    }
}

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Stop<'a> {
    pub stop_reason: &'a str,
    pub stop_sequence: Option<&'a str>,
    pub stop_details: Option<StopDetails<'a>>,
    pub container: Option<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename = "refusal")]
pub struct StopDetails<'a> {
    pub category: Option<&'a str>,
    pub explanation: Option<&'a str>,
}

/// The usage of a message. `input_tokens` are those that did not come from the cache.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Usage {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    cache_creation: CacheCreation,
    output_tokens: u64,
    output_tokens_details: OutputDetails,
    server_tool_use: Option<()>,
    service_tier: &'static str,
    inference_geo: Option<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct CacheCreation {
    ephemeral_5m_input_tokens: u64,
    ephemeral_1h_input_tokens: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct OutputDetails {
    thinking_tokens: u64,
}

impl Usage {
    /// As the first event knows it: next to nothing was written yet.
    pub fn begun(usage: script::Usage) -> Usage {
        Usage::of(script::Usage { output: usage.output.min(1), reasoning: 0, ..usage })
    }

    pub fn of(usage: script::Usage) -> Usage {
        Usage {
            input_tokens: usage.input,
            cache_creation_input_tokens: 0,
            cache_read_input_tokens: usage.cached,
            cache_creation: CacheCreation { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
            output_tokens: usage.output,
            output_tokens_details: OutputDetails { thinking_tokens: usage.reasoning },
            server_tool_use: None,
            service_tier: "standard",
            inference_geo: None,
        }
    }
}

/// The usage at the end of a stream: everything so far, so it replaces what the first event said.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DeltaUsage {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    output_tokens: u64,
    output_tokens_details: OutputDetails,
    server_tool_use: Option<()>,
}

impl From<script::Usage> for DeltaUsage {
    fn from(usage: script::Usage) -> DeltaUsage {
        DeltaUsage {
            input_tokens: usage.input,
            cache_creation_input_tokens: 0,
            cache_read_input_tokens: usage.cached,
            output_tokens: usage.output,
            output_tokens_details: OutputDetails { thinking_tokens: usage.reasoning },
            server_tool_use: None,
        }
    }
}
