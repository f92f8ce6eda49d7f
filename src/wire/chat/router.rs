//! What OpenRouter adds to chat completions: costs, reasoning details, numeric errors.
//!
//! Owns: their fields.
//! Must not know: in which order chunks come.

use crate::wire::provider_error::status_for;
use crate::wire::script::{self, Reasoning};
use serde::Serialize;

/// Who answered, as every chunk says.
pub const PROVIDER: &str = "Scripted";
/// The comment that says that somebody is still at it.
pub const PROCESSING: &str = "OPENROUTER PROCESSING";
/// What the details of a reasoning are written in.
const FORMAT: &str = "unknown";
/// The price of one token, in dollars.
const PRICE: f64 = 0.000_001;

/// An error: its code is a status.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RouterError<'a> {
    pub code: u16,
    pub message: &'a str,
    pub metadata: Metadata<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Metadata<'a> {
    pub provider_name: &'static str,
    /// What the provider behind it said.
    pub raw: &'a str,
}

/// The whole body of a refused request.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RouterErrorBody<'a> {
    pub error: RouterError<'a>,
}

impl<'a> RouterError<'a> {
    pub fn new(status: u16, message: &'a str) -> RouterError<'a> {
        RouterError { code: status, message, metadata: Metadata { provider_name: PROVIDER, raw: message } }
    }

    /// With the status that goes with a code, or is the code.
    pub fn of(message: &'a str, code: Option<&'a str>) -> RouterError<'a> {
        let number = code.and_then(|code| code.parse().ok()).filter(|status| (400..=599).contains(status));
        RouterError::new(number.unwrap_or_else(|| status_for(code)), message)
    }
}

impl RouterErrorBody<'_> {
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an error holds only texts")
    }
}

/// The message that goes with a status, where the script gives none.
pub fn message_for(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "No auth credentials found",
        402 => "Insufficient credits",
        403 => "Your chosen model requires moderation and your input was flagged",
        408 => "Request timed out",
        429 => "Rate limit exceeded",
        502 => "Provider returned error",
        503 => "No available model provider that meets your routing requirements",
        _ => "Provider returned error",
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CostDetails {
    upstream_inference_cost: Option<f64>,
    upstream_inference_prompt_cost: f64,
    upstream_inference_completions_cost: f64,
}

impl CostDetails {
    pub fn of(usage: script::Usage) -> CostDetails {
        CostDetails {
            upstream_inference_cost: None,
            upstream_inference_prompt_cost: usage.input as f64 * PRICE,
            upstream_inference_completions_cost: usage.output as f64 * PRICE,
        }
    }

    pub fn total(self) -> f64 {
        self.upstream_inference_prompt_cost + self.upstream_inference_completions_cost
    }
}

/// A piece of a reasoning, in the form that a client sends back as it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "type")]
pub enum ReasoningDetail<'a> {
    #[serde(rename = "reasoning.text")]
    Text {
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        signature: Option<&'a str>,
        id: Option<()>,
        format: &'static str,
        index: usize,
    },
    #[serde(rename = "reasoning.encrypted")]
    Encrypted { data: &'a str, id: Option<()>, format: &'static str, index: usize },
}

impl<'a> ReasoningDetail<'a> {
    pub fn text(text: &'a str, index: usize) -> ReasoningDetail<'a> {
        ReasoningDetail::Text { text: Some(text), signature: None, id: None, format: FORMAT, index }
    }

    pub fn signature(signature: &'a str, index: usize) -> ReasoningDetail<'a> {
        ReasoningDetail::Text { text: None, signature: Some(signature), id: None, format: FORMAT, index }
    }

    pub fn encrypted(data: &'a str, index: usize) -> ReasoningDetail<'a> {
        ReasoningDetail::Encrypted { data, id: None, format: FORMAT, index }
    }

    /// The details of a whole reasoning.
    pub fn all(reasoning: &'a Reasoning, index: usize) -> impl Iterator<Item = ReasoningDetail<'a>> {
        let signature = reasoning.signature.as_deref();
        let (text, format) = (reasoning.shown(), FORMAT);
        let shown = (text.is_some() || signature.is_some()).then_some(ReasoningDetail::Text { text, signature, id: None, format, index });
        shown.into_iter().chain(reasoning.encrypted.as_deref().map(|data| ReasoningDetail::encrypted(data, index)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_errors_code_is_a_status() {
        for (code, status) in [(Some("rate_limit_exceeded"), 429), (Some("402"), 402), (Some("7"), 500), (None, 500)] {
            assert_eq!(RouterError::of("x", code).code, status, "{code:?}");
        }
    }

    #[test]
    fn an_error_names_the_provider_behind_it() {
        let text = r#"{"error":{"code":502,"message":"x","metadata":{"provider_name":"Scripted","raw":"x"}}}"#;
        assert_eq!(RouterErrorBody { error: RouterError::new(502, "x") }.to_bytes(), text.as_bytes());
    }
}
