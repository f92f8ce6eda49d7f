//! How replies of a model are cut and written.
//!
//! Owns: the words of `write`, and which settings of `wire` are faults of every reply.
//! Must not know: how it is carried out.

use super::lowering::key_span;
use super::{Lowering, fault};
use crate::language::docs::fake::VendorWord;
use crate::language::docs::reply::{DeltaWord, FramingWord, NamesWord, NewlineWord, WireDoc};
use crate::language::shape::{Flag, Or, Text, mistake};
use crate::model::fault::{Fault, Whole};
use crate::model::tree::{Content, Node};
use crate::model::wire::{Delta, Framing, Names, Newline, Wire, Write};
use std::sync::Arc;
use std::time::Duration;

pub fn wire(doc: &WireDoc, low: &mut Lowering<'_>) -> Wire {
    Wire {
        delta: delta(doc, low),
        write: doc.write.as_ref().map_or(Write::Ready, |text| write(text, low)),
        gap: doc.gap.map_or(Duration::ZERO, |gap| gap.duration),
        newline: match doc.newline {
            None | Some(NewlineWord::Lf) => Newline::Lf,
            Some(NewlineWord::Crlf) => Newline::Crlf,
            Some(NewlineWord::Cr) => Newline::Cr,
        },
        framing: doc.framing.map(|framing| match framing {
            FramingWord::Chunked => Framing::Chunked,
            FramingWord::Length => Framing::Length,
            FramingWord::Close => Framing::Close,
        }),
        names: match doc.names {
            Some(NamesWord::Beta) => Names::Beta,
            None | Some(NamesWord::Ga) => Names::Ga,
        },
    }
}

fn delta(doc: &WireDoc, low: &mut Lowering<'_>) -> Delta {
    match &doc.delta {
        None | Some(Or::This(DeltaWord::Word)) => Delta::Word,
        Some(Or::This(DeltaWord::Char)) => Delta::Char,
        Some(Or::That(count)) if count.number == 0 => {
            low.push(mistake::wrong_value(count.span, "a delta of 0 characters never ends", "a number of at least 1"));
            Delta::Word
        }
        Some(Or::That(count)) => Delta::Chars(usize::try_from(count.number).unwrap_or(usize::MAX)),
    }
}

fn write(text: &Text, low: &mut Lowering<'_>) -> Write {
    match &*text.text {
        "ready" => Write::Ready,
        "event" => Write::Event,
        "line" => Write::Line,
        "split_utf8" => Write::SplitUtf8,
        "split_line" => Write::SplitLine,
        word => match word.strip_prefix("bytes:").map(|count| count.trim().parse::<usize>()) {
            Some(Ok(count)) if count > 0 => Write::Bytes(count),
            Some(_) => {
                low.push(mistake::wrong_value(text.span, format!("`{word}` is no number of bytes"), "`bytes:` and a number of at least 1"));
                Write::Ready
            }
            None => {
                let node = Node::new(text.span, Content::Text(Arc::from(word)));
                low.push(mistake::wrong_word(&node, word, &["ready", "event", "line", "bytes:N", "split_utf8", "split_line"]));
                Write::Ready
            }
        },
    }
}

/// The settings that are done to every reply as faults are, so that one that changes nothing is told as faults are.
pub fn faults(doc: &WireDoc, vendor: VendorWord, low: &mut Lowering<'_>) -> Vec<Fault> {
    let is = |flag: &Option<Flag>, on: bool| flag.as_ref().is_some_and(|flag| flag.on == on);
    let mut faults = Vec::new();
    let mut add = |key: &str, word: &'static str, whole: Whole| {
        faults.extend(fault::of_wire(key_span(&doc.node, key), word, whole, vendor, low));
    };
    if is(&doc.event_names, false) {
        add("event_names", "event_names: false", Whole::NoNames);
    }
    if is(&doc.done, false) {
        add("done", "done: false", Whole::NoDone);
    }
    if is(&doc.bom, true) {
        add("bom", "bom: true", Whole::Bom);
    }
    if let Some(content_type) = &doc.content_type {
        add("content_type", "content_type", Whole::ContentType(fault::content_type(content_type)));
    }
    if doc.write.as_ref().is_some_and(|write| &*write.text == "split_utf8") {
        add("write", "write: split_utf8", Whole::BeyondAscii);
    }
    faults
}
