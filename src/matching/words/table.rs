//! The table of pattern words: what they are called, how they are read, what is said about them.
//!
//! Owns: the one list that reading, `checkride explain`, schemas and tests go by.
//! Must not know: what a word means.

use super::{comparisons, lists, logic, presence, safety, structure, texts};
use crate::matching::Reader;
use crate::model::pattern::{Fold, Test};
use crate::model::tree::Node;
use std::sync::Arc;

/// One pattern word.
pub struct WordKind {
    pub name: &'static str,
    /// What stands after the colon.
    pub argument: &'static str,
    /// What it means, in one sentence.
    pub doc: &'static str,
    /// Both signs; a test runs each.
    pub examples: &'static [Example],
    pub(crate) role: Role,
}

/// A pattern that holds for a value, or does not.
pub struct Example {
    /// The pattern, in YAML.
    pub pattern: &'static str,
    /// The value, in JSON; an empty text is a missing key.
    pub value: &'static str,
    pub passes: bool,
}

#[derive(Clone, Copy)]
pub(crate) enum Role {
    /// A condition. `None` after a mistake was told.
    Test(fn(&mut Reader<'_>, &Argument<'_>) -> Option<Test>),
    /// Changes how the text words beside it compare.
    Folding(fn(&mut Fold)),
}

/// The argument of a word where it stands.
pub(crate) struct Argument<'a> {
    pub word: &'static str,
    pub node: &'a Arc<Node>,
    /// How the text words of this matcher compare.
    pub fold: Fold,
}

pub(crate) const fn passes(pattern: &'static str, value: &'static str) -> Example {
    Example { pattern, value, passes: true }
}

pub(crate) const fn fails(pattern: &'static str, value: &'static str) -> Example {
    Example { pattern, value, passes: false }
}

/// All pattern words, in the order in which they are explained.
pub static WORDS: &[&WordKind] = &[
    &logic::NOT,
    &logic::ONE_OF,
    &texts::MATCHES,
    &texts::CONTAINS,
    &texts::STARTS_WITH,
    &texts::ENDS_WITH,
    &texts::SIMILAR,
    &safety::NO_CREDENTIALS,
    &safety::URL_HOSTS,
    &texts::IGNORE_CASE,
    &texts::NORMALIZE,
    &comparisons::GT,
    &comparisons::GTE,
    &comparisons::LT,
    &comparisons::LTE,
    &comparisons::APPROX,
    &structure::IS,
    &presence::PRESENT,
    &presence::ABSENT,
    &presence::OPTIONAL,
    &lists::LENGTH,
    &lists::EACH,
    &lists::HAS,
    &lists::ASCENDING,
    &structure::EXACTLY,
    &structure::JSON_TEXT,
    &structure::JSON_SCHEMA,
    &structure::LITERAL,
    &structure::SAME_AS,
];

/// The words that `ignore_case` and `normalize` say something about.
pub(crate) const TEXT_WORDS: [&str; 4] = ["matches", "contains", "starts_with", "ends_with"];

pub(crate) fn find(name: &str) -> Option<&'static WordKind> {
    WORDS.iter().find(|word| word.name == name).copied()
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    WORDS.iter().map(|word| word.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::testing::read_well;
    use crate::matching::value::{differences, holds};
    use crate::model::template::Nothing;
    use serde_json::Value;

    #[test]
    fn every_example_is_right() {
        for word in WORDS {
            for example in word.examples {
                let pattern = read_well(example.pattern, |reader, node| reader.pattern(node));
                let value: Option<Value> = (!example.value.is_empty()).then(|| serde_json::from_str(example.value).expect(example.value));
                let told = format!("{} on {:?}", example.pattern, example.value);
                assert_eq!(holds(&pattern, value.as_ref(), &Nothing), Ok(example.passes), "{told}");
                assert_eq!(differences(&pattern, value.as_ref(), &Nothing).is_empty(), example.passes, "{told}");
            }
        }
    }

    #[test]
    fn every_word_has_a_sentence_and_examples_of_both_signs() {
        for word in WORDS.iter().filter(|word| word.name != "same_as") {
            assert!(word.doc.ends_with('.') && !word.argument.is_empty(), "{}", word.name);
            for sign in [true, false] {
                assert!(word.examples.iter().any(|example| example.passes == sign), "{} has an example that gives {sign}", word.name);
            }
            assert!(word.examples.iter().any(|example| example.pattern.contains(word.name)), "{}", word.name);
        }
    }

    #[test]
    fn names_are_unique() {
        let mut all: Vec<_> = names().collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), WORDS.len());
    }
}
