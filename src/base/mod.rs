//! Foundations that know nothing of suites: places in files, diagnostics, durations, names, redaction.

pub mod client;
pub mod clock;
pub mod diagnostic;
pub mod disguise;
pub mod duration;
pub mod finder;
pub mod fingerprint;
pub mod letters;
pub mod redact;
pub mod slug;
pub mod span;
pub mod suggest;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use span::{FileId, Location, SourceFile, Sources, Span};
