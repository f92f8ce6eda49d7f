//! Server-sent events, read as the WHATWG standard says.
//!
//! Owns: lines, fields and the end of an event, across any cutting of the bytes; the last id and the retry time.
//! Must not know: what an event's data means, sockets, what is done after the stream's end.

use std::borrow::Cow;
use std::time::Duration;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `message` where the stream names none.
    pub kind: String,
    pub data: String,
    /// The last id of the stream so far; it stays until another comes. Empty if there is none.
    pub last_event_id: String,
}

/// An event was longer than the reader takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    pub limit: usize,
}

/// Takes bytes as they come and hands out finished events. An event that the stream's end cuts off is never handed out.
#[derive(Debug)]
pub struct Reader {
    limit: usize,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    kind: String,
    data: String,
    has_data: bool,
    /// Commits with the next blank line.
    new_id: Option<String>,
    last_event_id: String,
    retry: Option<Duration>,
    /// The last byte was CR, so an LF that follows belongs to it.
    after_cr: bool,
    /// The byte order mark can only stand at the very beginning.
    begun: bool,
    /// Fields of an event that has not ended.
    open: bool,
}

impl Reader {
    /// `limit`: the most bytes that one event may have.
    pub fn new(limit: usize) -> Reader {
        Reader {
            limit,
            line: Vec::new(),
            kind: String::new(),
            data: String::new(),
            has_data: false,
            new_id: None,
            last_event_id: String::new(),
            retry: None,
            after_cr: false,
            begun: false,
            open: false,
        }
    }

    /// As after a reconnection: the id that the stream goes on from.
    pub fn resumed(limit: usize, last_event_id: &str) -> Reader {
        Reader { last_event_id: last_event_id.to_owned(), ..Reader::new(limit) }
    }

    /// The id to go on from; empty if the stream gave none.
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// How long to wait before a reconnection, if the stream said so.
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// True if the stream may not end here without losing something.
    pub fn is_inside_event(&self) -> bool {
        self.open || !self.line.is_empty()
    }

    /// Hands each event that these bytes complete to `each`.
    pub fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(Event)) -> Result<(), TooLong> {
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let Some(end) = memchr::memchr2(b'\n', b'\r', bytes) else {
                self.keep(bytes)?;
                break;
            };
            self.after_cr = bytes[end] == b'\r';
            if self.line.is_empty() {
                self.within(end)?;
                self.end_line(&bytes[..end], &mut each);
            } else {
                self.keep(&bytes[..end])?;
                let mut line = std::mem::take(&mut self.line);
                self.end_line(&line, &mut each);
                line.clear();
                self.line = line;
            }
            bytes = &bytes[end + 1..];
        }
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        self.within(bytes.len())?;
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn within(&self, more: usize) -> Result<(), TooLong> {
        match self.line.len() + self.data.len() + more > self.limit {
            true => Err(TooLong { limit: self.limit }),
            false => Ok(()),
        }
    }

    fn end_line(&mut self, bytes: &[u8], each: &mut impl FnMut(Event)) {
        let bytes = if self.begun { bytes } else { bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes) };
        self.begun = true;
        if bytes.is_empty() {
            return self.end_event(each);
        }
        let (field, value) = match memchr::memchr(b':', bytes) {
            Some(at) => (&bytes[..at], &bytes[at + 1..]),
            None => (bytes, &bytes[bytes.len()..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                (self.has_data, self.open) = (true, true);
                self.data.push_str(&text(value));
            }
            b"event" => {
                self.kind = text(value).into_owned();
                self.open = true;
            }
            b"id" if !value.contains(&0) => {
                self.new_id = Some(text(value).into_owned());
                self.open = true;
            }
            b"retry" => self.retry = milliseconds(value).or(self.retry),
            _ => {}
        }
    }

    fn end_event(&mut self, each: &mut impl FnMut(Event)) {
        self.open = false;
        if let Some(id) = self.new_id.take() {
            self.last_event_id = id;
        }
        let kind = std::mem::take(&mut self.kind);
        let data = std::mem::take(&mut self.data);
        if std::mem::take(&mut self.has_data) {
            let kind = if kind.is_empty() { "message".to_owned() } else { kind };
            each(Event { kind, data, last_event_id: self.last_event_id.clone() });
        }
    }
}

/// Broken characters are replaced; nearly always there are none, which is found sooner.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Digits only.
fn milliseconds(value: &[u8]) -> Option<Duration> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(value).ok().filter(|_| digits)?;
    text.parse().ok().map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 1 << 20;

    fn read(input: &[u8], size: usize) -> (Vec<Event>, Reader) {
        let (mut events, mut reader) = (Vec::new(), Reader::new(LIMIT));
        for piece in input.chunks(size) {
            reader.feed(piece, |event| events.push(event)).expect("short");
        }
        (events, reader)
    }

    /// `[kind, data, id]` of each event, the same however the bytes are cut.
    fn check(input: &str, expected: &[[&str; 3]]) {
        for size in [1, 2, 3, 5, input.len().max(1)] {
            let (events, _) = read(input.as_bytes(), size);
            let seen: Vec<_> = events.iter().map(|e| [e.kind.as_str(), e.data.as_str(), e.last_event_id.as_str()]).collect();
            assert_eq!(seen, expected, "{input:?} in pieces of {size}");
        }
    }

    #[test]
    fn an_event_ends_with_a_blank_line() {
        check("data: a\n\n", &[["message", "a", ""]]);
        check("data:a\n\n\n\n", &[["message", "a", ""]]);
        check("data:  a \n\ndata:\tb\n\n", &[["message", " a ", ""], ["message", "\tb", ""]]);
    }

    #[test]
    fn several_data_lines_are_one_text() {
        check("data: a\ndata: b\n\n", &[["message", "a\nb", ""]]);
        check("data\n\n", &[["message", "", ""]]);
        check("data:\ndata:\n\n", &[["message", "\n", ""]]);
    }

    #[test]
    fn every_line_end_counts_once() {
        check("data: a\r\n\r\n", &[["message", "a", ""]]);
        check("data: a\r\r", &[["message", "a", ""]]);
        check("data: a\r\ndata: b\n\r", &[["message", "a\nb", ""]]);
        check("data: a\u{2028}b\u{85}\n\n", &[["message", "a\u{2028}b\u{85}", ""]]);
    }

    #[test]
    fn a_type_holds_for_one_event_and_an_id_until_the_next() {
        check("event: x\nid: 7\ndata: a\n\ndata: b\n\n", &[["x", "a", "7"], ["message", "b", "7"]]);
        check("event: x\n\ndata: b\n\n", &[["message", "b", ""]]);
        check("id: 7\n\ndata: b\nid\n\ndata: c\nid: 8\0\n\n", &[["message", "b", ""], ["message", "c", ""]]);
        check("event:\nevent: y\ndata: a\n\n", &[["y", "a", ""]]);
    }

    #[test]
    fn other_fields_and_comments_are_nothing() {
        check(": hi\n\n", &[]);
        check("Data: a\n\n data: a\n\nretry: 5\n\nfoo: bar\n\n", &[]);
    }

    #[test]
    fn one_byte_order_mark_is_dropped() {
        check("\u{feff}data: ä\n\n", &[["message", "ä", ""]]);
        check("\u{feff}\u{feff}data: a\n\n", &[]);
    }

    #[test]
    fn an_unfinished_event_is_never_handed_out() {
        for input in ["data: a\n", "data: a", "data: a\r", "event: x\n"] {
            check(input, &[]);
            assert!(read(input.as_bytes(), 1).1.is_inside_event(), "{input:?}");
        }
        assert!(!read(b"data: a\n\n: comment\n", 1).1.is_inside_event());
    }

    #[test]
    fn broken_characters_are_replaced() {
        let (events, _) = read(b"data: a\xff\xfeb\n\n", 1);
        assert_eq!(events[0].data, "a\u{fffd}\u{fffd}b");
    }

    #[test]
    fn retry_is_digits_only() {
        assert_eq!(read(b"retry: 250\n", 1).1.retry(), Some(Duration::from_millis(250)));
        assert_eq!(read(b"retry: 250\nretry: 1x\nretry:\n", 9).1.retry(), Some(Duration::from_millis(250)));
        assert_eq!(read(b"retry: -1\n", 9).1.retry(), None);
    }

    #[test]
    fn a_reader_that_goes_on_knows_its_id() {
        let mut reader = Reader::resumed(LIMIT, "7");
        let mut events = Vec::new();
        reader.feed(b"data: a\n\n", |event| events.push(event)).expect("short");
        assert_eq!((events[0].last_event_id.as_str(), reader.last_event_id()), ("7", "7"));
    }

    #[test]
    fn an_endless_event_is_refused() {
        let refused = |piece: &[u8]| {
            let mut reader = Reader::new(LIMIT);
            (0..2000).any(|_| reader.feed(piece, |_| {}) == Err(TooLong { limit: LIMIT }))
        };
        assert!(refused(&[b'x'; 1000]));
        assert!(refused(&[b"data: ".as_slice(), &[b'x'; 1000], b"\n"].concat()));
        assert!(!refused(&[b"data: ".as_slice(), &[b'x'; 1000], b"\n\n"].concat()));
        assert_eq!(Reader::new(5).feed(b"data: a\n\n", |_| {}), Err(TooLong { limit: 5 }));
    }
}
