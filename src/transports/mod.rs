//! The ways to reach an agent. Each one turns its own world into the same thing: a sink of outgoing frames and a stream of incoming ones.
//!
//! | transport | one frame is |
//! |---|---|
//! | [`websocket`] | the JSON value of a message; other text is `{text}`, bytes are `{bytes}` |
//! | [`http`] | an answer as `{status, headers, body}` |
//! | [`sse`] | an event as `{id, event, data}` |
//! | [`stdio`] | the JSON value of a line; other text is `{text}`, bytes are `{bytes}` |
//! | [`exec`] | each line of output; at the end `{exit, stdout, stderr}` |
//!
//! [`plain`] is no transport: one HTTP request of a step and its whole answer.
//! `process` is what the last two have in common.
//!
//! Must not know: what a frame means, sessions, turns.

pub mod connection;
pub mod exec;
pub mod http;
pub mod plain;
mod process;
pub mod sse;
pub mod stdio;
pub mod websocket;

pub use connection::{Connection, Ending, Incoming, Outgoing};
