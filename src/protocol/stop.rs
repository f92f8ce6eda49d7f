//! Why the steps of a protocol stopped before their end.
//!
//! Owns: the three reasons, and what they are as the error of a step.
//! Must not know: which steps there are.

use super::events::short;
use crate::base::duration;
use crate::model::trace::{Blame, Cause, Record, StepError, What};
use crate::recorder::Recorder;
use crate::transports::Ending;
use serde_json::Value;
use std::time::Duration;

/// How many arrivals a time-out lists.
const LISTED: usize = 8;

#[derive(Debug)]
pub(super) enum Stop {
    /// The agent answered a request with an error.
    Refused {
        method: String,
        error: Value,
    },
    /// A request has no answer, or only a part of one. Lower case, no final dot.
    Unanswered(String),
    /// The connection is closed.
    Dead(Ending),
    Fault(StepError),
}

impl Stop {
    /// `what` was being done, such as "`do: abort`".
    pub(super) fn error(self, what: &str) -> StepError {
        match self {
            Stop::Refused { method, error } => agent(format!("{what}: the agent refused `{method}`: {}", short(&error))),
            Stop::Unanswered(message) => agent(format!("{what}: {message}")),
            Stop::Dead(ending) if ending.by_us => {
                suite(format!("{what}: the connection was closed by the suite; a `connect` step opens it again"))
            }
            Stop::Dead(ending) => agent(format!("{what}: the connection to the agent is closed ({})", ending.shown())),
            Stop::Fault(error) => error,
        }
    }
}

impl From<StepError> for Stop {
    fn from(error: StepError) -> Stop {
        Stop::Fault(error)
    }
}

pub(super) fn agent(message: impl Into<String>) -> StepError {
    StepError { cause: Cause::Agent, message: message.into(), details: vec![] }
}

pub(super) fn suite(message: impl Into<String>) -> StepError {
    StepError { cause: Cause::Broken(Blame::Suite), message: message.into(), details: vec![] }
}

pub(super) fn start(message: impl Into<String>) -> StepError {
    StepError { cause: Cause::Broken(Blame::AgentStart), message: message.into(), details: vec![] }
}

/// The agent did not do something in time; what it did instead is listed, latest first.
pub(super) fn late(what: &str, within: Duration, recorder: &Recorder, session: &str) -> StepError {
    let details =
        recorder.read(0, |records| records.iter().rev().filter_map(|record| arrival(record, session)).take(LISTED).collect::<Vec<_>>());
    let arrived = match details.first() {
        None => "nothing arrived from the agent",
        Some(_) => "what arrived, latest first, is listed below",
    };
    let message = format!("{what} within {}; {arrived}", duration::show(within));
    StepError { details, ..agent(message) }
}

fn arrival(record: &Record, of: &str) -> Option<String> {
    let text = match &record.what {
        What::Event { session, event, .. } if session == of => {
            let fields = if event.fields.is_empty() { String::new() } else { format!(" {}", short(&Value::Object(event.fields.clone()))) };
            format!("event {}{fields}", event.kind)
        }
        What::Frame { session, data, .. } if session == of => format!("frame {}", short(data)),
        What::Exit { code, signal } => match (code, signal) {
            (Some(code), _) => format!("the process ended with exit {code}"),
            (None, Some(signal)) => format!("the process was ended by signal {signal}"),
            (None, None) => return None,
        },
        _ => return None,
    };
    Some(format!("{:.0}ms {text}", record.t_ms))
}
