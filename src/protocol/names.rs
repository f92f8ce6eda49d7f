//! Which names a template may use while a protocol is carried out.
//!
//! Owns: the order in which names are looked up, random values.
//! Must not know: when values are saved, what they are used for.

use crate::model::template::{Found, Scope, found};
use indexmap::IndexMap;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::{Arc, Mutex};

/// Shared until written: a snapshot costs no copy.
pub(super) type Values = Arc<IndexMap<String, Value>>;

/// The values of `{{random.x}}`: a new one at each place, the same in each run of one seed.
#[derive(Clone)]
pub(super) struct Random(Arc<Mutex<fastrand::Rng>>);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))))
    }

    fn hex(&self, digits: usize) -> String {
        let mut random = self.0.lock().expect("no panic happens under this lock");
        (0..digits).map(|_| char::from_digit(random.u32(0..16), 16).unwrap_or('0')).collect()
    }

    /// `uuid`, or `hexN`.
    fn value(&self, kind: &str) -> Option<Value> {
        if kind == "uuid" {
            let mut hex = self.hex(32);
            // Version 4, variant 1.
            hex.replace_range(12..13, "4");
            let variant = u8::from_str_radix(&hex[16..17], 16).unwrap_or(0);
            hex.replace_range(16..17, &format!("{:x}", variant & 3 | 8));
            return Some(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]).into());
        }
        let digits: usize = kind.strip_prefix("hex")?.parse().ok()?;
        (1..=1024).contains(&digits).then(|| self.hex(digits).into())
    }
}

/// A snapshot of all names at one place.
#[derive(Clone)]
pub struct Names {
    /// `text`, `with`, `id`, `approval.x`: what only this place has.
    pub(super) local: IndexMap<String, Value>,
    pub(super) key: Value,
    pub(super) session: Values,
    pub(super) turn: Values,
    pub(super) agent: Values,
    /// Filled by `append`.
    pub(super) lists: Values,
    pub(super) settings: Values,
    pub(super) tools: Option<Value>,
    pub(super) random: Random,
    pub(super) start: Arc<dyn Scope + Send + Sync>,
}

impl Names {
    /// The settings, and what `before` and `connect` saved, as values that patterns can be tested against; not made where nobody asks.
    pub(super) fn for_conditions(&self, wanted: bool) -> (Value, Value) {
        let value = |values: &Values| Value::Object(values.iter().map(|(name, value)| (name.clone(), value.clone())).collect());
        if wanted { (value(&self.settings), value(&self.agent)) } else { (Value::Null, Value::Null) }
    }
}

impl Scope for Names {
    fn lookup(&self, name: &str) -> Found<'_> {
        let (root, rest) = name.split_once('.').unwrap_or((name, ""));
        match (root, rest) {
            ("session", "") => Found::Value(Cow::Borrowed(&self.key)),
            ("session", rest) => self.session.lookup(rest),
            ("turn", rest) => self.turn.lookup(rest),
            ("agent", rest) if !matches!(self.agent.lookup(rest), Found::Unknown) => self.agent.lookup(rest),
            ("random", rest) => self.random.value(rest).map_or(Found::Unknown, |value| Found::Value(Cow::Owned(value))),
            ("tools", "") if self.tools.is_some() => found(self.tools.as_ref()),
            _ => {
                let known: [&IndexMap<String, Value>; 3] = [&self.local, &self.lists, &self.settings];
                let answer = known.into_iter().map(|values| values.lookup(name)).find(|found| !matches!(found, Found::Unknown));
                answer.unwrap_or_else(|| self.start.lookup(name))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::template::Nothing;
    use serde_json::json;

    fn table(entries: &[(&str, Value)]) -> Values {
        Arc::new(entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    fn names() -> Names {
        Names {
            local: [("text".to_owned(), json!("hi")), ("model".to_owned(), json!("given")), ("nothing".to_owned(), Value::Null)].into(),
            key: json!("main-case-1"),
            session: table(&[("thread", json!({"id": 7}))]),
            turn: table(&[("run", json!("r1"))]),
            agent: table(&[("granted", json!(["a"]))]),
            lists: table(&[("history", json!([1]))]),
            settings: table(&[("model", json!("set")), ("token", Value::Null), ("nothing", json!("set"))]),
            tools: None,
            random: Random::new(1),
            start: Arc::new(Nothing),
        }
    }

    fn gives(name: &str) -> Option<Value> {
        match names().lookup(name) {
            Found::Value(value) => Some(value.into_owned()),
            Found::Missing | Found::Unknown => None,
        }
    }

    #[test]
    fn each_root_has_its_table() {
        assert_eq!(gives("session"), Some(json!("main-case-1")));
        assert_eq!(gives("session.thread.id"), Some(json!(7)));
        assert_eq!(gives("turn.run"), Some(json!("r1")));
        assert_eq!(gives("agent.granted"), Some(json!(["a"])));
        assert_eq!(gives("history"), Some(json!([1])));
    }

    #[test]
    fn what_a_step_gives_comes_before_a_setting() {
        assert_eq!(gives("model"), Some(json!("given")));
        assert_eq!(names().lookup("nothing"), Found::Missing);
        assert_eq!(names().lookup("token"), Found::Missing);
        assert_eq!(names().lookup("session.other"), Found::Unknown);
        assert_eq!(names().lookup("tools"), Found::Unknown);
    }

    #[test]
    fn random_values_differ_in_one_run_and_agree_between_runs() {
        let (one, other) = (Random::new(5), Random::new(5));
        let (first, second) = (one.value("uuid"), one.value("uuid"));
        assert_ne!(first, second);
        assert_eq!((other.value("uuid"), other.value("uuid")), (first.clone(), second));
        let text = first.expect("a uuid").as_str().expect("a text").to_owned();
        assert_eq!((text.len(), &text[14..15]), (36, "4"));
        assert!(matches!(&text[19..20], "8" | "9" | "a" | "b"), "{text}");
        assert_eq!(one.value("hex16").and_then(|v| v.as_str().map(str::len)), Some(16));
        assert_eq!((one.value("hex"), one.value("hex0"), one.value("dice")), (None, None, None));
    }
}
