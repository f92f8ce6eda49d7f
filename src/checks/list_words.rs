//! Lists in words: what was wanted, what was there, and what stands in between, in one line each.
//!
//! Owns: the wording of list failures.
//! Must not know: how a list pattern is matched.

use super::said::{cut, shown};
use crate::matching::describe;
use crate::matching::list::{self, Entry, ListVerdict};
use crate::model::pattern::{Extra, Item, ListKind, ListPattern, Order};
use crate::model::template::Scope;
use serde_json::Value;

/// `search {args: …}, then open`; `exactly a and b, in any order`; `none`.
pub(crate) fn wanted(pattern: &ListPattern) -> String {
    let items: Vec<String> = pattern.items.iter().map(|item| format!("{}{}", describe::item(item), times(item))).collect();
    let closed = matches!(pattern.extra, Extra::Forbid);
    let list = match (items.len(), pattern.order) {
        (0, _) if closed => "none".to_owned(),
        (0, _) => String::new(),
        (1, _) => items.concat(),
        (_, Order::InOrder) => items.join(", then "),
        (_, Order::AnyOrder) => format!("{}, in any order", items.join(" and ")),
    };
    let list = if closed && !items.is_empty() { format!("exactly {list}") } else { list };
    match &pattern.count {
        None => list,
        Some(count) if list.is_empty() => format!("their number {}", describe::pattern(count)),
        Some(count) => format!("{list}; their number {}", describe::pattern(count)),
    }
}

fn times(item: &Item) -> String {
    let times = item.times;
    match (times.closed, times.min, times.max) {
        (false, 1, Some(1)) => String::new(),
        (_, min, Some(max)) if min == max => format!(" ({min} times)"),
        (_, min, Some(max)) => format!(" ({min} to {max} times)"),
        (_, min, None) => format!(" (at least {min} times)"),
    }
}

/// Why it does not hold: the entry closest to the first item that found none, or what the matcher says.
pub(crate) fn reason(pattern: &ListPattern, verdict: &ListVerdict, entries: &[Entry<'_>], scope: &dyn Scope) -> String {
    let found = |at: usize| verdict.matched.iter().filter(|item| **item == Some(at)).count();
    let unmet = pattern.items.iter().enumerate().find(|(at, item)| found(*at) < item.times.min as usize);
    // What an item saves is known only while matching; without it the differences would be those of a pattern with holes.
    let unmet = unmet.filter(|_| pattern.items.iter().all(|item| item.save.is_empty()));
    let closest = unmet.and_then(|(_, item)| list::nearest(item, entries, scope, 1).into_iter().next()).map(|closest| smoothed(&closest));
    match (unmet, closest) {
        (Some((_, item)), Some(closest)) if pattern.items.len() > 1 => format!("closest to {}: {closest}", describe::item(item)),
        (Some(_), Some(closest)) => format!("closest: {closest}"),
        _ if pattern.items.is_empty() && pattern.count.is_some() => format!("there were {}", entries.len()),
        _ => verdict.message.replace(", best assignment shown)", ")"),
    }
}

/// A line of the matcher as part of a sentence. What matches and was still not taken came at the wrong place, or too often.
fn smoothed(line: &str) -> String {
    line.replace(" — it matches", ", which matches, but not in this order or number")
        .replace(" — ~ ", ", ")
        .replace("; ~ ", "; ")
        .replace("  expected", " expected")
}

/// All entries in few words.
pub(crate) fn all_told(subject: &str, kind: ListKind, entries: &[Entry<'_>]) -> String {
    match entries {
        [] => format!("no {subject}"),
        entries => cut(&entries.iter().map(|entry| told(kind, entry)).collect::<Vec<_>>().join(", ")),
    }
}

/// What people know an entry by.
fn name(kind: ListKind, value: &Value) -> String {
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    match kind {
        ListKind::Calls => text("name"),
        ListKind::Events => text("type"),
        ListKind::Errors => text("message"),
        ListKind::Commands => argv(value),
        ListKind::Frames | ListKind::Requests => String::new(),
    }
}

fn argv(value: &Value) -> String {
    let words = value["argv"].as_array().into_iter().flatten();
    words.filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
}

/// An entry in few words.
pub(crate) fn told(kind: ListKind, entry: &Entry<'_>) -> String {
    let value = entry.value;
    let index = entry.index;
    match kind {
        ListKind::Calls => format!("call {index} `{}` {}", name(kind, value), shown(&value["args"])),
        ListKind::Events => format!("event {index} `{}`", name(kind, value)),
        ListKind::Commands => format!("call {index} `{} {}`", value["name"].as_str().unwrap_or_default(), argv(value)),
        ListKind::Errors => format!("error {index} \"{}\"", cut(&name(kind, value))),
        ListKind::Requests if value.get("method").is_some() => {
            let path = value["path"].as_str().unwrap_or_default();
            format!("request {index} {} {path}", value["method"].as_str().unwrap_or_default())
        }
        ListKind::Requests | ListKind::Frames => format!("frame {index} {}", shown(value)),
    }
}
