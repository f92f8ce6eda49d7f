//! Server-sent events, read as the WHATWG standard says.
//!
//! Owns: lines, fields and the end of an event, across any cutting of the bytes.
//! Must not know: what an event's data means.

/// Longer lines are refused: no model sends them, and memory ends somewhere.
const LONGEST: usize = 32 << 20;

/// Takes bytes as they come and hands out the data of finished events. Names, ids and retry times are not needed here.
#[derive(Default)]
pub struct Parser {
    line: Vec<u8>,
    data: String,
    has_data: bool,
    /// The last byte was CR, so an LF that follows belongs to it.
    after_cr: bool,
    /// The byte order mark can only stand at the very beginning.
    begun: bool,
}

impl Parser {
    /// The data of each event that these bytes complete. An event that the stream's end cuts off is never handed out.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<String>, String> {
        let mut events = Vec::new();
        for &byte in bytes {
            match byte {
                b'\n' if self.after_cr => self.after_cr = false,
                b'\n' | b'\r' => {
                    self.after_cr = byte == b'\r';
                    events.extend(self.end_line());
                }
                _ => {
                    self.after_cr = false;
                    self.line.push(byte);
                }
            }
        }
        if self.line.len() + self.data.len() > LONGEST {
            return Err(format!("an event of the model's stream is longer than {} MB", LONGEST >> 20));
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Option<String> {
        let bytes = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&bytes);
        let line = if self.begun { &line } else { line.strip_prefix('\u{feff}').unwrap_or(&line) };
        self.begun = true;
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            return std::mem::take(&mut self.has_data).then_some(data);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        if field == "data" {
            if self.has_data {
                self.data.push('\n');
            }
            self.has_data = true;
            self.data.push_str(value.strip_prefix(' ').unwrap_or(value));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Parser;

    /// The data of the events, the same whether the bytes come at once or one by one.
    fn check(input: &str, expected: &[&str]) {
        let whole = Parser::default().feed(input.as_bytes()).expect("short");
        let mut parser = Parser::default();
        let single: Vec<_> = input.bytes().flat_map(|b| parser.feed(&[b]).expect("short")).collect();
        assert_eq!(whole, expected, "{input:?} at once");
        assert_eq!(single, expected, "{input:?} byte by byte");
    }

    #[test]
    fn an_event_ends_with_a_blank_line() {
        check("data: a\n\n", &["a"]);
        check("data:a\n\n\n\n", &["a"]);
        check("data:  a \n\ndata: b\n\n", &[" a ", "b"]);
    }

    #[test]
    fn several_data_lines_are_one_text() {
        check("data: a\ndata: b\n\n", &["a\nb"]);
        check("data\n\n", &[""]);
        check("data:\ndata:\n\n", &["\n"]);
    }

    #[test]
    fn every_line_end_counts_once() {
        check("data: a\r\n\r\n", &["a"]);
        check("data: a\r\r", &["a"]);
        check("data: a\r\ndata: b\n\r", &["a\nb"]);
        check("data: a\u{2028}b\n\n", &["a\u{2028}b"]);
    }

    #[test]
    fn other_fields_and_comments_are_no_data() {
        check(": hi\n\n", &[]);
        check("event: x\n\ndata: b\n\n", &["b"]);
        check("Data: a\n\n data: a\n\nid: 1\nretry: 5\n\n", &[]);
    }

    #[test]
    fn one_byte_order_mark_is_dropped() {
        check("\u{feff}data: ä\n\n", &["ä"]);
        check("\u{feff}\u{feff}data: a\n\n", &[]);
    }

    #[test]
    fn an_unfinished_event_is_never_handed_out() {
        check("data: a\n", &[]);
        check("data: a", &[]);
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut parser = Parser::default();
        let chunk = vec![b'x'; 1 << 20];
        assert!((0..40).any(|_| parser.feed(&chunk).is_err()));
    }
}
