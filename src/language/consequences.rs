//! One mistake, one message: what another mistake brought about is not said.
//!
//! Owns: which diagnostics follow from which others.
//! Must not know: how any of them is found.

use crate::base::{Diagnostic, Diagnostics, FileId, suggest};
use std::collections::HashSet;

/// A template that could not be put in leaves null in its place.
const UNFILLED: [&str; 3] = ["unknown-template", "recursive-define", "expansion-too-large"];
/// Something is missing. It may stand there under a misspelt key, which the message names.
const MISSING: [&str; 6] = ["missing-key", "one-kind", "one-verb", "no-url", "cannot-be-seen", "cannot-restart"];
/// A name means nothing. What it means may stand under a misspelt key: one of these.
const NAMELESS: [(&str, &[&str]); 7] = [
    ("unknown-name", &["agent", "agents", "define", "each", "fakes", "matrix", "save", "secrets", "vars"]),
    ("unknown-fake", &["command", "fakes", "http", "model", "websocket"]),
    ("unknown-session", &["session", "user"]),
    ("unknown-label", &["as"]),
    ("unknown-gate", &["gate"]),
    ("unknown-template", &["define"]),
    ("never-names-nothing", &["command", "fakes", "http", "model", "websocket"]),
];

/// Leaves out what follows from another mistake of the same file.
pub fn drop_consequences(diagnostics: &mut Diagnostics) {
    let causes = Causes::of(diagnostics);
    diagnostics.list.retain(|diagnostic| !causes.explain(diagnostic));
}

struct Causes {
    /// Where null stands for a template.
    unfilled: HashSet<crate::base::Span>,
    /// Misspelt keys.
    keys: Vec<(FileId, String)>,
}

impl Causes {
    fn of(diagnostics: &Diagnostics) -> Causes {
        let unfilled = diagnostics.list.iter().filter(|diagnostic| UNFILLED.contains(&diagnostic.code));
        let keys = diagnostics.list.iter().filter(|diagnostic| diagnostic.code == "unknown-key");
        let keys = keys.filter_map(|diagnostic| Some((diagnostic.span.file, quoted(&diagnostic.message).next()?.to_owned())));
        Causes { unfilled: unfilled.map(|diagnostic| diagnostic.span).collect(), keys: keys.collect() }
    }

    fn explain(&self, diagnostic: &Diagnostic) -> bool {
        let code = diagnostic.code;
        if self.unfilled.contains(&diagnostic.span) && !UNFILLED.contains(&code) {
            return true;
        }
        let file = diagnostic.span.file;
        if code == "unknown-session" && self.unfilled.iter().any(|span| span.file == file) {
            return true;
        }
        let mut keys = self.keys.iter().filter(|(of, _)| *of == file).map(|(_, key)| key);
        if let Some((_, defining)) = NAMELESS.iter().find(|(nameless, _)| *nameless == code) {
            return keys.any(|key| suggest::nearest(key, defining.iter().copied()).is_some());
        }
        MISSING.contains(&code) && keys.any(|key| suggest::nearest(key, named(diagnostic)).is_some())
    }
}

/// The words that a message names.
fn named(diagnostic: &Diagnostic) -> impl Iterator<Item = &str> {
    let texts = [&diagnostic.message, &diagnostic.label].into_iter().chain(&diagnostic.help);
    let words = |text: &'_ str| -> bool { !text.is_empty() };
    texts
        .flat_map(|text| quoted(text))
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .filter(move |word| words(word))
}

/// What stands between back-ticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Sources, Span};

    /// The codes that are left.
    fn left(said: &[(&'static str, &str, usize)]) -> Vec<&'static str> {
        let file = Sources::default().add("s.yaml", "x");
        let mut diagnostics = Diagnostics::default();
        for (code, message, at) in said {
            diagnostics.error(code, Span::new(file, *at, at + 1), *message);
        }
        drop_consequences(&mut diagnostics);
        diagnostics.list.iter().map(|diagnostic| diagnostic.code).collect()
    }

    #[test]
    fn a_key_is_not_missing_where_a_misspelt_one_stands() {
        assert_eq!(left(&[("missing-key", "missing key `script`", 0), ("unknown-key", "unknown key `scrip`", 1)]), ["unknown-key"]);
        let both = [("missing-key", "missing key `reply`", 0), ("unknown-key", "unknown key `scrip`", 1)];
        assert_eq!(left(&both), ["missing-key", "unknown-key"]);
    }

    #[test]
    fn a_name_is_not_unknown_where_its_definition_is_misspelt() {
        assert_eq!(left(&[("unknown-key", "unknown key `fake`", 0), ("unknown-fake", "there is no fake `llm`", 5)]), ["unknown-key"]);
        let both = [("unknown-key", "unknown key `timout`", 0), ("unknown-fake", "there is no fake `llm`", 5)];
        assert_eq!(left(&both), ["unknown-key", "unknown-fake"]);
    }

    #[test]
    fn the_null_of_a_template_is_no_mistake() {
        let said = [("unknown-template", "no template `a` is defined", 3), ("wrong-item", "null is no call", 3), ("wrong-item", "…", 9)];
        assert_eq!(left(&said), ["unknown-template", "wrong-item"]);
    }
}
