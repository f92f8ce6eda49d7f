//! A reply as bytes and the steps in which they go out.
//!
//! Owns: which bytes may leave in one write, and where a reply waits or breaks.
//! Must not know: what the bytes mean, sockets, clocks.

use super::script::Pace;
use super::sse;
use crate::model::fake::Abort;
use serde::Serialize;
use std::ops::Range;
use std::time::Duration;

/// What one wire made of a reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    pub status: u16,
    /// Server-sent events; otherwise one JSON document.
    pub events: bool,
    pub bytes: Vec<u8>,
    pub steps: Vec<Step>,
}

/// One step of sending [`Rendered::bytes`]. Ranges do not overlap and are in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// One write.
    Write(Range<usize>),
    Delay(Duration),
    /// Waits until the gate is released.
    Gate(String),
    /// The connection ends here, and the reply is not complete. `Half` has the bytes of which only the first half is sent.
    Abort(Abort, Range<usize>),
}

/// Collects events into as few writes as the pace allows.
#[derive(Debug)]
pub struct EventWriter {
    pub bytes: Vec<u8>,
    steps: Vec<Step>,
    /// Where the write begins that is not yet a step.
    from: usize,
    pace: Pace,
}

impl EventWriter {
    pub fn new(pace: Pace) -> EventWriter {
        EventWriter { bytes: Vec::new(), steps: Vec::new(), from: 0, pace }
    }

    pub fn event(&mut self, name: Option<&str>, data: &impl Serialize) {
        sse::event(&mut self.bytes, name, data);
        self.event_ended();
    }

    pub fn text_event(&mut self, data: &str) {
        sse::text_event(&mut self.bytes, None, data);
        self.event_ended();
    }

    /// An event whose payload is text as it is.
    pub fn named_text_event(&mut self, name: Option<&str>, data: &str) {
        sse::text_event(&mut self.bytes, name, data);
        self.event_ended();
    }

    /// Bytes as they are, whatever they mean.
    pub fn raw(&mut self, bytes: &str) {
        self.bytes.extend_from_slice(bytes.as_bytes());
        self.event_ended();
    }

    pub fn comment(&mut self, text: &str) {
        sse::comment(&mut self.bytes, text);
        self.event_ended();
    }

    /// To be called after an event was appended to `bytes` by hand.
    pub fn event_ended(&mut self) {
        if self.pace.each_event {
            self.end_write();
        }
    }

    /// A delay or a gate.
    pub fn wait(&mut self, step: Step) {
        self.end_write();
        self.steps.push(step);
    }

    /// Breaks off. What `torn` appends is the event that would have come next; of it `Half` sends the first half.
    pub fn abort(mut self, how: Abort, torn: impl FnOnce(&mut Vec<u8>)) -> Rendered {
        self.end_write();
        let start = self.bytes.len();
        if how == Abort::Half {
            torn(&mut self.bytes);
        }
        self.steps.push(Step::Abort(how, start..self.bytes.len()));
        self.rendered()
    }

    pub fn finish(mut self) -> Rendered {
        self.end_write();
        self.rendered()
    }

    fn rendered(self) -> Rendered {
        Rendered { status: 200, events: true, bytes: self.bytes, steps: self.steps }
    }

    fn end_write(&mut self) {
        let end = self.bytes.len();
        if end == self.from {
            return;
        }
        if !self.pace.gap.is_zero() && matches!(self.steps.last(), Some(Step::Write(_))) {
            self.steps.push(Step::Delay(self.pace.gap));
        }
        self.steps.push(Step::Write(self.from..end));
        self.from = end;
    }
}

/// A reply that is one JSON document: its waits come first, then the whole document in one write, or how it breaks off.
pub fn document(status: u16, body: &impl Serialize, waits: Vec<Step>, abort: Option<Abort>) -> Rendered {
    let bytes = serde_json::to_vec(body).expect("wire types hold only JSON");
    document_bytes(status, bytes, waits, abort)
}

/// As [`document`], for a body that is already bytes.
pub fn document_bytes(status: u16, bytes: Vec<u8>, mut waits: Vec<Step>, abort: Option<Abort>) -> Rendered {
    waits.push(match abort {
        None => Step::Write(0..bytes.len()),
        Some(how) => Step::Abort(how, 0..bytes.len()),
    });
    Rendered { status, events: false, bytes, steps: waits }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three(pace: Pace) -> Vec<Step> {
        let mut writer = EventWriter::new(pace);
        writer.text_event("a");
        writer.text_event("b");
        writer.wait(Step::Gate("g".into()));
        writer.text_event("c");
        writer.finish().steps
    }

    #[test]
    fn what_is_ready_is_one_write() {
        assert_eq!(three(Pace::default()), [Step::Write(0..18), Step::Gate("g".into()), Step::Write(18..27)]);
    }

    #[test]
    fn a_gap_stands_between_two_writes_and_nowhere_else() {
        let gap = Duration::from_millis(1);
        let steps = three(Pace { each_event: true, gap, ..Pace::default() });
        let expected = [Step::Write(0..9), Step::Delay(gap), Step::Write(9..18), Step::Gate("g".into()), Step::Write(18..27)];
        assert_eq!(steps, expected);
    }

    #[test]
    fn only_half_an_abort_has_torn_bytes() {
        for (how, length) in [(Abort::Half, 9), (Abort::Fin, 0), (Abort::Reset, 0)] {
            let writer = EventWriter::new(Pace::default());
            let rendered = writer.abort(how, |out| sse::text_event(out, None, "x"));
            assert_eq!(rendered.steps, [Step::Abort(how, 0..length)]);
        }
    }
}
