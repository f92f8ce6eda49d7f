//! The OpenAI Realtime wire: a session, its conversation, and a scripted reply as the events of a response. No sockets.
//!
//! | module | what |
//! |---|---|
//! | [`talk`] | one connection as a machine: client events in, server events out |
//! | [`session`] | the session object, and what a client may change in it |
//! | [`conversation`] | the items so far |
//! | [`item`] | one item as a client writes it |
//! | [`response`] | a scripted reply, event by event, so that it can be cancelled at any of them |
//! | [`open`] | the item that a response is at |
//! | [`asked`] | what a `response.create` decides about its response |
//! | [`names`] | what GA and beta call differently |
//! | [`mistake`] | the `error` event |

pub mod asked;
pub mod conversation;
pub mod item;
pub mod mistake;
pub mod names;
pub mod open;
pub mod response;
pub mod session;
pub mod talk;

pub use asked::Asked;
pub use response::{Beat, Response};
pub use session::Session;
pub use talk::{Talk, Wanted};

#[cfg(test)]
mod tests;
