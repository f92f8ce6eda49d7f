//! Which checks an agent that does nothing fails.
//!
//! Owns: what makes a check positive.
//! Must not know: how a check is evaluated in a run.

use crate::matching::value;
use crate::model::expect::{CheckKind, EgressCheck, ErrorsCheck, Expect, FileCheck};
use crate::model::pattern::{ListPattern, Pattern};
use crate::model::template::Nothing;
use serde_json::{Value, json};

/// True if an agent that does nothing fails one of these checks.
pub fn expects(expect: &Expect) -> bool {
    expect.checks.iter().any(|check| positive(&check.kind))
}

/// True if an agent that does nothing fails it.
fn positive(kind: &CheckKind) -> bool {
    match kind {
        CheckKind::Calls(list) | CheckKind::Events(list) | CheckKind::Frames(list) => happens(list),
        CheckKind::FakeFrames { pattern, .. } | CheckKind::Requests { pattern, .. } | CheckKind::Commands { pattern, .. } => {
            happens(pattern)
        }
        CheckKind::Reply(pattern) => refuses(pattern, None),
        CheckKind::At { pattern, .. } => refuses(pattern, None) && refuses(pattern, Some(&json!([]))),
        CheckKind::File { check: FileCheck::Content(pattern), .. } => refuses(pattern, None),
        CheckKind::Returned { .. } => true,
        _ => false,
    }
}

/// True if an agent that does nothing does not reach all of it.
pub fn reaches(reach: &Expect) -> bool {
    reach.checks.iter().any(|check| reached(&check.kind))
}

fn reached(kind: &CheckKind) -> bool {
    match kind {
        CheckKind::Delivered(_) | CheckKind::Usage(_) => true,
        CheckKind::Errors(ErrorsCheck::Pattern(list)) | CheckKind::Egress(EgressCheck::Pattern(list)) => happens(list),
        other => positive(other),
    }
}

/// True if an empty list fails it.
fn happens(list: &ListPattern) -> bool {
    list.items.iter().any(|item| item.times.min > 0) || list.count.as_ref().is_some_and(|count| refuses(count, Some(&json!(0))))
}

fn refuses(pattern: &Pattern, value: Option<&Value>) -> bool {
    value::test(pattern, value, &Nothing).is_err()
}
