//! The Anthropic Messages wire: a scripted reply as its event stream, or as the one JSON document.
//!
//! | module | what |
//! |---|---|
//! | [`asked`] | what a request decides about its reply, and requests that are refused |
//! | [`block`] | content blocks and their deltas |
//! | [`event`] | the events of a stream |
//! | [`message`] | the message, its usage, how it stopped |
//! | [`error`] | the error body, and which status goes with which type |
//! | [`said`] | what holds for a reply as a whole |
//! | [`render`](fn@render) | the reply itself |
//! | [`document`] | the reply that is no stream |

pub mod asked;
pub mod block;
mod document;
pub mod error;
pub mod event;
pub mod message;
mod render;
mod said;

pub use asked::Asked;
pub use render::render;
