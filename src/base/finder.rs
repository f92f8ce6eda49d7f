//! Finding planted secrets in texts, in whatever form they stand there.
//!
//! Owns: the automata over all forms of all secrets, which disguise a hit has, putting marks in the place of hits.
//! Must not know: where texts come from, what a hit means.

use super::disguise::{Disguise, forms, mark};
use super::letters::letters;
use aho_corasick::{AhoCorasick, MatchKind};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// So many characters of a secret in a row are a part of it that nobody writes by accident.
const PART: usize = 12;

/// The secrets that were planted. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Finder {
    secrets: Vec<(String, String)>,
    whole: Option<Arc<Automaton>>,
    /// Made when first asked for: most runs never need it.
    parts: Arc<OnceLock<Automaton>>,
}

#[derive(Debug)]
struct Automaton {
    automaton: AhoCorasick,
    shapes: Vec<Shape>,
    shortest: usize,
}

/// What one pattern of an automaton is a form of.
#[derive(Clone, Debug)]
struct Shape {
    secret: usize,
    /// `None`: its own letters.
    disguise: Option<Disguise>,
    /// What of the form comes after the pattern, if that is a part of it.
    rest: Vec<u8>,
}

/// A secret that was found.
#[derive(Debug)]
struct Hit {
    shown: String,
    /// Of the joined texts.
    place: Range<usize>,
}

impl Finder {
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// Adds a secret under the name that marks show. It should be long and random: nothing else is like it in any form.
    pub fn add(&mut self, name: &str, secret: &str) {
        self.secrets.push((name.to_owned(), secret.to_owned()));
        let shape = |(secret, disguise, text): (usize, Option<Disguise>, String)| (text, Shape { secret, disguise, rest: vec![] });
        self.whole = Automaton::new(self.forms().map(shape)).map(Arc::new);
        self.parts = Arc::default();
    }

    /// Where marks of these secrets stand in a text.
    pub fn marks(&self, text: &str) -> Vec<Range<usize>> {
        if self.is_empty() {
            return vec![];
        }
        let begins = text.match_indices('«').map(|(at, _)| at);
        let mark = |begin: usize| {
            let (inside, _) = text[begin + '«'.len_utf8()..].split_once('»')?;
            let name = inside.split_once(':').map_or(inside, |(name, _)| name);
            let end = begin + '«'.len_utf8() + inside.len() + '»'.len_utf8();
            self.secrets.iter().any(|(known, _)| known == name).then_some(begin..end)
        };
        begins.filter_map(mark).collect()
    }

    fn forms(&self) -> impl Iterator<Item = (usize, Option<Disguise>, String)> {
        let of =
            |(at, (_, secret)): (usize, &(String, String))| forms(secret).into_iter().map(move |(disguise, text)| (at, disguise, text));
        self.secrets.iter().enumerate().flat_map(of)
    }

    /// Twelve characters of a secret, and as much of its other forms.
    fn parts(&self) -> Option<&Automaton> {
        let windows = self.forms().flat_map(|(secret, _, text)| {
            let length = (text.len() * PART).div_ceil(self.secrets[secret].1.len().max(1));
            let window = |from: usize| {
                let rest = text.as_bytes()[from + length..].to_vec();
                (text[from..from + length].to_owned(), Shape { secret, disguise: Some(Disguise::Part), rest })
            };
            let count = (text.len() + 1).saturating_sub(length);
            (0..count).map(window).collect::<Vec<_>>()
        });
        if self.is_empty() {
            return None;
        }
        Some(self.parts.get_or_init(|| Automaton::new(windows).expect("there are secrets")))
    }

    /// Puts marks in the place of secrets, also of one that stands over several of the texts. With `parts` also in the place of parts.
    /// True if there were any.
    pub fn redact(&self, texts: &mut [&mut String], parts: bool) -> bool {
        let mut found = self.replace(self.whole.as_deref(), texts);
        if parts {
            found |= self.replace(self.parts(), texts);
        }
        found
    }

    fn replace(&self, automaton: Option<&Automaton>, texts: &mut [&mut String]) -> bool {
        let Some(automaton) = automaton else { return false };
        // Most texts are shorter than any secret, and nearly all of the others hold none.
        if texts.iter().map(|text| text.len()).sum::<usize>() < automaton.shortest {
            return false;
        }
        let hits = match texts {
            [only] => self.hits(automaton, only),
            _ => self.hits(automaton, &texts.iter().map(|text| text.as_str()).collect::<String>()),
        };
        for hit in hits.iter().rev() {
            put(&hit.shown, &hit.place, texts);
        }
        !hits.is_empty()
    }

    fn hits(&self, automaton: &Automaton, text: &str) -> Vec<Hit> {
        let mut plain = Vec::with_capacity(text.len());
        letters(text, |letter, _| plain.push(letter));
        let found: Vec<_> = automaton.automaton.find_iter(&plain).collect();
        if found.is_empty() {
            return vec![];
        }
        let mut places = Vec::with_capacity(plain.len());
        letters(text, |_, place| places.push(place));
        let (mut taken, mut shown) = (0, 0);
        let hits = found.iter().filter_map(|found| {
            let shape = &automaton.shapes[found.pattern().as_usize()];
            let more = shape.rest.iter().zip(&plain[found.end()..]).take_while(|(own, seen)| own == seen).count();
            let from = std::mem::replace(&mut taken, found.end() + more).max(found.start());
            let own = places.get(from..found.end() + more).filter(|own| !own.is_empty())?;
            let (name, secret) = &self.secrets[shape.secret];
            let disguise = shape.disguise.or_else(|| worn(own, text, secret));
            let place = encoded(text, own[0].start..own[own.len() - 1].end, disguise);
            let place = place.start.max(shown)..place.end;
            shown = place.end;
            Some(Hit { shown: mark(name, disguise), place })
        });
        hits.collect()
    }
}

/// In base64 and base32 the characters at both ends of a secret hold bits of it and of what stands beside it. They go with it: they
/// are another in each run, so that nothing said of the text would hold in the next one.
fn encoded(text: &str, place: Range<usize>, disguise: Option<Disguise>) -> Range<usize> {
    if !matches!(disguise, Some(Disguise::Base64 | Disguise::Base32)) {
        return place;
    }
    let digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    let before = text.as_bytes()[..place.start].last().is_some_and(digit);
    let after = text.as_bytes()[place.end..].first().is_some_and(digit);
    let end = place.end + usize::from(after);
    let padding = text.as_bytes()[end..].iter().take_while(|byte| **byte == b'=').count();
    place.start - usize::from(before)..end + padding
}

/// Replaces a part of the joined texts: what is shown stands where the part begins.
fn put(shown: &str, place: &Range<usize>, texts: &mut [&mut String]) {
    let (mut begin, mut shown) = (0, Cow::Borrowed(shown));
    // Ends are taken before the texts change.
    for text in texts {
        let end = begin + text.len();
        let own = place.start.max(begin)..place.end.min(end);
        if own.start < own.end {
            text.replace_range(own.start - begin..own.end - begin, &std::mem::take(&mut shown));
        }
        begin = end;
    }
}

impl Automaton {
    fn new(patterns: impl Iterator<Item = (String, Shape)>) -> Option<Automaton> {
        let (texts, shapes): (Vec<_>, Vec<_>) = patterns.filter(|(text, _)| text.len() >= PART).unzip();
        let shortest = texts.iter().map(String::len).min()?;
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&texts);
        Some(Automaton { automaton: automaton.expect("a few short patterns are not too many"), shapes, shortest })
    }
}

/// The disguise of a secret that stands in its own letters.
fn worn(places: &[Range<usize>], text: &str, secret: &str) -> Option<Disguise> {
    if places.iter().any(|place| !text[place.clone()].is_ascii()) {
        return Some(Disguise::Unicode);
    }
    if places.iter().any(|place| place.len() > 1) {
        return Some(Disguise::Escaped);
    }
    match &text[places[0].start..places[places.len() - 1].end] {
        whole if whole == secret => None,
        whole if whole.eq_ignore_ascii_case(secret) => Some(Disguise::Case),
        _ => Some(Disguise::Split),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    const SECRET: &str = "Zk3vQ9xT7bLmW2cR8nYp5sHd4fGj6kAe";

    fn finder() -> Finder {
        let mut finder = Finder::default();
        finder.add("pin", SECRET);
        finder.add("other", "aB1aB1aB1aB1aB1aB1aB1aB1aB1aB1aB1");
        finder
    }

    fn redacted(texts: &[&str], parts: bool) -> Vec<String> {
        let mut owned: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        finder().redact(&mut owned.iter_mut().collect::<Vec<_>>(), parts);
        owned
    }

    fn check(text: &str, shown: &str) {
        assert_eq!(redacted(&[text], false), [shown], "{text}");
    }

    fn between(separator: &str) -> String {
        SECRET.split("").filter(|c| !c.is_empty()).collect::<Vec<_>>().join(separator)
    }

    #[test]
    fn a_secret_is_found_in_every_form() {
        check(&format!("a {SECRET}, b"), "a «pin», b");
        check(&SECRET.to_lowercase(), "«pin:case»");
        check(&SECRET.chars().rev().collect::<String>(), "«pin:reversed»");
        check(&SECRET.bytes().map(|byte| format!("{byte:02x}")).collect::<String>(), "«pin:hex»");
        check(&SECRET.bytes().map(|byte| format!("{byte:02X} ")).collect::<String>(), "«pin:hex» ");
        check(&SECRET.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>(), "«pin:escaped»");
        check(&SECRET.bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>(), "«pin:escaped»");
        check(&SECRET.bytes().map(|byte| format!("0x{byte:02x},")).collect::<String>(), "«pin:escaped»,");
        check(&format!("%{:02x}{}", SECRET.as_bytes()[0], &SECRET[1..]), "«pin:escaped»");
        check(&SECRET.chars().map(|c| char::from_u32(0xE0000 + c as u32).unwrap()).collect::<String>(), "«pin:unicode»");
        check("Mx3iD9kG7oYzJ2pE8aLc5fUq4sTw6xNr", "«pin:rot13»");
        for separator in [" ", "-", ".", "\n", "\u{200b}", " | ", "**", "\", \""] {
            check(&format!("is {}.", between(separator)), "is «pin:split».");
        }
    }

    #[test]
    fn a_secret_is_found_in_base64_at_every_place() {
        for before in ["", "a", "ab", "abc", "user:"] {
            for encoded in [STANDARD.encode(format!("{before}{SECRET}\n")), URL_SAFE.encode(format!("{before}{SECRET}"))] {
                let shown = redacted(&[&encoded], false).remove(0);
                assert!(shown.contains("«pin:base64»") && shown.chars().count() < 30, "{before}: {encoded}: {shown}");
                let (first, last) = encoded.split_at(21);
                assert!(redacted(&[&format!("{first}\n{last}")], false)[0].contains("«pin:base64»"), "{before}");
            }
        }
    }

    #[test]
    fn what_is_left_beside_an_encoded_secret_is_the_same_whatever_it_is() {
        const OTHER: &str = "qP0wO9eI8rU7tY6aL5sK4dJ3fH2gZ1xC";
        let shown = |secret: &str, before: &str, after: &str| {
            let mut finder = Finder::default();
            finder.add("pin", secret);
            [STANDARD.encode(format!("{before}{secret}{after}")), URL_SAFE.encode(format!("{before}{secret}{after}"))].map(|mut text| {
                finder.redact(&mut [&mut text], false);
                text
            })
        };
        for before in ["", "a", "ab", "user:"] {
            for after in ["", "\n", ", b", "1234"] {
                assert_eq!(shown(SECRET, before, after), shown(OTHER, before, after), "{before:?} {after:?}");
            }
        }
        assert_eq!(shown(SECRET, "", "")[0], "«pin:base64»");
    }

    #[test]
    fn a_secret_over_several_texts_is_found() {
        assert_eq!(redacted(&["is Zk3vQ9xT7bLm", " ", "W2cR8nYp5sHd4fGj6kAe. Bye"], false), ["is «pin:split»", "", ". Bye"]);
        let escaped: String = SECRET.bytes().map(|byte| format!("%{byte:02x}")).collect();
        assert_eq!(redacted(&["is ", &escaped[..17], &escaped[17..], "."], false), ["is ", "«pin:escaped»", "", "."]);
        assert_eq!(redacted(&["is Zk3vQ9xT7bLm", "W2cR8nYp5sHd4fGj6kAe. Bye"], false), ["is «pin»", ". Bye"]);
    }

    #[test]
    fn several_secrets_in_one_text_are_told_apart() {
        check(&format!("{SECRET}{SECRET} aB1aB1aB1aB1aB1aB1aB1aB1aB1aB1aB1"), "«pin»«pin» «other»");
    }

    #[test]
    fn a_part_is_found_where_parts_are_asked_for() {
        let text = format!("begins {} and", &SECRET[..20]);
        assert_eq!(redacted(&[&text], false), [text.as_str()]);
        assert_eq!(redacted(&[&text], true), ["begins «pin:part» and"]);
        assert_eq!(redacted(&[&SECRET[SECRET.len() - 12..]], true), ["«pin:part»"]);
        let hex: String = SECRET[3..17].bytes().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(redacted(&[&hex], true), ["«pin:part»"]);
        assert_eq!(redacted(&[&STANDARD.encode(&SECRET[..20])[..20]], true), ["«pin:part»"]);
        assert_eq!(redacted(&[SECRET], true), ["«pin»"]);
    }

    #[test]
    fn what_is_not_the_secret_stays() {
        let near = SECRET.replace('9', "8");
        for text in ["", "short", "an ordinary text of some length, with words", &near[..], &SECRET[..11], &SECRET[21..]] {
            assert_eq!(redacted(&[text], true)[0].contains('«'), text == near, "{text}");
            assert_eq!(redacted(&[text], false), [text]);
        }
    }
}
