//! How a response ends: completed, incomplete, failed, with an error, or broken off.
//!
//! Owns: the last event, and the document of a reply that is no stream.
//! Must not know: how the items before it came about.

use super::asked::Asked;
use super::item::Status;
use super::object::{CREATED_AT, FlatError, IncompleteDetails, NestedError, ResponseError, ResponseObject};
use super::render::Writer;
use crate::model::fake::Abort;
use crate::wire::provider_error::{ErrorBody, ErrorObject, kind_for, status_for};
use crate::wire::sse;
use crate::wire::stream::{EventWriter, Rendered, document, document_bytes};

/// What ends a response.
pub(super) enum End<'a> {
    Completed,
    Incomplete(&'a str),
    Failed { message: &'a str, code: &'a str },
    Error { message: &'a str, code: Option<&'a str>, kind: Option<&'a str>, flat: bool },
    Abort(Abort),
}

impl Writer<'_> {
    pub(super) fn end(mut self, end: End<'_>) -> Rendered {
        let number = self.next_number();
        match end {
            End::Error { message, code, kind, flat } => {
                let error = ErrorObject { message, kind: kind.unwrap_or(kind_for(code)), param: None, code };
                self.error(error, flat, number)
            }
            End::Abort(how) => self.broken_off(how, number),
            end => self.terminal(&end, number),
        }
    }

    /// An error ends a stream as an event; where nothing was streamed it is the HTTP error that goes with its code.
    fn error(mut self, error: ErrorObject<'_>, flat: bool, number: u64) -> Rendered {
        if !self.asked.stream {
            return document(status_for(error.code), &ErrorBody { error }, self.waits, None);
        }
        if flat {
            let ErrorObject { message, code, param, .. } = error;
            self.out.event(Some("error"), &FlatError { kind: "error", sequence_number: number, code, message, param });
        } else {
            self.out.event(Some("error"), &NestedError { kind: "error", sequence_number: number, error });
        }
        self.out.finish()
    }

    /// The terminal event, or its response alone.
    fn terminal(mut self, end: &End<'_>, number: u64) -> Rendered {
        let mut out = self.take_out();
        let (kind, object) = self.last_object(end);
        if !self.asked.stream {
            return document_bytes(200, object.to_bytes(self.asked), self.waits, None);
        }
        write_lifecycle(&mut out.bytes, kind, number, &object, self.asked);
        out.event_ended();
        out.finish()
    }

    /// Cut off in the middle. The torn event of `Half` is the one that would have ended the response.
    fn broken_off(mut self, how: Abort, number: u64) -> Rendered {
        if !self.asked.stream {
            self.close_message();
        }
        let out = self.take_out();
        let (kind, object) = self.last_object(&End::Completed);
        if self.asked.stream {
            return out.abort(how, |bytes| write_lifecycle(bytes, kind, number, &object, self.asked));
        }
        document_bytes(200, object.to_bytes(self.asked), self.waits, Some(how))
    }

    /// The stream so far, out of the way of what else the last event is made of.
    fn take_out(&mut self) -> EventWriter {
        std::mem::replace(&mut self.out, EventWriter::new(self.pace))
    }

    /// The object of the terminal event, and that event's name.
    fn last_object<'b>(&'b self, end: &End<'b>) -> (&'static str, ResponseObject<'b>) {
        let begun = ResponseObject { output: &self.items, ..ResponseObject::begun(&self.id) };
        let usage = Some(self.usage.into());
        match end {
            End::Incomplete(reason) => {
                let details = Some(IncompleteDetails { reason });
                ("response.incomplete", ResponseObject { status: Status::Incomplete, incomplete_details: details, usage, ..begun })
            }
            End::Failed { message, code } => {
                ("response.failed", ResponseObject { status: Status::Failed, error: Some(ResponseError { code, message }), ..begun })
            }
            _ => {
                let completed_at = Some(CREATED_AT + 1);
                ("response.completed", ResponseObject { status: Status::Completed, completed_at, usage, ..begun })
            }
        }
    }
}

/// Appends an event that carries the whole response.
pub(super) fn write_lifecycle(out: &mut Vec<u8>, kind: &'static str, number: u64, object: &ResponseObject<'_>, asked: &Asked) {
    use std::io::Write as _;
    sse::begin(out, Some(kind));
    write!(out, "{{\"type\":\"{kind}\",\"sequence_number\":{number},\"response\":").expect("a Vec takes every byte");
    object.write(asked, out);
    out.extend_from_slice(b"}\n\n");
}
