//! YAML 1.2, core schema, into trees in which every node knows its place.
//!
//! Refused with messages of their own: duplicate keys, merge keys, tags, keys that are no texts, several documents, numbers
//! that JSON does not have, alias bombs, deep nesting, big files, tabs, and the three usual slips of quoting.

mod fault;
mod read;
mod scalar;

pub use read::{MAX_BYTES, MAX_DEPTH, read, too_large};

#[cfg(test)]
mod tests;
