//! How a text is cut into deltas.
//!
//! Owns: where a word ends.
//! Must not know: what carries the deltas.

use crate::model::wire::Delta;

/// The deltas of a text, in order; joined they are the text. An empty text has none.
pub fn deltas(text: &str, how: Delta) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = match how {
            Delta::Word => word_end(rest),
            Delta::Char => chars_end(rest, 1),
            Delta::Chars(count) => chars_end(rest, count.max(1)),
        };
        let (delta, after) = rest.split_at(end);
        rest = after;
        Some(delta)
    })
}

/// A word takes the white space before it along, as tokens do; the last one also what follows it.
fn word_end(text: &str) -> usize {
    let start = text.find(|c: char| !c.is_whitespace()).unwrap_or(text.len());
    let end = text[start..].find(char::is_whitespace).map_or(text.len(), |at| start + at);
    if text[end..].trim_start().is_empty() { text.len() } else { end }
}

fn chars_end(text: &str, count: usize) -> usize {
    text.char_indices().nth(count).map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, how: Delta, expected: &[&str]) {
        assert_eq!(deltas(text, how).collect::<Vec<_>>(), expected, "{text:?}");
        assert_eq!(deltas(text, how).collect::<String>(), text);
    }

    #[test]
    fn words_keep_their_spaces() {
        check("one  two\nthree ", Delta::Word, &["one", "  two", "\nthree "]);
        check("  ", Delta::Word, &["  "]);
    }

    #[test]
    fn characters_are_never_split() {
        check("aß語", Delta::Char, &["a", "ß", "語"]);
        check("aß語", Delta::Chars(2), &["aß", "語"]);
    }

    #[test]
    fn nothing_has_no_deltas() {
        check("", Delta::Word, &[]);
        check("", Delta::Char, &[]);
    }

    #[test]
    fn no_characters_at_a_time_are_one() {
        check("ab", Delta::Chars(0), &["a", "b"]);
    }
}
