//! The judge: statements about a recording, put to a model one by one; answers whose quotes were verified.
//!
//! Owns: the prompt, the providers, the lock, budgets, sentinels, and the calibration against people's labels.
//! Must not know: YAML, how a recording is made of a trace, what answers mean for a case (`checks::aggregate`).

mod asking;
mod budget;
pub mod calibration;
mod digest;
pub mod lock;
mod prompt;
mod providers;
mod quotes;
mod reply;
mod sentinels;
#[cfg(test)]
mod tests;
mod vote;
mod world;

pub use asking::Judge;
pub use world::{JudgeWorld, Mode, unavailable};
