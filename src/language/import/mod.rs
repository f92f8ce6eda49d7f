//! Import: files of other tools' fixtures as scripts.
//!
//! | module | what |
//! |---|---|
//! | [`aimock`] | from a folder of aimock's fixture files to the text of a script, and what could not be said in one |
//! | [`fixture`] | the files: which, in which order, what is in them |
//! | [`asked`] | `match`: which requests a fixture answers |
//! | [`answer`] | `response`: what it answers, and how that is disturbed |
//! | [`order`] | which fixture comes first, said as the order of rules |
//! | [`chunks`] | recorded streams, which a fake takes as they are |
//! | [`writing`] | values as YAML in which no text is a template |

pub mod aimock;
mod answer;
mod asked;
pub mod chunks;
mod fixture;
mod order;
pub mod writing;

#[cfg(test)]
mod tests;

pub use aimock::{Imported, LeftOut, import};
