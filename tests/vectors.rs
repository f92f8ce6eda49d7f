//! Matching against data made elsewhere: the list-pattern vectors, and the public JSONPath compliance suite.

#[path = "vectors/tree.rs"]
mod tree;

#[path = "vectors/cts.rs"]
mod cts;
#[path = "vectors/lists.rs"]
mod lists;
