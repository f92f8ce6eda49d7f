//! One turn: ask the model, run the tools it wants, ask again, until it has nothing more to run.
//!
//! Owns: the loop and its limits.
//! Must not know: which connection the frames go to, the wire of the model.

use super::exec;
use super::faults::Fault;
use super::gateway::{Frame, Outbox};
use super::model::{Model, ToolCall};
use futures_util::future::join_all;
use serde_json::Value;
use std::sync::Mutex;
use tokio::sync::Notify;

/// A model that wants tools more often than this in one turn is going in circles.
const MOST_ROUNDS: usize = 20;

/// What all turns share.
pub struct Agent {
    pub model: Model,
    pub fault: Option<Fault>,
    /// Only `mix-sessions` ever looks at it.
    pub spoke_last: Mutex<Option<Outbox>>,
    /// Only `die-mid-turn` ever tells it.
    pub death: Notify,
}

impl Agent {
    pub fn new(mut model: Model, fault: Option<Fault>) -> Agent {
        model.takes_half = Fault::TakeHalf.is(fault);
        Agent { model, fault, spoke_last: Mutex::default(), death: Notify::new() }
    }

    /// Carries a turn out; its frames go to `outbox`, the last of which ends it. `history` gets all that was said.
    pub async fn turn(&self, history: &mut Vec<Value>, content: &str, outbox: &Outbox) {
        if Fault::AnswerEarly.is(self.fault) {
            outbox.send(Frame::AssistantMessage(Fault::EARLY_ANSWER.into()));
            outbox.send(Frame::TurnComplete);
        }
        history.push(self.model.wire.user(content));
        let ended = self.rounds(history, outbox).await;
        if Fault::NeverEnd.is(self.fault) {
            return;
        }
        outbox.send(match ended {
            Ok(()) => Frame::TurnComplete,
            Err(message) => Frame::Error(message),
        });
    }

    async fn rounds(&self, history: &mut Vec<Value>, outbox: &Outbox) -> Result<(), String> {
        for _ in 0..MOST_ROUNDS {
            let answer = self.model.ask(history).await;
            if Fault::DieMidTurn.is(self.fault) {
                self.death.notify_one();
                return std::future::pending().await;
            }
            let answer = answer?;
            history.extend(answer.entries);
            for text in answer.texts {
                self.say(text, outbox);
            }
            if answer.calls.is_empty() {
                return Ok(());
            }
            self.call_tools(&answer.calls, history, outbox).await;
        }
        Err(format!("stopped after {MOST_ROUNDS} rounds of tool calls"))
    }

    fn say(&self, text: String, outbox: &Outbox) {
        let spoke_last = self.spoke_last.lock().expect("no panic happens under this lock");
        match &*spoke_last {
            Some(other) if Fault::MixSessions.is(self.fault) => other.send(Frame::AssistantMessage(text)),
            _ => outbox.send(Frame::AssistantMessage(text)),
        }
    }

    /// Runs calls of one answer side by side; the results stand in the order of the calls.
    async fn call_tools(&self, calls: &[ToolCall], history: &mut Vec<Value>, outbox: &Outbox) {
        if Fault::ClaimSuccess.is(self.fault) {
            return history.extend(calls.iter().map(|call| self.model.wire.result(call, Fault::CLAIM)));
        }
        outbox.send(Frame::ToolCalls(calls.to_vec()));
        if Fault::CallTwice.is(self.fault) {
            let again: Vec<_> = calls.iter().map(|call| ToolCall { id: format!("{}-again", call.id), ..call.clone() }).collect();
            join_all(again.iter().map(call_tool)).await;
            outbox.send(Frame::ToolCalls(again));
        }
        let results = join_all(calls.iter().map(call_tool)).await;
        if Fault::ObeyOutput.is(self.fault) {
            join_all(results.iter().filter_map(|result| Fault::order(result)).map(exec::run)).await;
        }
        for (call, result) in calls.iter().zip(results) {
            match self.fault {
                Some(Fault::DropResult) => {}
                Some(Fault::IgnoreOutput) => history.push(self.model.wire.result(call, "")),
                _ => history.push(self.model.wire.result(call, &result)),
            }
        }
    }
}

/// What the model is told of a call, mistakes of its own included.
async fn call_tool(call: &ToolCall) -> String {
    if call.name != exec::NAME {
        return format!("error: there is no tool `{}`; the only one is `{}`", call.name, exec::NAME);
    }
    match serde_json::from_str::<Value>(&call.arguments) {
        Err(error) => format!("error: the arguments are not JSON: {error}"),
        Ok(arguments) => match arguments["command"].as_str() {
            Some(command) => exec::run(command).await,
            None => "error: the argument `command` is missing or not a text".to_owned(),
        },
    }
}
