//! The response object, and the events that carry it whole.
//!
//! Owns: its fields, every one of them always present.
//! Must not know: how its items came about.

use super::asked::Asked;
use super::item::{Item, Status};
use crate::wire::script;
use serde::Serialize;

/// The time at which every scripted response was made: fixed, so that equal runs have equal bytes.
pub const CREATED_AT: u64 = 1_767_225_600;

/// The members of a response object that differ from event to event.
#[derive(Serialize)]
pub struct ResponseObject<'a> {
    pub id: &'a str,
    pub object: &'static str,
    pub created_at: u64,
    pub completed_at: Option<u64>,
    pub status: Status,
    pub error: Option<ResponseError<'a>>,
    pub incomplete_details: Option<IncompleteDetails<'a>>,
    pub output: &'a [Item],
    pub usage: Option<Usage>,
}

#[derive(Clone, Copy, Serialize)]
pub struct ResponseError<'a> {
    pub code: &'a str,
    pub message: &'a str,
}

#[derive(Clone, Copy, Serialize)]
pub struct IncompleteDetails<'a> {
    pub reason: &'a str,
}

impl<'a> ResponseObject<'a> {
    /// As it is while nothing has been said yet.
    pub fn begun(id: &'a str) -> ResponseObject<'a> {
        ResponseObject {
            id,
            object: "response",
            created_at: CREATED_AT,
            completed_at: None,
            status: Status::InProgress,
            error: None,
            incomplete_details: None,
            output: &[],
            usage: None,
        }
    }

    /// Appends the whole object: these members, then those repeated from the request.
    pub fn write(&self, asked: &Asked, out: &mut Vec<u8>) {
        serde_json::to_writer(&mut *out, self).expect("a response holds only JSON");
        out.pop();
        out.push(b',');
        out.extend_from_slice(&asked.echo);
        out.push(b'}');
    }

    pub fn to_bytes(&self, asked: &Asked) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(asked, &mut bytes);
        bytes
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Usage {
    input_tokens: u64,
    input_tokens_details: InputDetails,
    output_tokens: u64,
    output_tokens_details: OutputDetails,
    total_tokens: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct InputDetails {
    cached_tokens: u64,
    cache_write_tokens: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct OutputDetails {
    reasoning_tokens: u64,
}

impl From<script::Usage> for Usage {
    fn from(usage: script::Usage) -> Usage {
        Usage {
            input_tokens: usage.input,
            input_tokens_details: InputDetails { cached_tokens: usage.cached, cache_write_tokens: 0 },
            output_tokens: usage.output,
            output_tokens_details: OutputDetails { reasoning_tokens: usage.reasoning },
            total_tokens: usage.input.saturating_add(usage.output),
        }
    }
}

/// A sign of life. It is an event, and so it is numbered.
#[derive(Serialize)]
pub struct Keepalive {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub sequence_number: u64,
}

/// The documented form of an `error` event.
#[derive(Serialize)]
pub struct FlatError<'a> {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub sequence_number: u64,
    pub code: Option<&'a str>,
    pub message: &'a str,
    pub param: Option<&'a str>,
}

/// The form of an `error` event that live servers send.
#[derive(Serialize)]
pub struct NestedError<'a> {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub sequence_number: u64,
    pub error: crate::wire::provider_error::ErrorObject<'a>,
}
