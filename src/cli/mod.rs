//! The command line: the only place that reads arguments and the environment and decides exit statuses.

mod arguments;
mod check;
mod commands;
mod exit;
mod import;
mod judge;
mod judge_arguments;
mod judging;
mod load;
mod output;
mod run;
mod serve;
mod trace;

pub use commands::{main, test_main};
