//! Rules that look at what was asked: the first that matches, or the one that nearly did.
//!
//! Owns: which rule takes a request, and the first thing that differs from the nearest one.
//! Must not know: what a rule answers, what its facts are.

use crate::matching::value;
use crate::model::pattern::{Form, Pattern};
use crate::model::template::Scope;
use serde_json::Value;

/// A rule with a condition over facts; without one it takes everything.
pub trait Rule {
    fn when(&self) -> Option<&Pattern>;
}

/// Why no rule takes a request.
#[derive(Debug, PartialEq)]
pub enum NoRule {
    /// A rule could not be tested at all.
    NotTestable { at: usize, reason: String },
    /// None matches; the nearest one, and how it differs: `path: expected "/a", got "/b"`.
    NoneMatches { nearest: Option<(usize, String)> },
}

/// The place of the first rule whose condition holds. `whole` is what messages call the facts.
pub fn first<R: Rule>(rules: &[R], facts: &Value, whole: &str, scope: &dyn Scope) -> Result<usize, NoRule> {
    first_open(rules, |_| true, facts, whole, scope)
}

/// As [`first`], among the rules that are still open.
pub fn first_open<R: Rule>(
    rules: &[R],
    open: impl Fn(usize) -> bool,
    facts: &Value,
    whole: &str,
    scope: &dyn Scope,
) -> Result<usize, NoRule> {
    for (at, rule) in rules.iter().enumerate().filter(|(at, _)| open(*at)) {
        match rule.when().map_or(Ok(true), |when| value::holds(when, Some(facts), scope)) {
            Ok(true) => return Ok(at),
            Ok(false) => {}
            Err(reason) => return Err(NoRule::NotTestable { at, reason }),
        }
    }
    let nearest = nearest(rules, open, facts, scope).and_then(|at| {
        let mismatch = value::test(rules[at].when()?, Some(facts), scope).err()?;
        let path = if mismatch.path.is_empty() { whole } else { &mismatch.path };
        Some((at, format!("{path}: expected {}, got {}", mismatch.expected, mismatch.actual)))
    });
    Err(NoRule::NoneMatches { nearest })
}

/// The rule of whose conditions most hold; of equals the first.
fn nearest<R: Rule>(rules: &[R], open: impl Fn(usize) -> bool, facts: &Value, scope: &dyn Scope) -> Option<usize> {
    let held = |rule: &R| rule.when().map_or(0, |when| conditions_held(when, facts, scope));
    rules
        .iter()
        .enumerate()
        .filter(|(at, _)| open(*at))
        .map(|(at, rule)| (at, held(rule)))
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
        .map(|(at, _)| at)
}

fn conditions_held(when: &Pattern, facts: &Value, scope: &dyn Scope) -> usize {
    match &when.form {
        Form::Subset(entries) => {
            entries.iter().filter(|(name, pattern)| value::holds(pattern, facts.get(&**name), scope).unwrap_or(false)).count()
        }
        _ => 0,
    }
}
