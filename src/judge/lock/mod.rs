//! The lock: one file for each reply that a verdict came of, committed beside the suites, so that a judge is asked once.

mod calibrations;
mod entry;
mod folder;
mod miss;
mod shown;

pub use calibrations::Calibration;
pub use entry::{Entry, Usage};
pub use folder::{Lock, LockProblem};

pub(super) use entry::{Asked, Params, line_digests};
pub(super) use miss::nearest;
