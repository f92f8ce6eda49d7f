//! The stage of one attempt: fakes, mocks, home, agent and conversation, set before the first step and struck after the last.
//!
//! Owns: the order in which things come up and go down, and the values they give to templates.
//! Must not know: the steps, what is expected.

use super::harness::broken;
use super::steps::suite_fault;
use super::values::{Values, case_slug};
use super::waiting::Histories;
use super::world::World;
use crate::agent::{self, CaseDir, Home, HomeSetup, Launch, RunningAgent};
use crate::fakes::command::{self, Mocks};
use crate::fakes::egress::Trap;
use crate::fakes::server::{CaseFakes, CaseHandle};
use crate::model::agent::Egress;
use crate::model::expect::{CheckKind, Expect};
use crate::model::fake::{CommandFake, FakeKind};
use crate::model::protocol::Transport;
use crate::model::step::Verb;
use crate::model::suite::Case;
use crate::model::template::Scope;
use crate::model::trace::{Blame, Cause, Problem, StepError, What};
use crate::protocol::{Conversation, Setup};
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
    dir: CaseDir,
    scenery: Home,
    launch: Option<Launch>,
    agent: Option<RunningAgent>,
    fakes: CaseHandle,
    /// Refuses what the agent tries to reach for as long as it lives.
    _trap: Option<Trap>,
}

impl Stage {
    /// Brings everything up. A problem is nobody's failure but says whose fault it is.
    pub async fn set(world: &World, case: &Arc<Case>, recorder: &Recorder) -> Result<Stage, Problem> {
        let key = world.case_key(&case_slug(case));
        let dir = world.runs.place(&key);
        if uses_folder(case) {
            dir.make().map_err(|e| broken(Blame::Harness, "case-folder", format!("failed to make the case's folder: {e}")))?;
        }
        let values = start_values(world, case, &key, &dir, recorder);
        let fakes =
            world.fakes.open(CaseFakes { key: key.clone(), recorder: recorder.clone(), fakes: case.fakes.clone(), scope: values.clone() });
        let mocks = prepare_mocks(world, case, &dir, &*values)?;
        let trap = start_trap(case, recorder).await?;
        let model_url = only_model(case).map(|name| world.fakes.url(&key, name));
        let scenery = agent::prepare_home(&HomeSetup {
            case: &dir,
            files: &case.agent.files,
            env: &case.agent.env,
            secrets: &case.secrets,
            bin: mocks.as_ref().map(Mocks::bin),
            model_url: model_url.as_deref(),
            proxy_url: trap.as_ref().map(Trap::url).as_deref(),
            scope: &*values,
        })?;
        if let Some(mocks) = &mocks {
            let names: Vec<String> = mocks.names().map(str::to_owned).collect();
            world.canary.prove(&scenery, mocks.bin(), &names).await?;
        }
        let launch = match &case.agent.command {
            Some(command) => Some(scenery.launch(agent::argv(command, "command", &*values)?)),
            None => None,
        };
        let (agent, url) = start_agent(case, launch.as_ref(), &values, recorder).await?;
        let conversation = Conversation::new(setup(case, &values, recorder, launch.as_ref(), url)?);
        Ok(Stage {
            recorder: recorder.clone(),
            conversation,
            histories: Histories::new(recorder.clone()),
            mocks,
            home: dir.home.clone(),
            current: Arc::default(),
            case: case.clone(),
            dir,
            scenery,
            launch,
            agent,
            fakes,
            values,
            _trap: trap,
        })
    }

    /// Takes everything down, and records what only the end shows. `complete`: the steps came to an end of their own.
    pub async fn strike(mut self, complete: bool) {
        self.conversation.close().await;
        if let Some(agent) = self.agent.take() {
            agent.stop(self.case.agent.stop).await;
        }
        if let Some(mocks) = &self.mocks {
            mocks.collect(&self.recorder);
        }
        let complete = complete && !self.step_failed();
        self.fakes.finish(complete);
        if let (Some(mocks), true) = (&self.mocks, complete) {
            mocks.finish(&self.recorder);
        }
        self.record_files();
        self.dir.remove();
    }

    /// A sequence that was not used up says nothing where the case ended early.
    fn step_failed(&self) -> bool {
        let failed = |what: &What| matches!(what, What::StepEnd { error: Some(_), .. });
        self.recorder.read(0, |records| records.iter().any(|record| failed(&record.what)))
    }

    fn record_files(&self) {
        let mut names = Vec::new();
        let expects = [&self.case.expect, &self.case.never, &self.case.reach];
        for expect in expects.into_iter().chain(self.case.steps.iter().flat_map(|step| [&step.expect, &step.never])) {
            names.extend(file_names(expect));
        }
        if !names.is_empty() {
            self.scenery.before.record(&self.recorder, &names, false);
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

    pub fn held_gates(&self) -> Vec<String> {
        self.fakes.held_gates()
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
    }

    /// Ends the agent's process and starts it again with the same home.
    pub async fn restart(&mut self) -> Result<(), StepError> {
        let Some(agent) = self.agent.take() else {
            return Err(suite_fault("`restart` needs an agent that is launched and goes on running".to_owned()));
        };
        agent.stop(self.case.agent.stop).await;
        let started = start_agent(&self.case, self.launch.as_ref(), &self.values, &self.recorder).await;
        let (agent, url) = started.map_err(|problem| StepError {
            cause: Cause::Broken(problem.blame.unwrap_or(Blame::AgentStart)),
            message: format!("the agent did not start again: {}", problem.message),
            details: problem.details,
        })?;
        self.agent = agent;
        self.conversation.restarted(url).await;
        Ok(())
    }

    /// Runs a command once, as the agent would.
    pub async fn run_in_agent_env(&self, argv: &[String], within: Duration) -> Result<Value, StepError> {
        let launch = self.scenery.launch(argv.to_vec());
        match agent::run_once(&launch, within).await {
            Ok(finished) => Ok(finished.to_value()),
            Err(problem) => Err(StepError { cause: Cause::Broken(Blame::Suite), message: problem.message, details: problem.details }),
        }
    }
}

/// An agent that runs elsewhere needs no folder here, unless the case itself works in it.
fn uses_folder(case: &Case) -> bool {
    let commands = case.fakes.iter().any(|(_, fake)| matches!(fake.kind, FakeKind::Command(_)));
    let probes = case.steps.iter().any(|step| matches!(step.verb, Verb::Probe(_)));
    case.agent.command.is_some() || !case.agent.files.is_empty() || !case.secrets.is_empty() || commands || probes
}

fn file_names(expect: &Expect) -> impl Iterator<Item = String> {
    expect.checks.iter().filter_map(|check| match &check.kind {
        CheckKind::File { path, .. } => Some(path.clone()),
        _ => None,
    })
}

/// The values that are known before anything runs.
fn start_values(world: &World, case: &Case, key: &str, dir: &CaseDir, recorder: &Recorder) -> Arc<Values> {
    let values = Values::new(recorder.clone());
    let mut random = fastrand::Rng::with_seed(
        world.seed ^ case.id.bytes().fold(0_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte))),
    );
    values.plant(&case.secrets, &mut random);
    values.set("checkride", world.checkride.display().to_string());
    values.set_folder(dir);
    for (name, fake) in &case.fakes {
        if matches!(fake.kind, FakeKind::Model(_)) {
            let url = world.fakes.url(key, name);
            values.set(&format!("{name}.ws"), url.replacen("http", "ws", 1));
            values.set(&format!("{name}.url"), url);
        }
    }
    if case.agent.command.is_some() {
        if let Some(port) = free_port() {
            values.set("agent.port", port);
        }
    }
    Arc::new(values)
}

/// A port that was free a moment ago; nobody can promise more to a program that opens it itself.
fn free_port() -> Option<u16> {
    std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).ok().map(|address| address.port())
}

fn prepare_mocks(world: &World, case: &Case, dir: &CaseDir, scope: &dyn Scope) -> Result<Option<Mocks>, Problem> {
    let commands: Vec<(String, &CommandFake)> = case
        .fakes
        .iter()
        .filter_map(|(name, fake)| match &fake.kind {
            FakeKind::Command(command) => Some((name.clone(), command)),
            FakeKind::Model(_) => None,
        })
        .collect();
    if commands.is_empty() {
        return Ok(None);
    }
    let mut mocks = command::prepare(&dir.mocks, &world.checkride, &commands, scope)
        .map_err(|reason| broken(Blame::Fake, "mocked-commands", format!("failed to prepare mocked commands: {reason}")))?;
    for (name, _) in case.fakes.iter().filter(|(_, fake)| fake.unused_allowed) {
        mocks.allow_unused(name);
    }
    Ok(Some(mocks))
}

async fn start_trap(case: &Case, recorder: &Recorder) -> Result<Option<Trap>, Problem> {
    if case.agent.command.is_none() || case.agent.egress == Egress::Open {
        return Ok(None);
    }
    let trap = Trap::start(recorder.clone()).await;
    trap.map(Some).map_err(|e| broken(Blame::Harness, "egress-trap", format!("failed to open the egress trap: {e}")))
}

/// The name of the case's model fake, if it is the only one.
fn only_model(case: &Case) -> Option<&str> {
    let mut models = case.fakes.iter().filter(|(_, fake)| matches!(fake.kind, FakeKind::Model(_))).map(|(name, _)| name.as_str());
    models.next().filter(|_| models.next().is_none())
}

/// Starts the agent, unless it runs already or is started anew for each turn, and learns where it listens.
async fn start_agent(
    case: &Case,
    launch: Option<&Launch>,
    values: &Values,
    recorder: &Recorder,
) -> Result<(Option<RunningAgent>, Option<String>), Problem> {
    let url = match &case.agent.url {
        Some(node) => match node.fill(values) {
            Ok(Some(Value::String(url))) => Some(url),
            Ok(_) => return Err(broken(Blame::Suite, "agent-url", "the agent's `url` is not a text")),
            Err(unfilled) => return Err(broken(Blame::Suite, "agent-url", unfilled.reason)),
        },
        None => None,
    };
    let (Some(launch), false) = (launch, case.agent.protocol.transport == Transport::Exec) else {
        return Ok((None, url));
    };
    let running = agent::start(launch, &case.agent.ready, url.as_deref(), recorder).await?;
    for (name, value) in &running.captures {
        values.set(&format!("agent.{name}"), value.as_str());
    }
    let url = running.url.clone().or(url);
    if let Some(url) = &url {
        values.set("agent.url", url.as_str());
    }
    Ok((Some(running), url))
}

fn setup(
    case: &Arc<Case>,
    values: &Arc<Values>,
    recorder: &Recorder,
    launch: Option<&Launch>,
    url: Option<String>,
) -> Result<Setup, Problem> {
    let mut settings = IndexMap::new();
    for (name, node) in &case.agent.settings {
        let value = node.fill(&**values).map_err(|unfilled| broken(Blame::Suite, "agent-settings", unfilled.reason))?;
        settings.insert(name.clone(), value.unwrap_or(Value::Null));
    }
    let exec = launch.map(|launch| ExecLaunch { argv: launch.argv.clone(), env: launch.env.clone(), cwd: launch.home.clone() });
    Ok(Setup {
        agent: case.agent.clone(),
        case_slug: case_slug(case),
        attempt: 1,
        settings,
        url,
        exec,
        recorder: recorder.clone(),
        scope: values.clone(),
        tools: None,
        seed: 1,
        default_session: Setup::default_session_of(&case.sessions),
    })
}
