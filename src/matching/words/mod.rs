//! The pattern words: each with its reading, its test, its documentation and its examples.
//!
//! Owns: the closed list of words. A new word is one entry here and its code in one file.
//! Must not know: how patterns are combined (`value`), which list an entry came from.

mod comparisons;
mod dispatch;
mod lists;
mod logic;
mod presence;
mod safety;
mod structure;
mod table;
mod texts;

pub(crate) use dispatch::holds;
pub(crate) use table::{Argument, Role, TEXT_WORDS, find, names};
pub use table::{Example, WORDS, WordKind};
