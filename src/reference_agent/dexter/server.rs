//! The HTTP surface: which path is answered by what.
//!
//! Owns: routes, queries and bodies as they are asked, the form of an error.
//! Must not know: what a provider, an MCP server or a project of users says.

use super::faults::DexterFault;
use super::mcp::Mcp;
use super::openai::OpenAi;
use super::sessions::Identity;
use super::{chat, sessions, stream};
use crate::fakes::http::{Connection, HttpRequest};
use crate::reference_agent::http::{Reply, Routes};
use serde_json::{Value, json};
use std::sync::Arc;

pub struct Api {
    pub openai: OpenAi,
    pub mcp: Mcp,
    pub identity: Identity,
    pub text_model: String,
    pub realtime_model: String,
    pub fault: Option<DexterFault>,
}

/// `{ok: false, error}`, the body of every error.
pub fn error(message: impl Into<String>) -> Value {
    json!({"ok": false, "error": message.into()})
}

impl Routes for Api {
    async fn reply(self: &Arc<Self>, request: HttpRequest, connection: &mut Option<Connection>) -> Reply {
        let (path, query) = request.head.target.split_once('?').unwrap_or((&request.head.target, ""));
        let (status, body) = match (request.head.method.as_str(), path) {
            ("GET", "/health") => {
                let service = if DexterFault::OtherName.is(self.fault) { "other-api" } else { "dexter-api" };
                (200, json!({"ok": true, "service": service, "mcp": self.mcp.url}))
            }
            ("GET", "/auth/config") => {
                let key = self.identity.anon_key.as_ref().filter(|_| !DexterFault::NoConfig.is(self.fault));
                (200, json!({"ok": true, "supabaseUrl": self.identity.url, "supabaseAnonKey": key}))
            }
            ("GET", "/mcp/health") => return self.health().await,
            ("GET", "/tools" | "/api/tools") => match self.mcp.tools().await {
                Ok(_) if DexterFault::NoTools.is(self.fault) => (200, json!({"tools": []})),
                Ok(tools) => (200, json!({"tools": tools})),
                Err(why) => (502, error(why)),
            },
            ("POST", "/realtime/sessions") => sessions::create(self, &body(&request)).await,
            ("POST", "/chat") => match Question::of(self, body(&request)["input"].as_str(), body(&request)["model"].as_str()) {
                Ok(question) => chat::answer(self, &question).await,
                Err(refused) => refused,
            },
            ("GET", "/chat/stream") => match Question::of(self, parameter(query, "q").as_deref(), parameter(query, "model").as_deref()) {
                Ok(question) => {
                    if let Some(connection) = connection.take() {
                        stream::events(self, &question, connection).await;
                    }
                    return Reply::Taken;
                }
                Err(refused) => refused,
            },
            (method, path) => (404, error(format!("there is no {method} {path}"))),
        };
        Reply::Json(status, body)
    }

    fn refusal(&self, message: &str) -> Value {
        error(message)
    }
}

impl Api {
    async fn health(&self) -> Reply {
        if DexterFault::AlwaysHealthy.is(self.fault) {
            return Reply::Json(200, json!({"ok": true}));
        }
        match self.mcp.health().await {
            Ok((status, content_type, body)) => Reply::Passed(status, content_type, body),
            Err(why) => Reply::Json(502, error(why)),
        }
    }
}

/// What is asked of the chat.
pub struct Question {
    pub input: String,
    pub model: String,
}

impl Question {
    /// An empty input, and a server that has no key, are refused before anybody is asked.
    fn of(api: &Api, input: Option<&str>, model: Option<&str>) -> Result<Question, (u16, Value)> {
        let input = input.unwrap_or_default().trim();
        if input.is_empty() && !DexterFault::TakeEmpty.is(api.fault) {
            return Err((400, error("input_required")));
        }
        if api.openai.key.is_none() {
            return Err((501, error("OPENAI_API_KEY not set")));
        }
        let model = model.map(str::trim).filter(|model| !model.is_empty()).unwrap_or(&api.text_model);
        Ok(Question { input: input.to_owned(), model: model.to_owned() })
    }
}

/// The body as JSON; what is none is as nothing.
fn body(request: &HttpRequest) -> Value {
    serde_json::from_slice(&request.body).unwrap_or(Value::Null)
}

fn parameter(query: &str, name: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    let spaced = value.replace('+', " ");
    Some(percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_decoded() {
        assert_eq!(parameter("q=a+b%2Bc%20%C3%A4&model=m", "q").as_deref(), Some("a b+c ä"));
        assert_eq!(parameter("qq=1&model=m", "q"), None);
    }
}
