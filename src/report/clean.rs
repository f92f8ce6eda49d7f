//! Text that agents wrote is hostile: it must not steer terminals, CI systems or the reader's eye.
//!
//! Owns: which characters and words are made harmless, and how.
//! Must not know: where the text is shown.

use regex::Regex;
use std::iter::Peekable;
use std::str::Chars;
use std::sync::LazyLock;

/// The text without terminal sequences and control characters. Line breaks and tabs stay; characters that cannot be seen but
/// change what is seen (direction marks, the tag block, zero widths) are shown as `\u{…}`.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => skip_escape(&mut rest),
            '\u{9b}' => skip_control_sequence(&mut rest),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(&mut rest),
            '\r' => {
                rest.next_if_eq(&'\n');
                out.push('\n');
            }
            '\n' | '\t' => out.push(c),
            '\u{fffe}' | '\u{ffff}' => {}
            _ if c.is_control() => {}
            _ if is_deceptive(c) => out.extend(c.escape_unicode()),
            _ => out.push(c),
        }
    }
    out
}

/// As [`plain`], in one line.
pub fn line(text: &str) -> String {
    plain(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// As [`plain`], and no line of it is a command to a CI system that reads the log (GitHub, Azure, TeamCity).
pub fn log(text: &str) -> String {
    static MARKED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)##(\[|vso\[|teamcity\[)").expect("a constant"));
    static LEADING: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^(\s*):(:+)").expect("a constant"));
    let text = plain(text);
    let text = MARKED.replace_all(&text, "## $1");
    LEADING.replace_all(&text, "$1: $2").into_owned()
}

/// At most so many bytes; what is left out of the middle is told.
pub fn cap(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let half = most / 2;
    let boundary = |at: &usize| text.is_char_boundary(*at);
    let head = &text[..(0..=half).rev().find(boundary).unwrap_or(0)];
    let tail = &text[(text.len() - half..=text.len()).find(boundary).unwrap_or(text.len())..];
    format!("{head}\n… {} bytes left out …\n{tail}", text.len() - head.len() - tail.len())
}

/// At most so many characters of one line.
pub fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// What follows an ESC.
fn skip_escape(rest: &mut Peekable<Chars<'_>>) {
    match rest.peek() {
        Some('[') => {
            rest.next();
            skip_control_sequence(rest);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            rest.next();
            skip_string(rest);
        }
        _ => {
            while rest.next_if(|c| matches!(c, ' '..='/')).is_some() {}
            rest.next_if(|c| matches!(c, '0'..='~'));
        }
    }
}

/// Parameters, then one final letter.
fn skip_control_sequence(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|c| matches!(c, ' '..='?')).is_some() {}
    rest.next_if(|c| matches!(c, '@'..='~'));
}

/// A text for the terminal itself. It ends with its line at the latest, so that nothing can be hidden by leaving it open.
fn skip_string(rest: &mut Peekable<Chars<'_>>) {
    while let Some(c) = rest.next_if(|c| *c != '\n') {
        match c {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' if rest.next_if_eq(&'\\').is_some() => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_stays() {
        for text in ["", "Grüße 👍🏽\n\tzweite Zeile", "a::b [x] #1", "日本語"] {
            assert_eq!(plain(text), text);
            assert_eq!(log(text), text);
        }
    }

    #[test]
    fn terminal_sequences_are_gone() {
        assert_eq!(
            plain("\u{1b}[1;31mred\u{1b}[0m \u{1b}]8;;http://x\u{7}link\u{1b}]8;;\u{1b}\\ \u{1b}(Bx \u{9b}2Jy\u{1b}c"),
            "red link x y"
        );
    }

    #[test]
    fn an_open_sequence_hides_only_its_line() {
        assert_eq!(plain("a\u{1b}]0;title\nshown"), "a\nshown");
        assert_eq!(plain("a\u{1b}[31\nshown\u{1b}"), "a\nshown");
    }

    #[test]
    fn control_characters_are_gone_and_lines_stay() {
        assert_eq!(plain("a\0b\u{8}c\u{7f}d\u{85}e\r\nf\rg\u{ffff}"), "abcde\nf\ng");
    }

    #[test]
    fn what_deceives_the_eye_is_shown() {
        assert_eq!(plain("a\u{202e}b\u{e0041}"), r"a\u{202e}b\u{e0041}");
    }

    #[test]
    fn no_line_is_a_command() {
        assert_eq!(log("::error::x\n  ::set-output name=a::b\nfine ::x"), ": :error::x\n  : :set-output name=a::b\nfine ::x");
        assert_eq!(
            log("##vso[task.setvariable]x ##VSO[a ##teamcity[b ##[add-mask]c"),
            "## vso[task.setvariable]x ## VSO[a ## teamcity[b ## [add-mask]c"
        );
        assert_eq!(log("\u{1b}[0m::error::x"), ": :error::x", "also once the sequences before it are gone");
        assert_eq!(log("a\r::error::x"), "a\n: :error::x");
    }

    #[test]
    fn long_text_loses_its_middle() {
        let text = format!("start{}end", "ä".repeat(1000));
        let short = cap(&text, 101);
        assert!(short.starts_with("start") && short.ends_with("end") && short.contains("bytes left out") && short.len() < 150, "{short}");
        assert_eq!(cap("short", 5), "short");
        assert_eq!(shorten("äöü", 2), "äö…");
        assert_eq!(shorten("äöü", 3), "äöü");
    }
}
