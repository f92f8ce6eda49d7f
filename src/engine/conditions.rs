//! Conditions decided before the run: is the program there, the variable set, the version right?
//!
//! Owns: the answer and its reason for each condition.
//! Must not know: how a case is run.

use super::world::World;
use crate::agent;
use crate::model::fake::FakeKind;
use crate::model::suite::{Case, Condition};
use crate::model::trace::Problem;
use indexmap::IndexMap;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

/// A program that takes longer to say its version is broken.
const VERSION_LIMIT: Duration = Duration::from_secs(20);

/// What may be asked of the machine. Versions are read once for equal commands.
pub struct Conditions<'a> {
    env: &'a BTreeMap<String, String>,
    world: &'a World,
    versions: Mutex<HashMap<Vec<String>, Result<semver::Version, String>>>,
}

/// Whether a case runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    Run,
    Skip(String),
    /// It cannot be told, which is no reason to skip: the version of a program that is there cannot be read.
    Broken(String),
}

impl<'a> Conditions<'a> {
    pub fn new(env: &'a BTreeMap<String, String>, world: &'a World) -> Conditions<'a> {
        Conditions { env, world, versions: Mutex::default() }
    }

    pub async fn decide(&self, case: &Case) -> Decision {
        if let Some(reason) = &case.skip {
            return Decision::Skip(reason.clone());
        }
        for (name, fake) in &case.fakes {
            let FakeKind::Server(kind) = fake.kind else { continue };
            if !self.on_path(kind.program()) {
                return Decision::Skip(format!("`{}` is not installed, and the fake `{name}` needs it", kind.program()));
            }
        }
        match (self.all(case, &case.only_if).await, &case.unreached) {
            (Decision::Run, Some(reason)) => Decision::Skip(reason.clone()),
            (decision, _) => decision,
        }
    }

    /// Whether all of them hold.
    pub async fn all(&self, case: &Case, conditions: &[Condition]) -> Decision {
        for condition in conditions {
            let decision = self.one(case, condition).await;
            if decision != Decision::Run {
                return decision;
            }
        }
        Decision::Run
    }

    async fn one(&self, case: &Case, condition: &Condition) -> Decision {
        let skip_unless = |holds: bool, reason: String| if holds { Decision::Run } else { Decision::Skip(reason) };
        match condition {
            Condition::Command(name) => skip_unless(self.on_path(name), format!("`{name}` is not installed")),
            Condition::Env(name) => {
                let set = self.env.get(name).is_some_and(|value| !value.is_empty());
                skip_unless(set, format!("the variable {name} is not set"))
            }
            Condition::Platform(name) => {
                skip_unless(name == std::env::consts::OS, format!("it is for {name}, this is {}", std::env::consts::OS))
            }
            Condition::AgentVersion(wanted) => match self.version(case).await {
                Ok(found) => skip_unless(wanted.matches(&found), format!("the agent is version {found}, the case is for {wanted}")),
                Err(reason) => Decision::Broken(reason),
            },
        }
    }

    fn on_path(&self, name: &str) -> bool {
        let path = self.env.get("PATH").map(String::as_str).unwrap_or_default();
        name.contains('/') && Path::new(name).exists() || std::env::split_paths(path).any(|folder| folder.join(name).is_file())
    }

    async fn version(&self, case: &Case) -> Result<semver::Version, String> {
        let Some(probe) = &case.agent.version else {
            return Err("`only_if: {agent_version}` needs `version` in `agent`: the command that prints it".to_owned());
        };
        let dir = self.world.runs.case(&self.world.case_key("version")).map_err(|e| format!("failed to make a folder: {e}"))?;
        let names = IndexMap::from([
            ("checkride".to_owned(), Value::from(self.world.checkride.display().to_string())),
            ("case.dir".to_owned(), Value::from(dir.home.display().to_string())),
        ]);
        let launch = agent::version_launch(&dir, &case.agent.env, probe, &names).map_err(|problem| problem.message)?;
        if let Some(known) = self.versions.lock().expect("no panic happens under this lock").get(&launch.argv) {
            return known.clone();
        }
        let unreadable = |problem: Problem| format!("the agent's version cannot be read: {}", problem.message);
        let found = agent::read_version(probe, &launch, VERSION_LIMIT).await.map_err(unreadable);
        self.versions.lock().expect("no panic happens under this lock").insert(launch.argv, found.clone());
        found
    }
}
