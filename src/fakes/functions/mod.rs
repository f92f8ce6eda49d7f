//! Tools that the client runs: the `functions` fakes of a case.
//!
//! | module | what |
//! |---|---|
//! | [`running`] | the fakes during a case: which tool is whose, answering, what was left over |

pub mod running;

pub use running::RunningFunctions;
