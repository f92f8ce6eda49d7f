//! The routes of an HTTP fake.
//!
//! Owns: routes and their answers, as read.
//! Must not know: sockets, how a route is matched.

use super::fake::Abort;
use super::pattern::{JsonPath, Pattern};
use super::tree::Node;
use crate::base::Span;
use std::sync::Arc;
use std::time::Duration;

/// Which requests get which answer; the first route that matches takes a request.
#[derive(Clone, Debug)]
pub struct HttpRoute {
    pub span: Span,
    /// `POST /v1/calls`, where it was written so.
    pub title: Option<String>,
    /// Over `{method, path, query, headers, body, raw, part, nth}`; every request if not given.
    pub when: Option<Pattern>,
    pub fail_first: Option<FailFirst>,
    /// One, or a list given in turn.
    pub answers: Vec<HttpAnswer>,
    /// True if a list was written: such a sequence must be used up.
    pub sequence: bool,
}

/// The first requests that a route takes fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailFirst {
    pub times: u64,
    pub status: u16,
}

/// One answer. Its templates may name values of the request, as `{{request.body.id}}`.
#[derive(Clone, Debug)]
pub struct HttpAnswer {
    pub span: Span,
    /// 200 if not given.
    pub status: Option<u16>,
    /// A name may stand there several times.
    pub headers: Vec<(String, Arc<Node>)>,
    pub content: HttpContent,
    pub delay: Duration,
    /// Waits until a step releases it.
    pub gate: Option<String>,
    pub abort: Option<Abort>,
    pub store: Option<Store>,
    pub recall: Option<Recall>,
}

/// Puts a value aside for the fake's `recall`. Paths are into the request.
#[derive(Clone, Debug)]
pub struct Store {
    pub key: JsonPath,
    /// The body if not given.
    pub value: Option<JsonPath>,
}

/// Reads what was put aside.
#[derive(Clone, Debug)]
pub struct Recall {
    /// A path into the request.
    pub key: JsonPath,
    /// What stands for a value that was never stored; without it the answer is 404.
    pub default: Option<Arc<Node>>,
}

#[derive(Clone, Debug)]
pub enum HttpContent {
    Empty,
    /// As it is, byte for byte.
    Text(Arc<Node>),
    Json(Arc<Node>),
    /// Base64 of the bytes.
    Bytes(Arc<Node>),
    File {
        bytes: Arc<Vec<u8>>,
        content_type: &'static str,
    },
    /// Server-sent events.
    Events(Vec<StreamPart>),
}

/// One piece of an event stream.
#[derive(Clone, Debug)]
pub enum StreamPart {
    Event {
        event: Option<Arc<Node>>,
        id: Option<Arc<Node>>,
        retry: Option<Duration>,
        /// A text is sent as it is, anything else as JSON.
        data: Option<Arc<Node>>,
    },
    Comment(String),
    Delay(Duration),
    /// Waits until a step releases it.
    Gate(String),
}

impl HttpRoute {
    /// The gates at which its answers wait.
    pub fn gates(&self) -> impl Iterator<Item = &str> {
        self.answers.iter().flat_map(|answer| {
            let parts = if let HttpContent::Events(parts) = &answer.content { parts.as_slice() } else { &[] };
            let inner = parts.iter().filter_map(|part| if let StreamPart::Gate(gate) = part { Some(gate.as_str()) } else { None });
            answer.gate.as_deref().into_iter().chain(inner)
        })
    }
}
