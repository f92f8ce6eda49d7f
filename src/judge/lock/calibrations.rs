//! What calibrations need of the lock. No case of a run asks for it, so it is written down.
//!
//! Owns: the files that say so, their names and their form.
//! Must not know: labels, what an entry holds, who removes it.

use super::folder::Lock;
use crate::judge::digest::sha256_of;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Begins the name of each file, so that none is taken for an entry.
const NAME: &str = "calibration-";

/// One calibration, and the entries that it read or wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Seen from checkride.yaml where they lie below it.
    pub labels: String,
    pub model: String,
    pub votes: u32,
    pub keys: BTreeSet<String>,
}

impl Lock {
    /// Remembers what a calibration needs. The same labels with the same judge replace what was remembered of them.
    pub fn remember(&self, calibration: &Calibration) -> std::io::Result<()> {
        let name = &sha256_of(&(&calibration.labels, &calibration.model, calibration.votes))[..16];
        let mut text = serde_json::to_string_pretty(calibration).expect("plain data becomes JSON");
        text.push('\n');
        self.write(&self.folder().join(format!("{NAME}{name}.json")), &text)
    }

    /// All that is remembered, with the files. The error says what cannot be read: then nobody knows what is needed.
    pub fn calibrations(&self) -> Result<Vec<(PathBuf, Calibration)>, String> {
        let listing = match std::fs::read_dir(self.folder()) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
            listing => listing.map_err(|error| format!("the judge's lock {} cannot be read: {error}", self.folder().display()))?,
        };
        let mut files: Vec<PathBuf> = listing.flatten().map(|item| item.path()).collect();
        files.retain(|file| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(NAME)));
        files.sort();
        let read = |file: PathBuf| {
            let text = std::fs::read_to_string(&file).map_err(|error| error.to_string());
            let read = text.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
            read.map(|calibration| (file.clone(), calibration)).map_err(|why| format!("{} cannot be read: {why}", file.display()))
        };
        files.into_iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_read_again_and_is_no_entry() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::new(folder.path().join("lock"));
        assert_eq!(lock.calibrations(), Ok(vec![]));
        let keys = |key: &str| BTreeSet::from([key.to_owned()]);
        let mut one = Calibration { labels: "labels.jsonl".into(), model: "m".into(), votes: 1, keys: keys("a") };
        lock.remember(&one).unwrap();
        one.keys = keys("b");
        lock.remember(&one).unwrap();
        let other = Calibration { votes: 3, ..one.clone() };
        lock.remember(&other).unwrap();
        let read: Vec<_> = lock.calibrations().unwrap().into_iter().map(|(_, calibration)| calibration).collect();
        assert!(read.len() == 2 && read.contains(&one) && read.contains(&other), "{read:?}");
        assert_eq!(lock.keys().unwrap(), Vec::<String>::new());
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("calibration-1.json"), "{}").unwrap();
        let why = Lock::new(folder.path()).calibrations().unwrap_err();
        assert!(why.contains("calibration-1.json cannot be read: missing field"), "{why}");
    }
}
