//! The temporary folders of a run: one for all, below it one for each case. Paths are short, since sockets may lie there.
//!
//! Owns: the layout, and its removal.
//! Must not know: what is put into the folders.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The folder of one run; removed when dropped. End the processes of the run before.
pub struct RunDir {
    root: tempfile::TempDir,
}

/// The folders of one attempt of a case.
#[derive(Clone, Debug)]
pub struct CaseDir {
    /// All of it; also the marker by which the processes of the case are known.
    pub root: PathBuf,
    /// HOME and working folder of the agent: `{{case.dir}}`.
    pub home: PathBuf,
    /// For temporary files of the agent.
    pub tmp: PathBuf,
    /// For mocked commands, made with the first of them.
    pub mocks: PathBuf,
    /// For the programs of MCP fakes, made with the first of them.
    pub bridges: PathBuf,
    /// Of all clones: there is something to remove.
    made: Arc<AtomicBool>,
}

impl RunDir {
    pub fn new() -> io::Result<RunDir> {
        let base = std::fs::canonicalize(std::env::temp_dir())?;
        Ok(RunDir { root: tempfile::Builder::new().prefix("cr-").tempdir_in(base)? })
    }

    pub fn path(&self) -> &Path {
        self.root.path()
    }

    /// The folders of a case, made at once. `key` is unique in this run, short, and a file name.
    pub fn case(&self, key: &str) -> io::Result<CaseDir> {
        let case = self.place(key);
        case.make()?;
        Ok(case)
    }

    /// For the data of a case's servers: beside its folders, since what works in those ends with the agent.
    pub fn servers(&self, key: &str) -> PathBuf {
        self.root.path().join(format!("{key}.s"))
    }

    /// Where the folders of a case will be, for a case that may need none.
    pub fn place(&self, key: &str) -> CaseDir {
        let root = self.root.path().join(key);
        let made = Arc::default();
        CaseDir { home: root.join("home"), tmp: root.join("tmp"), mocks: root.join("m"), bridges: root.join("b"), root, made }
    }
}

impl CaseDir {
    /// Makes what every agent needs, if it is not there.
    pub fn make(&self) -> io::Result<()> {
        self.made.store(true, Ordering::Relaxed);
        [&self.root, &self.home, &self.tmp].into_iter().try_for_each(std::fs::create_dir_all)
    }

    /// Where the mocked commands themselves are: `{{case.bin}}`.
    pub fn bin(&self) -> PathBuf {
        self.mocks.join("bin")
    }

    /// The value of `CHECKRIDE_CASE` in the environment of every process of the case; no other case on this machine has it.
    pub fn marker(&self) -> String {
        self.root.to_string_lossy().into_owned()
    }

    /// Removes all of it. A file that cannot be removed now goes, or stays, with the run's folder.
    pub fn remove(&self) {
        if self.made.load(Ordering::Relaxed) {
            let _ = std::fs::remove_dir_all(&self.root);
        }
    }
}
