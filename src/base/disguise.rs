//! A secret in disguise: the forms in which it may stand in a text, and the mark that replaces it.
//!
//! Owns: the names of disguises, the letters that a disguised secret has, the form of marks.
//! Must not know: where secrets come from, how texts are searched.

/// How a secret stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disguise {
    /// In upper and lower case as it never was.
    Case,
    /// Some characters as `%41`, `\x41`, `\u0041`, `&#65;` or `0x41`.
    Escaped,
    /// In full-width or invisible characters.
    Unicode,
    /// With something between its characters, or over several texts.
    Split,
    Reversed,
    Rot13,
    Hex,
    Base32,
    Base64,
    /// A part of it of twelve characters or more, in any of these forms.
    Part,
}

impl Disguise {
    /// The word in marks.
    pub fn word(self) -> &'static str {
        match self {
            Disguise::Case => "case",
            Disguise::Escaped => "escaped",
            Disguise::Unicode => "unicode",
            Disguise::Split => "split",
            Disguise::Reversed => "reversed",
            Disguise::Rot13 => "rot13",
            Disguise::Hex => "hex",
            Disguise::Base32 => "base32",
            Disguise::Base64 => "base64",
            Disguise::Part => "part",
        }
    }
}

/// `«name»`, or `«name:base64»` for a secret in disguise.
pub fn mark(name: &str, disguise: Option<Disguise>) -> String {
    match disguise {
        Some(disguise) => format!("«{name}:{}»", disguise.word()),
        None => format!("«{name}»"),
    }
}

/// The marks in a text: the name, and the word of the disguise.
pub fn marks(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let after = text.split('«').skip(1);
    after.filter_map(|rest| {
        let (inside, _) = rest.split_once('»')?;
        let (name, word) = inside.split_once(':').map_or((inside, None), |(name, word)| (name, Some(word)));
        (!name.is_empty() && !name.contains(char::is_whitespace)).then_some((name, word))
    })
}

/// What a filter makes of a text that is nothing but a mark: the mark of the secret in that disguise.
pub fn disguised(text: &str, disguise: Disguise) -> Option<String> {
    let name = text.strip_prefix('«')?.strip_suffix('»')?;
    (!name.contains(['«', ':'])).then(|| mark(name, Some(disguise)))
}

/// The letters and digits, in lower case, that a secret has in each form that more than its own letters show. In base64 and base32 what
/// stands before it shifts it, so there is one for each alignment, without the characters at both ends that hold foreign bits too.
pub fn forms(secret: &str) -> Vec<(Option<Disguise>, String)> {
    const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut forms = vec![
        (None, secret.to_owned()),
        (Some(Disguise::Reversed), secret.chars().rev().collect()),
        (Some(Disguise::Rot13), secret.chars().map(rot13).collect()),
        (Some(Disguise::Hex), digits(secret, 4, 0, HEX)),
    ];
    forms.extend((0..3).map(|before| (Some(Disguise::Base64), digits(secret, 6, before, BASE64))));
    forms.extend((0..5).map(|before| (Some(Disguise::Base32), digits(secret, 5, before, BASE32))));
    let plain = |text: String| text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    forms.into_iter().map(|(disguise, text)| (disguise, plain(text))).collect()
}

/// The digits of `width` bits that hold bits of the secret only, where `before` other bytes stand before it.
fn digits(secret: &str, width: usize, before: usize, alphabet: &[u8]) -> String {
    let bits: Vec<u8> = secret.bytes().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let foreign = (width - before * 8 % width) % width;
    let own = bits.get(foreign..).unwrap_or_default();
    let digit = |bits: &[u8]| bits.iter().fold(0usize, |digit, bit| digit << 1 | usize::from(*bit));
    own.chunks_exact(width).map(|bits| char::from(alphabet[digit(bits)])).collect()
}

fn rot13(c: char) -> char {
    let turned = |first: u8| char::from(first + (c as u8 - first + 13) % 26);
    match c {
        'a'..='z' => turned(b'a'),
        'A'..='Z' => turned(b'A'),
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn the_digits_stand_in_the_encoding_whatever_stands_around() {
        let secret = "Zk3vQ9xT7bLm";
        for before in 0..3 {
            let encoded = STANDARD.encode(format!("{}{secret}yy", "x".repeat(before))).to_lowercase();
            let form = forms(secret).into_iter().filter(|(disguise, _)| *disguise == Some(Disguise::Base64)).nth(before).unwrap().1;
            assert!(form.len() >= 14 && encoded.replace(['+', '/'], "").contains(&form), "{form} in {encoded}");
        }
        assert_eq!(forms("A~")[3].1, "417e");
        assert_eq!(forms("Uryyb1")[2].1, "hello1");
        // `printf hello | base32` is NBSWY3DP, and so is each of its letters here.
        assert_eq!(digits("hello", 5, 0, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), "NBSWY3DP");
    }

    #[test]
    fn marks_are_read_as_they_are_written() {
        let text = format!("a {} b {}, «», «c d», « and «open", mark("x.y", None), mark("z", Some(Disguise::Base64)));
        assert_eq!(marks(&text).collect::<Vec<_>>(), [("x.y", None), ("z", Some("base64"))]);
    }

    #[test]
    fn only_a_mark_alone_is_disguised() {
        assert_eq!(disguised("«x»", Disguise::Hex).as_deref(), Some("«x:hex»"));
        for text in ["«x:hex»", "x", "a «x»", "«x»«y»", ""] {
            assert_eq!(disguised(text, Disguise::Hex), None, "{text}");
        }
    }
}
