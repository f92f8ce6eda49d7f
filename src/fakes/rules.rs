//! Rules that look at what was asked: the first that matches, or the one that nearly did.
//!
//! Owns: which rule takes a request, the first thing that differs from the nearest one, the form of "none".
//! Must not know: what a rule answers, what its facts are.

use crate::matching::value;
use crate::model::pattern::{Form, Pattern};
use crate::model::template::Scope;
use crate::model::trace::{Blame, Problem};
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

/// Why whoever asked gets no answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NoAnswer {
    pub message: String,
    pub details: Vec<String>,
    /// A rule could not be tested at all; then nobody may judge the agent by it.
    pub suite: bool,
}

impl NoAnswer {
    /// `unmatched` is the code where it is not the suite's fault.
    pub fn problem(self, unmatched: &str) -> Problem {
        let blame = self.suite.then_some(Blame::Suite);
        let code = if self.suite { "rule-not-testable" } else { unmatched };
        Problem { blame, code: code.to_owned(), message: self.message, details: self.details }
    }
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
    let places: Vec<usize> = (0..rules.len()).filter(|at| open(*at)).collect();
    let nearest = nearest(places.iter().map(|at| &rules[*at]), facts, scope).and_then(|nearest| {
        let at = places[nearest];
        let mismatch = value::test(rules[at].when()?, Some(facts), scope).err()?;
        let path = if mismatch.path.is_empty() { whole } else { &mismatch.path };
        Some((at, format!("{path}: expected {}, got {}", mismatch.expected, mismatch.actual)))
    });
    Err(NoRule::NoneMatches { nearest })
}

/// The place of the rule of whose conditions most hold; of equals the first.
pub fn nearest<'a, R: Rule + 'a>(rules: impl Iterator<Item = &'a R>, facts: &Value, scope: &dyn Scope) -> Option<usize> {
    let held = |rule: &R| rule.when().map_or(0, |when| conditions_held(when, facts, scope));
    let places = rules.enumerate().map(|(at, rule)| (at, held(rule)));
    places.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(at, _)| at)
}

fn conditions_held(when: &Pattern, facts: &Value, scope: &dyn Scope) -> usize {
    match &when.form {
        Form::Subset(entries) => {
            entries.iter().filter(|(name, pattern)| value::holds(pattern, facts.get(&**name), scope).unwrap_or(false)).count()
        }
        _ => 0,
    }
}
