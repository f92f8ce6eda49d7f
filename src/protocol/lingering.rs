//! Streams whose turn has ended: read on, so that what comes after the end is seen.
//!
//! Owns: for how long they are read, and what becomes of what comes.
//! Must not know: how a stream is opened, what an event means.

use super::shared::Shared;
use super::state::{LinkId, Place};
use crate::transports::sse::EventStream;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// The end of the case waits so long, from the end of the last turn, for a stream that its server keeps open.
const AFTER_END: Duration = Duration::from_millis(100);

#[derive(Default)]
pub(super) struct Lingering {
    streams: JoinSet<()>,
    until: Option<Instant>,
}

impl Lingering {
    pub(super) fn abort(&mut self) {
        self.streams.abort_all();
    }
}

impl Shared {
    /// Reads a stream on while the case goes on. What comes belongs to its turn: a second end of it, for example.
    pub(super) fn read_on(self: &Arc<Shared>, mut stream: EventStream, link: Option<LinkId>, place: Place, what: String) {
        let shared = self.clone();
        let mut lingering = self.lingering.lock().expect("no panic happens under this lock");
        while lingering.streams.try_join_next().is_some() {}
        lingering.until = Some(Instant::now() + AFTER_END);
        lingering.streams.spawn(async move {
            loop {
                match stream.next().await {
                    Ok(Some(frame)) => drop(shared.receive_answer(link, &place, frame, None)),
                    Ok(None) => return,
                    Err(broken) => return shared.setup.recorder.note(format!("{what}, after the end of the turn: {}", broken.message)),
                }
            }
        });
    }

    /// Leaves all streams. One that its server has closed costs no time.
    pub(super) async fn hear_out(&self) {
        let Lingering { mut streams, until } = std::mem::take(&mut *self.lingering.lock().expect("no panic happens under this lock"));
        if let Some(until) = until {
            let _ = tokio::time::timeout_at(until, async { while streams.join_next().await.is_some() {} }).await;
        }
        streams.shutdown().await;
    }
}
