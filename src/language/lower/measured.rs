//! `turn`, `usage` and `timing`: patterns over a mapping whose keys are known.
//!
//! Owns: those keys, and that a time has a unit and a limit.
//! Must not know: where the numbers come from.

use super::Lowering;
use super::fake::fields;
use crate::base::duration;
use crate::language::shape::{mistake, scalars};
use crate::model::pattern::Pattern;
use crate::model::tree::{Content, Node};
use std::sync::Arc;

const TURN: [&str; 2] = ["status", "error"];
const USAGE: [&str; 5] = ["input", "output", "total", "cached", "reasoning"];
const TIMING: [&str; 3] = ["first_text", "turn", "total"];
const LIMITS: [&str; 4] = ["gt", "gte", "lt", "lte"];

/// A pattern over the outcome of a turn.
pub fn turn(node: &Arc<Node>, low: &mut Lowering<'_>) -> Pattern {
    fields(node, &TURN, "`turn`", low);
    low.pattern(node)
}

/// A pattern over tokens.
pub fn usage(node: &Arc<Node>, low: &mut Lowering<'_>) -> Pattern {
    fields(node, &USAGE, "`usage`", low);
    low.pattern(node)
}

/// A pattern over durations.
pub fn timing(node: &Arc<Node>, low: &mut Lowering<'_>) -> Pattern {
    fields(node, &TIMING, "`timing`", low);
    for entry in node.entries().iter().filter(|entry| TIMING.contains(&&*entry.key)) {
        limit(&entry.value, low);
    }
    low.pattern(node)
}

/// A measured time is never exactly a given one, and a number alone does not say whether it counts seconds.
fn limit(node: &Node, low: &mut Lowering<'_>) {
    match &node.value {
        Content::Number(_) => low.push(scalars::no_duration(node)),
        Content::Text(text) => {
            let help = if duration::parse(text).is_some() { format!("write `{{lt: {text}}}`") } else { "write `{lt: 5s}`".to_owned() };
            low.push(mistake::wrong_value(node.span, format!("a time is never exactly `{text}`"), "a limit").help(help));
        }
        Content::Map(words) => {
            for word in words {
                let number = matches!(&word.value.value, Content::Number(number) if number.as_f64() != Some(0.0));
                match &*word.key {
                    "not" => limit(&word.value, low),
                    key if LIMITS.contains(&key) && number => low.push(scalars::no_duration(&word.value)),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}
