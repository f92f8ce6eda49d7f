//! Secrets are replaced before anything is stored or shown.
//!
//! Owns: the list of secret texts of one case and their replacement.
//! Must not know: where secrets come from, what is stored.

use super::fingerprint::Fingerprint;
use super::span::SourceFile;
use serde_json::{Map, Value};

/// Shorter secrets are not replaced: they would tear ordinary text apart.
const SHORTEST: usize = 6;

/// Replaces each secret by `«name»`, in its own spelling and as it stands inside JSON text.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    /// Longest first, so that a secret which contains another is replaced whole.
    secrets: Vec<(String, String)>,
}

impl Redactor {
    /// Adds a secret under the name that will be shown for it.
    pub fn add(&mut self, name: &str, secret: &str) {
        if secret.chars().count() < SHORTEST {
            return;
        }
        let shown = format!("«{name}»");
        let escaped = Value::from(secret).to_string();
        let escaped = &escaped[1..escaped.len() - 1];
        if escaped != secret {
            self.secrets.push((escaped.to_owned(), shown.clone()));
        }
        self.secrets.push((secret.to_owned(), shown));
        self.secrets.sort_by_key(|(secret, _)| std::cmp::Reverse(secret.len()));
    }

    /// What may be kept of the secrets that stand in this file in clear.
    pub fn fingerprints(&self, written: &SourceFile, salt: &str) -> Vec<Fingerprint> {
        let name = |shown: &str| shown.trim_start_matches('«').trim_end_matches('»').to_owned();
        let stands_there = self.secrets.iter().filter(|(secret, _)| written.holds(secret));
        stands_there.map(|(secret, shown)| Fingerprint::of(&name(shown), secret, salt)).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// False if what stands in this JSON text, as `serde_json` writes it, certainly holds no secret, so that it need not be taken apart.
    pub fn may_be_in(&self, json: &str) -> bool {
        let is_plain = |secret: &str| !secret.contains(|c: char| matches!(c, '"' | '\\') || c.is_control());
        self.secrets.iter().any(|(secret, _)| !is_plain(secret) || holds(json, secret))
    }

    pub fn text(&self, text: &mut String) {
        for (secret, shown) in &self.secrets {
            if holds(text, secret) {
                *text = text.replace(secret.as_str(), shown);
            }
        }
    }

    /// Every text inside, keys included.
    pub fn object(&self, map: &mut Map<String, Value>) {
        map.values_mut().for_each(|item| self.value(item));
        // A secret as a key is rare, and only then is the mapping made anew.
        if map.keys().any(|key| self.secrets.iter().any(|(secret, _)| holds(key, secret))) {
            for (mut key, item) in std::mem::take(map) {
                self.text(&mut key);
                map.insert(key, item);
            }
        }
    }

    /// Every text inside, keys included.
    pub fn value(&self, value: &mut Value) {
        if self.is_empty() {
            return;
        }
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(map) => self.object(map),
            _ => {}
        }
    }
}

/// Most texts are shorter than any secret.
fn holds(text: &str, secret: &str) -> bool {
    text.len() >= secret.len() && text.contains(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_replaced_wherever_it_stands() {
        let mut redactor = Redactor::default();
        redactor.add("token", "s3cr\"et-value");
        let mut value = serde_json::json!({"a": "x s3cr\"et-value", "raw": "{\"t\":\"s3cr\\\"et-value\"}"});
        redactor.value(&mut value);
        assert_eq!(value, serde_json::json!({"a": "x «token»", "raw": "{\"t\":\"«token»\"}"}));
    }

    #[test]
    fn json_that_holds_no_secret_is_known_without_taking_it_apart() {
        let mut redactor = Redactor::default();
        redactor.add("token", "plain-secret");
        for (json, may) in [(r#"{"a":"b"}"#, false), (r#"{"a":["xplain-secretx"]}"#, true), (r#"{"plain-secret":1}"#, true)] {
            assert_eq!(redactor.may_be_in(json), may, "{json}");
        }
        // What is written with escapes may stand there with more of them.
        redactor.add("other", "with \"quotes\"");
        assert!(redactor.may_be_in("{}"));
    }

    #[test]
    fn a_short_word_is_no_secret() {
        let mut redactor = Redactor::default();
        redactor.add("pin", "1");
        assert!(redactor.is_empty());
    }
}
