//! The stage of one attempt: fakes, mocks, agent and conversation, set before the first step and struck after the last.
//!
//! Owns: the order in which things come up and go down.
//! Must not know: the steps, what is expected.

use super::agents::{Lodging, Slot};
use super::functions::{self, CaseCalls};
use super::harness::broken;
use super::premises::{move_in, place, prepare_bridges, prepare_mocks, recorder_of_agent};
use super::servers::Servers;
use super::steps::{self, suite_fault};
use super::values::{Values, case_slug, fingerprint};
use super::waiting::Histories;
use super::world::World;
use crate::agent::{self, Snapshot};
use crate::fakes::command::Mocks;
use crate::fakes::server::{CaseFakes, CaseHandle};
use crate::model::agent::{AgentScope, ReadyHow};
use crate::model::protocol::Transport;
use crate::model::suite::Case;
use crate::model::trace::{Blame, Cause, Problem, StepError, What};
use crate::protocol::{ConnectOptions, Conversation, Functions, Setup};
use crate::recorder::Recorder;
use crate::transports::exec::ExecLaunch;
use indexmap::IndexMap;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

/// How long turns that no step waited for may take after the last step.
const LAST_TURNS: Duration = Duration::from_secs(30);

/// Repeats are not carried out yet, so every attempt is the first.
pub const ATTEMPT: u32 = 1;

/// Everything around the steps of one attempt.
pub struct Stage {
    pub recorder: Recorder,
    pub values: Arc<Values>,
    pub conversation: Conversation,
    pub histories: Histories,
    pub mocks: Option<Mocks>,
    /// The agent's HOME and working folder.
    pub home: PathBuf,
    /// The step that is being carried out.
    pub current: Arc<AtomicUsize>,
    case: Arc<Case>,
    lodging: Lodging,
    /// Where the lodging goes back to if the agent is shared.
    slot: Option<Slot>,
    /// The files before the first step, if some check is about files.
    before: Option<Snapshot>,
    fakes: CaseHandle,
}

impl Stage {
    /// Brings everything up. A problem is nobody's failure but says whose fault it is.
    pub async fn set(world: &World, case: &Arc<Case>, recorder: &Recorder) -> Result<Stage, Problem> {
        let mut slot = match case.agent.scope {
            AgentScope::Case => None,
            AgentScope::Suite => Some(world.shared.slot(&case.suite_path).await),
        };
        let mut kept = match slot.as_mut().and_then(|slot| slot.take()) {
            Some((lodging, _)) if !lodging.is_dead(false).await && !lodging.servers.are_lost() => Some(lodging),
            _ => None,
        };
        let (key, dir) = match &kept {
            Some(lodging) => (lodging.key.clone(), lodging.dir.clone()),
            None => place(world, case)?,
        };
        let values = Arc::new(Values::at_start(world, case, &key, &dir, recorder));
        let own = recorder_of_agent(case, kept.as_ref(), recorder);
        let mut servers = match &mut kept {
            Some(lodging) => std::mem::take(&mut lodging.servers),
            None => Servers::of(case, &world.runs.servers(&key))?,
        };
        servers.start(&own).await?;
        servers.tell(&values);
        let fakes =
            world.fakes.open(CaseFakes { key: key.clone(), recorder: recorder.clone(), fakes: case.fakes.clone(), scope: values.clone() });
        let mocks = prepare_mocks(world, case, &dir, &*values)?;
        prepare_bridges(world, case, &key, &dir)?;
        let mut lodging = match kept {
            Some(lodging) => lodging,
            None => move_in(world, case, key, dir, mocks.as_ref(), &values, own).await?,
        };
        lodging.servers = servers;
        lodging.edge.iter().for_each(|edge| edge.tell(&values));
        lodging.tell(&values);
        let conversation = Conversation::new(conversation_setup(world, case, &values, recorder, &lodging, &fakes)?);
        Ok(Stage {
            recorder: recorder.clone(),
            conversation,
            histories: Histories::new(recorder.clone()),
            mocks,
            home: lodging.dir.home.clone(),
            current: Arc::default(),
            case: case.clone(),
            before: (!case.checked_files().is_empty() || case.watches_secrets()).then(|| Snapshot::take(&lodging.dir.home)),
            lodging,
            slot,
            fakes,
            values,
        })
    }

    /// Takes everything down, and records what only the end shows. `complete`: the steps came to an end of their own.
    pub async fn strike(mut self, complete: bool) {
        self.conversation.close().await;
        let stays = self.slot.is_some() && !self.lodging.is_dead(self.connection_broke()).await;
        if !stays {
            self.lodging.stop(&self.case.agent).await;
        }
        // A sequence that was not used up says nothing where the case ended early.
        let complete = complete && !self.step_failed();
        if let Some(mocks) = &self.mocks {
            mocks.finish(&self.recorder, complete);
        }
        self.fakes.finish(complete);
        self.record_files();
        match self.slot.take() {
            Some(mut slot) => {
                self.lodging.recorder.relay_to(None);
                *slot = Some((self.lodging, self.case.agent.clone()));
            }
            None => {
                self.lodging.servers.end().await;
                if let Some(tree) = self.lodging.tree {
                    // Killing looks through all processes of the machine, so it must not hold up the others.
                    let _ = tokio::task::spawn_blocking(move || drop(tree)).await;
                }
                self.lodging.dir.remove();
            }
        }
    }

    fn step_failed(&self) -> bool {
        let failed = |what: &What| matches!(what, What::StepEnd { error: Some(_), .. });
        self.recorder.read(0, |records| records.iter().any(|record| failed(&record.what)))
    }

    fn connection_broke(&self) -> bool {
        let of_transport = |what: &What| match what {
            What::Event { event, .. } => event.kind == "error" && event.fields.get("source").is_some_and(|source| source == "transport"),
            _ => false,
        };
        self.recorder.read(0, |records| records.iter().any(|record| of_transport(&record.what)))
    }

    fn record_files(&self) {
        if let Some(before) = &self.before {
            before.record(&self.recorder, &self.case.checked_files(), false);
            if self.case.watches_secrets() {
                before.record_secrets(&self.recorder, &self.case.checked_files());
            }
        }
    }

    /// Reads what mocked commands were asked since the last time.
    pub fn collect_commands(&self) {
        if let Some(mocks) = &self.mocks {
            mocks.collect(&self.recorder);
        }
    }

    /// Lets go of a reply that waits at a gate.
    pub fn release(&self, gate: &str) -> Result<(), StepError> {
        self.fakes.release(gate).map_err(suite_fault)
    }

    /// What may be why nothing goes on: replies that wait to be let go.
    pub fn held_gate_hints(&self) -> Vec<String> {
        let held = self.fakes.stuck_gates();
        held.iter().map(|gate| format!("the gate `{gate}` is still held; a step `release: {gate}` lets it go")).collect()
    }

    /// A case ends when all its turns have ended, also those that no step waited for.
    pub async fn end_of_turns(&self) {
        let all_ended = self.recorder.wait(|records| {
            let mut open = std::collections::BTreeSet::new();
            for record in records {
                match &record.what {
                    What::TurnBegin { turn, .. } => drop(open.insert(*turn)),
                    What::Event { turn: Some(turn), event, .. } if event.kind == "turn.finished" => drop(open.remove(turn)),
                    _ => {}
                }
            }
            open.is_empty().then_some(())
        });
        // A turn that has no end by then is found by the checks.
        let _ = tokio::time::timeout(LAST_TURNS, all_ended).await;
        self.collect_commands();
    }

    /// How long the first steps with the agent may take: a process is ready once they are done.
    pub fn ready_within(&self) -> Duration {
        match self.case.agent.protocol.transport {
            Transport::Stdio => self.case.agent.ready.within,
            _ => ConnectOptions::default().within,
        }
    }

    /// Ends the agent's process and starts it again with the same home.
    pub async fn restart(&mut self) -> Result<(), StepError> {
        if self.case.agent.protocol.transport == Transport::Stdio {
            self.conversation.restarted(None).await;
            return steps::implicit_connect(self).await;
        }
        if self.lodging.running.is_none() {
            return Err(suite_fault("`restart` needs an agent that is launched and goes on running".to_owned()));
        }
        self.conversation.hear_out().await;
        self.lodging.stop(&self.case.agent).await;
        self.lodging.start(&self.case.agent, &self.values).await.map_err(|problem| StepError {
            cause: Cause::Broken(problem.blame.unwrap_or(Blame::AgentStart)),
            message: format!("the agent did not start again: {}", problem.message),
            details: problem.details,
        })?;
        self.conversation.restarted(self.lodging.url.clone()).await;
        Ok(())
    }

    /// Where plain requests of steps lead.
    pub fn agent_url(&self) -> Option<&str> {
        self.lodging.url.as_deref()
    }

    /// True if the agent took a connection in this case, or when it was launched.
    pub fn was_reached(&self) -> bool {
        let by_launch = self.lodging.running.is_some() && !matches!(self.case.agent.ready.how, ReadyHow::Log(_));
        let told = |what: &What| matches!(what, What::Frame { .. });
        by_launch || self.conversation.was_answered() || self.recorder.read(0, |records| records.iter().any(|record| told(&record.what)))
    }

    pub fn servers(&self) -> &Servers {
        &self.lodging.servers
    }

    /// The step `stop`: a fake or a server goes away.
    pub async fn stop(&mut self, name: &str) -> Result<(), StepError> {
        if self.lodging.servers.has(name) {
            return self.lodging.servers.stop_one(name).await;
        }
        self.fakes.stop(name).map_err(suite_fault)
    }

    /// The step `start`: it comes back.
    pub async fn start(&mut self, name: &str) -> Result<(), StepError> {
        let recorder = self.lodging.recorder.clone();
        if self.lodging.servers.has(name) {
            return self.lodging.servers.start_one(name, &recorder).await;
        }
        self.fakes.start(name).map_err(suite_fault)
    }

    /// Runs a command once, as the agent would.
    pub async fn run_in_agent_env(&self, argv: &[String], within: Duration) -> Result<Value, StepError> {
        let launch = self.lodging.home.launch(argv.to_vec());
        match agent::run_once(&launch, within).await {
            Ok(finished) => Ok(finished.to_value()),
            Err(problem) => Err(StepError { cause: Cause::Broken(Blame::Suite), message: problem.message, details: problem.details }),
        }
    }
}

fn conversation_setup(
    world: &World,
    case: &Arc<Case>,
    values: &Arc<Values>,
    recorder: &Recorder,
    lodging: &Lodging,
    fakes: &CaseHandle,
) -> Result<Setup, Problem> {
    let mut settings = IndexMap::new();
    for (name, node) in &case.agent.settings {
        let value = node.fill(&**values).map_err(|unfilled| broken(Blame::Suite, "agent-settings", unfilled.reason))?;
        settings.insert(name.clone(), value.unwrap_or(Value::Null));
    }
    values.set_settings(&case.agent.protocol, &settings);
    let functions = fakes.functions().map(CaseCalls);
    let exec =
        lodging.launch.as_ref().map(|launch| ExecLaunch { argv: launch.argv.clone(), env: launch.env.clone(), cwd: launch.home.clone() });
    Ok(Setup {
        agent: case.agent.clone(),
        case_slug: case_slug(case),
        attempt: ATTEMPT,
        settings,
        url: lodging.url.clone(),
        exec,
        recorder: recorder.clone(),
        scope: values.clone(),
        tools: functions::tools(&functions, case.agent.protocol.tools)?,
        functions: functions.map(|functions| Arc::new(functions) as Arc<dyn Functions>),
        seed: world.seed ^ fingerprint(&case.id),
        default_session: Setup::default_session_of(&case.sessions),
    })
}
