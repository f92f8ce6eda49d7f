//! What a fault does to a reply that is one document.
//!
//! Owns: which faults make sense there.
//! Must not know: streams.

use super::layout::BOM;
use super::stream::{Marks, NOT_JSON};
use crate::model::fake::Abort;
use crate::model::fault::{Act, Fault, FaultKind, Whole};
use crate::wire::stream::{Rendered, Step};

/// A document on its way: what comes before it, and where it is interrupted.
#[derive(Debug)]
pub struct Document {
    pub waits: Vec<Step>,
    pub bytes: Vec<u8>,
    /// In the middle of the bytes.
    pub halfway: Option<Step>,
    /// Instead of an end.
    pub ends: Option<Step>,
}

impl From<Rendered> for Document {
    fn from(rendered: Rendered) -> Document {
        let Rendered { bytes, mut steps, .. } = rendered;
        let ends = steps.pop().filter(|step| matches!(step, Step::Abort(..)));
        Document { waits: steps, bytes, halfway: None, ends }
    }
}

impl Document {
    /// Does it to the document. The error says why it cannot be done to one.
    pub fn take(&mut self, fault: &Fault, marks: &mut Marks) -> Result<(), String> {
        match &fault.kind {
            FaultKind::At { on: Some(_), .. } => Err("it is one document and has no events".to_owned()),
            FaultKind::At { act, .. } => self.act(act),
            FaultKind::Whole(whole) => self.whole(whole, marks),
            FaultKind::Before { .. } => Ok(()),
        }
    }

    fn act(&mut self, act: &Act) -> Result<(), String> {
        match act {
            Act::Malformed => self.bytes = NOT_JSON.as_bytes().to_vec(),
            Act::Truncated => self.bytes.truncate(self.bytes.len() / 2),
            Act::Cut(how) => self.halfway = Some(Step::Abort(if *how == Abort::Half { Abort::Fin } else { *how }, 0..0)),
            Act::Stall(Some(time)) => self.halfway = Some(Step::Delay(*time)),
            Act::Stall(None) => self.halfway = Some(Step::Hold),
            Act::HalfOpen => self.halfway = Some(Step::Vanish),
            _ => return Err("it is one document, not a stream".to_owned()),
        }
        Ok(())
    }

    fn whole(&mut self, whole: &Whole, marks: &mut Marks) -> Result<(), String> {
        match whole {
            Whole::Bom => drop(self.bytes.splice(0..0, BOM.iter().copied())),
            Whole::Slow(gap) => marks.slow = Some(*gap),
            Whole::EmptyBody => self.bytes.clear(),
            Whole::NoEnd => self.ends = Some(Step::Hold),
            Whole::ContentType(_) => {}
            Whole::BeyondAscii if !self.bytes.is_ascii() => {}
            Whole::BeyondAscii => return Err("all its characters are single bytes, so none can be split".to_owned()),
            Whole::NoTerminal | Whole::NoDone | Whole::NoNames => return Err("it is one document, not a stream".to_owned()),
        }
        Ok(())
    }
}
