//! From the tree to patterns. Mistakes are collected; what cannot be read becomes a pattern that matches nothing.
//!
//! Owns: the written form of value patterns, list patterns, items, globs, regular expressions and paths.
//! Must not know: YAML syntax, which keys of a case hold patterns.

mod holes;
mod item;
mod item_parts;
mod list;
mod mistakes;
mod pattern;
mod references;
#[cfg(test)]
mod tests;

pub(crate) use holes::templates;
pub use mistakes::Reader;
