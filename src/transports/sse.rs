//! A stream of server-sent events as frames `{id, event, data}`.
//!
//! Owns: the form of a frame, how much a stream may send, how its end is told.
//! Must not know: what an event means, when a stream is opened again.

use super::http::{Unanswered, words};
use crate::wire::sse_read::{Event, Reader};
use reqwest::Response;
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::time::Duration;

/// The most bytes of one event.
const MAX_EVENT: usize = 16 << 20;
/// A stream that sends more is left: each event is a record, and a server that never stops would fill the memory.
const MAX_STREAM: usize = 64 << 20;
/// What one more event costs besides its bytes.
const EVENT_COST: usize = 512;

/// An open stream. Dropping it closes it.
#[derive(Debug)]
pub struct EventStream {
    response: Response,
    reader: Reader,
    ready: VecDeque<Event>,
    cost: usize,
}

impl EventStream {
    pub(super) fn new(response: Response, last_event_id: &str) -> EventStream {
        EventStream { response, reader: Reader::resumed(MAX_EVENT, last_event_id), ready: VecDeque::new(), cost: 0 }
    }

    /// The next frame; `None` at the end of the stream. It loses nothing where it is not waited for to its end.
    pub async fn next(&mut self) -> Result<Option<Value>, Unanswered> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(frame(event)));
            }
            match self.response.chunk().await {
                Ok(Some(bytes)) => self.take(&bytes)?,
                Ok(None) => return Ok(None),
                Err(error) => return Err(Unanswered::broken(format!("the event stream broke off: {}", words(&error)))),
            }
        }
    }

    /// True if a frame is there already.
    pub fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Unanswered> {
        let EventStream { reader, ready, .. } = self;
        let read = reader.feed(bytes, |event| ready.push_back(event));
        self.cost += bytes.len() + self.ready.len() * EVENT_COST;
        read.map_err(|long| Unanswered::broken(format!("an event of the stream is larger than {} MiB", long.limit >> 20)))?;
        if self.cost > MAX_STREAM {
            let message = format!("the event stream is larger than {} MiB (or as much in short events)", MAX_STREAM >> 20);
            return Err(Unanswered::broken(message));
        }
        Ok(())
    }

    /// The id to go on from; empty if there is none.
    pub fn last_event_id(&self) -> &str {
        self.reader.last_event_id()
    }

    pub fn retry(&self) -> Option<Duration> {
        self.reader.retry()
    }

    /// True if the stream ended before the blank line of its last event.
    pub fn is_inside_event(&self) -> bool {
        self.reader.is_inside_event()
    }
}

/// `id` is left out where the stream has none; `data` is parsed when it is JSON.
fn frame(event: Event) -> Value {
    let mut frame = Map::with_capacity(3);
    if !event.last_event_id.is_empty() {
        frame.insert("id".to_owned(), event.last_event_id.into());
    }
    frame.insert("event".to_owned(), event.kind.into());
    let data = crate::wire::json::parse(&event.data).unwrap_or_else(|_| event.data.into());
    frame.insert("data".to_owned(), data);
    Value::Object(frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn framed(data: &str, id: &str) -> Value {
        frame(Event { kind: "message".into(), data: data.into(), last_event_id: id.into() })
    }

    #[test]
    fn data_that_is_json_is_its_value() {
        assert_eq!(framed("{\"a\":1}", "7"), json!({"id": "7", "event": "message", "data": {"a": 1}}));
        assert_eq!(framed("[DONE]", ""), json!({"event": "message", "data": "[DONE]"}));
        assert_eq!(framed("", ""), json!({"event": "message", "data": ""}));
    }
}
