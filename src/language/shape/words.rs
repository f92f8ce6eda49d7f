//! Closed lists of words.
//!
//! Owns: the macro that defines such a list once: enum, reading, schema and page.
//! Must not know: which lists there are.

use super::defs::PageKey;
use super::form::WordKey;
use super::{Reading, mistake};
use crate::model::tree::Node;

/// Defines a closed list of words.
#[macro_export]
macro_rules! words {
    ($(
        $(#[doc = $about:literal])+
        pub enum $name:ident as $word:literal {
            $(
                $(#[doc = $doc:literal])+
                $(#[later($later:literal)])?
                $variant:ident = $text:literal,
            )*
        }
    )+) => { $(
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $( $(#[doc = $doc])+ $variant, )* }

        impl $name {
            const WORDS: &'static [$crate::language::shape::form::WordKey] = &[$(
                $crate::language::shape::form::WordKey {
                    name: $text, about: concat!($($doc, "\n"),+), later: $crate::document!(@later $($later)?),
                },
            )*];
            pub(crate) const ALL: &'static [$name] = &[$( $name::$variant, )*];

            /// The word as it is written.
            pub fn text(self) -> &'static str {
                match self { $( $name::$variant => $text, )* }
            }
        }

        impl $crate::language::shape::Shape for $name {
            fn types() -> Vec<&'static str> {
                vec!["string"]
            }

            fn takes_word(word: &str) -> bool {
                Self::WORDS.iter().any(|known| known.name == word)
            }

            fn schema(defs: &mut $crate::language::shape::Defs) -> serde_json::Value {
                let keys = $crate::language::shape::words::page_keys(Self::WORDS);
                let page = $crate::language::shape::Page { word: $word, about: concat!($($about, "\n"),+), examples: &[], keys };
                defs.words(page, Self::WORDS)
            }

            fn read(
                node: &std::sync::Arc<$crate::model::tree::Node>,
                reading: &mut $crate::language::shape::Reading<'_>,
            ) -> Option<Self> {
                let at = $crate::language::shape::words::read(node, Self::WORDS, reading)?;
                Self::ALL.get(at).copied()
            }
        }
    )+ };
}

pub fn page_keys(words: &[WordKey]) -> Vec<PageKey> {
    words.iter().map(|word| PageKey { name: word.name, about: word.about, examples: &[], later: word.later, required: false }).collect()
}

/// Which of the words it is.
pub fn read(node: &Node, words: &[WordKey], reading: &mut Reading<'_>) -> Option<usize> {
    let Some(text) = node.text() else {
        reading.push(mistake::wrong_type(node, "a text"));
        return None;
    };
    let at = words.iter().position(|word| word.name == text);
    match at.and_then(|at| words[at].later) {
        Some(feature) => reading.push(mistake::not_supported(node.span, feature)),
        None if at.is_none() => {
            let names: Vec<_> = words.iter().map(|word| word.name).collect();
            reading.push(mistake::wrong_word(node, text, &names));
        }
        None => {}
    }
    at
}
