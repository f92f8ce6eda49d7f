//! Matching against data made elsewhere, and against slower programs that must agree.

#[path = "vectors/cts.rs"]
mod cts;
#[path = "vectors/differential.rs"]
mod differential;
#[path = "vectors/exhaustive.rs"]
mod exhaustive;
#[path = "vectors/lists.rs"]
mod lists;
#[path = "vectors/sse.rs"]
mod sse;
#[path = "vectors/tree.rs"]
mod tree;
