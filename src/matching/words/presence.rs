//! `present`, `absent` and `optional`: the words that speak of missing keys.
//!
//! Owns: their reading; `value` answers them, since every other word fails on a missing key.
//! Must not know: the other words.

use super::table::{Argument, Role, WordKind, fails, passes};
use crate::matching::Reader;
use crate::model::pattern::Test;
use crate::model::tree::Content;

pub(super) const PRESENT: WordKind = WordKind {
    name: "present",
    argument: "`true`",
    doc: "The key is there, null included; `false` is `absent: true`.",
    examples: &[
        passes("{present: true}", "null"),
        passes("{present: true}", "0"),
        passes("{present: false}", ""),
        fails("{present: true}", ""),
    ],
    role: Role::Test(|reader, argument| flag(reader, argument).map(Test::Present)),
};

pub(super) const ABSENT: WordKind = WordKind {
    name: "absent",
    argument: "`true`",
    doc: "The key is missing; null is not missing.",
    examples: &[
        passes("{absent: true}", ""),
        passes("{absent: false}", "1"),
        fails("{absent: true}", "null"),
        fails("{absent: true}", "\"\""),
    ],
    role: Role::Test(|reader, argument| flag(reader, argument).map(Test::Absent)),
};

pub(super) const OPTIONAL: WordKind = WordKind {
    name: "optional",
    argument: "a pattern",
    doc: "The key is missing, or the pattern holds for it.",
    examples: &[
        passes("{optional: x}", ""),
        passes("{optional: x}", "\"x\""),
        passes("{optional: null}", "null"),
        passes("{optional: null}", ""),
        fails("{optional: x}", "\"y\""),
        fails("{optional: x}", "null"),
        fails("{optional: null}", "0"),
    ],
    role: Role::Test(|reader, argument| Some(Test::Optional(Box::new(reader.pattern(argument.node))))),
};

fn flag(reader: &mut Reader<'_>, argument: &Argument<'_>) -> Option<bool> {
    match argument.node.value {
        Content::Bool(flag) => Some(flag),
        _ => reader.wrong_argument(argument, "`true` or `false`", "write the word with `true`, such as `absent: true`"),
    }
}
