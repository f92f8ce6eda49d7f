//! One algebra for all comparisons: value patterns (language §4.1), list patterns (§4.2), JSONPath and globs.
//!
//! Owns: reading patterns from the tree, testing values and lists against them, explaining why one does not hold.
//! Must not know: sockets, how a trace was recorded, how a finding is shown.

pub mod credentials;
pub mod describe;
pub mod equal;
pub mod fold;
pub mod glob;
pub mod interner;
pub mod jsonpath;
mod jsonpath_limits;
pub mod list;
pub mod read;
pub mod similarity;
mod tester;
#[cfg(test)]
pub(crate) mod testing;
pub mod texts;
pub mod urls;
pub mod value;
pub mod words;

pub use read::Reader;
pub use words::{Example, WORDS, WordKind};
