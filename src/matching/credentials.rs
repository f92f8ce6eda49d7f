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

/// What it is called, and what it looks like.
const FORMS: [(&str, &str); 14] = [
    ("an AWS access key id", r"\b(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
    ("a GitHub token", r"\bgh[pousr]_[0-9A-Za-z]{36}\b"),
    ("a GitHub fine-grained token", r"\bgithub_pat_[0-9A-Za-z_]{82}\b"),
    ("an Anthropic key", r"\bsk-ant-(?:api|admin)\d\d-[0-9A-Za-z_-]{93}AA\b"),
    ("an OpenAI key", r"\bsk-(?:proj|svcacct|admin)-[0-9A-Za-z_-]{20,}T3BlbkFJ[0-9A-Za-z_-]{20,}"),
    ("an OpenAI key", r"\bsk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}\b"),
    ("a Google API key", r"\bAIza[0-9A-Za-z_-]{35}"),
    ("a Slack token", r"\bxox[abeprs]-[0-9A-Za-z-]{10,}"),
    ("a Stripe key", r"\b[sr]k_live_[0-9A-Za-z]{16,}"),
    ("an npm token", r"\bnpm_[0-9A-Za-z]{36}\b"),
    ("a Hugging Face token", r"\bhf_[A-Za-z]{34}\b"),
    ("a JSON web token", r"\beyJ[0-9A-Za-z_-]{8,}\.eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{8,}"),
    ("a private key", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    ("a password in a URL", r"\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@]+:[^\s/@]+@"),
];

/// A credential in a text.
#[derive(Debug, PartialEq)]
pub struct Credential {
    pub name: &'static str,
    pub place: Range<usize>,
}

/// The first credential in a text that is neither an example (it holds `EXAMPLE`) nor `allowed`.
pub fn find(text: &str, allowed: &dyn Fn(&str) -> bool) -> Option<Credential> {
    static SET: OnceLock<RegexSet> = OnceLock::new();
    static EACH: OnceLock<Vec<Regex>> = OnceLock::new();
    let set = SET.get_or_init(|| RegexSet::new(FORMS.map(|(_, form)| form)).expect("the forms are well-formed"));
    let each = || EACH.get_or_init(|| FORMS.iter().map(|(_, form)| Regex::new(form).expect("the forms are well-formed")).collect());
    set.matches(text).into_iter().find_map(|form| {
        let name = FORMS[form].0;
        let real = |found: &regex::Match<'_>| {
            let found = found.as_str();
            !found.contains("EXAMPLE") && !allowed(found) && (name != "a JSON web token" || has_header(found))
        };
        each()[form].find_iter(text).find(real).map(|found| Credential { name, place: found.range() })
    })
}

/// So much of a credential may be shown: enough to find it again, and not to use it.
const SHOWN: usize = 6;

/// The text with no credential in full; of a private key nothing is left at all.
pub fn masked(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(Credential { name, place }) = find(rest, &|_| false) {
        let (shown, end) = if name == "a private key" {
            ("a private key".to_owned(), end_of_key(rest, place.end))
        } else {
            (rest[place.clone()].chars().take(SHOWN).collect(), place.end)
        };
        // What stands before it may hold one of another form, which is looked for later.
        out += &format!("{}{shown}…", masked(&rest[..place.start]));
        rest = &rest[end..];
    }
    out + rest
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
    fn an_allowed_one_does_not_hide_another() {
        let (first, second) = (format!("ghp_{}", "a".repeat(36)), format!("ghp_{}", "b".repeat(36)));
        let text = format!("{first} {second}");
        let found = find(&text, &|found| found == first).unwrap();
        assert_eq!(&text[found.place], second);
    }
}
