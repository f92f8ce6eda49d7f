//! A turn's process: started, read, written to, ended.
//!
//! Owns: the life of one process and of what it started, the limits of its output.
//! Must not know: what its lines mean, which turn it is.

use super::group::{Group, Stop};
use super::lines::Lines;
use crate::transports::connection::{Connection, Ending, Exit, Incoming, OpenError, Outgoing, bytes_frame, text_frame};
use futures_util::{Sink, stream};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::process::Stdio;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::sync::{mpsc, watch};

/// A program that prints more is ended: each line is a record, and a program that never stops would fill the memory.
const MAX_OUTPUT: usize = 64 << 20;
/// What one more line costs besides its bytes.
const LINE_COST: usize = 512;
/// How long the output may stay open after the process has ended (a child that inherited it and goes on).
const AFTER_END: Duration = Duration::from_millis(500);

/// How the agent's program is started; the same for all turns.
#[derive(Clone, Debug, Default)]
pub struct ExecLaunch {
    pub argv: Vec<String>,
    /// The whole environment.
    pub env: Vec<(String, String)>,
    pub cwd: PathBuf,
}

/// What one turn adds.
#[derive(Clone, Debug, Default)]
pub struct ExecRun {
    pub args: Vec<String>,
    /// Without it, standard input is empty.
    pub stdin: Option<String>,
    pub env: Vec<(String, String)>,
}

/// Starts the process of a turn in a process group of its own. Closing the sink ends it by `stop`, dropping stream and sink kills it.
pub fn start(launch: &ExecLaunch, run: ExecRun, stop: Stop) -> Result<Connection, OpenError> {
    let mut argv = launch.argv.iter().chain(&run.args);
    let program = argv.next().ok_or_else(|| OpenError::new("start", "the agent has no command"))?;
    let mut child = Command::new(program)
        .args(argv)
        .env_clear()
        .envs(launch.env.iter().chain(&run.env).map(|(name, value)| (name, value)))
        .current_dir(&launch.cwd)
        .stdin(if run.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| OpenError::new("start", start_words(program, launch, &e)))?;
    let group = Group::of(&child);
    if let (Some(mut pipe), Some(text)) = (child.stdin.take(), run.stdin) {
        // A program that does not read its input is not wrong; the pipe just breaks.
        tokio::spawn(async move {
            let _ = pipe.write_all(text.as_bytes()).await;
        });
    }
    let url = format!("exec:{program}");
    let (out, incoming) = mpsc::channel(256);
    let (end, ended) = watch::channel(false);
    let process = Process { stdout: child.stdout.take(), stderr: child.stderr.take(), child, group, out, stop, ended };
    tokio::spawn(process.watch());
    let stream = stream::unfold(incoming, |mut incoming| async { incoming.recv().await.map(|item| (item, incoming)) });
    Ok(Connection { url, sink: Box::pin(EndOnly { end }), stream: Box::pin(stream) })
}

fn start_words(program: &str, launch: &ExecLaunch, error: &std::io::Error) -> String {
    let path = launch.env.iter().rev().find(|(name, _)| name == "PATH").map_or("", |(_, value)| value);
    match error.kind() {
        std::io::ErrorKind::NotFound if !launch.cwd.is_dir() => {
            format!("failed to start `{program}`: there is no folder {}", launch.cwd.display())
        }
        std::io::ErrorKind::NotFound if program.contains('/') => format!("failed to start `{program}`: there is no such file"),
        std::io::ErrorKind::NotFound => format!("failed to start `{program}`: it is not on the agent's PATH ({path})"),
        std::io::ErrorKind::PermissionDenied => format!("failed to start `{program}`: it may not be executed"),
        _ => format!("failed to start `{program}`: {error}"),
    }
}

/// The sink of a process that takes no frames: closing it asks the process to end.
struct EndOnly {
    end: watch::Sender<bool>,
}

impl Sink<Outgoing> for EndOnly {
    type Error = String;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), String>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, _: Outgoing) -> Result<(), String> {
        Err("a process of the transport `exec` takes no frames; its input is given by `run`".to_owned())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), String>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), String>> {
        self.end.send_replace(true);
        Poll::Ready(Ok(()))
    }
}

struct Process {
    child: Child,
    group: Group,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    out: mpsc::Sender<Incoming>,
    stop: Stop,
    ended: watch::Receiver<bool>,
}

/// Why reading stopped.
enum Over {
    /// The process ended by itself.
    Itself,
    Asked,
    /// Nobody listens any more.
    Dropped,
    Flood,
}

impl Process {
    async fn watch(mut self) {
        let mut output = Output::default();
        let over = self.read(&mut output).await;
        let mut ending = Ending::default();
        match over {
            Over::Itself => self.finish_reading(&mut output).await,
            Over::Dropped => return,
            Over::Asked => {
                // Reading goes on, so that a program which is asked to end can say its last words.
                let stop = self.stop;
                let Process { child, group, stdout, stderr, out, .. } = &mut self;
                let (mut end, mut reading) = (pin!(group.end(child, stop)), pin!(drain(stdout, stderr, &mut output, out)));
                let all_read = tokio::select! { () = &mut end => false, () = &mut reading => true };
                // What left the group may hold the pipes open for ever.
                match all_read {
                    true => end.await,
                    false => drop(tokio::time::timeout(AFTER_END, reading).await),
                }
                (ending.by_us, ending.reason) = (true, "ended by checkride".to_owned());
            }
            Over::Flood => {
                self.group.kill();
                ending.reason = format!("it printed more than {} MiB (or as much in short lines) and was ended", MAX_OUTPUT >> 20);
            }
        }
        // What it left running in its group ends with it.
        self.group.kill();
        let exit = exit_of(self.child.wait().await);
        ending.exit = Some(exit);
        ending.last_words = output.last_words();
        let mut last = output.rest();
        // Only an end of its own is something the agent did.
        if !ending.by_us {
            last.push(Incoming::Frame(output.end(exit)));
        }
        last.push(Incoming::Ended(ending));
        self.give(last).await;
    }

    /// Reads until the process has ended and all was read, or somebody ends it.
    async fn read(&mut self, output: &mut Output) -> Over {
        let (mut out, mut err) = ([0; 16384], [0; 16384]);
        let mut asked = self.ended.clone();
        loop {
            let items = tokio::select! {
                read = read_some(&mut self.stdout, &mut out) => output.stdout(&out[..read]),
                read = read_some(&mut self.stderr, &mut err) => output.stderr(&err[..read]),
                _ = self.child.wait() => return Over::Itself,
                asked = asked.wait_for(|asked| *asked) => return if asked.is_ok() { Over::Asked } else { Over::Dropped },
            };
            if output.cost > MAX_OUTPUT {
                return Over::Flood;
            }
            if !self.give(items).await {
                return Over::Dropped;
            }
        }
    }

    /// What the pipes still hold. Somebody else may hold them open; then that one is ended first.
    async fn finish_reading(&mut self, output: &mut Output) {
        for attempt in 0..2 {
            let reading = drain(&mut self.stdout, &mut self.stderr, output, &self.out);
            if tokio::time::timeout(AFTER_END, reading).await.is_ok() || attempt == 1 {
                return;
            }
            self.group.kill();
        }
    }

    /// False if nobody listens.
    async fn give(&mut self, items: Vec<Incoming>) -> bool {
        let mut asked = self.ended.clone();
        for item in items {
            tokio::select! {
                sent = self.out.send(item) => if sent.is_err() { return false },
                // Only a dropped sink matters here; being asked to end is seen by the reader.
                () = async { while asked.changed().await.is_ok() {} } => return false,
            }
        }
        true
    }
}

/// Reads both outputs to their ends. Past the limit, or when nobody listens, the rest is thrown away.
async fn drain(stdout: &mut Option<ChildStdout>, stderr: &mut Option<ChildStderr>, output: &mut Output, to: &mpsc::Sender<Incoming>) {
    let (mut out, mut err) = ([0; 16384], [0; 16384]);
    while stdout.is_some() || stderr.is_some() {
        let items = tokio::select! {
            read = read_some(stdout, &mut out) => output.stdout(&out[..read]),
            read = read_some(stderr, &mut err) => output.stderr(&err[..read]),
        };
        for item in items {
            if output.cost > MAX_OUTPUT || to.send(item).await.is_err() {
                break;
            }
        }
    }
}

/// Reads what is there. At the end of the output the pipe is dropped, and nothing is ever ready again.
async fn read_some<R: AsyncRead + Unpin>(pipe: &mut Option<R>, buffer: &mut [u8]) -> usize {
    let Some(open) = pipe else { return std::future::pending().await };
    let read = open.read(buffer).await.unwrap_or(0);
    if read == 0 {
        *pipe = None;
    }
    read
}

fn exit_of(status: std::io::Result<std::process::ExitStatus>) -> Exit {
    use std::os::unix::process::ExitStatusExt as _;
    status.map_or(Exit::default(), |status| Exit { code: status.code(), signal: status.signal() })
}

#[derive(Default)]
struct Output {
    stdout: Lines,
    stderr: Lines,
    /// Bytes and lines so far, see [`MAX_OUTPUT`].
    cost: usize,
}

impl Output {
    fn stdout(&mut self, bytes: &[u8]) -> Vec<Incoming> {
        let mut items = Vec::new();
        self.stdout.take(bytes, |line| items.push(Incoming::Frame(line_frame(line))));
        self.cost += bytes.len() + items.len() * LINE_COST;
        items
    }

    fn stderr(&mut self, bytes: &[u8]) -> Vec<Incoming> {
        let mut items = Vec::new();
        self.stderr.take(bytes, |line| items.push(Incoming::Log(String::from_utf8_lossy(line).into_owned())));
        self.cost += bytes.len() + items.len() * LINE_COST;
        items
    }

    /// The last frame.
    fn end(&self, exit: Exit) -> Value {
        let mut frame = json!({"exit": exit.code, "stdout": self.stdout.text(), "stderr": self.stderr.text()});
        if let Some(signal) = exit.signal {
            frame["signal"] = signal.into();
        }
        frame
    }

    /// The last line of standard error, in at most 300 characters.
    fn last_words(&self) -> Option<String> {
        let text = self.stderr.text();
        text.lines().next_back().map(|line| line.trim().chars().take(300).collect()).filter(|line: &String| !line.is_empty())
    }

    fn rest(&mut self) -> Vec<Incoming> {
        let mut items = Vec::new();
        self.stdout.rest(|line| items.push(Incoming::Frame(line_frame(line))));
        self.stderr.rest(|line| items.push(Incoming::Log(String::from_utf8_lossy(line).into_owned())));
        items
    }
}

fn line_frame(line: &[u8]) -> Value {
    match std::str::from_utf8(line) {
        Ok(text) => text_frame(text),
        Err(_) => bytes_frame(line),
    }
}
