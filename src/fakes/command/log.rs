//! The log of mocked calls: each line one JSON object, written by one `write(2)` to a file opened for appending,
//! so that lines of calls in parallel are neither lost nor torn.
//!
//! Owns: the form of the lines, writing them.
//! Must not know: who reads them, what a rule is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A call writes `start` before anything else, so that one that is killed still shows; then `stdin` if there was any, and `end` last.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum Line {
    Start(Start),
    Stdin { id: String, bytes: u64, head: Bytes },
    End(End),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Process id and start time: no two calls share it.
    pub id: String,
    /// Nanoseconds of the monotonic clock.
    pub t_mono: u64,
    pub name: String,
    pub execfn: Bytes,
    /// Without the name itself.
    pub argv: Vec<Bytes>,
    pub cwd: Bytes,
    pub pid: u32,
    pub ppid: u32,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    pub id: String,
    pub t_mono: u64,
    pub exit: i32,
    /// The label of the rule that answered.
    pub rule: Option<String>,
    pub bytes_out: u64,
    /// The head of what it printed to its standard output.
    pub stdout: Bytes,
    /// Set if the case must fail for it.
    pub unmatched: Option<Unmatched>,
}

/// Why a call had no answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unmatched {
    /// One line: what was asked.
    pub message: String,
    /// The nearest rule, or the one whose answers were used up.
    pub details: Vec<String>,
}

/// Bytes that are mostly text; nothing is lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bytes {
    Text(String),
    Base64(String),
}

impl Bytes {
    pub fn new(bytes: &[u8]) -> Bytes {
        match std::str::from_utf8(bytes) {
            Ok(text) => Bytes::Text(text.to_owned()),
            Err(_) => Bytes::Base64(BASE64.encode(bytes)),
        }
    }

    pub fn of(text: impl AsRef<std::ffi::OsStr>) -> Bytes {
        Bytes::new(text.as_ref().as_bytes())
    }

    /// The text; what is not UTF-8 becomes U+FFFD.
    pub fn lossy(&self) -> String {
        match self {
            Bytes::Text(text) => text.clone(),
            Bytes::Base64(encoded) => String::from_utf8_lossy(&BASE64.decode(encoded).unwrap_or_default()).into_owned(),
        }
    }

    pub fn is_text(&self) -> bool {
        matches!(self, Bytes::Text(_))
    }
}

/// The log, open for appending.
pub struct Log {
    file: File,
}

impl Log {
    /// Opens a log that the runner made.
    pub fn open(path: &Path) -> io::Result<Log> {
        Ok(Log { file: OpenOptions::new().append(true).open(path)? })
    }

    pub fn append(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.file.write_all(&text)
    }
}
