//! Variables of one instance: which value stands behind a name.
//!
//! Owns: who beats whom: the command line, then the row, the matrix, the case, the suite, the project.
//! Must not know: how values are inserted.

use crate::model::tree::{Content, Node};
use indexmap::IndexMap;
use std::sync::Arc;

/// The layers, highest first.
pub struct Layers<'a> {
    /// `--var name=value`.
    pub overrides: &'a IndexMap<String, String>,
    pub row: Option<Arc<Node>>,
    pub matrix: Vec<(Arc<str>, Arc<Node>)>,
    pub case: Option<Arc<Node>>,
    pub suite: Option<Arc<Node>>,
    pub project: Option<Arc<Node>>,
}

/// A value as it was written.
pub enum Written {
    Node(Arc<Node>),
    /// From the command line.
    Override {
        text: String,
        /// It replaces something that is no text, so it is read as YAML, to keep the type.
        typed: bool,
    },
}

impl Layers<'_> {
    /// The value written for a name.
    pub fn get(&self, name: &str) -> Option<Written> {
        let node = self.node(name);
        if let Some(text) = self.overrides.get(name) {
            let typed = node.is_some_and(|node| !matches!(node.value, Content::Text(_) | Content::Template(_)));
            return Some(Written::Override { text: text.clone(), typed });
        }
        node.map(|node| Written::Node(node.clone()))
    }

    fn node(&self, name: &str) -> Option<&Arc<Node>> {
        let matrix = || self.matrix.iter().find(|(key, _)| **key == *name).map(|(_, node)| node);
        let rest = || [&self.case, &self.suite, &self.project].into_iter().flatten().find_map(|layer| layer.get(name));
        self.row.as_ref().and_then(|row| row.get(name)).or_else(matrix).or_else(rest)
    }

    /// The variable that a dotted name begins with, and the path inside it: the longest that there is.
    pub fn split<'n>(&self, dotted: &'n str) -> Option<(&'n str, &'n str)> {
        let mut end = dotted.len();
        loop {
            let name = &dotted[..end];
            if self.overrides.contains_key(name) || self.node(name).is_some() {
                return Some((name, dotted[end..].trim_start_matches('.')));
            }
            end = name.rfind('.')?;
        }
    }

    /// All names, for "did you mean".
    pub fn all(&self) -> Vec<String> {
        let layers = [&self.row, &self.case, &self.suite, &self.project];
        let nodes = layers.into_iter().flatten().flat_map(|layer| layer.entries()).map(|entry| entry.key.to_string());
        nodes.chain(self.matrix.iter().map(|(key, _)| key.to_string())).chain(self.overrides.keys().cloned()).collect()
    }
}
