//! A request as read from a connection, and how its head is parsed.
//!
//! Owns: request line and headers; which framing of a body they announce.
//! Must not know: sockets, what a path means.

use super::connection::Refusal;
use std::collections::BTreeMap;

/// One whole request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HttpRequest {
    pub head: Head,
    pub body: Vec<u8>,
}

/// Request line and headers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Head {
    pub method: String,
    pub target: String,
    /// HTTP/1.0: no chunks, and the connection ends with the answer unless it says otherwise.
    pub old: bool,
    /// Names in lower case; repeated ones joined by a comma.
    pub headers: BTreeMap<String, String>,
}

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    Length(u64),
    Chunked,
}

/// More headers than any real client sends.
const MOST_HEADERS: usize = 128;

impl Head {
    /// Parses a head that is there to its blank line.
    pub fn parse(bytes: &[u8]) -> Result<Head, Refusal> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        match parsed.parse(bytes) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Err(Refusal::bad_request("the head of the request breaks off")),
            Err(httparse::Error::TooManyHeaders) => return Err(Refusal::head_too_large()),
            Err(reason) => return Err(Refusal::bad_request(format!("this is not HTTP/1.1: {reason}"))),
        }
        let mut head = Head {
            method: parsed.method.unwrap_or_default().to_owned(),
            target: parsed.path.unwrap_or_default().to_owned(),
            old: parsed.version == Some(0),
            headers: BTreeMap::new(),
        };
        for header in parsed.headers.iter() {
            head.add(header.name.to_ascii_lowercase(), &String::from_utf8_lossy(header.value));
        }
        Ok(head)
    }

    fn add(&mut self, name: String, value: &str) {
        self.headers
            .entry(name)
            .and_modify(|old| {
                old.push_str(", ");
                old.push_str(value);
            })
            .or_insert_with(|| value.to_owned());
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    fn header_has(&self, name: &str, word: &str) -> bool {
        self.header(name).is_some_and(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)))
    }

    /// Whether the connection goes on after the answer.
    pub fn keep_alive(&self) -> bool {
        if self.old { self.header_has("connection", "keep-alive") } else { !self.header_has("connection", "close") }
    }

    /// Whether the client waits for leave to send the body.
    pub fn expects_continue(&self) -> bool {
        !self.old && self.header_has("expect", "100-continue")
    }

    /// Both framings at once, two lengths, or a length that is no number are refused: they are how requests get smuggled.
    pub fn framing(&self) -> Result<Framing, Refusal> {
        match (self.header("transfer-encoding"), self.header("content-length")) {
            (Some(_), Some(_)) => Err(Refusal::bad_request("both content-length and transfer-encoding are given")),
            (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => Ok(Framing::Chunked),
            (Some(coding), None) => Err(Refusal::new(501, format!("the transfer-encoding `{coding}` is not supported; use chunked"))),
            (None, Some(length)) if !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit()) => {
                Ok(Framing::Length(length.parse().unwrap_or(u64::MAX)))
            }
            (None, Some(length)) => Err(Refusal::bad_request(format!("the content-length `{length}` is not a number"))),
            (None, None) => Ok(Framing::Length(0)),
        }
    }
}

/// Where the head ends (after its blank line), looking only at what may have changed since `seen` bytes were there.
pub fn head_end(bytes: &[u8], seen: usize) -> Option<usize> {
    let from = seen.saturating_sub(3);
    let at = |line_end: usize| {
        let rest = &bytes[line_end + 1..];
        match rest {
            [b'\n', ..] => Some(line_end + 2),
            [b'\r', b'\n', ..] => Some(line_end + 3),
            _ => None,
        }
    };
    bytes[from..].iter().enumerate().filter(|(_, byte)| **byte == b'\n').find_map(|(offset, _)| at(from + offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing(headers: &str) -> Result<Framing, u16> {
        let head = Head::parse(format!("POST /x HTTP/1.1\r\n{headers}\r\n").as_bytes()).unwrap();
        head.framing().map_err(|refusal| refusal.status)
    }

    #[test]
    fn the_framing_is_read_from_the_headers() {
        assert_eq!(framing(""), Ok(Framing::Length(0)));
        assert_eq!(framing("Content-Length: 12\r\n"), Ok(Framing::Length(12)));
        assert_eq!(framing("Transfer-Encoding: Chunked\r\n"), Ok(Framing::Chunked));
    }

    #[test]
    fn a_framing_that_could_be_read_in_two_ways_is_refused() {
        for headers in [
            "content-length: 1\r\ntransfer-encoding: chunked\r\n",
            "content-length: 1\r\ncontent-length: 2\r\n",
            "content-length: +1\r\n",
            "content-length: \r\n",
            "content-length: -1\r\n",
        ] {
            assert_eq!(framing(headers), Err(400), "{headers}");
        }
        assert_eq!(framing("transfer-encoding: gzip, chunked\r\n"), Err(501));
    }

    #[test]
    fn a_length_beyond_all_numbers_is_only_too_large() {
        assert_eq!(framing("content-length: 99999999999999999999999\r\n"), Ok(Framing::Length(u64::MAX)));
    }

    #[test]
    fn repeated_headers_are_joined_under_a_lower_case_name() {
        let head = Head::parse(b"GET / HTTP/1.1\r\nX-A: 1\r\nx-a: 2\r\n\r\n").unwrap();
        assert_eq!(head.header("x-a"), Some("1, 2"));
    }

    #[test]
    fn what_is_not_http_is_refused() {
        for bytes in [&b"\x16\x03\x01\x02\x00\n\n"[..], b"GET\r\n\r\n", b"GET / HTTP/2.0\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n"] {
            assert!(Head::parse(bytes).is_err_and(|refusal| refusal.status == 400), "{bytes:?}");
        }
    }

    #[test]
    fn the_end_of_a_head_is_found_however_it_arrives() {
        let bytes = b"GET / HTTP/1.1\r\nA: b\r\n\r\nrest";
        for seen in 0..24 {
            assert_eq!(head_end(bytes, seen), Some(24), "{seen}");
        }
        assert_eq!(head_end(b"GET / HTTP/1.1\r\nA: b\r\n\r", 0), None);
        assert_eq!(head_end(b"A\n\nx", 0), Some(3));
    }

    #[test]
    fn old_clients_are_closed_unless_they_ask() {
        let head = |text: &str| Head::parse(text.as_bytes()).unwrap().keep_alive();
        assert!(head("GET / HTTP/1.1\r\n\r\n") && !head("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n"));
        assert!(!head("GET / HTTP/1.0\r\n\r\n") && head("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n"));
    }
}
