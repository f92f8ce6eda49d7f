//! `checkride judge`: the lock looked into and tidied, the judge measured.
//!
//! Owns: which files are read and written, what is printed, the exit statuses.
//! Must not know: prompts, statistics, what an answer means.

use super::check::print;
use super::exit;
use super::judge_arguments::{CalibrateArguments, JudgeArguments, JudgeCommand, JudgePruneArguments, JudgeShowArguments};
use super::judging;
use super::load::{self, Wanted};
use super::output;
use super::run::traces_folder;
use crate::checks;
use crate::engine::{judging as engine_judging, trace_store};
use crate::judge::calibration::{self, Gates, Item, Label, Measured, Options};
use crate::judge::lock::{self, Entry, Lock};
use crate::judge::{Judge, JudgeWorld, Mode};
use crate::language;
use crate::model::judge::{JudgeSettings, Role};
use crate::model::recording::Recording;
use crate::model::trace::Trace;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub fn judge(arguments: &JudgeArguments) -> u8 {
    let done = match &arguments.command {
        JudgeCommand::Show(arguments) => show(arguments),
        JudgeCommand::Prune(arguments) => prune(arguments),
        JudgeCommand::Calibrate(arguments) => calibrate(arguments),
    };
    done.unwrap_or_else(|message| {
        eprintln!("error: {message}");
        exit::WRONG_INPUT
    })
}

fn show(arguments: &JudgeShowArguments) -> Result<u8, String> {
    let folder = match &arguments.lock {
        Some(folder) => folder.clone(),
        None => judging::lock(&language::judge::named(&here()?, None).project),
    };
    let lock = Lock::new(folder);
    let key = lock.find(&arguments.key)?;
    let entry = lock.get(&key).map_err(|problem| problem.to_string())?.ok_or("the entry is gone")?;
    Ok(print(&if arguments.json { entry.print() } else { entry.shown(&key) }))
}

fn here() -> Result<std::path::PathBuf, String> {
    std::env::current_dir().map_err(|error| format!("failed to find the working folder: {error}"))
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| format!("failed to start the runtime: {error}"))
}

/// Every rubric is answered from the lock once more; what was not read then is needed by none.
fn prune(arguments: &JudgePruneArguments) -> Result<u8, String> {
    let loaded = load::load(&Wanted { paths: &arguments.suites, vars: &arguments.vars, seed: arguments.seed, only: None })?;
    load::print_diagnostics(&loaded, false);
    if loaded.diagnostics.has_errors() {
        return Ok(exit::WRONG_INPUT);
    }
    let world = JudgeWorld { mode: Mode::Replay, ..judging::world(&loaded.project, None) };
    let folder = traces_folder(arguments.traces.as_deref(), &loaded);
    let (judge, runtime, mut missing) = (Judge::new(world.clone()), runtime()?, Vec::new());
    let cases = || loaded.suites.iter().flat_map(|suite| &suite.cases);
    let names = trace_store::Names::of(cases().map(|case| case.id.as_str()));
    for case in cases().filter(|case| case.rubrics().next().is_some()) {
        match trace_of(&folder.join(names.file(&case.id)))? {
            Some(trace) => drop(runtime.block_on(engine_judging::ask_all(&judge, &world, case, &trace))),
            None => missing.push(format!("\n  {}", case.id)),
        }
    }
    if !missing.is_empty() {
        let cases = missing.concat();
        return Err(format!("no trace of these cases is in {}, so nobody knows what they need; run them first{cases}", folder.display()));
    }
    remove_unused(judge.lock(), &world, arguments.dry_run)?;
    Ok(exit::GREEN)
}

fn trace_of(file: &Path) -> Result<Option<Trace>, String> {
    match std::fs::read_to_string(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("failed to read {}: {error}", file.display())),
        Ok(text) => Trace::from_jsonl(&text).map(Some).map_err(|why| format!("{} is not a readable trace: {why}", file.display())),
    }
}

fn remove_unused(lock: &Lock, world: &JudgeWorld, dry_run: bool) -> Result<(), String> {
    let used = lock.used();
    let calibrations = lock.calibrations()?;
    let needed: BTreeSet<&String> = calibrations.iter().flat_map(|(_, calibration)| &calibration.keys).collect();
    let keys = lock.keys().map_err(|error| format!("the judge's lock {} cannot be read: {error}", lock.folder().display()))?;
    let (mut removed, all) = (0, keys.len());
    let (kept, unused): (Vec<String>, Vec<String>) =
        keys.into_iter().filter(|key| !used.contains(key)).partition(|key| needed.contains(key));
    for key in unused {
        let text = std::fs::read_to_string(lock.file(&key)).unwrap_or_default();
        let Ok(entry) = Entry::read(&text, &key) else {
            output::line(format!("kept    {key}  it is damaged, so nobody knows what it was for"));
            continue;
        };
        if world.is_elsewhere(&entry) {
            output::line(format!("kept    {key}  it was asked at another address than OPENAI_BASE_URL means here"));
            continue;
        }
        if !dry_run {
            lock.remove(&key).map_err(|error| format!("failed to remove {}: {error}", lock.file(&key).display()))?;
        }
        removed += 1;
        let asked = &entry.asked;
        output::line(format!("{} {key}  {}: {:?}", if dry_run { "unused " } else { "removed" }, asked.criterion_id, asked.criterion_text));
    }
    let did = if dry_run { "would be removed" } else { "removed" };
    output::line(format!("{removed} of {all} entries {did}, {} in use", used.len()));
    if !kept.is_empty() {
        output::line(format!(
            "{} kept, which calibrations need; what says so may be removed if a calibration is no longer wanted",
            kept.len()
        ));
    }
    for (file, calibration) in calibrations.iter().filter(|(_, calibration)| kept.iter().any(|key| calibration.keys.contains(key))) {
        output::line(format!("  {} with {}: {}", calibration.labels, calibration.model, file.display()));
    }
    Ok(())
}

fn calibrate(arguments: &CalibrateArguments) -> Result<u8, String> {
    let named = language::judge::named(&here()?, arguments.model.as_deref());
    load::print_mistakes(&named.diagnostics, &named.sources, false);
    let Some(mut settings) = named.settings else { return Ok(exit::WRONG_INPUT) };
    if let Some(votes) = arguments.votes {
        if votes % 2 == 0 {
            return Err(format!("`--votes {votes}`: an odd number is needed, or votes may tie"));
        }
        settings.votes = votes;
    }
    if settings.models.is_empty() {
        return Err("no judge is named; write `judge: {model: …}` into checkride.yaml, or give `--model`".to_owned());
    }
    let bytes = std::fs::read(&arguments.labels).map_err(|error| format!("failed to read {}: {error}", arguments.labels.display()))?;
    let (items, recordings) = labelled(&arguments.labels, &bytes)?;
    let world = judging::world(&named.project, arguments.judge_mode.as_deref());
    let writes = world.mode.writes();
    let judge = Judge::new(world);
    let measured = runtime()?.block_on(measure(&judge, &settings, &items, &recordings));
    let options = Options { seed: arguments.seed, several_votes: settings.votes > 1 || settings.models.len() > 1 };
    let figures = calibration::calibration(&items, &measured, options);
    let model = settings.models.iter().map(|model| model.name.as_str()).collect::<Vec<_>>().join(" + ");
    if writes {
        remember(judge.lock(), &arguments.labels, &named.project.root, &model, settings.votes)?;
    }
    output::text(&calibration::shown(&figures, &model));
    tell_faults(&measured);
    let short = figures.short_of(&Gates { min_kappa_lower: arguments.min_kappa_lower, min_not_met_rate_lower: arguments.min_tnr_lower });
    let faults = figures.overall.faults;
    if let Some(path) = &arguments.out {
        let file = calibration::calibrated(&model, &bytes, figures);
        std::fs::write(path, file.print()).map_err(|error| format!("failed to write {}: {error}", path.display()))?;
    }
    short.iter().for_each(|line| output::line(format!("not reached: {line}")));
    Ok(if !short.is_empty() {
        exit::FAILED
    } else if faults > 0 {
        exit::NOT_JUDGED
    } else {
        exit::GREEN
    })
}

/// `prune` asks all cases what they need, and no case needs these entries.
fn remember(lock: &Lock, labels: &Path, root: &Path, model: &str, votes: u32) -> Result<(), String> {
    let keys = lock.used();
    if keys.is_empty() {
        return Ok(());
    }
    let whole = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let labels = whole(labels);
    let labels = labels.strip_prefix(whole(root)).unwrap_or(&labels).display().to_string();
    let calibration = lock::Calibration { labels, model: model.to_owned(), votes, keys };
    lock.remember(&calibration).map_err(|error| format!("the judge's lock {} cannot be written: {error}", lock.folder().display()))
}

fn tell_faults(measured: &[Measured]) {
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    for one in measured {
        if let calibration::Verdict::Fault(why) = &one.verdict {
            *codes.entry(why).or_default() += 1;
        }
    }
    codes.iter().for_each(|(why, count)| output::line(format!("the judge was at fault on {count} items: {why}")));
}

type Recordings = BTreeMap<String, Recording>;

/// The labels with the recordings that they name. The error holds every mistake, one a line.
fn labelled(path: &Path, bytes: &[u8]) -> Result<(Vec<Item>, Recordings), String> {
    let said = |mistakes: Vec<String>| format!("{} cannot be used\n  {}", path.display(), mistakes.join("\n  "));
    let text = std::str::from_utf8(bytes).map_err(|_| said(vec!["it is not UTF-8".to_owned()]))?;
    let labels: Vec<Label> = calibration::read(text).map_err(said)?;
    let items = calibration::items(&labels).map_err(said)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let (mut recordings, mut mistakes) = (Recordings::new(), Vec::new());
    for item in &items {
        if !recordings.contains_key(&item.recording) {
            match recording(&folder.join(&item.recording), &item.sha256) {
                Ok(recording) => drop(recordings.insert(item.recording.clone(), recording)),
                Err(why) => mistakes.push(format!("the recording {}: {why}", item.recording)),
            }
        }
    }
    mistakes.dedup();
    if mistakes.is_empty() { Ok((items, recordings)) } else { Err(said(mistakes)) }
}

/// A recording as it is printed, or a whole trace.
fn recording(path: &Path, sha256: &str) -> Result<Recording, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("it cannot be read ({error})"))?;
    if calibration::digest(&bytes) != sha256 {
        return Err(format!("it is not the one that was labelled: its SHA-256 is {}", calibration::digest(&bytes)));
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    match Trace::from_jsonl(&text) {
        Ok(trace) => Ok(checks::recording(&trace, None, &Role::ALL)),
        Err(_) => Recording::read(&text),
    }
}

/// Each recording is asked about with all its statements.
async fn measure(judge: &Judge, settings: &JudgeSettings, items: &[Item], recordings: &Recordings) -> Vec<Measured> {
    let mut measured = Vec::new();
    for (name, recording) in recordings {
        let of_it: Vec<&Item> = items.iter().filter(|item| item.recording == *name && item.label().is_some()).collect();
        if of_it.is_empty() {
            continue;
        }
        let rubric = calibration::rubric(&of_it, settings);
        let answers = judge.answer(&rubric, recording, None, false).await;
        let judged = checks::aggregate(&rubric, &answers);
        for (item, one) in of_it.iter().zip(&judged.criteria) {
            let met = match one.sense {
                checks::Sense::Good => Some(true),
                checks::Sense::Bad => Some(false),
                checks::Sense::Unsure => None,
            };
            measured.extend(calibration::measured(item, met, &answers));
        }
    }
    measured
}
