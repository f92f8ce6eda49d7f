//! Reports: what a run showed, for people, for CI systems and for programs.
//!
//! Each report is a pure function of a [`RunReport`]; only [`file`] and the live status line touch the world.
//!
//! | file | what |
//! |---|---|
//! | [`run`] | the input of all reports |
//! | [`judged`] | what the judge did, counted |
//! | [`text`] | failures, summary, list and the live status line of a terminal |
//! | [`junit`] | JUnit XML, in the dialect that GitLab, Jenkins, Azure, dorny and mikepenz read alike |
//! | [`json`] | everything, versioned; `schemas/report.json` |
//! | [`clean`] | what agents wrote, made harmless |
//! | [`file`] | reports are written whole or not at all |

pub mod clean;
pub mod file;
pub mod json;
pub mod judged;
pub mod junit;
pub mod run;
pub mod text;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod schemas;

pub use file::write_file;
pub use judged::Judging;
pub use run::RunReport;
pub use text::StatusLine;
