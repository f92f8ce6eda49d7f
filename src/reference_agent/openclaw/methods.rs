//! The requests that the gateway answers.
//!
//! Owns: their names, the scopes and parameters they need, the checks before they are carried out.
//! Must not know: what they do.

use super::client::Client;
use super::errors::{Reply, detailed, invalid};
use super::faults::GatewayFault;
use super::server::Gateway;
use super::voice::now;
use serde_json::{Value, json};
use std::sync::Arc;

const READ: &str = "operator.read";
const WRITE: &str = "operator.write";

struct Method {
    name: &'static str,
    scope: &'static str,
    /// All of them are texts.
    required: &'static [&'static str],
    optional: &'static [&'static str],
}

const METHODS: [Method; 12] = [
    Method { name: "health", scope: READ, required: &[], optional: &["probe"] },
    Method {
        name: "chat.send",
        scope: WRITE,
        required: &["sessionKey", "message", "idempotencyKey"],
        optional: &["deliver", "timeoutMs", "thinking", "attachments", "queueMode"],
    },
    Method { name: "chat.abort", scope: WRITE, required: &["sessionKey"], optional: &["runId"] },
    Method { name: "chat.history", scope: READ, required: &["sessionKey"], optional: &["limit"] },
    Method {
        name: "agent",
        scope: WRITE,
        required: &["message", "idempotencyKey"],
        optional: &["sessionKey", "agentId", "deliver", "timeout", "thinking"],
    },
    Method { name: "agent.wait", scope: WRITE, required: &["runId"], optional: &["timeoutMs"] },
    Method { name: "sessions.patch", scope: "operator.admin", required: &["key"], optional: &["verboseLevel", "label", "thinkingLevel"] },
    Method { name: "sessions.list", scope: READ, required: &[], optional: &["limit"] },
    Method { name: "sessions.reset", scope: "operator.admin", required: &["key"], optional: &[] },
    Method { name: "sessions.delete", scope: "operator.admin", required: &["key"], optional: &["deleteTranscript"] },
    Method { name: "exec.approval.resolve", scope: "operator.approvals", required: &["id", "decision"], optional: &[] },
    Method { name: "connect", scope: "", required: &[], optional: &[] },
];

pub fn names() -> Vec<&'static str> {
    METHODS.iter().map(|method| method.name).filter(|name| *name != "connect").collect()
}

impl Gateway {
    /// Answers a frame of a client that was let in.
    pub fn take(self: &Arc<Gateway>, client: &Arc<Client>, text: &str) {
        // What is not JSON is not answered.
        let Ok(frame) = serde_json::from_str::<Value>(text) else { return };
        let (id, params) = (&frame["id"], &frame["params"]);
        let known: &[&str] = &["type", "id", "method", "params", "traceparent", "expectedProfileId"];
        let extra = frame.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).find(|key| !known.contains(key));
        if frame["type"] != "req" || !id.is_string() || !frame["method"].is_string() || extra.is_some() {
            let id = if id.is_string() { id.clone() } else { "invalid".into() };
            return client.answer(&id, Err(invalid("invalid request frame")));
        }
        let name = frame["method"].as_str().unwrap_or_default();
        let any = GatewayFault::AnyRequest.is(self.fault);
        let method = match METHODS.iter().find(|method| method.name == name) {
            Some(Method { name: "connect", .. }) => return client.answer(id, Err(invalid("connect is only valid as the first request"))),
            Some(method) => method,
            None if any => return client.answer(id, Ok(json!({"ok": true}))),
            None => return client.answer(id, Err(invalid(format!("unknown method: {name}")))),
        };
        if !client.may(method.scope) && !GatewayFault::AnyScope.is(self.fault) {
            return client.answer(id, Err(self.missing_scope(method.scope)));
        }
        if let (Err(error), false) = (self.well_formed_call(method, params), any) {
            return client.answer(id, Err(error));
        }
        if let Some(reply) = self.carry_out(client, id, name, params) {
            client.answer(id, reply);
        }
    }

    /// `None` if it answers by itself, now or later.
    fn carry_out(self: &Arc<Gateway>, client: &Arc<Client>, id: &Value, name: &str, params: &Value) -> Option<Reply> {
        Some(match name {
            "health" => Ok(
                json!({"ok": !GatewayFault::Unwell.is(self.fault), "ts": now(), "durationMs": 0, "channels": {}, "agents": [{"agentId": super::sessions::AGENT, "isDefault": true}]}),
            ),
            "chat.send" => return self.chat_send(client, id, params),
            "chat.abort" => return self.chat_abort(client, id, params),
            "chat.history" => self.history(params),
            "agent" => return self.agent_run(client, id, params),
            "agent.wait" => return self.agent_wait(client, id, params),
            "sessions.patch" => self.patch_session(params),
            "sessions.list" => self.list_sessions(),
            "sessions.reset" => self.forget_session(params, false),
            "sessions.delete" => self.forget_session(params, true),
            "exec.approval.resolve" => self.resolve_approval(client, params),
            other => Err(invalid(format!("unknown method: {other}"))),
        })
    }

    fn missing_scope(&self, scope: &str) -> Value {
        let message = format!("missing scope: {scope}");
        match self.is_v4() {
            true => detailed("FORBIDDEN", message, json!({"code": "MISSING_SCOPE", "missingScope": scope})),
            false => invalid(message),
        }
    }

    fn well_formed_call(&self, method: &Method, params: &Value) -> Result<(), Value> {
        let wrong = |mistake: String| Err(invalid(format!("invalid {} params: {mistake}", method.name)));
        if method.name == "chat.send" && self.is_v4() && params["sessionKey"].is_null() {
            let details = json!({"code": "SESSION_MUTATION_TARGET_REQUIRED"});
            return Err(detailed("INVALID_REQUEST", "session mutation target is unavailable", details));
        }
        for key in method.required {
            match &params[key] {
                Value::Null => return wrong(format!("must have required property '{key}'")),
                Value::String(_) => {}
                _ => return wrong(format!("at /{key}: must be string")),
            }
        }
        let known = |key: &&String| !method.required.contains(&key.as_str()) && !method.optional.contains(&key.as_str());
        match params.as_object().into_iter().flatten().map(|(key, _)| key).find(known) {
            Some(key) => wrong(format!("at root: unexpected property '{key}'")),
            None => Ok(()),
        }
    }
}
