//! checkride: conformance tests for AI agents, written in YAML, run as separately reported tests.
//!
//! YAML becomes a plan, a plan becomes a trace, a trace becomes verdicts, verdicts become reports. Each arrow is a
//! function, and everything between is plain data that can be printed, stored and tested alone.
//!
//! ```text
//! bytes ─language─► Suite ─engine::planner─► Plan ─engine::runner─► Trace ─checks─► Findings ─engine::outcome─► Outcome ─report─► …
//! ```
//!
//! | row | modules | must not know |
//! |---|---|---|
//! | 1 | [`base`] | what a suite is |
//! | 2 | [`model`] | YAML, wire formats, the clock |
//! | 3 | [`matching`], [`wire`], [`recorder`] | sockets; who is client, who is server |
//! | 4 | [`language`], [`transports`], [`protocol`], [`fakes`], [`agent`], [`checks`], [`judge`], [`report`] | each other (they meet in `model`; `protocol` may use `transports`) |
//! | 5 | [`engine`] | the command line |
//! | 6 | [`cli`], [`reference_agent`] | – |
//!
//! A module uses only rows above its own; `tests/tidy.rs` keeps it so.

pub mod agent;
pub mod base;
pub mod checks;
pub mod cli;
pub mod engine;
pub mod fakes;
pub mod judge;
pub mod language;
pub mod matching;
pub mod model;
pub mod protocol;
pub mod recorder;
pub mod reference_agent;
pub mod report;
pub mod transports;
pub mod wire;
