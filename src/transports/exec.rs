//! One process for each turn: its lines are frames, its end is the last frame.
//!
//! Owns: what a turn adds to the agent's command, its input.
//! Must not know: what lines mean, which turn it is.

use super::connection::{Connection, OpenError, Outgoing};
use super::process::{Asking, Output, Stop, spawn, watch};
use futures_util::Sink;
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};
use tokio::io::AsyncWriteExt;

pub use super::process::Launch as ExecLaunch;

/// What one turn adds.
#[derive(Clone, Debug, Default)]
pub struct ExecRun {
    pub args: Vec<String>,
    /// Without it, standard input is empty.
    pub stdin: Option<String>,
    pub env: Vec<(String, String)>,
}

/// Starts the process of a turn in a process group of its own. Closing the sink ends it by `stop`, dropping stream and sink kills it.
pub fn start(launch: &ExecLaunch, run: ExecRun, stop: Stop) -> Result<Connection, OpenError> {
    let stdin = if run.stdin.is_some() { Stdio::piped() } else { Stdio::null() };
    let (mut child, program) = spawn(launch, &run.args, &run.env, stdin)?;
    if let (Some(mut pipe), Some(text)) = (child.stdin.take(), run.stdin) {
        // A program that does not read its input is not wrong; the pipe just breaks.
        tokio::spawn(async move {
            let _ = pipe.write_all(text.as_bytes()).await;
        });
    }
    let (end, asked) = Asking::new();
    let stream = watch(child, Output::of_turn(), stop, asked);
    Ok(Connection { url: format!("exec:{program}"), sink: Box::pin(EndOnly { end }), stream })
}

/// The sink of a process that takes no frames: closing it asks the process to end.
struct EndOnly {
    end: Asking,
}

impl Sink<Outgoing> for EndOnly {
    type Error = String;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), String>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, _: Outgoing) -> Result<(), String> {
        Err("a process of the transport `exec` takes no frames; its input is given by `run`".to_owned())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), String>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), String>> {
        self.end.ask();
        Poll::Ready(Ok(()))
    }
}
