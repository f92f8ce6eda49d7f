//! Pieces as bytes, and where one write ends.
//!
//! Owns: line breaks, the byte order mark, every way of cutting.
//! Must not know: faults, what the bytes mean.

use super::document::Document;
use super::piece::Piece;
use super::stream::encoded;
use crate::model::wire::{Newline, Wire, Write};
use crate::wire::stream::Step;
use std::time::Duration;

pub const BOM: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// Writes pieces down.
#[derive(Debug)]
pub struct Layout {
    pub bytes: Vec<u8>,
    pub steps: Vec<Step>,
    write: Write,
    gap: Duration,
    newline: Newline,
    /// Where the run begins that is not yet cut into writes, and where its events end.
    from: usize,
    ends: Vec<usize>,
}

impl Layout {
    /// `slow` is a gap that a fault asks for.
    pub fn new(wire: &Wire, slow: Option<Duration>) -> Layout {
        let gap = slow.unwrap_or(wire.gap);
        // A gap between writes means nothing unless there are several.
        let write = if wire.write == Write::Ready && !gap.is_zero() { Write::Event } else { wire.write };
        Layout { bytes: Vec::new(), steps: Vec::new(), write, gap, newline: wire.newline, from: 0, ends: Vec::new() }
    }

    pub fn stream(mut self, pieces: &[Piece], bom: bool) -> (Vec<u8>, Vec<Step>) {
        if bom {
            self.bytes.extend_from_slice(&BOM);
        }
        for piece in pieces {
            match piece {
                Piece::Event(event) => self.block(&encoded(event)),
                Piece::Block(bytes) => self.block(bytes),
                Piece::Raw(bytes) => {
                    self.bytes.extend_from_slice(bytes);
                    self.ends.push(self.bytes.len());
                }
                Piece::Wait(step) => self.interrupt(step.clone()),
                Piece::Abort(how, torn) => {
                    self.end_run();
                    let start = self.bytes.len();
                    self.put(torn);
                    self.steps.push(Step::Abort(*how, start..self.bytes.len()));
                    self.from = self.bytes.len();
                }
            }
        }
        self.end_run();
        (self.bytes, self.steps)
    }

    pub fn document(mut self, document: Document) -> (Vec<u8>, Vec<Step>) {
        let Document { waits, bytes, halfway, ends, .. } = document;
        self.steps = waits;
        let middle = if halfway.is_some() { bytes.len() / 2 } else { 0 };
        self.bytes = bytes;
        let length = self.bytes.len();
        if self.write == Write::Event && !self.gap.is_zero() {
            // A document has no events; what is slow comes in a few pieces.
            self.write = Write::Bytes(length.div_ceil(8).max(1));
        }
        match (halfway, ends) {
            (Some(step @ Step::Abort(..)), _) => {
                self.run(0, middle);
                self.steps.push(at(step, middle));
            }
            (Some(step), ends) => {
                self.run(0, middle);
                self.steps.push(step);
                self.run(middle, length);
                self.steps.extend(ends);
            }
            // The script itself breaks off instead of sending the document.
            (None, Some(step @ Step::Abort(..))) => self.steps.push(step),
            (None, ends) => {
                self.run(0, length);
                self.steps.extend(ends);
            }
        }
        (self.bytes, self.steps)
    }

    fn block(&mut self, block: &[u8]) {
        self.put(block);
        self.ends.push(self.bytes.len());
    }

    fn put(&mut self, block: &[u8]) {
        let newline: &[u8] = match self.newline {
            Newline::Lf => return self.bytes.extend_from_slice(block),
            Newline::Crlf => b"\r\n",
            Newline::Cr => b"\r",
        };
        let mut lines = block.split(|byte| *byte == b'\n');
        self.bytes.extend_from_slice(lines.next().unwrap_or_default());
        for line in lines {
            self.bytes.extend_from_slice(newline);
            self.bytes.extend_from_slice(line);
        }
    }

    fn interrupt(&mut self, step: Step) {
        self.end_run();
        self.steps.push(step);
    }

    fn end_run(&mut self) {
        let end = self.bytes.len();
        self.run(self.from, end);
        self.from = end;
        self.ends.clear();
    }

    /// Cuts this part of the bytes into writes, with the gap between two.
    fn run(&mut self, start: usize, end: usize) {
        if start == end {
            return;
        }
        let mut from = start;
        for cut in cuts(&self.bytes[start..end], self.write).into_iter().map(|cut| start + cut).chain(self.event_ends(end)).chain([end]) {
            if cut <= from || cut > end {
                continue;
            }
            if !self.gap.is_zero() && matches!(self.steps.last(), Some(Step::Write(_))) {
                self.steps.push(Step::Delay(self.gap));
            }
            self.steps.push(Step::Write(from..cut));
            from = cut;
        }
    }

    fn event_ends(&mut self, end: usize) -> Vec<usize> {
        if self.write == Write::Event { std::mem::take(&mut self.ends) } else { vec![end] }
    }
}

fn at(step: Step, place: usize) -> Step {
    match step {
        Step::Abort(how, _) => Step::Abort(how, place..place),
        other => other,
    }
}

/// Where these bytes are cut, the end left out.
fn cuts(bytes: &[u8], write: Write) -> Vec<usize> {
    let places = 1..bytes.len();
    match write {
        Write::Ready | Write::Event => Vec::new(),
        Write::Bytes(count) => places.step_by(count).map(|at| at + count - 1).filter(|at| *at < bytes.len()).collect(),
        // Before each byte that goes on with a character.
        Write::SplitUtf8 => places.filter(|at| bytes[*at] & 0xC0 == 0x80).collect(),
        Write::Line => places.filter(|at| is_line_end(bytes, *at)).collect(),
        Write::SplitLine => {
            let mut cuts = Vec::new();
            let mut start = 0;
            for at in places.filter(|at| is_line_end(bytes, *at)).chain([bytes.len()]) {
                cuts.extend(line_cuts(bytes, start, at));
                start = at;
            }
            cuts
        }
    }
}

/// A line ends after LF, or after CR that no LF follows.
fn is_line_end(bytes: &[u8], at: usize) -> bool {
    bytes[at - 1] == b'\n' || (bytes[at - 1] == b'\r' && bytes[at] != b'\n')
}

/// In the middle of the line's text, and between CR and LF.
fn line_cuts(bytes: &[u8], start: usize, end: usize) -> impl Iterator<Item = usize> {
    let ending = bytes[start..end].iter().rev().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let text = end - start - ending;
    let middle = (text > 1).then_some(start + text / 2);
    let between = (ending == 2 && bytes[end - 2] == b'\r').then(|| end - 1);
    middle.into_iter().chain(between)
}
