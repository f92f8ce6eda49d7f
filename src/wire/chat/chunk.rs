//! The chunks of a streamed chat completion, and usage.
//!
//! Owns: their fields.
//! Must not know: in which order they come.

use super::router::{CostDetails, ReasoningDetail, RouterError};
use crate::wire::script;
use serde::{Serialize, Serializer};

#[derive(Serialize)]
pub struct Chunk<'a> {
    pub id: &'a str,
    /// OpenRouter says who answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<&'static str>,
    pub object: &'static str,
    pub created: u64,
    pub model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_fingerprint: Option<&'static str>,
    pub choices: &'a [ChunkChoice<'a>],
    /// On every chunk where the request asked for usage, null on all but the last; otherwise on none.
    #[serde(skip_serializing_if = "ChunkUsage::is_not_asked")]
    pub usage: ChunkUsage,
    /// OpenRouter's error in the middle of a stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RouterError<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ChunkUsage {
    NotAsked,
    NotYet,
    Known(Usage),
}

impl ChunkUsage {
    fn is_not_asked(&self) -> bool {
        *self == ChunkUsage::NotAsked
    }
}

impl Serialize for ChunkUsage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            ChunkUsage::NotAsked | ChunkUsage::NotYet => serializer.serialize_none(),
            ChunkUsage::Known(usage) => usage.serialize(serializer),
        }
    }
}

#[derive(Clone, Copy, Serialize)]
pub struct ChunkChoice<'a> {
    pub index: u32,
    pub delta: ChunkDelta<'a>,
    pub logprobs: Option<()>,
    pub finish_reason: Option<&'a str>,
    /// OpenRouter's: the reason in the words of whoever answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub native_finish_reason: Option<Option<&'a str>>,
}

#[derive(Clone, Copy, Default, Serialize)]
pub struct ChunkDelta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<&'a str>,
    /// `Some(None)` is the null of the first chunk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Option<&'a str>>,
    /// Not OpenAI's, but what its look-alikes call reasoning; clients pass it on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<&'a str>,
    /// What OpenRouter calls reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_details: Option<[ReasoningDetail<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<[CallDelta<'a>; 1]>,
}

#[derive(Clone, Copy, Serialize)]
pub struct CallDelta<'a> {
    pub index: usize,
    /// Only in the first delta of a call, as are `type` and the function's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    pub function: FunctionDelta<'a>,
}

#[derive(Clone, Copy, Serialize)]
pub struct FunctionDelta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    pub arguments: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    /// OpenRouter says what it cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_byok: Option<bool>,
    prompt_tokens_details: PromptDetails,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_details: Option<CostDetails>,
    completion_tokens_details: CompletionDetails,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct PromptDetails {
    cached_tokens: u64,
    audio_tokens: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct CompletionDetails {
    reasoning_tokens: u64,
    audio_tokens: u64,
    accepted_prediction_tokens: u64,
    rejected_prediction_tokens: u64,
}

impl From<script::Usage> for Usage {
    fn from(usage: script::Usage) -> Usage {
        Usage {
            prompt_tokens: usage.input,
            completion_tokens: usage.output,
            total_tokens: usage.input.saturating_add(usage.output),
            cost: None,
            is_byok: None,
            cost_details: None,
            prompt_tokens_details: PromptDetails { cached_tokens: usage.cached, audio_tokens: 0 },
            completion_tokens_details: CompletionDetails {
                reasoning_tokens: usage.reasoning,
                audio_tokens: 0,
                accepted_prediction_tokens: 0,
                rejected_prediction_tokens: 0,
            },
        }
    }
}

impl Usage {
    /// With what OpenRouter adds.
    pub fn with_cost(usage: script::Usage) -> Usage {
        let cost = CostDetails::of(usage);
        Usage { cost: Some(cost.total()), is_byok: Some(false), cost_details: Some(cost), ..Usage::from(usage) }
    }
}
