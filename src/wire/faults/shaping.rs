//! One reply, with everything that was asked for done to it.
//!
//! Owns: the order: faults as they are written, then the layout.
//! Must not know: which request it is, heads, sockets.

use super::document::Document;
use super::layout::Layout;
use super::piece::{kinds, pieces};
use super::stream::{self, Marks};
use crate::model::fault::{Fault, FaultKind};
use crate::model::wire::{Newline, Wire, Write};
use crate::wire::stream::Rendered;

/// A fault that found nothing to act on.
#[derive(Clone, Debug, PartialEq)]
pub struct Miss {
    /// Begins with the reply as `it`.
    pub reason: String,
    /// The types of the events that there were; none for a document.
    pub kinds: Vec<String>,
}

/// True if a reply is sent otherwise than it was rendered.
pub fn is_needed(wire: &Wire, faults: &[Fault]) -> bool {
    !faults.is_empty() || wire.newline != Newline::Lf || !matches!(wire.write, Write::Ready | Write::Event)
}

/// The reply as it goes out, and what became of each fault. A stream must have been rendered with one event a step.
pub fn shape<'a>(rendered: Rendered, wire: &Wire, faults: impl Iterator<Item = &'a Fault>) -> (Rendered, Vec<Result<(), Miss>>) {
    let mut marks = Marks::default();
    let (status, events) = (rendered.status, rendered.events);
    if !events {
        let mut document = Document::from(rendered);
        let done = faults.map(|fault| document.take(fault, &mut marks).map_err(|reason| Miss { reason, kinds: vec![] })).collect();
        let (bytes, steps) = Layout::new(wire, marks.slow).document(document);
        return (Rendered { status, events, bytes, steps }, done);
    }
    let mut pieces = pieces(&rendered);
    let mut done = Vec::new();
    for fault in faults {
        let result = match &fault.kind {
            FaultKind::At { act, on, nth } => stream::act(&mut pieces, act, on.as_deref(), *nth),
            FaultKind::Whole(whole) => stream::whole(&mut pieces, &mut marks, whole),
            FaultKind::Before { .. } => Ok(()),
        };
        done.push(result.map_err(|reason| Miss { reason, kinds: kinds(&pieces) }));
    }
    let (bytes, steps) = Layout::new(wire, marks.slow).stream(&pieces, marks.bom);
    (Rendered { status, events, bytes, steps }, done)
}
