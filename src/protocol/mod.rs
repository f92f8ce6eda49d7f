//! Protocols as data: one interpreter of protocol files over the transports (language §7).
//!
//! | file | what |
//! |---|---|
//! | `conversation`, `turns` | what steps of a case may ask: connect, user, act, rpc, send, disconnect |
//! | `links`, `endings` | connections: opened, read, ended |
//! | `steps`, `requests`, `sending` | the steps of protocol files |
//! | `asking`, `exchange`, `listening`, `streams`, `lingering`, `answers` | the steps `http` and `listen`: requests, their answers, streams |
//! | `receive`, `belongs`, `events`, `calls`, `source`, `reducing` | what a frame means, and to whom it belongs |
//! | `approvals`, `functions` | what the engine answers by itself |
//! | `state`, `shared`, `names`, `settings`, `setup`, `stop` | what is known, and under which names |

mod answers;
mod approvals;
mod asking;
mod belongs;
mod calls;
mod conversation;
mod endings;
mod events;
mod exchange;
mod functions;
mod last_breath;
mod lingering;
mod links;
mod listening;
mod names;
mod receive;
mod reducing;
mod requests;
mod sending;
mod settings;
mod setup;
mod shared;
mod source;
mod state;
mod steps;
mod stop;
mod streams;
#[cfg(test)]
mod tests;
mod turns;

pub use conversation::{Conversation, check_settings};
pub use functions::{Functions, offered};
pub use names::Names;
pub use setup::{ConnectOptions, RpcReply, Setup, TurnRequest};
