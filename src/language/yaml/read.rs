//! Bytes into a tree.
//!
//! Owns: limits (size, depth, aliases), spans, keys, templates in texts.
//! Must not know: what a suite is.

use super::keys::Keys;
use super::{fault, scalar};
use crate::base::{Diagnostic, Diagnostics, FileId, Sources, Span};
use crate::model::template::Template;
use crate::model::tree::{Content, Entry, Node};
use granit_parser::{Event, Parser, ScalarStyle, StrInput, StructureStyle};
use std::collections::HashMap;
use std::sync::Arc;

/// Larger files are refused before they are parsed.
pub const MAX_BYTES: usize = 8 << 20;
/// Mappings and lists within each other.
pub const MAX_DEPTH: usize = 100;
/// Nodes that aliases may add to a document.
const ALIAS_BUDGET: usize = 100_000;

/// Reads one document. `shown_path` is the path as people see it. Mistakes are collected; `None` if no tree could be made
/// of the file, otherwise a tree that is as near as possible to what was meant, so that its other mistakes are found too.
pub fn read(sources: &Sources, shown_path: &str, bytes: &[u8], diagnostics: &mut Diagnostics) -> Option<Arc<Node>> {
    if bytes.len() > MAX_BYTES {
        let file = sources.add(shown_path, "");
        diagnostics.push(too_large(Span::new(file, 0, 0), shown_path, bytes.len() as u64));
        return None;
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let file = sources.add(shown_path, String::from_utf8_lossy(bytes));
            diagnostics.push(not_utf8(file, bytes, error.valid_up_to()));
            return None;
        }
    };
    let file = sources.add(shown_path, text);
    let mut builder = Builder { events: parser(text), text, file, diagnostics, anchors: HashMap::new(), nodes: 0, aliased: 0, hole: None };
    builder.document().ok()
}

/// The diagnostic for a file that is refused for its size.
pub fn too_large(span: Span, shown_path: &str, size: u64) -> Diagnostic {
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    Diagnostic::error("file-too-large", span, format!("`{shown_path}` has {:.1} MiB; at most {} MiB are read", mib(size), MAX_BYTES >> 20))
        .help("split it, or keep large texts in files of their own")
}

fn not_utf8(file: FileId, bytes: &[u8], at: usize) -> Diagnostic {
    let help = match bytes {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => "the file is UTF-16; save it as UTF-8",
        _ => "save the file as UTF-8; bytes that are no text are written as base64",
    };
    Diagnostic::error(
        "not-utf8",
        Span::new(file, at, at + char::REPLACEMENT_CHARACTER.len_utf8()),
        format!("the file is not UTF-8: byte {at} (0x{:02X}) is wrong", bytes[at]),
    )
    .label("from here on")
    .help(help)
}

fn parser(text: &str) -> Parser<'_, StrInput<'_>> {
    let options = granit_parser::options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    Parser::new_from_str_with_options(text, options)
}

/// The rest of the file cannot be read; why has been said.
pub(super) struct Stop;

/// A node and the height of the tree below it.
pub(super) struct Built {
    node: Arc<Node>,
    height: usize,
}

/// What an anchor stands for.
struct Anchored {
    node: Arc<Node>,
    size: usize,
    height: usize,
}

pub(super) struct Builder<'a> {
    events: Parser<'a, StrInput<'a>>,
    pub(super) text: &'a str,
    pub(super) file: FileId,
    pub(super) diagnostics: &'a mut Diagnostics,
    anchors: HashMap<usize, Anchored>,
    /// Nodes made so far, those that aliases stand for included.
    nodes: usize,
    aliased: usize,
    /// The place of an unquoted `{{…}}`, until the mapping that it was read as has ended.
    pub(super) hole: Option<Span>,
}

impl<'a> Builder<'a> {
    fn document(&mut self) -> Result<Arc<Node>, Stop> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(..) => {}
                Event::StreamEnd => return Err(self.empty()),
                event => {
                    let root = self.node(event, span, 0)?.node;
                    if root.is_null() && root.span.start == root.span.end {
                        return Err(self.empty());
                    }
                    self.end()?;
                    return Ok(root);
                }
            }
        }
    }

    fn empty(&mut self) -> Stop {
        let diagnostic = Diagnostic::error("empty-file", Span::new(self.file, 0, 0), "the file is empty")
            .help("a suite begins with `suite: <its name>`; `checkride explain suite` shows one");
        self.stop(diagnostic)
    }

    /// Only the end may follow the first document.
    fn end(&mut self) -> Result<(), Stop> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(()),
                Event::DocumentStart(..) => {
                    let diagnostic =
                        Diagnostic::error("many-documents", self.span(&span), "a file holds one document, and a second begins here")
                            .label("the second document")
                            .help("put it into a file of its own");
                    return Err(self.stop(diagnostic));
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, granit_parser::Span), Stop> {
        match self.events.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                let diagnostic = fault::diagnostic(&error, self.file, self.text);
                Err(self.stop(diagnostic))
            }
            None => Err(Stop),
        }
    }

    fn stop(&mut self, diagnostic: Diagnostic) -> Stop {
        self.diagnostics.push(diagnostic);
        Stop
    }

    pub(super) fn span(&self, span: &granit_parser::Span) -> Span {
        let range = span.byte_range().unwrap_or_default();
        Span::new(self.file, range.start, range.end)
    }

    pub(super) fn node(&mut self, event: Event<'a>, span: granit_parser::Span, depth: usize) -> Result<Built, Stop> {
        if event.tag().is_some() {
            self.tag(&span);
        }
        let place = self.span(&span);
        if depth >= MAX_DEPTH && !matches!(event, Event::Scalar(..)) {
            return Err(self.stop(fault::too_deep(fault::spot(self.file, self.text, place.start as usize))));
        }
        let before = self.nodes;
        self.nodes += 1;
        let (built, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                // That a value with a tag has another type is no second mistake.
                let style = if tag.is_some() { ScalarStyle::DoubleQuoted } else { style };
                let value = self.scalar(&text, style, place);
                (Built { node: Node::new(place, value), height: 0 }, anchor)
            }
            Event::SequenceStart(style, anchor, _) => (self.list(style, place, depth)?, anchor),
            Event::MappingStart(style, anchor, _) => (self.map(style, place, depth)?, anchor),
            Event::Alias(id) => (self.alias(id, place, depth)?, 0),
            Event::UnresolvedAlias(_) => {
                let written = self.written(place);
                self.diagnostics.push(fault::unquoted_alias(place, written));
                (Built { node: Node::new(place, Content::Text(written.into())), height: 0 }, 0)
            }
            _ => return Err(Stop),
        };
        if anchor != 0 {
            let anchored = Anchored { node: built.node.clone(), size: self.nodes - before, height: built.height };
            self.anchors.insert(anchor, anchored);
        }
        Ok(built)
    }

    pub(super) fn written(&self, place: Span) -> &'a str {
        self.text.get(place.start as usize..place.end as usize).unwrap_or_default()
    }

    pub(super) fn tag(&mut self, span: &granit_parser::Span) {
        let place = match span.tag_span() {
            Some(tag) => self.span(&tag),
            None => self.span(span),
        };
        let written = self.written(place);
        self.diagnostics.push(
            Diagnostic::error("yaml-tag", place, format!("tags such as `{written}` mean nothing here"))
                .label("a YAML tag")
                .help("remove it; quote a text that begins with `!`"),
        );
    }

    fn alias(&mut self, id: usize, place: Span, depth: usize) -> Result<Built, Stop> {
        let Some(anchored) = self.anchors.get(&id) else {
            let diagnostic = Diagnostic::error("alias-cycle", place, "this alias stands inside what it refers to").label("an endless tree");
            return Err(self.stop(diagnostic.help("move the anchor out of the value that uses it")));
        };
        self.aliased += anchored.size;
        self.nodes += anchored.size;
        let built = Built { node: anchored.node.clone(), height: anchored.height };
        if self.aliased > ALIAS_BUDGET {
            let message = format!("aliases blow this file up to more than {ALIAS_BUDGET} values");
            let diagnostic = Diagnostic::error("alias-bomb", place, message).label("one alias too many");
            return Err(self.stop(diagnostic.help("write the values out, or use `define` and `use`")));
        }
        if depth + built.height > MAX_DEPTH {
            return Err(self.stop(fault::too_deep(place)));
        }
        Ok(built)
    }

    fn list(&mut self, style: StructureStyle, place: Span, depth: usize) -> Result<Built, Stop> {
        let mut items = Vec::new();
        let mut height = 0;
        let mut end = place.end;
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                end = self.container_end(style, &span, end);
                break;
            }
            let item = self.node(event, span, depth + 1)?;
            end = end.max(item.node.span.end);
            height = height.max(item.height);
            items.push(item.node);
        }
        Ok(Built { node: Node::new(Span { end, ..place }, Content::List(items)), height: height + 1 })
    }

    /// In `{…}` and `[…]` the closing bracket; otherwise the end of the last part, since the parser only knows where the next
    /// thing begins.
    fn container_end(&self, style: StructureStyle, span: &granit_parser::Span, last: u32) -> u32 {
        match style {
            StructureStyle::Flow => self.span(span).end,
            StructureStyle::Block => last,
        }
    }

    fn map(&mut self, style: StructureStyle, place: Span, depth: usize) -> Result<Built, Stop> {
        let mut keys = Keys::default();
        let mut entries: Vec<Entry> = Vec::new();
        let mut height = 0;
        let mut end = place.end;
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                end = self.container_end(style, &span, end);
                break;
            }
            let key = self.key(event, span, place, depth)?;
            let (event, span) = self.next()?;
            let valueless = match (&key, style) {
                (Some(key), StructureStyle::Flow) => self.flow_value(key, &event, &span, entries.last()),
                _ => false,
            };
            let value = self.node(event, span, depth + 1)?;
            end = end.max(value.node.span.end);
            height = height.max(value.height);
            let Some(key) = key.filter(|_| !valueless) else { continue };
            match keys.first(&entries, &key.text) {
                Some(first) => self.duplicate(&key, first),
                None => entries.push(Entry { key: key.text, key_span: key.span, value: value.node }),
            }
            keys.added(&entries);
        }
        if let Some(hole) = self.hole.take() {
            return Ok(Built { node: Node::new(hole, Content::Text(self.written(hole).into())), height: 0 });
        }
        Ok(Built { node: Node::new(Span { end, ..place }, Content::Map(entries)), height: height + 1 })
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, place: Span) -> Content {
        if style == ScalarStyle::Plain {
            match scalar::resolve(text) {
                scalar::Plain::Text => {}
                scalar::Plain::Null => return Content::Null,
                scalar::Plain::Bool(flag) => return Content::Bool(flag),
                scalar::Plain::Number(number) => return Content::Number(number),
                scalar::Plain::Refused(reason) => {
                    self.diagnostics.push(
                        Diagnostic::error("no-such-number", place, format!("`{text}` {reason}"))
                            .label("not a usable number")
                            .help(format!("quote it if a text is meant: \"{text}\"")),
                    );
                    return Content::Text(text.into());
                }
            }
        }
        match Template::parse(text) {
            Ok(None) => Content::Text(text.into()),
            Ok(Some(template)) => Content::Template(Arc::new(template)),
            Err((at, reason)) => {
                let span = self.hole_span(text, at, place);
                self.diagnostics.push(
                    Diagnostic::error("ill-formed-template", span, reason)
                        .label("in this template")
                        .help("a template is {{name}}, {{name?}}, {{name|filter}} or {{'text'}}; two braces as they are: {{'{{'}}"),
                );
                Content::Text(text.into())
            }
        }
    }

    /// Escapes and line breaks move bytes about, so the hole is found again by its number.
    fn hole_span(&self, text: &str, at: usize, place: Span) -> Span {
        let number = text[..at].matches("{{").count();
        let written = self.written(place);
        match written.match_indices("{{").nth(number) {
            Some((open, _)) => {
                let start = place.start as usize + open;
                let end = written[open..].find("}}").map_or(start + 2, |close| start + close + 2);
                Span::new(self.file, start, end)
            }
            None => place,
        }
    }
}
