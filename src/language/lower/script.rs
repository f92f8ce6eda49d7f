//! Script files: what a model fake says, in a file of its own.
//!
//! Owns: reading such a file where a fake names it, and one that stands alone.
//! Must not know: how files of a suites folder are found.

use super::{Lowering, model};
use crate::base::Diagnostic;
use crate::language::docs::fake::VendorWord;
use crate::language::docs::reply::ScriptDoc;
use crate::language::import::{chunks, writing};
use crate::language::shape::{Text, mistake, reading};
use crate::language::{open, yaml};
use crate::model::fake::ModelFake;
use crate::model::tree::Node;
use std::path::Path;
use std::sync::Arc;

/// What the file that a fake names says. Paths in it are relative to its own folder.
pub fn file(path: &Text, vendor: VendorWord, low: &mut Lowering<'_>) -> Option<model::Part> {
    let found = low.existing(path)?;
    let shown = open::shown(&found, low.start);
    let mut node = open::open(&found, &shown, low.sources, low.diagnostics)?;
    if let Some(recorded) = node.get("chunks") {
        node = of_chunks(recorded, &shown, low)?;
    }
    if !is_script(&node) {
        low.push(
            Diagnostic::error("wrong-file", path.span, format!("`{}` is not a script", &**path))
                .label("names another file")
                .help("a script's first key is `script:`; a recorded stream has `chunks`, a list of texts"),
        );
        return None;
    }
    let doc: ScriptDoc = reading::read(&node, low.diagnostics)?;
    let folder = found.parent().unwrap_or(Path::new("."));
    let mut low = Lowering { diagnostics: low.diagnostics, folder, start: low.start, sources: low.sources };
    model::of_file(&doc, vendor, &mut low)
}

/// A recorded stream as a script. What cannot be taken over is told, with its place.
fn of_chunks(recorded: &Node, shown: &str, low: &mut Lowering<'_>) -> Option<Arc<Node>> {
    let items = recorded.items();
    let texts: Option<Vec<&str>> = items.iter().map(|item| item.text()).collect();
    let Some(texts) = texts.filter(|texts| !texts.is_empty()) else {
        low.push(mistake::wrong_value(recorded.span, "`chunks` is no list of texts".to_owned(), "the pieces of a recorded stream"));
        return None;
    };
    let taken = chunks::reply(&texts);
    for (at, why) in taken.left_out {
        let message = format!("this chunk {why}; it is left out");
        low.push(Diagnostic::warning("not-taken-over", items[at].span, message).label("not in the reply"));
    }
    let script = format!("script: [{}]\n", writing::flow(&taken.reply.into()));
    yaml::read(low.sources, &format!("{shown} as a script"), script.as_bytes(), low.diagnostics)
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
