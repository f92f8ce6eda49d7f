//! Claims about whole verdicts: a case in a few words, a hand-written trace, and what is found.

mod always;
mod at_case;
mod at_step;
mod documents;
mod never;
mod safety;
mod spec;
pub(crate) mod story;
mod templates;

use crate::checks::evaluate;
use crate::checks::tests::story::Story;
use crate::model::outcome::{Finding, FindingVerdict};
use crate::model::trace::{Blame, Trace};
use serde_json::Value;
use spec::case;

/// Findings other than `pass`.
fn red(spec: &Value, trace: &Trace) -> Vec<Finding> {
    evaluate(&case(spec), trace).into_iter().filter(|finding| finding.verdict != FindingVerdict::Pass).collect()
}

fn passes(spec: Value, story: Story) {
    let red = red(&spec, &story.end());
    assert!(red.is_empty(), "{spec}: {red:#?}");
}

/// Exactly one finding is not `pass`.
fn only(spec: &Value, story: Story) -> Finding {
    let mut red = red(spec, &story.end());
    assert_eq!(red.len(), 1, "{spec}: {red:#?}");
    red.remove(0)
}

fn fails(spec: Value, story: Story, check: &str, message: &str) {
    let finding = only(&spec, story);
    let FindingVerdict::Fail(failure) = &finding.verdict else { panic!("{finding:#?}") };
    assert!(finding.check == check && failure.message.contains(message), "{finding:#?}");
    assert!(!failure.message.contains('\n'), "{finding:#?}");
}

fn broken(spec: Value, story: Story, blame: Blame, message: &str) {
    let finding = only(&spec, story);
    let FindingVerdict::Broken(found, failure) = &finding.verdict else { panic!("{finding:#?}") };
    assert!(*found == blame && failure.message.contains(message), "{finding:#?}");
}

fn not_reached(spec: Value, story: Story, message: &str) {
    let finding = only(&spec, story);
    let FindingVerdict::NotReached(failure) = &finding.verdict else { panic!("{finding:#?}") };
    assert!(failure.message.contains(message), "{finding:#?}");
}

/// The keys of language §4, without `invariants`, which asks nothing.
const KEYS: [&str; 23] = [
    "calls",
    "events",
    "frames",
    "sent",
    "requests",
    "commands",
    "errors",
    "reply",
    "delivered",
    "at",
    "turn",
    "usage",
    "timing",
    "exit",
    "egress",
    "secrets",
    "files",
    "result",
    "error",
    "value",
    "closed",
    "status",
    "headers",
];

#[test]
fn every_key_has_one_family() {
    for key in KEYS.into_iter().chain(["body"]) {
        let families = super::FAMILIES.iter().filter(|family| family.keys.contains(&key)).count();
        assert_eq!(families, 1, "{key}");
    }
    let all: usize = super::FAMILIES.iter().map(|family| family.keys.len()).sum();
    assert_eq!(all, KEYS.len() + 1);
}
