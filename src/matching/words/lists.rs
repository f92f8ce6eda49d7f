//! `length`, `each`, `has` and `ascending`.
//!
//! Owns: what is said about a list as a whole.
//! Must not know: the other words.

use super::table::{Argument, Role, WordKind, fails, passes};
use crate::matching::{Reader, describe, equal, tester::Tester};
use crate::model::pattern::{Form, Pattern, Test};
use crate::model::tree::Content;
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

pub(super) const LENGTH: WordKind = WordKind {
    name: "length",
    argument: "a number, or a pattern for one",
    doc: "How many elements a list, keys a mapping, or characters a text has.",
    examples: &[
        passes("{length: 2}", "[1, 2]"),
        passes("{length: {gte: 1}}", "{\"a\": 1}"),
        passes("{length: 3}", "\"äöü\""),
        passes("{length: {not: 0}}", "[1]"),
        fails("{length: 2}", "[1]"),
        fails("{length: {gte: 1}}", "[]"),
        fails("{length: 1}", "1"),
        fails("{length: 0}", ""),
    ],
    role: Role::Test(read_length),
};

pub(super) const EACH: WordKind = WordKind {
    name: "each",
    argument: "a pattern",
    doc: "The pattern holds for every element of a list; an empty list fails.",
    examples: &[
        passes("{each: {contains: a}}", "[\"ab\", \"ca\"]"),
        passes("{each: {id: {is: integer}}}", "[{\"id\": 1}]"),
        fails("{each: {contains: a}}", "[\"ab\", \"c\"]"),
        fails("{each: {gt: 0}}", "[]"),
        fails("{each: {gt: 0}}", "1"),
    ],
    role: Role::Test(|reader, argument| Some(Test::Each(Box::new(reader.pattern(argument.node))))),
};

pub(super) const HAS: WordKind = WordKind {
    name: "has",
    argument: "a value or pattern",
    doc: "The value or pattern holds for at least one element of a list.",
    examples: &[
        passes("{has: 2}", "[1, 2]"),
        passes("{has: {type: message}}", "[{\"type\": \"message\", \"id\": 1}]"),
        fails("{has: 2}", "[1, 3]"),
        fails("{has: 2}", "[]"),
        fails("{has: a}", "\"a\""),
    ],
    role: Role::Test(|reader, argument| Some(Test::Has(Box::new(reader.pattern(argument.node))))),
};

pub(super) const ASCENDING: WordKind = WordKind {
    name: "ascending",
    argument: "`true`",
    doc: "A list of numbers, or of texts, each greater than the one before; an empty list fails.",
    examples: &[
        passes("{ascending: true}", "[1, 2.5, 10]"),
        passes("{ascending: true}", "[7]"),
        passes("{ascending: true}", "[\"a\", \"b\"]"),
        fails("{ascending: true}", "[1, 1]"),
        fails("{ascending: true}", "[2, 1]"),
        fails("{ascending: true}", "[1, \"2\"]"),
        fails("{ascending: true}", "[]"),
    ],
    role: Role::Test(read_ascending),
};

fn read_length(reader: &mut Reader<'_>, argument: &Argument<'_>) -> Option<Test> {
    let count = reader.pattern(argument.node);
    let plausible = match &count.form {
        Form::Plain(Value::Number(number)) => equal::integer(number).is_some_and(|n| n >= 0),
        Form::Words(_) | Form::Hole(_) => true,
        _ => false,
    };
    match plausible {
        true => Some(Test::Length(Box::new(count))),
        false => reader.wrong_argument(argument, "a whole number, or a pattern for one", "write `length: 3`, or `length: {gte: 1}`"),
    }
}

fn read_ascending(reader: &mut Reader<'_>, argument: &Argument<'_>) -> Option<Test> {
    match argument.node.value {
        Content::Bool(true) => Some(Test::Ascending(true)),
        _ => reader.wrong_argument(argument, "`true`", "for the contrary write `not: {ascending: true}`"),
    }
}

pub(super) fn length(tester: &mut Tester<'_>, test: &Test, inner: &Pattern, value: &Value) -> bool {
    let length = match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(map) => map.len(),
        other => return tester.fail(!other.is_null(), || describe::test(test), Some(value)),
    };
    let length = Value::from(length);
    if tester.quietly(inner, Some(&length)) {
        return true;
    }
    tester.fail(false, || format!("{}, which is {length} here", describe::test(test)), Some(value))
}

pub(super) fn each(tester: &mut Tester<'_>, test: &Test, inner: &Pattern, value: &Value) -> bool {
    match value {
        Value::Array(items) if !items.is_empty() => {
            // One element that differs says enough; a list may hold thousands.
            let failing = items.iter().position(|item| !tester.quietly(inner, Some(item)));
            failing.is_none_or(|index| tester.explaining() && tester.at(|| Cow::Owned(format!("[{index}]")), inner, Some(&items[index])))
        }
        other => tester.fail(!other.is_null() && !other.is_array(), || describe::test(test), Some(value)),
    }
}

pub(super) fn has(tester: &mut Tester<'_>, test: &Test, inner: &Pattern, value: &Value) -> bool {
    let shape = match value {
        Value::Array(items) if items.iter().any(|item| tester.quietly(inner, Some(item))) => return true,
        Value::Array(_) | Value::Null => false,
        _ => true,
    };
    tester.fail(shape, || describe::test(test), Some(value))
}

pub(super) fn ascending(tester: &mut Tester<'_>, test: &Test, value: &Value) -> bool {
    let Value::Array(items) = value else { return tester.fail(!value.is_null(), || describe::test(test), Some(value)) };
    let comparable = matches!(items.first(), Some(Value::Number(_) | Value::String(_)));
    match items.windows(2).position(|pair| !before(&pair[0], &pair[1])) {
        None if comparable => true,
        None => tester.fail(false, || describe::test(test), Some(value)),
        Some(at) => {
            tester.fail_at(Cow::Owned(format!("[{}]", at + 1)), || format!("more than {}", describe::value(&items[at])), &items[at + 1])
        }
    }
}

fn before(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => equal::compare(a, b) == Some(Ordering::Less),
        (Value::String(a), Value::String(b)) => a < b,
        _ => false,
    }
}
