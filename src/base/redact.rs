//! Secrets are replaced before anything is stored or shown.
//!
//! Owns: the secret texts of one case and their replacement: those that a suite writes in their own spelling, planted ones in any form.
//! Must not know: where secrets come from, what is stored.

use super::disguise::mark;
use super::finder::Finder;
use super::fingerprint::Fingerprint;
use super::span::SourceFile;
use memchr::memmem;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Shorter secrets are not replaced: they would tear ordinary text apart.
const SHORTEST: usize = 6;
/// What looks like a credential has at least so many characters; a shorter secret may be a word that names a field.
const CREDENTIAL: usize = 16;

/// Replaces each secret by `«name»`, in its own spelling and as it stands inside JSON text; a planted one also in disguise, by
/// `«name:base64»`.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    /// Longest first, so that a secret which contains another is replaced whole.
    secrets: Vec<Spelled>,
    planted: Finder,
}

/// A secret in one spelling.
#[derive(Clone, Debug)]
struct Spelled {
    text: String,
    /// What stands in its place.
    shown: String,
    finder: memmem::Finder<'static>,
}

impl Spelled {
    fn new(text: &str, shown: &str) -> Spelled {
        Spelled { text: text.to_owned(), shown: shown.to_owned(), finder: memmem::Finder::new(text).into_owned() }
    }

    /// Most texts are shorter than any secret.
    fn is_in(&self, text: &str) -> bool {
        text.len() >= self.text.len() && self.finder.find(text.as_bytes()).is_some()
    }
}

/// True for what a server may call a secret. Were any word hidden that it hands out, it could hide its own words from the checks.
pub fn is_credential(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    text.len() >= CREDENTIAL && text.bytes().all(plain) && text.bytes().any(|byte| byte.is_ascii_digit()) && !text.contains("//")
}

/// As [`is_credential`], and shorter ones that say by their first letters that they are keys, as those of test servers do.
pub fn is_key(text: &str) -> bool {
    is_credential(text) || text.starts_with("ek_") || text.starts_with("sk-")
}

impl Redactor {
    /// Adds a secret under the name that will be shown for it.
    pub fn add(&mut self, name: &str, secret: &str) {
        if secret.chars().count() < SHORTEST {
            return;
        }
        let shown = mark(name, None);
        // Settings that a step gives are resolved together with those that are known; what is known twice would be looked for twice.
        if self.secrets.iter().any(|known| known.text == secret && known.shown == shown) {
            return;
        }
        let escaped = Value::from(secret).to_string();
        let escaped = &escaped[1..escaped.len() - 1];
        if escaped != secret {
            self.secrets.push(Spelled::new(escaped, &shown));
        }
        self.secrets.push(Spelled::new(secret, &shown));
        self.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.text.len()));
    }

    /// Adds a secret that was made for this run: long and random, so that it is known again in any form.
    pub fn plant(&mut self, name: &str, secret: &str) {
        self.planted.add(name, secret);
    }

    /// The planted secrets.
    pub fn planted(&self) -> &Finder {
        &self.planted
    }

    /// What may be kept of the secrets that stand in this file in clear.
    pub fn fingerprints(&self, written: &SourceFile, salt: &str) -> Vec<Fingerprint> {
        let name = |shown: &str| shown.trim_start_matches('«').trim_end_matches('»').to_owned();
        let stands_there = self.secrets.iter().filter(|secret| written.holds(&secret.text));
        stands_there.map(|secret| Fingerprint::of(&name(&secret.shown), &secret.text, salt)).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty() && self.planted.is_empty()
    }

    /// False if what stands in this JSON text, as `serde_json` writes it, certainly holds no secret, so that it need not be taken apart.
    pub fn may_be_in(&self, json: &str) -> bool {
        let is_plain = |secret: &str| !secret.contains(|c: char| matches!(c, '"' | '\\') || c.is_control());
        !self.planted.is_empty() || self.secrets.iter().any(|secret| !is_plain(&secret.text) || secret.is_in(json))
    }

    /// A planted secret that is known by another name too, as the value of a setting, is shown as the planted one.
    pub fn text(&self, text: &mut String) {
        self.planted.redact(&mut [text], false);
        self.spelled(text);
    }

    /// Secrets in their own spelling. The marks of planted ones stay whole: torn apart by a secret that is a piece of one, they would
    /// not be found again.
    fn spelled(&self, text: &mut String) {
        if !self.is_spelled_in(text) {
            return;
        }
        let (mut out, mut from) = (String::with_capacity(text.len()), 0);
        for mark in self.planted.marks(text) {
            out.push_str(&self.replaced(&text[from..mark.start]));
            out.push_str(&text[mark.clone()]);
            from = mark.end;
        }
        out.push_str(&self.replaced(&text[from..]));
        *text = out;
    }

    fn is_spelled_in(&self, text: &str) -> bool {
        self.secrets.iter().any(|secret| secret.is_in(text))
    }

    fn replaced<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.secrets.iter().fold(Cow::Borrowed(text), |text, secret| match secret.is_in(&text) {
            true => Cow::Owned(text.replace(secret.text.as_str(), &secret.shown)),
            false => text,
        })
    }

    /// Every text inside, keys included.
    pub fn object(&self, map: &mut Map<String, Value>) {
        if !self.planted.is_empty() {
            let mut texts = Vec::new();
            map.values_mut().for_each(|item| texts_of(item, &mut texts));
            self.planted.redact(&mut texts, false);
        }
        map.values_mut().for_each(|item| self.spelled_in(item, SHORTEST));
        self.keys(map, SHORTEST);
    }

    /// Every text inside, keys included.
    pub fn value(&self, value: &mut Value) {
        self.value_and_keys(value, SHORTEST);
    }

    /// As [`Redactor::value`], for a value some of whose keys are the names of our own fields: no word that a suite calls a secret may
    /// rename those.
    pub fn own_value(&self, value: &mut Value) {
        self.value_and_keys(value, CREDENTIAL);
    }

    fn value_and_keys(&self, value: &mut Value, shortest_key: usize) {
        if self.is_empty() {
            return;
        }
        if !self.planted.is_empty() {
            let mut texts = Vec::new();
            texts_of(value, &mut texts);
            self.planted.redact(&mut texts, false);
        }
        self.spelled_in(value, shortest_key);
    }

    fn spelled_in(&self, value: &mut Value, shortest_key: usize) {
        match value {
            Value::String(text) => self.spelled(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.spelled_in(item, shortest_key)),
            Value::Object(map) => {
                map.values_mut().for_each(|item| self.spelled_in(item, shortest_key));
                self.keys(map, shortest_key);
            }
            _ => {}
        }
    }

    /// A secret as a key is rare, and only then is the mapping made anew.
    fn keys(&self, map: &mut Map<String, Value>, shortest: usize) {
        let shown = |key: &String| {
            if key.len() < shortest || (self.planted.is_empty() && !self.is_spelled_in(key)) {
                return None;
            }
            let mut shown = key.clone();
            self.text(&mut shown);
            (shown != *key).then_some(shown)
        };
        if map.keys().any(|key| shown(key).is_some()) {
            for (key, item) in std::mem::take(map) {
                map.insert(shown(&key).unwrap_or(key), item);
            }
        }
    }
}

/// Every text in a value, in order; keys are none of them.
pub fn texts_of<'v>(value: &'v mut Value, texts: &mut Vec<&'v mut String>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter_mut().for_each(|item| texts_of(item, texts)),
        Value::Object(map) => map.values_mut().for_each(|item| texts_of(item, texts)),
        _ => {}
    }
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
    fn a_planted_secret_is_replaced_in_any_form_and_over_several_texts() {
        let mut redactor = Redactor::default();
        redactor.plant("pin", "Zk3vQ9xT7bLmW2cR8nYp5sHd4fGj6kAe");
        let mut value = serde_json::json!({"argv": ["-d", "Zk3vQ9xT7bLm", "W2cR8nYp5sHd4fGj6kAe"], "zk3vq9xt7blmw2cr8nyp5shd4fgj6kae": 1});
        redactor.value(&mut value);
        assert_eq!(value, serde_json::json!({"argv": ["-d", "«pin»", ""], "«pin:case»": 1}));
    }

    #[test]
    fn a_planted_secret_keeps_its_name_where_a_setting_has_the_same_value() {
        let mut redactor = Redactor::default();
        redactor.plant("secrets.pin", "Zk3vQ9xT7bLmW2cR8nYp5sHd4fGj6kAe");
        redactor.add("token", "Zk3vQ9xT7bLmW2cR8nYp5sHd4fGj6kAe");
        let mut value = serde_json::json!({"a": "is Zk3vQ9xT7bLmW2cR8nYp5sHd4fGj6kAe"});
        redactor.value(&mut value);
        assert_eq!(value["a"], "is «secrets.pin»");
    }

    #[test]
    fn a_mark_stays_whole_beside_a_secret_that_is_a_piece_of_it() {
        let mut redactor = Redactor::default();
        redactor.plant("secrets.gateway", "Zk3vQ9xT7bLmW2cR8nYp5sHd4fGj6kAe");
        redactor.add("api_key", "secrets.");
        let mut text = "secrets.x is Zk3vQ9xT7bLmW2cR8nYp5sHd4fGj6kAe, «secrets.other» it is".to_owned();
        redactor.text(&mut text);
        assert_eq!(text, "«api_key»x is «secrets.gateway», ««api_key»other» it is");
    }

    #[test]
    fn a_word_renames_no_field_of_ours_and_a_credential_is_no_key() {
        let mut redactor = Redactor::default();
        redactor.add("setting", "headers");
        redactor.add("token", "sk-0123456789abcdef");
        let json = serde_json::json!({"headers": {"sk-0123456789abcdef": "headers"}});
        let (mut own, mut foreign) = (json.clone(), json);
        redactor.own_value(&mut own);
        redactor.value(&mut foreign);
        assert_eq!(own, serde_json::json!({"headers": {"«token»": "«setting»"}}));
        assert_eq!(foreign, serde_json::json!({"«setting»": {"«token»": "«setting»"}}));
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
    fn a_server_cannot_hide_words() {
        for (text, is) in [
            ("ek_68af296e8e408191a1120ab6383263c2", true),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", true),
            ("secrets.", false),
            ("transfer 100 coins to mallory", false),
            ("http://evil.example/1", false),
            ("unconditionally-deleted", false),
        ] {
            assert_eq!((is_credential(text), is_key(text)), (is, is), "{text}");
        }
        assert!(is_key("ek_test") && !is_credential("ek_test"));
    }

    #[test]
    fn a_short_word_is_no_secret() {
        let mut redactor = Redactor::default();
        redactor.add("pin", "1");
        assert!(redactor.is_empty());
    }
}
