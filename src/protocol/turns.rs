//! Turns that the suite begins: the action `user`, and the awaited end.
//!
//! Owns: numbering, what becomes of a turn whose action stopped, waiting for the end.
//! Must not know: which events end a turn, transports.

use super::conversation::Conversation;
use super::setup::TurnRequest;
use super::shared::Shared;
use super::state::{Keep, LinkId, Place, Turn};
use super::steps::Run;
use super::stop::{Stop, late, suite};
use crate::model::trace::{Cause, StepError, What};
use indexmap::IndexMap;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

impl Conversation {
    /// Begins a turn. With `wait` it returns when the turn has ended (and, for `exec`, its process too), however it ended. Returns `{turn: n}`.
    pub async fn user(&self, request: TurnRequest) -> Result<Value, StepError> {
        let shared = &self.shared;
        let deadline = Instant::now() + request.within;
        let link = match self.ready(&request.session, request.key.as_deref(), deadline).await {
            Ok(link) => link,
            // The turn is begun all the same, and fails, so that the case can speak of it.
            Err(Stop::Dead(ending)) if !ending.by_us => shared.state().link_of(&request.session),
            Err(stop) => return Err(stop.error("user")),
        };
        if let Some(Stop::Dead(ending)) = link.and_then(|link| shared.alive(link).err())
            && ending.by_us
        {
            return Err(Stop::Dead(ending).error("user"));
        }
        let place = self.begin_turn(&request, link);
        let mut local: IndexMap<String, Value> = request.with.into_iter().collect();
        local.insert("text".to_owned(), request.text);
        let number = shared.state().number(&place);
        if !request.wait && shared.asks() {
            self.ask_meanwhile(place, link, local, request.within);
            return Ok(json!({"turn": number}));
        }
        let mut run = Run::new(shared, place.clone(), link, Keep::Turn, local, request.within);
        let outcome = run.user().await;
        shared.turn_asked(&run, outcome).await?;
        if shared.is_exec() && shared.state().turn(&place).is_some_and(|turn| turn.link.is_none()) {
            return Err(suite(format!("the action `user` of protocol `{}` started no process", shared.protocol.name)));
        }
        if request.wait {
            self.end_of(&place, deadline, request.within).await?;
        }
        Ok(json!({"turn": number}))
    }

    fn begin_turn(&self, request: &TurnRequest, link: Option<LinkId>) -> Place {
        let mut state = self.shared.state();
        let mut number = 0;
        self.shared.setup.recorder.push_with(|records| {
            number = records.iter().filter(|record| matches!(record.what, What::TurnBegin { .. })).count();
            What::TurnBegin { turn: number, session: request.session.clone(), step: request.step, said: request.text.clone() }
        });
        let session = state.session(&request.session, || self.shared.key(&request.session));
        session.turns.push(Turn { number, saved: Default::default(), finished: false, failed: false, link, reduced: None });
        Place { session: request.session.clone(), turn: Some(session.turns.len() - 1) }
    }

    /// The answers of such a turn are read while the case goes on; what stops it ends the turn, and is told as a problem.
    fn ask_meanwhile(&self, place: Place, link: Option<LinkId>, local: IndexMap<String, Value>, within: Duration) {
        let shared = self.shared.clone();
        self.shared.spawn(async move {
            let mut run = Run::new(&shared, place.clone(), link, Keep::Turn, local, within);
            let outcome = run.user().await;
            if let Err(error) = shared.turn_asked(&run, outcome).await {
                match error.cause {
                    Cause::Broken(blame) => shared.problem(Some(blame), "turn-stopped", error.message.clone()),
                    Cause::Agent => {}
                }
                shared.fail(&place, json!({"source": "agent", "code": null, "message": error.message}));
            }
        });
    }

    async fn end_of(&self, place: &Place, deadline: Instant, within: Duration) -> Result<(), StepError> {
        let shared = &self.shared;
        let ended = shared.until(deadline, |state| {
            let turn = state.turn(place)?;
            let process = turn.link.filter(|_| shared.is_exec());
            let running = process.is_some_and(|link| state.links[link].ending.is_none());
            (turn.finished && !running).then_some(())
        });
        if ended.await.is_some() {
            return Ok(());
        }
        let finished = shared.state().turn(place).is_some_and(|turn| turn.finished);
        let what = if finished { "the turn has ended, but its process did not end" } else { "no end of the turn" };
        Err(late(what, within, &shared.setup.recorder, &place.session))
    }
}

impl Shared {
    /// What the end of an action means for the turn that it belongs to: what refuses or breaks it ends it. The error is a
    /// fault, which ends the step.
    pub(super) async fn turn_asked(&self, run: &Run<'_>, outcome: Result<(), Stop>) -> Result<(), StepError> {
        let place = &run.place;
        match outcome {
            Ok(()) if self.asks() && !self.awaits_answers(place) => run.settle().await,
            Ok(()) => {}
            Err(Stop::Refused { method, error }) => self.refused_turn(place, &method, error),
            Err(Stop::Unanswered(message)) => self.fail(place, json!({"source": "transport", "code": null, "message": message})),
            // It was ended as aborted when it was cut.
            Err(Stop::Dead(ending)) if ending.by_us && self.asks() => {}
            Err(Stop::Dead(ending)) => self.broken_turn(place, &ending.shown()),
            Err(Stop::Fault(error)) => return Err(error),
        }
        Ok(())
    }

    /// True if the turn's last message asks for calls that the suite's functions answer.
    fn awaits_answers(&self, place: &Place) -> bool {
        self.setup.tools.is_some() && self.state().sessions.get(&place.session).is_some_and(|session| session.asked)
    }

    /// The request that should begin the turn was answered by an error.
    fn refused_turn(&self, place: &Place, method: &str, error: Value) {
        let code = error.get("code").cloned().unwrap_or(Value::Null);
        let message = error.get("message").or(error.as_str().map(|_| &error)).and_then(Value::as_str).map(str::to_owned);
        let message = message.unwrap_or_else(|| format!("`{method}` was refused: {}", super::events::short(&error)));
        self.fail(place, json!({"source": "agent", "code": code, "message": message}));
    }

    fn broken_turn(&self, place: &Place, how: &str) {
        self.fail(place, json!({"source": "transport", "code": null, "message": format!("the connection is closed ({how})")}));
    }

    fn fail(&self, place: &Place, error: Value) {
        let mut state = self.state();
        if state.turn(place).is_some_and(|turn| !turn.finished) {
            self.break_off(&mut state, place, error);
        }
        drop(state);
        self.tell();
    }
}
