//! Events of one run, on their way to the log.
//!
//! Owns: the envelope: event ids, time, trace context.
//! Must not know: what an event means, who reads it.

use super::faults::PipelineFault;
use super::log::{Log, LogError};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub struct Publisher {
    log: Arc<Log>,
    run: String,
    /// 32 hexadecimal digits.
    trace: String,
    fault: Option<PipelineFault>,
}

/// How long a log that has gone away may take to come back, in the middle of a run.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

impl Publisher {
    /// Goes on with the caller's trace, if there is one.
    pub fn new(log: Arc<Log>, run: &str, traceparent: Option<&str>, fault: Option<PipelineFault>) -> Publisher {
        let trace = traceparent.and_then(trace_id).map_or_else(|| hex(32), str::to_owned);
        Publisher { log, run: run.to_owned(), trace, fault }
    }

    /// Appends an event, if need be once the log is back. `fields` is its payload but for its type.
    pub async fn publish(&self, kind: &str, fields: Value) -> Result<(), LogError> {
        let event = self.event(kind, fields);
        let end = Instant::now() + PATIENCE;
        loop {
            match self.log.append(&self.run, event.clone()).await {
                Err(_) if Instant::now() < end && !PipelineFault::GiveUpLog.is(self.fault) => tokio::time::sleep(PAUSE).await,
                done => return done,
            }
        }
    }

    /// Appends the first event of a run: now, or not at all.
    pub async fn begin(&self, fields: Value) -> Result<(), LogError> {
        self.log.append(&self.run, self.event("response_start", fields)).await
    }

    fn event(&self, kind: &str, mut fields: Value) -> String {
        let mut payload = json!({"type": kind});
        if let (Some(payload), Some(fields)) = (payload.as_object_mut(), fields.as_object_mut()) {
            payload.append(fields);
        }
        let trace = if PipelineFault::NewTrace.is(self.fault) { &hex(32) } else { &self.trace };
        let event = json!({
            "event_id": uuid(),
            "timestamp": now(),
            "trace_context": {"traceparent": format!("00-{trace}-{}-01", hex(16))},
            "run_id": self.run,
            "type": kind,
            "payload": payload,
        });
        event.to_string()
    }
}

/// The trace id of a `traceparent` header.
fn trace_id(header: &str) -> Option<&str> {
    let id = header.split('-').nth(1)?;
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}

/// Milliseconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

fn hex(digits: usize) -> String {
    (0..digits).map(|_| fastrand::digit(16)).collect()
}

/// A random UUID (version 4).
pub fn uuid() -> String {
    let variant = ['8', '9', 'a', 'b'][fastrand::usize(0..4)];
    format!("{}-{}-4{}-{variant}{}-{}", hex(8), hex(4), hex(3), hex(3), hex(12))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_trace_id_is_gone_on_with() {
        let id = "0af7651916cd43dd8448eb211c80319c";
        assert_eq!(trace_id(&format!("00-{id}-b7ad6b7169203331-01")), Some(id));
        assert_eq!(trace_id("00-xyz-b7ad6b7169203331-01"), None);
    }

    #[test]
    fn a_uuid_is_one() {
        assert!(super::super::submission::is_uuid(&uuid()) && uuid() != uuid());
    }
}
