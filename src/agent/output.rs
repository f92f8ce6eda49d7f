//! What an agent prints: recorded line by line, whatever it prints and however much.
//!
//! Owns: cutting into lines, the limits on what is kept, the last lines for messages, finding the one line that somebody waits for.
//! Must not know: what the lines mean.

use crate::model::trace::{Stream, What};
use crate::recorder::Recorder;
use indexmap::IndexMap;
use regex::Regex;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::oneshot;

/// A longer line is cut, with a mark.
pub const LINE: usize = 64 * 1024;
/// After this many bytes nothing more is recorded, only counted.
pub const RECORDED: usize = 4 * 1024 * 1024;
/// What a line costs besides its bytes: it is a record of its own, and very short lines would make a very long trace.
const LINE_COST: usize = 100;
/// So many last lines are shown when an agent cannot be started.
const LAST: usize = 20;
/// A last line is shown up to here.
const LAST_WIDTH: usize = 400;
/// When nothing is recorded any more, this much of each read is enough for the last lines.
const TAIL: usize = 2 * LAST * LAST_WIDTH;

/// The named groups of a line that matched.
pub type Groups = IndexMap<String, String>;

/// Shared by the two streams of one process.
pub struct Output {
    recorder: Recorder,
    state: Mutex<State>,
    /// Quick to ask, since most lines come when nobody waits.
    listening: AtomicBool,
}

#[derive(Default)]
struct State {
    recorded: usize,
    dropped: u64,
    last: VecDeque<Vec<u8>>,
    listener: Option<(Regex, oneshot::Sender<Groups>)>,
}

impl Output {
    pub fn new(recorder: Recorder) -> Output {
        Output { recorder, state: Mutex::default(), listening: AtomicBool::new(false) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first line from now on that matches. The lines are tried as they come, so that none waits in memory.
    pub fn find(&self, regex: Regex) -> oneshot::Receiver<Groups> {
        let (send, receive) = oneshot::channel();
        self.state().listener = Some((regex, send));
        self.listening.store(true, Ordering::Release);
        receive
    }

    /// The last lines, for a message.
    pub fn last_lines(&self) -> Vec<String> {
        self.state().last.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }

    /// How many bytes were not recorded.
    pub fn dropped(&self) -> u64 {
        self.state().dropped
    }

    /// Reads to the end of the stream. Never stops reading: a full pipe would stop the agent.
    pub async fn drain(&self, mut stream: impl AsyncRead + Unpin, kind: Stream) {
        let mut chunk = vec![0; 64 * 1024];
        let mut line = Line::default();
        while let Ok(count @ 1..) = stream.read(&mut chunk).await {
            let mut rest = self.without_flood(&chunk[..count], &mut line);
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                line.push(&rest[..end]);
                self.take(&line, kind);
                line.clear();
                rest = &rest[end + 1..];
            }
            line.push(rest);
        }
        if line.length() > 0 {
            self.take(&line, kind);
        }
    }

    /// What is still worth looking at when nothing is recorded any more: a flood must cost next to nothing.
    fn without_flood<'a>(&self, chunk: &'a [u8], line: &mut Line) -> &'a [u8] {
        if chunk.len() <= TAIL || self.listening.load(Ordering::Acquire) {
            return chunk;
        }
        let mut state = self.state();
        if state.recorded < RECORDED {
            return chunk;
        }
        let (skipped, rest) = chunk.split_at(chunk.len() - TAIL);
        state.dropped += line.length() + skipped.len() as u64;
        line.clear();
        rest
    }

    fn take(&self, line: &Line, kind: Stream) {
        let bytes = line.bytes.strip_suffix(b"\r").unwrap_or(&line.bytes);
        let records = self.state().count(line, bytes);
        if self.listening.load(Ordering::Acquire) {
            self.tell(bytes);
        }
        if records {
            let mut text = String::from_utf8_lossy(bytes).into_owned();
            if line.cut > 0 {
                text.push_str(&format!(" …(+{} bytes)", line.cut));
            }
            self.recorder.push(What::Log { stream: kind, line: text });
        }
    }

    /// Tells whoever waits for this line; its colours are not part of it.
    fn tell(&self, bytes: &[u8]) {
        let text = without_colours(&String::from_utf8_lossy(bytes));
        let mut state = self.state();
        let Some((regex, _)) = &state.listener else { return };
        let Some(found) = regex.captures(&text) else { return };
        let named = regex.capture_names().flatten();
        let groups = named.filter_map(|name| Some((name.to_owned(), found.name(name)?.as_str().to_owned()))).collect();
        if let Some((_, sender)) = state.listener.take() {
            // Nobody may be waiting any more.
            let _ = sender.send(groups);
        }
        self.listening.store(false, Ordering::Release);
    }
}

/// The text without its escape sequences for colours (`ESC [ … m`).
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let codes = part.find(|c: char| !(c.is_ascii_digit() || c == ';')).filter(|at| part[*at..].starts_with('m'));
        match codes {
            Some(at) => plain.push_str(&part[at + 1..]),
            None => plain.extend(["\u{1b}[", part]),
        }
    }
    plain
}

impl State {
    /// Keeps it among the last lines, and says whether it is recorded.
    fn count(&mut self, line: &Line, bytes: &[u8]) -> bool {
        let mut oldest = if self.last.len() == LAST { self.last.pop_front().unwrap_or_default() } else { vec![] };
        oldest.clear();
        oldest.extend_from_slice(&bytes[..bytes.len().min(LAST_WIDTH)]);
        self.last.push_back(oldest);
        let records = self.recorded + bytes.len() <= RECORDED;
        if records {
            self.recorded += bytes.len() + LINE_COST;
            self.dropped += line.cut;
        } else {
            // One line too many closes the record: what follows would stand at the wrong place.
            self.recorded = RECORDED;
            self.dropped += line.length();
        }
        records
    }
}

/// A line as far as it came.
#[derive(Default)]
struct Line {
    bytes: Vec<u8>,
    /// How many bytes were cut off.
    cut: u64,
}

impl Line {
    fn push(&mut self, bytes: &[u8]) {
        let room = LINE - self.bytes.len();
        let kept = bytes.len().min(room);
        self.bytes.extend_from_slice(&bytes[..kept]);
        self.cut += (bytes.len() - kept) as u64;
    }

    fn length(&self) -> u64 {
        self.bytes.len() as u64 + self.cut
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.cut = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(printed: &[u8]) -> (Vec<String>, Output) {
        let recorder = Recorder::new();
        let output = Output::new(recorder.clone());
        output.drain(printed, Stream::Stdout).await;
        let line = |record: crate::model::trace::Record| match record.what {
            What::Log { line, .. } => Some(line),
            _ => None,
        };
        (recorder.finish().records.into_iter().filter_map(line).collect(), output)
    }

    #[tokio::test]
    async fn lines_are_cut_at_line_breaks_and_the_last_needs_none() {
        assert_eq!(lines(b"a\r\n\nb").await.0, ["a", "", "b"]);
        assert_eq!(lines(b"").await.0, Vec::<String>::new());
    }

    #[tokio::test]
    async fn binary_output_is_still_text() {
        assert_eq!(lines(b"\x00\xff\xfe\n").await.0, ["\0\u{fffd}\u{fffd}"]);
    }

    #[tokio::test]
    async fn a_very_long_line_is_cut_with_a_mark() {
        let mut printed = vec![b'x'; LINE + 7];
        printed.extend_from_slice(b"\nnext\n");
        let (lines, output) = lines(&printed).await;
        assert_eq!((lines.len(), lines[1].as_str(), output.dropped()), (2, "next", 7));
        assert!(lines[0].ends_with("x …(+7 bytes)"));
    }

    #[tokio::test]
    async fn a_flood_is_counted_and_its_end_is_known() {
        let mut printed = b"flood\n".repeat(RECORDED / 4);
        printed.extend_from_slice(b"the last words");
        let (lines, output) = lines(&printed).await;
        let recorded: usize = lines.iter().map(String::len).sum();
        assert!(recorded <= RECORDED, "{recorded}");
        assert!(output.dropped() > 0);
        assert_eq!(output.last_lines().last().map(String::as_str), Some("the last words"));
    }

    #[tokio::test]
    async fn the_first_line_that_matches_is_told() {
        let output = Output::new(Recorder::new());
        let found = output.find(Regex::new("at (?<port>\\d+)").unwrap());
        output.drain(&b"one\nat 7\nat 8\n"[..], Stream::Stderr).await;
        assert_eq!(found.await.unwrap().get("port").map(String::as_str), Some("7"));
    }

    #[tokio::test]
    async fn colours_hide_no_line() {
        let output = Output::new(Recorder::new());
        let found = output.find(Regex::new("^.gateway. ready$").unwrap());
        output.drain(&b"\x1b[36m[gateway]\x1b[39m \x1b[1;36mready\x1b[0m\n"[..], Stream::Stdout).await;
        assert!(found.await.is_ok());
        assert_eq!(without_colours("\u{1b}[2K[31m\u{1b}["), "\u{1b}[2K[31m\u{1b}[");
    }

    #[tokio::test]
    async fn a_line_in_the_midst_of_a_flood_is_still_found() {
        let output = Output::new(Recorder::new());
        let found = output.find(Regex::new("^up$").unwrap());
        let mut printed = b"flood\n".repeat(RECORDED / 5);
        printed.extend_from_slice(b"up\n");
        printed.extend_from_slice(&b"flood\n".repeat(50_000));
        output.drain(printed.as_slice(), Stream::Stdout).await;
        assert!(found.await.is_ok());
    }
}
