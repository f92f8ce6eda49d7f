//! The first request of a connection: who is let in, with which scopes.
//!
//! Owns: the challenge, the checks in the order in which the real gateways make them, their answers and close codes.
//! Must not know: sockets, what comes after.

use super::errors::{detailed, invalid};
use super::faults::GatewayFault;
use super::methods;
use super::server::Gateway;
use super::voice::{fresh_id, now};
use serde_json::{Value, json};

const MODES: [&str; 7] = ["webchat", "cli", "ui", "backend", "node", "probe", "test"];
const IDS: [&str; 7] = ["cli", "gateway-client", "test", "webchat", "webchat-ui", "node-host", "fingerprint"];

/// Why a connection is closed again. A first frame that is no request gets no answer.
pub struct Refusal {
    pub answer: Option<(Value, Value)>,
    pub code: u16,
    pub reason: String,
}

/// Who was let in, and the payload that says so.
pub struct Admission {
    pub id: Value,
    pub client_id: String,
    pub scopes: Vec<String>,
    pub hears_tools: bool,
    pub hello: Value,
}

impl Gateway {
    pub fn challenge(&self) -> Value {
        let mut payload = json!({"nonce": fresh_id(), "ts": now()});
        if self.is_v4() {
            payload["capabilities"] = json!(["model-catalog-snapshot"]);
        }
        json!({"type": "event", "event": "connect.challenge", "payload": payload})
    }

    /// Takes the first frame of a connection.
    pub fn admit(&self, text: &str) -> Result<Admission, Box<Refusal>> {
        let any = GatewayFault::AnyClient.is(self.fault);
        let Ok(frame) = serde_json::from_str::<Value>(text).or(if any { Ok(Value::Null) } else { Err(()) }) else {
            return Err(Box::new(Refusal { answer: None, code: 1000, reason: String::new() }));
        };
        let (id, params) = (&frame["id"], &frame["params"]);
        let is_request = frame["type"] == "req" && id.is_string() && frame["method"].is_string();
        if !is_request && !any {
            return Err(Box::new(Refusal { answer: None, code: 1008, reason: "invalid request frame".to_owned() }));
        }
        let refuse = |code: u16, reason: &str, error: Value| {
            Err(Box::new(Refusal { answer: Some((id.clone(), error)), code, reason: reason.chars().take(120).collect() }))
        };
        if !any {
            if frame["method"] != "connect" {
                let message = "invalid handshake: first request must be connect";
                return refuse(1008, message, invalid(message));
            }
            if let Err(mistake) = self.well_formed(params) {
                let message = format!("invalid connect params: {mistake}");
                return refuse(1008, &message, invalid(message.clone()));
            }
            if !self.speaks(params) {
                return refuse(1002, "protocol mismatch", self.mismatch(params));
            }
        }
        if let Some((message, error)) = self.wrong_token(params) {
            return refuse(1008, &message, error);
        }
        let scopes = self.granted(params);
        let client_id = params["client"]["id"].as_str().unwrap_or_default().to_owned();
        let hears_tools = params["caps"].as_array().is_some_and(|caps| caps.contains(&json!("tool-events")));
        let hello = self.hello(&scopes);
        Ok(Admission { id: id.clone(), client_id, scopes, hears_tools, hello })
    }

    fn well_formed(&self, params: &Value) -> Result<(), String> {
        let Some(given) = params.as_object() else { return Err("must be object".to_owned()) };
        for required in ["minProtocol", "maxProtocol", "client"] {
            if !given.contains_key(required) {
                return Err(format!("must have required property '{required}'"));
            }
        }
        let client = &params["client"];
        let id = client["id"].as_str().unwrap_or_default();
        let own = if self.is_v4() { "openclaw-" } else { "clawdbot-" };
        if !(IDS.contains(&id) || id.starts_with(own)) {
            return Err("at /client/id: must be equal to constant; at /client/id: must match a schema in anyOf".to_owned());
        }
        if !client["mode"].as_str().is_some_and(|mode| MODES.contains(&mode)) {
            return Err("at /client/mode: must be equal to constant; at /client/mode: must match a schema in anyOf".to_owned());
        }
        Ok(())
    }

    fn speaks(&self, params: &Value) -> bool {
        let bound = |key: &str| params[key].as_u64().unwrap_or_default();
        (bound("minProtocol")..=bound("maxProtocol")).contains(&self.version)
    }

    fn mismatch(&self, params: &Value) -> Value {
        let details = match self.is_v4() {
            false => json!({"expectedProtocol": self.version}),
            true => json!({"code": "PROTOCOL_MISMATCH", "clientMinProtocol": params["minProtocol"],
                "clientMaxProtocol": params["maxProtocol"], "expectedProtocol": self.version, "minimumProbeProtocol": 3}),
        };
        detailed("INVALID_REQUEST", "protocol mismatch", details)
    }

    fn wrong_token(&self, params: &Value) -> Option<(String, Value)> {
        let token = self.token.as_deref().filter(|_| !GatewayFault::AnyToken.is(self.fault))?;
        let given = params["auth"]["token"].as_str();
        if given == Some(token) {
            return None;
        }
        let what = if given.is_some() { "mismatch" } else { "missing" };
        let message = format!("unauthorized: gateway token {what} (provide gateway auth token)");
        let details = json!({"code": format!("AUTH_TOKEN_{}", what.to_uppercase()), "authReason": format!("token_{what}"),
            "canRetryWithDeviceToken": false, "recommendedNextStep": "update_auth_credentials"});
        let error = if self.is_v4() { detailed("INVALID_REQUEST", message.as_str(), details) } else { invalid(message.as_str()) };
        Some((message, error))
    }

    /// In version 4 a client of tests keeps no scopes without a device of its own; in version 3 one that asks for none gets them all.
    fn granted(&self, params: &Value) -> Vec<String> {
        let asked: Vec<String> =
            params["scopes"].as_array().into_iter().flatten().filter_map(|scope| scope.as_str().map(str::to_owned)).collect();
        let stripped = self.is_v4() && params["client"]["id"] == "test" && !GatewayFault::AnyScope.is(self.fault);
        match (stripped || GatewayFault::NoScope.is(self.fault), asked.is_empty() && !self.is_v4()) {
            (true, _) => vec![],
            (false, true) => vec!["operator.admin".to_owned()],
            (false, false) => asked,
        }
    }

    fn hello(&self, scopes: &[String]) -> Value {
        let connection = fresh_id();
        let features = json!({"methods": methods::names(), "events": ["connect.challenge", "agent", "chat", "tick", "shutdown",
            "exec.approval.requested", "exec.approval.resolved"]});
        let policy = json!({"maxPayload": self.max_payload, "maxBufferedBytes": self.max_payload * 2, "tickIntervalMs": self.tick.as_millis() as u64});
        match self.is_v4() {
            false => json!({"type": "hello-ok", "protocol": 3, "server": {"version": "dev", "host": "localhost", "connId": connection},
                "features": features, "snapshot": {}, "policy": policy}),
            true => json!({"type": "hello-ok", "protocol": 4,
                "server": {"version": env!("CARGO_PKG_VERSION"), "bootId": self.boot_id, "connId": connection},
                "features": features, "snapshot": {}, "auth": {"method": "token", "role": "operator", "scopes": scopes}, "policy": policy}),
        }
    }
}
