//! Whether the agent's process has ended, where it is launched and spoken to over a network.
//!
//! Owns: how its end is found in the trace, how long one waits for it, how it is told.
//! Must not know: processes; what their end means for a turn.

use super::shared::Shared;
use crate::model::protocol::Transport;
use crate::model::trace::{Record, What};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A process that ends breaks its connections before its end is known: that waits for its last words.
const LAST_BREATH: Duration = Duration::from_millis(700);

impl Shared {
    /// How the process ended; `None` if it goes on, was ended by checkride, or is not one that is spoken to over a network.
    pub(super) fn process_end(&self) -> Option<String> {
        self.has_process().then(|| self.setup.recorder.read(self.life_began(), end)).flatten()
    }

    /// As [`Shared::process_end`], for who saw a connection break: waits a moment for an end that is just coming.
    pub(super) async fn last_breath(&self) -> Option<String> {
        if !self.has_process() {
            return None;
        }
        let began = self.life_began();
        let ended = self.setup.recorder.wait(|records| end(records.get(began..)?));
        tokio::time::timeout(LAST_BREATH, ended).await.ok()
    }

    /// The words of what broke, and how the process ended, if that is why.
    pub(super) async fn broken_by(&self, words: &str) -> String {
        match self.last_breath().await {
            Some(how) => format!("{words}; {how}"),
            None => words.to_owned(),
        }
    }

    /// What ended before now was another process.
    pub(super) fn process_began(&self) {
        self.life_began.store(self.setup.recorder.len(), Ordering::Relaxed);
    }

    fn life_began(&self) -> usize {
        self.life_began.load(Ordering::Relaxed)
    }

    fn has_process(&self) -> bool {
        self.setup.agent.command.is_some() && !matches!(self.protocol.transport, Transport::Exec | Transport::Stdio)
    }
}

/// Where checkride ended it, neither a status nor a signal is recorded.
fn end(records: &[Record]) -> Option<String> {
    records.iter().rev().find_map(|record| match record.what {
        What::Exit { code: Some(code), .. } => Some(format!("the process ended (exit {code})")),
        What::Exit { signal: Some(signal), .. } => Some(format!("the process ended (signal {signal})")),
        _ => None,
    })
}
