//! Real servers of a case: private processes on free ports of 127.0.0.1, stopped and started by steps, ended with the case.
//!
//! Owns: their ports and folders, when they run, what is said when one cannot start or ends by itself.
//! Must not know: what is kept in them.

use super::harness::broken;
use super::steps::suite_fault;
use super::values::Values;
use crate::agent::environment::{Environment, MARKER};
use crate::agent::{self, Launch, RunningAgent};
use crate::base::Span;
use crate::fakes::redis;
use crate::model::agent::{Ready, ReadyHow, Stop, StopSignal};
use crate::model::fake::{FakeKind, ServerKind};
use crate::model::pattern::{Fold, TextRegex};
use crate::model::suite::Case;
use crate::model::trace::{Blame, Cause, Problem, StepError, What};
use crate::recorder::Recorder;
use crate::wire::resp::Reply;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long a server may take to start, on a machine with much else to do.
const READY_WITHIN: Duration = Duration::from_secs(20);
/// How long it may take to end by itself.
const GRACE: Duration = Duration::from_secs(5);
/// Where somebody else was quicker to take the port, another one is tried.
const TRIES: usize = 3;
/// So many of its last lines are told.
const LAST_LINES: usize = 10;

/// The servers of one case, or of all cases that share an agent.
#[derive(Default)]
pub struct Servers {
    servers: Vec<Server>,
    /// True once one of them has ended by itself.
    died: watch::Sender<bool>,
}

struct Server {
    name: String,
    kind: ServerKind,
    port: Port,
    /// The port is known to templates, and stays.
    told: bool,
    folder: PathBuf,
    running: Option<Running>,
}

/// A process, and who tells its end.
struct Running {
    process: RunningAgent,
    minder: Minder,
}

/// Ends with the process that it watches.
struct Minder(JoinHandle<()>);

impl Drop for Minder {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A port of 127.0.0.1. It is bound as long as this lives, so that no other program is given it while the server is stopped: nobody
/// listens then, and connections are refused.
struct Port {
    number: u16,
    _held: TcpSocket,
}

impl Port {
    fn free() -> std::io::Result<Port> {
        let held = TcpSocket::new_v4()?;
        // So that the server can bind it as well.
        held.set_reuseaddr(true)?;
        held.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        Ok(Port { number: held.local_addr()?.port(), _held: held })
    }
}

fn free_port() -> Result<Port, Problem> {
    Port::free().map_err(|error| broken(Blame::Harness, "no-port", format!("failed to find a free port: {error}")))
}

impl Servers {
    /// The servers of a case, on ports of their own, not started yet. `folder` is theirs alone: what works in the case's own folder ends
    /// with the agent.
    pub fn of(case: &Case, folder: &Path) -> Result<Servers, Problem> {
        let mut servers = Servers::default();
        for (name, fake) in &case.fakes {
            let FakeKind::Server(kind) = fake.kind else { continue };
            let folder = folder.join(servers.servers.len().to_string());
            servers.servers.push(Server { name: name.clone(), kind, port: free_port()?, told: false, folder, running: None });
        }
        Ok(servers)
    }

    /// Starts all that do not run: at first, and what the last case of a shared agent left stopped.
    pub async fn start(&mut self, recorder: &Recorder) -> Result<(), Problem> {
        for server in self.servers.iter_mut().filter(|server| server.running.is_none()) {
            server.start_somewhere(recorder, &self.died).await?;
        }
        Ok(())
    }

    /// `{{name.url}}`, `{{name.host}}`, `{{name.port}}`.
    pub fn tell(&mut self, values: &Values) {
        for server in &mut self.servers {
            server.told = true;
            values.set(&format!("{}.url", server.name), server.url());
            values.set(&format!("{}.host", server.name), Ipv4Addr::LOCALHOST.to_string());
            values.set(&format!("{}.port", server.name), server.port.number);
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.servers.iter().any(|server| server.name == name)
    }

    /// Returns when one of them has ended by itself.
    pub fn died(&self) -> impl Future<Output = ()> + use<> {
        let mut died = self.died.subscribe();
        async move {
            if died.wait_for(|died| *died).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// True if one of them is not what it was: it ended by itself.
    pub fn are_lost(&self) -> bool {
        *self.died.borrow()
    }

    /// The step `stop`.
    pub async fn stop_one(&mut self, name: &str) -> Result<(), StepError> {
        let server = self.named(name)?;
        match server.running.take() {
            Some(running) => {
                running.end(StopSignal::Term).await;
                Ok(())
            }
            None => Err(suite_fault(format!("`{name}` is stopped already"))),
        }
    }

    /// The step `start`.
    pub async fn start_one(&mut self, name: &str, recorder: &Recorder) -> Result<(), StepError> {
        let died = self.died.clone();
        let server = self.named(name)?;
        if server.running.is_some() {
            return Err(suite_fault(format!("`{name}` was not stopped")));
        }
        server.start(recorder, &died).await.map_err(|problem| StepError {
            cause: Cause::Broken(problem.blame.unwrap_or(Blame::Fake)),
            message: problem.message,
            details: problem.details,
        })
    }

    /// A command to the redis of this name, or to the only one.
    pub async fn redis(&self, name: Option<&str>, words: &[String], within: Duration) -> Result<Reply, StepError> {
        let server = self.servers.iter().find(|server| server.kind == ServerKind::Redis && name.is_none_or(|name| name == server.name));
        let server = server.ok_or_else(|| suite_fault("this case has no such redis server".to_owned()))?;
        if server.running.is_none() {
            return Err(suite_fault(format!("`{}` is stopped, so it cannot be asked; `start: {}` comes first", server.name, server.name)));
        }
        let asked = redis::ask(server.port.number, words, within).await;
        asked.map_err(|reason| StepError {
            cause: Cause::Broken(if matches!(reason, redis::NoReply::TimedOut(_)) { Blame::Suite } else { Blame::Fake }),
            message: format!("the redis-server of `{}` did not answer `{}`: {reason}", server.name, words.join(" ")),
            details: vec![],
        })
    }

    /// Ends all of them and removes what they held.
    pub async fn end(self) {
        for mut server in self.servers {
            if let Some(running) = server.running.take() {
                running.end(StopSignal::Kill).await;
            }
            // What cannot be removed now goes with the run's folder.
            let _ = tokio::fs::remove_dir_all(&server.folder).await;
        }
    }

    fn named(&mut self, name: &str) -> Result<&mut Server, StepError> {
        let server = self.servers.iter_mut().find(|server| server.name == name);
        server.ok_or_else(|| suite_fault(format!("there is no server `{name}`")))
    }
}

impl Server {
    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port.number)
    }

    /// Where somebody else took the port before it was told, another one will do.
    async fn start_somewhere(&mut self, recorder: &Recorder, died: &watch::Sender<bool>) -> Result<(), Problem> {
        for _ in 1..TRIES {
            match self.start(recorder, died).await {
                Err(problem) if !self.told && problem.details.iter().any(|line| line.contains("Address already in use")) => {
                    self.port = free_port()?;
                }
                done => return done,
            }
        }
        self.start(recorder, died).await
    }

    async fn start(&mut self, recorder: &Recorder, died: &watch::Sender<bool>) -> Result<(), Problem> {
        let program = self.kind.program();
        let launch = self.launch().map_err(|error| self.not_started(format!("failed to make its folder: {error}"), vec![]))?;
        let ready = Ready { how: ReadyHow::Log(ready_line()), within: READY_WITHIN, span: Span::NONE };
        // What it prints is its own, not the agent's.
        let own = Recorder::new();
        let started = agent::start(&launch, &ready, Some(&self.url()), &own).await;
        let process = started.map_err(|problem| self.not_started(problem.message, problem.details))?;
        let minder = Minder(tokio::spawn(mind(self.name.clone(), program, own, recorder.clone(), died.clone())));
        self.running = Some(Running { process, minder });
        Ok(())
    }

    fn launch(&self) -> std::io::Result<Launch> {
        std::fs::create_dir_all(&self.folder)?;
        let mut environment = Environment::clean(&self.folder, &self.folder);
        environment.set(MARKER, self.folder.to_string_lossy());
        let argv = redis::argv(self.kind.program(), self.port.number, &self.folder);
        Ok(Launch { argv, env: environment.into_variables(), home: self.folder.clone() })
    }

    fn not_started(&self, message: String, details: Vec<String>) -> Problem {
        Problem { details, ..broken(Blame::Fake, "server-not-started", format!("the fake `{}` did not start: {message}", self.name)) }
    }
}

impl Running {
    /// An end that was asked for is told by nobody.
    async fn end(self, signal: StopSignal) {
        self.minder.0.abort();
        self.process.stop(Stop { signal, grace: GRACE }).await;
    }
}

/// What it prints when it takes commands. Its port would tell less: somebody else may listen there.
fn ready_line() -> TextRegex {
    static LINE: OnceLock<Arc<regex::Regex>> = OnceLock::new();
    const SOURCE: &str = "Ready to accept connections";
    let regex = LINE.get_or_init(|| Arc::new(regex::Regex::new(SOURCE).expect("it has no special characters")));
    TextRegex { source: SOURCE.into(), regex: regex.clone(), fold: Fold::default() }
}

/// Tells the case when the server ends by itself.
async fn mind(name: String, program: &'static str, own: Recorder, case: Recorder, died: watch::Sender<bool>) {
    let ended = own.wait(|records| {
        records.iter().find_map(|record| match record.what {
            What::Exit { code: Some(code), .. } => Some(format!("exit status {code}")),
            What::Exit { signal: Some(signal), .. } => Some(format!("signal {signal}")),
            _ => None,
        })
    });
    let ended = ended.await;
    let said = own.read(0, |records| {
        let lines = records.iter().filter_map(|record| if let What::Log { line, .. } = &record.what { Some(line.clone()) } else { None });
        lines.collect::<Vec<_>>()
    });
    let details = said[said.len().saturating_sub(LAST_LINES)..].to_vec();
    case.problem(Problem { details, ..broken(Blame::Fake, "server-died", format!("the {program} of `{name}` ended by itself ({ended})")) });
    died.send_replace(true);
}
