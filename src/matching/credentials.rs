//! Credentials that can be told by their form: keys and tokens of well-known makers, private keys, passwords in URLs.
//!
//! Owns: the forms, and what is an example and no credential.
//! Must not know: planted secrets, where texts come from.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use regex::{Regex, RegexSet};
use serde_json::Value;
use std::ops::Range;
use std::sync::OnceLock;

/// What it is called, and what it looks like. No letter or digit stands before a `<` or after a `>`: otherwise words would be taken for
/// keys (`task_live_…`). Where nothing else looks so, whatever stands before it hides nothing.
const FORMS: [(&str, &str); 14] = [
    ("an AWS access key id", r"<(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}>"),
    ("a GitHub token", r"gh[pousr]_[0-9A-Za-z]{36}>"),
    ("a GitHub fine-grained token", r"github_pat_[0-9A-Za-z_]{82}>"),
    ("an Anthropic key", r"<sk-ant-(?:api|admin)\d\d-[0-9A-Za-z_-]{93}AA>"),
    ("an OpenAI key", r"<sk-(?:proj|svcacct|admin)-[0-9A-Za-z_-]{20,}T3BlbkFJ[0-9A-Za-z_-]{20,}"),
    ("an OpenAI key", r"<sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}>"),
    ("a Google API key", r"<AIza[0-9A-Za-z_-]{35}"),
    ("a Slack token", r"<xox[abeprs]-[0-9A-Za-z-]{10,}"),
    ("a Stripe key", r"<[sr]k_live_[0-9A-Za-z]{16,}"),
    ("an npm token", r"npm_[0-9A-Za-z]{36}>"),
    ("a Hugging Face token", r"<hf_[A-Za-z]{34}>"),
    ("a JSON web token", r"eyJ[0-9A-Za-z_-]{8,}\.eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{8,}"),
    ("a private key", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    ("a password in a URL", r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@]+:[^\s/@]+@"),
];

/// Letters of other scripts, `_`, and the letters of an escape (`\n`, `\u003d`, `%3D`) are no part of a word that a key could stand in.
const BEFORE: &str = r"(?:^|[^0-9A-Za-z]|\\[bfnrt]|\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2})";
const AFTER: &str = "(?:[^0-9A-Za-z]|$)";

/// The credential is the first group.
fn source(form: &str) -> String {
    let (form, before) = form.strip_prefix('<').map_or((form, ""), |form| (form, BEFORE));
    let (form, after) = form.strip_suffix('>').map_or((form, ""), |form| (form, AFTER));
    format!("{before}({form}){after}")
}

/// A credential in a text.
#[derive(Debug, PartialEq)]
pub struct Credential {
    pub name: &'static str,
    pub place: Range<usize>,
}

/// The first credential in a text that is neither an example (it holds `EXAMPLE`) nor `allowed`.
pub fn find(text: &str, allowed: &dyn Fn(&str) -> bool) -> Option<Credential> {
    all(text).find(|found| !allowed(&text[found.place.clone()]))
}

/// Every credential in a text that is no example, form by form; those of different forms may overlap.
fn all(text: &str) -> impl Iterator<Item = Credential> {
    static SET: OnceLock<RegexSet> = OnceLock::new();
    static EACH: OnceLock<Vec<Regex>> = OnceLock::new();
    let set = SET.get_or_init(|| RegexSet::new(FORMS.map(|(_, form)| source(form))).expect("the forms are well-formed"));
    let each =
        || EACH.get_or_init(|| FORMS.iter().map(|(_, form)| Regex::new(&source(form)).expect("the forms are well-formed")).collect());
    set.matches(text).into_iter().flat_map(move |form| {
        let (name, mut from) = (FORMS[form].0, 0);
        // What stands after one may stand before the next.
        let places = std::iter::from_fn(move || {
            let place = each()[form].captures_at(text, from)?.get(1)?.range();
            from = place.end;
            Some(place)
        });
        let real = move |place: &Range<usize>| {
            let found = &text[place.clone()];
            !found.contains("EXAMPLE") && (name != "a JSON web token" || has_header(found))
        };
        places.filter(real).map(move |place| Credential { name, place })
    })
}

/// So much of a credential may be shown: enough to find it again, and not to use it.
const SHOWN: usize = 6;

/// The text with no credential in full; of a private key nothing is left at all.
pub fn masked(text: &str) -> String {
    let mut found: Vec<Credential> = all(text).collect();
    found.sort_by_key(|found| found.place.start);
    let (mut out, mut written) = (String::new(), 0);
    for Credential { name, place } in found {
        let is_key = name == "a private key";
        if place.start >= written {
            out += &text[written..place.start];
            let shown: String = text[place.clone()].chars().take(SHOWN).collect();
            out += &format!("{}…", if is_key { name } else { &shown });
        }
        // One that begins inside another may end after it.
        if place.end > written {
            written = if is_key { end_of_key(text, place.end) } else { place.end };
        }
    }
    out + &text[written..]
}

fn end_of_key(text: &str, from: usize) -> usize {
    let end = text[from..].find("-----END ").map(|at| from + at + "-----END ".len());
    let close = end.and_then(|end| text[end..].find("-----").map(|at| end + at + "-----".len()));
    close.unwrap_or(text.len())
}

/// The first part of a web token is a JSON mapping that names its algorithm.
fn has_header(token: &str) -> bool {
    let header = token.split('.').next().and_then(|header| URL_SAFE_NO_PAD.decode(header).ok());
    header.and_then(|header| serde_json::from_slice::<Value>(&header).ok()).is_some_and(|header| header.get("alg").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_credential_stays_in_full_wherever_it_stands() {
        for (name, sample) in samples() {
            let masked = masked(&format!("a {sample} b {sample} c"));
            assert!(!masked.contains(&sample) && masked.starts_with("a ") && find(&masked, &|_| false).is_none(), "{name}: {masked}");
        }
        let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- and more";
        assert_eq!(masked(key), "a private key… and more");
        assert_eq!(masked("-----BEGIN PRIVATE KEY-----\nMIIE"), "a private key…");
        assert_eq!(masked("AKIAIOSFODNN7EXAMPLE is none"), "AKIAIOSFODNN7EXAMPLE is none");
    }

    /// Made by the rules of each form, so that no text here is a credential of anybody.
    fn samples() -> Vec<(&'static str, String)> {
        let (a, d) = ("ABCDEFGHIJKLMNOP", "Zk3vQ9xT7bLmW2cR8nYp5sHd4fGj6kAe0123456789".repeat(3));
        let token = format!(
            "{}.{}.{}",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#),
            URL_SAFE_NO_PAD.encode(r#"{"sub":"1234"}"#),
            &d[..20]
        );
        vec![
            ("an AWS access key id", format!("AKIA{a}")),
            ("a GitHub token", format!("ghp_{}", &d[..36])),
            ("a GitHub fine-grained token", format!("github_pat_{}", &d[..82])),
            ("an Anthropic key", format!("sk-ant-api03-{}AA", &d[..93])),
            ("an OpenAI key", format!("sk-proj-{}T3BlbkFJ{}", &d[..24], &d[24..48])),
            ("an OpenAI key", format!("sk-{}T3BlbkFJ{}", &d[..20], &d[20..40])),
            ("a Google API key", format!("AIza{}", &d[..35])),
            ("a Slack token", format!("xoxb-123456789012-{}", &d[..10])),
            ("a Stripe key", format!("sk_live_{}", &d[..24])),
            ("an npm token", format!("npm_{}", &d[..36])),
            ("a Hugging Face token", format!("hf_{}", "AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh")),
            ("a JSON web token", token),
            ("a private key", "-----BEGIN OPENSSH PRIVATE KEY-----".to_owned()),
            ("a password in a URL", "postgres://app:hunter22@db.example/x".to_owned()),
        ]
    }

    fn name(text: &str) -> Option<&'static str> {
        find(text, &|_| false).map(|found| found.name)
    }

    #[test]
    fn each_form_is_found_in_a_text() {
        assert_eq!(samples().len(), FORMS.len());
        for (at, (expected, sample)) in samples().iter().enumerate() {
            assert_eq!(*expected, FORMS[at].0);
            assert_eq!(name(&format!("The key is \"{sample}\", keep it.")), Some(*expected), "{sample}");
        }
    }

    #[test]
    fn what_is_cut_or_an_example_is_none() {
        for (_, sample) in samples() {
            let cut: String = sample.chars().take(9).collect();
            assert_eq!(name(&cut), None, "{cut}");
            assert_eq!(find(&sample, &|_| true), None, "{sample}");
        }
        for text in [
            "",
            "AKIAIOSFODNN7EXAMPLE",
            "sk-checkride-dummy-key",
            "a sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "eyJhbGciOiJI.eyJzdWIiOiIx.not-a-token",
            "https://example.org:8080/a@b",
            "-----BEGIN CERTIFICATE-----",
            "-----BEGIN PUBLIC KEY-----",
        ] {
            assert_eq!(name(text), None, "{text}");
        }
    }

    #[test]
    fn what_stands_beside_one_does_not_hide_it() {
        for (name, sample) in samples() {
            for text in [
                format!("您的密钥{sample}的"),
                format!("key_{sample} x"),
                format!("_{sample}_ x"),
                format!("a\\n{sample}"),
                format!("d=key%3D{sample}"),
            ] {
                assert_eq!(self::name(&text), Some(name), "{text}");
                assert!(!masked(&text).contains(&sample), "{text}");
            }
        }
        let (_, key) = &samples()[0];
        assert_eq!(masked(&format!("{key} {key}_{key}")), "AKIAAB… AKIAAB…_AKIAAB…");
    }

    #[test]
    fn a_part_of_a_word_is_none() {
        let letters = "AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGhI";
        for text in [
            format!("task_live_{letters}"),
            format!("risk-proj-{letters}T3BlbkFJ{letters}"),
            format!("task-{}T3BlbkFJ{}", &letters[..20], &letters[..20]),
            format!("EURASIA{}", "ABCDEFGHIJKLMNOP"),
            format!("xAIza{letters}"),
            format!("shf_{}", &letters[..34]),
            format!("ghp_{letters}ab"),
        ] {
            assert_eq!(name(&text), None, "{text}");
        }
    }

    #[test]
    fn credentials_that_overlap_are_masked_once() {
        let (_, token) = &samples()[1];
        assert_eq!(masked(&format!("see https://u:{token}@b.example/x")), "see https:…b.example/x");
        let key = "-----BEGIN PRIVATE KEY-----";
        assert_eq!(masked(&format!("{key}\n{token}\n{key} x -----END PRIVATE KEY----- {token}")), "a private key… ghp_Zk…");
    }

    #[test]
    fn a_long_text_full_of_them_is_masked_soon() {
        let began = std::time::Instant::now();
        let text = "a://b:c@".repeat(1 << 17) + &"-----BEGIN PRIVATE KEY-----".repeat(1 << 12);
        assert_eq!(masked(&text).matches('…').count(), (1 << 17) + 1);
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
    }

    #[test]
    fn an_allowed_one_does_not_hide_another() {
        let (first, second) = (format!("ghp_{}", "a".repeat(36)), format!("ghp_{}", "b".repeat(36)));
        let text = format!("{first} {second}");
        let found = find(&text, &|found| found == first).unwrap();
        assert_eq!(&text[found.place], second);
    }
}
