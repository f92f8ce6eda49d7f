//! Trees from one line of YAML in flow style, for the tests of this folder.
//!
//! Owns: as much of the flow style as the examples of the pattern words use.
//! Must not know: the loader, which stands above this module.

use super::Reader;
use crate::base::{Diagnostic, Diagnostics, FileId, Span};
use crate::model::template::Template;
use crate::model::tree::{Content, Entry, Node};
use serde_json::Value;
use std::sync::Arc;

/// Reads something and gives the mistakes with it.
pub(crate) fn read<T>(text: &str, how: impl FnOnce(&mut Reader<'_>, &Arc<Node>) -> T) -> (T, Vec<Diagnostic>) {
    let mut diagnostics = Diagnostics::default();
    let file = |path: &str| match path {
        "hello.txt" => Ok(b"hello".to_vec()),
        "schema.json" => Ok(b"{\"type\": \"integer\"}".to_vec()),
        _ => Err("no such file".to_owned()),
    };
    let out = how(&mut Reader { diagnostics: &mut diagnostics, file: &file }, &node(text));
    (out, diagnostics.list)
}

/// Reads something that must have no mistakes.
pub(crate) fn read_well<T>(text: &str, how: impl FnOnce(&mut Reader<'_>, &Arc<Node>) -> T) -> T {
    let (out, mistakes) = read(text, how);
    assert_eq!(mistakes, vec![], "{text}");
    out
}

/// The tree of a flow-style text.
pub(crate) fn node(text: &str) -> Arc<Node> {
    let mut flow = Flow { text, at: 0 };
    let node = flow.value();
    assert_eq!(flow.text[flow.at..].trim(), "", "all of {text:?} is read");
    node
}

struct Flow<'t> {
    text: &'t str,
    at: usize,
}

impl Flow<'_> {
    fn peek(&mut self) -> char {
        self.at += self.text[self.at..].len() - self.text[self.at..].trim_start().len();
        self.text[self.at..].chars().next().unwrap_or('\0')
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == c;
        self.at += if found { c.len_utf8() } else { 0 };
        found
    }

    fn value(&mut self) -> Arc<Node> {
        let first = self.peek();
        let start = self.at;
        let content = match first {
            '{' => self.map(),
            '[' => self.list(),
            '"' | '\'' => content_of(&self.quoted(first)),
            _ => plain(self.until(&[",", "}", "]"])),
        };
        Node::new(Span::new(FileId(0), start, self.at), content)
    }

    fn list(&mut self) -> Content {
        self.eat('[');
        let mut items = vec![];
        while !self.eat(']') {
            items.push(self.value());
            assert!(self.eat(',') || self.peek() == ']', "a list goes on in {}", self.text);
        }
        Content::List(items)
    }

    fn map(&mut self) -> Content {
        self.eat('{');
        let mut entries = vec![];
        while !self.eat('}') {
            let first = self.peek();
            let start = self.at;
            let key = if matches!(first, '"' | '\'') { self.quoted(first) } else { self.until(&[": ", ":}", ":,"]).to_owned() };
            let key_span = Span::new(FileId(0), start, self.at);
            assert!(self.eat(':'), "a key has a value in {}", self.text);
            let empty = matches!(self.peek(), ',' | '}');
            let value = if empty { Node::new(key_span, Content::Null) } else { self.value() };
            entries.push(Entry { key: key.into(), key_span, value });
            assert!(self.eat(',') || self.peek() == '}', "a mapping goes on in {}", self.text);
        }
        Content::Map(entries)
    }

    /// In single quotes everything is itself; double quotes are as in JSON.
    fn quoted(&mut self, quote: char) -> String {
        let rest = &self.text[self.at + 1..];
        let escaped = |at: usize| quote == '"' && rest[..at].bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1;
        let end = rest.match_indices(quote).map(|(at, _)| at).find(|at| !escaped(*at)).expect("a quote is closed");
        self.at += end + 2;
        if quote == '\'' {
            return rest[..end].to_owned();
        }
        serde_json::from_str(&format!("\"{}\"", &rest[..end])).expect("a quoted text")
    }

    fn until(&mut self, ends: &[&str]) -> &str {
        let rest = &self.text[self.at..];
        let end = ends.iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len());
        self.at += end;
        rest[..end].trim_end()
    }
}

fn plain(text: &str) -> Content {
    match serde_json::from_str(text) {
        Ok(Value::Null) => Content::Null,
        Ok(Value::Bool(flag)) => Content::Bool(flag),
        Ok(Value::Number(number)) => Content::Number(number),
        _ => content_of(text),
    }
}

fn content_of(text: &str) -> Content {
    match Template::parse(text).expect("a well-formed template") {
        Some(template) => Content::Template(template.into()),
        None => Content::Text(text.into()),
    }
}
