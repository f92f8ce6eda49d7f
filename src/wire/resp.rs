//! RESP, the wire of redis: commands out, replies in (versions 2 and 3).
//!
//! Owns: how a command is written, how a reply is read and shown as JSON.
//! Must not know: sockets, what a command means.

use base64::Engine as _;
use serde_json::{Value, json};

/// A reply nests no deeper; a server that says otherwise is broken.
const DEEPEST: usize = 64;

/// What a server answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Arrays, sets and pushes are lists, a map is a list of its pairs; a text that is not UTF-8 is `{bytes: base64}`.
    Value(Value),
    /// Its words, such as `WRONGTYPE Operation against a key …`.
    Error(String),
}

/// A command as an array of bulk texts.
pub fn command(words: &[String]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        out.extend_from_slice(word.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// The first reply in these bytes; `None` if it is not whole yet.
pub fn reply(bytes: &[u8]) -> Result<Option<Reply>, String> {
    let mut rest = Rest { bytes, at: 0 };
    match rest.value(0) {
        Ok(reply) => Ok(Some(reply)),
        Err(Unread::Short) => Ok(None),
        Err(Unread::Broken(why)) => Err(why),
    }
}

enum Unread {
    Short,
    Broken(String),
}

struct Rest<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Rest<'a> {
    fn value(&mut self, depth: usize) -> Result<Reply, Unread> {
        if depth > DEEPEST {
            return Err(Unread::Broken(format!("a reply that nests deeper than {DEEPEST}")));
        }
        let line = self.line()?;
        let (kind, rest) = line.split_first().ok_or_else(|| Unread::Broken("an empty line".to_owned()))?;
        Ok(Reply::Value(match kind {
            b'+' | b'(' => text(rest),
            b'-' => return Ok(Reply::Error(String::from_utf8_lossy(rest).into_owned())),
            b'!' => match self.bulk(rest)? {
                Some(bytes) => return Ok(Reply::Error(String::from_utf8_lossy(bytes).into_owned())),
                None => Value::Null,
            },
            b':' => json!(number::<i64>(rest)?),
            b',' => json!(number::<f64>(rest)?),
            b'#' => json!(rest == b"t"),
            b'_' => Value::Null,
            b'$' => self.bulk(rest)?.map_or(Value::Null, text),
            // `txt:` or `mkd:` stands before the text.
            b'=' => self.bulk(rest)?.map_or(Value::Null, |bytes| text(bytes.get(4..).unwrap_or_default())),
            b'*' | b'~' | b'>' => match count(rest)? {
                Some(count) => self.list(count, depth)?,
                None => Value::Null,
            },
            b'%' => {
                let pairs = count(rest)?.unwrap_or_default();
                (0..pairs).map(|_| self.list(2, depth)).collect::<Result<Value, Unread>>()?
            }
            b'|' => {
                // Attributes are about the reply that follows, which is all that is asked for.
                for _ in 0..count(rest)?.unwrap_or_default() {
                    self.list(2, depth)?;
                }
                return self.value(depth + 1);
            }
            other => return Err(Unread::Broken(format!("a reply that begins with {:?}", char::from(*other)))),
        }))
    }

    fn list(&mut self, count: usize, depth: usize) -> Result<Value, Unread> {
        let one = |_| {
            Ok(match self.value(depth + 1)? {
                Reply::Value(value) => value,
                Reply::Error(error) => json!({"error": error}),
            })
        };
        (0..count).map(one).collect()
    }

    fn bulk(&mut self, length: &[u8]) -> Result<Option<&'a [u8]>, Unread> {
        let Some(length) = count(length)? else { return Ok(None) };
        let end = self.at.saturating_add(length);
        let bytes = self.bytes.get(self.at..end).ok_or(Unread::Short)?;
        match self.bytes.get(end..end.saturating_add(2)) {
            None => Err(Unread::Short),
            Some(b"\r\n") => {
                self.at = end + 2;
                Ok(Some(bytes))
            }
            Some(_) => Err(Unread::Broken("a text that is longer than it says".to_owned())),
        }
    }

    fn line(&mut self) -> Result<&'a [u8], Unread> {
        let rest = &self.bytes[self.at..];
        let end = rest.windows(2).position(|two| two == b"\r\n").ok_or(Unread::Short)?;
        self.at += end + 2;
        Ok(&rest[..end])
    }
}

/// A length; `None` is the null of version 2.
fn count(text: &[u8]) -> Result<Option<usize>, Unread> {
    let count: i64 = number(text)?;
    Ok(usize::try_from(count).ok())
}

fn number<T: std::str::FromStr>(text: &[u8]) -> Result<T, Unread> {
    let read = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    read.ok_or_else(|| Unread::Broken(format!("`{}`, where a number was expected", String::from_utf8_lossy(text))))
}

fn text(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::from(text),
        Err(_) => json!({"bytes": base64::engine::general_purpose::STANDARD.encode(bytes)}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(wire: &str) -> Value {
        match reply(wire.as_bytes()) {
            Ok(Some(Reply::Value(value))) => value,
            other => panic!("{wire:?} is {other:?}"),
        }
    }

    #[test]
    fn a_command_is_a_list_of_texts_with_their_lengths_in_bytes() {
        let words = ["SET", "ä", ""].map(str::to_owned);
        assert_eq!(command(&words), "*3\r\n$3\r\nSET\r\n$2\r\nä\r\n$0\r\n\r\n".as_bytes());
    }

    #[test]
    fn replies_of_version_2_are_values() {
        for (wire, expected) in [
            ("+OK\r\n", json!("OK")),
            (":-7\r\n", json!(-7)),
            ("$2\r\nhi\r\n", json!("hi")),
            ("$4\r\na\r\nb\r\n", json!("a\r\nb")),
            ("$0\r\n\r\n", json!("")),
            ("$-1\r\n", Value::Null),
            ("*-1\r\n", Value::Null),
            ("*0\r\n", json!([])),
            ("*2\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nk\r\n$1\r\nv\r\n:1\r\n", json!([["1-0", ["k", "v"]], 1])),
            ("*2\r\n+a\r\n-ERR no\r\n", json!(["a", {"error": "ERR no"}])),
        ] {
            assert_eq!(value(wire), expected, "{wire:?}");
        }
    }

    #[test]
    fn replies_of_version_3_are_values() {
        for (wire, expected) in [
            ("%1\r\n+a\r\n:1\r\n", json!([["a", 1]])),
            ("~1\r\n#t\r\n", json!([true])),
            (",1.5\r\n", json!(1.5)),
            ("_\r\n", Value::Null),
            ("=6\r\ntxt:hi\r\n", json!("hi")),
            ("|1\r\n+ttl\r\n:3\r\n+OK\r\n", json!("OK")),
            ("(3492890328409238509324850943850943825024385\r\n", json!("3492890328409238509324850943850943825024385")),
        ] {
            assert_eq!(value(wire), expected, "{wire:?}");
        }
    }

    #[test]
    fn an_error_is_told_apart() {
        assert_eq!(reply(b"-WRONGTYPE no\r\n"), Ok(Some(Reply::Error("WRONGTYPE no".into()))));
        assert_eq!(reply(b"!3\r\nERR\r\n"), Ok(Some(Reply::Error("ERR".into()))));
    }

    #[test]
    fn bytes_that_are_no_text_are_base64() {
        assert_eq!(reply(b"$2\r\n\xff\x00\r\n"), Ok(Some(Reply::Value(json!({"bytes": "/wA="})))));
    }

    #[test]
    fn what_is_not_whole_is_waited_for_at_every_byte() {
        let whole = b"*2\r\n$3\r\nabc\r\n:12\r\n";
        for end in 0..whole.len() {
            assert_eq!(reply(&whole[..end]), Ok(None), "{end}");
        }
        assert!(reply(whole).unwrap().is_some());
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        let deep = "*1\r\n".repeat(100_000);
        for wire in ["HTTP/1.1 400\r\n", "\r\n", ":x\r\n", "$1\r\nab\r\n", &deep] {
            assert!(reply(wire.as_bytes()).is_err(), "{wire:?}");
        }
        // A length that nobody can hold is waited for, not allocated.
        assert_eq!(reply(b"*9223372036854775807\r\n"), Ok(None));
        assert_eq!(reply(b"$9223372036854775807\r\n"), Ok(None));
    }
}
