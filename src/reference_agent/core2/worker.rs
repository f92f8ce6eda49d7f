//! The persistence worker: snapshots of a run go to the store.
//!
//! Owns: the consumer group, what is acknowledged when, the form of a projection.
//! Must not know: who asked for the run, streams of clients.
//!
//! What the store did not take stays pending, and is delivered again; the reducer applies each event once, so a redelivery
//! changes nothing.

use super::faults::PipelineFault;
use super::log::{Entry, Log, LogError, key};
use super::redis::{Redis, entries};
use super::store::Store;
use crate::wire::core2::Reducer;
use serde_json::{Map, Value, json};
use std::time::Duration;

const GROUP: &str = "codex-projector-group";
const BATCH: &str = "200";
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long a run that has ended is still watched for redeliveries.
const LINGER: Duration = Duration::from_secs(30);

/// The snapshot as it is stored: keys in camel case, nothing that is null.
pub fn projection(response: &Value) -> Value {
    let camel = |name: &str| {
        let mut parts = name.split('_');
        let first = parts.next().unwrap_or_default().to_owned();
        // Names of usage are whatever stands in the log.
        parts.fold(first, |mut name, part| {
            let mut letters = part.chars();
            name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            name + letters.as_str()
        })
    };
    let mut out = Map::new();
    for (name, value) in response.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        let value = match (name.as_str(), value) {
            ("usage", Value::Object(usage)) => usage.iter().map(|(name, value)| (camel(name), value.clone())).collect(),
            (_, value) => value.clone(),
        };
        let name = if name == "id" { "runId".to_owned() } else { camel(name) };
        out.insert(name, value);
    }
    Value::Object(out)
}

/// Projects a run until it has ended and nothing more comes.
pub async fn project(log: &Log, store: &Store, run: &str, fault: Option<PipelineFault>) {
    let mut reducer = Reducer::new(false);
    let mut source = Source::new(log, run, !PipelineFault::LeaveAbandoned.is(fault));
    let mut pause = FIRST_PAUSE;
    let mut quiet = Duration::ZERO;
    loop {
        let entries = match source.next().await {
            Ok(entries) => entries,
            Err(_) => {
                tokio::time::sleep(LONGEST_PAUSE / 10).await;
                continue;
            }
        };
        if entries.is_empty() {
            quiet += WAIT;
            if reducer.is_over() && quiet > LINGER {
                return;
            }
            continue;
        }
        quiet = Duration::ZERO;
        for (_, event) in &entries {
            let event: Value = serde_json::from_str(event).unwrap_or_else(|_| event.as_str().into());
            if PipelineFault::StartAgain.is(fault) && event["type"] == "response_start" {
                reducer = Reducer::new(false);
            }
            reducer.apply(&event);
        }
        let document = reducer.snapshot().map(|response| projection(&response)).unwrap_or(json!({"runId": run}));
        let put = store.put(&document).await;
        let put = if PipelineFault::AcknowledgeUnstored.is(fault) { Ok(()) } else { put };
        match put {
            Ok(()) => {
                source.done(&entries).await;
                pause = FIRST_PAUSE;
            }
            Err(why) => {
                eprintln!("warning: run {run} was not stored, and stays pending: {why}");
                source.missed();
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// How long one look for new entries takes.
const WAIT: Duration = Duration::from_millis(200);
/// What a consumer has held for so long is taken over: it is gone, most likely.
const ABANDONED: &str = "100";

/// Entries for the worker, each until it is done.
enum Source<'l> {
    Memory { log: &'l Log, run: &'l str, at: String },
    Redis { redis: Redis, key: String, consumer: String, ready: bool, pending: bool, takes_over: bool },
}

impl<'l> Source<'l> {
    fn new(log: &'l Log, run: &'l str, takes_over: bool) -> Source<'l> {
        match log {
            Log::Memory(_) => Source::Memory { log, run, at: "0-0".to_owned() },
            Log::Redis(redis) => {
                let consumer = format!("worker-{}", std::process::id());
                Source::Redis { redis: Redis::new(&redis.address), key: key(run), consumer, ready: false, pending: false, takes_over }
            }
        }
    }

    async fn next(&mut self) -> Result<Vec<Entry>, LogError> {
        match self {
            Source::Memory { log, run, at } => log.reader().after(run, at, WAIT).await,
            Source::Redis { redis, key, consumer, ready, pending, takes_over } => {
                if !std::mem::replace(ready, true) {
                    // It may be there already.
                    let _ = redis.ask(&["XGROUP", "CREATE", key, GROUP, "0", "MKSTREAM"]).await;
                }
                let reply = if *pending {
                    claim(redis, key, consumer, "0").await?
                } else {
                    let wait = WAIT.as_millis().to_string();
                    let asked = ["XREADGROUP", "GROUP", GROUP, consumer, "COUNT", BATCH, "BLOCK", &wait, "STREAMS", key, ">"];
                    let reply = redis.ask(&asked).await;
                    // A server that came back without the group gets it again.
                    *ready = reply.is_ok();
                    match entries(&reply?[0][1]) {
                        none if none.is_empty() && *takes_over => claim(redis, key, consumer, ABANDONED).await?,
                        new => new,
                    }
                };
                *pending &= !reply.is_empty();
                Ok(reply)
            }
        }
    }

    /// They are stored.
    async fn done(&mut self, entries: &[Entry]) {
        match self {
            Source::Memory { at, .. } => {
                if let Some((last, _)) = entries.last() {
                    at.clone_from(last);
                }
            }
            Source::Redis { redis, key, .. } => {
                let mut words = vec!["XACK", key.as_str(), GROUP];
                words.extend(entries.iter().map(|(id, _)| id.as_str()));
                // What could not be acknowledged is delivered again, which changes nothing.
                let _ = redis.ask(&words).await;
            }
        }
    }

    fn missed(&mut self) {
        if let Source::Redis { pending, .. } = self {
            *pending = true;
        }
    }
}

/// Entries that were delivered and are not done, idle for so many milliseconds, whoever has them.
async fn claim(redis: &mut Redis, key: &str, consumer: &str, idle: &str) -> Result<Vec<Entry>, LogError> {
    let reply = redis.ask(&["XAUTOCLAIM", key, GROUP, consumer, idle, "0-0", "COUNT", BATCH]).await?;
    Ok(entries(&reply[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_projection_has_camel_case_and_no_nulls() {
        let response = json!({
            "id": "r", "turn_id": "t", "finish_reason": null, "output_items": [{"call_id": "c"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total__tokens_": 3, "é_éa": 4},
        });
        let expected = json!({
            "runId": "r", "turnId": "t", "outputItems": [{"call_id": "c"}],
            "usage": {"promptTokens": 1, "completionTokens": 2, "totalTokens": 3, "ééa": 4},
        });
        assert_eq!(projection(&response), expected);
    }
}
