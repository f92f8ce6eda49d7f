//! Mocked commands: the checkride binary, linked under the name of a tool, answers by a plan and writes down each call.
//!
//! Owns: the run folder (`bin/`, `plan.json`, `calls.jsonl`, `counters.json`), the mock process, and reading its log back.
//! Must not know: PATH and profiles of the agent, what checks expect of the calls.
//!
//! | file | what |
//! |---|---|
//! | [`plan`] | the compiled rules, as the runner writes and the mock reads them |
//! | [`mocks`] | the runner's side: makes the folder, turns logged calls into records |
//! | [`shim`] | the mock's side: finds its plan, answers |
//! | [`rules`] | which rule answers, and which was nearest |
//! | [`counters`] | what calls share: how many there were, how much of a sequence was given |
//! | [`stdin`] | reading standard input without ever hanging |
//! | [`log`] | the lines of the log |

pub mod counters;
pub mod log;
pub mod mocks;
pub mod plan;
pub mod rules;
pub mod shim;
pub mod stdin;

pub use mocks::{Mocks, prepare};
pub use shim::shim_main;
