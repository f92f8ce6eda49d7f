//! The letters and digits of texts, whatever stands between them and however each is written.
//!
//! Owns: what is left out, which escapes and look-alike characters stand for an ASCII letter or digit.
//! Must not know: what is looked for in them.

use std::ops::Range;

/// Gives each ASCII letter (in lower case) and digit of a text, with the bytes that it was taken from. Everything else is left out: what
/// separates (spaces, dashes, dots, line ends, zero-width characters, punctuation) and what is foreign. Read as the letters that they
/// stand for are `%41`, `\x41`, `\u0041`, `&#65;`, `0x41`, full-width characters and the invisible characters of the tag block.
pub fn letters(text: &str, mut each: impl FnMut(u8, Range<usize>)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let (letter, to) = match byte {
            b'0' => zero(bytes, at),
            byte if byte.is_ascii_alphanumeric() => (u32::from(byte), at + 1),
            b'%' | b'\\' | b'&' => escaped(bytes, at).unwrap_or((0, at + 1)),
            // The first bytes of full-width characters and of the tag block.
            0xEF | 0xF3 => look_alike(text, at),
            _ => (0, at + 1),
        };
        if let Some(letter) = u8::try_from(letter).ok().filter(u8::is_ascii_alphanumeric) {
            each(letter.to_ascii_lowercase(), at..to);
        }
        at = to;
    }
}

/// A zero, or a byte written `0x41` that stands alone.
fn zero(bytes: &[u8], at: usize) -> (u32, usize) {
    let plain = (u32::from(b'0'), at + 1);
    let stands_alone = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    if !matches!(bytes.get(at + 1), Some(b'x' | b'X')) || !stands_alone(at.checked_sub(1)) || !stands_alone(Some(at + 4)) {
        return plain;
    }
    number(bytes, at + 2, 2, 16).map_or(plain, |letter| (letter, at + 4))
}

/// The character that an escape stands for, and its end.
fn escaped(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    let hex = |from: usize, length: usize| Some((number(bytes, from, length, 16)?, from + length));
    match (bytes[at], bytes.get(at + 1)?) {
        (b'%', _) => {
            let (mut letter, mut to) = hex(at + 1, 2)?;
            // Encoded more than once: `%2541`.
            while let (b'%', Some((inner, end))) = (letter as u8, hex(to, 2)) {
                (letter, to) = (inner, end);
            }
            Some((letter, to))
        }
        (b'\\', b'x') => hex(at + 2, 2),
        (b'\\', b'u') if bytes.get(at + 2) == Some(&b'{') => closed(bytes, at + 3, b'}', 16),
        (b'\\', b'u') => hex(at + 2, 4),
        (b'&', b'#') => match bytes.get(at + 2)? {
            b'x' | b'X' => closed(bytes, at + 3, b';', 16),
            _ => closed(bytes, at + 2, b';', 10),
        },
        _ => None,
    }
}

/// A number of at most six digits with this end.
fn closed(bytes: &[u8], from: usize, end: u8, radix: u32) -> Option<(u32, usize)> {
    let length = bytes.get(from..)?.iter().take(7).position(|byte| *byte == end)?;
    Some((number(bytes, from, length, radix)?, from + length + 1))
}

fn number(bytes: &[u8], from: usize, length: usize, radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(bytes.get(from..from + length)?).ok()?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, radix).ok()).flatten()
}

/// A character that looks like an ASCII one, or is its invisible twin.
fn look_alike(text: &str, at: usize) -> (u32, usize) {
    let Some(character) = text[at..].chars().next() else { return (0, at + 1) };
    let letter = match u32::from(character) {
        code @ 0xFF01..=0xFF5E => code - 0xFF01 + 0x21,
        code @ 0xE0020..=0xE007E => code - 0xE0000,
        _ => 0,
    };
    (letter, at + character.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let mut out = String::new();
        letters(text, |letter, place| {
            assert!(text.get(place).is_some(), "{text:?}");
            out.push(char::from(letter));
        });
        assert_eq!(out, expected, "{text:?}");
    }

    #[test]
    fn what_separates_is_left_out() {
        check("A-b c.d\n\u{200b}e/Fäß1", "abcdef1");
        check("", "");
    }

    #[test]
    fn an_escape_is_the_letter_that_it_stands_for() {
        for text in ["%41b", "%2541b", "\\x41b", "\\u0041b", "\\u{41}b", "&#65;b", "&#x41;b", "0x41 b", "Ａb", "\u{E0041}b"] {
            check(text, "ab");
        }
    }

    #[test]
    fn what_only_looks_like_an_escape_is_itself() {
        for text in ["100%", "5%z", "\\n", "&amp;", "&#;", "&#9999999999;", "0xfg", "a0x41", "0x411", "\\u12"] {
            check(text, &text.chars().filter(char::is_ascii_alphanumeric).collect::<String>());
        }
    }

    #[test]
    fn a_byte_that_ends_a_text_is_no_panic() {
        for text in ["%", "%4", "\\", "\\u", "\\u{", "&", "&#", "&#x", "0", "0x", "0x4", "\u{FFFD}", "\u{F0000}"] {
            check(text, &text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase());
        }
    }
}
