//! `import`: another tool's fixtures as a script, and what could not be said in one.
//!
//! Owns: where the script goes, how what was left out is told, the exit status.
//! Must not know: the other tool's format.

use super::arguments::ImportArguments;
use super::{exit, output};
use crate::language::import::{Imported, import};

pub fn run(arguments: &ImportArguments) -> u8 {
    let imported = match import(&arguments.path) {
        Ok(imported) => imported,
        Err(message) => return refuse(&message),
    };
    for left in &imported.left_out {
        let what = if left.whole { "not imported" } else { "imported in part" };
        eprintln!("{}: {what}: {}", left.place, left.reason);
    }
    if imported.imported == 0 {
        return refuse(&format!("none of the {} was imported", many(imported.fixtures, "fixture")));
    }
    match &arguments.out {
        None => output::text(&imported.script),
        Some(file) => {
            if let Err(error) = std::fs::write(file, &imported.script) {
                return refuse(&format!("failed to write `{}`: {error}", file.display()));
            }
        }
    }
    eprintln!("{}", summary(&imported));
    exit::GREEN
}

fn summary(imported: &Imported) -> String {
    let Imported { imported, fixtures, files, left_out, .. } = imported;
    let mut in_part: Vec<_> = left_out.iter().filter(|left| !left.whole).map(|left| &left.place).collect();
    in_part.dedup();
    let in_part = if in_part.is_empty() { String::new() } else { format!(", {} of them in part", in_part.len()) };
    format!("imported {imported} of {} from {}{in_part}", many(*fixtures, "fixture"), many(*files, "file"))
}

fn many(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

fn refuse(message: &str) -> u8 {
    eprintln!("error: {message}");
    exit::WRONG_INPUT
}
