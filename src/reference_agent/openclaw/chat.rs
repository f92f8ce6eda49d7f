//! The requests that begin, end and await runs: `chat.send`, `chat.abort`, `agent`, `agent.wait`.
//!
//! Owns: idempotency keys, the order of an abort's frames, the second answer of `agent`.
//! Must not know: what happens in a run.

use super::client::Client;
use super::errors::{Reply, invalid, unavailable};
use super::faults::GatewayFault;
use super::runs::{Run, Status};
use super::server::Gateway;
use super::sessions::canonical;
use super::voice::{Voice, message, now};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// How long `agent.wait` waits if nothing else is said.
const WAIT: u64 = 30_000;

enum Begun {
    New(Arc<Run>),
    Known(Arc<Run>),
}

impl Gateway {
    pub fn chat_send(self: &Arc<Gateway>, client: &Client, id: &Value, params: &Value) -> Option<Reply> {
        match self.run_of(params) {
            Err(error) => Some(Err(error)),
            Ok(Begun::Known(run)) => {
                let status = if run.state().status == Status::Running { "in_flight" } else { "ok" };
                Some(Ok(json!({"runId": run.id, "status": status})))
            }
            Ok(Begun::New(run)) => {
                client.answer(id, Ok(json!({"runId": run.id, "status": "started"})));
                self.start(run, params);
                None
            }
        }
    }

    /// Answers twice with the same id: that the run was accepted, and how it ended.
    pub fn agent_run(self: &Arc<Gateway>, client: &Arc<Client>, id: &Value, params: &Value) -> Option<Reply> {
        let run = match self.run_of(params) {
            Err(error) => return Some(Err(error)),
            Ok(Begun::Known(run)) => return Some(Ok(outcome(&run))),
            Ok(Begun::New(run)) => run,
        };
        let accepted =
            json!({"runId": run.id, "sessionKey": run.key, "agentId": super::sessions::AGENT, "status": "accepted", "acceptedAt": now()});
        client.answer(id, Ok(accepted));
        self.start(run.clone(), params);
        let (client, id) = (client.clone(), id.clone());
        tokio::spawn(async move {
            run.ended().await;
            let failed = run.state().error.clone();
            client.answer(&id, failed.map_or_else(|| Ok(outcome(&run)), |error| Err(unavailable(error))));
        });
        None
    }

    pub fn agent_wait(&self, client: &Arc<Client>, id: &Value, params: &Value) -> Option<Reply> {
        let run = self.runs.lock().expect("no panic happens under this lock").get(params["runId"].as_str().unwrap_or_default()).cloned();
        let within = Duration::from_millis(params["timeoutMs"].as_u64().unwrap_or(WAIT));
        let (client, id, given) = (client.clone(), id.clone(), params["runId"].clone());
        let is_v4 = self.is_v4();
        tokio::spawn(async move {
            let ended = match &run {
                Some(run) => tokio::time::timeout(within, run.ended()).await.ok(),
                None => None,
            };
            let reply = match (ended, run) {
                (Some(_), Some(run)) => waited(&run, is_v4),
                _ => json!({"runId": given, "status": "timeout"}),
            };
            client.answer(&id, Ok(reply));
        });
        None
    }

    /// The end of the run is told before the answer.
    pub fn chat_abort(self: &Arc<Gateway>, client: &Arc<Client>, id: &Value, params: &Value) -> Option<Reply> {
        let key = match canonical(params["sessionKey"].as_str().unwrap_or_default()) {
            Ok(key) => key,
            Err(error) => return Some(Err(error)),
        };
        let runs: Vec<_> = self.runs.lock().expect("no panic happens under this lock").values().cloned().collect();
        let wanted = |run: &&Arc<Run>| match params["runId"].as_str() {
            Some(id) => run.id == id,
            None => run.key == key && run.state().status == Status::Running,
        };
        let runs: Vec<_> = runs.iter().filter(wanted).cloned().collect();
        if runs.iter().any(|run| run.key != key) {
            return Some(Err(invalid("runId does not match sessionKey")));
        }
        let late = GatewayFault::AbortLate.is(self.fault);
        let running: Vec<_> = runs.into_iter().filter(|run| run.state().status == Status::Running).collect();
        let ids: Vec<_> = running.iter().map(|run| run.id.clone()).collect();
        let reply = Ok(json!({"ok": true, "aborted": !ids.is_empty(), "runIds": ids}));
        if late {
            client.answer(id, reply.clone());
        }
        if !GatewayFault::IgnoreAbort.is(self.fault) {
            running.into_iter().for_each(|run| abort(&Voice { gateway: self.clone(), run }));
        }
        (!late).then_some(reply)
    }

    fn run_of(&self, params: &Value) -> Result<Begun, Value> {
        let (given, id) = (params["sessionKey"].as_str().unwrap_or("main"), params["idempotencyKey"].as_str().unwrap_or_default());
        let key = match canonical(given) {
            Err(_) if GatewayFault::AnyRequest.is(self.fault) => given.to_owned(),
            key => key?,
        };
        let verbose = self.session(&key).is_verbose();
        let mut runs = self.runs.lock().expect("no panic happens under this lock");
        if let (Some(known), false) = (runs.get(id), GatewayFault::RunAgain.is(self.fault)) {
            return Ok(Begun::Known(known.clone()));
        }
        let run = Arc::new(Run::new(id, key, given, verbose));
        runs.insert(id.to_owned(), run.clone());
        Ok(Begun::New(run))
    }

    fn start(self: &Arc<Gateway>, run: Arc<Run>, params: &Value) {
        let text = params["message"].as_str().unwrap_or_default().to_owned();
        tokio::spawn(super::turn::carry_out(Voice { gateway: self.clone(), run }, text));
    }
}

fn abort(voice: &Voice) {
    let text = voice.run.state().text.clone();
    let mut end = json!({"stopReason": "rpc"});
    if !text.is_empty() {
        end["message"] = message(&text);
    }
    voice.end(Status::Aborted, "aborted", end);
    if voice.gateway.is_v4() {
        voice.agent("lifecycle", json!({"phase": "end", "status": "cancelled", "aborted": true, "stopReason": "rpc", "endedAt": now()}));
    }
}

fn outcome(run: &Run) -> Value {
    let state = run.state();
    let status = match state.status {
        Status::Running => "accepted",
        Status::Done => "ok",
        Status::Failed | Status::Aborted => "error",
    };
    json!({"runId": run.id, "status": status, "summary": "completed", "result": {"payloads": [{"text": state.text, "mediaUrl": null}], "meta": {}}})
}

fn waited(run: &Run, is_v4: bool) -> Value {
    let state = run.state();
    let status = if state.status == Status::Done { "ok" } else { "error" };
    let mut reply = json!({"runId": run.id, "status": status, "endedAt": now()});
    if is_v4 {
        reply["terminalReply"] = json!({"disposition": "visible", "text": state.text});
        reply["terminalReceipt"] = json!({"runId": run.id, "successfulToolNames": state.successful});
    }
    reply
}
