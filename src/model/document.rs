//! The document that JSONPath sees: the names of its members.
//!
//! Owns: which members there are.
//! Must not know: how they are made of a trace.

/// `$.reply`, `$.calls` and their like, in the order in which they stand.
pub const MEMBERS: [&str; 15] = [
    "reply", "text", "calls", "turns", "events", "frames", "sent", "final", "usage", "requests", "commands", "probes", "errors", "log",
    "exit",
];
