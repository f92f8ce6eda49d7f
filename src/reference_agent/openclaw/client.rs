//! One connection that was let in.
//!
//! Owns: what it may do and hear, the numbers of its events.
//! Must not know: sockets, what events mean.

use super::errors::Reply;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc::UnboundedSender;

/// What a connection is to do next.
pub enum Outgoing {
    Frame(Value),
    /// As it is.
    Text(String),
    Close(u16, String),
}

pub struct Client {
    pub id: String,
    pub scopes: Vec<String>,
    /// The cap `tool-events`.
    pub hears_tools: bool,
    pub outbox: UnboundedSender<Outgoing>,
    /// Of version 4, which counts for each connection.
    pub seq: AtomicU64,
}

impl Client {
    /// An administrator may do everything; what needs no scope, everybody.
    pub fn may(&self, scope: &str) -> bool {
        scope.is_empty() || self.scopes.iter().any(|own| own == scope || own == "operator.admin")
    }

    pub fn answer(&self, id: &Value, reply: Reply) {
        let frame = match reply {
            Ok(payload) => json!({"type": "res", "id": id, "ok": true, "payload": payload}),
            Err(error) => json!({"type": "res", "id": id, "ok": false, "error": error}),
        };
        self.send(Outgoing::Frame(frame));
    }

    /// `seq` is that of version 3, which counts for all.
    pub fn event(&self, event: &str, payload: &Value, seq: Option<u64>) {
        let seq = seq.unwrap_or_else(|| self.seq.fetch_add(1, Ordering::Relaxed) + 1);
        self.send(Outgoing::Frame(json!({"type": "event", "event": event, "payload": payload, "seq": seq})));
    }

    /// Frames for a client that is gone are dropped.
    pub fn send(&self, outgoing: Outgoing) {
        let _ = self.outbox.send(outgoing);
    }
}
