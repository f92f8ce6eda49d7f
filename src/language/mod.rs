//! (being written)
pub mod agents;
mod arguments;
pub mod define;
pub mod discover;
pub mod holes;
pub mod merge;
pub mod names;
pub mod open;
pub mod project;
pub mod vars;
pub mod yaml;
