//! Lowering: from documents to the types of `model`, with nothing left to interpret.

pub mod agent;
pub mod case;
pub mod check;
pub mod command;
pub mod fake;
pub mod lowering;
pub mod measured;
pub mod protocol;
pub mod protocol_step;
pub mod reply;
pub mod rule;
pub mod script;
pub mod session;
pub mod step;
pub mod verb;
pub mod websocket;

pub use case::Draft;
pub use lowering::Lowering;
