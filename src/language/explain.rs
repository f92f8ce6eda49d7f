//! `explain`: what a word of the language, or a diagnostic code, means.
//!
//! Owns: the form of a page, and which words have one.
//! Must not know: the command line.

use super::codes::{self, Code};
use super::docs::pattern::ABOUT;
use super::shape::Page;
use super::shape::defs::PageKey;
use super::{builtin, schema};
use crate::base::suggest::did_you_mean;
use crate::matching::WORDS;
use crate::model::filter;
use crate::model::protocol::EventKind;
use std::fmt::Write as _;

/// The page of a word: a mapping, a key, a pattern word, an event, a built-in protocol or a diagnostic code. A word with several meanings
/// has a section for each. `None` if nobody knows it.
pub fn explain(word: &str) -> Option<String> {
    let pages = schema::pages();
    let mut sections: Vec<String> = Vec::new();
    sections.extend(pages.iter().find(|page| page.word == word).map(mapping));
    if word == "pattern" {
        sections.push(patterns());
    }
    sections.extend(pages.iter().flat_map(|page| page.keys.iter().filter(|key| key.name == word).map(|key| key_of(page, key))));
    sections.extend(WORDS.iter().find(|known| known.name == word).map(|known| pattern_word(known)));
    sections.extend(filter::about().find(|(name, _)| *name == word).map(|(name, about)| {
        format!("{name}, a filter of templates\n  {about}\n\n  Example: \"{{{{name|{name}}}}}\"").replace("|times}}", "|times:3}}")
    }));
    sections.extend(codes::all().find(|code| code.name == word).map(code));
    sections.extend(builtin::text(word).map(|text| format!("{word}: a built-in protocol\n\n{}", indented(text.trim_end()))));
    if sections.is_empty() {
        return None;
    }
    Some(sections.join("\n\n") + "\n")
}

/// A word with a page that looks like this one.
pub fn near(word: &str) -> Option<String> {
    let words = words();
    did_you_mean(word, words.iter().map(String::as_str))
}

/// All words that have a page.
pub fn words() -> Vec<String> {
    let pages = schema::pages();
    let mut words: Vec<String> =
        pages.iter().flat_map(|page| page.keys.iter().map(|key| key.name).chain([page.word])).map(str::to_owned).collect();
    words.extend(WORDS.iter().map(|word| word.name.to_owned()));
    words.extend(filter::about().map(|(name, _)| name.to_owned()));
    words.extend(codes::all().map(|code| code.name.to_owned()));
    words.extend(builtin::PROTOCOLS.iter().map(|(name, _)| (*name).to_owned()));
    words.extend(EventKind::ALL.iter().map(|(_, name)| (*name).to_owned()));
    words.push("pattern".to_owned());
    words.sort();
    words.dedup();
    words
}

/// The lines of a doc comment as paragraphs.
fn paragraph(about: &str) -> String {
    let lines: Vec<_> = about.trim().lines().map(str::trim).collect();
    lines.split(|line| line.is_empty()).map(|lines| lines.join(" ")).collect::<Vec<_>>().join("\n\n  ")
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

fn mapping(page: &Page) -> String {
    let mut out = format!("{}\n  {}\n", page.word, paragraph(page.about));
    for example in page.examples {
        let _ = write!(out, "\n  Example: {example}\n");
    }
    let _ = write!(out, "\n  {}:\n", if page.examples.is_empty() { "Words" } else { "Keys" });
    let width = page.keys.iter().map(|key| key.name.len()).max().unwrap_or_default();
    for key in &page.keys {
        let _ = writeln!(out, "    {:width$}  {}{}", key.name, paragraph(key.about), mark(key));
    }
    out.trim_end().to_owned()
}

fn mark(key: &PageKey) -> &'static str {
    match (key.later.is_some(), key.required) {
        (true, _) => " (not supported yet)",
        (false, true) => " (must be there)",
        (false, false) => "",
    }
}

fn key_of(page: &Page, key: &PageKey) -> String {
    let mut out = format!("{} in `{}`\n  {}{}\n", key.name, page.word, paragraph(key.about), mark(key));
    for example in key.examples {
        let _ = write!(out, "\n  Example: {}: {example}", key.name);
    }
    out.trim_end().to_owned()
}

fn patterns() -> String {
    let mut out = format!("pattern\n  {ABOUT}\n\n  Example: {{starts_with: backend, contains: [context, prompt]}}\n\n  Words:\n");
    let width = WORDS.iter().map(|word| word.name.len()).max().unwrap_or_default();
    for word in WORDS {
        let _ = writeln!(out, "    {:width$}  {}", word.name, word.doc);
    }
    out.trim_end().to_owned()
}

fn pattern_word(word: &crate::matching::WordKind) -> String {
    let mut out = format!("{}: {} (a pattern word)\n  {}\n\n  Examples:\n", word.name, word.argument, word.doc);
    for example in word.examples {
        let value = if example.value.is_empty() { "a missing key" } else { example.value };
        let holds = if example.passes { "holds for" } else { "fails on" };
        let _ = writeln!(out, "    {}  {holds}  {value}", example.pattern);
    }
    out.trim_end().to_owned()
}

fn code(code: &Code) -> String {
    format!("{} (a diagnostic code)\n  {}\n\n  Example:\n{}", code.name, code.about, indented(&indented(code.example)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::schema::Kind;
    use crate::language::shape::document::example;
    use serde_json::{Value, json};

    #[test]
    fn a_key_is_explained_wherever_it_stands() {
        let page = explain("reply").unwrap();
        assert!(page.contains("reply in `expect`") && page.contains("reply in `model_rule`"), "{page}");
        assert!(page.contains("Example: reply: {contains: 10 EUR}"), "{page}");
    }

    #[test]
    fn a_page_keeps_its_paragraphs() {
        let page = explain("judge").unwrap();
        assert!(page.contains("\n\n  Each statement is judged alone") && page.contains("\n\n  Verdicts are kept in a lock"), "{page}");
    }

    #[test]
    fn a_mapping_lists_its_keys() {
        let page = explain("step").unwrap();
        assert!(page.contains("await") && page.contains("Verb: sends a user turn"), "{page}");
    }

    #[test]
    fn what_is_not_carried_out_is_marked() {
        let key = |later, required| mark(&PageKey { name: "k", about: "", examples: &[], later, required });
        assert_eq!(key(Some("`k`"), true), " (not supported yet)");
        assert_eq!((key(None, true), key(None, false)), (" (must be there)", ""));
    }

    #[test]
    fn pattern_words_codes_events_and_protocols_have_pages() {
        assert!(explain("contains").unwrap().contains("holds for"));
        assert!(explain("unknown-key").unwrap().contains("(a diagnostic code)"));
        assert!(explain("turn.finished").unwrap().contains("the turn ended"));
        assert!(explain("codex-exec").unwrap().contains("transport: exec"));
        assert!(explain("pattern").unwrap().contains("one_of"));
    }

    #[test]
    fn an_unknown_word_has_none_and_the_nearest_is_offered() {
        assert_eq!(explain("replyy"), None);
        assert_eq!(near("replyy").as_deref(), Some("did you mean `reply`?"));
        assert_eq!(near("zzzzzz"), None);
    }

    #[test]
    fn every_word_has_a_page() {
        for word in words() {
            assert!(explain(&word).is_some(), "{word}");
        }
    }

    /// Every example of every mapping and key is what its own schema takes.
    #[test]
    fn every_example_is_valid_where_it_stands() {
        for kind in Kind::ALL {
            let schema = crate::language::schema::generate(kind);
            for page in schema::pages().iter().filter(|page| schema["$defs"].get(page.word).is_some()) {
                assert!(!page.examples.is_empty(), "`{}` has no example", page.word);
                let own = format!("#/$defs/{}", page.word);
                page.examples.iter().for_each(|text| valid(&schema, &own, text));
                let body = if schema["$defs"][page.word].get("else").is_some() { "else/properties" } else { "properties" };
                for key in &page.keys {
                    assert!(!key.examples.is_empty(), "`{}` in `{}` has no example", key.name, page.word);
                    key.examples.iter().for_each(|text| valid(&schema, &format!("{own}/{body}/{}", key.name), text));
                }
            }
        }
    }

    fn valid(schema: &Value, reference: &str, text: &str) {
        let value = example(text).unwrap_or_else(|| panic!("{reference}: `{text}` is not YAML"));
        let part = json!({"$defs": schema["$defs"], "$ref": reference});
        let validator = jsonschema::draft202012::options().build(&part).unwrap();
        let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{reference}: `{text}`: {errors:?}");
    }
}
