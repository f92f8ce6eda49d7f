//! `check`, `schema` and `explain`: what can be said without running anything.
//!
//! Owns: their output and exit statuses.
//! Must not know: the rules; the language has them.

use super::arguments::{CheckArguments, ExplainArguments, SchemaArguments};
use super::exit;
use super::load::{self, Wanted};
use super::output;
use crate::language::explain as pages;
use crate::language::schema::{self, Kind};
use crate::report;
use std::io::IsTerminal;

pub fn check(arguments: &CheckArguments) -> u8 {
    let loaded = match load::load(&Wanted { paths: &arguments.paths, vars: &arguments.vars, seed: 1, only: None }) {
        Ok(loaded) => loaded,
        Err(message) => {
            eprintln!("error: {message}");
            return exit::WRONG_INPUT;
        }
    };
    let warned = load::print_diagnostics(&loaded, std::io::stderr().is_terminal());
    if loaded.diagnostics.has_errors() || (arguments.strict && warned) {
        return exit::WRONG_INPUT;
    }
    if loaded.files == 0 {
        eprintln!("error: there was nothing to check: no suite, protocol or script was found (*.yaml, *.yml)");
        return exit::NOTHING_RAN;
    }
    let cases: usize = loaded.suites.iter().map(|suite| suite.cases.len()).sum();
    let many = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let (files, suites) = (many(loaded.files, "file"), many(loaded.suites.len(), "suite"));
    output::line(format!("no mistakes in {files}: {suites}, {}", many(cases, "case")));
    exit::GREEN
}

/// The schemas of stored files are written by hand; the others are generated.
const STORED: [(&str, &str); 2] =
    [("trace", include_str!("../../schemas/trace.json")), ("report", include_str!("../../schemas/report.json"))];

pub fn schema(arguments: &SchemaArguments) -> u8 {
    let generated = Kind::ALL.map(|kind| (kind.name(), schema::text(kind)));
    let all: Vec<(&str, String)> = generated.into_iter().chain(STORED.map(|(name, text)| (name, text.to_owned()))).collect();
    if let Some(folder) = &arguments.write {
        for (name, text) in &all {
            if let Err(message) = report::write_file(&folder.join(format!("{name}.json")), text) {
                eprintln!("error: {message}");
                return exit::WRONG_INPUT;
            }
        }
        return exit::GREEN;
    }
    match all.iter().find(|(name, _)| Some(*name) == arguments.kind.as_deref()) {
        Some((_, text)) => print(text),
        None => exit::WRONG_INPUT,
    }
}

pub fn explain(arguments: &ExplainArguments) -> u8 {
    let Some(word) = &arguments.word else {
        let words = pages::words();
        return print(&format!("`checkride explain WORD` explains each of these:\n\n{}\n", in_columns(&words)));
    };
    match pages::explain(word) {
        Some(page) => print(&page),
        None => {
            let near = pages::near(word).unwrap_or_else(|| "`checkride explain` lists all words".to_owned());
            eprintln!("error: nothing is known of `{word}`; {near}");
            exit::WRONG_INPUT
        }
    }
}

/// As many columns as fit into 100 characters, read down.
fn in_columns(words: &[String]) -> String {
    let width = words.iter().map(|word| word.chars().count()).max().unwrap_or(0) + 2;
    let columns = (100 / width).max(1);
    let rows = words.len().div_ceil(columns);
    let line = |row: usize| {
        let cells: String = words.iter().skip(row).step_by(rows).map(|word| format!("{word:width$}")).collect();
        format!("  {}", cells.trim_end())
    };
    (0..rows).map(line).collect::<Vec<_>>().join("\n")
}

/// Prints, with a line break at the end.
pub fn print(text: &str) -> u8 {
    output::line(text.strip_suffix('\n').unwrap_or(text));
    exit::GREEN
}
