//! Pattern words and list words: what editors and `explain` tell of them.
//!
//! Owns: their descriptions. A pattern is any value, so its schema refuses nothing; `matching` reads it.
//! Must not know: how a pattern is read or matched.

use crate::document;
use crate::language::shape::{Any, Defs, Shape};
use serde_json::{Value, json};

/// The schema of a value pattern: any value, with the pattern words offered.
pub fn pattern_schema(defs: &mut Defs) -> Value {
    let reference = PatternWords::schema(defs);
    loosen(defs, "pattern");
    reference
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
    /// A value pattern. A plain scalar means equality, a plain mapping a recursive subset, a plain list the same
    /// length element by element. A mapping whose keys are all pattern words is a matcher, and all its parts must hold.
    #[example("{starts_with: backend, contains: [context, prompt]}")]
    pub struct PatternWords as "pattern" open {
        /// The pattern does not hold. Fails on a missing key.
        #[example("{contains: error}")]
        not: Option<Any>,
        /// One of these values or patterns.
        #[example("[email, sms]")]
        one_of: Option<Any>,
        /// A regular expression, unanchored, without look-around.
        #[example("(?i)wallet")]
        matches: Option<Any>,
        /// This text, or all of these texts, stand in it.
        #[example("10 EUR")]
        #[example("[10, EUR]")]
        contains: Option<Any>,
        /// It begins with this text.
        #[example("gog gmail")]
        starts_with: Option<Any>,
        /// It ends with this text.
        #[example(".json")]
        ends_with: Option<Any>,
        /// Greater than.
        #[example("5")]
        gt: Option<Any>,
        /// Greater than or equal.
        #[example("1")]
        gte: Option<Any>,
        /// Less than; a duration counts in milliseconds.
        #[example("1500ms")]
        lt: Option<Any>,
        /// Less than or equal.
        #[example("50")]
        lte: Option<Any>,
        /// About this number.
        #[example("0.3")]
        approx: Option<Any>,
        /// Its type: string, integer, number, boolean, null, array, object.
        #[example("integer")]
        is: Option<Any>,
        /// `true`: the key is there, null included.
        #[example("true")]
        present: Option<Any>,
        /// `true`: the key is missing.
        #[example("true")]
        absent: Option<Any>,
        /// Missing, or this pattern.
        #[example("null")]
        optional: Option<Any>,
        /// Its length: a pattern over a number.
        #[example("{gte: 1}")]
        length: Option<Any>,
        /// Every element; fails on an empty list.
        #[example("{is: string}")]
        each: Option<Any>,
        /// Some element.
        #[example("{name: Main}")]
        has: Option<Any>,
        /// `true`: each element is greater than the one before.
        #[example("true")]
        ascending: Option<Any>,
        /// Closed at every depth: nothing but what is written.
        #[example("{type: response.create}")]
        exactly: Option<Any>,
        /// The text, parsed as JSON.
        #[example("{id: 7}")]
        json_text: Option<Any>,
        /// A JSON Schema, inline or the name of a file.
        #[example("{type: object}")]
        json_schema: Option<Any>,
        /// Alike by a measure: `{to, rouge_l | levenshtein | token_f1, at_least}`.
        #[example("{to: You have one wallet., rouge_l: true, at_least: 0.7}")]
        similar: Option<Any>,
        /// Data that is not read as a pattern.
        #[example("{contains: not a word here}")]
        literal: Option<Any>,
        /// For `raw`: the bytes of this file.
        #[example("expected.bin")]
        same_as: Option<Any>,
        /// For text matchers: case does not count.
        #[example("true")]
        ignore_case: Option<Any>,
        /// For text matchers: runs of white space, quotes and Unicode forms do not count.
        #[example("true")]
        normalize: Option<Any>,
    }

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
    PatternWords::names().any(|name| name == key)
}
