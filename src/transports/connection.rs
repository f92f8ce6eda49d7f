//! What every transport gives: frames out, frames in, and how it ended.
//!
//! Owns: the seam between transports and protocols, the form of frames that are not JSON.
//! Must not know: which transports there are, what a frame means.

pub use crate::wire::frame::{bytes_frame, text_frame};
use futures_util::{Sink, SinkExt as _, Stream};
use serde_json::{Value, json};
use std::pin::Pin;

/// What the suite sends.
#[derive(Clone, Debug, PartialEq)]
pub enum Outgoing {
    Json(Value),
    /// A text as it is.
    Text(String),
    Bytes(Vec<u8>),
}

impl Outgoing {
    /// The frame as traces show it; the counterpart of [`text_frame`] and [`bytes_frame`].
    pub fn shown(&self) -> Value {
        match self {
            Outgoing::Json(value) => value.clone(),
            Outgoing::Text(text) => json!({"text": text}),
            Outgoing::Bytes(bytes) => bytes_frame(bytes),
        }
    }
}

/// What arrives. The last one is [`Incoming::Ended`]; nothing comes after it.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    Frame(Value),
    /// A line that is not part of the conversation (stderr).
    Log(String),
    Ended(Ending),
}

/// How a connection ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ending {
    /// The WebSocket close code; 1006 if there was no closing handshake, 1005 if the peer gave none.
    pub code: Option<u16>,
    /// The peer's words, or what the transport saw.
    pub reason: String,
    /// For processes.
    pub exit: Option<Exit>,
    /// The last line that a process wrote to standard error.
    pub last_words: Option<String>,
    /// True if the suite ended it.
    pub by_us: bool,
}

/// How a process ended. Neither is known if it could not be waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    pub code: Option<i32>,
    pub signal: Option<i32>,
}

impl Ending {
    /// One line for messages.
    pub fn shown(&self) -> String {
        let how = match (self.exit, self.code) {
            (Some(Exit { code: Some(code), .. }), _) => format!("exit {code}"),
            (Some(Exit { signal: Some(signal), .. }), _) => format!("signal {signal}"),
            (Some(_), _) => "ended".to_owned(),
            (None, Some(code)) => format!("code {code}"),
            (None, None) => "no code".to_owned(),
        };
        let why = if self.reason.is_empty() { self.last_words.as_deref().unwrap_or_default() } else { self.reason.as_str() };
        if why.is_empty() { how } else { format!("{how}: {why}") }
    }
}

impl Ending {
    /// As the event `closed` and a `connect` that was refused tell it. The code of a process is its exit status.
    pub fn closed(&self) -> Value {
        match self.exit {
            Some(exit) => json!({"code": exit.code, "reason": self.shown()}),
            None => json!({"code": self.code, "reason": self.reason}),
        }
    }
}

pub type FrameSink = Pin<Box<dyn Sink<Outgoing, Error = String> + Send>>;
pub type FrameStream = Pin<Box<dyn Stream<Item = Incoming> + Send>>;

/// An open connection, or a running process. Dropping both halves ends it.
pub struct Connection {
    /// Where it leads, for traces.
    pub url: String,
    /// Closing it ends the connection in good order.
    pub sink: FrameSink,
    pub stream: FrameStream,
}

impl Connection {
    /// For transports that ask anew each time: nothing arrives by itself, and nothing can be sent.
    pub fn without_frames(url: &str) -> Connection {
        let refuse = |_: Outgoing| std::future::ready(Err::<Outgoing, _>("this transport takes no frames".to_owned()));
        let sink = futures_util::sink::drain().sink_map_err(|never| -> String { match never {} }).with(refuse);
        Connection { url: url.to_owned(), sink: Box::pin(sink), stream: Box::pin(futures_util::stream::pending()) }
    }
}

/// Why a connection could not be opened.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenError {
    pub code: &'static str,
    /// The HTTP status that refused a handshake.
    pub status: Option<u16>,
    /// Lower case, no final dot.
    pub message: String,
    /// What came with the refusal.
    pub body: Option<Value>,
}

impl OpenError {
    pub fn new(code: &'static str, message: impl Into<String>) -> OpenError {
        OpenError { code, status: None, message: message.into(), body: None }
    }

    /// As a `connect` step returns it under `error`.
    pub fn shown(&self) -> Value {
        let mut value = json!({"code": self.code, "message": self.message});
        if let Some(status) = self.status {
            value["status"] = status.into();
        }
        if let Some(body) = &self.body {
            value["body"] = body.clone();
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_json_is_its_value() {
        assert_eq!(text_frame("{\"a\": 1}"), json!({"a": 1}));
        assert_eq!(text_frame(" 42 "), json!(42));
    }

    #[test]
    fn other_text_and_bytes_are_wrapped() {
        assert_eq!(text_frame("{a"), json!({"text": "{a"}));
        assert_eq!(text_frame(""), json!({"text": ""}));
        assert_eq!(bytes_frame(&[0, 255]), json!({"bytes": "AP8="}));
        assert_eq!(Outgoing::Text("hi".into()).shown(), json!({"text": "hi"}));
    }

    #[test]
    fn an_ending_is_told_in_one_line() {
        let closed = Ending { code: Some(1008), reason: "invalid request frame".into(), ..Ending::default() };
        assert_eq!(closed.shown(), "code 1008: invalid request frame");
        let killed = Ending { exit: Some(Exit { code: None, signal: Some(9) }), ..Ending::default() };
        assert_eq!(killed.shown(), "signal 9");
    }
}
