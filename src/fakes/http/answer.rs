//! An answer, and how its head and its chunks are written.
//!
//! Owns: status lines, framing of answers.
//! Must not know: what is answered, when; the order of writes is the caller's.

use super::connection::Connection;
use crate::model::wire::Framing;
use crate::wire::stream::{Rendered, Step};
use std::borrow::Cow;
use std::io::Write as _;

/// One answer: its head, and its bytes with the steps in which they go out.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    /// Not sent if it is empty (an answer without a body), or if it is among the headers.
    pub content_type: &'static str,
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// Framed in chunks; otherwise the whole length is said at the beginning.
    pub chunked: bool,
    /// Another framing than the usual one.
    pub framing: Option<Framing>,
    pub bytes: Vec<u8>,
    pub steps: Vec<Step>,
}

impl Answer {
    /// A JSON document, written at once.
    pub fn json(status: u16, bytes: Vec<u8>) -> Answer {
        let steps = vec![Step::Write(0..bytes.len())];
        Answer { status, content_type: "application/json", headers: Vec::new(), chunked: false, framing: None, bytes, steps }
    }

    /// How the client is to find the end. An HTTP/1.0 client knows no chunks.
    pub fn end(&self, chunks: bool) -> End {
        let chunked = if chunks { End::Chunks } else { End::Close };
        match self.framing {
            Some(Framing::Chunked) => chunked,
            Some(Framing::Length) => self.length(),
            Some(Framing::Close) => End::Close,
            None if self.chunked => chunked,
            None => self.length(),
        }
    }

    /// An answer that never comes to its end says that it is longer than what is sent, or its client would take it for whole.
    fn length(&self) -> End {
        let missing = match self.steps.last() {
            Some(Step::Abort(_, torn)) => usize::from(torn.is_empty()),
            Some(Step::Hold | Step::Vanish) => 1,
            _ => 0,
        };
        End::Length(self.bytes.len() + missing)
    }

    pub fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Answer {
        self.headers.push((name.into(), value.into()));
        self
    }
}

impl From<Rendered> for Answer {
    fn from(rendered: Rendered) -> Answer {
        let Rendered { status, events, bytes, steps } = rendered;
        let content_type = if events { "text/event-stream; charset=utf-8" } else { "application/json" };
        let headers = if events { vec![(Cow::Borrowed("cache-control"), "no-cache".to_owned())] } else { Vec::new() };
        Answer { status, content_type, headers, chunked: events, framing: None, bytes, steps }
    }
}

/// How the client finds the end of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Length(usize),
    Chunks,
    /// By the end of the connection, for clients that know no chunks.
    Close,
}

impl Connection {
    /// Puts the head of an answer into what will be written.
    pub fn put_head(&mut self, answer: &Answer, end: End, keep_alive: bool) {
        let out = &mut self.out;
        put(out, format_args!("HTTP/1.1 {} {}\r\n", answer.status, reason(answer.status)));
        let given = || answer.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if !answer.content_type.is_empty() && !given() {
            put(out, format_args!("content-type: {}\r\n", answer.content_type));
        }
        for (name, value) in answer.headers.iter().filter(|(name, _)| !is_framing(name)) {
            put_header(out, name, value);
        }
        match end {
            // RFC 9110: such an answer has no body, and says no length of it.
            End::Length(_) if matches!(answer.status, 204 | 304) => {}
            End::Length(length) => put(out, format_args!("content-length: {length}\r\n")),
            End::Chunks => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
            End::Close => {}
        }
        if !keep_alive {
            out.extend_from_slice(b"connection: close\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Puts a piece of the body, framed.
    pub fn put_piece(&mut self, end: End, piece: &[u8]) {
        if end != End::Chunks {
            self.out.extend_from_slice(piece);
        } else if !piece.is_empty() {
            put(&mut self.out, format_args!("{:x}\r\n", piece.len()));
            self.out.extend_from_slice(piece);
            self.out.extend_from_slice(b"\r\n");
        }
    }

    /// Puts a piece of which only the first half comes, though its whole length was said.
    pub fn put_half(&mut self, end: End, piece: &[u8]) {
        if end == End::Chunks {
            put(&mut self.out, format_args!("{:x}\r\n", piece.len().max(2)));
        }
        self.out.extend_from_slice(&piece[..piece.len() / 2]);
    }

    /// Puts what tells the client that nothing more comes.
    pub fn put_end(&mut self, end: End) {
        if end == End::Chunks {
            self.out.extend_from_slice(b"0\r\n\r\n");
        }
    }
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a Vec takes every byte");
}

/// A line break in a header's value would begin another header, so it becomes a space.
fn put_header(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend(value.bytes().map(|byte| if matches!(byte, b'\r' | b'\n' | 0) { b' ' } else { byte }));
    out.extend_from_slice(b"\r\n");
}

/// Framing is the server's own; a script cannot change it here.
fn is_framing(name: &str) -> bool {
    ["content-length", "transfer-encoding", "connection"].iter().any(|framing| name.eq_ignore_ascii_case(framing))
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        529 => "Overloaded",
        _ => "Scripted",
    }
}
