//! Agents on the stage: one for each case, or one for all cases of a suite (`scope: suite`).
//!
//! Owns: starting an agent, keeping a shared one, telling templates where it listens.
//! Must not know: steps, fakes, how a process works.

use super::edge::CaseEdge;
use super::harness::broken;
use super::servers::Servers;
use super::values::Values;
use crate::agent::{self, CaseDir, Home, Launch, RunningAgent};
use crate::model::agent::Agent;
use crate::model::protocol::Transport;
use crate::model::trace::{Blame, Problem};
use crate::recorder::Recorder;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{OwnedMutexGuard, watch};

/// How long an agent that seems to end may take to do so.
const LAST_BREATH: Duration = Duration::from_millis(500);

/// Everything that an agent lives in, from its launch to its end.
pub struct Lodging {
    /// In the URLs of its fakes.
    pub key: String,
    pub dir: CaseDir,
    pub home: Home,
    pub launch: Option<Launch>,
    /// `None` if it runs by itself, or is started anew for each turn.
    pub running: Option<RunningAgent>,
    pub url: Option<String>,
    /// What its output goes to: the recorder of the case, or one that hands on to the case of the moment.
    pub recorder: Recorder,
    /// Stands between the agent and all other hosts for as long as it lives.
    pub edge: Option<CaseEdge>,
    /// The real servers that it uses.
    pub servers: Servers,
    /// Whatever process the case left is ended with it.
    pub tree: Option<agent::Tree>,
}

impl Lodging {
    /// Starts the agent, unless it runs already or is started anew for each turn, and learns where it listens.
    pub async fn start(&mut self, agent: &Agent, values: &Values) -> Result<(), Problem> {
        self.url = fixed_url(agent, values)?;
        let (Some(launch), false) = (&self.launch, is_started_by_protocol(agent)) else {
            return Ok(());
        };
        if let Some(url) = &self.url {
            agent::is_free(url, &launch.argv[0]).await?;
        }
        let running = agent::start(launch, &agent.ready, self.url.as_deref(), &self.recorder).await?;
        if let Some(url) = &running.url {
            self.url = Some(url.clone());
        }
        self.running = Some(running);
        self.tell(values);
        Ok(())
    }

    /// `{{agent.url}}`, and what its output told.
    pub fn tell(&self, values: &Values) {
        let captures = self.running.iter().flat_map(|running| &running.captures);
        captures.for_each(|(name, value)| values.set(&format!("agent.{name}"), value.as_str()));
        if let Some(url) = &self.url {
            values.set("agent.url", url.as_str());
        }
    }

    pub async fn stop(&mut self, agent: &Agent) {
        if let Some(running) = self.running.take() {
            running.stop(agent.stop).await;
        }
    }

    /// A shared agent that has ended is of no use to the next case. One that ends just now broke its connection, or takes none any
    /// more, before its end is known; it is waited for, so that its end is told in the case that saw it.
    pub async fn is_dead(&self, connection_broke: bool) -> bool {
        let Some(running) = &self.running else { return true };
        if running.has_exited().is_none() && (connection_broke || !self.takes_a_connection().await) {
            let _ = tokio::time::timeout(LAST_BREATH, running.exited()).await;
        }
        running.has_exited().is_some()
    }

    async fn takes_a_connection(&self) -> bool {
        match &self.url {
            Some(url) => agent::takes_a_connection(url).await,
            None => true,
        }
    }
}

/// True if the agent is started with each turn, or with each connection.
pub fn is_started_by_protocol(agent: &Agent) -> bool {
    matches!(agent.protocol.transport, Transport::Exec | Transport::Stdio)
}

fn fixed_url(agent: &Agent, values: &Values) -> Result<Option<String>, Problem> {
    let Some(node) = &agent.url else { return Ok(None) };
    match node.fill(values) {
        Ok(Some(Value::String(url))) => Ok(Some(url)),
        Ok(_) => Err(broken(Blame::Suite, "agent-url", "the agent's `url` is not a text")),
        Err(unfilled) => Err(broken(Blame::Suite, "agent-url", unfilled.reason)),
    }
}

/// A shared agent with what it was described by; none before the suite's first case.
type Tenant = Option<(Lodging, Arc<Agent>)>;

/// The place of a suite's shared agent. Who holds the guard has it alone: cases of such a suite run one after another.
pub type Slot = OwnedMutexGuard<Tenant>;

/// A case's place in the queue for its suite's shared agent; who drops it leaves the queue.
pub struct Turn {
    place: usize,
    queue: Queue,
}

/// The places that have not had their turn.
type Queue = Arc<watch::Sender<BTreeSet<usize>>>;

impl Turn {
    /// Returns when all before have left the queue.
    pub async fn comes(&self) {
        // The sender lives as long as this.
        let _ = self.queue.subscribe().wait_for(|waiting| waiting.first().is_none_or(|first| *first >= self.place)).await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.queue.send_modify(|waiting| {
            waiting.remove(&self.place);
        });
    }
}

/// The shared agents of a run, by suite.
#[derive(Default)]
pub struct SharedAgents {
    slots: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Tenant>>>>,
    queues: Mutex<HashMap<String, Queue>>,
}

impl SharedAgents {
    /// What one case leaves behind the next one finds, so they have the agent in the order of the plan. Every case of the run queues
    /// before the first one begins.
    pub fn queue(&self, suite: &str, place: usize) -> Turn {
        let queue = self.queues.lock().expect("no panic happens under this lock").entry(suite.to_owned()).or_default().clone();
        queue.send_modify(|waiting| {
            waiting.insert(place);
        });
        Turn { place, queue }
    }

    /// Waits for the suite's turn.
    pub async fn slot(&self, suite: &str) -> Slot {
        let slot = self.slots.lock().expect("no panic happens under this lock").entry(suite.to_owned()).or_default().clone();
        slot.lock_owned().await
    }

    /// Ends all of them.
    pub async fn stop(&self) {
        let slots = std::mem::take(&mut *self.slots.lock().expect("no panic happens under this lock"));
        for slot in slots.into_values() {
            if let Some((mut lodging, agent)) = slot.lock().await.take() {
                lodging.stop(&agent).await;
            }
        }
    }
}
