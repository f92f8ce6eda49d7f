//! The files of a home before and after the run.
//!
//! Owns: finding what changed, what is recorded of a file.
//! Must not know: which files a check names, or why.

use crate::model::trace::{Blame, Problem, What};
use crate::recorder::Recorder;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// A file's content is recorded up to here.
const RECORDED: u64 = 1 << 20;

/// A file is searched for secrets up to here.
const SEARCHED: u64 = 64 << 20;

/// Of a long file, so many characters from a secret on are recorded.
const NEAR: usize = 80;

/// A home with more files is looked at only in part, with a note.
const MOST_FILES: usize = 20_000;

/// Every file below a folder, by a hash of its content.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    root: PathBuf,
    files: BTreeMap<String, u64>,
    complete: bool,
}

impl Snapshot {
    /// Of a folder in which nothing is yet.
    pub fn empty(root: &Path) -> Snapshot {
        Snapshot { root: root.to_path_buf(), files: BTreeMap::new(), complete: true }
    }

    /// Files that cannot be read are taken as empty. Links are not followed.
    pub fn take(root: &Path) -> Snapshot {
        let mut snapshot = Snapshot::empty(root);
        let mut folders = vec![root.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                    Ok(kind) if kind.is_file() || kind.is_symlink() => snapshot.add(&entry.path()),
                    _ => {}
                }
                if snapshot.files.len() >= MOST_FILES {
                    snapshot.complete = false;
                    return snapshot;
                }
            }
        }
        snapshot
    }

    fn add(&mut self, path: &Path) {
        if let Ok(name) = path.strip_prefix(&self.root) {
            self.files.insert(name.to_string_lossy().into_owned(), hash(path));
        }
    }

    /// Paths, below the folder, of files that were made, changed or removed since.
    pub fn changed(&self) -> BTreeSet<String> {
        self.compare(&Snapshot::take(&self.root))
    }

    fn compare(&self, now: &Snapshot) -> BTreeSet<String> {
        let names: BTreeSet<&String> = self.files.keys().chain(now.files.keys()).collect();
        names.into_iter().filter(|name| self.files.get(*name) != now.files.get(*name)).cloned().collect()
    }

    /// Records the named files as they are now and, if `all_changed`, every other file that changed. Names may begin with `~/` or `./`.
    pub fn record(&self, recorder: &Recorder, names: &[String], all_changed: bool) {
        let now = Snapshot::take(&self.root);
        if !now.complete {
            recorder.note(format!("the case's folder holds more than {MOST_FILES} files; the others were not compared"));
        }
        let changed = self.compare(&now);
        let mut others = changed.clone();
        for name in names {
            let plain = plain(name);
            others.remove(plain);
            let changed = changed.contains(plain) || (!now.complete && !self.files.contains_key(plain) && self.root.join(plain).exists());
            self.record_file(recorder, name, plain, changed);
        }
        if all_changed {
            others.iter().for_each(|name| self.record_file(recorder, name, name, true));
        }
    }

    /// Records every file that was made or changed, is not among `named`, and has a planted secret in its content or its path.
    pub fn record_secrets(&self, recorder: &Recorder, named: &[String]) {
        let now = Snapshot::take(&self.root);
        if !now.complete {
            not_searched(recorder, format!("the case's folder holds more than {MOST_FILES} files, so not all were searched for secrets"));
        }
        let named: BTreeSet<&str> = named.iter().map(|name| plain(name)).collect();
        for name in self.compare(&now).iter().filter(|name| !named.contains(name.as_str())) {
            let content = secrets_in(&self.root.join(name), recorder, name);
            if content.is_some() || recorder.planted_in(name).is_some() {
                recorder.push(What::File { path: name.clone(), content, changed: true });
            }
        }
    }

    fn record_file(&self, recorder: &Recorder, shown: &str, name: &str, changed: bool) {
        let content = content(&self.root.join(name), recorder, shown);
        recorder.push(What::File { path: shown.to_owned(), content, changed });
    }
}

fn plain(name: &str) -> &str {
    name.trim_start_matches("~/").trim_start_matches("./")
}

/// The content of a file with marks in the place of secrets, if there are any; of a long one, only what stands near them.
fn secrets_in(path: &Path, recorder: &Recorder, shown: &str) -> Option<String> {
    let size = fs::metadata(path).ok().filter(fs::Metadata::is_file)?.len();
    let mut bytes = Vec::new();
    match fs::File::open(path).and_then(|file| file.take(SEARCHED).read_to_end(&mut bytes)) {
        Err(error) => not_searched(recorder, format!("`{shown}` was changed and cannot be searched for secrets: {error}")),
        Ok(_) if size > SEARCHED => {
            not_searched(recorder, format!("`{shown}` has {size} bytes; only {SEARCHED} were searched for secrets"));
        }
        Ok(_) => {}
    }
    let content = recorder.planted_in(&String::from_utf8_lossy(&bytes))?;
    if content.len() as u64 <= RECORDED {
        return Some(content);
    }
    Some(content.match_indices('«').map(|(at, _)| content[at..].chars().take(NEAR).chain(['…']).collect::<String>()).collect())
}

/// What nobody looked at is not known to hold no secret.
fn not_searched(recorder: &Recorder, message: String) {
    let (blame, code) = (Some(Blame::Harness), "file-not-searched".to_owned());
    recorder.problem(Problem { blame, code, message, details: vec![] });
}

/// `None` if it is not there or no file. Bytes that are not UTF-8 become U+FFFD.
fn content(path: &Path, recorder: &Recorder, shown: &str) -> Option<String> {
    let size = fs::metadata(path).ok().filter(fs::Metadata::is_file)?.len();
    let mut bytes = Vec::new();
    if let Err(error) = fs::File::open(path).and_then(|file| file.take(RECORDED).read_to_end(&mut bytes)) {
        recorder.note(format!("`{shown}` cannot be read: {error}"));
    }
    if size > RECORDED {
        recorder.note(format!("`{shown}` has {size} bytes; the first {RECORDED} were recorded"));
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn hash(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    if let Ok(target) = fs::read_link(path) {
        hasher.write(target.as_os_str().as_encoded_bytes());
        return hasher.finish();
    }
    let Ok(mut file) = fs::File::open(path) else { return 0 };
    let mut chunk = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = file.read(&mut chunk) {
        hasher.write(&chunk[..count]);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(change: impl FnOnce(&Path), names: &[&str]) -> Vec<(String, Option<String>, bool)> {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("kept"), "k").unwrap();
        fs::write(home.path().join("edited"), "old").unwrap();
        let before = Snapshot::take(home.path());
        change(home.path());
        let recorder = Recorder::new();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        before.record(&recorder, &names, true);
        let file = |record: crate::model::trace::Record| match record.what {
            What::File { path, content, changed } => Some((path, content, changed)),
            _ => None,
        };
        recorder.finish().records.into_iter().filter_map(file).collect()
    }

    #[test]
    fn a_file_left_alone_is_unchanged() {
        assert_eq!(after(|_| {}, &["kept"]), [("kept".to_owned(), Some("k".to_owned()), false)]);
    }

    #[test]
    fn edited_new_and_removed_files_are_told() {
        let seen = after(
            |home| {
                fs::write(home.join("edited"), "new").unwrap();
                fs::create_dir(home.join("d")).unwrap();
                fs::write(home.join("d/made"), b"\xff").unwrap();
                fs::remove_file(home.join("kept")).unwrap();
            },
            &["edited"],
        );
        let expected = [
            ("edited".to_owned(), Some("new".to_owned()), true),
            ("d/made".to_owned(), Some("\u{fffd}".to_owned()), true),
            ("kept".to_owned(), None, true),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_file_that_never_was_is_absent() {
        assert_eq!(after(|_| {}, &["~/none"]), [("~/none".to_owned(), None, false)]);
    }

    #[test]
    fn a_pipe_in_the_home_blocks_nobody() {
        let make = |home: &Path| assert!(std::process::Command::new("mkfifo").arg(home.join("pipe")).status().unwrap().success());
        assert_eq!(after(make, &["pipe"]), [("pipe".to_owned(), None, false)]);
    }
}
