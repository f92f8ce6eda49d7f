//! (being written)

pub mod command;
