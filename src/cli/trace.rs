//! `show` and `recheck`: what stored traces say.
//!
//! Owns: reading traces from files and folders, their output.
//! Must not know: how a trace is judged.

use super::arguments::{RecheckArguments, ShowArguments};
use super::check::print;
use super::exit;
use super::judging;
use super::load::{self, Wanted};
use super::output;
use crate::base::Span;
use crate::checks;
use crate::engine::outcome::Strictness;
use crate::engine::recheck::{self, Stored};
use crate::engine::trace_store;
use crate::judge::{JudgeWorld, Mode};
use crate::matching::jsonpath::{self, Selected};
use crate::model::outcome::Outcome;
use crate::model::trace::Trace;
use crate::report::{self, RunReport};
use std::path::{Path, PathBuf};
use std::time::Instant;

pub fn show(arguments: &ShowArguments) -> u8 {
    let trace = match read(&arguments.trace) {
        Ok(trace) => trace,
        Err(message) => return refuse(&message),
    };
    if arguments.records {
        return print(&report::text::records(&trace));
    }
    let document = checks::document(&trace);
    match &arguments.at {
        None if arguments.json => print(&serde_json::to_string_pretty(&document).expect("a document holds only JSON")),
        None => print(&(report::text::document(&document) + &judged(&arguments.trace, &trace))),
        Some(path) => match jsonpath::parse(path, Span::NONE) {
            Err(diagnostic) => refuse(&diagnostic.message),
            Ok(path) => print(&match jsonpath::select(&path, &document) {
                Selected::Missing => "nothing has this path\n".to_owned(),
                Selected::BrokenPrefix(prefix) => format!("nothing has this path: `{prefix}` does not exist\n"),
                Selected::One(value) => report::text::one(&value),
                Selected::Many(values) => report::text::many(&values),
            }),
        },
    }
}

/// What a judge answered, if the run was judged.
fn judged(path: &Path, trace: &Trace) -> String {
    match trace_store::answers(path, trace) {
        Ok(asked) => report::text::answers(&asked, &trace_store::answers_path(path).display().to_string()),
        Err(message) => format!("{message}\n"),
    }
}

pub fn recheck(arguments: &RecheckArguments) -> u8 {
    let began = Instant::now();
    let traces = match files(&arguments.traces).and_then(|files| files.into_iter().map(stored).collect()) {
        Ok::<Vec<Stored>, String>(traces) => traces,
        Err(message) => return refuse(&message),
    };
    let suites = suites_of(arguments, &traces);
    let loaded = match load::load(&Wanted { paths: &suites, vars: &arguments.vars, seed: arguments.seed, only: None }) {
        Ok(loaded) => loaded,
        Err(message) => return refuse(&message),
    };
    load::print_diagnostics(&loaded, false);
    if loaded.diagnostics.has_errors() {
        return exit::WRONG_INPUT;
    }
    let strictness = Strictness { strict: arguments.strict };
    // Nobody is asked: what is not stored beside the trace comes from the lock.
    let world = JudgeWorld { mode: Mode::Replay, ..judging::world(&loaded.project, None) };
    let judged = recheck::recheck(&loaded.suites, &traces, &loaded.sources, strictness, &world);
    let outcomes = match judged {
        Ok(outcomes) => outcomes,
        Err(message) => return refuse(&message),
    };
    print_outcomes(&outcomes);
    let report = RunReport { outcomes, duration_ms: began.elapsed().as_secs_f64() * 1e3, ..RunReport::default() };
    output::text(&report::text::summary(&report, false));
    exit::of_run(&report.outcomes, |_| false)
}

fn print_outcomes(outcomes: &[Outcome]) {
    for outcome in outcomes {
        output::line(format!("{} ... {}", outcome.case.id, outcome.verdict.word()));
        if outcome.verdict.is_red() {
            output::line(report::text::case_failure(outcome, false));
        }
    }
}

fn refuse(message: &str) -> u8 {
    eprintln!("error: {message}");
    exit::WRONG_INPUT
}

/// `--suite`, or the suites that the traces name.
fn suites_of(arguments: &RecheckArguments, traces: &[Stored]) -> Vec<PathBuf> {
    if let Some(suite) = &arguments.suite {
        return vec![suite.clone()];
    }
    let mut suites: Vec<PathBuf> =
        traces.iter().filter_map(|stored| stored.trace.begin()).map(|begin| PathBuf::from(&begin.suite)).collect();
    suites.sort();
    suites.dedup();
    suites
}

/// A trace with the answers beside it.
fn stored(path: PathBuf) -> Result<Stored, String> {
    let trace = read(&path)?;
    let asked = trace_store::answers(&path, &trace)?;
    Ok(Stored { path, trace, asked })
}

fn read(path: &Path) -> Result<Trace, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("failed to read {}: {e}", path.display()))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{} is not a trace: it is not UTF-8", path.display()))?;
    Trace::from_jsonl(&text).map_err(|reason| format!("{} is not a readable trace: {reason}", path.display()))
}

/// Files as given, and all `*.jsonl` of folders, in order.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut all = Vec::new();
    for path in paths {
        if !path.is_dir() {
            all.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path).map_err(|e| format!("failed to read {}: {e}", path.display()))?;
        let mut found: Vec<PathBuf> =
            entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "jsonl")).collect();
        if found.is_empty() {
            return Err(format!("{} holds no traces (*.jsonl)", path.display()));
        }
        found.sort();
        all.append(&mut found);
    }
    Ok(all)
}
