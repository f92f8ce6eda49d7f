//! Pattern words and list words: what editors and `explain` tell of them.
//!
//! Owns: their descriptions. A pattern is any value, so its schema refuses nothing; `matching` reads it.
//! Must not know: how a pattern is read or matched.

use crate::document;
use crate::language::shape::{Any, Defs, Shape};
use crate::matching::WORDS;
use serde_json::{Value, json};

/// What a value pattern is.
pub const ABOUT: &str = "A value pattern. A plain scalar means equality, a plain mapping a recursive subset, a plain list the same \
    length element by element. A mapping whose keys are all pattern words is a matcher, and all its parts must hold.";

/// The schema of a value pattern: any value, with the pattern words offered.
pub fn pattern_schema(defs: &mut Defs) -> Value {
    if !defs.schemas.contains_key("pattern") {
        let words = WORDS.iter().map(|word| (word.name.to_owned(), json!({"description": format!("{} ({})", word.doc, word.argument)})));
        let properties: serde_json::Map<_, _> = words.collect();
        defs.schemas.insert("pattern".to_owned(), json!({"title": "pattern", "description": ABOUT, "properties": properties}));
    }
    json!({"$ref": "#/$defs/pattern"})
}

/// The schema of a list pattern: a list, a word, or a mapping with the list words offered.
pub fn list_schema(defs: &mut Defs) -> Value {
    ItemWords::schema(defs);
    loosen(defs, "item");
    let reference = ListWords::schema(defs);
    loosen(defs, "list");
    if let Some(schema) = defs.schemas.get_mut("list") {
        schema["items"] = json!({"$ref": "#/$defs/item"});
        schema["type"] = json!(["array", "object", "string"]);
    }
    reference
}

/// Patterns may be any value; the words are only offered.
fn loosen(defs: &mut Defs, word: &str) {
    if let Some(schema) = defs.schemas.get_mut(word).and_then(Value::as_object_mut) {
        schema.remove("type");
        schema.remove("pattern");
    }
}

document! {
    /// A list pattern: a list (in this order, others may come between), `none`, or a mapping of these words.
    #[example("{any_order: [a, b], extra: forbid}")]
    pub struct ListWords as "list" open {
        /// In this order; others may come between.
        #[example("[a, b]")]
        in_order: Option<Any>,
        /// Each by a different entry, in any order; best assignment, never greedy.
        #[example("[a, b]")]
        any_order: Option<Any>,
        /// These, in this order, and nothing else.
        #[example("[a, b]")]
        exactly: Option<Any>,
        /// What may come besides: `allow`, `forbid` or `{allow: [items]}`.
        #[example("forbid")]
        extra: Option<Any>,
        /// A pattern over the number of entries.
        #[example("{lte: 20}")]
        count: Option<Any>,
    }

    /// An item of a list pattern. Short: a text (a glob), `{tool: args}` for calls, otherwise the mapping itself. Long: it
    /// has the key of its list's kind, whose value is the short form, and may have more.
    #[example("{call: search, args: {q: refund}, status: ok, times: 1}")]
    pub struct ItemWords as "item" open {
        /// How often: a number, or `{gte, lte}`. Given, one more match is a failure.
        #[example("1")]
        times: Option<Any>,
        /// Its place in the whole list, from 0.
        #[example("{gte: 1}")]
        index: Option<Any>,
        /// Issued only after the results of these items were delivered.
        #[example("[find]")]
        after: Option<Any>,
        /// Binds values of the entry for other items of the pattern.
        #[example("{doc: $.result.id}")]
        save: Option<Any>,
    }
}

/// True for a pattern word.
pub fn is_word(key: &str) -> bool {
    WORDS.iter().any(|word| word.name == key)
}
