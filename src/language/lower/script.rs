//! Script files: what a model fake says, in a file of its own.
//!
//! Owns: reading such a file where a fake names it, and one that stands alone.
//! Must not know: how files of a suites folder are found.

use super::{Lowering, model};
use crate::base::Diagnostic;
use crate::language::docs::fake::VendorWord;
use crate::language::docs::reply::ScriptDoc;
use crate::language::open;
use crate::language::shape::{Text, reading};
use crate::model::fake::ModelFake;
use crate::model::tree::Node;
use std::path::Path;
use std::sync::Arc;

/// What the file that a fake names says. Paths in it are relative to its own folder.
pub fn file(path: &Text, vendor: VendorWord, low: &mut Lowering<'_>) -> Option<model::Part> {
    let found = low.existing(path)?;
    let node = open::open(&found, &open::shown(&found, low.start), low.sources, low.diagnostics)?;
    if !is_script(&node) {
        low.push(
            Diagnostic::error("wrong-file", path.span, format!("`{}` is not a script", &**path))
                .label("names another file")
                .help("a script's first key is `script:`"),
        );
        return None;
    }
    let doc: ScriptDoc = reading::read(&node, low.diagnostics)?;
    let folder = found.parent().unwrap_or(Path::new("."));
    let mut low = Lowering { diagnostics: low.diagnostics, folder, start: low.start, sources: low.sources };
    model::of_file(&doc, vendor, &mut low)
}

/// A file says what it is by its first key.
pub fn is_script(node: &Node) -> bool {
    node.entries().first().is_some_and(|entry| &*entry.key == "script")
}

/// The model of a script file that stands alone.
pub fn alone(node: &Arc<Node>, low: &mut Lowering<'_>) -> Option<ModelFake> {
    let doc: ScriptDoc = reading::read(node, low.diagnostics)?;
    model::of_script(&doc, low)
}
