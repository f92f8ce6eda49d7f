//! Processes that are spoken to: what the transports `exec` and `stdio` have in common.
//!
//! | file | what |
//! |---|---|
//! | `launch` | how the agent's program is started |
//! | `life` | reading a process to its end, and ending it |
//! | `output` | what it prints, as frames and log lines |
//! | `lines` | bytes cut into lines |
//! | `group` | all that the process started, ended as a whole |

mod group;
mod launch;
mod life;
mod lines;
mod output;

pub(super) use launch::spawn;
pub(super) use life::{Asking, watch};
pub(super) use output::Output;

pub use group::Stop;
pub use launch::Launch;
