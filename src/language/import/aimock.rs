//! From aimock's fixtures to the text of a script.
//!
//! Owns: what holds for the whole script (pieces, pauses), the text, the list of what could not be said.
//! Must not know: who prints it.

use super::order::{Read, Rule};
use super::{answer, asked, fixture, order, writing};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// What came of an import.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// A script file.
    pub script: String,
    /// How many fixtures are in it, of how many there were in how many files.
    pub imported: usize,
    pub fixtures: usize,
    pub files: usize,
    pub left_out: Vec<LeftOut>,
}

/// Something that is not in the script.
#[derive(Clone, Debug, PartialEq)]
pub struct LeftOut {
    /// `greetings.json #2`.
    pub place: String,
    pub reason: String,
    /// The whole fixture, or only a part of it.
    pub whole: bool,
}

/// Imports a file or a folder. The error is that there is nothing to read, or that it is wrong.
pub fn import(path: &Path) -> Result<Imported, String> {
    let fixture::Found { fixtures, files, others } = fixture::read(path)?;
    let mut imported = Imported { fixtures: fixtures.len(), files, ..Imported::default() };
    let other = |place: String| LeftOut { place, reason: fixture::NO_LIST.to_owned(), whole: true };
    imported.left_out.extend(others.into_iter().map(other));
    let mut read = Vec::new();
    let mut kept = Vec::new();
    for fixture in &fixtures {
        let mut notes = Vec::new();
        let asked = asked::read(&fixture.value["match"], &mut notes);
        let made = asked.and_then(|asked| Ok((asked, answer::read(&fixture.value, &mut notes)?)));
        match made {
            Ok((asked, parts)) => {
                read.push(Read { place: fixture.place.clone(), asked, reply: reply(parts) });
                kept.push(fixture);
                imported.left_out.extend(notes.into_iter().map(|reason| LeftOut { place: fixture.place.clone(), reason, whole: false }));
            }
            Err(reason) => imported.left_out.push(LeftOut { place: fixture.place.clone(), reason, whole: true }),
        }
    }
    let mut never = Vec::new();
    let rules = order::rules(read, &mut never);
    kept.retain(|fixture| !never.iter().any(|(place, _)| *place == fixture.place));
    imported.left_out.extend(never.into_iter().map(|(place, reason)| LeftOut { place, reason, whole: true }));
    imported.imported = kept.len();
    let size = whole(&kept, "chunkSize", Some(answer::PIECE), &mut imported.left_out).unwrap_or(answer::PIECE);
    let pause = whole(&kept, "latency", None, &mut imported.left_out);
    imported.script = text(path, &rules, size, pause);
    Ok(imported)
}

/// A setting that a script has once: as most fixtures have it. The others are named.
fn whole(fixtures: &[&fixture::Fixture], key: &str, otherwise: Option<u64>, left_out: &mut Vec<LeftOut>) -> Option<u64> {
    let of = |fixture: &fixture::Fixture| fixture.value[key].as_u64().filter(|value| *value > 0).or(otherwise);
    let mut counts: BTreeMap<Option<u64>, usize> = BTreeMap::new();
    for fixture in fixtures {
        *counts.entry(of(fixture)).or_default() += 1;
    }
    let most = counts.iter().max_by_key(|(_, count)| **count).map(|(value, _)| *value)?;
    let shown = |value: Option<u64>| value.map_or("none".to_owned(), |value| value.to_string());
    left_out.extend(fixtures.iter().filter(|fixture| of(fixture) != most).map(|fixture| LeftOut {
        place: fixture.place.clone(),
        reason: format!("its `{key}` ({}) is left out: a script has one, and most fixtures have {}", shown(of(fixture)), shown(most)),
        whole: false,
    }));
    most
}

/// A text alone, a part, or the list of parts.
fn reply(mut parts: Vec<Value>) -> Value {
    match parts.as_mut_slice() {
        [part] => match part.get_mut("text") {
            Some(text) => text.take(),
            None => part.take(),
        },
        _ => Value::Array(parts),
    }
}

fn text(path: &Path, rules: &[Rule], size: u64, pause: Option<u64>) -> String {
    let title = Value::from(format!("Imported from {}", path.display()));
    let mut text = format!("script: {}\n", writing::flow(&title));
    let gap = pause.map(|ms| format!(", gap: {ms}ms")).unwrap_or_default();
    text.push_str(&format!("wire: {{delta: {size}{gap}}}\nrules:\n"));
    for rule in rules {
        text.push_str(&format!("  # {}\n", rule.places.join(", ").replace(char::is_control, " ")));
        let when = (!rule.when.is_empty()).then(|| format!("when: {}\n    ", writing::flow(&Value::Object(rule.when.clone()))));
        text.push_str(&format!("  - {}", when.unwrap_or_default()));
        match rule.replies.as_slice() {
            [one] => text.push_str(&format!("reply: {}\n", writing::flow(one))),
            many => {
                text.push_str("replies:\n");
                many.iter().for_each(|reply| text.push_str(&format!("      - {}\n", writing::flow(reply))));
            }
        }
        if rule.once {
            text.push_str("    then: next\n");
        }
    }
    text
}
