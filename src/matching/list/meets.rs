//! One item against one entry: name, fields, place, session.
//!
//! Owns: which text of an entry an item's glob is about; what is asked of one entry alone.
//! Must not know: how often an item may match, or in which order.

use super::Entry;
use crate::matching::glob::glob_matches;
use crate::matching::tester::{Inserted, Tester};
use crate::matching::value::{Fault, Mismatch};
use crate::matching::{describe, equal};
use crate::model::pattern::{Form, Item, ListKind};
use crate::model::template::Scope;
use crate::model::tree::Content;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// Names that are read as "any value", and the scope of all others.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) scope: &'a dyn Scope,
    pub(super) wild: &'a [Arc<str>],
}

impl<'a> Names<'a> {
    pub(super) fn of(scope: &'a dyn Scope) -> Names<'a> {
        Names { scope, wild: &[] }
    }

    fn tester(&self) -> Tester<'a> {
        Tester::new(self.scope).wild(self.wild)
    }
}

/// The text that a glob is about. `None` if the entry has none.
pub(super) fn name_of(kind: ListKind, value: &Value) -> Option<Cow<'_, str>> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    match kind {
        ListKind::Calls => text("name").map(Cow::Borrowed),
        ListKind::Events | ListKind::Frames => text("type").map(Cow::Borrowed),
        ListKind::Errors => text("message").map(Cow::Borrowed),
        ListKind::Requests => Some(Cow::Owned(format!("{} {}", text("method").unwrap_or_default(), text("path").unwrap_or_default()))),
        ListKind::Commands => {
            let argv = value.get("argv")?.as_array()?;
            Some(Cow::Owned(argv.iter().map(|word| word.as_str().unwrap_or_default()).collect::<Vec<_>>().join(" ")))
        }
    }
}

/// The key that a glob speaks of, for messages.
pub(super) fn name_key(kind: ListKind) -> &'static str {
    match kind {
        ListKind::Calls => "name",
        ListKind::Events | ListKind::Frames => "type",
        ListKind::Errors => "message",
        ListKind::Requests => "method and path",
        ListKind::Commands => "argv",
    }
}

/// Whether the entry is what the item asks for; the error is a fault of the suite.
pub(super) fn meets(item: &Item, entry: &Entry<'_>, names: Names<'_>) -> Result<bool, String> {
    Ok(name_holds(item, entry, names)?
        && session_holds(item, entry, names)?
        && item.index.as_ref().map_or(Ok(true), |index| names.tester().run(index, Some(&place(item, entry))))?
        && !has_raw_args(item, entry)
        && item.entry.as_ref().map_or(Ok(true), |pattern| names.tester().run(pattern, Some(entry.value)))?)
}

/// Everything that keeps the entry from being what the item asks for.
pub(super) fn differences(item: &Item, entry: &Entry<'_>, names: Names<'_>) -> Vec<Mismatch> {
    let mut all = Vec::new();
    let mismatch = |path: &str, expected: String, actual: String| Mismatch { path: path.to_owned(), expected, actual, fault: None };
    let suite = |reason: String| Mismatch {
        path: String::new(),
        expected: String::new(),
        actual: String::new(),
        fault: Some(Fault::Suite(reason)),
    };
    match name_holds(item, entry, names) {
        Ok(true) => {}
        Ok(false) => {
            let expected = item.glob.as_ref().map(|glob| describe::node(&glob.pattern)).unwrap_or_default();
            let actual = name_of(item.kind, entry.value).map_or_else(|| "nothing".to_owned(), Cow::into_owned);
            all.push(mismatch(name_key(item.kind), expected, describe::cut(actual)));
        }
        Err(reason) => all.push(suite(reason)),
    }
    match session_holds(item, entry, names) {
        Ok(true) => {}
        Ok(false) => {
            let expected = item.session.as_ref().map(|session| describe::node(session)).unwrap_or_default();
            all.push(mismatch("session", expected, Value::from(entry.session).to_string()));
        }
        Err(reason) => all.push(suite(reason)),
    }
    if let Some(index) = &item.index {
        let found = names.tester().explain(index, Some(&place(item, entry)));
        all.extend(found.into_iter().map(|found| Mismatch { path: "index".to_owned(), ..found }));
    }
    if has_raw_args(item, entry) {
        let actual = describe::found(entry.value.get("args"));
        let raw = mismatch("args", "arguments that are a JSON object".to_owned(), actual);
        all.push(Mismatch { fault: Some(Fault::Shape), ..raw });
    } else if let Some(pattern) = &item.entry {
        all.extend(names.tester().explain(pattern, Some(entry.value)));
    }
    all
}

fn name_holds(item: &Item, entry: &Entry<'_>, names: Names<'_>) -> Result<bool, String> {
    let Some(glob) = &item.glob else { return Ok(true) };
    let Some(name) = name_of(item.kind, entry.value) else { return Ok(false) };
    match &glob.pattern.value {
        Content::Template(template) if names.tester().is_wild(template) => Ok(true),
        _ => glob_matches(glob, &name, names.scope),
    }
}

fn session_holds(item: &Item, entry: &Entry<'_>, names: Names<'_>) -> Result<bool, String> {
    let Some(session) = &item.session else { return Ok(true) };
    if let Content::Text(label) = &session.value {
        return Ok(**label == *entry.session);
    }
    let mut tester = names.tester();
    match tester.insert(session) {
        Inserted::Value(label) => Ok(equal::equal(&label, &Value::from(entry.session))),
        Inserted::LeftOut | Inserted::Wild => Ok(true),
        Inserted::Fault => Err(format!("`session: {}` has no value here", describe::node(session))),
    }
}

/// Where `session` is given, the place among that session's entries.
fn place(item: &Item, entry: &Entry<'_>) -> Value {
    Value::from(if item.session.is_some() { entry.session_index } else { entry.index })
}

/// Arguments that are no JSON object are kept as text, and no pattern over arguments holds for them.
fn has_raw_args(item: &Item, entry: &Entry<'_>) -> bool {
    let asks = || matches!(item.entry.as_ref().map(|pattern| &pattern.form), Some(Form::Subset(fields)) if fields.iter().any(|(key, _)| **key == *"args"));
    item.kind == ListKind::Calls && matches!(entry.value.get("args"), Some(Value::String(_))) && asks()
}
