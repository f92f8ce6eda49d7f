//! `not` and `one_of`.
//!
//! Owns: negation and choice.
//! Must not know: the other words.

use super::table::{Argument, Role, WordKind, fails, passes};
use crate::matching::{Reader, describe, tester::Tester};
use crate::model::pattern::{Form, Pattern, Test, Word};
use crate::model::tree::Content;
use serde_json::Value;

pub(super) const NOT: WordKind = WordKind {
    name: "not",
    argument: "a pattern",
    doc: "The value is there and the pattern does not hold for it; a missing key fails.",
    examples: &[
        passes("{not: x}", "\"y\""),
        passes("{not: null}", "0"),
        passes("{not: {contains: secret}}", "\"all is well\""),
        passes("{not: {a: 1}}", "\"text\""),
        fails("{not: x}", "\"x\""),
        fails("{not: x}", ""),
        fails("{not: {one_of: [1, 2]}}", "2"),
    ],
    role: Role::Test(|reader, argument| Some(Test::Not(Box::new(reader.pattern(argument.node))))),
};

pub(super) const ONE_OF: WordKind = WordKind {
    name: "one_of",
    argument: "a list of values or patterns",
    doc: "At least one of the values or patterns holds.",
    examples: &[
        passes("{one_of: [email, sms]}", "\"sms\""),
        passes("{one_of: [1, {gt: 10}]}", "11"),
        passes("{one_of: [null, x]}", "null"),
        fails("{one_of: [email, sms]}", "\"fax\""),
        fails("{one_of: [1, {gt: 10}]}", "5"),
        fails("{one_of: [email]}", ""),
    ],
    role: Role::Test(read_one_of),
};

fn read_one_of(reader: &mut Reader<'_>, argument: &Argument<'_>) -> Option<Test> {
    match &argument.node.value {
        Content::List(items) if !items.is_empty() => {
            let options: Vec<Pattern> = items.iter().map(|item| reader.pattern(item)).collect();
            for (item, option) in items.iter().zip(&options) {
                if speaks_of_missing(option) {
                    let help = "`one_of` fails on a missing key; write `{optional: …}` around it";
                    reader.wrong(item.span, "`one_of` cannot hold for a missing key", "never holds here", help);
                }
            }
            Some(Test::OneOf(options))
        }
        _ => reader.wrong_argument(argument, "a list of values or patterns, not empty", "write `one_of: [a, b]`"),
    }
}

fn speaks_of_missing(option: &Pattern) -> bool {
    let missing = |word: &Word| matches!(word.test, Test::Absent(true) | Test::Present(false));
    matches!(&option.form, Form::Words(words) if words.iter().any(missing))
}

/// Where a saved value is read as "any value", its negation is read so too.
pub(super) fn not(tester: &mut Tester<'_>, test: &Test, inner: &Pattern, value: &Value) -> bool {
    if tester.reads_any() && uses_wild(tester, inner) {
        return true;
    }
    !tester.quietly(inner, Some(value)) || tester.fail(false, || describe::test(test), Some(value))
}

fn uses_wild(tester: &Tester<'_>, pattern: &Pattern) -> bool {
    let mut wild = false;
    crate::matching::read::templates(pattern, &mut |template| wild |= tester.is_wild(template));
    wild
}

pub(super) fn one_of(tester: &mut Tester<'_>, test: &Test, options: &[Pattern], value: &Value) -> bool {
    let mut shape = true;
    for option in options {
        if tester.quietly(option, Some(value)) {
            return true;
        }
        shape &= tester.shape;
    }
    tester.fail(shape, || describe::test(test), Some(value))
}
