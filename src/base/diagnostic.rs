//! Diagnostics: what happened, where, what was expected, what to do. The text is made here and nowhere else.
//!
//! Owns: the form of a message, its drawing with source line and caret, the collection of many.
//! Must not know: which rules exist; each rule makes its own diagnostic.

use super::{Sources, Span};
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
}

/// One mistake. `message` is lower case and has no final dot.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    pub severity: Severity,
    /// Stable, kebab-case; `checkride explain CODE` prints its page (`language::codes`).
    pub code: &'static str,
    pub message: String,
    pub span: Span,
    /// What is said under the caret.
    pub label: String,
    pub help: Vec<String>,
}

impl Diagnostic {
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Error, code, message: message.into(), span, label: String::new(), help: vec![] }
    }

    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, span, message) }
    }

    /// What is said under the caret.
    pub fn label(mut self, label: impl Into<String>) -> Diagnostic {
        self.label = label.into();
        self
    }

    /// What to do.
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help.push(help.into());
        self
    }

    pub fn maybe_help(self, help: Option<String>) -> Diagnostic {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    /// The drawn message, without a final line break.
    pub fn render(&self, sources: &Sources, color: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let file = sources.get(self.span.file);
        let title = level.primary_title(self.message.as_str()).id(self.code);
        let mut group = title.elements(Vec::<annotate_snippets::Message<'_>>::new());
        if let Some(file) = &file {
            let end = (self.span.end as usize).min(file.text.len());
            let start = (self.span.start as usize).min(end);
            let end = first_line_end(&file.text, start, end);
            // Only the line that is shown is handed over: the drawing takes as long as its source.
            let line = file.text[..start].rfind('\n').map_or(0, |at| at + 1);
            let shown = &file.text[line..first_line_end(&file.text, end, file.text.len())];
            let mark = AnnotationKind::Primary.span(start - line..end - line).label(self.label.as_str());
            let snippet = Snippet::source(shown).line_start(file.line_column(start).0);
            group = group.element(snippet.path(file.path.as_str()).annotation(mark));
        } else if !self.label.is_empty() {
            // What no file holds (a variable of the command line) has no caret to stand beside.
            group = group.element(Level::NOTE.message(self.label.as_str()));
        }
        for help in &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group]).to_string()
    }
}

/// A mark over many lines would draw them all; its first line says enough.
fn first_line_end(text: &str, start: usize, end: usize) -> usize {
    match text.get(start..end).and_then(|marked| marked.find('\n')) {
        Some(at) => start + at,
        None => end,
    }
}

/// More than this many are not collected: nobody reads them, and telling them apart takes ever longer.
pub const MOST: usize = 500;

/// All diagnostics of one load, in the order found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnostics {
    pub list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Adds one, if it has not been said and there is room; that there was no room is said last.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.is_full() || self.list.contains(&diagnostic) {
            return;
        }
        if self.list.len() == MOST {
            let last = Diagnostic::error("too-many-mistakes", diagnostic.span, format!("more than {MOST} mistakes; the rest is not shown"));
            self.list.push(last.label("the next one").help("repair these first"));
        } else {
            self.list.push(diagnostic);
        }
    }

    /// True if nothing more is collected.
    pub fn is_full(&self) -> bool {
        self.list.len() > MOST
    }

    pub fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.push(Diagnostic::error(code, span, message));
    }

    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// True if an error stands inside this part of a file: then what is missing there may only have been misread.
    pub fn has_error_within(&self, part: Span) -> bool {
        let inside = |span: Span| span.file == part.file && part.start <= span.start && span.end <= part.end;
        self.list.iter().any(|d| d.severity == Severity::Error && inside(d.span))
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn extend(&mut self, other: Diagnostics) {
        for diagnostic in other.list {
            self.push(diagnostic);
        }
    }

    /// By file and place, errors of one place before warnings.
    pub fn sort(&mut self) {
        self.list.sort_by_key(|d| (d.span, d.severity));
    }

    /// All messages, with a blank line between them.
    pub fn render(&self, sources: &Sources, color: bool) -> String {
        let texts: Vec<_> = self.list.iter().map(|d| d.render(sources, color)).collect();
        texts.join("\n\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_shows_place_caret_and_help() {
        let sources = Sources::default();
        let file = sources.add("a.yaml", "suite: x\nrepli: y\n");
        let diagnostic = Diagnostic::error("unknown-key", Span::new(file, 9, 14), "unknown key `repli`")
            .label("not a known key here")
            .help("did you mean `reply`?");
        let text = diagnostic.render(&sources, false);
        assert!(text.starts_with("error[unknown-key]: unknown key `repli`"), "{text}");
        assert!(text.contains("--> a.yaml:2:1") && text.contains("^^^^^ not a known key here"), "{text}");
        assert!(text.contains("= help: did you mean `reply`?"), "{text}");
    }

    #[test]
    fn what_no_file_holds_still_says_what_was_expected() {
        let diagnostic = Diagnostic::error("wrong-value", Span::NONE, "`resist` is not known").label("expected `resists` or `obeys`");
        let text = diagnostic.render(&Sources::default(), false);
        assert!(text.contains("= note: expected `resists` or `obeys`"), "{text}");
    }

    #[test]
    fn the_same_mistake_is_said_once() {
        let mut all = Diagnostics::default();
        all.error("x", Span::NONE, "m");
        all.error("x", Span::NONE, "m");
        assert_eq!(all.list.len(), 1);
    }

    #[test]
    fn too_many_mistakes_end_with_a_word_about_the_rest() {
        let mut all = Diagnostics::default();
        (0..=MOST).for_each(|number| all.error("x", Span::NONE, number.to_string()));
        assert_eq!((all.list.len(), all.list.last().map(|last| last.code)), (MOST + 1, Some("too-many-mistakes")));
        all.error("x", Span::NONE, "more");
        assert_eq!(all.list.len(), MOST + 1);
    }
}
