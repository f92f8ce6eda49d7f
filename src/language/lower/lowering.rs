//! What lowering works with: where mistakes go, where files are, and the reader of patterns.
//!
//! Owns: the shared means of all lowering functions.
//! Must not know: what is lowered.

use crate::base::{Diagnostic, Diagnostics, Sources, Span};
use crate::language::names;
use crate::language::shape::{Named, Nullable, Or, Scalar, Text, mistake};
use crate::matching::read::Reader;
use crate::model::pattern::{Glob, Item, JsonPath, ListKind, ListPattern, Pattern, TextRegex};
use crate::model::tree::{Content, Node};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub struct Lowering<'a> {
    pub diagnostics: &'a mut Diagnostics,
    /// Relative files are below this folder.
    pub folder: &'a Path,
    /// Paths of sources are shown from here.
    pub start: &'a Path,
    pub sources: &'a Sources,
}

impl Lowering<'_> {
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Says that a feature is not carried out by this version.
    pub fn later(&mut self, span: Span, feature: &str) {
        self.push(mistake::not_supported(span, feature));
    }

    fn read<T>(&mut self, read: impl FnOnce(&mut Reader<'_>) -> T) -> T {
        let folder = self.folder;
        let file = |path: &str| std::fs::read(folder.join(path)).map_err(|error| format!("cannot read `{path}`: {error}"));
        read(&mut Reader { diagnostics: self.diagnostics, file: &file })
    }

    pub fn pattern(&mut self, node: &Arc<Node>) -> Pattern {
        self.read(|reader| reader.pattern(node))
    }

    pub fn list(&mut self, node: &Arc<Node>, kind: ListKind) -> ListPattern {
        self.read(|reader| reader.list(node, kind))
    }

    pub fn item(&mut self, node: &Arc<Node>, kind: ListKind) -> Item {
        self.read(|reader| reader.item(node, kind))
    }

    pub fn items(&mut self, node: &Arc<Node>, kind: ListKind) -> Vec<Item> {
        self.read(|reader| reader.items(node, kind))
    }

    pub fn glob(&mut self, node: &Arc<Node>) -> Glob {
        self.read(|reader| reader.glob(node))
    }

    pub fn path(&mut self, text: &Text) -> Option<JsonPath> {
        self.read(|reader| reader.json_path(&text.text, text.span))
    }

    pub fn regex(&mut self, text: &Text) -> Option<TextRegex> {
        self.read(|reader| reader.regex(&text.text, text.span))
    }

    /// `save: {name: $.path}`.
    pub fn saves(&mut self, save: Option<&Named<Text>>) -> Vec<(Arc<str>, JsonPath)> {
        let entries = save.map(|save| save.entries.as_slice()).unwrap_or_default();
        for (name, _) in entries {
            names::refuse_reserved(name, name.span).into_iter().for_each(|diagnostic| self.push(diagnostic));
        }
        entries.iter().filter_map(|(name, path)| Some((name.text.clone(), self.path(path)?))).collect()
    }

    /// The folder of the file in which something stands; an agent of the project file names files beside that one.
    pub fn beside(&self, span: Span) -> PathBuf {
        let file = self.sources.get(span.file).map(|file| self.start.join(&file.path));
        match file.as_deref().and_then(Path::parent) {
            Some(folder) if folder.is_dir() => folder.to_owned(),
            _ => self.folder.to_owned(),
        }
    }

    /// A file named in the suite; a mistake if there is none.
    pub fn existing(&mut self, text: &Text) -> Option<PathBuf> {
        let folder = self.beside(text.span);
        let path = folder.join(&*text.text);
        if path.is_file() {
            return Some(path);
        }
        let help = format!("paths are relative to the folder of the file they stand in, `{}`", folder.display());
        self.push(Diagnostic::error("no-such-file", text.span, format!("there is no file `{}`", &**text)).label("not found").help(help));
        None
    }
}

/// The entries with their nodes; null is the value of those that take away.
pub fn scalars(named: Option<&Named<Nullable<Scalar>>>) -> Vec<(String, Arc<Node>)> {
    let entries = named.map(|named| named.entries.as_slice()).unwrap_or_default();
    entries
        .iter()
        .map(|(name, value)| match value {
            Or::This(_) => (name.to_string(), Node::new(name.span, Content::Null)),
            Or::That(value) => (name.to_string(), value.0.clone()),
        })
        .collect()
}

/// The entries with their nodes.
pub fn plain_scalars(named: Option<&Named<Scalar>>) -> Vec<(String, Arc<Node>)> {
    let entries = named.map(|named| named.entries.as_slice()).unwrap_or_default();
    entries.iter().map(|(name, value)| (name.to_string(), value.0.clone())).collect()
}

/// The place of a key, or of the whole mapping where it is not written.
pub fn key_span(node: &Node, key: &str) -> Span {
    node.entry(key).map_or(node.span, |entry| entry.key_span)
}
