//! Where traces are stored: one file a case, named by its id, and beside it what a judge answered.
//!
//! Owns: the file names; that answers are of the trace they stand beside.
//! Must not know: what a trace holds, what answers mean.

use crate::base::fingerprint::Fingerprint;
use crate::model::judge::Asked;
use crate::model::trace::Trace;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// The longest file name that every file system takes, with room for the ending.
const LONGEST: usize = 180;

/// `dexter/wallets::lists_wallets[k=v]` becomes `dexter.wallets.lists_wallets_k=v.jsonl`.
fn file_name(case_id: &str) -> String {
    let mut name = String::new();
    for c in case_id.replace("::", ".").chars() {
        name.push(match c {
            '/' => '.',
            c if c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '=') => c,
            _ => '_',
        });
    }
    let name = name.trim_matches(['_', '.']);
    if name.len() <= LONGEST {
        return format!("{name}.jsonl");
    }
    let cut = (0..=LONGEST).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
    format!("{}-{:016x}.jsonl", &name[..cut], fnv(case_id))
}

/// The file names of the cases of one run.
#[derive(Debug, Default)]
pub struct Names {
    /// What more than one of them would be called: rows that differ in a character which no file name has.
    shared: HashSet<String>,
}

impl Names {
    pub fn of<'i>(ids: impl Iterator<Item = &'i str>) -> Names {
        let (mut all, mut shared) = (HashSet::new(), HashSet::new());
        for name in ids.map(file_name) {
            if !all.insert(name.clone()) {
                shared.insert(name);
            }
        }
        Names { shared }
    }

    pub fn file(&self, case_id: &str) -> String {
        let name = file_name(case_id);
        match name.strip_suffix(".jsonl") {
            Some(stem) if self.shared.contains(&name) => format!("{stem}-{:016x}.jsonl", fnv(case_id)),
            _ => name,
        }
    }
}

/// FNV-1a, 64 bits: keeps two ids apart that are too long or too much alike.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Where the traces of one run go.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    names: Names,
    /// Answers that earlier runs left: asked of the folder once, not for each case.
    answered: HashSet<PathBuf>,
}

impl Store {
    pub fn open<'i>(folder: &Path, ids: impl Iterator<Item = &'i str>) -> Store {
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
        let answered = files.filter(|path| path.to_string_lossy().ends_with(ANSWERS)).collect();
        Store { folder: folder.to_owned(), names: Names::of(ids), answered }
    }

    /// Writes a trace and returns its path.
    pub fn trace(&self, case_id: &str, trace: &Trace) -> Result<PathBuf, String> {
        let path = self.folder.join(self.names.file(case_id));
        let text = trace.to_jsonl();
        let written = match write(&path, &text) {
            // Only the first trace of a run finds no folder.
            Err(error) if error.kind() == ErrorKind::NotFound => std::fs::create_dir_all(&self.folder).and_then(|()| write(&path, &text)),
            written => written,
        };
        written.map_err(|e| format!("failed to write the trace {}: {e}", path.display()))?;
        Ok(path)
    }

    /// Writes the answers beside the trace; takes away what an earlier run left where there are none.
    pub fn answers(&self, path: &Path, trace: &Trace, rubrics: &[Asked]) -> Result<(), String> {
        let file = answers_path(path);
        if rubrics.is_empty() {
            return match self.answered.contains(&file).then(|| std::fs::remove_file(&file)) {
                Some(Err(error)) if error.kind() != ErrorKind::NotFound => Err(format!("failed to remove {}: {error}", file.display())),
                _ => Ok(()),
            };
        }
        let stored = StoredAnswers { version: ANSWERS_VERSION, trace: digest(trace), rubrics: rubrics.to_vec() };
        let text = serde_json::to_string_pretty(&stored).expect("answers hold only JSON") + "\n";
        write(&file, &text).map_err(|e| format!("failed to write the answers {}: {e}", file.display()))
    }
}

/// Raised when a reader of the old form would be misled.
const ANSWERS_VERSION: u32 = 1;

/// What a judge answered to the rubrics of one trace.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredAnswers {
    version: u32,
    /// A digest of the trace, so that the answers are never taken for those to another one.
    trace: String,
    rubrics: Vec<Asked>,
}

const ANSWERS: &str = ".judge.json";

/// `a.jsonl` has its answers in `a.judge.json`.
pub fn answers_path(trace: &Path) -> PathBuf {
    trace.with_extension(&ANSWERS[1..])
}

/// The answers beside a trace; none if there are none, or if they are of another trace. A file that cannot be read is a mistake.
pub fn answers(path: &Path, trace: &Trace) -> Result<Vec<Asked>, String> {
    let file = answers_path(path);
    let text = match std::fs::read_to_string(&file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(vec![]),
        read => read.map_err(|e| format!("failed to read the answers {}: {e}", file.display()))?,
    };
    let stored: StoredAnswers = serde_json::from_str(&text)
        .map_err(|e| format!("{} does not hold the answers of a judge: {e}; remove it to take them from the lock", file.display()))?;
    let fits = stored.version == ANSWERS_VERSION && stored.trace == digest(trace);
    Ok(if fits { stored.rubrics } else { vec![] })
}

fn digest(trace: &Trace) -> String {
    Fingerprint::of("trace", &trace.to_jsonl(), "").digest
}

/// Over what an earlier run left, and cut to length afterwards: a file that is emptied first is put on the disk at once, which
/// takes longer than most cases.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    file.write_all(text.as_bytes())?;
    if file.metadata()?.len() > text.len() as u64 { file.set_len(text.len() as u64) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::{Names, file_name, write};

    #[test]
    fn nothing_of_an_earlier_trace_stays() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("a.jsonl");
        let stored = |text: &str| {
            write(&path, text).expect("it can be written");
            std::fs::read_to_string(&path).expect("it was written")
        };
        assert_eq!((stored("long"), stored("s"), stored("longer")), ("long".to_owned(), "s".to_owned(), "longer".to_owned()));
    }

    #[test]
    fn ids_become_flat_names() {
        assert_eq!(file_name("dexter/wallets::lists_wallets"), "dexter.wallets.lists_wallets.jsonl");
        assert_eq!(file_name("a::b[k=v, 2]"), "a.b_k=v__2.jsonl");
    }

    #[test]
    fn rows_that_are_alike_stay_apart_and_others_keep_their_names() {
        let ids = ["a::b[q=a]", "a::b[q=a?]", "a::c[q=a?]"];
        let names = Names::of(ids.into_iter());
        let [first, second, third] = ids.map(|id| names.file(id));
        assert!(first != second && first.starts_with("a.b_q=a-"), "{first} {second}");
        assert_eq!(third, "a.c_q=a.jsonl");
    }

    #[test]
    fn long_ids_stay_apart() {
        let (a, b) = ("x".repeat(300) + "a", "x".repeat(300) + "b");
        assert_ne!(file_name(&a), file_name(&b));
        assert!(file_name(&a).len() < 255);
    }
}
