//! The processes of one turn, ended as a whole.
//!
//! Owns: the process group and its end: asked first, killed after the grace.
//! Must not know: what the processes do.

use crate::model::agent::{self, StopSignal};
use rustix::process::{Pid, Signal, kill_process_group};
use std::time::Duration;
use tokio::process::Child;

/// How a process that must end is ended.
pub type Stop = agent::Stop;

/// The signal's number for the system.
pub fn signal_of(signal: StopSignal) -> Signal {
    match signal {
        StopSignal::Term => Signal::TERM,
        StopSignal::Int => Signal::INT,
        StopSignal::Hup => Signal::HUP,
        StopSignal::Kill => Signal::KILL,
    }
}

/// The group that a process leads. All of it is killed on drop, whatever became of its leader.
pub(super) struct Group {
    leader: Option<Pid>,
}

impl Group {
    /// Of a child that was started as the leader of a new group.
    pub(super) fn of(child: &Child) -> Group {
        Group { leader: child.id().and_then(|id| Pid::from_raw(id as i32)) }
    }

    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.leader {
            // Nobody left to be told is what is wanted.
            let _ = kill_process_group(leader, signal);
        }
    }

    /// Kills whatever is left of the group. It is not signalled again, since its number may be given to others.
    pub(super) fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.leader = None;
    }

    /// Asks the group to end, and kills it when the grace is over. Returns when its leader has ended.
    pub(super) async fn end(&mut self, child: &mut Child, stop: Stop) {
        self.signal(signal_of(stop.signal));
        let grace = if stop.signal == StopSignal::Kill { Duration::from_secs(1) } else { stop.grace };
        let ended = tokio::time::timeout(grace, child.wait()).await.is_ok();
        self.kill();
        if !ended {
            // A killed process ends; only one that hangs in the kernel does not, and nobody could wait for that one.
            let _ = tokio::time::timeout(Duration::from_secs(5), child.wait()).await;
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
