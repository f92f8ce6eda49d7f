//! The three providers: how each is asked, and how an answer goes into the history.
//!
//! Owns: URLs, headers, bodies, the forms of calls and results.
//! Must not know: items, the log.

use super::tools::{self, Call, Output};
use crate::reference_agent::model::{http_client, refusal};
use reqwest::{Client, Response};
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Provider {
    /// The Responses wire.
    Openai,
    /// The Messages wire.
    Anthropic,
    /// Chat completions.
    Openrouter,
}

/// Where a provider is.
pub struct Endpoint {
    client: Client,
    base_url: String,
    key: Option<String>,
}

pub struct Endpoints {
    pub openai: Endpoint,
    pub anthropic: Endpoint,
    pub openrouter: Endpoint,
}

impl Provider {
    pub fn by_name(name: &str) -> Option<Provider> {
        Some(match name {
            "openai" => Provider::Openai,
            "anthropic" => Provider::Anthropic,
            "openrouter" => Provider::Openrouter,
            _ => return None,
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Provider::Openai => "openai",
            Provider::Anthropic => "anthropic",
            Provider::Openrouter => "openrouter",
        }
    }

    /// The name of its wire's reader.
    pub fn wire(self) -> &'static str {
        match self {
            Provider::Openai => "responses",
            Provider::Anthropic => "messages",
            Provider::Openrouter => "chat",
        }
    }

    pub fn default_model(self) -> &'static str {
        match self {
            Provider::Openai => "gpt-5",
            Provider::Anthropic => "claude-sonnet-4-5",
            Provider::Openrouter => "google/gemini-2.5-flash",
        }
    }

    fn body(self, model: &str, history: &[Value]) -> Value {
        let tools = tools::offered().into_iter();
        let flat = |(name, description, parameters)| json!({"type": "function", "name": name, "description": description, "parameters": parameters});
        match self {
            Provider::Openai => {
                json!({"model": model, "input": history, "tools": tools.map(flat).collect::<Value>(), "tool_choice": "auto", "stream": true})
            }
            Provider::Anthropic => {
                let tool = |(name, description, parameters)| json!({"name": name, "description": description, "input_schema": parameters});
                json!({"model": model, "max_tokens": 4096, "messages": history, "tools": tools.map(tool).collect::<Value>(), "stream": true})
            }
            Provider::Openrouter => {
                let tool = |(name, description, parameters)| json!({"type": "function", "function": {"name": name, "description": description, "parameters": parameters}});
                let options = json!({"include_usage": true});
                json!({"model": model, "messages": history, "tools": tools.map(tool).collect::<Value>(), "stream": true, "stream_options": options})
            }
        }
    }

    /// What the user said.
    pub fn user(self, text: &str) -> Value {
        json!({"role": "user", "content": text})
    }

    /// What the model answered, as its reader knows it. Nothing for an answer that is empty.
    pub fn answer(self, answer: &Value) -> Vec<Value> {
        match self {
            Provider::Openai => answer["output"].as_array().cloned().unwrap_or_default(),
            Provider::Anthropic if answer["content"].as_array().is_none_or(Vec::is_empty) => vec![],
            Provider::Openrouter if answer["content"].is_null() && answer["tool_calls"].is_null() => vec![],
            _ => vec![answer.clone()],
        }
    }

    /// What the calls of an answer returned, in their order.
    pub fn results(self, results: &[(Call, Output)]) -> Vec<Value> {
        let each = results.iter();
        match self {
            Provider::Openai => {
                each.map(|(call, output)| json!({"type": "function_call_output", "call_id": call.id, "output": output.text})).collect()
            }
            Provider::Anthropic => {
                let block = |(call, output): &(Call, Output)| json!({"type": "tool_result", "tool_use_id": call.id, "content": output.text, "is_error": !output.success});
                vec![json!({"role": "user", "content": each.map(block).collect::<Value>()})]
            }
            Provider::Openrouter => {
                each.map(|(call, output)| json!({"role": "tool", "tool_call_id": call.id, "content": output.text})).collect()
            }
        }
    }
}

impl Endpoint {
    pub fn new(name: &str, base_url: &str, key: Option<String>) -> Result<Endpoint, String> {
        let client = http_client(name, base_url)?;
        Ok(Endpoint { client, base_url: base_url.trim_end_matches('/').to_owned(), key: key.filter(|key| !key.is_empty()) })
    }
}

impl Endpoints {
    /// Asks once; no retries. The error is `{code, message}`.
    pub async fn ask(&self, provider: Provider, model: &str, history: &[Value]) -> Result<Response, Value> {
        let (endpoint, path) = match provider {
            Provider::Openai => (&self.openai, "responses"),
            Provider::Anthropic => (&self.anthropic, "v1/messages"),
            Provider::Openrouter => (&self.openrouter, "chat/completions"),
        };
        let mut request = endpoint.client.post(format!("{}/{path}", endpoint.base_url)).json(&provider.body(model, history));
        request = match (&endpoint.key, provider) {
            (Some(key), Provider::Anthropic) => request.header("x-api-key", key).header("anthropic-version", "2023-06-01"),
            (Some(key), _) => request.bearer_auth(key),
            (None, _) => request,
        };
        let sent = request.send().await;
        let response =
            sent.map_err(|_| json!({"code": "PROVIDER_UNREACHABLE", "message": format!("{} cannot be reached", provider.name())}))?;
        let status = response.status().as_u16();
        if response.status().is_success() {
            return Ok(response);
        }
        let body = response.text().await.unwrap_or_default();
        Err(json!({"code": format!("HTTP_{status}"), "message": format!("{status} {}", refusal(&body)).trim_end()}))
    }
}
