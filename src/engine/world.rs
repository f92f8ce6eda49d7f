//! What all cases of one run share: the fakes' server, the folders, the way to stop.
//!
//! Owns: the run's resources and their end.
//! Must not know: what a case does with them.

use super::agents::SharedAgents;
use super::edge::RunAuthority;
use crate::agent::{Canary, RunDir};
use crate::fakes::server::FakeServer;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;

pub struct World {
    pub fakes: FakeServer,
    /// Each case has its own folder below it; removed at the end.
    pub runs: RunDir,
    pub canary: Canary,
    pub shared: SharedAgents,
    pub authority: RunAuthority,
    /// This program, for `{{checkride}}` and for mocked commands.
    pub checkride: PathBuf,
    /// Where traces are stored.
    pub traces: PathBuf,
    pub seed: u64,
    pub secrets_seed: u64,
    cases: AtomicU64,
    stop: watch::Sender<bool>,
}

impl World {
    pub async fn open(checkride: PathBuf, traces: PathBuf, seed: u64, secrets_seed: u64) -> std::io::Result<World> {
        let runs = RunDir::new()?;
        let fakes = FakeServer::start().await?;
        let (cases, stop) = (AtomicU64::new(0), watch::Sender::new(false));
        let (canary, shared, authority) = (Canary::default(), SharedAgents::default(), RunAuthority::default());
        Ok(World { fakes, runs, canary, shared, authority, checkride, traces, seed, secrets_seed, cases, stop })
    }

    /// A short key that no other case of this run has; it stands in URLs and paths.
    pub fn case_key(&self, slug: &str) -> String {
        let n = self.cases.fetch_add(1, Ordering::Relaxed);
        let slug: String = slug.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(24).collect();
        format!("{n}-{slug}")
    }

    /// Asks all running cases to end, and those to come not to begin.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    pub fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Ends when somebody has called [`World::stop`].
    pub async fn stopped(&self) {
        let mut stop = self.stop.subscribe();
        // The sender lives as long as the world.
        let _ = stop.wait_for(|stop| *stop).await;
    }
}
