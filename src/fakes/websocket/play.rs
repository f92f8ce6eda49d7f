//! One connection of a websocket fake: frames are recorded as they come, rows are sent in their order.
//!
//! Owns: which row a frame lets go, what comes after the last one.
//! Must not know: handshakes, other connections.

use super::handshake::Socket;
use super::incoming::{self, Incoming};
use super::outbox::{self, CLOSING, End, Outbox, outbox};
use super::running::{RunningWebsocket, ordinal, problem};
use crate::fakes::server::case::Case;
use crate::model::trace::{Problem, What};
use crate::model::websocket::{Row, RowStep, Then};
use crate::wire::frame::{Written, written};
use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Plays a connection to its end.
pub async fn play(fake: &RunningWebsocket, connection: usize, socket: Socket, case: &Case) {
    let (mut sink, mut stream) = socket.split();
    let (outbox, queue) = outbox();
    let (reached, rows) = unbounded_channel();
    let part = Part { fake, connection, case, outbox };
    let end = tokio::select! {
        biased;
        end = queue.write(&mut sink) => end,
        () = part.read(&mut stream, reached) => return,
        () = part.send(rows) => return,
    };
    outbox::break_off(sink, stream, end).await;
}

/// The fake's part in a conversation. Frames are read while rows wait at gates, so that what a client sends meanwhile is seen.
struct Part<'a> {
    fake: &'a RunningWebsocket,
    connection: usize,
    case: &'a Case,
    outbox: Outbox,
}

impl Part<'_> {
    /// Records frames and lets go of their rows, until the client has gone. After the frame of the last row before a `close` or `reset`
    /// nothing is looked at: whether it arrives before the end would depend on timing.
    async fn read(&self, stream: &mut SplitStream<Socket>, reached: UnboundedSender<usize>) {
        let script = self.fake.script(self.connection);
        let mut left = script.rows.len();
        loop {
            if left == 0 && script.then != Then::Hold {
                return incoming::drain(stream).await;
            }
            match incoming::next(stream).await {
                Incoming::Frame(data) => {
                    let row = self.frame(data);
                    left -= usize::from(row.is_some());
                    if let Some(row) = row {
                        // Who no longer waits for rows has ended the connection.
                        let _ = reached.send(row);
                    }
                }
                Incoming::Gone => return,
                Incoming::Broken { code, reason } => {
                    let message = format!("a client of `{}` broke the WebSocket protocol: {reason}", self.fake.name);
                    self.case.recorder.problem(problem("ill-formed-frame", message, vec![format!("on {}", ordinal(self.connection))]));
                    self.outbox.end(End::Close { code: Some(code), reason: String::new() });
                    let _ = tokio::time::timeout(CLOSING, incoming::drain(stream)).await;
                    return;
                }
            }
        }
    }

    /// Records a frame; gives the row that it reaches.
    fn frame(&self, data: Value) -> Option<usize> {
        let row = self.fake.reads(self.connection);
        let shown = row.is_none().then(|| data.to_string());
        self.case.recorder.push(What::FakeFrame { fake: self.fake.name.clone(), connection: self.connection, data });
        if let Some(shown) = shown {
            let total = self.fake.script(self.connection).rows.len();
            let rows = if total == 1 { "1 row".to_owned() } else { format!("{total} rows") };
            let message = format!("`{}` got one frame too many: {} has {rows} in its script", self.fake.name, ordinal(self.connection));
            let cut = shown.char_indices().nth(200).map_or(shown.as_str(), |(end, _)| &shown[..end]);
            self.case.recorder.problem(problem("unmatched-frame", message, vec![format!("the frame: {cut}")]));
        }
        row
    }

    /// Sends the greeting, then each row that is reached, then ends as the script says.
    async fn send(&self, mut reached: UnboundedReceiver<usize>) {
        let script = self.fake.script(self.connection);
        if let Err(problem) = self.row(&script.greeting, "the greeting").await {
            return self.fault(problem).await;
        }
        for row in 0..script.rows.len() {
            // The reader lives as long as this does.
            let _ = reached.recv().await;
            if let Err(problem) = self.row(&script.rows[row], &format!("rows[{row}]")).await {
                return self.fault(problem).await;
            }
        }
        match &script.then {
            Then::Hold => std::future::pending().await,
            Then::Reset => {
                self.outbox.end(End::Reset);
                std::future::pending().await
            }
            Then::Close { code, reason } => self.close(*code, reason.clone()).await,
        }
    }

    async fn row(&self, row: &Row, name: &str) -> Result<(), Problem> {
        for step in &row.steps {
            match step {
                RowStep::Delay(time) => tokio::time::sleep(*time).await,
                RowStep::Gate(gate) => self.case.gates.pass(gate).await,
                RowStep::Frame(node) => {
                    let filled = node.fill(&*self.case.scope).map_err(|unfilled| unfilled.reason);
                    let frame = filled.and_then(|value| value.map(written).transpose());
                    match frame.map_err(|reason| self.fake.unfilled(self.connection, name, &reason))? {
                        None => {}
                        Some(Written::Text(text)) => self.outbox.text(text),
                        Some(Written::Bytes(bytes)) => self.outbox.bytes(bytes),
                    }
                }
            }
        }
        Ok(())
    }

    /// A frame that cannot be sent is nothing that a client could be blamed for.
    async fn fault(&self, problem: Problem) {
        self.case.recorder.problem(problem);
        self.close(Some(1011), "this fake is broken".to_owned()).await;
    }

    /// Ends when the client has answered, which the reader sees, or has taken too long.
    async fn close(&self, code: Option<u16>, reason: String) {
        self.outbox.end(End::Close { code, reason });
        tokio::time::sleep(CLOSING).await;
    }
}
