//! What a provider's answer means, read as a client of its wire reads it: one reader for one answer, streamed or not.
//!
//! | file | wire |
//! |---|---|
//! | [`chat`] | chat completions |
//! | [`responses`] | OpenAI Responses |
//! | [`messages`] | Anthropic Messages |
//! | [`reader`] | what they have in common |
//!
//! Must not know: sockets, turns, who runs the tools that a message asks for.

pub mod chat;
pub mod messages;
pub mod reader;
pub mod responses;

pub use reader::{Meaning, Reads, by_name, makes};
