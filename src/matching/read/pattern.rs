//! Reading value patterns.
//!
//! Owns: when a mapping is a matcher, and what is said of one that is nearly one.
//! Must not know: what a word's argument looks like.

use super::Reader;
use crate::base::{Diagnostic, suggest};
use crate::matching::words::{Argument, Role, TEXT_WORDS, find, names};
use crate::model::pattern::{Fold, Form, Pattern, Word};
use crate::model::tree::{Content, Entry, Node};
use std::sync::Arc;

impl Reader<'_> {
    /// Reads a value pattern (language §4.1). After a mistake it is one that matches nothing.
    pub fn pattern(&mut self, node: &Arc<Node>) -> Pattern {
        let form = match &node.value {
            Content::Null | Content::Bool(_) | Content::Number(_) | Content::Text(_) => Form::Plain(node.to_value()),
            Content::Template(_) => Form::Hole(node.clone()),
            Content::List(items) => Form::Elements(items.iter().map(|item| self.pattern(item)).collect()),
            Content::Map(entries) => match self.mapping(node, entries) {
                Some(form) => form,
                None => return Reader::unreadable(node.span),
            },
        };
        Pattern { span: node.span, form }
    }

    fn mapping(&mut self, node: &Arc<Node>, entries: &[Entry]) -> Option<Form> {
        let words = entries.iter().filter(|entry| find(&entry.key).is_some()).count();
        if words == 0 {
            self.warn_of_near_word(entries);
            return Some(Form::Subset(entries.iter().map(|entry| (entry.key.clone(), self.pattern(&entry.value))).collect()));
        }
        if words < entries.len() {
            self.mixed(node, entries);
            return None;
        }
        self.words(entries).map(Form::Words)
    }

    /// All entries are pattern words.
    fn words(&mut self, entries: &[Entry]) -> Option<Vec<Word>> {
        let fold = self.fold(entries)?;
        let mut words = Vec::with_capacity(entries.len());
        let mut whole = true;
        for entry in entries {
            let kind = find(&entry.key).expect("the caller has seen that every key is a word");
            if let Role::Test(read) = kind.role {
                let argument = Argument { word: kind.name, node: &entry.value, fold };
                match read(self, &argument) {
                    Some(test) => words.push(Word { span: entry.key_span, test }),
                    None => whole = false,
                }
            }
        }
        whole.then_some(words)
    }

    /// How the text words compare; the folding words need one of them beside them.
    fn fold(&mut self, entries: &[Entry]) -> Option<Fold> {
        let mut fold = Fold::default();
        let text_words = entries.iter().any(|entry| TEXT_WORDS.contains(&&*entry.key));
        for entry in entries {
            let Some(Role::Folding(set)) = find(&entry.key).map(|kind| kind.role) else { continue };
            match entry.value.value {
                Content::Bool(true) if text_words => set(&mut fold),
                Content::Bool(false) if text_words => {}
                Content::Bool(_) => {
                    let message = format!("`{}` says how texts are compared, and no text word stands beside it", entry.key);
                    let help = format!("the text words are {}", TEXT_WORDS.join(", "));
                    self.wrong(entry.key_span, message, "nothing to compare", help);
                    return None;
                }
                _ => {
                    let message = format!("`{}` needs `true` or `false`", entry.key);
                    self.wrong(entry.value.span, message, format!("{} does not fit here", entry.value.kind()), "write `true`");
                    return None;
                }
            }
        }
        Some(fold)
    }

    /// Neither a matcher nor plain data: which of the two was meant cannot be known.
    fn mixed(&mut self, node: &Arc<Node>, entries: &[Entry]) {
        let (words, others): (Vec<&Entry>, Vec<&Entry>) = entries.iter().partition(|entry| find(&entry.key).is_some());
        let other = others.first().expect("there are fewer words than entries");
        let word = words.first().expect("there is a word");
        let message =
            format!("`{}` is a pattern word and `{}` is not; a mapping is a matcher or plain keys, not both", word.key, other.key);
        let span = if other.key_span.is_none() { node.span } else { other.key_span };
        self.diagnostics.push(
            Diagnostic::error("mixed-matcher", span, message)
                .label("not a pattern word")
                .maybe_help(suggest::did_you_mean(&other.key, names()))
                .help(format!("if `{}` is a key of the data, put the mapping under `literal:`", word.key)),
        );
    }

    /// A mapping of one key that is nearly a word is plain data, but probably not meant so.
    fn warn_of_near_word(&mut self, entries: &[Entry]) {
        let [entry] = entries else { return };
        if let Some(word) = near_word(&entry.key) {
            let message = format!("`{}` is not a pattern word, so this is a plain mapping with that key", entry.key);
            self.diagnostics.push(
                Diagnostic::warning("looks-like-a-word", entry.key_span, message)
                    .label("a plain key")
                    .help(format!("did you mean `{word}`? if the data has such a key, `literal: {{{}: …}}` says so", entry.key)),
            );
        }
    }
}

/// Words of other test languages, and what they are called here.
const OTHER_NAMES: [(&str, &str); 14] = [
    ("match", "matches"),
    ("regex", "matches"),
    ("regexp", "matches"),
    ("pattern", "matches"),
    ("exact", "exactly"),
    ("oneof", "one_of"),
    ("anyof", "one_of"),
    ("includes", "contains"),
    ("len", "length"),
    ("ge", "gte"),
    ("le", "lte"),
    ("exists", "present"),
    ("missing", "absent"),
    ("every", "each"),
];

/// Short words are one slip away from ordinary keys (`is` from `id`), so only long ones count as typos.
fn near_word(key: &str) -> Option<&'static str> {
    let folded: String = key.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect();
    let length = folded.chars().count();
    let letter_kinds = letter_kinds_of(&folded);
    let other = OTHER_NAMES.iter().find(|(other, _)| *other == folded).map(|(_, word)| *word);
    other.or_else(|| {
        names().find(|word| {
            // One slip changes the length by one at most, and which letters there are by two; most keys of most suites need no closer look.
            let letters = word.bytes().filter(|byte| *byte != b'_').count();
            letters.abs_diff(length) <= 1 && (letter_kinds_of(word) ^ letter_kinds).count_ones() <= 2 && {
                let word = word.replace('_', "");
                folded == word || (folded.len() >= 6 && strsim::damerau_levenshtein(&folded, &word) == 1)
            }
        })
    })
}

/// Which letters a text has, one bit for each of `a` to `z`.
fn letter_kinds_of(text: &str) -> u32 {
    text.bytes().filter(u8::is_ascii_lowercase).fold(0, |kinds, letter| kinds | 1 << (letter - b'a'))
}
