//! The walk over one pattern and one value.
//!
//! Owns: plain values, subsets, closedness, missing keys, holes, and the collection of what differs.
//! Must not know: what a single pattern word means (`words`), where the value came from.

use super::value::{Fault, Mismatch};
use super::{describe, equal::equal, glob::is_shown, words};
use crate::model::pattern::{Form, Pattern, Test, Word};
use crate::model::template::{Filled, Scope, Template};
use crate::model::tree::{Content, Node};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// A walk over one pattern and one value.
pub(crate) struct Tester<'a> {
    scope: &'a dyn Scope,
    /// Names that are read as "any value": those another item of the same list pattern saves, when `times` is counted.
    wild: &'a [Arc<str>],
    closed: bool,
    /// Whether differences are collected; if not, the first one ends the walk and no text is made.
    explaining: bool,
    path: Vec<Cow<'static, str>>,
    differences: Vec<Mismatch>,
    /// The last difference was one of shape.
    pub(crate) shape: bool,
    fault: Option<String>,
}

/// What became of a node with holes.
pub(crate) enum Inserted<'n> {
    Value(Cow<'n, Value>),
    /// An optional hole is missing: what it stands in is left out.
    LeftOut,
    /// Read as any value.
    Wild,
    /// It could not be filled; the fault is noted.
    Fault,
}

impl<'a> Tester<'a> {
    pub(crate) fn new(scope: &'a dyn Scope) -> Tester<'a> {
        Tester { scope, wild: &[], closed: false, explaining: false, path: vec![], differences: vec![], shape: false, fault: None }
    }

    pub(crate) fn wild(mut self, names: &'a [Arc<str>]) -> Tester<'a> {
        self.wild = names;
        self
    }

    /// Whether the pattern holds; the error is a fault of the suite.
    pub(crate) fn run(mut self, pattern: &Pattern, value: Option<&Value>) -> Result<bool, String> {
        let holds = self.pattern(pattern, value);
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok(holds),
        }
    }

    pub(crate) fn explain(mut self, pattern: &Pattern, value: Option<&Value>) -> Vec<Mismatch> {
        self.explaining = true;
        let holds = self.pattern(pattern, value);
        if let Some(fault) = self.fault {
            let mismatch = Mismatch {
                path: String::new(),
                expected: describe::pattern(pattern),
                actual: describe::found(value),
                fault: Some(Fault::Suite(fault)),
            };
            self.differences.insert(0, mismatch);
        }
        if holds && self.differences.is_empty() { vec![] } else { self.differences }
    }

    /// Tests without collecting differences.
    pub(crate) fn quietly(&mut self, pattern: &Pattern, value: Option<&Value>) -> bool {
        let explaining = std::mem::replace(&mut self.explaining, false);
        let holds = self.pattern(pattern, value);
        self.explaining = explaining;
        holds
    }

    /// Tests with every mapping and list below closed.
    pub(crate) fn closed(&mut self, pattern: &Pattern, value: Option<&Value>) -> bool {
        let closed = std::mem::replace(&mut self.closed, true);
        let holds = self.pattern(pattern, value);
        self.closed = closed;
        holds
    }

    /// Tests a part; its differences are told with the step in their path.
    pub(crate) fn at(&mut self, step: impl FnOnce() -> Cow<'static, str>, pattern: &Pattern, value: Option<&Value>) -> bool {
        if !self.explaining {
            return self.pattern(pattern, value);
        }
        self.path.push(step());
        let holds = self.pattern(pattern, value);
        self.path.pop();
        holds
    }

    pub(crate) fn explaining(&self) -> bool {
        self.explaining
    }

    pub(crate) fn pattern(&mut self, pattern: &Pattern, value: Option<&Value>) -> bool {
        match &pattern.form {
            Form::Plain(expected) => match value {
                Some(value) if is_equal(expected, value, self.scope) => true,
                _ => self.fail(is_container(value), || describe::value(expected), value),
            },
            Form::Hole(node) => self.hole(node, value),
            Form::Subset(fields) => self.subset(pattern, fields, value),
            Form::Elements(items) => self.elements(pattern, items, value),
            Form::Words(words) => self.words(words, value),
        }
    }

    /// All words must hold.
    fn words(&mut self, words: &[Word], value: Option<&Value>) -> bool {
        let mut holds = true;
        for word in words {
            holds &= self.word(&word.test, value);
            if !holds && !self.explaining {
                return false;
            }
        }
        holds
    }

    /// Three words speak of missing keys; every other one fails on a missing key.
    fn word(&mut self, test: &Test, value: Option<&Value>) -> bool {
        let holds = match (test, value) {
            (Test::Absent(wanted), _) => *wanted == value.is_none(),
            (Test::Present(wanted), _) => *wanted == value.is_some(),
            (Test::Optional(_), None) => true,
            (_, None) => false,
            (test, Some(value)) => return words::holds(self, test, value),
        };
        holds || self.fail(false, || describe::test(test), value)
    }

    fn subset(&mut self, whole: &Pattern, fields: &[(Arc<str>, Pattern)], value: Option<&Value>) -> bool {
        let Some(Value::Object(map)) = value else {
            return self.fail(is_shape(value), || describe::pattern(whole), value);
        };
        let mut holds = true;
        let mut left_out = Vec::new();
        for (key, pattern) in fields {
            if self.is_left_out(pattern) {
                left_out.push(&**key);
                continue;
            }
            holds &= self.at(|| Cow::Owned(key.to_string()), pattern, map.get(&**key));
            if !holds && !self.explaining {
                return false;
            }
        }
        if self.closed {
            let listed = |key: &str| fields.iter().any(|(name, _)| **name == *key) && !left_out.contains(&key);
            for (key, value) in map.iter().filter(|(key, _)| !listed(key)) {
                holds = self.fail_at(Cow::Owned(key.clone()), || "no such key".to_owned(), value);
            }
        }
        holds
    }

    fn elements(&mut self, whole: &Pattern, items: &[Pattern], value: Option<&Value>) -> bool {
        let Some(Value::Array(values)) = value else {
            return self.fail(is_shape(value), || describe::pattern(whole), value);
        };
        let kept: Vec<_> = items.iter().filter(|item| !self.is_left_out(item)).collect();
        if kept.len() != values.len() {
            return self.fail(false, || format!("{} ({})", describe::pattern(whole), describe::elements(kept.len())), value);
        }
        let mut holds = true;
        for (index, (item, value)) in kept.into_iter().zip(values).enumerate() {
            holds &= self.at(|| Cow::Owned(format!("[{index}]")), item, Some(value));
            if !holds && !self.explaining {
                return false;
            }
        }
        holds
    }

    /// Only `{{x?}}` can be left out, so only such patterns are looked at twice.
    fn is_left_out(&mut self, pattern: &Pattern) -> bool {
        let Form::Hole(node) = &pattern.form else { return false };
        let Content::Template(template) = &node.value else { return false };
        template.holes().any(|hole| hole.optional) && matches!(self.insert(node), Inserted::LeftOut)
    }

    fn hole(&mut self, node: &Arc<Node>, value: Option<&Value>) -> bool {
        match self.insert(node) {
            Inserted::LeftOut => true,
            Inserted::Wild => value.is_some() || self.fail(false, || describe::node(node), value),
            Inserted::Fault => false,
            Inserted::Value(expected) => self.data(&expected, value),
        }
    }

    /// Data is a plain pattern: a subset of mappings, lists element by element; no word in it means anything.
    pub(crate) fn data(&mut self, expected: &Value, value: Option<&Value>) -> bool {
        let Some(actual) = value else { return self.fail(false, || describe::value(expected), None) };
        if data_holds(expected, actual, self.closed, self.scope) {
            return true;
        }
        let shape =
            std::mem::discriminant(expected) != std::mem::discriminant(actual) && (is_container(Some(expected)) || is_container(value));
        self.fail(shape && !actual.is_null(), || describe::value(expected), value)
    }

    /// The node's value with everything inserted.
    pub(crate) fn insert<'n>(&mut self, node: &'n Node) -> Inserted<'n> {
        match &node.value {
            Content::Template(template) if self.is_wild(template) => Inserted::Wild,
            Content::Template(template) => match template.fill(self.scope) {
                Ok(Filled::Value(value)) => Inserted::Value(Cow::Owned(value)),
                Ok(Filled::LeftOut) => Inserted::LeftOut,
                Err(reason) => {
                    self.blame(reason);
                    Inserted::Fault
                }
            },
            _ => match node.fill(self.scope) {
                Ok(Some(value)) => Inserted::Value(Cow::Owned(value)),
                Ok(None) => Inserted::LeftOut,
                Err(unfilled) => {
                    self.blame(unfilled.reason);
                    Inserted::Fault
                }
            },
        }
    }

    /// Whether a template uses a name that is read as any value.
    pub(crate) fn is_wild(&self, template: &Template) -> bool {
        !self.wild.is_empty() && template.holes().filter_map(|hole| hole.name()).any(|name| self.wild.iter().any(|wild| is_of(name, wild)))
    }

    pub(crate) fn reads_any(&self) -> bool {
        !self.wild.is_empty()
    }

    pub(crate) fn scope(&self) -> &'a dyn Scope {
        self.scope
    }

    /// Notes a fault of the suite; the first one is kept.
    pub(crate) fn blame(&mut self, reason: String) {
        self.fault.get_or_insert(reason);
    }

    /// Notes a difference; always false.
    pub(crate) fn fail(&mut self, shape: bool, expected: impl FnOnce() -> String, value: Option<&Value>) -> bool {
        self.shape = shape;
        if self.explaining && self.fault.is_none() {
            let fault = shape.then_some(Fault::Shape);
            self.differences.push(Mismatch { path: joined(&self.path), expected: expected(), actual: describe::found(value), fault });
        }
        false
    }

    pub(crate) fn fail_at(&mut self, step: Cow<'static, str>, expected: impl FnOnce() -> String, value: &Value) -> bool {
        self.path.push(step);
        self.fail(false, expected, Some(value));
        self.path.pop();
        false
    }
}

/// `doc.id` is of the name `doc`.
pub(crate) fn is_of(name: &str, root: &str) -> bool {
    name.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn is_container(value: Option<&Value>) -> bool {
    matches!(value, Some(Value::Object(_) | Value::Array(_)))
}

/// A value that is there and not null: against a mapping or list it is a matter of shape.
fn is_shape(value: Option<&Value>) -> bool {
    value.is_some_and(|value| !value.is_null())
}

/// Equal, or so once a secret in it is shown by its name.
fn is_equal(expected: &Value, actual: &Value, scope: &dyn Scope) -> bool {
    match (expected, actual) {
        (Value::String(expected), Value::String(actual)) => {
            expected == actual || is_shown(scope, expected, actual, |expected, actual| expected == actual)
        }
        _ => equal(expected, actual),
    }
}

fn data_holds(expected: &Value, actual: &Value, closed: bool, scope: &dyn Scope) -> bool {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            (!closed || expected.len() == actual.len())
                && expected.iter().all(|(key, value)| actual.get(key).is_some_and(|actual| data_holds(value, actual, closed, scope)))
        }
        (Value::Array(expected), Value::Array(actual)) => {
            expected.len() == actual.len()
                && expected.iter().zip(actual).all(|(expected, actual)| data_holds(expected, actual, closed, scope))
        }
        _ => is_equal(expected, actual, scope),
    }
}

/// `args.id`, `hits[0].id`.
fn joined(path: &[Cow<'static, str>]) -> String {
    let mut out = String::new();
    for step in path {
        if !out.is_empty() && !step.starts_with('[') {
            out.push('.');
        }
        out.push_str(step);
    }
    out
}
