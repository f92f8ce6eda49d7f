//! What the parser could not read, said in the words of the person who wrote it.
//!
//! Owns: the way from a syntax error to a diagnostic, and the guesses at the slip behind it.
//! Must not know: trees.

use crate::base::{Diagnostic, FileId, Span};
use granit_parser::{ErrorKind, ScanError};

/// The diagnostic for a syntax error.
pub fn diagnostic(error: &ScanError, file: FileId, text: &str) -> Diagnostic {
    let at = error.marker().byte_offset().unwrap_or(0).min(text.len());
    let line = Line::around(text, at);
    if let Some(tab) = line.tab() {
        return tab_diagnostic(Span::new(file, tab, tab + 1));
    }
    if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        return too_deep(spot(file, text, at));
    }
    if let Some(star) = line.before(at, "*").filter(|_| matches!(error.kind(), ErrorKind::MissingAnchorOrAliasName)) {
        return unquoted_alias(Span::new(file, star, star + 1), "*");
    }
    if let Some(open) = line.unquoted_hole() {
        let end = line.text[open - line.start..].find("}}").map_or(open + 2, |close| open + close + 2);
        return unquoted_template(Span::new(file, open, end), &text[open..end]);
    }
    match error.kind() {
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation => tab_diagnostic(spot(file, text, at)),
        ErrorKind::TabInPlainScalar => tab_diagnostic(spot(file, text, at)),
        kind => plain(kind, spot(file, text, at)),
    }
}

/// A tab where spaces must stand.
pub fn tab_diagnostic(span: Span) -> Diagnostic {
    Diagnostic::error("tab-indentation", span, "a tab is used as indentation").label("a tab").help("indent with spaces")
}

pub fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error("too-deep", span, format!("nested more than {} levels deep", super::read::MAX_DEPTH))
        .label("this level is one too many")
        .help("a suite never needs this depth; look for brackets that are not closed")
}

pub fn unquoted_alias(span: Span, written: &str) -> Diagnostic {
    Diagnostic::error("unquoted-alias", span, format!("`{written}` is read as a YAML alias, and no anchor of that name is above it"))
        .label("an unquoted text may not begin with `*`")
        .help(format!("quote the whole text: \"{written}\""))
}

pub fn unquoted_template(span: Span, written: &str) -> Diagnostic {
    Diagnostic::error("unquoted-template", span, "unquoted braces are read as a YAML mapping, not as a template")
        .label("a text that begins with `{{` needs quotes")
        .help(format!("quote the whole text: \"{written}\""))
}

fn plain(kind: &ErrorKind, span: Span) -> Diagnostic {
    let (what, help) = match kind {
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement | ErrorKind::SimpleKeyExpected => {
            ("`: ` stands where no key can be".to_owned(), "quote a text that holds `: `, or check the indentation")
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            (format!("`{open}` is never closed"), "close it, or quote a text that begins with it")
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            (format!("`{open}` is closed by `{close}`"), "close brackets in the order in which they were opened")
        }
        ErrorKind::ExpectedFlowMappingSeparator => {
            ("in `{…}` a `,` or `}` is missing here".to_owned(), "quote a text that holds braces, brackets, commas or `: `")
        }
        ErrorKind::ExpectedFlowSequenceSeparator => {
            ("in `[…]` a `,` or `]` is missing here".to_owned(), "quote a text that holds braces, brackets, commas or `: `")
        }
        ErrorKind::InvalidQuotedScalarIndent => {
            ("a quote opened above is not closed on its line".to_owned(), "close the quote; a quoted text that goes on must be indented")
        }
        ErrorKind::MisplacedFlowCollectionEnd => ("this bracket closes nothing".to_owned(), "remove it, or quote the whole text"),
        ErrorKind::UnclosedQuotedScalar => ("a quote is never closed".to_owned(), "close it; inside '…' a quote is written ''"),
        ErrorKind::UnknownQuotedScalarEscape => {
            ("an escape that YAML does not know".to_owned(), "write `\\\\` for a backslash in \"…\", or use '…', where nothing is escaped")
        }
        ErrorKind::InvalidTrailingDoubleQuotedScalar | ErrorKind::InvalidTrailingSingleQuotedScalar => {
            ("a quoted text goes on after its closing quote".to_owned(), "put the whole text in quotes, or none of it")
        }
        ErrorKind::UnexpectedCharacter { character } => {
            (format!("an unquoted text may not begin with {character:?}"), "quote the whole text")
        }
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation | ErrorKind::ExpectedBlockSequenceEntry => {
            ("this does not fit what stands above".to_owned(), "check the indentation; quote a text that goes on after a bracket or quote")
        }
        ErrorKind::DirectiveDisallowed => ("directives (`%…`) are not used in suites".to_owned(), "remove the line"),
        other => (other.to_string(), "check quotes, brackets and indentation on this line and the one above"),
    };
    Diagnostic::error("ill-formed-yaml", span, format!("not well-formed YAML: {what}")).label("here").help(help)
}

/// One character at `at`; the last of the file if that is its end.
pub fn spot(file: FileId, text: &str, at: usize) -> Span {
    let at = if at >= text.len() { text.trim_end().len() } else { at };
    let width = text[at..].chars().next().map_or(0, char::len_utf8);
    Span::new(file, at, at + width)
}

/// The line that an error is in.
struct Line<'a> {
    start: usize,
    text: &'a str,
}

impl Line<'_> {
    fn around(text: &str, at: usize) -> Line<'_> {
        // At the end of a file the last line with something in it is meant.
        let at = if at >= text.len() { text.trim_end().len() } else { at };
        let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
        Line { start, text: &text[start..end] }
    }

    /// A tab in the indentation.
    fn tab(&self) -> Option<usize> {
        let indentation = self.text.len() - self.text.trim_start_matches([' ', '\t']).len();
        self.text[..indentation].find('\t').map(|tab| self.start + tab)
    }

    fn before(&self, at: usize, what: &str) -> Option<usize> {
        let end = (at + 1 - self.start).min(self.text.len());
        self.text.get(..end)?.rfind(what).map(|found| self.start + found)
    }

    /// `{{` where a value begins.
    fn unquoted_hole(&self) -> Option<usize> {
        let open = self.text.find("{{")?;
        let before = self.text[..open].trim_end();
        (before.is_empty() || before.ends_with([':', '-', ',', '[', '{'])).then_some(self.start + open)
    }
}
