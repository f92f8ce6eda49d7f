//! Colours, and words that survive a shell.
//!
//! Owns: terminal sequences, quoting.
//! Must not know: what is printed.

use crate::model::outcome::Verdict;
use std::borrow::Cow;

/// Whether the text may hold terminal colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    #[default]
    Plain,
    Color,
}

impl Style {
    pub fn of(color: bool) -> Style {
        if color { Style::Color } else { Style::Plain }
    }

    /// The text in the colour of a verdict.
    pub fn verdict(self, verdict: Verdict, text: &str) -> String {
        let color = match verdict {
            Verdict::Pass => "32",
            Verdict::Fail | Verdict::UnexpectedPass => "1;31",
            Verdict::Broken | Verdict::Inconclusive => "1;35",
            Verdict::Warning | Verdict::Flaky => "1;33",
            Verdict::Skipped | Verdict::ExpectedFailure => "36",
        };
        self.paint(color, text)
    }

    /// The text in the colour of what is less important.
    pub fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn paint(self, color: &str, text: &str) -> String {
        match self {
            Style::Plain => text.to_owned(),
            Style::Color => format!("\u{1b}[{color}m{text}\u{1b}[0m"),
        }
    }
}

/// The text as one word of a shell's command line.
pub fn quoted(text: &str) -> Cow<'_, str> {
    let harmless = |c: char| c.is_alphanumeric() || "/_-.:=,+@%".contains(c);
    if !text.is_empty() && text.chars().all(harmless) { text.into() } else { format!("'{}'", text.replace('\'', r"'\''")).into() }
}
