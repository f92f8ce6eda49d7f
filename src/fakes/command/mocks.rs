//! The runner's side of mocked commands: makes the run folder, and turns what the mocks logged into records.
//!
//! Owns: the folder's layout, which lines were read already, what is a problem.
//! Must not know: how a mock chooses its answer, who calls it.

use super::counters;
use super::log::{End, Line, Start, Unmatched};
use super::plan::{self, Plan};
use super::rules::sequence_key;
use crate::model::fake::CommandFake;
use crate::model::template::Scope;
use crate::model::trace::{CommandCall, Problem, What};
use crate::recorder::Recorder;
use indexmap::IndexMap;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The mocked commands of one case.
pub struct Mocks {
    dir: PathBuf,
    bin: PathBuf,
    plan: Plan,
    /// Commands whose sequences need not be used up.
    unused_allowed: BTreeSet<String>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How much of the log was read.
    read: u64,
    /// The beginning of a line that is not complete yet.
    partial: Vec<u8>,
    /// Calls that began and did not end, by id, in the order begun.
    open: IndexMap<String, Open>,
}

struct Open {
    start: Start,
    stdin: String,
}

/// Makes the folder of the case's mocks below `dir` (which may exist): `bin/<name>` for each command, linked to the checkride binary.
/// The error names the command and the rule.
pub fn prepare(dir: &Path, checkride: &Path, fakes: &[(String, &CommandFake)], scope: &dyn Scope) -> Result<Mocks, String> {
    if let Some((name, _)) =
        fakes.iter().find(|(name, _)| name.is_empty() || name.contains('/') || name.contains('\0') || *name == ".." || *name == ".")
    {
        return Err(format!("`{name}` cannot be the name of a command"));
    }
    let plan = plan::compile(fakes, scope)?;
    let bin = dir.join("bin");
    lay_out(dir, &bin, checkride, &plan).map_err(|error| format!("cannot make the mocked commands in {}: {error}", dir.display()))?;
    Ok(Mocks { dir: dir.to_path_buf(), bin, plan, unused_allowed: BTreeSet::new(), state: Mutex::default() })
}

fn lay_out(dir: &Path, bin: &Path, checkride: &Path, plan: &Plan) -> std::io::Result<()> {
    let checkride = fs::canonicalize(checkride)?;
    // A shared agent's mocks are laid out anew for each case.
    if bin.exists() {
        fs::remove_dir_all(bin)?;
        let _ = fs::remove_file(dir.join("counters.json"));
    }
    fs::create_dir_all(bin)?;
    fs::write(dir.join("plan.json"), serde_json::to_vec(plan)?)?;
    File::create(dir.join("calls.jsonl"))?;
    plan.commands.keys().try_for_each(|name| std::os::unix::fs::symlink(&checkride, bin.join(name)))
}

impl Mocks {
    /// The folder that must stand first on the agent's PATH.
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.plan.commands.keys().map(String::as_str)
    }

    /// `unused: allow` of this command: its sequences need not be used up.
    pub fn allow_unused(&mut self, name: &str) {
        self.unused_allowed.insert(name.to_owned());
    }

    /// Records the calls that ended since the last time, in the order of their ends. Cheap if there is nothing new.
    pub fn collect(&self, recorder: &Recorder) {
        let mut state = self.state();
        if let Err(error) = self.read_log(&mut state, recorder) {
            recorder.note(format!("the log of mocked commands cannot be read: {error}"));
        }
    }

    /// To be called when the agent has ended: records calls that never ended, and judges the sequences if they are to be judged.
    pub fn finish(&self, recorder: &Recorder, judge_sequences: bool) {
        self.collect(recorder);
        for (_, open) in self.state().open.drain(..) {
            record(recorder, open, None);
        }
        if judge_sequences {
            self.judge_sequences(recorder);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_log(&self, state: &mut State, recorder: &Recorder) -> std::io::Result<()> {
        let path = self.dir.join("calls.jsonl");
        if fs::metadata(&path)?.len() <= state.read {
            return Ok(());
        }
        let mut file = File::open(&path)?;
        file.seek(SeekFrom::Start(state.read))?;
        let mut news = std::mem::take(&mut state.partial);
        state.read += file.read_to_end(&mut news)? as u64;
        let complete = news.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        state.partial = news.split_off(complete);
        for line in news.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line) {
                Ok(line) => take(line, state, recorder),
                Err(error) => recorder.note(format!("a line in the log of mocked commands is damaged: {error}")),
            }
        }
        Ok(())
    }

    fn judge_sequences(&self, recorder: &Recorder) {
        let counts = match counters::read(&self.dir.join("counters.json")) {
            Ok(counts) => counts,
            Err(error) => return recorder.note(format!("the counters of mocked commands cannot be read: {error}")),
        };
        for (name, command) in self.plan.commands.iter().filter(|(name, _)| !self.unused_allowed.contains(*name)) {
            for (at, rule) in command.rules.iter().enumerate().filter(|(_, rule)| rule.sequence) {
                let used = counts.get(&sequence_key(name, at)).copied().unwrap_or(0) as usize;
                let all = rule.answers.len();
                if used < all {
                    recorder.problem(Problem {
                        blame: None,
                        code: "unused-answers".to_owned(),
                        message: format!("the mocked command `{name}` gave {used} of the {all} answers of {}", rule.label),
                        details: vec!["if that is all right, write `unused: allow` beside `command`".to_owned()],
                    });
                }
            }
        }
    }
}

fn take(line: Line, state: &mut State, recorder: &Recorder) {
    match line {
        Line::Start(start) => {
            state.open.insert(start.id.clone(), Open { start, stdin: String::new() });
        }
        Line::Stdin { id, head, .. } => {
            if let Some(open) = state.open.get_mut(&id) {
                open.stdin = head.lossy();
            }
        }
        Line::End(end) => {
            if let Some(open) = state.open.shift_remove(&end.id) {
                record(recorder, open, Some(end));
            }
        }
    }
}

fn record(recorder: &Recorder, open: Open, end: Option<End>) {
    let Open { start, stdin } = open;
    if !start.argv.iter().all(super::log::Bytes::is_text) {
        let exact = serde_json::to_string(&start.argv).expect("bytes are JSON");
        recorder.note(format!("a call of `{}` has arguments that are not UTF-8; exactly: {exact}", start.name));
    }
    let argv = start.argv.iter().map(super::log::Bytes::lossy).collect();
    let (exit, cwd) = (end.as_ref().map(|end| end.exit), start.cwd.lossy());
    let output = end.as_ref().map(|end| end.stdout.lossy()).unwrap_or_default();
    let (rule, unmatched) = end.map_or((None, None), |end| (end.rule, end.unmatched));
    recorder.push(What::Command(CommandCall { name: start.name, argv, stdin, cwd, exit, rule, output }));
    if let Some(Unmatched { message, details }) = unmatched {
        recorder.problem(Problem { blame: None, code: "unmatched-command".to_owned(), message, details });
    }
}
