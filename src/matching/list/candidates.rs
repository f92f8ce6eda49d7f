//! How near an entry is to an item.
//!
//! Owns: the distance, and how an entry and its differences are worded.
//! Must not know: which entries are assigned to what.

use super::Entry;
use super::meets::{Names, differences, name_of};
use crate::base::suggest;
use crate::matching::describe;
use crate::matching::value::Mismatch;
use crate::model::pattern::{Item, ListKind};
use serde_json::Value;

/// An entry beside an item.
pub(super) struct Candidate {
    pub(super) entry: usize,
    /// A name counts four times by how unlike it is, any other field that differs once.
    pub(super) cost: f64,
    pub(super) differences: Vec<Mismatch>,
}

/// A name that differs altogether costs this much, and one that nearly agrees a little more than any other field.
const NAME: f64 = 4.0;
const NEARLY: f64 = 0.1;

pub(super) fn candidate(item: &Item, entry: usize, entries: &[Entry<'_>], names: Names<'_>) -> Candidate {
    let differences = differences(item, &entries[entry], names);
    let cost = differences.iter().map(cost).sum();
    Candidate { entry, cost, differences }
}

/// What an entry is called by stands in these fields.
fn is_name(path: &str) -> bool {
    matches!(path, "name" | "type" | "event" | "method" | "path" | "method and path" | "argv" | "message")
}

fn cost(mismatch: &Mismatch) -> f64 {
    if is_name(&mismatch.path) {
        NEARLY
            + NAME * (1.0 - strsim::normalized_levenshtein(&mismatch.expected.replace(['*', '"'], ""), &mismatch.actual.replace('"', "")))
    } else {
        1.0
    }
}

/// `call 1 open {"id":9}`.
pub(super) fn shown(kind: ListKind, entry: &Entry<'_>) -> String {
    let head = format!("{} {}", kind.item_key(), entry.index);
    match kind {
        ListKind::Calls => {
            let name = name_of(kind, entry.value).unwrap_or_default();
            let args = entry.value.get("args").filter(|args| !args.is_null()).map(describe::value).unwrap_or_default();
            format!("{head} {name} {args}").trim_end().to_owned()
        }
        ListKind::Commands | ListKind::Requests => {
            format!("{head} {}", describe::cut(name_of(kind, entry.value).unwrap_or_default().into_owned()))
        }
        _ => format!("{head} {}", describe::value(entry.value)),
    }
}

/// One line for a field that differs.
pub(super) fn difference(mismatch: &Mismatch) -> String {
    if mismatch.expected.is_empty() && mismatch.path.is_empty() {
        return format!("~ {mismatch}");
    }
    let path = if mismatch.path.is_empty() { "(entry)" } else { &mismatch.path };
    let (expected, actual) = (mismatch.expected.replace('"', ""), mismatch.actual.replace('"', ""));
    let near = is_name(&mismatch.path) && suggest::nearest(&actual, [expected.as_str()]).is_some();
    let hint = if near { format!(" (did you mean {actual}?)") } else { String::new() };
    format!("~ {path}  expected {}, got {}{hint}", mismatch.expected, mismatch.actual)
}

/// The fields of a call that were asked for and are as asked.
pub(super) fn agreeing(item: &Item, entry: &Entry<'_>, differences: &[Mismatch]) -> Vec<String> {
    let Some(crate::model::pattern::Form::Subset(fields)) = item.entry.as_ref().map(|pattern| &pattern.form) else { return vec![] };
    let differs = |key: &str| {
        differences
            .iter()
            .any(|mismatch| crate::matching::tester::is_of(&mismatch.path, key) || mismatch.path.starts_with(&format!("{key}[")))
    };
    fields
        .iter()
        .filter(|(key, _)| !differs(key))
        .filter_map(|(key, _)| Some(format!("= {key} {}", describe::value(entry.value.get(&**key).filter(|value| !is_long(value))?))))
        .collect()
}

fn is_long(value: &Value) -> bool {
    value.is_object() || value.is_array() || value.as_str().is_some_and(|text| text.len() > 60)
}
