//! Problems around the agent, in one line.
//!
//! Owns: nothing but the spelling.
//! Must not know: what the problems are.

use crate::model::trace::{Blame, Problem};

/// A problem that is somebody's fault other than the agent's behaviour.
pub(super) fn problem(blame: Blame, code: &str, message: impl Into<String>, details: Vec<String>) -> Problem {
    Problem { blame: Some(blame), code: code.to_owned(), message: message.into(), details }
}
