//! What ends a run early: Ctrl-C, a polite kill, the terminal that goes away.
//!
//! Owns: which signals are heard, and what the first and the second of them do.
//! Must not know: how a case ends.

use super::world::World;
use std::future::pending;
use std::io::Write as _;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The first signal ends the cases that run, in order; the second ends everything at once.
pub async fn watch(world: Arc<World>) {
    let (Ok(interrupt), Ok(terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else { return };
    let hangup = if hears_hangup() { signal(SignalKind::hangup()).ok() } else { None };
    let mut signals = Signals { interrupt, terminate, hangup };
    signals.next().await;
    // Nobody may be left to read it.
    let _ = writeln!(std::io::stderr(), "\ninterrupted: ending the cases that run; once more to end at once");
    world.stop();
    signals.next().await;
    crate::agent::end_all();
    // What could not be removed is only left behind.
    let _ = std::fs::remove_dir_all(world.runs.path());
    std::process::exit(130);
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
}

impl Signals {
    async fn next(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => pending().await,
            }
        };
        tokio::select! { _ = self.interrupt.recv() => {}, _ = self.terminate.recv() => {}, _ = hangup => {} }
    }
}

/// Whoever starts a run with `nohup` wants it to outlive the terminal. Where this cannot be seen, it is taken for wanted.
fn hears_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // Bit n - 1 is signal n; SIGHUP is 1.
    ignored.is_some_and(|mask| mask & 1 == 0)
}
