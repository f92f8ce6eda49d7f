//! A case over its suite's defaults.
//!
//! Owns: which keys of a suite are defaults, and how each is merged: by name, added up, or replaced.
//! Must not know: what the keys mean, which agents have names.

use crate::model::tree::{Content, Entry, Node};
use std::sync::Arc;

/// Merged by name: an entry is replaced whole, `null` removes.
const BY_NAME: [&str; 2] = ["fakes", "secrets"];
/// Replaced whole.
const REPLACED: [&str; 5] = ["timeout", "owner", "severity", "level", "only_if"];
/// Used up while instances are made.
const CONSUMED: [&str; 4] = ["vars", "each", "matrix", "agent"];

/// The keys of a case with the suite's defaults, without `vars`, `each`, `matrix` and `agent`. `judge` are the project's defaults of
/// rubrics. A ready-made rubric of the suite stands in each case that has none of its own; rows without an attack lose it again.
pub fn case(suite: &Node, case: &Node, judge: Option<&Arc<Node>>) -> Vec<Entry> {
    let defaults = by_key(judge, suite.get("judge"));
    let inherited = defaults.as_ref().filter(|defaults| defaults.get("preset").is_some_and(|preset| !preset.is_null()));
    let defaults = defaults.as_ref().map(|defaults| without(defaults, "preset"));
    let mut merged: Vec<Entry> = Vec::with_capacity(case.entries().len() + 4);
    for entry in case.entries().iter().filter(|entry| !CONSUMED.contains(&&*entry.key)) {
        let key = &*entry.key;
        let value = if BY_NAME.contains(&key) {
            by_name(suite.get(key), Some(&entry.value))
        } else if REPLACED.contains(&key) {
            Some(entry.value.clone()).filter(|value| !value.is_null())
        } else if key == "tags" {
            Some(added_up(suite.get(key), &entry.value))
        } else if key == "judge" {
            Some(rubric(defaults.as_ref(), &entry.value))
        } else if key == "steps" {
            Some(with_rubrics(defaults.as_ref(), &entry.value))
        } else {
            Some(entry.value.clone())
        };
        merged.extend(value.map(|value| Entry { value, ..entry.clone() }));
    }
    for key in BY_NAME.iter().chain(&REPLACED).chain(&["tags"]) {
        let Some(default) = suite.entry(key).filter(|_| case.get(key).is_none()) else { continue };
        let value = if BY_NAME.contains(key) { by_name(Some(&default.value), None) } else { Some(default.value.clone()) };
        merged.extend(value.filter(|value| !value.is_null()).map(|value| Entry { value, ..default.clone() }));
    }
    if let (Some(rubric), Some(default), None) = (inherited, suite.entry("judge"), case.get("judge")) {
        merged.push(Entry { value: without_nulls(rubric), ..default.clone() });
    }
    merged
}

fn without(node: &Arc<Node>, key: &str) -> Arc<Node> {
    if node.get(key).is_none() {
        return node.clone();
    }
    Node::new(node.span, Content::Map(node.entries().iter().filter(|entry| *entry.key != *key).cloned().collect()))
}

/// A rubric over the defaults, in its long form.
fn rubric(defaults: Option<&Arc<Node>>, own: &Arc<Node>) -> Arc<Node> {
    let long = match &own.value {
        Content::List(_) => {
            let criteria = Entry { key: "criteria".into(), key_span: own.span, value: own.clone() };
            Node::new(own.span, Content::Map(vec![criteria]))
        }
        Content::Map(_) => own.clone(),
        // Anything else is no rubric, and the schema has said so.
        _ => return own.clone(),
    };
    by_name(defaults, Some(&long)).unwrap_or(long)
}

/// Steps, each of their rubrics over the defaults.
fn with_rubrics(defaults: Option<&Arc<Node>>, steps: &Arc<Node>) -> Arc<Node> {
    if !steps.items().iter().any(|step| step.get("judge").is_some()) {
        return steps.clone();
    }
    let step = |step: &Arc<Node>| match step.get("judge") {
        None => step.clone(),
        Some(own) => {
            let own = rubric(defaults, own);
            let entry = |entry: &Entry| if *entry.key == *"judge" { Entry { value: own.clone(), ..entry.clone() } } else { entry.clone() };
            Node::new(step.span, Content::Map(step.entries().iter().map(entry).collect()))
        }
    };
    Node::new(steps.span, Content::List(steps.items().iter().map(step).collect()))
}

/// One mapping over another: entries are replaced whole, `null` removes. What is no mapping replaces all.
pub fn by_name(base: Option<&Arc<Node>>, over: Option<&Arc<Node>>) -> Option<Arc<Node>> {
    by_key(base, over).map(|merged| without_nulls(&merged))
}

/// One mapping over another, entry by entry. An entry that is null stays, for what is below both of them.
pub fn by_key(base: Option<&Arc<Node>>, over: Option<&Arc<Node>>) -> Option<Arc<Node>> {
    let (base, over) = match (base, over) {
        (_, Some(over)) if over.is_null() => return None,
        (Some(base), Some(over)) if base.is_map() && over.is_map() => (base, over),
        (_, Some(only)) | (Some(only), None) => return Some(only.clone()),
        (None, None) => return None,
    };
    let mut merged: Vec<Entry> = Vec::with_capacity(base.entries().len() + over.entries().len());
    merged.extend(base.entries().iter().map(|entry| over.entry(&entry.key).unwrap_or(entry).clone()));
    merged.extend(over.entries().iter().filter(|entry| base.entry(&entry.key).is_none()).cloned());
    Some(Node::new(over.span, Content::Map(merged)))
}

/// The same mapping without entries that are null.
pub fn without_nulls(node: &Arc<Node>) -> Arc<Node> {
    if !node.entries().iter().any(|entry| entry.value.is_null()) {
        return node.clone();
    }
    let entries = node.entries().iter().filter(|entry| !entry.value.is_null()).cloned().collect();
    Node::new(node.span, Content::Map(entries))
}

fn added_up(suite: Option<&Arc<Node>>, case: &Arc<Node>) -> Arc<Node> {
    let Some(suite) = suite.filter(|suite| suite.is_list() && case.is_list()) else { return case.clone() };
    let mut items = suite.items().to_vec();
    items.extend(case.items().iter().filter(|tag| !suite.items().iter().any(|known| known.value == tag.value)).cloned());
    Node::new(case.span, Content::List(items))
}
