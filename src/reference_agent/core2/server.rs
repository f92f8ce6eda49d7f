//! The HTTP surface: `POST /submit`, `GET /stream/ID`, `GET /runs/ID`; the same below `/api/v2`.
//!
//! Owns: routes, statuses, the stream of server-sent events.
//! Must not know: providers, how a run is carried out.

use super::faults::PipelineFault;
use super::log::{Log, parse};
use super::provider::Endpoints;
use super::publisher::{Publisher, now};
use super::run;
use super::store::Store;
use super::submission::{Submission, refusal};
use super::threads::Threads;
use super::worker;
use crate::fakes::http::{Connection, HttpRequest};
use crate::reference_agent::http::{Reply, Routes, Stream};
use crate::wire::core2::Reducer;
use crate::wire::sse;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// So often a silent stream says that it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Before the log is asked again after it could not be reached.
const PAUSE: Duration = Duration::from_millis(100);

pub struct Pipeline {
    pub log: Arc<Log>,
    pub endpoints: Endpoints,
    pub store: Option<Store>,
    pub threads: Threads,
    /// A provider's chunk that is none ends the run.
    pub strict: bool,
    pub fault: Option<PipelineFault>,
}

impl Routes for Pipeline {
    async fn reply(self: &Arc<Self>, request: HttpRequest, connection: &mut Option<Connection>) -> Reply {
        let (path, query) = request.head.target.split_once('?').unwrap_or((&request.head.target, ""));
        let path = path.strip_prefix("/api/v2").unwrap_or(path);
        let parts: Vec<_> = path.split('/').skip(1).collect();
        let (status, body) = match (request.head.method.as_str(), parts.as_slice()) {
            ("POST", ["submit"]) => submit(self, &request).await,
            ("GET", ["runs", run]) => stored(self, run).await,
            ("GET", ["health"]) => (200, json!({"status": "ok"})),
            ("GET", ["stream", run]) => match position(query, &request) {
                Ok(from) => {
                    if let Some(connection) = connection.take() {
                        let from = if PipelineFault::IgnoreLastEventId.is(self.fault) { "0-0" } else { from };
                        events(connection, self, run, from).await;
                    }
                    return Reply::Taken;
                }
                Err(id) => (400, refusal("VALIDATION_ERROR", &format!("`{id}` is no id of an event"))),
            },
            (method, _) => (404, refusal("NOT_FOUND", &format!("there is no {method} {path}"))),
        };
        Reply::Json(status, body)
    }

    fn refusal(&self, message: &str) -> Value {
        refusal("BAD_REQUEST", message)
    }
}

/// Takes a run if the log can be written to; its first event is in the log before the answer goes out.
async fn submit(pipeline: &Arc<Pipeline>, request: &HttpRequest) -> (u16, Value) {
    let strict = !PipelineFault::TakeAnything.is(pipeline.fault);
    let submission = match Submission::read(&request.body, strict) {
        Ok(submission) => submission,
        Err((status, code, message)) => return (status, refusal(code, &message)),
    };
    let publisher = Publisher::new(pipeline.log.clone(), &submission.run, request.head.header("traceparent"), pipeline.fault);
    if let (Err(error), false) = (pipeline.log.ping().await, PipelineFault::TakeWithoutLog.is(pipeline.fault)) {
        return without_log(&error);
    }
    if let Some(store) = &pipeline.store
        && let Err(why) = store.open_thread(&submission.thread, &submission.model, submission.provider.name()).await
    {
        eprintln!("error: {why}");
        return (500, refusal("INTERNAL_ERROR", "the store does not take the thread"));
    }
    if let (Err(error), false) = (publisher.begin(start(&submission)).await, PipelineFault::TakeWithoutLog.is(pipeline.fault)) {
        return without_log(&error);
    }
    let answer = json!({"runId": submission.run});
    let run = submission.run.clone();
    let runs = pipeline.clone();
    tokio::spawn(async move {
        if let Err(error) = run::carry_out(&runs, &submission, &publisher).await {
            eprintln!("error: run {}: {error}", submission.run);
        }
    });
    let stores = pipeline.clone();
    tokio::spawn(async move {
        if let Some(store) = &stores.store {
            worker::project(&stores.log, store, &run, stores.fault).await;
        }
    });
    (202, answer)
}

fn without_log(error: &str) -> (u16, Value) {
    eprintln!("error: {error}");
    (503, refusal("REDIS_UNAVAILABLE", "the event log cannot be reached"))
}

fn start(submission: &Submission) -> Value {
    let mut start = json!({
        "response_id": submission.run,
        "turn_id": submission.turn,
        "thread_id": submission.thread,
        "model_id": submission.model,
        "provider_id": submission.provider.name(),
        "created_at": now(),
    });
    if let Some(agent) = &submission.agent {
        start["agent_id"] = agent.as_str().into();
    }
    start
}

/// Where a stream goes on; the query comes before the header.
fn position<'r>(query: &'r str, request: &'r HttpRequest) -> Result<&'r str, &'r str> {
    let from = query.split('&').find_map(|pair| pair.strip_prefix("from="));
    let id = from.or(request.head.header("last-event-id")).unwrap_or("0-0");
    parse(id).map(|_| id).ok_or(id)
}

/// What ends a run, and its stream.
const ENDS: [&str; 3] = ["response_done", "response_error", "turn_aborted_by_user"];

/// The stream closes after the end of its run. One that is opened after the end waits for what does not come, as others do.
async fn events(connection: Connection, pipeline: &Pipeline, run: &str, from: &str) {
    let mut stream = Stream::begin(connection);
    let mut reader = pipeline.log.reader();
    let mut last = from.to_owned();
    while stream.flush().await {
        let read = tokio::select! {
            read = reader.after(run, &last, KEEP_ALIVE) => read,
            () = stream.gone() => return,
        };
        let (mut out, mut over) = (Vec::new(), false);
        match read {
            Ok(entries) if entries.is_empty() => sse::comment(&mut out, "keep-alive"),
            Ok(entries) => {
                for (id, event) in entries {
                    let kind = serde_json::from_str::<Value>(&event).ok().and_then(|event| event["type"].as_str().map(str::to_owned));
                    over |= kind.as_deref().is_some_and(|kind| ENDS.contains(&kind));
                    out.extend_from_slice(format!("id: {id}\n").as_bytes());
                    sse::text_event(&mut out, kind.as_deref(), &event);
                    last = id;
                }
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
        stream.put(&out);
        if over && !PipelineFault::EndTwice.is(pipeline.fault) && !PipelineFault::ErrorAfterDone.is(pipeline.fault) {
            return stream.end().await;
        }
    }
}

/// A run as it is stored; without a store, as the log has it.
async fn stored(pipeline: &Pipeline, run: &str) -> (u16, Value) {
    let missing = (404, refusal("NOT_FOUND", "there is no such run"));
    if !super::submission::is_uuid(run) {
        return missing;
    }
    if let Some(store) = &pipeline.store {
        return store.get(run).await.map_or(missing, |document| (200, document));
    }
    let (mut reader, mut reducer, mut last) = (pipeline.log.reader(), Reducer::new(false), "0-0".to_owned());
    while let Ok(entries) = reader.after(run, &last, Duration::from_millis(1)).await {
        let Some((id, _)) = entries.last() else { break };
        last.clone_from(id);
        entries.iter().for_each(|(_, event)| reducer.apply(&serde_json::from_str(event).unwrap_or(Value::Null)));
    }
    reducer.snapshot().map_or(missing, |response| (200, worker::projection(&response)))
}
