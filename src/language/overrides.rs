//! `--var name=value`: that each name is one of a suite's.
//!
//! Owns: which names a value from outside may have.
//! Must not know: which value wins.

use crate::base::suggest::did_you_mean;
use crate::base::{Diagnostic, Diagnostics, Span};
use crate::model::template::Template;
use crate::model::tree::{Content, Node};
use std::collections::BTreeSet;

/// A name that no text declares or uses would be ignored in silence, so it is a mistake.
pub fn check<'a>(names: impl Iterator<Item = &'a String>, trees: &[&Node], diagnostics: &mut Diagnostics) {
    let mut names = names.peekable();
    if names.peek().is_none() {
        return;
    }
    let mut known = BTreeSet::new();
    trees.iter().for_each(|tree| collect(tree, &mut known));
    for name in names.filter(|name| !known.contains(*name)) {
        let help = did_you_mean(name, known.iter().map(String::as_str)).unwrap_or_else(|| "a suite declares it under `vars`".to_owned());
        diagnostics.push(Diagnostic::error("unknown-name", Span::NONE, format!("no suite has the variable `{name}`")).help(help));
    }
}

/// What `vars`, `matrix` and rows declare, and what templates ask for.
fn collect(node: &Node, known: &mut BTreeSet<String>) {
    match &node.value {
        Content::Text(text) => {
            if let Ok(Some(template)) = Template::parse(text) {
                asked(&template, known);
            }
        }
        Content::Template(template) => asked(template, known),
        Content::List(items) => items.iter().for_each(|item| collect(item, known)),
        Content::Map(entries) => {
            for entry in entries {
                match &*entry.key {
                    "vars" | "matrix" => declared(&entry.value, known),
                    "each" => entry.value.items().iter().for_each(|row| declared(row, known)),
                    _ => {}
                }
                collect(&entry.value, known);
            }
        }
        _ => {}
    }
}

fn asked(template: &Template, known: &mut BTreeSet<String>) {
    known.extend(template.holes().filter_map(|hole| hole.root()).map(str::to_owned));
}

fn declared(node: &Node, known: &mut BTreeSet<String>) {
    known.extend(node.entries().iter().map(|entry| entry.key.to_string()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Sources;
    use crate::language::yaml;

    /// What is said of the names, given this text of a suite.
    fn said(names: &[&str], suite: &str) -> Vec<String> {
        let mut diagnostics = Diagnostics::default();
        let tree = yaml::read(&Sources::default(), "a.yaml", suite.as_bytes(), &mut diagnostics).expect("well-formed");
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        check(names.iter(), &[&tree], &mut diagnostics);
        diagnostics.list.iter().map(|d| d.message.clone()).collect()
    }

    #[test]
    fn what_is_declared_or_asked_for_is_known() {
        let suite = "{vars: {a: 1}, cases: [{vars: {b: 1}, matrix: {c: [1]}, each: [{d: 1}], prompt: 'x {{e}} {{f.g}}'}]}";
        assert_eq!(said(&["a", "b", "c", "d", "e", "f"], suite), [""; 0]);
    }

    #[test]
    fn anything_else_is_a_mistake() {
        assert_eq!(
            said(&["prompt", "wrod"], "{vars: {word: 1}, prompt: Hi}"),
            ["prompt", "wrod"].map(|name| format!("no suite has the variable `{name}`"))
        );
        assert_eq!(said(&[], "{}"), [""; 0]);
    }
}
