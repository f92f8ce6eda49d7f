//! Globs: `*` stands for any run of characters, everything else for itself; the whole text must match.
//!
//! Owns: matching one text against one glob.
//! Must not know: which text of an entry a glob is about.

use crate::model::pattern::Glob;
use crate::model::template::{Part, Scope, Template, printed};
use crate::model::tree::Content;

/// True if the whole text matches. What a hole inserts is plain text: a `*` in it stands for itself.
/// An optional hole that is missing leaves the condition out. The error is a hole without a value.
pub fn glob_matches(glob: &Glob, text: &str, scope: &dyn Scope) -> Result<bool, String> {
    match &glob.pattern.value {
        Content::Text(pattern) => Ok(matches(pattern, text) || is_shown(scope, pattern, text, matches)),
        Content::Template(template) => filled(template, text, scope),
        _ => Ok(false),
    }
}

/// What is recorded shows a secret by its name, so a pattern that holds one is also compared as it would be shown.
pub(crate) fn is_shown(scope: &dyn Scope, pattern: &str, text: &str, holds: fn(&str, &str) -> bool) -> bool {
    text.contains('«') && scope.hidden(pattern).is_some_and(|shown| holds(&shown, text))
}

/// A glob without holes.
pub fn matches(pattern: &str, text: &str) -> bool {
    match pattern.contains('*') {
        false => pattern == text,
        true => run(&pattern.split('*').collect::<Vec<_>>(), text),
    }
}

/// `literals` are the texts between the stars.
fn run<T: AsRef<str>>(literals: &[T], text: &str) -> bool {
    let (first, rest) = literals.split_first().expect("a split gives one part at least");
    let Some((last, middle)) = rest.split_last() else { return first.as_ref() == text };
    let Some(text) = text.strip_prefix(first.as_ref()) else { return false };
    let Some(mut text) = text.strip_suffix(last.as_ref()) else { return false };
    for part in middle {
        match text.find(part.as_ref()) {
            Some(at) => text = &text[at + part.as_ref().len()..],
            None => return false,
        }
    }
    true
}

/// Only stars that were written are wild cards: inserted texts are added to the literal where they stand.
fn filled(template: &Template, text: &str, scope: &dyn Scope) -> Result<bool, String> {
    let mut literals = vec![String::new()];
    for part in &template.parts {
        let last = literals.last_mut().expect("there is always one");
        match part {
            Part::Text(text) => {
                let mut pieces = text.split('*');
                last.push_str(pieces.next().unwrap_or_default());
                literals.extend(pieces.map(str::to_owned));
            }
            Part::Hole(hole) => match hole.value(scope)? {
                Some(value) => last.push_str(&printed(&value, &hole.shown())?),
                None => return Ok(true),
            },
        }
    }
    Ok(run(&literals, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;
    use crate::model::tree::Node;
    use serde_json::{Value, json};

    fn holds(pattern: &str, text: &str) -> Result<bool, String> {
        let content = match Template::parse(pattern).expect("well-formed") {
            Some(template) => Content::Template(template.into()),
            None => Content::Text(pattern.into()),
        };
        let scope: indexmap::IndexMap<String, Value> = [("id".to_owned(), json!("a*b")), ("n".to_owned(), json!(7))].into();
        glob_matches(&Glob { pattern: Node::new(Span::NONE, content) }, text, &scope)
    }

    #[test]
    fn a_star_is_any_run() {
        for (pattern, text) in [
            ("gmail *", "gmail get m1"),
            ("*", ""),
            ("a*", "a"),
            ("*b*d", "abcd"),
            ("a*b*a", "aba"),
            ("log.*", "log.x"),
            ("get {{n}}", "get 7"),
        ] {
            assert_eq!(holds(pattern, text), Ok(true), "{pattern} {text}");
        }
    }

    #[test]
    fn everything_else_is_itself() {
        for (pattern, text) in [
            ("gmail", "gmail get"),
            ("a*a", "a"),
            ("a*b*a", "ab"),
            ("log.*", "logx"),
            ("a?c", "abc"),
            ("", "x"),
            ("*a*a", "a"),
            ("[a]", "a"),
        ] {
            assert_eq!(holds(pattern, text), Ok(false), "{pattern} {text}");
        }
    }

    #[test]
    fn an_inserted_star_is_a_star() {
        assert_eq!(holds("x {{id}}*", "x a*bc"), Ok(true));
        assert_eq!(holds("x {{id}}*", "x aZbc"), Ok(false));
        assert!(holds("{{nobody}}", "x").is_err());
    }
}
