//! What the calls of one case share: how often a command was called, how many answers of a sequence were given.
//!
//! Owns: the file, and its lock: two calls at once never get the same number.
//! Must not know: what is counted.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

pub type Counts = BTreeMap<String, u64>;

/// The counters, locked until dropped.
pub struct Counters {
    file: File,
    counts: Counts,
}

impl Counters {
    /// Waits for the lock. A file that does not exist yet holds no counts.
    pub fn lock(path: &Path) -> io::Result<Counters> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        file.lock()?;
        let counts = parse(&mut file)?;
        Ok(Counters { file, counts })
    }

    pub fn get(&self, key: &str) -> u64 {
        self.counts.get(key).copied().unwrap_or(0)
    }

    /// Adds one and returns the count before.
    pub fn next(&mut self, key: &str) -> u64 {
        let count = self.counts.entry(key.to_owned()).or_default();
        *count += 1;
        *count - 1
    }

    /// Stores the counts. They only grow, so a writer that dies leaves nothing of an older, longer text behind.
    pub fn store(mut self) -> io::Result<()> {
        let text = serde_json::to_vec(&self.counts)?;
        self.file.rewind()?;
        self.file.write_all(&text)
    }
}

/// Reads the counts without changing them.
pub fn read(path: &Path) -> io::Result<Counts> {
    match File::open(path) {
        Ok(mut file) => {
            file.lock_shared()?;
            parse(&mut file)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Counts::new()),
        Err(error) => Err(error),
    }
}

fn parse(file: &mut File) -> io::Result<Counts> {
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    if text.is_empty() {
        return Ok(Counts::new());
    }
    serde_json::from_str(&text).map_err(io::Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_at_once_never_get_the_same_number() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("counters.json");
        let mut numbers: Vec<u64> = std::thread::scope(|scope| {
            let take = || {
                let mut counters = Counters::lock(&path).unwrap();
                let number = counters.next("gog");
                counters.store().unwrap();
                number
            };
            let threads: Vec<_> = (0..40).map(|_| scope.spawn(take)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        numbers.sort_unstable();
        assert_eq!(numbers, (0..40).collect::<Vec<_>>());
        assert_eq!(read(&path).unwrap()["gog"], 40);
    }

    #[test]
    fn a_file_that_is_not_there_counts_nothing() {
        assert!(read(Path::new("/nonexistent/counters.json")).unwrap().is_empty());
    }
}
