//! What the engine answers by itself: approvals, and requests of the agent.
//!
//! Owns: the decision by the agent's `approvals`, the action `decide`, the `reply` of rules.
//! Must not know: transports, how an approval is framed.

use super::events::matches;
use super::shared::Shared;
use super::state::{Keep, LinkId, Place, State};
use super::steps::Run;
use super::stop::Stop;
use crate::model::trace::Cause;
use crate::model::tree::Node;
use crate::transports::Outgoing;
use indexmap::IndexMap;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// An answer that cannot be sent for so long is given up.
const WITHIN: Duration = Duration::from_secs(30);

impl Shared {
    /// The first rule of the agent's `approvals` that matches decides. Without one the request is declined, and the case fails.
    pub(super) fn decide(self: &Arc<Shared>, state: &mut State, link: Option<LinkId>, place: &Place, fields: Map<String, Value>) {
        let accept = match self.decision(state, place, &Value::Object(fields.clone())) {
            Some(accept) => accept,
            None => {
                let asked = super::events::short(&Value::Object(fields.clone()));
                let message = format!(
                    "the agent asked for an approval that no rule decides: {asked}; it was declined (write a rule under the agent's `approvals`)"
                );
                self.problem(None, "unanswered-approval", message);
                false
            }
        };
        if self.protocol.action("decide").is_none() {
            return self.fault(state, "an approval was requested, and there is no action `decide` to answer it".to_owned());
        }
        let words = self.protocol.approvals.as_ref();
        let decision = match accept {
            true => words.map_or(Value::from("accept"), |words| words.accept.clone()),
            false => words.map_or(Value::from("decline"), |words| words.decline.clone()),
        };
        let mut approval = fields;
        approval.insert("decision".to_owned(), decision);
        let local: IndexMap<String, Value> = [("approval".to_owned(), Value::Object(approval))].into();
        let (shared, place) = (self.clone(), place.clone());
        self.spawn(async move {
            let mut run = Run::new(&shared, place, link, Keep::Turn, local, WITHIN);
            shared.report("decide", run.action("decide").await.map(|_| ()));
        });
    }

    fn decision(&self, state: &mut State, place: &Place, fields: &Value) -> Option<bool> {
        let names = self.names(state, place, IndexMap::new());
        for rule in &self.setup.agent.approvals {
            match rule.when.as_ref().map_or(Ok(true), |pattern| matches(pattern, fields, &names)) {
                Ok(true) => return Some(rule.accept),
                Ok(false) => {}
                Err(reason) => self.fault(state, reason),
            }
        }
        None
    }

    /// Sends the `reply` of a rule.
    pub(super) fn answer(self: &Arc<Shared>, state: &mut State, link: Option<LinkId>, place: &Place, reply: Arc<Node>) {
        let Some(link) = link else {
            return self.fault(state, "a rule has a `reply`, and this transport has no connection to send it over".to_owned());
        };
        let (shared, place) = (self.clone(), place.clone());
        let names = self.names(state, &place, IndexMap::new());
        self.spawn(async move {
            let sent = match reply.fill(&names) {
                Ok(Some(value)) => shared.transmit(link, &place, Outgoing::Json(value), tokio::time::Instant::now() + WITHIN).await,
                Ok(None) => Ok(()),
                Err(unfilled) => Err(Stop::Fault(super::stop::suite(unfilled.reason))),
            };
            shared.report("reply", sent);
        });
    }

    /// A closed connection is told by its turns; everything else is a problem of its own.
    fn report(&self, what: &str, result: Result<(), Stop>) {
        match result {
            Ok(()) | Err(Stop::Dead(_)) => {}
            Err(stop @ Stop::Unanswered(_)) => self.problem(None, "answer-failed", stop.error(&format!("`{what}`")).message),
            Err(Stop::Fault(error)) => {
                let blame = match error.cause {
                    Cause::Broken(blame) => Some(blame),
                    Cause::Agent => None,
                };
                self.problem(blame, "answer-failed", format!("`{what}`: {}", error.message));
            }
            Err(stop @ Stop::Refused { .. }) => self.problem(None, "answer-refused", stop.error(what).message),
        }
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().expect("no panic happens under this lock");
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }
}
