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
            Some(exit) => self.process_ended(state, link, &ending, exit),
            None => self.connection_ended(state, link, &ending),
        }
        self.tell();
    }

    fn connection_ended(&self, state: &mut State, link: LinkId, ending: &Ending) {
        let open = state.open_turns(link);
        if ending.by_us {
            // Frames that name their turn may still come over the next connection; others cannot be told apart there.
            if self.protocol.belongs.is_none() {
                open.iter().for_each(|place| self.finish(state, place, "aborted"));
            }
            return;
        }
        let users = match (&state.links[link].session, state.users(link)) {
            (Some(session), _) => vec![session.clone()],
            (None, users) if users.is_empty() => vec![self.setup.default_session.clone()],
            (None, users) => users,
        };
        for session in users {
            let place = Place { session, turn: None };
            self.own_event(state, &place, EventKind::Closed, json!({"code": ending.code, "reason": ending.reason}));
        }
        for place in open {
            let message = format!("the connection was closed before the end of the turn ({})", ending.shown());
            self.break_off(state, &place, json!({"source": "transport", "code": ending.code, "message": message}));
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
        let (is_process, sink, reader) = {
            let mut state = self.state();
            let link = &mut state.links[link];
            (link.turn.is_some(), link.sink.take(), link.reader.take())
        };
        if !is_process {
            self.ended(link, Ending { code: Some(1000), reason: "closed by the suite".to_owned(), by_us: true, ..Ending::default() });
        }
        if let Some(sink) = &sink {
            // Whoever still writes holds the sink; such a connection is cut.
            let _ = tokio::time::timeout(CLOSING, async { sink.lock().await.close().await }).await;
        }
        let Some(mut reader) = reader else { return };
        if is_process {
            let grace = self.setup.agent.stop.grace + Duration::from_secs(10);
            if tokio::time::timeout(grace, &mut reader).await.is_ok() {
                return;
            }
        }
        reader.abort();
    }
}
