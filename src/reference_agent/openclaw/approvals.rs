//! Commands that wait for a decision (`--exec ask`).
//!
//! Owns: the requests, their decisions, the events about them.
//! Must not know: what the command does, runs.

use super::client::Client;
use super::errors::{Reply, invalid};
use super::server::Gateway;
use super::voice::{fresh_id, now};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::oneshot;

const SCOPE: &str = "operator.approvals";
/// Nobody decided: denied.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

impl Gateway {
    /// Asks, and waits for the decision. True if the command may run.
    pub async fn approved(&self, command: &str, run: &str, key: &str, call: &str) -> bool {
        let (decide, decided) = oneshot::channel();
        let (id, created) = (fresh_id(), now());
        let mut request = json!({"command": command, "cwd": std::env::current_dir().unwrap_or_default(), "host": "gateway",
            "security": "allowlist", "ask": "on-miss", "sessionKey": key});
        if self.is_v4() {
            request["runId"] = run.into();
            request["toolCallId"] = call.into();
            request["allowedDecisions"] = json!(["allow-once", "deny"]);
        }
        let patience = u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX);
        let event = json!({"id": id, "request": request, "createdAtMs": created, "expiresAtMs": created + patience});
        self.waiting.lock().expect("no panic happens under this lock").insert(id.clone(), decide);
        self.broadcast("exec.approval.requested", &event, SCOPE, false);
        let decided = tokio::time::timeout(PATIENCE, decided).await;
        self.waiting.lock().expect("no panic happens under this lock").remove(&id);
        matches!(decided, Ok(Ok(true)))
    }

    pub fn resolve_approval(&self, client: &Client, params: &Value) -> Reply {
        let (id, decision) = (params["id"].as_str().unwrap_or_default(), params["decision"].as_str().unwrap_or_default());
        if !["allow-once", "allow-always", "deny"].contains(&decision) {
            return Err(invalid("invalid decision"));
        }
        let waiting = self.waiting.lock().expect("no panic happens under this lock").remove(id);
        let Some(waiting) = waiting else { return Err(invalid("unknown or expired approval id")) };
        let event = json!({"id": id, "decision": decision, "resolvedBy": client.id, "ts": now()});
        self.broadcast("exec.approval.resolved", &event, SCOPE, false);
        // A run that was aborted meanwhile does not listen any more.
        let _ = waiting.send(decision != "deny");
        Ok(json!({"ok": true}))
    }
}
