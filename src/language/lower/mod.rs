//! Lowering: from documents to the types of `model`, with nothing left to interpret.

pub mod agent;
pub mod case;
pub mod check;
pub mod command;
pub mod condition;
pub mod egress;
pub mod fake;
pub mod fault;
pub mod http;
pub mod http_answer;
pub mod judge;
pub mod lowering;
pub mod measured;
pub mod model;
pub mod persona;
pub mod positive;
pub mod protocol;
pub mod protocol_step;
pub mod reach;
pub mod reply;
pub mod rubric;
pub mod rule;
pub mod script;
pub mod session;
pub mod step;
pub mod tool;
pub mod verb;
pub mod websocket;
pub mod wire;

pub use case::{Draft, FakeDraft};
pub use lowering::Lowering;
