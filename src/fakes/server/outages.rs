//! Fakes that are away for a while, as a dead server is.
//!
//! Owns: which fakes of a case are stopped, telling their open connections, counting who came in vain.
//! Must not know: sockets, what a fake answers.
//!
//! All fakes share one port, so a stopped one cannot refuse a connection: it is accepted, and reset when its request names the fake.

use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::watch;

/// The fakes of a case, there or away.
#[derive(Debug, Default)]
pub struct Outages {
    fakes: Vec<Outage>,
}

#[derive(Debug)]
struct Outage {
    name: String,
    state: watch::Sender<State>,
    in_vain: AtomicUsize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct State {
    away: bool,
    /// How often it was stopped: who looks late still sees that it was away.
    stops: u32,
}

/// Tells whoever serves a connection when its fake goes away.
#[derive(Debug)]
pub struct Cut {
    state: watch::Receiver<State>,
    since: u32,
}

impl Cut {
    /// Returns when the fake has been stopped since this was made. Safe to give up and to ask again.
    pub async fn comes(&mut self) {
        let since = self.since;
        if self.state.wait_for(|state| state.stops != since).await.is_err() {
            // The case is over, which is told by other means.
            std::future::pending().await
        }
    }
}

impl Outages {
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Outages {
        let outage = |name: &str| Outage { name: name.to_owned(), state: watch::Sender::default(), in_vain: AtomicUsize::new(0) };
        Outages { fakes: names.into_iter().map(outage).collect() }
    }

    fn find(&self, name: &str) -> Option<&Outage> {
        self.fakes.iter().find(|outage| outage.name == name)
    }

    /// The fake goes away: its connections are cut, and new requests get no answer.
    pub fn stop(&self, name: &str) -> Result<(), String> {
        let outage = self.find(name).ok_or_else(|| format!("there is no fake `{name}` that could be stopped"))?;
        let stopped = outage.state.send_if_modified(|state| {
            let there = !state.away;
            *state = State { away: true, stops: state.stops + u32::from(there) };
            there
        });
        if stopped { Ok(()) } else { Err(format!("`{name}` is stopped already")) }
    }

    /// It is back, and counts on.
    pub fn start(&self, name: &str) -> Result<(), String> {
        let outage = self.find(name).ok_or_else(|| format!("there is no fake `{name}` that could be started"))?;
        let started = outage.state.send_if_modified(|state| std::mem::take(&mut state.away));
        if started { Ok(()) } else { Err(format!("`{name}` was not stopped")) }
    }

    /// For a request to this fake: `None` if it is away, and then it was in vain.
    pub fn reach(&self, name: &str) -> Option<Cut> {
        let outage = self.find(name)?;
        let state = outage.state.subscribe();
        let now = *state.borrow();
        if now.away {
            outage.in_vain.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(Cut { since: now.stops, state })
    }

    /// The fakes that are away and that somebody asked in vain, and how often. Of one that came back nothing is said: it was meant.
    pub fn missed(&self) -> impl Iterator<Item = (&str, usize)> {
        let count = |outage: &Outage| outage.in_vain.load(Ordering::Relaxed);
        let away = self.fakes.iter().filter(|outage| outage.state.borrow().away);
        away.map(move |outage| (outage.name.as_str(), count(outage))).filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_served_is_told_even_if_the_fake_is_back_before_he_looks() {
        let outages = Outages::new(["llm", "other"]);
        let (mut cut, mut other) = (outages.reach("llm").unwrap(), outages.reach("other").unwrap());
        outages.stop("llm").unwrap();
        outages.start("llm").unwrap();
        cut.comes().await;
        tokio::select! {
            biased;
            () = other.comes() => panic!("it was not stopped"),
            () = std::future::ready(()) => {}
        }
        let mut later = outages.reach("llm").unwrap();
        tokio::select! {
            biased;
            () = later.comes() => panic!("it was stopped before"),
            () = std::future::ready(()) => {}
        }
    }

    #[test]
    fn who_comes_while_it_is_away_comes_in_vain() {
        let outages = Outages::new(["llm", "other"]);
        outages.stop("llm").unwrap();
        assert!(outages.reach("llm").is_none() && outages.reach("llm").is_none() && outages.reach("other").is_some());
        assert_eq!(outages.missed().collect::<Vec<_>>(), [("llm", 2)]);
        outages.start("llm").unwrap();
        assert!(outages.reach("llm").is_some());
        assert_eq!(outages.missed().count(), 0);
    }

    #[test]
    fn stopping_twice_and_starting_what_runs_are_mistakes() {
        let outages = Outages::new(["llm"]);
        assert!(outages.start("llm").unwrap_err().contains("was not stopped"));
        outages.stop("llm").unwrap();
        assert!(outages.stop("llm").unwrap_err().contains("stopped already"));
        outages.start("llm").unwrap();
        assert!(outages.start("llm").is_err());
        assert!(outages.stop("lm").unwrap_err().contains("no fake `lm`"));
    }
}
