//! Import: files of other tools' fixtures as scripts.
//!
//! | module | what |
//! |---|---|
//! | [`aimock`] | from a folder of aimock's fixture files to the text of a script, and what could not be said in one |
//! | [`fixture`] | the files: which, in which order, what is in them |
//! | [`asked`] | `match`: which requests a fixture answers |
//! | [`answer`] | `response`: what it answers, and how that is disturbed |
//! | [`order`] | which fixture comes first, said as the order of rules |
//! | [`writing`] | values as YAML in which no text is a template |

pub mod aimock;
mod answer;
mod asked;
mod fixture;
mod order;
mod writing;

#[cfg(test)]
mod tests;

pub use aimock::{Imported, LeftOut, import};
