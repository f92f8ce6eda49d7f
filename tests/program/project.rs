//! A folder of files of its own, and runs in it: what they say, what they leave behind.
//!
//! Owns: runs that go on, the hard limit, looking for what was left.
//! Must not know: what is expected.

use super::{CHECKRIDE, program};
use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// No run of these tests may take longer, on a machine with much else to do.
const HARD_LIMIT: Duration = Duration::from_secs(40);

/// A folder with suites. Its temporary folder is its own, so that whatever a run leaves behind can be found.
pub struct Project {
    dir: tempfile::TempDir,
}

/// What a run said.
#[derive(Debug)]
pub struct Said {
    pub status: i32,
    /// Both outputs; diagnostics come first.
    pub text: String,
    pub took: Duration,
}

/// A run that goes on.
pub struct Going {
    child: Child,
    began: Instant,
    out: PathBuf,
}

impl Project {
    pub fn new() -> Project {
        let dir = tempfile::tempdir().expect("a temporary folder can be made");
        std::fs::create_dir(dir.path().join("tmp")).expect("it is empty");
        Project { dir }
    }

    /// A project with one suite, `s.yaml`.
    pub fn with(suite: &str) -> Project {
        Project::new().file("s.yaml", suite)
    }

    pub fn file(self, path: &str, bytes: impl AsRef<[u8]>) -> Project {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("it is below the folder")).expect("folders can be made");
        std::fs::write(path, bytes).expect("it can be written");
        self
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub fn begin(&self, arguments: &[&str]) -> Going {
        self.begin_with(arguments, &[])
    }

    pub fn begin_with(&self, arguments: &[&str], env: &[(&str, &str)]) -> Going {
        self.begun(&[], arguments, env)
    }

    /// A run that another program becomes: `launcher`, then checkride and its arguments.
    pub fn begin_by(&self, launcher: &[&str], arguments: &[&str]) -> Going {
        self.begun(launcher, arguments, &[])
    }

    fn begun(&self, launcher: &[&str], arguments: &[&str], env: &[(&str, &str)]) -> Going {
        let out = self.path("tmp/out.txt");
        let write = || Stdio::from(std::fs::File::options().append(true).create(true).open(&out).expect("it can be written"));
        let words: Vec<&str> = launcher.iter().chain(&[CHECKRIDE]).chain(arguments).copied().collect();
        let mut command = program(words[0], self.dir.path());
        command.args(&words[1..]).stdout(write()).stderr(write()).env("NO_COLOR", "1").env("TMPDIR", self.path("tmp"));
        command.envs(env.iter().copied());
        Going { child: command.spawn().expect("the program starts"), began: Instant::now(), out }
    }

    pub fn say(&self, arguments: &[&str]) -> Said {
        self.begin(arguments).end()
    }

    /// `checkride check s.yaml`.
    pub fn check(&self) -> Said {
        self.say(&["check", "s.yaml"])
    }

    /// `checkride run` of all; nothing of it may be left.
    pub fn run(&self) -> Said {
        let said = self.say(&["run", "--suites", "s.yaml", "--json", "report.json", "--junit", "junit.xml"]);
        self.nothing_left();
        said
    }

    /// The stored trace of the case `NAME`.
    pub fn trace(&self, name: &str) -> String {
        let path = self.path(&format!(".checkride/s.{name}.jsonl"));
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The processes that were started below this folder and live.
    #[cfg(target_os = "linux")]
    pub fn living(&self) -> Vec<String> {
        let mark = format!("CHECKRIDE_CASE={}", self.dir.path().canonicalize().expect("it is there").display());
        let processes = std::fs::read_dir("/proc").expect("this is Linux").filter_map(Result::ok).map(|entry| entry.path());
        let marked = |process: &Path| {
            let environment = std::fs::read(process.join("environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).split('\0').any(|variable| variable.starts_with(&mark))
        };
        let dead = |process: &Path| std::fs::read_to_string(process.join("stat")).is_ok_and(|stat| stat.contains(") Z "));
        processes.filter(|process| marked(process) && !dead(process)).map(|process| process.display().to_string()).collect()
    }

    /// No process of a case, no folder of a run.
    pub fn nothing_left(&self) {
        #[cfg(target_os = "linux")]
        assert_eq!(self.living(), Vec::<String>::new(), "processes were left behind");
        let left = std::fs::read_dir(self.path("tmp")).expect("it is there").map(|entry| entry.expect("it can be read").file_name());
        let left: Vec<_> = left.filter(|name| name != "out.txt").collect();
        assert!(left.is_empty(), "folders were left behind: {left:?}");
    }
}

impl Going {
    /// Waits for the end; kills it when the hard limit is over.
    pub fn end(mut self) -> Said {
        while self.child.try_wait().expect("it is our child").is_none() {
            if self.began.elapsed() > HARD_LIMIT {
                let _ = self.child.kill();
                panic!("it hangs; so far it said:\n{}", self.so_far());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let status = self.child.wait().expect("it is our child");
        let said = Said { status: status.code().unwrap_or(-1), text: self.so_far(), took: self.began.elapsed() };
        assert!(!said.text.contains("a fault of checkride") && !said.text.contains("panicked"), "{}", said.text);
        assert_ne!(said.status, -1, "it was killed: {}", said.text);
        std::fs::remove_file(&self.out).expect("it is ours");
        said
    }

    pub fn so_far(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.out).unwrap_or_default()).into_owned()
    }

    /// Asks it to end, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it lives");
    }

    /// Waits until something has come about.
    pub fn until(&self, what: impl Fn() -> bool) {
        while !what() {
            assert!(self.began.elapsed() < HARD_LIMIT, "it did not come about; so far it said:\n{}", self.so_far());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Said {
    /// Asserts status and texts; all of them must be there.
    pub fn means(&self, status: i32, texts: &[&str]) -> &Said {
        assert_eq!(self.status, status, "{}", self.text);
        for text in texts {
            assert!(self.text.contains(text), "`{text}` is missing in:\n{}", self.text);
        }
        self
    }

    /// How many diagnostics it printed.
    pub fn diagnostics(&self) -> usize {
        self.text.lines().filter(|line| line.starts_with("error") || line.starts_with("warning")).count()
    }
}
