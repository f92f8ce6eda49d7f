//! The mock's side: this very binary, started under the name of a tool.
//!
//! Owns: finding the plan by the name the kernel was given, answering, exit codes, leaving a record of each call.
//! Must not know: the case, the agent, what is expected.

use super::counters::Counters;
use super::log::{Bytes, End, Line, Log, Start, Unmatched};
use super::plan::{Answer, Command, MARK, Plan, PlannedOtherwise};
use super::rules::{Call, Choice, choose};
use super::stdin::{self, Patience};
use crate::fakes::mcp::bridge;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustix::fd::BorrowedFd;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a shell says of a command that it cannot find.
const NOT_FOUND: i32 = 127;
/// What a shell says of a command that it cannot run: here, of a mock that cannot write its log.
const NOT_RUNNABLE: i32 = 126;

/// So much of what was printed is logged.
const PRINTED: usize = 64 << 10;

/// A link to a link to … a mock is followed this far.
const LINKS: usize = 8;

/// If this process was started as a mocked command, answers as that command and returns its exit code; as the program of an MCP fake, it
/// is that. Must be the first
/// thing in `main`: nothing else may have read arguments, written output or started threads.
pub fn shim_main() -> Option<i32> {
    let started_as = started_as()?;
    let Some(mock) = Mock::find(&started_as) else { return bridge::run_as(&started_as) };
    Some(mock.run(&started_as).unwrap_or_else(|error| {
        complain(&format!("{}: this mocked command cannot record its call: {error}", mock.name));
        NOT_RUNNABLE
    }))
}

/// The path that was executed, absolute. Not `argv[0]`, which the caller may forge, and not `/proc/self/exe`, which has lost the link's name.
fn started_as() -> Option<PathBuf> {
    #[cfg(target_os = "linux")]
    let path = {
        use std::os::unix::ffi::OsStrExt as _;
        PathBuf::from(std::ffi::OsStr::from_bytes(rustix::param::linux_execfn().to_bytes()))
    };
    #[cfg(not(target_os = "linux"))]
    let path = std::env::current_exe().ok().or_else(|| std::env::args_os().next().map(PathBuf::from))?;
    if path.is_absolute() { Some(path) } else { Some(std::env::current_dir().ok()?.join(path)) }
}

struct Mock {
    run_dir: PathBuf,
    name: String,
    command: Command,
}

impl Mock {
    /// The mock that a path stands for: `<run dir>/bin/<name>` with a plan in the run dir that knows the name, or a link to such a path.
    fn find(started_as: &Path) -> Option<Mock> {
        let mut path = started_as.to_path_buf();
        for _ in 0..LINKS {
            if let Some(mock) = Mock::at(&path) {
                return Some(mock);
            }
            let target = std::fs::read_link(&path).ok()?;
            path = path.parent()?.join(target);
        }
        None
    }

    fn at(path: &Path) -> Option<Mock> {
        let run_dir = path.parent()?.parent()?;
        let plan = std::fs::read(run_dir.join("plan.json")).ok()?;
        let mut plan: Plan = serde_json::from_slice(&plan).ok()?;
        let name = path.file_name()?.to_str()?;
        let command = plan.commands.remove(name).filter(|_| plan.plan == MARK)?;
        Some(Mock { run_dir: run_dir.to_path_buf(), name: name.to_owned(), command })
    }

    fn run(&self, started_as: &Path) -> io::Result<i32> {
        let mut log = Log::open(&self.run_dir.join("calls.jsonl"))?;
        let argv: Vec<OsString> = std::env::args_os().skip(1).collect();
        let start = self.start(started_as, &argv);
        let (id, cwd) = (start.id.clone(), start.cwd.lossy());
        log.append(&Line::Start(start))?;

        let input = if self.command.needs_stdin {
            stdin::read(rustix::stdio::stdin(), Patience::FULL)
        } else {
            stdin::glance(rustix::stdio::stdin(), Patience::GLANCE)
        };
        let stdin = Bytes::new(&input.head);
        let text = stdin.lossy();
        if input.bytes > 0 {
            log.append(&Line::Stdin { id: id.clone(), bytes: input.bytes, head: stdin })?;
        }

        let argv: Vec<String> = argv.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
        let call = Call { name: &self.name, argv: &argv, stdin: &text, cwd: &cwd };
        let outcome = self.answer(&call)?;
        let (exit, rule, unmatched) = (outcome.exit, outcome.rule, outcome.unmatched);
        log.append(&Line::End(End {
            id,
            t_mono: now(),
            exit,
            rule,
            bytes_out: outcome.bytes_out,
            stdout: Bytes::new(&outcome.printed),
            unmatched,
        }))?;
        Ok(exit)
    }

    fn start(&self, started_as: &Path, argv: &[OsString]) -> Start {
        let (t_mono, pid) = (now(), std::process::id());
        Start {
            id: format!("{pid}.{t_mono}"),
            t_mono,
            name: self.name.clone(),
            execfn: Bytes::of(started_as),
            argv: argv.iter().map(Bytes::of).collect(),
            cwd: Bytes::of(std::env::current_dir().unwrap_or_default()),
            pid,
            ppid: std::os::unix::process::parent_id(),
        }
    }

    fn answer(&self, call: &Call<'_>) -> io::Result<Outcome> {
        let choice = if self.command.counts {
            let mut counters = Counters::lock(&self.run_dir.join("counters.json"))?;
            let choice = choose(&self.command, call, Some(&mut counters));
            counters.store()?;
            choice
        } else {
            choose(&self.command, call, None)
        };
        Ok(match choice {
            Choice::Answer { rule, answer } => Outcome { rule: Some(rule.label.clone()), ..give(answer)? },
            Choice::UsedUp(unmatched) => fail(unmatched),
            Choice::Unmatched(unmatched) => match self.command.otherwise {
                PlannedOtherwise::Fail => fail(unmatched),
                PlannedOtherwise::Empty => Outcome::default(),
                PlannedOtherwise::Refuse => {
                    complain(&format!("{}: refused: this command is not allowed here", call.name));
                    Outcome { exit: 1, ..Outcome::default() }
                }
            },
        })
    }
}

/// How a call ended.
#[derive(Default)]
struct Outcome {
    exit: i32,
    rule: Option<String>,
    bytes_out: u64,
    printed: Vec<u8>,
    unmatched: Option<Unmatched>,
}

fn fail(unmatched: Unmatched) -> Outcome {
    complain(&unmatched.message);
    unmatched.details.iter().for_each(|detail| complain(detail));
    Outcome { exit: NOT_FOUND, unmatched: Some(unmatched), ..Outcome::default() }
}

fn give(answer: &Answer) -> io::Result<Outcome> {
    let decoded = |text: &str| BASE64.decode(text).map_err(io::Error::other);
    let (mut out, err) = (decoded(&answer.stdout)?, decoded(&answer.stderr)?);
    if answer.delay_ms > 0 {
        std::thread::sleep(Duration::from_millis(answer.delay_ms));
    }
    let taken = write(rustix::stdio::stdout(), &out);
    let bytes_out = taken + write(rustix::stdio::stderr(), &err);
    out.truncate(PRINTED.min(taken as usize));
    Ok(Outcome { exit: answer.exit, bytes_out, printed: out, ..Outcome::default() })
}

fn complain(message: &str) {
    write(rustix::stdio::stderr(), format!("{message}\n").as_bytes());
}

/// Writes until all is written or nobody reads any more (SIGPIPE is ignored by Rust's start-up), and returns how much was taken.
fn write(fd: BorrowedFd<'_>, mut bytes: &[u8]) -> u64 {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::Errno;
    let mut written = 0;
    while !bytes.is_empty() {
        match rustix::io::write(fd, bytes) {
            Ok(count) => {
                bytes = &bytes[count..];
                written += count as u64;
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                if poll(&mut [PollFd::new(&fd, PollFlags::OUT)], None).is_err_and(|error| error != Errno::INTR) {
                    break;
                }
            }
            Err(_) => break,
        }
    }
    written
}

/// Nanoseconds of the monotonic clock, the same for all processes.
fn now() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
