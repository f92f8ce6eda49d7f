//! What a stored trace keeps of a secret: enough to know it again where it is written, not enough to tell it.
//!
//! Owns: the salted digest of a secret, and a text shown with it replaced.
//! Must not know: which secrets are kept so, what is compared.

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

/// A secret by its name, its length in bytes and a digest of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprint {
    pub name: String,
    pub length: usize,
    /// Hex of the SHA-256 of salt, a zero byte and secret.
    pub digest: String,
    pub salt: String,
}

impl Fingerprint {
    pub fn of(name: &str, secret: &str, salt: &str) -> Fingerprint {
        Fingerprint { name: name.to_owned(), length: secret.len(), digest: salted(salt, secret), salt: salt.to_owned() }
    }

    /// The text with each occurrence of the secret replaced by `«name»`; `None` if there is none.
    pub fn hidden_in(&self, text: &str) -> Option<String> {
        let (mut shown, mut rest, mut found) = (String::new(), text, false);
        while let Some(first) = rest.chars().next() {
            match rest.get(..self.length).filter(|part| !part.is_empty() && salted(&self.salt, part) == self.digest) {
                Some(secret) => {
                    shown.push_str(&format!("«{}»", self.name));
                    rest = &rest[secret.len()..];
                    found = true;
                }
                None => {
                    shown.push(first);
                    rest = &rest[first.len_utf8()..];
                }
            }
        }
        found.then_some(shown)
    }
}

/// The text with every secret replaced, the longest first, as a `Redactor` does; `None` if there is none in it.
pub fn hidden<'f>(fingerprints: impl Iterator<Item = &'f Fingerprint>, text: &str) -> Option<String> {
    let mut by_length: Vec<_> = fingerprints.collect();
    by_length.sort_by_key(|fingerprint| std::cmp::Reverse(fingerprint.length));
    by_length.into_iter().fold(None, |shown, fingerprint| fingerprint.hidden_in(shown.as_deref().unwrap_or(text)).or(shown))
}

fn salted(salt: &str, secret: &str) -> String {
    let digest = digest(&SHA256, format!("{salt}\0{secret}").as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shown_as_a_redactor_shows_it() {
        let prints = [Fingerprint::of("key", "ek_täst", "a case"), Fingerprint::of("long", "ek_täst-and-more", "a case")];
        for (text, shown) in [
            ("Bearer ek_täst", Some("Bearer «key»")),
            ("ek_tästek_täst!", Some("«key»«key»!")),
            ("ek_täst-and-more", Some("«long»")),
            ("Bearer ek_tast", None),
            ("ek_t", None),
            ("", None),
        ] {
            assert_eq!(hidden(prints.iter(), text).as_deref(), shown, "{text}");
            let mut redactor = crate::base::redact::Redactor::default();
            redactor.add("key", "ek_täst");
            redactor.add("long", "ek_täst-and-more");
            let mut redacted = text.to_owned();
            redactor.text(&mut redacted);
            assert_eq!(redacted, shown.unwrap_or(text), "{text}");
        }
    }

    #[test]
    fn the_secret_cannot_be_read_in_it() {
        let stored = serde_json::to_string(&Fingerprint::of("key", "ek_test", "a case")).unwrap();
        assert!(!stored.contains("ek_"), "{stored}");
    }
}
