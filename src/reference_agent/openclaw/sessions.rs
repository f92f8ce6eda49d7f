//! Sessions: canonical keys, what was said in each, and the requests about them.
//!
//! Owns: the table of sessions, `sessions.patch`, `sessions.list`, `sessions.reset`, `sessions.delete`, `chat.history`.
//! Must not know: runs, connections.

use super::errors::{Reply, invalid};
use super::faults::GatewayFault;
use super::server::Gateway;
use super::voice::{fresh_id, now};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// The only agent that there is.
pub const AGENT: &str = "main";

/// One conversation; created when its key is first used.
pub struct Session {
    pub id: String,
    pub verbose: Mutex<Option<String>>,
    /// What the model is shown; held while a turn goes on, so that turns come one after another.
    pub history: tokio::sync::Mutex<Vec<Value>>,
    /// What `chat.history` shows.
    pub transcript: Mutex<Vec<Value>>,
}

impl Session {
    fn new() -> Session {
        Session { id: fresh_id(), verbose: Mutex::default(), history: tokio::sync::Mutex::default(), transcript: Mutex::default() }
    }

    pub fn is_verbose(&self) -> bool {
        self.verbose.lock().expect("no panic happens under this lock").as_deref() == Some("on")
    }

    pub fn remember(&self, message: Value) {
        self.transcript.lock().expect("no panic happens under this lock").push(message);
    }
}

/// `agent:<agent>:<rest>`; a bare key is one of the agent's.
pub fn canonical(key: &str) -> Result<String, Value> {
    let Some(rest) = key.strip_prefix("agent:") else { return Ok(format!("agent:{AGENT}:{key}")) };
    match rest.split_once(':') {
        Some((AGENT, _)) => Ok(key.to_owned()),
        _ => {
            let agent = rest.split(':').next().unwrap_or_default();
            Err(invalid(format!("Agent \"{agent}\" no longer exists in configuration")))
        }
    }
}

impl Gateway {
    pub fn session(&self, canonical: &str) -> Arc<Session> {
        let key = if GatewayFault::MixSessions.is(self.fault) { "" } else { canonical };
        let mut sessions = self.sessions.lock().expect("no panic happens under this lock");
        sessions.entry(key.to_owned()).or_insert_with(|| Arc::new(Session::new())).clone()
    }

    pub fn patch_session(&self, params: &Value) -> Reply {
        let key = canonical(params["key"].as_str().unwrap_or_default())?;
        let session = self.session(&key);
        let mut entry = json!({"sessionId": session.id, "updatedAt": now()});
        let mut verbose = session.verbose.lock().expect("no panic happens under this lock");
        if let Some(level) = params.get("verboseLevel") {
            *verbose = level.as_str().map(str::to_owned);
        }
        entry["verboseLevel"] = json!(*verbose);
        Ok(json!({"ok": true, "key": key, "entry": entry}))
    }

    pub fn list_sessions(&self) -> Reply {
        let sessions = self.sessions.lock().expect("no panic happens under this lock");
        let list: Vec<_> = sessions.iter().map(|(key, session)| json!({"key": key, "sessionId": session.id})).collect();
        Ok(json!({"count": list.len(), "sessions": list}))
    }

    /// A new conversation under the same key, or none.
    pub fn forget_session(&self, params: &Value, delete: bool) -> Reply {
        let key = canonical(params["key"].as_str().unwrap_or_default())?;
        let known = self.sessions.lock().expect("no panic happens under this lock").remove(&key).is_some();
        match delete {
            true => Ok(json!({"ok": true, "key": key, "deleted": known})),
            false => Ok(json!({"ok": true, "key": key, "entry": {"sessionId": self.session(&key).id}})),
        }
    }

    pub fn history(&self, params: &Value) -> Reply {
        let given = params["sessionKey"].as_str().unwrap_or_default();
        let session = self.session(&canonical(given)?);
        let transcript = session.transcript.lock().expect("no panic happens under this lock");
        let limit = params["limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(200);
        let shown = if GatewayFault::NoHistory.is(self.fault) { 0 } else { limit.min(transcript.len()) };
        Ok(json!({"sessionKey": given, "sessionId": session.id, "messages": transcript[transcript.len() - shown..]}))
    }
}
