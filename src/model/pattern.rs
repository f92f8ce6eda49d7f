//! Value patterns and list patterns, as read: plain data that `matching` interprets.
//!
//! Owns: the shape of patterns.
//! Must not know: how they are written in YAML, how they are matched.

use super::tree::Node;
use crate::base::Span;
use serde_json::{Number, Value};
use std::sync::Arc;

/// What one value must be like.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub span: Span,
    pub form: Form,
}

#[derive(Clone, Debug)]
pub enum Form {
    /// Equal to null, a boolean, a number or a text.
    Plain(Value),
    /// A value known only during the run; what comes out is data, as under `literal`.
    Hole(Arc<Node>),
    /// A recursive subset of a mapping.
    Subset(Vec<(Arc<str>, Pattern)>),
    /// The same length, element by element.
    Elements(Vec<Pattern>),
    /// Pattern words; all must hold.
    Words(Vec<Word>),
}

/// One pattern word with its argument, such as `contains: wallet`.
#[derive(Clone, Debug)]
pub struct Word {
    pub span: Span,
    pub test: Test,
}

/// The closed list of pattern words (language §4.1).
#[derive(Clone, Debug)]
pub enum Test {
    Not(Box<Pattern>),
    OneOf(Vec<Pattern>),
    Matches(TextRegex),
    /// A regular expression with holes: what is inserted is escaped, then it is compiled.
    MatchesFilled {
        pattern: Arc<Node>,
        fold: Fold,
    },
    Contains(Vec<TextArgument>),
    StartsWith(TextArgument),
    EndsWith(TextArgument),
    Compare(Comparison, Bound),
    Approx {
        value: Bound,
        within: Option<f64>,
    },
    Is(ValueKind),
    Present(bool),
    Absent(bool),
    Optional(Box<Pattern>),
    Length(Box<Pattern>),
    Each(Box<Pattern>),
    Has(Box<Pattern>),
    Ascending(bool),
    Exactly(Box<Pattern>),
    JsonText(Box<Pattern>),
    JsonSchema(SchemaCheck),
    Similar {
        to: TextArgument,
        measure: Measure,
        at_least: f64,
    },
    /// What is allowed although it looks like a credential; `*` stands for anything.
    NoCredentials(Vec<String>),
    /// Hosts, or `*.host` for all below one.
    UrlHosts {
        allow: Option<Vec<String>>,
        deny: Vec<String>,
    },
    /// The whole text; no word of its own, it is how a rule writes a path.
    Glob(Glob),
    /// Data that is not read as a pattern.
    Literal(Arc<Node>),
    /// The bytes of a file (for `raw`), read when the suite was loaded.
    SameAs {
        path: String,
        bytes: Arc<Vec<u8>>,
    },
}

/// A text to look for, with how letters and spaces are compared.
#[derive(Clone, Debug)]
pub struct TextArgument {
    /// A text, possibly with holes filled during the run.
    pub text: Arc<Node>,
    pub fold: Fold,
}

/// How texts are compared: `ignore_case` folds case, `normalize` folds runs of white space, typographic quotes and Unicode form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fold {
    pub ignore_case: bool,
    pub normalize: bool,
}

/// A regular expression, compiled once per run for equal texts.
#[derive(Clone, Debug)]
pub struct TextRegex {
    pub source: Arc<str>,
    pub regex: Arc<regex::Regex>,
    pub fold: Fold,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Gt,
    Gte,
    Lt,
    Lte,
}

/// The other side of a comparison. A duration is its milliseconds.
#[derive(Clone, Debug)]
pub enum Bound {
    Number(Number),
    Hole(Arc<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    String,
    /// A number without a fraction, so `2.0` too.
    Integer,
    Number,
    Boolean,
    Null,
    Array,
    Object,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    RougeL,
    Levenshtein,
    TokenF1,
}

/// A compiled JSON Schema.
#[derive(Clone)]
pub struct SchemaCheck {
    pub validator: Arc<jsonschema::Validator>,
}

impl std::fmt::Debug for SchemaCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SchemaCheck")
    }
}

/// Which list a list pattern is about; decides what the items look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListKind {
    Calls,
    Events,
    Frames,
    Requests,
    Commands,
    Errors,
}

impl ListKind {
    /// The key of the long form of an item.
    pub fn item_key(self) -> &'static str {
        match self {
            ListKind::Calls => "call",
            ListKind::Events => "event",
            ListKind::Frames => "frame",
            ListKind::Requests => "request",
            ListKind::Commands => "command",
            ListKind::Errors => "error",
        }
    }
}

/// Did these things happen, in this order, this often?
#[derive(Clone, Debug)]
pub struct ListPattern {
    pub span: Span,
    pub kind: ListKind,
    pub order: Order,
    pub items: Vec<Item>,
    pub extra: Extra,
    /// A pattern over the number of entries.
    pub count: Option<Pattern>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    InOrder,
    AnyOrder,
}

/// What may happen besides the items.
#[derive(Clone, Debug)]
pub enum Extra {
    Allow,
    Forbid,
    Only(Vec<Item>),
}

/// One item of a list pattern.
#[derive(Clone, Debug)]
pub struct Item {
    pub span: Span,
    pub kind: ListKind,
    /// `as`; others name it in `after`.
    pub label: Option<Arc<str>>,
    /// Over the tool's name, the event's type, the joined argv, the error's message.
    pub glob: Option<Glob>,
    /// Over the whole entry as JSONPath sees it (`{name, args, result, status}`, the event, the frame, …).
    pub entry: Option<Pattern>,
    pub times: Times,
    pub index: Option<Pattern>,
    pub session: Option<Arc<Node>>,
    /// Which fake, in `await`.
    pub fake: Option<Arc<str>>,
    /// Indices of the items whose results must have been delivered before; from `after` and from the names used.
    pub after: Vec<usize>,
    /// Name and the paths tried in turn, from the entry.
    pub save: Vec<(Arc<str>, JsonPath)>,
}

/// A glob in which `*` is the only special character; it matches the whole text. It may have holes, filled during the run as plain text.
#[derive(Clone, Debug)]
pub struct Glob {
    pub pattern: Arc<Node>,
}

/// How often an item must match; `closed`: one more match is a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    pub min: u32,
    pub max: Option<u32>,
    pub closed: bool,
}

impl Times {
    /// `times` not given: once, others allowed.
    pub const ONCE: Times = Times { min: 1, max: Some(1), closed: false };
}

/// A JSONPath (RFC 9535), checked when it was read and compiled once per run for equal texts.
#[derive(Clone, Debug)]
pub struct JsonPath {
    pub source: Arc<str>,
    pub query: Arc<jsonpath_rust::parser::model::JpQuery>,
    /// It can name at most one value.
    pub singular: bool,
}
