//! Patterns and values as short texts for messages.
//!
//! Owns: how a pattern reads in a sentence, how a long value is cut.
//! Must not know: whether anything matched.

use crate::model::pattern::{Bound, Comparison, Fold, Form, Item, Measure, Pattern, Test, TextArgument, ValueKind};
use crate::model::tree::{Content, Node};
use serde_json::Value;

/// The most characters of a value that are shown.
pub const MOST: usize = 200;

/// The value as JSON, cut after [`MOST`] characters.
pub fn value(value: &Value) -> String {
    cut(match value {
        Value::String(text) if text.chars().count() > MOST => Value::from(text.chars().take(MOST).collect::<String>()).to_string() + "…",
        value => value.to_string(),
    })
}

/// A value that may be missing.
pub fn found(found: Option<&Value>) -> String {
    found.map_or_else(|| "nothing".to_owned(), value)
}

/// The text, cut after [`MOST`] characters with its length told.
pub fn cut(text: String) -> String {
    match text.char_indices().nth(MOST) {
        None => text,
        Some((at, _)) => format!("{}… ({} characters)", &text[..at], text.chars().count()),
    }
}

pub fn elements(n: usize) -> String {
    if n == 1 { "1 element".to_owned() } else { format!("{n} elements") }
}

/// A pattern as it would be written in one line.
pub fn pattern(pattern: &Pattern) -> String {
    cut(shown(pattern))
}

fn shown(pattern: &Pattern) -> String {
    match &pattern.form {
        Form::Plain(plain) => value(plain),
        Form::Hole(hole) => node(hole),
        Form::Subset(fields) => {
            let fields: Vec<_> = fields.iter().map(|(key, pattern)| format!("{key}: {}", shown(pattern))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        Form::Elements(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Form::Words(words) => words.iter().map(|word| test(&word.test)).collect::<Vec<_>>().join(" and "),
    }
}

/// A node as written, templates as their source.
pub fn node(node: &Node) -> String {
    match &node.value {
        Content::Template(template) => template.source.to_string(),
        _ => value(&node.to_value()),
    }
}

/// One pattern word with its argument.
pub fn test(test: &Test) -> String {
    match test {
        Test::Not(inner) => format!("not {}", shown(inner)),
        Test::OneOf(options) => format!("one of {}", options.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Test::Matches(regex) => format!("a text that matches /{}/{}", regex.source, folding(regex.fold)),
        Test::MatchesFilled { pattern, fold } => format!("a text that matches /{}/{}", node(pattern), folding(*fold)),
        Test::Contains(needles) => {
            let fold = needles.first().map(|needle| needle.fold).unwrap_or_default();
            format!("a text that contains {}{}", needles.iter().map(argument).collect::<Vec<_>>().join(" and "), folding(fold))
        }
        Test::StartsWith(start) => format!("a text that starts with {}{}", argument(start), folding(start.fold)),
        Test::EndsWith(end) => format!("a text that ends with {}{}", argument(end), folding(end.fold)),
        Test::Compare(comparison, limit) => format!("a number {} {}", sign(*comparison), bound(limit)),
        Test::Approx { value, within: None } => format!("about {}", bound(value)),
        Test::Approx { value, within: Some(within) } => format!("{} ± {within}", bound(value)),
        Test::Is(kind) => format!("a value of type {}", kind_name(*kind)),
        Test::Present(true) | Test::Absent(false) => "a value".to_owned(),
        Test::Present(false) | Test::Absent(true) => "no such key".to_owned(),
        Test::Optional(inner) => format!("nothing or {}", shown(inner)),
        Test::Length(inner) => format!("a length of {}", shown(inner)),
        Test::Each(inner) => format!("a list of {}, at least one", shown(inner)),
        Test::Has(inner) => format!("a list with {}", shown(inner)),
        Test::Ascending(_) => "a list in strictly ascending order".to_owned(),
        Test::Exactly(inner) => format!("exactly {}", shown(inner)),
        Test::JsonText(inner) => format!("a text that is JSON for {}", shown(inner)),
        Test::JsonSchema(_) => "a value that the JSON Schema allows".to_owned(),
        Test::Similar { to, measure, at_least } => {
            format!("a text like {} ({} of {at_least} or more)", argument(to), measure_name(*measure))
        }
        Test::NoCredentials(_) => "no credential of a known format".to_owned(),
        Test::UrlHosts { allow, deny } => {
            let led = |to: &str, hosts: &[String]| format!("{to} {}", hosts.join(", "));
            let parts = [allow.as_deref().map(|hosts| led("only to", hosts)), (!deny.is_empty()).then(|| led("not to", deny))];
            format!("URLs that lead {}", parts.into_iter().flatten().collect::<Vec<_>>().join(" and "))
        }
        Test::Glob(glob) => node(&glob.pattern),
        Test::Literal(data) => node(data),
        Test::SameAs { path, .. } => format!("the bytes of {path}"),
    }
}

fn argument(argument: &TextArgument) -> String {
    match &argument.text.value {
        Content::Template(template) => format!("\"{}\"", template.source),
        _ => node(&argument.text),
    }
}

fn folding(fold: Fold) -> &'static str {
    match (fold.ignore_case, fold.normalize) {
        (false, false) => "",
        (true, false) => " (in any case)",
        (false, true) => " (normalized)",
        (true, true) => " (in any case, normalized)",
    }
}

fn bound(bound: &Bound) -> String {
    match bound {
        Bound::Number(number) => number.to_string(),
        Bound::Hole(hole) => node(hole),
    }
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Gt => ">",
        Comparison::Gte => "≥",
        Comparison::Lt => "<",
        Comparison::Lte => "≤",
    }
}

pub(crate) fn kind_name(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::String => "string",
        ValueKind::Integer => "integer",
        ValueKind::Number => "number",
        ValueKind::Boolean => "boolean",
        ValueKind::Null => "null",
        ValueKind::Array => "array",
        ValueKind::Object => "object",
    }
}

pub(crate) fn measure_name(measure: Measure) -> &'static str {
    match measure {
        Measure::RougeL => "rouge_l",
        Measure::Levenshtein => "levenshtein",
        Measure::TokenF1 => "token_f1",
    }
}

/// An item in one line: `open {id: "{{doc}}"}`.
pub fn item(item: &Item) -> String {
    let name = item.glob.as_ref().map(|glob| match &glob.pattern.value {
        Content::Text(text) => text.to_string(),
        _ => node(&glob.pattern),
    });
    let entry = item.entry.as_ref().map(shown);
    let mut parts: Vec<String> = name.into_iter().chain(entry).collect();
    if parts.is_empty() {
        parts.push(format!("any {}", item.kind.item_key()));
    }
    if let Some(index) = &item.index {
        parts.push(format!("at index {}", shown(index)));
    }
    if let Some(session) = &item.session {
        parts.push(format!("in session {}", node(session)));
    }
    cut(parts.join(" "))
}
