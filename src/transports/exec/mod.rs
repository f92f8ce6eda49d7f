//! One process for each turn: its lines are frames, its end is the last frame.

mod group;
mod lines;
mod process;

pub use group::{Stop, signal_of};
pub use process::{ExecLaunch, ExecRun, start};
