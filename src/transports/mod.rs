//! The ways to reach an agent. Each one turns its own world into the same thing: a sink of outgoing frames and a stream of incoming ones.
//!
//! | transport | one frame is |
//! |---|---|
//! | [`websocket`] | the JSON value of a message; other text is `{text}`, bytes are `{bytes}` |
//! | [`http`] | an answer as `{status, headers, body}` |
//! | [`sse`] | an event as `{id, event, data}` |
//! | [`exec`] | each line of output; at the end `{exit, stdout, stderr}` |
//!
//! Must not know: what a frame means, sessions, turns.

pub mod connection;
pub mod exec;
pub mod http;
pub mod sse;
pub mod websocket;

pub use connection::{Connection, Ending, Incoming, Outgoing};
