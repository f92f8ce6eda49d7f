//! What a process prints, as frames and log lines.
//!
//! Owns: the limits of its output, its last words, the frame that ends a turn's process.
//! Must not know: processes, which turn it is.

use super::lines::Lines;
use crate::transports::connection::{Exit, Incoming, bytes_frame, text_frame};
use serde_json::{Value, json};

/// A program that prints more is ended: each line is a record, and a program that never stops would fill the memory.
pub(in crate::transports) const MAX_OUTPUT: usize = 64 << 20;
/// What one more line costs besides its bytes.
const LINE_COST: usize = 512;
/// A longer line of a turn's process, or of standard error, is cut here.
const MAX_LINE: usize = 1 << 20;
/// What is kept of a whole output.
const MAX_COLLECTED: usize = 8 << 20;

pub(in crate::transports) struct Output {
    stdout: Lines,
    stderr: Lines,
    /// Bytes and lines so far, see [`MAX_OUTPUT`].
    cost: usize,
    /// Its end is a frame too.
    ends_with_a_frame: bool,
}

impl Output {
    /// Of a process that is a turn: all that it printed is told again with its end.
    pub(in crate::transports) fn of_turn() -> Output {
        Output { stdout: Lines::new(MAX_LINE, MAX_COLLECTED), ends_with_a_frame: true, ..Output::lasting() }
    }

    /// Of a process that lasts. A line is a whole message there, however long.
    pub(in crate::transports) fn lasting() -> Output {
        Output { stdout: Lines::new(MAX_OUTPUT + 1, 0), stderr: Lines::new(MAX_LINE, MAX_COLLECTED), cost: 0, ends_with_a_frame: false }
    }

    pub(super) fn is_flood(&self) -> bool {
        self.cost > MAX_OUTPUT
    }

    /// A flood in one line is not worth keeping whole.
    pub(super) fn cut(&mut self) {
        self.stdout.cut(MAX_LINE);
    }

    pub(super) fn stdout(&mut self, bytes: &[u8]) -> Vec<Incoming> {
        let mut items = Vec::new();
        self.stdout.take(bytes, |line| items.push(Incoming::Frame(line_frame(line))));
        self.cost += bytes.len() + items.len() * LINE_COST;
        items
    }

    pub(super) fn stderr(&mut self, bytes: &[u8]) -> Vec<Incoming> {
        let mut items = Vec::new();
        self.stderr.take(bytes, |line| items.push(Incoming::Log(String::from_utf8_lossy(line).into_owned())));
        self.cost += bytes.len() + items.len() * LINE_COST;
        items
    }

    /// The last frame; only an end of its own is something the agent did.
    pub(super) fn end(&self, exit: Exit) -> Option<Value> {
        if !self.ends_with_a_frame {
            return None;
        }
        let mut frame = json!({"exit": exit.code, "stdout": self.stdout.text(), "stderr": self.stderr.text()});
        if let Some(signal) = exit.signal {
            frame["signal"] = signal.into();
        }
        Some(frame)
    }

    /// The last line of standard error, in at most 300 characters.
    pub(super) fn last_words(&self) -> Option<String> {
        let text = self.stderr.text();
        text.lines().next_back().map(|line| line.trim().chars().take(300).collect()).filter(|line: &String| !line.is_empty())
    }

    pub(super) fn rest(&mut self) -> Vec<Incoming> {
        let mut items = Vec::new();
        self.stdout.rest(|line| items.push(Incoming::Frame(line_frame(line))));
        self.stderr.rest(|line| items.push(Incoming::Log(String::from_utf8_lossy(line).into_owned())));
        items
    }
}

fn line_frame(line: &[u8]) -> Value {
    match std::str::from_utf8(line) {
        Ok(text) => text_frame(text),
        Err(_) => bytes_frame(line),
    }
}
