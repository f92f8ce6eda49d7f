//! A launched agent, from its start to its end.
//!
//! Owns: start and readiness within a time limit, the agent's exit, stopping it with everything that it started.
//! Must not know: how one talks to it.

use super::environment::MARKER;
use super::home::Launch;
use super::output::Output;
use super::problem::problem;
use super::program;
use super::ready::{self, Address, Sign};
use super::tree::{self, Tree};
use crate::base::duration;
use crate::model::agent::{Ready, ReadyHow, Stop, StopSignal};
use crate::model::trace::{Blame, Problem, Stream, What};
use crate::recorder::Recorder;
use indexmap::IndexMap;
use rustix::process::Signal;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::process::Child;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Output that was printed before the end is waited for this long; a grandchild may hold the pipe open for ever.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How a process ended: one of the two is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Ended {
        Ended { code: status.code(), signal: status.signal() }
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(f, "exit status {code}"),
            (None, Some(signal)) => write!(f, "signal {signal}"),
            (None, None) => f.write_str("an unknown status"),
        }
    }
}

/// Where a process is in its life.
#[derive(Clone, Copy)]
enum Life {
    Running,
    /// It has ended, and may still have printed something that was not read.
    Gone(Ended),
    /// Its last words and its end are recorded.
    Told(Ended),
}

/// A process that can be spoken to. When dropped, it is killed with everything that it started.
pub struct RunningAgent {
    pub url: Option<String>,
    pub captures: IndexMap<String, String>,
    pub pid: u32,
    process: Process,
}

/// The process, ready or not.
struct Process {
    tree: Arc<Tree>,
    life: watch::Receiver<Life>,
    /// Set when checkride ends it: then its exit status says nothing about the agent.
    stopping: Arc<AtomicBool>,
    output: Arc<Output>,
    recorder: Recorder,
}

/// Starts an agent and waits until it is ready. `url` is where it is told to listen, if its output does not tell.
/// The problem's details are the last lines of its output; nothing of it lives on.
pub async fn start(launch: &Launch, ready: &Ready, url: Option<&str>, recorder: &Recorder) -> Result<RunningAgent, Problem> {
    let marker = launch.env.iter().find(|(name, _)| name == MARKER).map_or("", |(_, value)| value.as_str());
    if marker.is_empty() {
        return Err(problem(Blame::Harness, "agent-not-marked", format!("the agent's environment lacks {MARKER}"), vec![]));
    }
    let tree = Arc::new(Tree::new(marker));
    let child = program::spawn(launch).await?;
    let pid = child.id().unwrap_or_default();
    tree.lead(pid);
    let output = Arc::new(Output::new(recorder.clone()));
    let sign = Sign::new(ready, url, &output);
    let process = Process::mind(child, tree, output, recorder);
    if tree::is_ending() {
        return Err(problem(Blame::Harness, "interrupted", "the run was interrupted", vec![]));
    }
    let address = match process.until_ready(launch, ready, url, sign).await {
        Ok(address) => address,
        Err(problem) => {
            process.note_dropped();
            return Err(problem);
        }
    };
    Ok(RunningAgent { url: address.url, captures: address.captures, pid, process })
}

impl Process {
    /// Takes care of output and exit from now on.
    fn mind(mut child: Child, tree: Arc<Tree>, output: Arc<Output>, recorder: &Recorder) -> Process {
        let drains = [
            child.stdout.take().map(|stream| spawn_drain(&output, stream, Stream::Stdout)),
            child.stderr.take().map(|stream| spawn_drain(&output, stream, Stream::Stderr)),
        ];
        let (send, life) = watch::channel(Life::Running);
        let stopping = Arc::new(AtomicBool::new(false));
        // The tree must end with the agent's handle, not with this task.
        let (minded, mind_stopping, mind_recorder) = (Arc::downgrade(&tree), stopping.clone(), recorder.clone());
        tokio::spawn(async move {
            let status = child.wait().await.map_or(Ended { code: None, signal: None }, Ended::from);
            if let Some(tree) = minded.upgrade() {
                tree.leader_gone();
            }
            let _ = send.send(Life::Gone(status));
            let all_said = async {
                for drain in drains.into_iter().flatten() {
                    let _ = drain.await;
                }
            };
            let _ = tokio::time::timeout(LAST_WORDS, all_said).await;
            let shown = if mind_stopping.load(Ordering::SeqCst) { Ended { code: None, signal: None } } else { status };
            mind_recorder.push(What::Exit { code: shown.code, signal: shown.signal });
            let _ = send.send(Life::Told(status));
        });
        Process { tree, life, stopping, output, recorder: recorder.clone() }
    }

    async fn until_ready(&self, launch: &Launch, ready: &Ready, url: Option<&str>, sign: Sign<'_>) -> Result<Address, Problem> {
        let program = &launch.argv[0];
        let details = || self.output.last_lines();
        let gone = |ended: Ended| {
            problem(Blame::AgentStart, "agent-exited", format!("`{program}` ended before it was ready ({ended})"), details())
        };
        // Whoever answers at its address is not the agent if its process has ended.
        let answered = url.is_some() && !matches!(ready.how, ReadyHow::Log(_));
        tokio::select! {
            // An agent that printed its line and died is found dead by whoever speaks to it.
            biased;
            found = sign.seen() => match found {
                Ok(_) if answered && self.is_gone() => Err(gone(self.ended().await)),
                Ok(address) => Ok(address),
                Err(reason) => Err(problem(Blame::Suite, "agent-setup", reason, vec![])),
            },
            ended = self.ended() => Err(gone(ended)),
            () = tokio::time::sleep(ready.within) => {
                let message = format!("`{program}` was not ready: {} within {}", ready::missed(ready, url), duration::show(ready.within));
                Err(problem(Blame::AgentStart, "agent-not-ready", message, details()))
            }
        }
    }

    fn is_gone(&self) -> bool {
        !matches!(*self.life.borrow(), Life::Running)
    }

    fn note_dropped(&self) {
        let dropped = self.output.dropped();
        if dropped > 0 {
            let limit = super::output::RECORDED >> 20;
            self.recorder.note(format!("{dropped} bytes of the agent's output were not recorded (it is recorded up to {limit} MiB)"));
        }
    }

    /// Waits for its end to be recorded.
    async fn ended(&self) -> Ended {
        self.until(|life| matches!(life, Life::Told(_))).await
    }

    async fn until(&self, reached: impl FnMut(&Life) -> bool) -> Ended {
        let mut life = self.life.clone();
        match life.wait_for(reached).await.as_deref() {
            Ok(Life::Gone(ended) | Life::Told(ended)) => *ended,
            _ => Ended { code: None, signal: None },
        }
    }
}

fn spawn_drain(output: &Arc<Output>, stream: impl tokio::io::AsyncRead + Unpin + Send + 'static, kind: Stream) -> JoinHandle<()> {
    let output = output.clone();
    tokio::spawn(async move { output.drain(stream, kind).await })
}

impl RunningAgent {
    /// Returns when the process has ended, its last output and [`What::Exit`] recorded. Safe to cancel and to ask again.
    pub async fn exited(&self) -> Ended {
        self.process.ended().await
    }

    /// How it ended, if it has.
    pub fn has_exited(&self) -> Option<Ended> {
        match *self.process.life.borrow() {
            Life::Running => None,
            Life::Gone(ended) | Life::Told(ended) => Some(ended),
        }
    }

    /// The last lines of its output, for messages.
    pub fn last_lines(&self) -> Vec<String> {
        self.process.output.last_lines()
    }

    /// Ends the process: the signal, its grace, then everything that it started is killed. Records [`What::Exit`], a note if output
    /// was not recorded, and a problem if something could not be killed.
    pub async fn stop(self, stop: Stop) {
        let process = &self.process;
        process.stopping.store(true, Ordering::SeqCst);
        if self.has_exited().is_none() {
            process.tree.signal(signal(stop.signal));
            let gone = process.until(|life| !matches!(life, Life::Running));
            let _ = tokio::time::timeout(stop.grace, gone).await;
        }
        let tree = process.tree.clone();
        let left = tokio::task::spawn_blocking(move || tree.kill()).await.unwrap_or_default();
        let _ = tokio::time::timeout(LAST_WORDS * 2, process.ended()).await;
        process.note_dropped();
        if !left.is_empty() {
            let message = format!("processes of the agent could not be ended: {left:?}");
            process.recorder.problem(problem(Blame::Harness, "process-left", message, vec![]));
        }
    }
}

impl Drop for Process {
    /// Its tree is killed by the drop that follows.
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
    }
}

fn signal(signal: StopSignal) -> Signal {
    match signal {
        StopSignal::Term => Signal::TERM,
        StopSignal::Int => Signal::INT,
        StopSignal::Hup => Signal::HUP,
        StopSignal::Kill => Signal::KILL,
    }
}
