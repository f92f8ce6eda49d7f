//! What is told of a run, to whoever may hear it.
//!
//! Owns: the frames of a run and their numbers, broadcasts.
//! Must not know: models, tools, what happens in a run.

use super::faults::GatewayFault;
use super::runs::{Run, Status};
use super::server::Gateway;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

const READ: &str = "operator.read";

/// Milliseconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or_default())
}

/// In the form of a UUID; nobody needs it to be one.
pub fn fresh_id() -> String {
    let hex = format!("{:032x}", fastrand::u128(..));
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

pub fn message(text: &str) -> Value {
    json!({"role": "assistant", "content": [{"type": "text", "text": text}], "timestamp": now()})
}

impl Gateway {
    /// Tells everybody who may hear it; version 3 lets everybody hear all but requests for approvals. `tools`: only those who asked for
    /// tool calls.
    pub fn broadcast(&self, event: &str, payload: &Value, scope: &str, tools: bool) {
        let all = GatewayFault::TellEveryone.is(self.fault) || !self.is_v4() && scope == READ;
        let seq = (!self.is_v4()).then(|| self.broadcasts.fetch_add(1, Ordering::Relaxed) + 1);
        for client in self.clients().iter() {
            if all || client.may(scope) && (!tools || client.hears_tools) {
                client.event(event, payload, seq);
            }
        }
    }
}

/// The voice of one run.
#[derive(Clone)]
pub struct Voice {
    pub gateway: Arc<Gateway>,
    pub run: Arc<Run>,
}

impl Voice {
    /// A frame of the stream of what the agent does. Nothing but its end is told of a run that has ended.
    pub fn agent(&self, stream: &str, data: Value) {
        let mut state = self.run.state();
        if state.status != Status::Running && stream != "lifecycle" {
            return;
        }
        if !GatewayFault::StuckSeq.is(self.gateway.fault) {
            state.seq += 1;
        }
        let mut payload = self.payload();
        payload.insert("stream".to_owned(), stream.into());
        payload.insert("data".to_owned(), data);
        payload.insert("seq".to_owned(), state.seq.into());
        payload.insert("ts".to_owned(), now().into());
        let told = self.gateway.is_v4() || stream != "tool" || self.run.verbose || GatewayFault::TellEveryone.is(self.gateway.fault);
        if told && !(stream == "tool" && GatewayFault::HideCalls.is(self.gateway.fault)) {
            self.gateway.broadcast("agent", &Value::Object(payload), READ, self.gateway.is_v4() && stream == "tool");
        }
    }

    /// A frame of the stream of what is said.
    pub fn chat(&self, state: &str, more: Value) {
        if self.run.state().status == Status::Running {
            self.gateway.broadcast("chat", &self.said(state, more), READ, false);
        }
    }

    /// Ends the run, if it has not ended. True if this was its end.
    pub fn end(&self, status: Status, state: &str, more: Value) -> bool {
        let frame = self.said(state, more);
        if !self.run.finish(status) {
            return false;
        }
        let times = match self.gateway.fault {
            Some(GatewayFault::NeverEnd) => 0,
            Some(GatewayFault::EndTwice) => 2,
            _ => 1,
        };
        (0..times).for_each(|_| self.gateway.broadcast("chat", &frame, READ, false));
        self.run.tell();
        true
    }

    fn said(&self, state: &str, more: Value) -> Value {
        let mut payload = self.payload();
        payload.insert("seq".to_owned(), self.run.state().seq.into());
        payload.insert("state".to_owned(), state.into());
        if let Value::Object(more) = more {
            payload.extend(more);
        }
        Value::Object(payload)
    }

    fn payload(&self) -> Map<String, Value> {
        let run = if GatewayFault::WrongRun.is(self.gateway.fault) { format!("{}-other", self.run.id) } else { self.run.id.clone() };
        let key = if GatewayFault::PlainKeys.is(self.gateway.fault) { &self.run.given_key } else { &self.run.key };
        let mut payload = Map::from_iter([("runId".to_owned(), run.into()), ("sessionKey".to_owned(), key.as_str().into())]);
        if self.gateway.is_v4() {
            payload.insert("agentId".to_owned(), super::sessions::AGENT.into());
        }
        payload
    }
}
