//! List patterns: did these things happen, in this order, this often?
//!
//! Owns: order, counts, causality, captures, and the nearest-candidate explanation.
//! Must not know: what a tool call is, how a trace was recorded, how a finding is shown.

mod assign;
mod automaton;
mod bindings;
mod candidates;
mod closest;
mod entry;
mod explain;
mod meets;
mod problem;
mod search;
#[cfg(test)]
mod tests;
mod verdict;

pub use closest::nearest;
pub use entry::{Entry, ListVerdict};
pub use verdict::{check, first_match, forbidden};
