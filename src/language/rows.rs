//! `each` and `matrix`: one case, many tests.
//!
//! Owns: which combinations there are, and their part of the test's id.
//! Must not know: how values are inserted.

use crate::base::{Diagnostic, Diagnostics};
use crate::model::tree::{Content, Entry, Node};
use std::sync::Arc;

/// Tests that one case may make.
const MAX_TESTS: usize = 10_000;
/// Longer values are cut in ids.
const SHOWN: usize = 40;

/// One row, or one combination of a matrix, or both.
#[derive(Clone, Debug, Default)]
pub struct Combination {
    /// The row and its number, from 1.
    pub row: Option<(usize, Arc<Node>)>,
    /// Each key with its value's number, from 1, and the value.
    pub matrix: Vec<(Arc<str>, usize, Arc<Node>)>,
}

/// All combinations of a case; one that is empty if it has neither `each` nor `matrix`. `None` after an error.
pub fn combinations(case: &Node, diagnostics: &mut Diagnostics) -> Option<Vec<Combination>> {
    let mut all = vec![Combination::default()];
    if let Some(matrix) = case.entry("matrix") {
        if !matrix.value.is_map() || matrix.value.entries().is_empty() {
            diagnostics.push(wrong("matrix", &matrix.value, "a mapping from names to lists of values"));
            return None;
        }
        for axis in matrix.value.entries() {
            refuse_reserved(axis, diagnostics);
            if axis.value.items().is_empty() {
                diagnostics.push(wrong("matrix", &axis.value, "a list with at least one value"));
                return None;
            }
            all = grown(all, axis.value.items(), diagnostics, |combination, number, value| {
                combination.matrix.push((axis.key.clone(), number, value.clone()));
            })?;
        }
    }
    if let Some(each) = case.entry("each") {
        if each.value.items().is_empty() {
            diagnostics.push(wrong("each", &each.value, "a list with at least one row"));
            return None;
        }
        for row in each.value.items() {
            if !row.is_map() {
                diagnostics.push(wrong("each", row, "a row: a mapping from names to values"));
                return None;
            }
            row.entries().iter().for_each(|entry| refuse_reserved(entry, diagnostics));
        }
        all = grown(all, each.value.items(), diagnostics, |combination, number, row| combination.row = Some((number, row.clone())))?;
    }
    Some(all)
}

fn refuse_reserved(entry: &Entry, diagnostics: &mut Diagnostics) {
    if let Some(diagnostic) = super::names::refuse_reserved(&entry.key, entry.key_span) {
        diagnostics.push(diagnostic);
    }
}

/// Each combination with each value.
fn grown(
    all: Vec<Combination>,
    values: &[Arc<Node>],
    diagnostics: &mut Diagnostics,
    add: impl Fn(&mut Combination, usize, &Arc<Node>),
) -> Option<Vec<Combination>> {
    if all.len().saturating_mul(values.len()) > MAX_TESTS {
        diagnostics.push(
            Diagnostic::error(
                "expansion-too-large",
                values[0].span,
                format!("rows and matrix make more than {MAX_TESTS} tests of one case"),
            )
            .label("too many from here on")
            .help("split the case, or leave combinations out"),
        );
        return None;
    }
    let mut out = Vec::with_capacity(all.len() * values.len());
    for combination in &all {
        for (at, value) in values.iter().enumerate() {
            let mut combination = combination.clone();
            add(&mut combination, at + 1, value);
            out.push(combination);
        }
    }
    Some(out)
}

fn wrong(key: &str, node: &Node, expected: &str) -> Diagnostic {
    let empty = matches!(&node.value, Content::List(items) if items.is_empty()) || (node.is_map() && node.entries().is_empty());
    match empty {
        true => Diagnostic::error("empty-rows", node.span, format!("an empty `{key}` makes no test"))
            .label("nothing in it")
            .help(format!("write {expected}, or remove the key")),
        false => Diagnostic::error("wrong-type", node.span, format!("`{key}` has {} where it needs {expected}", node.kind()))
            .label(format!("expected {expected}"))
            .help("`checkride explain each` shows one"),
    }
}

/// A value as it stands in an id; `None` if it is a list or a mapping.
pub fn shown(node: &Node) -> Option<String> {
    let text = match &node.value {
        Content::Null => "null".to_owned(),
        Content::Bool(flag) => flag.to_string(),
        Content::Number(number) => number.to_string(),
        Content::Text(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        _ => return None,
    };
    match text.char_indices().nth(SHOWN) {
        Some((cut, _)) => Some(format!("{}…", &text[..cut])),
        None => Some(text),
    }
}

/// What an id says of a row: `k=v` of each value that can be written in a line, or the row's number.
pub fn row_id<'a>(number: usize, values: impl Iterator<Item = (&'a str, Arc<Node>)>) -> String {
    let parts: Vec<_> = values.filter_map(|(key, node)| shown(&node).map(|value| format!("{key}={value}"))).collect();
    if parts.is_empty() { format!("#{number}") } else { parts.join(",") }
}

/// What an id says of one value of a matrix.
pub fn axis_id(key: &str, number: usize, value: &Node) -> String {
    shown(value).map_or_else(|| format!("{key}=#{number}"), |value| format!("{key}={value}"))
}
