//! Templates put together again, after some of their holes have been filled.
//!
//! Owns: joining parts, writing a hole as it would stand in a file.
//! Must not know: what the names mean.

use crate::base::Span;
use crate::model::filter::Filter;
use crate::model::template::{Hole, Part, Template};
use crate::model::tree::{Content, Node};
use std::sync::Arc;

/// Parts of a text in the making; neighbouring texts become one.
#[derive(Default)]
pub struct Joined {
    parts: Vec<Part>,
    text: String,
}

impl Joined {
    pub fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub fn hole(&mut self, hole: Hole) {
        self.flush();
        self.parts.push(Part::Hole(hole));
    }

    pub fn template(&mut self, template: &Template) {
        for part in &template.parts {
            match part {
                Part::Text(text) => self.text(text),
                Part::Hole(hole) => self.hole(hole.clone()),
            }
        }
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.parts.push(Part::Text(std::mem::take(&mut self.text).into()));
        }
    }

    /// A text, or a template if holes are left.
    pub fn node(mut self, span: Span) -> Arc<Node> {
        if self.parts.is_empty() {
            return Node::new(span, Content::Text(self.text.into()));
        }
        self.flush();
        let source: String = self.parts.iter().map(part_source).collect();
        Node::new(span, Content::Template(Arc::new(Template { source: source.into(), parts: self.parts })))
    }
}

fn part_source(part: &Part) -> String {
    match part {
        Part::Text(text) => text.to_string(),
        Part::Hole(hole) => source(hole),
    }
}

/// A hole as it would be written.
pub fn source(hole: &Hole) -> String {
    let mut out = format!("{{{{{}", hole.shown());
    if hole.optional {
        out.push('?');
    }
    if let Some(default) = &hole.default {
        out += &format!(":-{default}");
    }
    for filter in &hole.filters {
        out.push('|');
        out += &filter.shown();
    }
    out + "}}"
}

/// True if any template stands in the tree.
pub fn any_in(node: &Node) -> bool {
    match &node.value {
        Content::Template(_) => true,
        Content::List(items) => items.iter().any(|item| any_in(item)),
        Content::Map(entries) => entries.iter().any(|entry| any_in(&entry.value)),
        _ => false,
    }
}

/// Mappings and lists within each other; 0 for a scalar.
pub fn height(node: &Node) -> usize {
    match &node.value {
        Content::List(items) => 1 + items.iter().map(|item| height(item)).max().unwrap_or(0),
        Content::Map(entries) => 1 + entries.iter().map(|entry| height(&entry.value)).max().unwrap_or(0),
        _ => 0,
    }
}

/// A value at a dotted path inside another, as `model::template::member` finds it.
pub fn member<'a>(node: &'a Arc<Node>, path: &str) -> Option<&'a Arc<Node>> {
    path.split('.').try_fold(node, |node, key| match &node.value {
        Content::List(items) => items.get(key.parse::<usize>().ok()?),
        _ => node.get(key),
    })
}

/// Texts that filters make are at most this long.
pub const MAX_TEXT: usize = 64 << 20;

/// What a hole becomes once its name is known: the value (it must hold no templates itself), its default, or `None` where
/// an optional hole has no value. The error says why a filter cannot be applied.
pub fn finished(hole: &Hole, value: Option<&Arc<Node>>, span: Span) -> Result<Option<Arc<Node>>, String> {
    let value = value.filter(|node| !node.is_null());
    let node = match (value, &hole.default) {
        (Some(value), _) => value.clone(),
        (None, Some(default)) => Node::new(span, Content::Text(default.clone())),
        (None, None) if hole.optional => return Ok(None),
        (None, None) => Node::new(span, Content::Null),
    };
    if hole.filters.is_empty() {
        return Ok(Some(node));
    }
    let plain = node.to_value();
    let mut length = plain.as_str().map_or(64, str::len);
    for filter in &hole.filters {
        length = match filter {
            Filter::Times(times) => length.saturating_mul(*times as usize),
            _ => length,
        };
        if length > MAX_TEXT {
            return Err(format!("`{}` makes a text of more than {} MiB", source(hole), MAX_TEXT >> 20));
        }
    }
    hole.apply(plain).map(|value| Some(Node::from_value(span, &value)))
}
