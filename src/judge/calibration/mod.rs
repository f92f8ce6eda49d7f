//! How good a judge is: its verdicts beside people's labels.

mod labels;
mod measured;
mod report;
mod statistics;

pub use labels::{Item, Label, items, read, rubric};
pub use measured::{Calibration, Gates, Measured, Options, Verdict, calibration, measured};
pub use report::{Calibrated, calibrated, digest, shown, standing};
