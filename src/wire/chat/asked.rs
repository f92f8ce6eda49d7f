//! What a chat completions request decides about its reply.
//!
//! Owns: reading those fields of a request.
//! Must not know: what is replied.

use serde_json::Value;

/// What was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The place of this request among those that are counted; ids are made of it.
    pub nth: usize,
    /// Repeated in the reply.
    pub model: String,
    pub stream: bool,
    /// `stream_options: {include_usage: true}`.
    pub include_usage: bool,
}

impl Asked {
    pub fn read(body: &Value, nth: usize) -> Asked {
        Asked {
            nth,
            model: body["model"].as_str().unwrap_or("scripted").to_owned(),
            stream: body["stream"] == true,
            include_usage: body["stream_options"]["include_usage"] == true,
        }
    }
}
