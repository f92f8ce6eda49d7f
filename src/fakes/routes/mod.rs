//! The scripted HTTP server: routes, what they answer, what they remember.
//!
//! | module | what |
//! |---|---|
//! | [`running`] | an HTTP fake during a case: recording, answering |
//! | [`choice`] | which answer a request gets, what was put aside, what was left over |
//! | [`fill`] | an answer with its templates filled |

pub mod choice;
pub mod fill;
pub mod running;

pub use choice::{Given, decide, facts, left_over, not_testable};
pub use running::{RunningHttp, answer};
