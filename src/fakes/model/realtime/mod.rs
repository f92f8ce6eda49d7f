//! The Realtime half of the scripted provider: a WebSocket for each session, and keys for it.
//!
//! | module | what |
//! |---|---|
//! | [`open`] | from a handshake to a session |
//! | [`mint`] | short-lived keys, and the sessions they stand for |
//! | [`live`] | one session: client events as they come, responses beat by beat |
//! | [`asking`] | which reply a `response.create` gets |

pub mod asking;
pub mod live;
pub mod mint;
pub mod open;

pub use mint::Minted;
