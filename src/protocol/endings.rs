//! How connections and processes end, and what that means for the turns that still go on.
//!
//! Owns: the event `closed`, the end of a turn whose connection is gone, the orderly end of a connection.
//! Must not know: why a connection ended.

use super::shared::Shared;
use super::state::{LinkId, Place, State};
use crate::model::protocol::EventKind;
use crate::model::trace::What;
use crate::transports::Ending;
use crate::transports::connection::Exit;
use futures_util::SinkExt;
use serde_json::json;
use std::time::Duration;

/// How long the peer may take to hear that the connection is being closed.
const CLOSING: Duration = Duration::from_secs(1);
/// How long it may take to answer that. What it had sent before is still read.
const ANSWERING: Duration = Duration::from_millis(100);

impl Shared {
    /// Records the end of a connection. Only the first end counts.
    pub(super) fn ended(&self, link: LinkId, ending: Ending) {
        let mut state = self.state();
        let state = &mut *state;
        if state.links[link].ending.is_some() {
            return;
        }
        state.links[link].ending = Some(ending.clone());
        match ending.exit {
            Some(exit) if state.links[link].turn.is_some() => self.process_ended(state, link, &ending, exit),
            Some(Exit { code, signal }) => {
                self.setup.recorder.push(What::Exit { code, signal });
                self.connection_ended(state, link, &ending);
            }
            None => self.connection_ended(state, link, &ending),
        }
        self.tell();
    }

    fn connection_ended(&self, state: &mut State, link: LinkId, ending: &Ending) {
        let open = state.open_turns(link);
        if ending.by_us {
            return self.abort_open(state, link);
        }
        let users = match (&state.links[link].session, state.users(link)) {
            (Some(session), _) => vec![session.clone()],
            (None, users) if users.is_empty() => vec![self.setup.default_session.clone()],
            (None, users) => users,
        };
        for session in users {
            let place = Place { session, turn: None };
            self.own_event(state, &place, EventKind::Closed, ending.closed());
        }
        for place in open {
            let what = if ending.exit.is_some() { "the process ended" } else { "the connection was closed" };
            let message = format!("{what} before the end of the turn ({})", ending.shown());
            self.break_off(state, &place, json!({"source": "transport", "code": ending.closed()["code"], "message": message}));
        }
    }

    /// Frames that name their turn may still come over the next connection; others cannot be told apart there.
    fn abort_open(&self, state: &mut State, link: LinkId) {
        if self.protocol.belongs.is_none() {
            state.open_turns(link).iter().for_each(|place| self.finish(state, place, "aborted"));
        }
    }

    /// An end without `turn.finished` makes one: `completed` if it was 0, else `failed`.
    fn process_ended(&self, state: &mut State, link: LinkId, ending: &Ending, exit: Exit) {
        let exit = if ending.by_us { Exit::default() } else { exit };
        self.setup.recorder.push(What::Exit { code: exit.code, signal: exit.signal });
        for place in state.open_turns(link) {
            let told = state.turn(&place).is_some_and(|turn| turn.failed);
            match (exit.code, ending.by_us) {
                (_, true) => self.finish(state, &place, "aborted"),
                (Some(0), _) if ending.reason.is_empty() => self.finish(state, &place, "completed"),
                _ if told && ending.reason.is_empty() => self.finish(state, &place, "failed"),
                _ => {
                    let message = format!("the process ended before the end of the turn ({})", ending.shown());
                    self.break_off(state, &place, json!({"source": "transport", "code": exit.code, "message": message}));
                }
            }
        }
    }

    /// Ends a turn for a reason that the agent did not tell.
    pub(super) fn break_off(&self, state: &mut State, place: &Place, error: serde_json::Value) {
        self.own_event(state, place, EventKind::Error, error);
        self.finish(state, place, "failed");
    }

    pub(super) fn finish(&self, state: &mut State, place: &Place, status: &str) {
        self.own_event(state, place, EventKind::TurnFinished, json!({"status": status}));
    }

    /// Closes a connection in good order, or ends a process and waits for its end. Does nothing where it has ended already.
    pub(super) async fn hang_up(&self, link: LinkId) {
        self.leave(link, None).await;
    }

    /// As [`Shared::hang_up`]; but what the peer had sent before it heard of it is still taken, and may end a turn.
    pub(super) async fn hear_out_link(&self, link: LinkId) {
        // Over HTTP there is nobody to answer.
        self.leave(link, (!self.asks()).then_some(ANSWERING)).await;
    }

    async fn leave(&self, link: LinkId, answering: Option<Duration>) {
        let ours = Ending { code: Some(1000), reason: "closed by the suite".to_owned(), by_us: true, ..Ending::default() };
        let (is_process, sink, reader) = {
            let mut state = self.state();
            let link = &mut state.links[link];
            let is_process = link.turn.is_some() || self.is_stdio();
            // From here on the peer's end of the connection is an answer to ours.
            if answering.is_some() && !is_process {
                link.ending.get_or_insert(ours.clone());
            }
            (is_process, link.sink.take(), link.reader.take())
        };
        if answering.is_none() && !is_process {
            self.ended(link, ours);
        }
        // Whoever still writes holds the sink; such a connection is cut.
        let closed = match &sink {
            Some(sink) => tokio::time::timeout(CLOSING, async { sink.lock().await.close().await }).await.is_ok(),
            None => true,
        };
        let Some(mut reader) = reader else { return };
        let grace = if is_process { Some(self.setup.agent.stop.grace + Duration::from_secs(10)) } else { answering };
        let ended = match grace.filter(|_| closed) {
            Some(grace) => tokio::time::timeout(grace, &mut reader).await.is_ok(),
            None => false,
        };
        if !ended {
            reader.abort();
        }
        if answering.is_some() && !is_process {
            let mut state = self.state();
            if state.links[link].ending.as_ref().is_some_and(|ending| ending.by_us) {
                self.abort_open(&mut state, link);
            }
            drop(state);
            self.tell();
        }
    }
}
