//! One server for the fakes of all cases of a run; a case and its fake are named by the path.
//!
//! | module | what |
//! |---|---|
//! | [`listener`] | the socket, and the table of open cases |
//! | [`case`] | one open case: its fakes, its gates, its end |
//! | [`gates`] | where replies wait until a step releases them |
//! | [`route`] | from a path to a case and a fake, and what is said if there is none |
//! | [`served`] | what every kind of fake behind the server can do |
//! | [`play`] | writing an answer step by step |

pub mod case;
pub mod gates;
pub mod listener;
pub mod play;
pub mod route;
pub mod served;

pub use case::{CaseFakes, CaseHandle};
pub use listener::{FakeServer, Front};
pub use served::{Response, Served};

#[cfg(test)]
mod tests;
