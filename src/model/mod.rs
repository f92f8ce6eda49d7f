//! The plain data between the stages: suites, plans, traces, findings, outcomes.
//!
//! Everything here can be printed, stored and tested alone; nothing here does anything to the world.

pub mod agent;
pub mod answers;
pub mod document;
pub mod egress;
pub mod expect;
pub mod fake;
pub mod fault;
pub mod filter;
pub mod http;
pub mod judge;
pub mod outcome;
pub mod pattern;
pub mod persona;
pub mod protocol;
pub mod recording;
pub mod step;
pub mod suite;
pub mod template;
pub mod tool;
pub mod trace;
pub mod tree;
pub mod websocket;
pub mod wire;
