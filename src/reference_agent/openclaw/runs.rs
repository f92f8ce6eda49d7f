//! Runs: one for each message, known by the key that the client gave it.
//!
//! Owns: what is known of a run while it goes on and afterwards.
//! Must not know: frames, models.

use std::sync::{Mutex, MutexGuard};
use tokio::sync::Notify;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Running,
    Done,
    Failed,
    Aborted,
}

pub struct Run {
    /// The client's idempotency key.
    pub id: String,
    /// The canonical key of its session.
    pub key: String,
    /// The key as it was sent.
    pub given_key: String,
    /// Version 3: tool calls are told of.
    pub verbose: bool,
    state: Mutex<State>,
    news: Notify,
}

pub struct State {
    pub status: Status,
    /// Of its frames.
    pub seq: u64,
    /// What was said so far, or in the end.
    pub text: String,
    /// Why it failed.
    pub error: Option<String>,
    /// Tools that did what they should, in order.
    pub successful: Vec<String>,
}

impl Run {
    pub fn new(id: &str, key: String, given_key: &str, verbose: bool) -> Run {
        let state = State { status: Status::Running, seq: 0, text: String::new(), error: None, successful: vec![] };
        Run { id: id.to_owned(), key, given_key: given_key.to_owned(), verbose, state: Mutex::new(state), news: Notify::new() }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic happens under this lock")
    }

    /// False if it had ended before.
    pub fn finish(&self, status: Status) -> bool {
        let mut state = self.state();
        let first = state.status == Status::Running;
        if first {
            state.status = status;
        }
        first
    }

    /// Wakes those who wait for the end.
    pub fn tell(&self) {
        self.news.notify_waiters();
    }

    /// Waits until it has ended.
    pub async fn ended(&self) -> Status {
        loop {
            let news = self.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            let status = self.state().status;
            if status != Status::Running {
                return status;
            }
            news.await;
        }
    }

    /// Waits until it was aborted.
    pub async fn aborted(&self) {
        if self.ended().await != Status::Aborted {
            std::future::pending::<()>().await;
        }
    }
}
