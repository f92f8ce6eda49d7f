//! A websocket fake: connections in order, and what each of them is told.
//!
//! Owns: the script of each connection, as read.
//! Must not know: sockets, how frames are written.

use super::tree::Node;
use crate::base::Span;
use std::sync::Arc;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct WebsocketFake {
    /// The n-th connection gets the n-th script.
    pub connections: Vec<ScriptedConnection>,
}

/// One connection: a row is sent after each frame that was read.
#[derive(Clone, Debug)]
pub struct ScriptedConnection {
    pub span: Span,
    /// Sent before the first frame is read.
    pub greeting: Row,
    pub rows: Vec<Row>,
    /// After the last row.
    pub then: Then,
    /// Waited before the handshake is answered.
    pub accept_delay: Duration,
    /// The status that refuses the handshake.
    pub refusal: Option<u16>,
    /// More headers of the handshake's answer.
    pub headers: Vec<(String, Arc<Node>)>,
}

/// What is sent after one frame; it may be nothing.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub span: Span,
    pub steps: Vec<RowStep>,
}

/// Values known from the start may be inserted into a frame.
#[derive(Clone, Debug)]
pub enum RowStep {
    /// A text is sent as it is, `{bytes: base64}` as binary, anything else as JSON.
    Frame(Arc<Node>),
    Delay(Duration),
    /// Waits until a step releases it.
    Gate(String),
}

/// What comes after the last row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// `None` is the code 1000.
    Close {
        code: Option<u16>,
        reason: String,
    },
    Hold,
    Reset,
}

impl WebsocketFake {
    /// The names of all gates, as often as they stand there.
    pub fn gates(&self) -> impl Iterator<Item = &str> {
        let rows = self.connections.iter().flat_map(|connection| std::iter::once(&connection.greeting).chain(&connection.rows));
        rows.flat_map(|row| &row.steps).filter_map(|step| if let RowStep::Gate(gate) = step { Some(gate.as_str()) } else { None })
    }
}
