//! The mistakes of shape: unknown key, missing key, wrong type, wrong value. Said alike wherever they are found.
//!
//! Owns: the wording of the four.
//! Must not know: JSON Schema, which documents there are.

use crate::base::suggest::{did_you_mean, nearest};
use crate::base::{Diagnostic, Diagnostics, Span};
use crate::model::tree::{Content, Node};
use serde_json::Value;

/// Names of JSON types as people say them, in the order in which messages list them.
const TYPE_NAMES: [(&str, &str); 7] = [
    ("string", "a text"),
    ("number", "a number"),
    ("integer", "a whole number"),
    ("boolean", "`true` or `false`"),
    ("array", "a list"),
    ("object", "a mapping"),
    ("null", "null"),
];

/// `a text or a list`.
pub fn types_text(types: &[&str]) -> String {
    let mut names: Vec<_> = TYPE_NAMES.iter().filter(|(name, _)| types.contains(name)).map(|(_, text)| *text).collect();
    if names.len() > 1 {
        // Null is only a way to remove something.
        names.retain(|name| *name != "null");
    }
    if types.contains(&"number") {
        names.retain(|name| *name != "a whole number");
    }
    listed(&names)
}

/// `a, b or c`.
pub fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// What a node is, for "found …".
fn found(node: &Node) -> String {
    match &node.value {
        Content::Template(template) => format!("`{}`, which has a value only during the run", template.source),
        Content::Text(text) if text.chars().count() <= 40 && !text.contains('\n') => format!("the text `{text}`"),
        _ => node.kind().to_owned(),
    }
}

/// "expected a list, found a text".
pub fn wrong_type(node: &Node, expected: &str) -> Diagnostic {
    let quote = match &node.value {
        Content::Number(number) if expected.starts_with("a text") => Some(format!("quote it: \"{number}\"")),
        Content::Bool(flag) if expected.starts_with("a text") => Some(format!("quote it: \"{flag}\"")),
        _ => None,
    };
    let label = match &node.value {
        Content::Template(_) => "not known yet",
        _ => "wrong type",
    };
    Diagnostic::error("wrong-type", node.span, format!("expected {expected}, found {}", found(node))).label(label).maybe_help(quote)
}

/// A text that is not one of the words of a closed list.
pub fn wrong_word(node: &Node, word: &str, words: &[&str]) -> Diagnostic {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    let quoted: Vec<_> = quoted.iter().map(String::as_str).collect();
    Diagnostic::error("wrong-value", node.span, format!("`{word}` is not a known value here"))
        .label(format!("expected {}", listed(&quoted)))
        .maybe_help(did_you_mean(word, words.iter().copied()))
}

/// A value of the right type that cannot stand here.
pub fn wrong_value(span: Span, message: impl Into<String>, expected: impl Into<String>) -> Diagnostic {
    Diagnostic::error("wrong-value", span, message).label(format!("expected {}", expected.into()))
}

/// The feature is read but not carried out by this version.
pub fn not_supported(span: Span, feature: &str) -> Diagnostic {
    Diagnostic::error("not-supported-yet", span, format!("{feature} is not supported yet"))
        .label("this version reads it but cannot carry it out")
        .help("leave it out, or wait for a later version")
}

/// Unknown and missing keys of one mapping. A key is not called missing where another looks like a typo of it.
pub fn keys(node: &Node, owner: &str, known: &[&str], required: &[&str], diagnostics: &mut Diagnostics) {
    keys_or_words(node, owner, known, required, &|_| None, diagnostics);
}

/// Whether a schema is a closed list of words, and this is one of them.
pub fn is_word_of(word: &str, schema: &Value) -> bool {
    schema["then"]["enum"].as_array().is_some_and(|words| words.iter().any(|known| known == word))
}

/// As [`keys`]; `word_of` knows the key of which a text is one of the words.
pub fn keys_or_words(
    node: &Node,
    owner: &str,
    known: &[&str],
    required: &[&str],
    word_of: &dyn Fn(&str) -> Option<String>,
    diagnostics: &mut Diagnostics,
) {
    let unknown: Vec<_> = node.entries().iter().filter(|entry| !known.contains(&&*entry.key)).collect();
    for entry in &unknown {
        let word = word_of(&entry.key).map(|key| format!("it is a value of `{key}`: write `{key}: {}`;", entry.key));
        let near = word.or_else(|| {
            did_you_mean(&entry.key, known.iter().copied().filter(|key| node.get(key).is_none()))
                .or_else(|| did_you_mean(&entry.key, known.iter().copied()))
        });
        let all = format!("`checkride explain {owner}` lists all keys");
        let help = near.map_or_else(|| all.clone(), |near| format!("{near} {all}"));
        diagnostics.push(
            Diagnostic::error("unknown-key", entry.key_span, format!("unknown key `{}`", entry.key))
                .label("not a known key here")
                .help(help),
        );
    }
    for key in required.iter().filter(|key| node.get(key).is_none()) {
        if unknown.iter().any(|entry| nearest(&entry.key, [*key]).is_some()) {
            continue;
        }
        diagnostics.push(
            Diagnostic::error("missing-key", node.span, format!("missing key `{key}`"))
                .label(format!("`{owner}` needs `{key}`"))
                .help(format!("`checkride explain {owner}` lists all keys")),
        );
    }
}
