//! Keys of mappings: which are refused, which are written twice, which are slips of quoting.
//!
//! Owns: duplicate keys, merge keys, keys that are no texts, keys without a value.
//! Must not know: how values are read.

use super::read::{Builder, Stop};
use super::{fault, scalar};
use crate::base::{Diagnostic, Span};
use crate::model::tree::{Content, Entry};
use granit_parser::{Event, ScalarStyle, StructureStyle};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) struct Key {
    pub text: Arc<str>,
    pub span: Span,
}

impl<'a> Builder<'a> {
    /// Reads a key; `None` if it was refused and its value is to be skipped.
    pub(super) fn key(&mut self, event: Event<'a>, span: granit_parser::Span, map: Span, depth: usize) -> Result<Option<Key>, Stop> {
        let place = self.span(&span);
        let refused = match &event {
            Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<" => Some(merge_key(place)),
            Event::Scalar(text, ScalarStyle::Plain, ..) => match scalar::resolve(text) {
                scalar::Plain::Text => None,
                _ => Some(non_text_key(place, text)),
            },
            Event::Scalar(..) => None,
            Event::MappingStart(StructureStyle::Flow, ..) if self.text[map.start as usize..].starts_with("{{") => {
                let rest = &self.text[map.start as usize..];
                let end = rest.find("}}").map_or(map.end as usize, |close| map.start as usize + close + 2);
                let span = Span::new(self.file, map.start as usize, end);
                self.hole = Some(span);
                Some(fault::unquoted_template(span, self.written(span)))
            }
            _ => Some(non_text_key(fault::spot(self.file, self.text, place.start as usize), "")),
        };
        if event.tag().is_some() {
            self.tag(&span);
        }
        match (refused, event) {
            (None, Event::Scalar(text, ..)) => Ok(Some(Key { text: text.as_ref().into(), span: place })),
            (refused, event) => {
                refused.into_iter().for_each(|refused| self.diagnostics.push(refused));
                if !matches!(event, Event::Scalar(..)) {
                    let (hole, said) = (self.hole.take(), self.diagnostics.list.len());
                    self.node(event, span, depth + 1)?;
                    if hole.is_some() {
                        // What is wrong inside is the same slip.
                        self.diagnostics.list.truncate(said);
                    }
                    self.hole = hole;
                }
                Ok(None)
            }
        }
    }

    /// A key without a colon in `{…}` is most often the rest of a text that holds a comma. True if this is one.
    pub(super) fn flow_value(&mut self, key: &Key, value: &Event<'_>, span: &granit_parser::Span, before: Option<&Entry>) -> bool {
        let Event::Scalar(_, ScalarStyle::Plain, 0, None) = value else { return false };
        let between = self.text.get(key.span.end as usize..self.span(span).start as usize).unwrap_or_default();
        if !span.is_empty() || between.contains(':') || self.text[key.span.end as usize..].trim_start().starts_with(':') {
            return false;
        }
        let previous = before.filter(|entry| matches!(entry.value.value, Content::Text(_) | Content::Template(_) | Content::Number(_)));
        let diagnostic = match previous {
            Some(entry) => {
                let whole = Span { end: key.span.end, ..entry.value.span };
                let written = self.written(whole);
                Diagnostic::error(
                    "comma-in-text",
                    key.span,
                    format!("in `{{…}}` a comma ends the text, so `{}` is a key without a value", key.text),
                )
                .label("no longer part of the text")
                .help(format!("quote the whole text: {}: {}", entry.key, serde_json::Value::from(written)))
            }
            None => Diagnostic::error("missing-value", key.span, format!("the key `{}` has no value", key.text))
                .label("a key without a value")
                .help(format!("write `{}: …`", key.text)),
        };
        self.diagnostics.push(diagnostic);
        true
    }

    pub(super) fn duplicate(&mut self, key: &Key, first: Span) {
        let (line, column) = line_column(self.text, first.start as usize);
        self.diagnostics.push(
            Diagnostic::error("duplicate-key", key.span, format!("the key `{}` is written twice in one mapping", key.text))
                .label("written again")
                .help(format!("it was first written at line {line}, column {column}; keep one of them")),
        );
    }
}

/// Finds the first use of a key; short mappings are searched, long ones indexed.
#[derive(Default)]
pub(super) struct Keys {
    index: HashMap<Arc<str>, Span>,
}

const INDEXED_FROM: usize = 16;

impl Keys {
    pub fn first(&self, entries: &[Entry], key: &str) -> Option<Span> {
        if entries.len() < INDEXED_FROM {
            return entries.iter().find(|entry| &*entry.key == key).map(|entry| entry.key_span);
        }
        self.index.get(key).copied()
    }

    pub fn added(&mut self, entries: &[Entry]) {
        match entries {
            _ if entries.len() < INDEXED_FROM => {}
            _ if self.index.is_empty() => self.index = entries.iter().map(|entry| (entry.key.clone(), entry.key_span)).collect(),
            [.., last] => {
                self.index.entry(last.key.clone()).or_insert(last.key_span);
            }
            [] => {}
        }
    }
}

fn merge_key(span: Span) -> Diagnostic {
    Diagnostic::error("merge-key", span, "the merge key `<<` is not part of YAML 1.2")
        .label("a merge key")
        .help("use `define` and `use`, or an anchor for the whole value")
}

fn non_text_key(span: Span, written: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error("non-text-key", span, "a key must be a text").label("not a text");
    match written {
        "" => diagnostic.help("write a word before the `:`; a text that holds braces or brackets needs quotes"),
        written => diagnostic.help(format!("quote it: \"{written}\"")),
    }
}

fn line_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at.min(text.len())];
    let line = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line..].chars().count() + 1)
}
