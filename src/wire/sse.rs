//! Server-sent events: encoding one event, one comment.
//!
//! Owns: the framing (`event:`, `data:`, the blank line) and what a line break in a payload becomes.
//! Must not know: which events a provider has.

use serde::Serialize;

/// Appends an event with a JSON payload; without a name it is a data-only frame.
pub fn event(out: &mut Vec<u8>, name: Option<&str>, data: &impl Serialize) {
    begin(out, name);
    serde_json::to_writer(&mut *out, data).expect("wire types hold only JSON, and a Vec takes every byte");
    out.extend_from_slice(b"\n\n");
}

/// Appends an event whose payload is text. Each line of it becomes a `data:` line.
pub fn text_event(out: &mut Vec<u8>, name: Option<&str>, data: &str) {
    begin_name(out, name);
    for line in lines(data) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
    out.push(b'\n');
}

/// Appends a comment, which every reader skips. Each line of it is a comment line.
pub fn comment(out: &mut Vec<u8>, text: &str) {
    for line in lines(text) {
        out.extend_from_slice(b": ");
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
    out.push(b'\n');
}

/// Appends everything of an event before its payload, for payloads that the caller writes (one line, no break).
pub fn begin(out: &mut Vec<u8>, name: Option<&str>) {
    begin_name(out, name);
    out.extend_from_slice(b"data: ");
}

fn begin_name(out: &mut Vec<u8>, name: Option<&str>) {
    if let Some(name) = name {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.push(b'\n');
    }
}

/// The lines as SSE sees them: ended by LF, CR or CRLF. `str::lines` would keep a lone CR, which ends a line here.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\r', '\n']) else {
            rest = None;
            return Some(text);
        };
        let after = &text[end..];
        rest = Some(after.strip_prefix("\r\n").unwrap_or(&after[1..]));
        Some(&text[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(write: impl FnOnce(&mut Vec<u8>), expected: &str) {
        let mut out = Vec::new();
        write(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_named_event_has_its_name_first() {
        check(
            |out| event(out, Some("response.created"), &serde_json::json!({"a": "x\ny"})),
            "event: response.created\ndata: {\"a\":\"x\\ny\"}\n\n",
        );
    }

    #[test]
    fn a_nameless_event_is_only_data() {
        check(|out| text_event(out, None, "[DONE]"), "data: [DONE]\n\n");
    }

    #[test]
    fn no_line_break_of_a_text_ends_the_event() {
        check(|out| text_event(out, None, "a\nb\r\nc\rd"), "data: a\ndata: b\ndata: c\ndata: d\n\n");
    }

    #[test]
    fn a_comment_of_two_lines_stays_a_comment() {
        check(|out| comment(out, "PROCESSING\ndata: x"), ": PROCESSING\n: data: x\n\n");
    }
}
