//! Cases that are about an attack, and their twins.
//!
//! Owns: where an `attack` may stand, who has the suite's ready-made rubric.
//! Must not know: what a persona makes of an attack, what a rubric says.

use crate::model::tree::{Entry, Node};

/// The suite's ready-made rubric is about attacks; a row without one keeps only a rubric of its own.
pub fn without_strange_rubric(case: &Node, entries: Vec<Entry>) -> Vec<Entry> {
    if case.get("judge").is_some() || attacks(&entries) {
        return entries;
    }
    entries.into_iter().filter(|entry| *entry.key != *"judge").collect()
}

fn attacks(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| match &*entry.key {
        "attack" => true,
        "steps" => entry.value.items().iter().any(|step| step.get("attack").is_some()),
        _ => false,
    })
}

/// True if an `attack` stands in the case or in one of its steps.
pub fn has_attack(case: &Node) -> bool {
    attacks(case.entries())
}
