//! The reader, and how it tells mistakes.
//!
//! Owns: where diagnostics go, how relative files are read, the small readings that all others use.
//! Must not know: what any pattern looks like.

use crate::base::{Diagnostic, Diagnostics, Span, suggest};
use crate::matching::words::Argument;
use crate::matching::{interner, jsonpath};
use crate::model::pattern::{Fold, Glob, JsonPath, Pattern, TextRegex};
use crate::model::tree::{Content, Node};
use std::sync::Arc;

/// Reads patterns; collects mistakes and never stops.
pub struct Reader<'a> {
    pub diagnostics: &'a mut Diagnostics,
    /// Reads a file named relative to the suite (`json_schema`, `same_as`); the error says why it cannot.
    pub file: &'a dyn Fn(&str) -> Result<Vec<u8>, String>,
}

impl Reader<'_> {
    /// An RFC 9535 path that stands at `span`.
    pub fn json_path(&mut self, text: &str, span: Span) -> Option<JsonPath> {
        match jsonpath::parse(text, span) {
            Ok(path) => Some(path),
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                None
            }
        }
    }

    /// A regular expression that stands at `span`; letters and spaces are compared as they are.
    pub fn regex(&mut self, text: &str, span: Span) -> Option<TextRegex> {
        self.folded_regex(text, span, Fold::default())
    }

    pub(crate) fn folded_regex(&mut self, text: &str, span: Span, fold: Fold) -> Option<TextRegex> {
        if text.is_empty() {
            let help = "an empty expression is found in every text, so it would check nothing";
            self.diagnostics.push(Diagnostic::error("ill-formed-regex", span, "the regular expression is empty").help(help));
            return None;
        }
        match interner::regex(text, fold.ignore_case) {
            Ok(regex) => Some(TextRegex { source: text.into(), regex, fold }),
            Err(error) => {
                let diagnostic = Diagnostic::error("ill-formed-regex", span, format!("ill-formed regular expression `{text}`"));
                self.diagnostics.push(explain_regex(diagnostic, &error));
                None
            }
        }
    }

    /// A glob: a text in which `*` is the only special character.
    pub fn glob(&mut self, node: &Arc<Node>) -> Glob {
        if !matches!(node.value, Content::Text(_) | Content::Template(_)) {
            let help = "a glob is a text in which `*` stands for anything, such as `gmail get *`";
            self.wrong(node.span, format!("a glob is a text, this is {}", node.kind()), "expected a text", help);
        }
        Glob { pattern: node.clone() }
    }

    /// Tells that an argument is of the wrong kind.
    pub(crate) fn wrong_argument<T>(&mut self, argument: &Argument<'_>, expected: &str, help: &str) -> Option<T> {
        let found = argument.node.kind();
        self.wrong(argument.node.span, format!("`{}` needs {expected}", argument.word), format!("{found} does not fit here"), help);
        None
    }

    pub(crate) fn wrong(&mut self, span: Span, message: impl Into<String>, label: impl Into<String>, help: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error("wrong-argument", span, message).label(label).help(help));
    }

    /// Tells each key that is not known; true if all are.
    pub(crate) fn known_keys(&mut self, node: &Node, known: &[&str]) -> bool {
        let mut all = true;
        for entry in node.entries().iter().filter(|entry| !known.contains(&&*entry.key)) {
            all = false;
            let help =
                suggest::did_you_mean(&entry.key, known.iter().copied()).unwrap_or_else(|| format!("the keys are {}", known.join(", ")));
            let message = format!("unknown key `{}`", entry.key);
            self.diagnostics.push(Diagnostic::error("unknown-key", entry.key_span, message).label("not a known key here").help(help));
        }
        all
    }

    pub(crate) fn read_file(&mut self, argument: &Argument<'_>, path: &str) -> Option<Vec<u8>> {
        match (self.file)(path) {
            Ok(bytes) => Some(bytes),
            Err(reason) => {
                let message = format!("`{}` cannot read `{path}`: {reason}", argument.word);
                let help = "paths are relative to the folder of the suite";
                self.diagnostics.push(Diagnostic::error("unreadable-file", argument.node.span, message).help(help));
                None
            }
        }
    }

    /// What stands for a pattern that could not be read: it matches nothing.
    pub(crate) fn unreadable(span: Span) -> Pattern {
        use crate::model::pattern::{Form, Test, Word};
        let anything = Pattern { span, form: Form::Words(vec![Word { span, test: Test::Present(true) }]) };
        Pattern { span, form: Form::Words(vec![Word { span, test: Test::Not(Box::new(anything)) }]) }
    }
}

/// The reason in the words of the regex crate, without the drawing around it.
fn explain_regex(diagnostic: Diagnostic, error: &regex::Error) -> Diagnostic {
    let text = error.to_string();
    let reason = text.lines().rev().find_map(|line| line.trim().strip_prefix("error: ")).unwrap_or(&text).to_owned();
    let look_around = reason.contains("look-around");
    let column =
        text.lines().find(|line| line.trim_start().starts_with('^')).map(|line| line.trim_end().chars().filter(|c| *c == ' ').count());
    let diagnostic = match column.and_then(|column| column.checked_sub(4)) {
        Some(column) => diagnostic.label(format!("at character {}: {reason}", column + 1)),
        None => diagnostic.label(reason),
    };
    match look_around {
        true => diagnostic.help("for what must not be there write a second pattern with `not: {matches: …}` or `never`"),
        false => diagnostic.help("a `\\` is written once in single quotes, twice in double quotes"),
    }
}
