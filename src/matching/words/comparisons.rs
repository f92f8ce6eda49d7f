//! `gt`, `gte`, `lt`, `lte` and `approx`.
//!
//! Owns: comparing numbers. A duration is its milliseconds. A text is never read as a number.
//! Must not know: the other words.

use super::table::{Argument, Example, Role, WordKind, fails, passes};
use crate::base::duration;
use crate::matching::tester::{Inserted, Tester};
use crate::matching::{Reader, describe, equal};
use crate::model::pattern::{Bound, Comparison, Test};
use crate::model::tree::Content;
use serde_json::{Number, Value};
use std::cmp::Ordering;

pub(super) const GT: WordKind = word(
    "gt",
    "The value is a number greater than this.",
    &[passes("{gt: 1}", "1.5"), passes("{gt: 1.5s}", "1501"), fails("{gt: 1}", "1.0"), fails("{gt: 1}", "\"5\""), fails("{gt: 1}", "")],
    |reader, argument| compared(reader, argument, Comparison::Gt),
);

pub(super) const GTE: WordKind = word(
    "gte",
    "The value is a number not less than this.",
    &[passes("{gte: 1}", "1.0"), passes("{gte: 1, lt: 3}", "2"), fails("{gte: 1}", "0.99"), fails("{gte: 1, lt: 3}", "3")],
    |reader, argument| compared(reader, argument, Comparison::Gte),
);

pub(super) const LT: WordKind = word(
    "lt",
    "The value is a number less than this.",
    &[passes("{lt: 20s}", "19999"), passes("{lt: 0}", "-1"), fails("{lt: 20s}", "20000"), fails("{lt: 1}", "true")],
    |reader, argument| compared(reader, argument, Comparison::Lt),
);

pub(super) const LTE: WordKind = word(
    "lte",
    "The value is a number not greater than this.",
    &[passes("{lte: 50}", "50"), fails("{lte: 50}", "50.01"), fails("{lte: 50}", "null")],
    |reader, argument| compared(reader, argument, Comparison::Lte),
);

pub(super) const APPROX: WordKind = WordKind {
    name: "approx",
    argument: "a number, or `{value, within}`",
    doc: "The value is a number that differs by at most `within`; if not given, by one millionth of the number.",
    examples: &[
        passes("{approx: 0.3}", "0.30000000000000004"),
        passes("{approx: {value: 10, within: 0.5}}", "10.5"),
        fails("{approx: 0.3}", "0.3001"),
        fails("{approx: {value: 10, within: 0.5}}", "9.4"),
        fails("{approx: 1}", "\"1\""),
    ],
    role: Role::Test(read_approx),
};

type Read = fn(&mut Reader<'_>, &Argument<'_>) -> Option<Test>;

const fn word(name: &'static str, doc: &'static str, examples: &'static [Example], read: Read) -> WordKind {
    WordKind { name, argument: "a number, or a duration such as `300ms`", doc, examples, role: Role::Test(read) }
}

fn compared(reader: &mut Reader<'_>, argument: &Argument<'_>, comparison: Comparison) -> Option<Test> {
    match bound(&argument.node.value) {
        Some(number) => Some(Test::Compare(comparison, Bound::Number(number))),
        None if matches!(argument.node.value, Content::Template(_)) => Some(Test::Compare(comparison, Bound::Hole(argument.node.clone()))),
        None => reader.wrong_argument(
            argument,
            "a number, or a duration",
            "a duration has a unit, such as 300ms or 1.5s; a number has no quotes",
        ),
    }
}

fn bound(content: &Content) -> Option<Number> {
    match content {
        Content::Number(number) => Some(number.clone()),
        Content::Text(text) => milliseconds(text),
        _ => None,
    }
}

fn milliseconds(text: &str) -> Option<Number> {
    let milliseconds = duration::parse(text)?.as_secs_f64() * 1e3;
    match milliseconds.fract() == 0.0 {
        true => Some(Number::from(milliseconds as u64)),
        false => Number::from_f64(milliseconds),
    }
}

fn read_approx(reader: &mut Reader<'_>, argument: &Argument<'_>) -> Option<Test> {
    const HELP: &str = "write `approx: 3.14`, or `approx: {value: 3.14, within: 0.01}`";
    let content = &argument.node.value;
    if let Some(number) = bound(content) {
        return Some(Test::Approx { value: Bound::Number(number), within: None });
    }
    if let Content::Template(_) = content {
        return Some(Test::Approx { value: Bound::Hole(argument.node.clone()), within: None });
    }
    if !reader.known_keys(argument.node, &["value", "within"]) {
        return None;
    }
    let value = argument.node.get("value").and_then(|node| match &node.value {
        Content::Template(_) => Some(Bound::Hole(node.clone())),
        content => bound(content).map(Bound::Number),
    });
    let within = match argument.node.get("within") {
        None => Some(None),
        Some(node) => bound(&node.value).and_then(|number| number.as_f64()).filter(|within| *within >= 0.0).map(Some),
    };
    match (value, within) {
        (Some(value), Some(within)) => Some(Test::Approx { value, within }),
        _ => reader.wrong_argument(argument, "a number, or `{value, within}`", HELP),
    }
}

/// The bound as a number; `None` after its fault was noted, or if it is left out.
enum Limit {
    Number(Number),
    Holds,
    Fault,
}

fn limit(tester: &mut Tester<'_>, bound: &Bound) -> Limit {
    let node = match bound {
        Bound::Number(number) => return Limit::Number(number.clone()),
        Bound::Hole(node) => node,
    };
    let number = match tester.insert(node) {
        Inserted::LeftOut | Inserted::Wild => return Limit::Holds,
        Inserted::Fault => return Limit::Fault,
        Inserted::Value(value) => match value.as_ref() {
            Value::Number(number) => Ok(number.clone()),
            Value::String(text) => milliseconds(text).ok_or_else(|| describe::value(&value)),
            other => Err(describe::value(other)),
        },
    };
    match number {
        Ok(number) => Limit::Number(number),
        Err(shown) => {
            tester.blame(format!("`{}` is {shown}; a number or a duration is needed there", describe::node(node)));
            Limit::Fault
        }
    }
}

pub(super) fn compare(tester: &mut Tester<'_>, test: &Test, comparison: Comparison, bound: &Bound, value: &Value) -> bool {
    let Value::Number(number) = value else { return tester.fail(!value.is_null(), || describe::test(test), Some(value)) };
    let limit = match limit(tester, bound) {
        Limit::Number(limit) => limit,
        Limit::Holds => return true,
        Limit::Fault => return false,
    };
    let holds = equal::compare(number, &limit).is_some_and(|order| match comparison {
        Comparison::Gt => order == Ordering::Greater,
        Comparison::Gte => order != Ordering::Less,
        Comparison::Lt => order == Ordering::Less,
        Comparison::Lte => order != Ordering::Greater,
    });
    holds || tester.fail(false, || describe::test(test), Some(value))
}

pub(super) fn approx(tester: &mut Tester<'_>, test: &Test, bound: &Bound, within: Option<f64>, value: &Value) -> bool {
    let Value::Number(number) = value else { return tester.fail(!value.is_null(), || describe::test(test), Some(value)) };
    let limit = match limit(tester, bound) {
        Limit::Number(limit) => limit,
        Limit::Holds => return true,
        Limit::Fault => return false,
    };
    let (Some(actual), Some(expected)) = (number.as_f64(), limit.as_f64()) else { return false };
    let within = within.unwrap_or(expected.abs() * 1e-6);
    // The last digit of a difference is not exact: 10.5 - 10 within 0.5 must hold.
    let holds = (actual - expected).abs() <= within + f64::EPSILON * expected.abs().max(actual.abs());
    holds || tester.fail(false, || describe::test(test), Some(value))
}
