//! `matches`, `contains`, `starts_with`, `ends_with`, `similar`, and how they fold.
//!
//! Owns: looking for texts in texts. On a mapping or a list, it is enough that one text in it holds.
//! Must not know: the other words.

use super::table::{Argument, Role, WordKind, fails, passes};
use crate::base::suggest;
use crate::matching::tester::{Inserted, Tester};
use crate::matching::{
    Reader, describe,
    fold::fold,
    glob::{glob_matches, is_shown},
    interner,
    similarity::similarity,
    texts,
};
use crate::model::pattern::{Fold, Glob, Measure, Test, TextArgument, TextRegex};
use crate::model::template::{Part, Scope, printed};
use crate::model::tree::{Content, Node};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

pub(super) const MATCHES: WordKind = WordKind {
    name: "matches",
    argument: "a regular expression",
    doc: "The regular expression is found in the text; it is not anchored, and has no look-around.",
    examples: &[
        passes("{matches: \"^a+$\"}", "\"aaa\""),
        passes("{matches: refund}", "\"no refunds\""),
        passes("{matches: REFUND, ignore_case: true}", "\"no refunds\""),
        passes("{matches: \"^x$\"}", "{\"a\": [\"x\"]}"),
        fails("{matches: \"^a+$\"}", "\"aab\""),
        fails("{matches: \"^5$\"}", "5"),
        fails("{matches: x}", ""),
    ],
    role: Role::Test(read_matches),
};

pub(super) const CONTAINS: WordKind = WordKind {
    name: "contains",
    argument: "a text, or a list of texts: all of them",
    doc: "The text stands somewhere in the value; in a mapping or list, in some text at any depth.",
    examples: &[
        passes("{contains: wallet}", "\"two wallets\""),
        passes("{contains: [one, two]}", "\"two and one\""),
        passes("{contains: send}", "[\"gmail\", \"send\"]"),
        passes("{contains: \"a\\nb\"}", "{\"output\": \"{\\\"text\\\": \\\"a\\\\nb\\\"}\"}"),
        passes("{contains: milk, ignore_case: true}", "\"Milk\""),
        fails("{contains: wallet}", "\"two Wallets\""),
        fails("{contains: [one, two]}", "\"two\""),
        fails("{contains: \"1\"}", "1"),
        fails("{contains: key}", "{\"key\": \"x\"}"),
    ],
    role: Role::Test(read_contains),
};

pub(super) const STARTS_WITH: WordKind = WordKind {
    name: "starts_with",
    argument: "a text",
    doc: "The text begins so; of a mapping or list, some text in it does.",
    examples: &[
        passes("{starts_with: \"gog \"}", "\"gog gmail\""),
        passes("{starts_with: b}", "[\"a\", \"bc\"]"),
        fails("{starts_with: og}", "\"gog gmail\""),
        fails("{starts_with: hello}", "\"{\\\"greeting\\\": \\\"hello\\\"}\""),
    ],
    role: Role::Test(|reader, argument| one_text(reader, argument).map(Test::StartsWith)),
};

pub(super) const ENDS_WITH: WordKind = WordKind {
    name: "ends_with",
    argument: "a text",
    doc: "The text ends so; of a mapping or list, some text in it does.",
    examples: &[
        passes("{ends_with: .pdf}", "\"a.pdf\""),
        passes("{ends_with: \"done.\", normalize: true}", "\"It is done. \""),
        fails("{ends_with: .pdf}", "\"a.pdf \""),
        fails("{ends_with: .pdf}", ""),
    ],
    role: Role::Test(|reader, argument| one_text(reader, argument).map(Test::EndsWith)),
};

pub(super) const SIMILAR: WordKind = WordKind {
    name: "similar",
    argument: "`{to: text, rouge_l: 0.8}`, or `levenshtein` or `token_f1`",
    doc: "The text is like another one, by a measure from 0 to 1 that must be reached; \
          `{to, rouge_l: true, at_least: 0.8}` says the same.",
    examples: &[
        passes("{similar: {to: the cat sat on the mat, rouge_l: 0.8}}", "\"The cat is on the mat.\""),
        passes("{similar: {to: kitten, levenshtein: true, at_least: 0.5}}", "\"sitting\""),
        passes("{similar: {to: a b, token_f1: 1}}", "\"b a\""),
        fails("{similar: {to: a b, rouge_l: 0.6}}", "\"b a\""),
        fails("{similar: {to: kitten, levenshtein: 0.6}}", "\"sitting\""),
        fails("{similar: {to: kitten, levenshtein: 0.6}}", "6"),
    ],
    role: Role::Test(read_similar),
};

pub(super) const IGNORE_CASE: WordKind = WordKind {
    name: "ignore_case",
    argument: "`true`",
    doc: "The text words beside it do not tell upper from lower case.",
    examples: &[passes("{starts_with: ÄB, ignore_case: true}", "\"äbc\""), fails("{starts_with: ÄB, ignore_case: false}", "\"äbc\"")],
    role: Role::Folding(|fold| fold.ignore_case = true),
};

pub(super) const NORMALIZE: WordKind = WordKind {
    name: "normalize",
    argument: "`true`",
    doc: "For the text words beside it any white space is one space, typographic quotes are plain, and Unicode is composed (NFC).",
    examples: &[
        passes("{contains: it's two words, normalize: true}", "\"So it’s two\\n  words.\""),
        fails("{contains: it's two words}", "\"So it’s two\\n  words.\""),
    ],
    role: Role::Folding(|fold| fold.normalize = true),
};

fn read_matches(reader: &mut Reader<'_>, argument: &Argument<'_>) -> Option<Test> {
    match &argument.node.value {
        Content::Text(text) => reader.folded_regex(text, argument.node.span, argument.fold).map(Test::Matches),
        Content::Template(template) => {
            // Well-formed with one text inserted is well-formed with any: what is inserted is escaped.
            let sample: String = template.parts.iter().map(|part| if let Part::Text(text) = part { text } else { "x" }).collect();
            reader.folded_regex(&sample, argument.node.span, argument.fold)?;
            Some(Test::MatchesFilled { pattern: argument.node.clone(), fold: argument.fold })
        }
        _ => reader.wrong_argument(argument, "a regular expression", "write it as a text in single quotes: `matches: '^[0-9]+$'`"),
    }
}

fn read_contains(reader: &mut Reader<'_>, argument: &Argument<'_>) -> Option<Test> {
    const EXPECTED: &str = "a text, or a list of texts";
    const HELP: &str = "`contains` looks for texts; for an element of a list write `has`, for a number put it in quotes";
    const EMPTY: &str = "an empty text is at every place, and an empty list asks for nothing, so it would check nothing";
    match &argument.node.value {
        Content::Text(text) if text.is_empty() => reader.wrong_argument(argument, EXPECTED, EMPTY),
        Content::List(items) if items.is_empty() => reader.wrong_argument(argument, EXPECTED, EMPTY),
        Content::List(items) => {
            let needles: Option<Vec<_>> = items.iter().map(|item| text_argument(item, argument.fold)).collect();
            match needles {
                Some(needles) => Some(Test::Contains(needles)),
                None => reader.wrong_argument(argument, EXPECTED, HELP),
            }
        }
        _ => match text_argument(argument.node, argument.fold) {
            Some(needle) => Some(Test::Contains(vec![needle])),
            None => reader.wrong_argument(argument, EXPECTED, HELP),
        },
    }
}

fn one_text(reader: &mut Reader<'_>, argument: &Argument<'_>) -> Option<TextArgument> {
    match text_argument(argument.node, argument.fold) {
        Some(text) => Some(text),
        None => reader.wrong_argument(argument, "a text", "an empty text is at every place, so it would check nothing"),
    }
}

/// A text with something in it: an empty one is found everywhere.
fn text_argument(node: &Arc<Node>, fold: Fold) -> Option<TextArgument> {
    match &node.value {
        Content::Text(text) if text.is_empty() => None,
        Content::Text(_) | Content::Template(_) => Some(TextArgument { text: node.clone(), fold }),
        _ => None,
    }
}

fn read_similar(reader: &mut Reader<'_>, argument: &Argument<'_>) -> Option<Test> {
    const MEASURES: [Measure; 3] = [Measure::RougeL, Measure::Levenshtein, Measure::TokenF1];
    const HELP: &str = "write `similar: {to: the expected text, rouge_l: 0.8}`; the measures are rouge_l, levenshtein, token_f1";
    let wrong =
        |reader: &mut Reader<'_>, help: &str| reader.wrong_argument(argument, "`{to, rouge_l | levenshtein | token_f1, at_least}`", help);
    let names = MEASURES.map(describe::measure_name);
    let known = |key: &str| key == "to" || key == "at_least" || names.contains(&key);
    if let Some(entry) = argument.node.entries().iter().find(|entry| !known(&entry.key)) {
        let near = suggest::did_you_mean(&entry.key, names.into_iter().chain(["to", "at_least"]));
        return wrong(reader, near.as_deref().unwrap_or(HELP));
    }
    let to = argument.node.get("to").and_then(|node| text_argument(node, argument.fold));
    let mut given = MEASURES.into_iter().filter_map(|measure| Some((measure, argument.node.get(describe::measure_name(measure))?)));
    let (Some(to), Some((measure, threshold)), None) = (to, given.next(), given.next()) else { return wrong(reader, HELP) };
    let number = |node: &Arc<Node>| match &node.value {
        Content::Number(number) => number.as_f64().filter(|n| *n > 0.0 && *n <= 1.0),
        _ => None,
    };
    let at_least = match (&threshold.value, argument.node.get("at_least")) {
        (Content::Bool(true), Some(at_least)) => number(at_least),
        (Content::Number(_), None) => number(threshold),
        _ => None,
    };
    match at_least {
        Some(at_least) => Some(Test::Similar { to, measure, at_least }),
        None => wrong(reader, "the threshold is a number above 0, and 1 at most"),
    }
}

pub(super) fn matches(tester: &mut Tester<'_>, test: &Test, regex: &TextRegex, value: &Value) -> bool {
    let found = texts::any(value, true, &mut |text| match regex.fold.normalize {
        false => regex.regex.is_match(text),
        true => regex.regex.is_match(&fold(text, Fold { ignore_case: false, normalize: true })),
    });
    found || tester.fail(!texts::may_hold(value), || describe::test(test), Some(value))
}

/// Not looked for deeper inside: a path is one text.
pub(super) fn glob(tester: &mut Tester<'_>, test: &Test, glob: &Glob, value: &Value) -> bool {
    let text = value.as_str();
    match text.map_or(Ok(false), |text| glob_matches(glob, text, tester.scope())) {
        Ok(true) => true,
        Ok(false) => tester.fail(text.is_none(), || describe::test(test), Some(value)),
        Err(reason) => {
            tester.blame(reason);
            false
        }
    }
}

pub(super) fn matches_filled(tester: &mut Tester<'_>, test: &Test, pattern: &Node, how: Fold, value: &Value) -> bool {
    let Content::Template(template) = &pattern.value else { return false };
    if tester.is_wild(template) {
        return true;
    }
    let mut source = String::new();
    for part in &template.parts {
        match part {
            Part::Text(text) => source.push_str(text),
            Part::Hole(hole) => {
                match hole.value(tester.scope()).and_then(|value| value.map(|value| printed(&value, &hole.shown())).transpose()) {
                    Ok(Some(inserted)) => source.push_str(&regex::escape(&inserted)),
                    Ok(None) => return true,
                    Err(reason) => {
                        tester.blame(reason);
                        return false;
                    }
                }
            }
        }
    }
    match interner::regex(&source, how.ignore_case) {
        Ok(regex) => matches(tester, test, &TextRegex { source: source.into(), regex, fold: how }, value),
        Err(error) => {
            tester.blame(format!("`{}` with its values inserted is no regular expression: {error}", template.source));
            false
        }
    }
}

/// The text to look for, folded; `Err(holds)` if there is none to look for.
fn needle<'n>(tester: &mut Tester<'_>, argument: &'n TextArgument) -> Result<Cow<'n, str>, bool> {
    if let Content::Text(text) = &argument.text.value {
        return Ok(fold(text, argument.fold));
    }
    let shown = match tester.insert(&argument.text) {
        Inserted::LeftOut | Inserted::Wild => return Err(true),
        Inserted::Fault => return Err(false),
        Inserted::Value(value) => match printed(&value, "") {
            Ok(text) if !text.is_empty() => return Ok(Cow::Owned(fold(&text, argument.fold).into_owned())),
            _ => describe::value(&value),
        },
    };
    tester.blame(format!("`{}` is {shown}; a text that is not empty is needed there", describe::node(&argument.text)));
    Err(false)
}

pub(super) fn contains(tester: &mut Tester<'_>, test: &Test, needles: &[TextArgument], value: &Value) -> bool {
    for argument in needles {
        let needle = match needle(tester, argument) {
            Ok(needle) => needle,
            Err(true) => continue,
            Err(false) => return false,
        };
        let (scope, within) = (tester.scope(), |needle: &str, text: &str| text.contains(needle));
        if !texts::any(value, true, &mut |text| found(scope, &needle, &fold(text, argument.fold), within)) {
            let which = || match needles.len() {
                1 => describe::test(test),
                _ => format!("a text that contains {}", describe::node(&argument.text)),
            };
            return tester.fail(!texts::may_hold(value), which, Some(value));
        }
    }
    true
}

/// `starts_with` and `ends_with`. A text that is JSON itself has its own beginning and end; it is not looked into.
pub(super) fn edge(tester: &mut Tester<'_>, test: &Test, argument: &TextArgument, value: &Value, holds: fn(&str, &str) -> bool) -> bool {
    let needle = match needle(tester, argument) {
        Ok(needle) => needle,
        Err(holds) => return holds,
    };
    let scope = tester.scope();
    let there = texts::any(value, false, &mut |text| found(scope, &needle, &fold(text, argument.fold), holds));
    there || tester.fail(!texts::may_hold(value), || describe::test(test), Some(value))
}

fn found(scope: &dyn Scope, needle: &str, text: &str, holds: fn(&str, &str) -> bool) -> bool {
    holds(needle, text) || is_shown(scope, needle, text, holds)
}

pub(super) fn similar(tester: &mut Tester<'_>, test: &Test, to: &TextArgument, wanted: (Measure, f64), value: &Value) -> bool {
    let needle = match needle(tester, to) {
        Ok(needle) => needle,
        Err(holds) => return holds,
    };
    let Value::String(text) = value else { return tester.fail(!value.is_null(), || describe::test(test), Some(value)) };
    let got = similarity(wanted.0, &needle, &fold(text, to.fold));
    got >= wanted.1 || tester.fail(false, || format!("{}, which is {got:.3} here", describe::test(test)), Some(value))
}
