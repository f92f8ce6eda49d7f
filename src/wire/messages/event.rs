//! The events of a Messages stream.
//!
//! Owns: their names and fields. The name of each stands before its data, and again as its `type`.
//! Must not know: in which order they come.

use super::block::{Block, Delta};
use super::error::ErrorObject;
use super::message::{DeltaUsage, Message, Stop};
use serde::Serialize;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event<'a> {
    MessageStart { message: &'a Message<'a> },
    ContentBlockStart { index: usize, content_block: &'a Block<'a> },
    Ping {},
    ContentBlockDelta { index: usize, delta: Delta<'a> },
    ContentBlockStop { index: usize },
    MessageDelta { delta: Stop<'a>, usage: DeltaUsage },
    MessageStop {},
    Error { error: ErrorObject<'a>, request_id: String },
}

impl Event<'_> {
    pub fn name(&self) -> &'static str {
        match self {
            Event::MessageStart { .. } => "message_start",
            Event::ContentBlockStart { .. } => "content_block_start",
            Event::Ping {} => "ping",
            Event::ContentBlockDelta { .. } => "content_block_delta",
            Event::ContentBlockStop { .. } => "content_block_stop",
            Event::MessageDelta { .. } => "message_delta",
            Event::MessageStop {} => "message_stop",
            Event::Error { .. } => "error",
        }
    }
}
