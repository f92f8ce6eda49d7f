//! The life of a process: read to its end, or ended.
//!
//! Owns: what it started ending with it, being asked to end, what its pipes hold after the end.
//! Must not know: what its lines mean, where its input comes from.

use super::group::{Group, Stop};
use super::output::{MAX_OUTPUT, Output};
use crate::transports::connection::{Ending, Exit, FrameStream, Incoming};
use futures_util::stream;
use std::pin::pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStderr, ChildStdout};
use tokio::sync::{mpsc, watch as news};

/// How long the output may stay open after the process has ended (a child that inherited it and goes on).
const AFTER_END: Duration = Duration::from_millis(500);

/// What a process was told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::transports) enum Told {
    Nothing,
    /// Its input is closed; most programs end then.
    InputClosed,
    End,
}

/// Asks a process to end. When dropped without asking, the process is killed.
pub(in crate::transports) struct Asking {
    told: news::Sender<Told>,
}

impl Asking {
    pub(in crate::transports) fn new() -> (Asking, news::Receiver<Told>) {
        let (told, hears) = news::channel(Told::Nothing);
        (Asking { told }, hears)
    }

    pub(in crate::transports) fn ask(&self) {
        self.told.send_replace(Told::End);
    }

    /// Gives a process whose input is closed the time to end by itself.
    pub(in crate::transports) async fn ask_after(&self, patience: Duration) {
        self.told.send_replace(Told::InputClosed);
        let _ = tokio::time::timeout(patience, self.told.closed()).await;
        self.ask();
        // What may end it is kept until it has ended: dropped before, the process would get no grace.
        self.told.closed().await;
    }
}

/// Reads a process, which leads a group of its own, to its end. Dropping the stream and what may ask it to end kills it.
pub(in crate::transports) fn watch(mut child: Child, output: Output, stop: Stop, ended: news::Receiver<Told>) -> FrameStream {
    let group = Group::of(&child);
    let (out, incoming) = mpsc::channel(256);
    let process = Process { stdout: child.stdout.take(), stderr: child.stderr.take(), child, group, out, stop, ended };
    tokio::spawn(process.live(output));
    Box::pin(stream::unfold(incoming, |mut incoming| async { incoming.recv().await.map(|item| (item, incoming)) }))
}

struct Process {
    child: Child,
    group: Group,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    out: mpsc::Sender<Incoming>,
    stop: Stop,
    ended: news::Receiver<Told>,
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
    async fn live(mut self, mut output: Output) {
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
                output.cut();
                ending.reason = format!("it printed more than {} MiB (or as much in short lines) and was ended", MAX_OUTPUT >> 20);
            }
        }
        // What it left running in its group ends with it.
        self.group.kill();
        let exit = exit_of(self.child.wait().await);
        // The status of a process that was ended by a signal of ours says nothing about it.
        ending.exit = Some(if ending.by_us { Exit::default() } else { exit });
        if !ending.by_us && *self.ended.borrow() == Told::InputClosed {
            (ending.by_us, ending.reason) = (true, "its input was closed by checkride".to_owned());
        }
        ending.last_words = output.last_words();
        let mut last = output.rest();
        // Only an end of its own is something the agent did.
        if !ending.by_us {
            last.extend(output.end(exit).map(Incoming::Frame));
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
                asked = asked.wait_for(|told| *told == Told::End) => return if asked.is_ok() { Over::Asked } else { Over::Dropped },
            };
            if output.is_flood() {
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
            if output.is_flood() || to.send(item).await.is_err() {
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
