//! A finished run: the input of all reports.
//!
//! Owns: the outcomes and what is known of the run as a whole, the counts.
//! Must not know: how a report looks.

use crate::model::outcome::{Outcome, Verdict};

/// Texts are redacted already.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// In the order in which they shall be shown.
    pub outcomes: Vec<Outcome>,
    /// RFC 3339, UTC.
    pub started: String,
    pub duration_ms: f64,
    /// Of this program.
    pub version: String,
    pub command_line: Vec<String>,
    /// The machine's name, where it is known.
    pub hostname: Option<String>,
    /// Cases that the filters left out.
    pub filtered_out: usize,
    /// Ctrl-C ended it before its time.
    pub interrupted: bool,
    /// Warnings that belong to no single case, such as a rule that no case used.
    pub warnings: Vec<String>,
}

impl Default for RunReport {
    /// An empty run of this version.
    fn default() -> RunReport {
        RunReport {
            outcomes: vec![],
            started: String::new(),
            duration_ms: 0.0,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command_line: vec![],
            hostname: None,
            filtered_out: 0,
            interrupted: false,
            warnings: vec![],
        }
    }
}

impl RunReport {
    pub fn count(&self, verdict: Verdict) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.verdict == verdict).count()
    }

    /// Cases that were carried out, whatever came of them.
    pub fn ran(&self) -> usize {
        self.outcomes.len() - self.count(Verdict::Skipped)
    }
}
