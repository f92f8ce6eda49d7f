//! `checkride run`, and the same as a test target.
//!
//! Owns: from options to a run, from outcomes to reports and an exit status.
//! Must not know: how a case is run.

use super::arguments::RunArguments;
use super::exit;
use super::judging;
use super::load::{self, Wanted};
use super::output::{self, Passage};
use crate::base::{Diagnostic, Sources};
use crate::engine::harness::{self, RunRequest, RunResult, Watcher};
use crate::engine::outcome::Strictness;
use crate::engine::selection::Selection;
use crate::engine::tags::TagExpression;
use crate::language::Loaded;
use crate::model::outcome::{Outcome, Verdict};
use crate::report::{self, Judging, RunReport, StatusLine};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

pub fn run(arguments: &RunArguments, checkride: &Path) -> u8 {
    let color = wants_color(arguments);
    let loaded =
        load::load(&Wanted { paths: &arguments.suites, vars: &arguments.vars, seed: arguments.seed.unwrap_or(1), only: only(arguments) });
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(message) => return refuse(&message),
    };
    let warned = load::print_diagnostics(&loaded, color);
    if loaded.diagnostics.has_errors() || (arguments.strict && warned) {
        return exit::WRONG_INPUT;
    }
    let selection = match selection(arguments, &loaded) {
        Ok(selection) => selection,
        Err(message) => return refuse(&message),
    };
    if arguments.list {
        return list(arguments, checkride, loaded, selection);
    }
    execute(arguments, checkride, loaded, selection, color)
}

/// nextest runs each case in a process of its own, by its exact id: then only that file need be read.
fn only(arguments: &RunArguments) -> Option<&str> {
    match arguments.filters.as_slice() {
        [id] if arguments.exact => Some(id.split("::").next().unwrap_or(id)),
        _ => None,
    }
}

fn refuse(message: &str) -> u8 {
    eprintln!("error: {message}");
    exit::WRONG_INPUT
}

fn wants_color(arguments: &RunArguments) -> bool {
    match arguments.color.as_deref() {
        Some("always") => true,
        Some("never") => false,
        _ => std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    }
}

fn selection(arguments: &RunArguments, loaded: &Loaded) -> Result<Selection, String> {
    let tags = arguments.tag.as_deref().map(TagExpression::parse).transpose()?;
    let selection = Selection { filters: arguments.filters.clone(), exact: arguments.exact, skip: arguments.skip.clone(), tags };
    let cases = loaded.suites.iter().flat_map(|suite| &suite.cases).map(|case| &**case);
    selection.check_tags(cases.clone())?;
    if let Some(tag) = arguments.no_skip.as_deref().filter(|tag| !tag.is_empty()) {
        let wanted = Selection { tags: Some(TagExpression::parse(tag)?), ..Selection::default() };
        wanted.check_tags(cases)?;
    }
    Ok(selection)
}

/// In the form of libtest. Whoever asks for the ignored ones (cargo-nextest does) gets those that would be skipped.
fn list(arguments: &RunArguments, checkride: &Path, loaded: Loaded, selection: Selection) -> u8 {
    let ids: Vec<String> = if arguments.libtest.ignored && !arguments.libtest.include_ignored {
        match harness::plan(request(arguments, checkride, loaded, selection, libtest_mimic::Arguments::default())) {
            Ok(plan) => plan.cases.iter().filter(|planned| planned.is_skipped()).map(|planned| planned.case.id.clone()).collect(),
            Err(message) => return refuse(&message),
        }
    } else {
        loaded.suites.iter().flat_map(|suite| &suite.cases).filter(|case| selection.takes(case)).map(|case| case.id.clone()).collect()
    };
    let mut lines: String = ids.iter().map(|id| format!("{id}: test\n")).collect();
    if arguments.format.as_deref() != Some("terse") {
        lines += &format!("\n{} test{}, 0 benchmarks\n", ids.len(), if ids.len() == 1 { "" } else { "s" });
    }
    output::text(&lines);
    exit::GREEN
}

fn request(
    arguments: &RunArguments,
    checkride: &Path,
    loaded: Loaded,
    selection: Selection,
    front: libtest_mimic::Arguments,
) -> RunRequest {
    RunRequest {
        traces: traces_folder(arguments.traces.as_deref(), &loaded),
        selection,
        strictness: Strictness { strict: arguments.strict },
        checkride: checkride.to_owned(),
        env: std::env::vars().collect(),
        seed: arguments.seed.unwrap_or(1),
        secrets_seed: arguments.seed.unwrap_or_else(|| fastrand::u64(..)),
        judge: judging::world(&loaded.project, arguments.judge_mode.as_deref()),
        front,
        suites: loaded.suites,
        sources: loaded.sources,
    }
}

fn execute(arguments: &RunArguments, checkride: &Path, loaded: Loaded, selection: Selection, color: bool) -> u8 {
    let began = Instant::now();
    let started = crate::base::clock::now_rfc3339();
    let (sources, project) = (loaded.sources.clone(), loaded.project.clone());
    let watcher = Arc::new(Screen {
        status: StatusLine::new(std::io::stderr().is_terminal() && !arguments.quiet),
        color,
        verbose: arguments.verbose,
    });
    let passage = if arguments.libtest.logfile.is_none() { Passage::open() } else { None };
    let front = front(arguments, color, passage.as_ref());
    let request = request(arguments, checkride, loaded, selection, front);
    let result = harness::run(request, watcher.clone());
    if let Some(passage) = passage {
        passage.close();
    }
    let mut result = match result {
        Ok(result) => result,
        Err(message) => {
            eprintln!("error: {message}");
            return exit::NOT_JUDGED;
        }
    };
    watcher.status.clear();
    let forbidden = |outcome: &Outcome| match arguments.no_skip.as_deref() {
        None => false,
        Some("") => true,
        Some(tag) => TagExpression::parse(tag).is_ok_and(|tags| tags.holds(&outcome.case.tags)),
    };
    let report = RunReport {
        outcomes: std::mem::take(&mut result.outcomes),
        started,
        duration_ms: began.elapsed().as_secs_f64() * 1e3,
        filtered_out: result.filtered_out,
        interrupted: result.interrupted,
        command_line: without_values(std::env::args()),
        hostname: std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned()),
        warnings: result.warnings.iter().map(|warning| in_one_line(warning, &sources)).collect(),
        ..RunReport::default()
    };
    let written = write_reports(arguments, &report);
    judging::standing(&project, &report.outcomes).into_iter().for_each(output::line);
    output::text(&report::text::summary(&report, color));
    for outcome in report.outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Skipped && forbidden(outcome)) {
        let reason = outcome.reason.as_deref().unwrap_or_default();
        output::line(format!("skipped, which --no-skip forbids: {} ({reason})", outcome.case.id));
    }
    let of_cases = exit::of_run(&report.outcomes, forbidden);
    let unjudged = Judging::of(&report.outcomes).skipped;
    let of_cases = with_unjudged(of_cases, unjudged, judging::allowed_skips(arguments.allow_skips));
    // A warning of the suite is a mistake in it where strictness was asked for.
    let of_cases = if arguments.strict && of_cases == exit::GREEN && !result.warnings.is_empty() { exit::WRONG_INPUT } else { of_cases };
    status(&result, written, of_cases)
}

/// What no case shows is said here: each of them may have passed.
fn with_unjudged(of_cases: u8, unjudged: usize, allowed: Option<usize>) -> u8 {
    let status = exit::with_unjudged(of_cases, unjudged, allowed);
    if status != of_cases {
        let (were, allowed) = (if unjudged == 1 { "statement was" } else { "statements were" }, allowed.unwrap_or_default());
        eprintln!(
            "error: {unjudged} {were} not judged, and {allowed} may be left out (in CI none, unless `--allow-skips` says how many): \
             let a judge answer, or allow them by `--allow-skips {unjudged}`"
        );
    }
    status
}

/// The command line for the report: what a variable was set to may be a secret.
fn without_values(arguments: impl Iterator<Item = String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for argument in arguments {
        let of_var = out.last().is_some_and(|last| last == "--var") || argument.starts_with("--var=");
        let name = argument.strip_prefix("--var=").unwrap_or(&argument).split('=').next().unwrap_or_default().to_owned();
        out.push(match (of_var, argument.starts_with("--var=")) {
            (true, true) => format!("--var={name}=…"),
            (true, false) => format!("{name}=…"),
            (false, _) => argument,
        });
    }
    out
}

fn in_one_line(warning: &Diagnostic, sources: &Sources) -> String {
    let place = sources.locate(warning.span).map(|at| format!("{at}: ")).unwrap_or_default();
    format!("{place}{}; {}", warning.message, warning.help.join("; "))
}

fn status(result: &RunResult, written: Result<(), String>, of_cases: u8) -> u8 {
    if result.our_fault {
        return exit::OUR_FAULT;
    }
    if let Err(message) = written {
        eprintln!("error: {message}");
        return of_cases.max(exit::WRONG_INPUT);
    }
    if result.interrupted { exit::INTERRUPTED } else { of_cases }
}

fn write_reports(arguments: &RunArguments, report: &RunReport) -> Result<(), String> {
    if let Some(path) = &arguments.junit {
        report::write_file(path, &report::junit::write(report))?;
    }
    if let Some(path) = &arguments.json {
        let json = serde_json::to_string_pretty(&report::json::write(report)).expect("a report holds only JSON");
        report::write_file(path, &(json + "\n"))?;
    }
    Ok(())
}

/// `target/checkride` beside a Cargo.toml, otherwise `.checkride`.
/// Where the traces of a run are, if nobody said otherwise.
pub fn traces_folder(asked_for: Option<&Path>, loaded: &Loaded) -> PathBuf {
    match asked_for {
        Some(folder) => folder.to_owned(),
        None if loaded.project.root.join("Cargo.toml").exists() => load::shown(&loaded.project.root.join("target/checkride")),
        None => load::shown(&loaded.project.root.join(".checkride")),
    }
}

fn front(arguments: &RunArguments, color: bool, passage: Option<&Passage>) -> libtest_mimic::Arguments {
    let mut front = libtest_mimic::Arguments { quiet: arguments.quiet, ..libtest_mimic::Arguments::default() };
    front.test_threads = arguments.test_threads;
    front.logfile = arguments.libtest.logfile.as_ref().map(|path| path.display().to_string()).or(passage.map(Passage::name));
    front.color = Some(if color { libtest_mimic::ColorSetting::Always } else { libtest_mimic::ColorSetting::Never });
    front.format = match arguments.format.as_deref() {
        Some("terse") => Some(libtest_mimic::FormatSetting::Terse),
        Some("json") => Some(libtest_mimic::FormatSetting::Json),
        _ => None,
    };
    front
}

/// What a terminal shows while cases run.
struct Screen {
    status: StatusLine,
    color: bool,
    /// The judge's analyses are shown.
    verbose: bool,
}

impl Watcher for Screen {
    fn begins(&self, total: usize) {
        self.status.begin(total);
    }

    fn case_begins(&self, id: &str) {
        self.status.case_begins(id);
    }

    fn case_ends(&self, outcome: &Outcome) {
        self.status.case_ends(&outcome.case.id, outcome.verdict.is_red());
    }

    fn prints(&self) {
        self.status.makes_room();
    }

    fn failure(&self, outcome: &Outcome) -> String {
        let failure = report::text::case_failure(outcome, self.color);
        if self.verbose { failure + &report::text::analyses(outcome) } else { failure }
    }
}

#[cfg(test)]
mod tests {
    use super::without_values;

    #[test]
    fn values_of_variables_stay_out_of_the_report() {
        let line = ["checkride", "run", "--var", "key=s3cret", "--var=token=s3cret", "mail", "--junit=a.xml"].map(str::to_owned);
        let shown = without_values(line.into_iter());
        assert_eq!(shown, ["checkride", "run", "--var", "key=…", "--var=token=…", "mail", "--junit=a.xml"]);
    }
}
