//! The HTTP surface: `POST /submit`, `GET /stream/ID`, `GET /runs/ID`; the same below `/api/v2`.
//!
//! Owns: routes, statuses, the stream of server-sent events.
//! Must not know: providers, how a run is carried out.

use super::faults::PipelineFault;
use super::log::{Log, parse};
use super::provider::Endpoints;
use super::publisher::{Publisher, now};
use super::run;
use super::submission::{Submission, refusal};
use super::threads::Threads;
use super::worker::{self, Store};
use crate::fakes::http::answer::End;
use crate::fakes::http::connection::NoRequest;
use crate::fakes::http::{Answer, Connection, HttpRequest, Limits};
use crate::wire::core2::Reducer;
use crate::wire::sse;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

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

/// Serves until `stop` is done.
pub async fn serve(listener: TcpListener, pipeline: Arc<Pipeline>, stop: impl Future<Output = ()>) -> i32 {
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { connections.spawn(connection(stream, Arc::clone(&pipeline))); }
                // Out of file handles, most likely; some may be free again a little later.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
            () = &mut stop => return 0,
        }
    }
}

async fn connection(stream: TcpStream, pipeline: Arc<Pipeline>) {
    let mut connection = Connection::new(stream, Limits::default());
    loop {
        let request = match connection.request().await {
            Ok(request) => request,
            Err(NoRequest::Gone) => return,
            Err(NoRequest::Refused(refused)) => {
                put(&mut connection, refused.status, &refusal("BAD_REQUEST", &refused.message), false);
                return connection.close().await;
            }
        };
        let keep_alive = request.head.keep_alive();
        let (path, query) = request.head.target.split_once('?').unwrap_or((&request.head.target, ""));
        let path = path.strip_prefix("/api/v2").unwrap_or(path);
        let parts: Vec<_> = path.split('/').skip(1).collect();
        let (status, body) = match (request.head.method.as_str(), parts.as_slice()) {
            ("POST", ["submit"]) => submit(&pipeline, &request).await,
            ("GET", ["runs", run]) => stored(&pipeline, run).await,
            ("GET", ["health"]) => (200, json!({"status": "ok"})),
            ("GET", ["stream", run]) => match position(query, &request) {
                Ok(_) if PipelineFault::IgnoreLastEventId.is(pipeline.fault) => return events(connection, &pipeline, run, "0-0").await,
                Ok(from) => return events(connection, &pipeline, run, from).await,
                Err(id) => (400, refusal("VALIDATION_ERROR", &format!("`{id}` is no id of an event"))),
            },
            (method, _) => (404, refusal("NOT_FOUND", &format!("there is no {method} {path}"))),
        };
        put(&mut connection, status, &body, keep_alive);
        if !keep_alive {
            return connection.close().await;
        }
        if connection.flush().await.is_err() {
            return;
        }
    }
}

fn put(connection: &mut Connection, status: u16, body: &Value, keep_alive: bool) {
    let answer = Answer::json(status, body.to_string().into_bytes());
    let end = answer.end(true);
    connection.put_head(&answer, end, keep_alive);
    connection.put_piece(end, &answer.bytes);
}

/// Takes a run if the log can be written to; its first event is in the log before the answer goes out.
async fn submit(pipeline: &Arc<Pipeline>, request: &HttpRequest) -> (u16, Value) {
    let strict = !PipelineFault::TakeAnything.is(pipeline.fault);
    let submission = match Submission::read(&request.body, strict) {
        Ok(submission) => submission,
        Err((status, code, message)) => return (status, refusal(code, &message)),
    };
    let publisher = Publisher::new(pipeline.log.clone(), &submission.run, request.head.header("traceparent"), pipeline.fault);
    let begun = match pipeline.log.ping().await {
        Ok(()) => publisher.begin(start(&submission)).await,
        Err(error) => Err(error),
    };
    if let (Err(error), false) = (begun, PipelineFault::TakeWithoutLog.is(pipeline.fault)) {
        eprintln!("error: {error}");
        return (503, refusal("REDIS_UNAVAILABLE", "the event log cannot be reached"));
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

/// The stream never closes by itself: who reads it knows when a run has ended.
async fn events(mut connection: Connection, pipeline: &Pipeline, run: &str, from: &str) {
    let mut answer = Answer::json(200, vec![]).header("cache-control", "no-cache");
    (answer.content_type, answer.chunked) = ("text/event-stream", true);
    connection.put_head(&answer, End::Chunks, true);
    let mut reader = pipeline.log.reader();
    let mut last = from.to_owned();
    while connection.flush().await.is_ok() {
        let read = tokio::select! {
            read = reader.after(run, &last, KEEP_ALIVE) => read,
            () = connection.gone() => return,
        };
        let mut out = Vec::new();
        match read {
            Ok(entries) if entries.is_empty() => sse::comment(&mut out, "keep-alive"),
            Ok(entries) => {
                for (id, event) in entries {
                    let kind = serde_json::from_str::<Value>(&event).ok().and_then(|event| event["type"].as_str().map(str::to_owned));
                    out.extend_from_slice(format!("id: {id}\n").as_bytes());
                    sse::text_event(&mut out, kind.as_deref(), &event);
                    last = id;
                }
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
        connection.put_piece(End::Chunks, &out);
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
