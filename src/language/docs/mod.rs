//! The documents of the suite language: suites, protocols, scripts and the project file, key by key.

pub mod agent;
pub mod expect;
pub mod fake;
pub mod fault;
pub mod http;
pub mod judge;
pub mod pattern;
pub mod project;
pub mod protocol;
pub mod reply;
pub mod rule;
pub mod server;
pub mod step;
pub mod suite;
