//! The websocket fake: connections in order, a row after each frame; and the server side of WebSocket for all fakes that speak it.
//!
//! | module | what |
//! |---|---|
//! | [`handshake`] | from a request to an open socket, or why there is none |
//! | [`incoming`] | what a client sends, and how it ends |
//! | [`outbox`] | what is sent to a client, in order, down to breaking off |
//! | [`running`] | a websocket fake during a case |
//! | [`play`] | one connection of it |

pub mod handshake;
pub mod incoming;
pub mod outbox;
pub mod play;
pub mod running;

pub use running::RunningWebsocket;

#[cfg(test)]
mod tests;
