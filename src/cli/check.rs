//! `check`, `schema` and `explain`: what can be said without running anything.
//!
//! Owns: their output and exit statuses.
//! Must not know: the rules; the language has them.

use super::arguments::{CheckArguments, ExplainArguments, SchemaArguments};
use super::exit;
use super::load::{self, Wanted};
use crate::language;
use crate::report;
use std::io::{IsTerminal, Write};

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
    let cases: usize = loaded.suites.iter().map(|suite| suite.cases.len()).sum();
    println!("no mistakes in {} files: {} suites, {cases} cases", loaded.files, loaded.suites.len());
    exit::GREEN
}

pub fn schema(arguments: &SchemaArguments) -> u8 {
    if let Some(folder) = &arguments.write {
        for kind in language::schema::KINDS {
            let text = language::schema::text(kind).unwrap_or_default();
            if let Err(message) = report::write_file(&folder.join(format!("{kind}.json")), &text) {
                eprintln!("error: {message}");
                return exit::WRONG_INPUT;
            }
        }
        return exit::GREEN;
    }
    match arguments.kind.as_deref().and_then(language::schema::text) {
        Some(text) => print(&text),
        None => exit::WRONG_INPUT,
    }
}

pub fn explain(arguments: &ExplainArguments) -> u8 {
    let Some(word) = &arguments.word else {
        return print(&language::explain::index());
    };
    match language::explain::explain(word) {
        Ok(page) => print(&page),
        Err(message) => {
            eprintln!("error: {message}");
            exit::WRONG_INPUT
        }
    }
}

/// Prints; a reader that has gone (`| head`) is no error.
pub fn print(text: &str) -> u8 {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| if text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") });
    exit::GREEN
}
