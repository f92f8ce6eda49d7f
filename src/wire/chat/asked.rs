//! What a chat completions request decides about its reply.
//!
//! Owns: reading those fields of a request.
//! Must not know: what is replied.

use serde_json::Value;

/// Whose chat completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    Openai,
    Openrouter,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The place of this request among those that are counted; ids are made of it.
    pub nth: usize,
    /// Repeated in the reply.
    pub model: String,
    pub stream: bool,
    pub variant: Variant,
    /// `stream_options: {include_usage: true}`.
    pub include_usage: bool,
}

impl Asked {
    pub fn read(body: &Value, nth: usize, variant: Variant) -> Asked {
        Asked {
            nth,
            model: body["model"].as_str().unwrap_or("scripted").to_owned(),
            stream: body["stream"] == true,
            variant,
            include_usage: body["stream_options"]["include_usage"] == true,
        }
    }

    pub(super) fn is_router(&self) -> bool {
        self.variant == Variant::Openrouter
    }

    pub(super) fn completion_id(&self) -> String {
        let prefix = if self.is_router() { "gen" } else { "chatcmpl" };
        format!("{prefix}-{:04}", self.nth)
    }

    pub(super) fn call_id(&self, call: usize, id: Option<&String>) -> String {
        id.cloned().unwrap_or_else(|| crate::wire::script::call_id(self.nth, call))
    }
}
