//! The folder of the lock.
//!
//! Owns: file names, atomic writes, which entries a run used.
//! Must not know: what is asked, what replies mean.

use super::entry::Entry;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

/// A folder of entries; it need not be there before the first is written.
pub struct Lock {
    folder: PathBuf,
    used: Mutex<BTreeSet<String>>,
    writable: OnceLock<Result<(), LockProblem>>,
}

/// Why an entry could not be used.
#[derive(Clone, Debug, PartialEq)]
pub enum LockProblem {
    /// The file is there, and somebody or something changed it.
    Damaged { file: PathBuf, reason: String },
    /// The system refused.
    Unusable { file: PathBuf, reason: String },
}

impl Lock {
    pub fn new(folder: impl Into<PathBuf>) -> Lock {
        Lock { folder: folder.into(), used: Mutex::default(), writable: OnceLock::new() }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn file(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.json"))
    }

    /// The entry of this key; `None` if there is none.
    pub fn get(&self, key: &str) -> Result<Option<Entry>, LockProblem> {
        let file = self.file(key);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                return Err(LockProblem::Damaged { file, reason: "it is not UTF-8".to_owned() });
            }
            Err(error) => return Err(LockProblem::Unusable { file, reason: error.to_string() }),
        };
        let entry = Entry::read(&text, key).map_err(|reason| LockProblem::Damaged { file, reason })?;
        self.mark_used(key);
        Ok(Some(entry))
    }

    /// Whether entries can be written, tried once: to be known before a model is paid for an answer that could not be kept.
    pub fn is_writable(&self) -> Result<(), LockProblem> {
        let tried = || {
            let made = std::fs::create_dir_all(&self.folder).and_then(|()| tempfile::NamedTempFile::new_in(&self.folder));
            made.map(drop).map_err(|error| LockProblem::Unusable { file: self.folder.clone(), reason: error.to_string() })
        };
        self.writable.get_or_init(tried).clone()
    }

    /// Writes an entry whole or not at all.
    pub fn put(&self, entry: &Entry) -> Result<(), LockProblem> {
        let key = entry.asked.key();
        let file = self.file(&key);
        self.write(&file, &entry.print()).map_err(|error| LockProblem::Unusable { file, reason: error.to_string() })?;
        self.mark_used(&key);
        Ok(())
    }

    pub(super) fn write(&self, file: &Path, text: &str) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let mut temporary = tempfile::NamedTempFile::new_in(&self.folder)?;
        temporary.write_all(text.as_bytes())?;
        // A temporary file is for its owner alone; an entry is a file like any other in the repository.
        std::fs::set_permissions(temporary.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        temporary.persist(file)?;
        Ok(())
    }

    fn mark_used(&self, key: &str) {
        self.used.lock().expect("no panic happens under this lock").insert(key.to_owned());
    }

    /// The keys that were read or written since this value was made.
    pub fn used(&self) -> BTreeSet<String> {
        self.used.lock().expect("no panic happens under this lock").clone()
    }

    /// All keys that there are, in order. A file that is not named by a key is none of ours.
    pub fn keys(&self) -> std::io::Result<Vec<String>> {
        let listing = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
            listing => listing?,
        };
        let mut keys = Vec::new();
        for item in listing {
            let name = item?.file_name();
            let key = name.to_str().and_then(|name| name.strip_suffix(".json"));
            keys.extend(key.filter(|key| key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit())).map(str::to_owned));
        }
        keys.sort();
        Ok(keys)
    }

    /// The only key that begins so. The error says what there is instead.
    pub fn find(&self, start: &str) -> Result<String, String> {
        let keys = self.keys().map_err(|error| format!("the judge's lock {} cannot be read: {error}", self.folder.display()))?;
        let mut matching = keys.into_iter().filter(|key| key.starts_with(&start.to_ascii_lowercase()));
        match (matching.next(), matching.next()) {
            (Some(key), None) => Ok(key),
            (Some(one), Some(other)) => Err(format!("several entries begin with `{start}`: {one}, {other}, …; write more of the key")),
            (None, _) => Err(format!("no entry of the judge's lock {} begins with `{start}`", self.folder.display())),
        }
    }

    /// Takes an entry away.
    pub fn remove(&self, key: &str) -> std::io::Result<()> {
        std::fs::remove_file(self.file(key))
    }

    /// Every entry that can be read.
    pub(in crate::judge) fn entries(&self) -> Vec<(String, Entry)> {
        let read = |key: String| {
            let text = std::fs::read_to_string(self.file(&key)).ok()?;
            Entry::read(&text, &key).ok().map(|entry| (key, entry))
        };
        self.keys().unwrap_or_default().into_iter().filter_map(read).collect()
    }
}

impl std::fmt::Display for LockProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LockProblem::Damaged { file, reason } => write!(f, "the judge's lock holds a damaged entry, {}: {reason}", file.display()),
            LockProblem::Unusable { file, reason } => write!(f, "the judge's lock cannot be used, {}: {reason}", file.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::Asked;
    use super::*;

    fn entry(text: &str) -> Entry {
        Asked::example("a", text).answered()
    }

    #[test]
    fn what_few_entries_have_changes_the_key_of_no_other() {
        let (plain, mut later) = (entry("one").asked, entry("one").asked);
        // The key that this entry had before there was anything but the parts that all have.
        assert_eq!(plain.key(), "3b10cfd0cd18656be223ee3118d7e65e06228b313878b5ba0a63bc2ac1e65274");
        later.again_sha256 = Some("a".into());
        assert_ne!(plain.key(), later.key());
        (later.again_sha256, later.host) = (None, Some("a".into()));
        assert_ne!(plain.key(), later.key());
    }

    #[test]
    fn an_entry_comes_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::new(folder.path().join("not/there/yet"));
        let (one, two) = (entry("one"), entry("two"));
        assert_eq!(lock.get(&one.asked.key()), Ok(None));
        assert_eq!(lock.keys().unwrap(), Vec::<String>::new());
        lock.put(&one).unwrap();
        lock.put(&two).unwrap();
        let again = Lock::new(lock.folder());
        assert_eq!(again.get(&one.asked.key()), Ok(Some(one.clone())));
        assert_eq!(again.keys().unwrap().len(), 2);
        assert_eq!(again.used().into_iter().collect::<Vec<_>>(), [one.asked.key()]);
        let left: Vec<_> = std::fs::read_dir(lock.folder()).unwrap().flatten().collect();
        assert_eq!(left.len(), 2, "no temporary file is left");
    }

    #[test]
    fn an_entry_edited_by_hand_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::new(folder.path());
        let entry = entry("one");
        let key = entry.asked.key();
        lock.put(&entry).unwrap();
        let text = std::fs::read_to_string(lock.file(&key)).unwrap();
        for (from, to, says) in [
            ("\\\"met\\\"", "\\\"not_met\\\"", "changed after it was written"),
            ("\"verdict\": \"met\"", "\"verdict\": \"unsure\"", "changed after it was written"),
            ("\"truncated\": false", "\"truncated\": true", "changed after it was written"),
            ("\"criterion_text\": \"one\"", "\"criterion_text\": \"two\"", "does not make the key"),
            ("\"seal\": \"", "\"seal\": \"0", "changed after it was written"),
            ("\"reply\"", "\"answer\"", "cannot be read"),
            ("{", "", "cannot be read"),
        ] {
            assert!(text.contains(from), "{from}");
            std::fs::write(lock.file(&key), text.replacen(from, to, 1)).unwrap();
            match lock.get(&key) {
                Err(LockProblem::Damaged { reason, .. }) => assert!(reason.contains(says), "{from}: {reason}"),
                other => panic!("{from}: {other:?}"),
            }
        }
        std::fs::write(lock.file(&key), [0xff, 0xfe]).unwrap();
        assert!(lock.get(&key).unwrap_err().to_string().contains("damaged entry"));
    }

    #[test]
    fn a_lock_that_cannot_be_written_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let problem = Lock::new(file.join("below")).put(&entry("one")).unwrap_err();
        assert!(problem.to_string().contains("cannot be used"), "{problem}");
    }
}
