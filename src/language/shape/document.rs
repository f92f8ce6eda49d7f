//! The macro that defines a document type once: struct, reading, schema and page.
//!
//! Owns: the form of such a definition.
//! Must not know: which documents there are.

/// Defines mappings of the suite language.
///
/// ```text
/// document! {
///     /// One test.
///     #[example("{name: says hello, prompt: Hi, expect: {reply: {contains: hello}}}")]
///     pub struct CaseDoc as "case" {
///         /// What is claimed, in plain words.
///         #[example("lists the wallets")]
///         name: Text,
///         /// A rubric.
///         #[later("`judge`")]
///         judge: Option<JudgeDoc>,
///         /// For an action.
///         act as "do": Option<Text>,
///     }
/// }
/// ```
/// Doc comments become descriptions; `later` marks what this version reads but does not carry out.
/// The struct keeps its node, for the places of its keys.
#[macro_export]
macro_rules! document {
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
    (@later) => { None };
    (@later $feature:literal) => { Some($feature) };
    (@open) => { false };
    (@open $open:ident) => { true };
    ($(
        $(#[doc = $about:literal])+
        $(#[example($example:literal)])*
        pub struct $name:ident as $word:literal $($open:ident)? {
            $(
                $(#[doc = $doc:literal])+
                $(#[example($sample:literal)])*
                $(#[later($later:literal)])?
                $field:ident $(as $key:literal)? : $ty:ty,
            )*
        }
    )+) => { $(
        $(#[doc = $about])+
        #[derive(Clone, Debug)]
        pub struct $name {
            pub node: std::sync::Arc<$crate::model::tree::Node>,
            $( $(#[doc = $doc])+ pub $field: $ty, )*
        }

        impl $name {
            const KEYS: &'static [$crate::language::shape::Key] = &[$(
                $crate::language::shape::Key {
                    name: $crate::document!(@key $field $($key)?),
                    about: concat!($($doc, "\n"),+),
                    examples: &[$($sample),*],
                    later: $crate::document!(@later $($later)?),
                    required: <$ty as $crate::language::shape::Shape>::REQUIRED,
                    schema: <$ty as $crate::language::shape::Shape>::schema,
                    takes_word: <$ty as $crate::language::shape::Shape>::takes_word,
                },
            )*];

            /// The names of all its keys.
            pub fn names() -> impl Iterator<Item = &'static str> {
                Self::KEYS.iter().map(|key| key.name)
            }
        }

        impl $crate::language::shape::Shape for $name {
            fn types() -> Vec<&'static str> {
                vec!["object"]
            }

            fn schema(defs: &mut $crate::language::shape::Defs) -> serde_json::Value {
                let keys = $crate::language::shape::document::page_keys(Self::KEYS);
                let about = concat!($($about, "\n"),+);
                let page = $crate::language::shape::Page { word: $word, about, examples: &[$($example),*], keys };
                defs.document(page, Self::KEYS, $crate::document!(@open $($open)?))
            }

            fn read(
                node: &std::sync::Arc<$crate::model::tree::Node>,
                reading: &mut $crate::language::shape::Reading<'_>,
            ) -> Option<Self> {
                if !reading.open(node, $word, Self::KEYS, $crate::document!(@open $($open)?)) {
                    return None;
                }
                $( let $field = reading.field::<$ty>(node, $crate::document!(@key $field $($key)?)); )*
                Some($name { node: node.clone(), $( $field: $field?, )* })
            }
        }
    )+ };
}

use super::defs::PageKey;
use super::form::Key;
use crate::base::{Diagnostics, Sources};
use serde_json::Value;

/// What `explain` needs of the keys.
pub fn page_keys(keys: &[Key]) -> Vec<PageKey> {
    keys.iter()
        .map(|key| PageKey { name: key.name, about: key.about, examples: key.examples, later: key.later, required: key.required })
        .collect()
}

/// An example as a plain value; `None` if it is not YAML (a test refuses such an example).
pub fn example(text: &str) -> Option<Value> {
    let mut diagnostics = Diagnostics::default();
    let node = crate::language::yaml::read(&Sources::default(), "example", text.as_bytes(), &mut diagnostics)?;
    diagnostics.is_empty().then(|| node.to_value())
}
