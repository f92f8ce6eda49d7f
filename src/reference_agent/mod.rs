//! The reference agent: a small, honest agent (model → tools → model) behind a websocket gateway.
//!
//! It is launched as a process like any other agent, and nothing in it knows that it may be under test. It is the agent of
//! the shipped suites, and the thing that mutants are made of (`--fault`).
//!
//! | file | what |
//! |---|---|
//! | [`command_line`] | options, `--help`, the process from start to end |
//! | [`gateway`] | the websocket server: frames in, frames out |
//! | [`sessions`] | one history and one queue for each session |
//! | [`turn`] | the loop: ask the model, run the tools, ask again |
//! | [`model`] | the model's client, over [`responses`] or [`chat`], streamed |
//! | [`exec`] | the only tool: a shell command |
//! | [`openclaw`] | instead of the gateway: the real one's wire, versions 3 and 4 |
//! | [`core2`] | instead of the gateway: a Core 2.0 pipeline over three providers |
//! | [`dexter`] | instead of the gateway: Dexter's API |
//! | [`http`] | the HTTP server of these two |
//! | [`faults`] | deliberately broken variants |

pub mod chat;
pub mod command_line;
pub mod core2;
pub mod dexter;
pub mod exec;
pub mod faults;
pub mod gateway;
pub mod http;
pub mod model;
pub mod openclaw;
pub mod responses;
pub mod sessions;
pub mod turn;

#[cfg(test)]
mod tests;

pub use command_line::main;
