//! Gates: where replies wait until a step releases them.
//!
//! Owns: the names of a case's gates, who waits where, how many were let through ahead of time.
//! Must not know: what waits.

use crate::base::suggest::did_you_mean;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, Semaphore};

/// All gates of one case. They are known from the start.
#[derive(Debug, Default)]
pub struct Gates {
    gates: Vec<Gate>,
    /// Told at each release.
    news: Notify,
}

#[derive(Debug)]
struct Gate {
    name: String,
    /// One permit for each release that nobody has used yet.
    released: Semaphore,
    waiting: AtomicUsize,
    /// How many stopped waiting without a release: a client that went away, a step that ran out of time.
    given_up: AtomicUsize,
    /// Released at least once.
    ever: AtomicBool,
    /// The first release was for those who only look whether there was one.
    looked_at: AtomicBool,
}

impl Gates {
    pub fn new(names: impl IntoIterator<Item = String>) -> Gates {
        let mut gates = Vec::<Gate>::new();
        for name in names {
            if !gates.iter().any(|gate| gate.name == name) {
                let (waiting, given_up) = (AtomicUsize::new(0), AtomicUsize::new(0));
                let (ever, looked_at) = (AtomicBool::new(false), AtomicBool::new(false));
                gates.push(Gate { name, released: Semaphore::new(0), waiting, given_up, ever, looked_at });
            }
        }
        Gates { gates, news: Notify::new() }
    }

    /// Lets one reply through: the one that has waited longest, or the next to arrive. Which of both does not depend on
    /// timing: the k-th release belongs to the k-th arrival. The error names the gates there are.
    pub fn release(&self, name: &str) -> Result<(), String> {
        if let Some(gate) = self.gates.iter().find(|gate| gate.name == name) {
            gate.released.add_permits(1);
            gate.ever.store(true, Ordering::SeqCst);
            self.news.notify_waiters();
            return Ok(());
        }
        if self.gates.is_empty() {
            return Err(format!("there is no gate `{name}`: no reply of this case's fakes has a gate"));
        }
        let names: Vec<_> = self.gates.iter().map(|gate| format!("`{}`", gate.name)).collect();
        let hint = did_you_mean(name, self.gates.iter().map(|gate| gate.name.as_str()));
        let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        Err(format!("there is no gate `{name}`; the gates are {}{hint}", names.join(", ")))
    }

    /// True once a gate was released, whoever passed it since.
    pub fn was_released(&self, name: &str) -> bool {
        let released = self.gates.iter().find(|gate| gate.name == name && gate.ever.load(Ordering::SeqCst));
        if let Some(gate) = released {
            gate.looked_at.store(true, Ordering::SeqCst);
        }
        released.is_some()
    }

    /// The next release of any gate. Enable it before looking at the gates, so that none is missed.
    pub fn news(&self) -> Notified<'_> {
        self.news.notified()
    }

    /// Waits for a release. A gate that nobody knows lets everything through.
    pub async fn pass(&self, name: &str) {
        let Some(gate) = self.gates.iter().find(|gate| gate.name == name) else { return };
        gate.waiting.fetch_add(1, Ordering::Relaxed);
        let mut leaves = Leaves { gate, released: false };
        if let Ok(permit) = gate.released.acquire().await {
            permit.forget();
            leaves.released = true;
        }
    }

    /// The gates at which something waits, or waited in vain: they may be why nothing goes on.
    pub fn stuck(&self) -> impl Iterator<Item = &str> {
        let stuck = |gate: &&Gate| gate.waiting.load(Ordering::Relaxed) + gate.given_up.load(Ordering::Relaxed) > 0;
        self.gates.iter().filter(stuck).map(|gate| gate.name.as_str())
    }

    /// The gates that were released more often than something came to them, and how much more often.
    pub fn in_vain(&self) -> impl Iterator<Item = (&str, usize)> {
        let left = |gate: &Gate| gate.released.available_permits().saturating_sub(usize::from(gate.looked_at.load(Ordering::SeqCst)));
        self.gates.iter().filter(move |gate| left(gate) > 0).map(move |gate| (gate.name.as_str(), left(gate)))
    }

    /// The gates at which something waits now, and how much.
    pub fn held(&self) -> impl Iterator<Item = (&str, usize)> {
        let waiting = |gate: &Gate| gate.waiting.load(Ordering::Relaxed);
        self.gates.iter().filter(move |gate| waiting(gate) > 0).map(move |gate| (gate.name.as_str(), waiting(gate)))
    }
}

/// Counts one fewer when the wait ends, also when it is given up.
struct Leaves<'a> {
    gate: &'a Gate,
    released: bool,
}

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.gate.waiting.fetch_sub(1, Ordering::Relaxed);
        if !self.released {
            self.gate.given_up.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gates() -> Gates {
        Gates::new(["late", "late", "other"].map(str::to_owned))
    }

    /// Asks a future once whether it is ready.
    async fn still_waits(future: std::pin::Pin<&mut impl Future<Output = ()>>) -> bool {
        tokio::select! {
            biased;
            () = future => false,
            () = std::future::ready(()) => true,
        }
    }

    #[tokio::test]
    async fn a_release_may_come_before_the_reply() {
        let gates = gates();
        gates.release("late").unwrap();
        gates.pass("late").await;
    }

    #[tokio::test]
    async fn one_release_lets_one_through() {
        let gates = gates();
        gates.release("late").unwrap();
        gates.pass("late").await;
        let again = gates.pass("late");
        tokio::pin!(again);
        assert!(still_waits(again.as_mut()).await);
        assert_eq!(gates.held().collect::<Vec<_>>(), [("late", 1)]);
        gates.release("late").unwrap();
        again.await;
        assert_eq!(gates.held().count(), 0);
    }

    #[tokio::test]
    async fn a_release_that_nobody_needed_is_known() {
        let gates = gates();
        gates.release("late").unwrap();
        gates.pass("late").await;
        assert_eq!(gates.in_vain().count(), 0);
        gates.release("late").unwrap();
        gates.release("other").unwrap();
        assert_eq!(gates.in_vain().collect::<Vec<_>>(), [("late", 1), ("other", 1)]);
    }

    #[test]
    fn a_release_that_was_only_looked_at_was_not_in_vain() {
        let gates = gates();
        assert!(!gates.was_released("late"));
        gates.release("late").unwrap();
        assert_eq!(gates.in_vain().collect::<Vec<_>>(), [("late", 1)]);
        assert!(gates.was_released("late"));
        assert_eq!(gates.in_vain().count(), 0);
        gates.release("late").unwrap();
        assert_eq!(gates.in_vain().collect::<Vec<_>>(), [("late", 1)], "the second let nothing through");
    }

    #[tokio::test]
    async fn who_gives_up_waits_no_more() {
        let gates = gates();
        {
            let wait = gates.pass("late");
            tokio::pin!(wait);
            assert!(still_waits(wait.as_mut()).await);
        }
        assert_eq!(gates.held().count(), 0);
        assert_eq!(gates.stuck().collect::<Vec<_>>(), ["late"]);
    }

    #[tokio::test]
    async fn who_was_let_through_is_not_stuck() {
        let gates = gates();
        gates.release("late").unwrap();
        gates.pass("late").await;
        gates.release("other").unwrap();
        gates.release("other").unwrap();
        assert_eq!(gates.stuck().count(), 0);
        assert_eq!(gates.in_vain().collect::<Vec<_>>(), [("other", 2)]);
    }

    #[test]
    fn an_unknown_gate_is_told_the_known_ones() {
        let error = gates().release("lat").unwrap_err();
        assert!(error.contains("`late`, `other`") && error.contains("did you mean `late`?"), "{error}");
        assert!(Gates::default().release("x").unwrap_err().contains("no reply"));
    }
}
