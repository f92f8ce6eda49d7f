//! Multipart bodies: the parts of a form, by name.
//!
//! Owns: the boundary, where a part begins and ends, its name.
//! Must not know: who sent it. A body that is not well-formed gives the parts that can be read, never an error: what it
//! was on the wire is kept beside it.

use std::collections::BTreeMap;

/// The parts of a body with this content type; none if it is no multipart body. Bytes that are not UTF-8 become U+FFFD.
/// Of several parts with one name the last one counts, as in a query.
pub fn parts(content_type: &str, body: &[u8]) -> BTreeMap<String, String> {
    let mut parts = BTreeMap::new();
    let Some(boundary) = boundary(content_type) else { return parts };
    let delimiter = format!("--{boundary}");
    let mut rest = match find_line(body, delimiter.as_bytes()) {
        Some(at) => &body[at + delimiter.len()..],
        None => return parts,
    };
    // What stands between two delimiters is a part; after the last one comes `--`.
    while !rest.starts_with(b"--") {
        let Some(end) = find_line(rest, delimiter.as_bytes()) else { break };
        if let Some((name, content)) = part(&rest[..end]) {
            parts.insert(name, String::from_utf8_lossy(content).into_owned());
        }
        rest = &rest[end + delimiter.len()..];
    }
    parts
}

/// The parameter `boundary` of `multipart/…`.
fn boundary(content_type: &str) -> Option<String> {
    let kind = content_type.trim_start();
    if !kind.get(..10).is_some_and(|kind| kind.eq_ignore_ascii_case("multipart/")) {
        return None;
    }
    parameter(kind, "boundary").filter(|boundary| !boundary.is_empty())
}

/// The value of a parameter of a header, quoted or not.
fn parameter(header: &str, name: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (key, after) = rest.split_once('=')?;
        let key = key.rsplit(';').next().unwrap_or(key).trim();
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = next.trim_start_matches(|c: char| c == ';' || c.is_whitespace());
    }
}

/// The text up to the closing quote, and what follows it.
fn unquoted(text: &str) -> (String, &str) {
    let mut out = String::new();
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => {
                escaped = true;
                continue;
            }
            '"' => return (out, &text[at + 1..]),
            _ => {}
        }
        out.push(letter);
    }
    (out, "")
}

/// Where a delimiter stands at the beginning of a line.
fn find_line(bytes: &[u8], delimiter: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = find(&bytes[from..], delimiter).map(|at| from + at) {
        if at == 0 || bytes[at - 1] == b'\n' {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// One search for each first byte: linear for bodies that do not mock the delimiter.
fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == first).map(|at| from + at) {
        if bytes[at..].starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// Name and content of a part: what follows its delimiter's line, up to the line break before the next one.
fn part(bytes: &[u8]) -> Option<(String, &[u8])> {
    let line_end = bytes.iter().position(|byte| *byte == b'\n')?;
    let mut rest = &bytes[line_end + 1..];
    let mut name = None;
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        rest = &rest[end + 1..];
        if line.is_empty() {
            break;
        }
        let line = String::from_utf8_lossy(line);
        if let Some((header, value)) = line.split_once(':')
            && header.trim().eq_ignore_ascii_case("content-disposition")
        {
            name = parameter(value, "name");
        }
    }
    let content = rest.strip_suffix(b"\n").unwrap_or(rest);
    Some((name?, content.strip_suffix(b"\r").unwrap_or(content)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(content_type: &str, body: &[u8], expected: &[(&str, &str)]) {
        let expected = expected.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        assert_eq!(parts(content_type, body), expected, "{content_type} {:?}", String::from_utf8_lossy(body));
    }

    const FORM: &str = "multipart/form-data; boundary=b-1";

    #[test]
    fn parts_are_found_by_name_and_kept_byte_for_byte() {
        let body = b"--b-1\r\nContent-Disposition: form-data; name=\"sdp\"\r\nContent-Type: application/sdp\r\n\r\nv=offer\r\n\r\n\
            --b-1\r\ncontent-disposition: form-data; filename=\"a;b\"; name=session\r\n\r\n{\"a\":1}\r\n--b-1--\r\n";
        check(FORM, body, &[("sdp", "v=offer\r\n"), ("session", "{\"a\":1}")]);
    }

    #[test]
    fn a_boundary_may_be_quoted_and_stand_after_other_parameters() {
        let body = b"preamble\r\n--x y\nContent-Disposition: form-data; name=\"a \\\" b\"\n\n1\n--x y--";
        check("Multipart/Mixed; charset=utf-8; Boundary=\"x y\"", body, &[("a \" b", "1")]);
    }

    #[test]
    fn a_delimiter_inside_a_line_is_content() {
        let body = b"--b-1\r\ncontent-disposition: form-data; name=a\r\n\r\nx --b-1\r\n--b-1--";
        check(FORM, body, &[("a", "x --b-1")]);
    }

    #[test]
    fn of_two_parts_with_one_name_the_last_counts() {
        let part = "--b-1\r\ncontent-disposition: form-data; name=a\r\n\r\n";
        check(FORM, format!("{part}1\r\n{part}2\r\n--b-1--").as_bytes(), &[("a", "2")]);
    }

    #[test]
    fn what_is_not_well_formed_gives_what_can_be_read() {
        let good = "--b-1\r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n";
        check(FORM, format!("{good}--b-1\r\nno name\r\n\r\n2\r\n--b-1--").as_bytes(), &[("a", "1")]);
        check(FORM, format!("{good}--b-1\r\ncontent-disposition: form-data; name=b\r\n\r\n2").as_bytes(), &[("a", "1")]);
        for body in [&b""[..], b"--b-1", b"--b-1\r\n", b"--b-1--", b"--b-1\r\n\r\n--b-1--", b"\xff\xfe--b-1\n\n\n--b-1"] {
            check(FORM, body, &[]);
        }
        for other in ["", "multipart/form-data", "multipart/form-data; boundary=", "application/json; boundary=b-1", "multipart/ö"] {
            check(other, good.as_bytes(), &[]);
        }
    }

    #[test]
    fn bytes_that_are_no_text_do_no_harm() {
        let body = b"--b-1\r\ncontent-disposition: form-data; name=a\r\n\r\n\x00\xffz\r\n--b-1--";
        check(FORM, body, &[("a", "\u{0}\u{fffd}z")]);
    }
}
