//! What each method of the protocol answers.
//!
//! Owns: versions, `initialize`, `ping`, `tools/list`, `tools/call`, and what is not there.
//! Must not know: transports, sockets.

use super::message::{INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND, Message, error, framed};
use super::result;
use super::running::{Refused, Server, Session};
use crate::fakes::server::case::Case;
use crate::fakes::tools::Tool;
use crate::wire::stream::Step;
use serde_json::{Value, json};

/// The versions of the protocol that begin with a handshake, latest first.
pub const VERSIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// The notification that the list of tools is another one now.
pub const LIST_CHANGED: &str = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;

/// An answer that may have to wait.
pub(super) struct Reply {
    pub(super) body: Value,
    pub(super) waits: Vec<Step>,
    /// What answered, for the trace.
    pub(super) rule: String,
}

impl Server {
    /// Begins a session with what `initialize` asks for; gives the version that was agreed on.
    pub(super) fn begin(&self, id: &str, params: &Value, case: &Case) -> &'static str {
        let asked = params.get("protocolVersion").and_then(Value::as_str);
        let version = VERSIONS.into_iter().find(|known| Some(*known) == asked).unwrap_or(VERSIONS[0]);
        let session = Session { version, initialized: false, told: names(&self.offered(case)), ended: false };
        self.state().sessions.insert(id.to_owned(), session);
        version
    }

    /// Ends a session, and the streams that it has open.
    pub(super) fn end(&self, id: &str) {
        if let Some(session) = self.state().sessions.get_mut(id) {
            session.ended = true;
        }
        self.news.notify_waiters();
    }

    /// The answer to a message; none for what is no request. Its record is the caller's.
    pub(super) fn handle(&self, session: &str, message: Message, case: &Case) -> Option<Reply> {
        match message {
            Message::Request { id, method, params } => {
                let (outcome, waits, rule) = self.request(session, &method, &params, case);
                Some(Reply { body: framed(id, outcome), waits, rule })
            }
            Message::Notification { method } => {
                if let ("notifications/initialized", Some(session)) = (method.as_str(), self.state().sessions.get_mut(session)) {
                    session.initialized = true;
                }
                None
            }
            Message::Response => None,
        }
    }

    fn request(&self, session: &str, method: &str, params: &Value, case: &Case) -> (Result<Value, Value>, Vec<Step>, String) {
        let plain = |outcome| (outcome, vec![], method.to_owned());
        match method {
            "initialize" => plain(self.initialize(session, params, case)),
            "ping" => plain(Ok(json!({}))),
            "tools/list" => {
                self.note_early(session, method, case);
                plain(Ok(self.list(session, case)))
            }
            "tools/call" => {
                self.note_early(session, method, case);
                self.tools_call(session, params, case)
            }
            _ => {
                case.recorder.note(format!("`{}` was asked for `{method}`, which it does not have: it serves tools only", self.name));
                plain(Err(error(METHOD_NOT_FOUND, "Method not found")))
            }
        }
    }

    fn initialize(&self, session: &str, params: &Value, case: &Case) -> Result<Value, Value> {
        if params.get("protocolVersion").and_then(Value::as_str).is_none() {
            return Err(error(INVALID_PARAMS, "`protocolVersion` is missing"));
        }
        let version = self.begin(session, params, case);
        Ok(json!({
            "protocolVersion": version,
            "capabilities": {"tools": {"listChanged": true}},
            "serverInfo": {"name": self.name, "version": env!("CARGO_PKG_VERSION")},
        }))
    }

    /// Real servers differ in whether they refuse this.
    fn note_early(&self, session: &str, method: &str, case: &Case) {
        if self.state().sessions.get(session).is_none_or(|session| !session.initialized) {
            case.recorder.note(format!("`{}` got `{method}` before `notifications/initialized`", self.name));
        }
    }

    fn list(&self, session: &str, case: &Case) -> Value {
        let tools = self.offered(case);
        if let Some(session) = self.state().sessions.get_mut(session) {
            session.told = names(&tools);
        }
        let shown = tools.into_iter().map(|tool| {
            let mut shown = json!({"name": tool.name, "inputSchema": tool.schema});
            if let Some(description) = tool.description {
                shown["description"] = description.into();
            }
            shown
        });
        json!({"tools": shown.collect::<Vec<_>>()})
    }

    fn tools_call(&self, session: &str, params: &Value, case: &Case) -> (Result<Value, Value>, Vec<Step>, String) {
        let args = params.get("arguments").filter(|args| !args.is_null()).cloned().unwrap_or_else(|| json!({}));
        let name = params.get("name").and_then(Value::as_str);
        let (Some(name), true) = (name, args.is_object()) else {
            let what = if name.is_none() { "without a `name`" } else { "whose `arguments` are no object" };
            self.problem("ill-formed-request", format!("`{}` got a `tools/call` {what}", self.name), case);
            return (Err(error(INVALID_PARAMS, "`name` must be a text and `arguments` an object")), vec![], "unmatched".to_owned());
        };
        let called = self.call(name, &args, case);
        let version = self.state().sessions.get(session).map_or(VERSIONS[0], |session| session.version);
        let outcome = match called.outcome {
            Ok(answer) => result::of_call(answer, version >= "2025-06-18"),
            Err(Refused::Params(message)) => Err(error(INVALID_PARAMS, &message)),
            Err(Refused::Script(message)) => Err(error(INTERNAL_ERROR, &message)),
        };
        (outcome, called.waits, called.rule)
    }

    /// True, once, when a client should ask for the tools again.
    pub(super) fn should_tell(&self, session: &str, case: &Case) -> bool {
        let now = names(&self.offered(case));
        let mut state = self.state();
        let Some(session) = state.sessions.get_mut(session).filter(|session| session.initialized) else { return false };
        let changed = session.told != now;
        if changed {
            session.told = now;
        }
        changed
    }
}

fn names(tools: &[Tool]) -> Vec<String> {
    tools.iter().map(|tool| tool.name.clone()).collect()
}
