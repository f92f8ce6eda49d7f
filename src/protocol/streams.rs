//! Answers that are under way, and what the suite may order meanwhile: to cut them, to take a stream up again.
//!
//! Owns: who is told, and that whoever orders hears when it was done.
//! Must not know: HTTP, how a stream is opened again.

use super::shared::Shared;
use super::stop::{late, suite};
use crate::base::duration;
use crate::model::trace::StepError;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// What is ordered of an answer that is under way.
pub(super) enum Order {
    Cut {
        done: oneshot::Sender<()>,
    },
    /// Only a stream that was cut can be taken up again.
    Resume {
        last_event_id: Option<String>,
        done: oneshot::Sender<Result<Value, String>>,
    },
}

/// An answer that is being waited for or read.
pub(super) struct OpenAnswer {
    id: u64,
    session: String,
    orders: mpsc::UnboundedSender<Order>,
}

/// The place of an answer among those under way, for as long as this lives.
pub(super) struct UnderWay {
    shared: Arc<Shared>,
    id: u64,
    pub(super) orders: mpsc::UnboundedReceiver<Order>,
}

impl UnderWay {
    pub(super) fn new(shared: &Arc<Shared>, session: &str) -> UnderWay {
        let (send, orders) = mpsc::unbounded_channel();
        let mut state = shared.state();
        let id = state.answers.last().map_or(0, |last| last.id + 1);
        state.answers.push(OpenAnswer { id, session: session.to_owned(), orders: send });
        drop(state);
        UnderWay { shared: shared.clone(), id, orders }
    }

    /// Waits for the order to cut. Orders that make no sense now are refused meanwhile.
    pub(super) async fn cut(&mut self) -> oneshot::Sender<()> {
        loop {
            match self.orders.recv().await {
                Some(Order::Cut { done }) => return done,
                Some(Order::Resume { done, .. }) => drop(done.send(Err("the event stream was not cut".to_owned()))),
                None => std::future::pending().await,
            }
        }
    }

    /// Waits, after a cut, for the order to go on.
    pub(super) async fn resumed(&mut self) -> (Option<String>, oneshot::Sender<Result<Value, String>>) {
        loop {
            match self.orders.recv().await {
                Some(Order::Resume { last_event_id, done }) => return (last_event_id, done),
                Some(Order::Cut { done }) => drop(done.send(())),
                None => std::future::pending().await,
            }
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.shared.state().answers.retain(|answer| answer.id != self.id);
    }
}

impl Shared {
    fn under_way(&self, session: &str) -> Vec<mpsc::UnboundedSender<Order>> {
        let state = self.state();
        state.answers.iter().filter(|answer| answer.session == session).map(|answer| answer.orders.clone()).collect()
    }

    /// Cuts every answer of a session that is under way. Returns when nothing of them arrives any more.
    pub(super) async fn cut_answers(&self, session: &str) -> Result<(), StepError> {
        let answers = self.under_way(session);
        if answers.is_empty() {
            return Err(suite(format!("session `{session}` has no answer under way that could be cut")));
        }
        for answer in answers {
            let (done, cut) = oneshot::channel();
            if answer.send(Order::Cut { done }).is_ok() {
                let _ = cut.await;
            }
        }
        Ok(())
    }

    /// Takes up the event stream of a session that was cut. Without an id it goes on after the last event that arrived.
    /// Returns `{status, headers}` of the new stream.
    pub(super) async fn resume(&self, session: &str, last_event_id: Option<String>, within: Duration) -> Result<Value, StepError> {
        let none = || suite(format!("session `{session}` has no event stream that was cut"));
        let answer = self.under_way(session).pop().ok_or_else(none)?;
        let (done, resumed) = oneshot::channel();
        answer.send(Order::Resume { last_event_id, done }).map_err(|_| none())?;
        match tokio::time::timeout(within, resumed).await {
            Ok(Ok(Ok(head))) => Ok(head),
            Ok(Ok(Err(reason))) => Err(suite(format!("reconnect: {reason}"))),
            Ok(Err(_)) => Err(super::stop::agent("reconnect: the agent did not take the stream up again")),
            Err(_) => {
                let what = format!("the event stream was not taken up again (limit {})", duration::show(within));
                Err(late(&what, within, &self.setup.recorder, session))
            }
        }
    }
}
