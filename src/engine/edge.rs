//! The edge of a case: which hosts lead to which of its fakes, and how a launched agent is told.
//!
//! Owns: the run's certificate authority, made when the first case needs it; the values `egress.url` and `egress.ca_file`.
//! Must not know: how a proxy works, what certificates look like.

use super::harness::broken;
use super::values::Values;
use super::world::World;
use crate::fakes::egress::{Authority, Destination, Edge, EdgeSetup, HANDSHAKE, Route, bundle};
use crate::model::egress::{Egress, EgressTarget};
use crate::model::suite::Case;
use crate::model::trace::{Blame, Problem};
use crate::recorder::Recorder;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The authority of a run and its files; nothing is made before a case needs it.
#[derive(Default)]
pub struct RunAuthority {
    authority: OnceLock<Result<Arc<Authority>, String>>,
    alone: OnceLock<Result<PathBuf, String>>,
    with_system: OnceLock<Result<PathBuf, String>>,
}

impl RunAuthority {
    fn get(&self) -> Result<Arc<Authority>, String> {
        self.authority.get_or_init(|| Authority::new().map(Arc::new)).clone()
    }

    /// The file that clients are told to trust. Its key is never stored.
    fn file(&self, folder: &Path, with_system: bool) -> Result<PathBuf, String> {
        let (place, name) = if with_system { (&self.with_system, "authorities-and-system.pem") } else { (&self.alone, "authority.pem") };
        let write = || {
            let text = bundle::bundle(self.get()?.certificate(), with_system);
            let path = folder.join(name);
            std::fs::write(&path, text).map_err(|error| format!("failed to write `{}`: {error}", path.display()))?;
            Ok(path)
        };
        place.get_or_init(write).clone()
    }
}

/// The edge of one launched agent, for as long as it lives.
pub struct CaseEdge {
    edge: Edge,
    pub ca_file: Option<PathBuf>,
}

impl CaseEdge {
    /// None for an agent that is not launched, or told `egress: open`.
    pub async fn start(world: &World, case: &Case, key: &str, recorder: &Recorder) -> Result<Option<CaseEdge>, Problem> {
        if case.agent.command.is_none() || case.agent.egress == Egress::Open {
            return Ok(None);
        }
        let failed = |reason: String| broken(Blame::Harness, "egress-trap", format!("failed to open the egress trap: {reason}"));
        let routes = routes(world, case, key);
        let to_fakes = routes.iter().any(|route| route.to != Destination::Allow);
        let lets_through = routes.iter().any(|route| route.to == Destination::Allow);
        let authority = to_fakes.then(|| world.authority.get()).transpose().map_err(failed)?;
        let ca_file = to_fakes.then(|| world.authority.file(world.runs.path(), lets_through)).transpose().map_err(failed)?;
        let edge = Edge::start(EdgeSetup { recorder: recorder.clone(), routes, authority, handshake: HANDSHAKE }).await;
        Ok(Some(CaseEdge { edge: edge.map_err(|error| failed(error.to_string()))?, ca_file }))
    }

    pub fn url(&self) -> String {
        self.edge.url()
    }

    /// `{{egress.url}}` and `{{egress.ca_file}}`.
    pub fn tell(&self, values: &Values) {
        values.set("egress.url", self.url());
        if let Some(file) = &self.ca_file {
            values.set("egress.ca_file", file.display().to_string());
        }
    }
}

fn routes(world: &World, case: &Case, key: &str) -> Vec<Route> {
    let to = |target: &EgressTarget| match target {
        EgressTarget::Fake(name) => Destination::fake(name, &world.fakes.url(key, name)),
        EgressTarget::Allow => Destination::Allow,
    };
    case.agent.egress.routes().iter().map(|route| Route { hosts: route.hosts.clone(), to: to(&route.to) }).collect()
}
