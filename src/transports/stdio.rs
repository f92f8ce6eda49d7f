//! One process for as long as the connection lasts: what is sent is a line of its standard input, each line of its standard output is a
//! frame, those of standard error are log lines.
//!
//! Owns: writing lines, and the order of an end: the input is closed, then the process is asked, then it is killed.
//! Must not know: what a line means.

use super::connection::{Connection, OpenError, Outgoing};
use super::process::{Asking, Output, Stop, spawn, watch};
use crate::model::agent::StopSignal;
use futures_util::{Sink, sink};
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;

pub use super::process::Launch;

/// How long a process may take to end by itself once its input is closed, before it is asked to by a signal.
const AFTER_INPUT: Duration = Duration::from_millis(500);

/// Starts the agent's process. Closing the sink ends it: its input is closed, then `stop` counts. Dropping stream and sink kills it.
pub fn open(launch: &Launch, stop: Stop) -> Result<Connection, OpenError> {
    let (mut child, program) = spawn(launch, &[], &[], Stdio::piped())?;
    let stdin = child.stdin.take().ok_or_else(|| OpenError::new("start", format!("`{program}` has no standard input")))?;
    let (end, asked) = Asking::new();
    let stream = watch(child, Output::lasting(), stop, asked);
    let patience = if stop.signal == StopSignal::Kill { Duration::ZERO } else { AFTER_INPUT };
    let sink = Input { lines: Some(Box::pin(sink::unfold(stdin, write))), end: Some(end), patience };
    Ok(Connection { url: format!("stdio:{program}"), sink: Box::pin(sink), stream })
}

/// Writes one line. A text is written as it is, so it may break the framing on purpose; bytes get no line break.
async fn write(mut stdin: ChildStdin, frame: Outgoing) -> Result<ChildStdin, String> {
    let line = match frame {
        Outgoing::Json(value) => format!("{value}\n").into_bytes(),
        Outgoing::Text(text) => format!("{text}\n").into_bytes(),
        Outgoing::Bytes(bytes) => bytes,
    };
    stdin.write_all(&line).await.map_err(|error| words(&error))?;
    stdin.flush().await.map_err(|error| words(&error))?;
    Ok(stdin)
}

fn words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => "the process has closed its standard input".to_owned(),
        _ => format!("failed to write to the process: {error}"),
    }
}

type Lines = Pin<Box<dyn Sink<Outgoing, Error = String> + Send>>;

/// The input of a process. Who writes waits until the process has room, which one that never reads never has.
struct Input {
    /// Gone once it is closed.
    lines: Option<Lines>,
    end: Option<Asking>,
    patience: Duration,
}

impl Input {
    fn lines(&mut self) -> Result<&mut Lines, String> {
        self.lines.as_mut().ok_or_else(|| "the process's standard input is closed".to_owned())
    }
}

impl Sink<Outgoing> for Input {
    type Error = String;

    fn poll_ready(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), String>> {
        self.lines()?.as_mut().poll_ready(context)
    }

    fn start_send(mut self: Pin<&mut Self>, frame: Outgoing) -> Result<(), String> {
        self.lines()?.as_mut().start_send(frame)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), String>> {
        self.lines()?.as_mut().poll_flush(context)
    }

    /// Closes the input at once, a line that is half written included. The rest goes on by itself.
    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), String>> {
        self.lines = None;
        if let Some(end) = self.end.take() {
            let patience = self.patience;
            tokio::spawn(async move {
                end.ask_after(patience).await;
            });
        }
        Poll::Ready(Ok(()))
    }
}
