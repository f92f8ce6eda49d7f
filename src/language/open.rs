//! Files into trees.
//!
//! Owns: reading a file, refusing it unread for its size, the path as people see it.
//! Must not know: what is in the file.

use super::yaml;
use crate::base::{Diagnostic, Diagnostics, Sources, Span};
use crate::model::tree::Node;
use std::path::Path;
use std::sync::Arc;

/// Reads a YAML file; `None` after an error. `shown` is its path as people see it.
pub fn open(path: &Path, shown: &str, sources: &Sources, diagnostics: &mut Diagnostics) -> Option<Arc<Node>> {
    match size_and_bytes(path) {
        Ok((_, Some(bytes))) => yaml::read(sources, shown, &bytes, diagnostics),
        Ok((size, None)) => {
            let file = sources.add(shown, "");
            diagnostics.push(yaml::too_large(Span::new(file, 0, 0), shown, size));
            None
        }
        Err(error) => {
            let file = sources.add(shown, "");
            let message = format!("failed to read `{shown}`: {error}");
            diagnostics
                .push(Diagnostic::error("unreadable-file", Span::new(file, 0, 0), message).help("check the path and its permissions"));
            None
        }
    }
}

/// The bytes are left where they are if there are too many.
fn size_and_bytes(path: &Path) -> std::io::Result<(u64, Option<Vec<u8>>)> {
    let metadata = std::fs::metadata(path)?;
    // Reading a pipe or a device might never end.
    if !metadata.is_file() {
        return Err(std::io::Error::other("not a regular file"));
    }
    let size = metadata.len();
    if size > yaml::MAX_BYTES as u64 {
        return Ok((size, None));
    }
    Ok((size, Some(std::fs::read(path)?)))
}

/// A path below `start` as one would type it there; any other as it is.
pub fn shown(path: &Path, start: &Path) -> String {
    path.strip_prefix(start).unwrap_or(path).display().to_string()
}
