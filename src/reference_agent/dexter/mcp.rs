//! The MCP server that the tools come from.
//!
//! Owns: its health, the list of its tools over streamable HTTP.
//! Must not know: what a tool does; the provider calls them.

use crate::wire::sse_read::Reader;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

const VERSION: &str = "2025-06-18";
/// No answer of it is longer.
const LONGEST: usize = 16 << 20;

pub struct Mcp {
    pub client: Client,
    pub url: String,
    pub token: Option<String>,
    /// Those that a voice session may use; all if there are none.
    pub voice_tools: Vec<String>,
}

impl Mcp {
    /// What the server says of itself at `/health` below its address: status, content type, body.
    pub async fn health(&self) -> Result<(u16, String, Vec<u8>), String> {
        let answer = self.client.get(format!("{}/health", self.url)).send().await.map_err(|_| unreachable())?;
        let status = answer.status().as_u16();
        let content_type = answer.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or("text/plain").to_owned();
        let body = answer.bytes().await.map_err(|_| unreachable())?;
        Ok((status, content_type, body.to_vec()))
    }

    /// Greets the server and asks for its tools.
    pub async fn tools(&self) -> Result<Value, String> {
        let hello = json!({
            "jsonrpc": "2.0", "id": 0, "method": "initialize",
            "params": {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": {"name": "dexter-api-reference", "version": "1"}},
        });
        let greeted = sent(self.request(&hello)).await?;
        let session = greeted.headers().get("mcp-session-id").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let version = result(greeted, 0).await?["protocolVersion"].as_str().unwrap_or(VERSION).to_owned();
        let within = |request: RequestBuilder| {
            let request = request.header("mcp-protocol-version", &version);
            session.iter().fold(request, |request, session| request.header("mcp-session-id", session))
        };
        sent(within(self.request(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})))).await?;
        let asked = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}});
        let listed = result(sent(within(self.request(&asked))).await?, 1).await?;
        Ok(listed["tools"].clone())
    }

    fn request(&self, message: &Value) -> RequestBuilder {
        let request = self.client.post(&self.url).header("accept", "application/json, text/event-stream").json(message);
        self.token.iter().fold(request, |request, token| request.bearer_auth(token))
    }
}

fn unreachable() -> String {
    "the MCP server cannot be reached".to_owned()
}

async fn sent(request: RequestBuilder) -> Result<Response, String> {
    let answer = request.send().await.map_err(|_| unreachable())?;
    let status = answer.status();
    if status.is_success() { Ok(answer) } else { Err(format!("the MCP server answered with status {}", status.as_u16())) }
}

/// The result of a request: in the body, or in an event of it.
async fn result(mut answer: Response, id: u64) -> Result<Value, String> {
    let events = answer.headers().get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    let reply = if events { in_stream(&mut answer, id).await? } else { answer.json().await.map_err(|_| "it is no JSON".to_owned())? };
    match &reply["error"] {
        Value::Null => Ok(reply["result"].clone()),
        error => Err(format!("the MCP server refused: {}", error["message"].as_str().unwrap_or_default())),
    }
}

async fn in_stream(answer: &mut Response, id: u64) -> Result<Value, String> {
    let mut reader = Reader::new(LONGEST);
    while let Some(bytes) = answer.chunk().await.map_err(|_| unreachable())? {
        let mut found = None;
        let read = reader.feed(&bytes, |event| {
            let message: Value = serde_json::from_str(&event.data).unwrap_or_default();
            if message["id"] == id {
                found = Some(message);
            }
        });
        read.map_err(|_| "an answer of the MCP server is too long".to_owned())?;
        if let Some(message) = found {
            return Ok(message);
        }
    }
    Err("the MCP server ended its stream without an answer".to_owned())
}
