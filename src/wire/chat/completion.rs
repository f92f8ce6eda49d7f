//! The document of a chat completion that is no stream.
//!
//! Owns: its fields.
//! Must not know: how they were filled.

use super::chunk::Usage;
use super::router::ReasoningDetail;
use serde::Serialize;

#[derive(Serialize)]
pub struct Completion<'a> {
    pub id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<&'static str>,
    pub object: &'static str,
    pub created: u64,
    pub model: &'a str,
    pub choices: [Choice<'a>; 1],
    pub usage: Usage,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_fingerprint: Option<&'static str>,
}

#[derive(Serialize)]
pub struct Choice<'a> {
    pub index: u32,
    pub message: Message<'a>,
    pub logprobs: Option<()>,
    pub finish_reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub native_finish_reason: Option<&'a str>,
}

#[derive(Serialize)]
pub struct Message<'a> {
    pub role: &'static str,
    pub content: Option<&'a str>,
    pub refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<[(); 0]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<&'a str>,
    /// OpenRouter's, null where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "<[ReasoningDetail<'_>]>::is_empty")]
    pub reasoning_details: &'a [ReasoningDetail<'a>],
    #[serde(skip_serializing_if = "<[Call<'_>]>::is_empty")]
    pub tool_calls: &'a [Call<'a>],
}

#[derive(Serialize)]
pub struct Call<'a> {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub function: Function<'a>,
}

#[derive(Serialize)]
pub struct Function<'a> {
    pub name: &'a str,
    pub arguments: &'a str,
}
