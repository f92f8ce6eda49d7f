//! The premises of an attempt: folders, mocked commands, the programs of MCP fakes, the agent's home and the agent in it.
//!
//! Owns: what is made before the first step, and for whom it is needed.
//! Must not know: steps, conversations, how things are taken down.

use super::agents::{Lodging, is_started_by_protocol};
use super::edge::CaseEdge;
use super::harness::broken;
use super::servers::Servers;
use super::values::{Values, case_slug};
use super::world::World;
use crate::agent::{self, CaseDir, Home, HomeSetup};
use crate::fakes::command::{self, Mocks};
use crate::fakes::mcp::bridge;
use crate::model::agent::AgentScope;
use crate::model::fake::{CommandFake, FakeKind, Vendor};
use crate::model::step::Verb;
use crate::model::suite::Case;
use crate::model::template::Scope;
use crate::model::trace::{Blame, Problem};
use crate::recorder::Recorder;

/// An agent that runs elsewhere needs no folder here, unless the case itself works in it.
fn uses_folder(case: &Case) -> bool {
    let commands = case.fakes.iter().any(|(_, fake)| matches!(fake.kind, FakeKind::Command(_) | FakeKind::Mcp(_)));
    let probes = case.steps.iter().any(|step| matches!(step.verb, Verb::Probe(_)));
    case.agent.command.is_some() || !case.agent.files.is_empty() || !case.secrets.is_empty() || commands || probes
}

/// A key that no other case of this run has, and folders, which are made if something will need them.
pub fn place(world: &World, case: &Case) -> Result<(String, CaseDir), Problem> {
    let key = world.case_key(&case_slug(case));
    let dir = world.runs.place(&key);
    let made = if uses_folder(case) { dir.make() } else { Ok(()) };
    match made {
        Ok(()) => Ok((key, dir)),
        Err(e) => Err(broken(Blame::Harness, "case-folder", format!("failed to make the case's folder: {e}"))),
    }
}

pub fn prepare_mocks(world: &World, case: &Case, dir: &CaseDir, scope: &dyn Scope) -> Result<Option<Mocks>, Problem> {
    let commands: Vec<(String, &CommandFake)> = case
        .fakes
        .iter()
        .filter_map(|(name, fake)| match &fake.kind {
            FakeKind::Command(command) => Some((name.clone(), command)),
            _ => None,
        })
        .collect();
    if commands.is_empty() {
        return Ok(None);
    }
    let mut mocks = command::prepare(&dir.mocks, &world.checkride, &commands, scope)
        .map_err(|reason| broken(Blame::Suite, "mocked-commands", format!("failed to prepare mocked commands: {reason}")))?;
    for (name, _) in case.fakes.iter().filter(|(_, fake)| fake.unused_allowed) {
        mocks.allow_unused(name);
    }
    Ok(Some(mocks))
}

/// What the agent's output goes to: the case's own recorder, or, where it is shared, one that hands on to the case of the moment.
pub fn recorder_of_agent(case: &Case, kept: Option<&Lodging>, recorder: &Recorder) -> Recorder {
    match (kept, case.agent.scope) {
        (Some(lodging), _) => {
            lodging.recorder.relay_to(Some(recorder.clone()));
            lodging.recorder.clone()
        }
        (None, AgentScope::Case) => recorder.clone(),
        (None, AgentScope::Suite) => Recorder::relay(recorder.clone()),
    }
}

/// The programs by which MCP fakes are reached over stdio.
pub fn prepare_bridges(world: &World, case: &Case, key: &str, dir: &CaseDir) -> Result<(), Problem> {
    let fakes = case.fakes.iter().filter(|(_, fake)| matches!(fake.kind, FakeKind::Mcp(_)));
    let fakes: Vec<_> = fakes.map(|(name, _)| (name.as_str(), world.fakes.url(key, name))).collect();
    if fakes.is_empty() {
        return Ok(());
    }
    bridge::prepare(&dir.bridges, &world.checkride, &fakes)
        .map_err(|e| broken(Blame::Harness, "mcp-bridges", format!("failed to make the programs of MCP fakes: {e}")))
}

/// Makes the home, proves the mocks in it, and starts the agent.
pub async fn move_in(
    world: &World,
    case: &Case,
    key: String,
    dir: CaseDir,
    mocks: Option<&Mocks>,
    values: &Values,
    recorder: Recorder,
) -> Result<Lodging, Problem> {
    let edge = CaseEdge::start(world, case, &key, &recorder).await?;
    edge.iter().for_each(|edge| edge.tell(values));
    let home = match uses_folder(case) || !case.agent.env.is_empty() {
        true => home(world, case, &key, &dir, mocks, edge.as_ref(), values)?,
        false => Home::unused(&dir),
    };
    if let (Some(mocks), Some(_)) = (mocks, &case.agent.command) {
        let names: Vec<String> = mocks.names().map(str::to_owned).collect();
        world.canary.prove(&home, mocks.bin(), &names).await?;
    }
    let launch = match &case.agent.command {
        Some(command) => Some(home.launch(agent::argv(command, "command", values)?)),
        None => None,
    };
    // A running agent brings its own; one that is started with each turn or connection has none between them.
    let by_turns = case.agent.command.is_some() && is_started_by_protocol(&case.agent);
    let tree = by_turns.then(|| agent::Tree::new(dir.marker()));
    let servers = Servers::default();
    let mut lodging = Lodging { key, dir, home, launch, running: None, url: None, recorder, edge, servers, tree };
    lodging.start(&case.agent, values).await?;
    Ok(lodging)
}

fn home(
    world: &World,
    case: &Case,
    key: &str,
    dir: &CaseDir,
    mocks: Option<&Mocks>,
    edge: Option<&CaseEdge>,
    scope: &dyn Scope,
) -> Result<Home, Problem> {
    let model = only_model(case).map(|(name, vendor)| (world.fakes.url(key, name), vendor));
    agent::prepare_home(&HomeSetup {
        case: dir,
        files: &case.agent.files,
        env: &case.agent.env,
        secrets: &case.secrets,
        bin: mocks.map(Mocks::bin),
        model: model.as_ref().map(|(url, vendor)| (url.as_str(), *vendor)),
        proxy_url: edge.map(CaseEdge::url).as_deref(),
        ca_file: edge.and_then(|edge| edge.ca_file.as_deref()),
        scope,
    })
}

/// The name of the case's model fake and whose it is, if it is the only one.
fn only_model(case: &Case) -> Option<(&str, Vendor)> {
    let model = |kind: &FakeKind| if let FakeKind::Model(model) = kind { Some(model.vendor) } else { None };
    let mut models = case.fakes.iter().filter_map(|(name, fake)| Some((name.as_str(), model(&fake.kind)?)));
    models.next().filter(|_| models.next().is_none())
}
