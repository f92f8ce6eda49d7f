//! Which sessions a case has, and which one a step means that names none.
//!
//! Owns: the labels of sessions.
//! Must not know: how a session is opened.

use crate::language::docs::step::{SessionDoc, StepDoc};
use crate::language::shape::Or;
use crate::model::step::MAIN;
use crate::model::tree::Node;
use std::sync::Arc;

/// Verbs that speak to the agent, and so open the session they name.
const OPENERS: [&str; 7] = ["user", "do", "rpc", "send", "connect", "disconnect", "reconnect"];

/// The label that a step writes.
pub fn label(doc: &StepDoc) -> Option<String> {
    match doc.session.as_ref()? {
        Or::This(label) => Some(label.to_string()),
        Or::That(SessionDoc { label, .. }) => Some(label.as_ref().map_or(MAIN.to_owned(), |label| label.to_string())),
    }
}

/// The key that a step writes instead of `<label>-<case>-<attempt>`.
pub fn key(doc: &StepDoc) -> Option<Arc<Node>> {
    match doc.session.as_ref()? {
        Or::This(_) => None,
        Or::That(doc) => Some(doc.key.0.clone()),
    }
}

/// True if the step opens its session where it is not open yet.
pub fn opens(doc: &StepDoc) -> bool {
    OPENERS.iter().any(|verb| doc.node.get(verb).is_some())
}

/// The labels of all sessions that the steps open, in the order of their first use.
pub fn labels(docs: &[StepDoc]) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for doc in docs.iter().filter(|doc| opens(doc)) {
        let label = label(doc).unwrap_or_else(|| MAIN.to_owned());
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    labels
}

/// The session that the whole case speaks of: `main`, or the only one. `None` with several and no `main`.
pub fn of_case(labels: &[String]) -> Option<String> {
    match labels {
        [] => Some(MAIN.to_owned()),
        [only] => Some(only.clone()),
        several => several.iter().find(|label| *label == MAIN).cloned(),
    }
}

/// The session of a step that writes none.
pub fn of_step(doc: &StepDoc, labels: &[String]) -> String {
    if opens(doc) {
        return MAIN.to_owned();
    }
    of_case(labels).unwrap_or_else(|| MAIN.to_owned())
}
