//! The reference agent behind the real assistant gateway's wire, versions 3 and 4: protocol `openclaw-gateway`.
//!
//! Frames, order, error texts and close codes are those measured on clawdbot 2026.1.24-3 (3) and openclaw 2026.9.6 (4), in the small:
//! one agent `main`, one tool `exec`, nothing that is kept after the end.
//!
//! | file | what |
//! |---|---|
//! | [`server`] | connections from open to close, ticks, the end |
//! | [`handshake`] | the first request: who is let in, with which scopes |
//! | [`client`] | one connection that was let in, and what it may hear |
//! | [`methods`] | the table of requests: scopes and parameters |
//! | [`chat`], [`sessions`] | what the requests do |
//! | [`runs`], [`turn`], [`voice`] | a run: its state, its loop, what is told of it |
//! | [`approvals`] | commands that wait for a decision |
//! | [`errors`] | errors as the wire has them |
//! | [`faults`] | deliberately broken variants |

pub mod approvals;
pub mod chat;
pub mod client;
pub mod errors;
pub mod faults;
pub mod handshake;
pub mod methods;
pub mod runs;
pub mod server;
pub mod sessions;
pub mod turn;
pub mod voice;
