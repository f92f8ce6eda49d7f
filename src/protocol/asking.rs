//! The request of a protocol's step `http` or `listen`, filled in.
//!
//! Owns: where a request goes to, with which headers; how it is shown.
//! Must not know: sending, answers.

use super::names::Names;
use super::shared::Shared;
use super::state::LinkId;
use super::stop::suite;
use crate::model::template::printed;
use crate::model::trace::StepError;
use crate::model::tree::Node;
use crate::transports::http::{HttpBody, HttpRequest};
use crate::transports::websocket::WebSocketOpen;
use base64::Engine as _;
use serde_json::{Map, Value, json};

/// A request that can be sent.
pub(super) struct Asked {
    pub(super) request: HttpRequest,
    /// For `sent`: as the protocol wrote it.
    pub(super) shown: Value,
    /// For messages: `` `POST /chat` ``.
    pub(super) what: String,
}

impl Shared {
    /// `{method, path | url, headers, query, body}` of a step `http`.
    pub(super) fn asked(&self, node: &Node, names: &Names, link: Option<LinkId>) -> Result<Asked, StepError> {
        let mut shown = match node.fill(names).map_err(|unfilled| suite(unfilled.reason))? {
            Some(Value::Object(shown)) => shown,
            _ => return Err(suite("`http` takes a mapping")),
        };
        let method = match shown.get("method") {
            Some(Value::String(method)) => method.to_ascii_uppercase(),
            None | Some(Value::Null) => "GET".to_owned(),
            Some(other) => return Err(suite(format!("`method` is {other}; it must be a text"))),
        };
        shown.insert("method".to_owned(), method.as_str().into());
        let mut request = self.below_agent(&shown, link)?;
        request.method = method;
        for (name, value) in pairs(shown.get("headers"), "headers")? {
            request.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
            request.headers.push((name, value));
        }
        request.query.extend(pairs(shown.get("query"), "query")?);
        request.body = shown.get("body").filter(|body| !body.is_null()).map(body);
        let target = ["path", "url"].iter().find_map(|key| shown.get(*key)?.as_str()).unwrap_or("/");
        let what = format!("`{} {target}`", request.method);
        Ok(Asked { request, shown: Value::Object(shown), what })
    }

    /// The request of a step `listen`, which goes on after `last_event_id`.
    pub(super) fn asked_stream(&self, path: &str, link: Option<LinkId>) -> Result<Asked, StepError> {
        let shown = json!({"method": "GET", "path": path});
        let mut request = self.below_agent(shown.as_object().unwrap_or(&Map::new()), link)?;
        request.method = "GET".to_owned();
        request.headers.push(("accept".to_owned(), "text/event-stream".to_owned()));
        Ok(Asked { request, shown, what: format!("`GET {path}`") })
    }

    /// An absolute `url` goes where it says, and nothing of `open` goes with it; a `path` goes below the agent's URL.
    fn below_agent(&self, shown: &Map<String, Value>, link: Option<LinkId>) -> Result<HttpRequest, StepError> {
        let text = |key: &str| match shown.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(other) => Err(suite(format!("`{key}` is {other}; it must be a text"))),
        };
        if let Some(url) = text("url")? {
            return Ok(HttpRequest { url: url.to_owned(), ..HttpRequest::default() });
        }
        let base = link.and_then(|link| self.state().links[link].base.clone());
        let base = match base {
            Some(base) => base,
            None => {
                let url = self.url.lock().expect("no panic happens under this lock").clone();
                let url = url.ok_or_else(|| suite("the agent has no `url`, and its `ready` line told none"))?;
                WebSocketOpen { url, ..WebSocketOpen::default() }
            }
        };
        let url = match text("path")? {
            None => base.url.clone(),
            Some(path) => format!("{}/{}", base.url.trim_end_matches('/'), path.trim_start_matches('/')),
        };
        Ok(HttpRequest { url: plain(url), headers: base.headers, query: base.query, ..HttpRequest::default() })
    }
}

/// A protocol over a WebSocket may ask the same server over HTTP.
fn plain(url: String) -> String {
    match url.split_once("://") {
        Some(("ws", rest)) => format!("http://{rest}"),
        Some(("wss", rest)) => format!("https://{rest}"),
        _ => url,
    }
}

/// Names with their values as texts; those without a value are left out.
fn pairs(value: Option<&Value>, what: &str) -> Result<Vec<(String, String)>, StepError> {
    match value {
        None | Some(Value::Null) => Ok(vec![]),
        Some(Value::Object(map)) => {
            let given = map.iter().filter(|(_, value)| !value.is_null());
            given.map(|(name, value)| Ok((name.clone(), printed(value, name).map_err(suite)?))).collect()
        }
        Some(other) => Err(suite(format!("`{what}` is {other}; it must be a mapping"))),
    }
}

/// A text goes as it is, `{bytes: base64}` as bytes, anything else as JSON.
fn body(value: &Value) -> HttpBody {
    let bytes = value.as_object().filter(|map| map.len() == 1).and_then(|map| map.get("bytes")?.as_str());
    match (value, bytes.and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok())) {
        (_, Some(bytes)) => HttpBody::Bytes(bytes),
        (Value::String(text), _) => HttpBody::Text(text.clone()),
        (value, _) => HttpBody::Json(value.clone()),
    }
}
