//! Equal regular expressions and JSONPaths are compiled once per run.
//!
//! Owns: two tables, by text.
//! Must not know: where a text came from.

use jsonpath_rust::parser::model::JpQuery;
use regex::{Regex, RegexBuilder};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// Texts that are made during the run are without bound; the table starts anew before it grows large.
const MOST: usize = 16_384;

type Table<K, V> = LazyLock<Mutex<HashMap<K, Arc<V>>>>;

static REGEXES: Table<(String, bool), Regex> = LazyLock::new(Mutex::default);
static QUERIES: Table<String, JpQuery> = LazyLock::new(Mutex::default);

/// The compiled expression; unanchored, linear time.
pub fn regex(source: &str, ignore_case: bool) -> Result<Arc<Regex>, regex::Error> {
    interned(&REGEXES, (source.to_owned(), ignore_case), || RegexBuilder::new(source).case_insensitive(ignore_case).build())
}

/// The parsed query. Only `jsonpath::parse` asks, after its own checks.
pub(super) fn query(source: &str) -> Result<Arc<JpQuery>, Box<jsonpath_rust::parser::errors::JsonPathError>> {
    interned(&QUERIES, source.to_owned(), || jsonpath_rust::parser::parse_json_path(source).map_err(Box::new))
}

fn interned<K: std::hash::Hash + Eq, V, E>(table: &Table<K, V>, key: K, make: impl FnOnce() -> Result<V, E>) -> Result<Arc<V>, E> {
    if let Some(known) = table.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Ok(known.clone());
    }
    let made = Arc::new(make()?);
    let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
    if table.len() >= MOST {
        table.clear();
    }
    Ok(table.entry(key).or_insert(made).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_compiled_once() {
        let (a, b) = (regex("once+", false).expect("well-formed"), regex("once+", false).expect("well-formed"));
        assert!(Arc::ptr_eq(&a, &b));
        assert!(!Arc::ptr_eq(&a, &regex("once+", true).expect("well-formed")));
    }

    #[test]
    fn an_ill_formed_text_is_refused_each_time() {
        assert!(regex("(", false).is_err() && regex("(", false).is_err());
    }
}
