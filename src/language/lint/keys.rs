//! Keys are not templates.
//!
//! Owns: telling who wrote one as if it were.
//! Must not know: what the keys mean.

use crate::base::{Diagnostic, Diagnostics};
use crate::language::lower::Draft;
use crate::model::tree::{Content, Node};

/// Warns of keys with braces: they stay as they are, which is seldom meant.
pub fn templates_in_keys(draft: &Draft, diagnostics: &mut Diagnostics) {
    walk(&draft.doc.node, diagnostics);
}

fn walk(node: &Node, diagnostics: &mut Diagnostics) {
    match &node.value {
        Content::List(items) => items.iter().for_each(|item| walk(item, diagnostics)),
        Content::Map(entries) => {
            for entry in entries {
                if entry.key.find("{{").is_some_and(|at| entry.key[at..].contains("}}")) {
                    diagnostics.push(
                        Diagnostic::warning("template-in-key", entry.key_span, "keys are not templates, so this one stays as it is written")
                            .label("nothing is inserted here")
                            .help("a value can be a template; in a path of `at`, compare with a pattern instead: `at: {\"$.turns[*].session\": {has: \"{{name}}\"}}`"),
                    );
                }
                walk(&entry.value, diagnostics);
            }
        }
        _ => {}
    }
}
