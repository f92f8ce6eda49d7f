//! Script files: replies of a model fake in a file of their own.
//!
//! Owns: reading such a file where a fake names it.
//! Must not know: how files of a suites folder are found.

use super::{Lowering, reply};
use crate::base::{Diagnostic, Diagnostics};
use crate::language::docs::reply::ScriptDoc;
use crate::language::shape::{Text, reading};
use crate::model::fake::Reply;
use crate::model::tree::Node;
use std::sync::Arc;

/// The replies of the file that a fake names.
pub fn file(path: &Text, low: &mut Lowering<'_>) -> Option<Vec<Reply>> {
    let found = low.existing(path)?;
    let bytes = match std::fs::read(&found) {
        Ok(bytes) => bytes,
        Err(error) => {
            low.push(Diagnostic::error("no-such-file", path.span, format!("cannot read `{}`: {error}", &**path)).label("not readable"));
            return None;
        }
    };
    let mut mistakes = Diagnostics::default();
    let node = crate::language::yaml::read(low.sources, &found.to_string_lossy(), &bytes, &mut mistakes);
    low.diagnostics.extend(mistakes);
    let node = node?;
    if node.entries().first().is_none_or(|entry| &*entry.key != "script") {
        low.push(
            Diagnostic::error("wrong-file", path.span, format!("`{}` is not a script", &**path))
                .label("names another file")
                .help("a script's first key is `script:`"),
        );
        return None;
    }
    replies(&node, low)
}

/// Lowers a script file.
pub fn replies(node: &Arc<Node>, low: &mut Lowering<'_>) -> Option<Vec<Reply>> {
    let doc: ScriptDoc = reading::read(node, low.diagnostics)?;
    Some(doc.script.iter().filter_map(|doc| reply::reply(doc, low)).collect())
}
