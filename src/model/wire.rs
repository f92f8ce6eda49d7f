//! How a reply of a model fake is cut and written.
//!
//! Owns: deltas, writes, line breaks and framing, as read.
//! Must not know: what is said, wire formats, sockets.

use std::time::Duration;

/// How a reply is cut and written. The default is one write of everything that is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire {
    pub delta: Delta,
    pub write: Write,
    /// Waited between writes.
    pub gap: Duration,
    /// The line break of a stream.
    pub newline: Newline,
    /// How a client finds the end of the body; the wire's own way if not given.
    pub framing: Option<Framing>,
    /// Of the Realtime wire.
    pub names: Names,
}

/// Which names the Realtime wire uses for its events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    #[default]
    Ga,
    Beta,
}

impl Default for Wire {
    fn default() -> Wire {
        let names = Names::default();
        Wire { delta: Delta::Word, write: Write::Ready, gap: Duration::ZERO, newline: Newline::Lf, framing: None, names }
    }
}

/// How a text is cut into deltas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delta {
    Word,
    Char,
    /// This many characters.
    Chars(usize),
}

/// How the stream is cut into writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// All that is ready in one go.
    Ready,
    Event,
    /// Each line with its line break.
    Line,
    /// This many bytes.
    Bytes(usize),
    /// Within each character that is longer than a byte.
    SplitUtf8,
    /// Within each line, and between CR and LF.
    SplitLine,
}

/// How a line of a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newline {
    Lf,
    Crlf,
    Cr,
}

/// How the client finds the end of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    Chunked,
    Length,
    /// By the end of the connection.
    Close,
}
