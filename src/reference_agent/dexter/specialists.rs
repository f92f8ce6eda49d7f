//! The tools of the chat: three specialists, which are models of their own, and the hosted MCP server.
//!
//! Owns: how they are offered, what a specialist is told, what becomes of a call.
//! Must not know: HTTP, what is shown of a run.

use super::faults::DexterFault;
use super::server::Api;
use serde_json::{Value, json};

/// Name, description, instructions.
const SPECIALISTS: [(&str, &str, &str); 3] = [
    ("trader", "Trades tokens.", "You trade tokens with the MCP tools. Say what was done."),
    ("wallet_manager", "Manages wallets.", "You look after wallets with the MCP tools. Say what was found."),
    ("market_data", "Knows prices.", "You look up prices with the MCP tools. Say what was found."),
];

/// The hosted MCP server, as the provider is told of it; `None` where there is no token for it.
pub fn hosted(api: &Api) -> Option<Value> {
    let token = api.mcp.token.as_ref()?;
    let mut tool = json!({"type": "mcp", "server_label": "dexter", "server_url": api.mcp.url, "require_approval": "never"});
    if !DexterFault::NoToken.is(api.fault) {
        tool["headers"] = json!({"Authorization": format!("Bearer {token}")});
    }
    Some(tool)
}

/// All tools of the chat.
pub fn offered(api: &Api) -> Value {
    let parameters =
        json!({"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"], "additionalProperties": false});
    let function = |(name, description, _): &(&str, &str, &str)| json!({"type": "function", "name": name, "description": description, "parameters": parameters, "strict": true});
    SPECIALISTS.iter().map(function).chain(hosted(api)).collect()
}

/// Runs the specialist that a call names: what it said, and what it used. Whatever goes wrong is told in the text, for the model to
/// deal with.
pub async fn run(api: &Api, model: &str, call: &Value) -> (String, Value) {
    let name = call["name"].as_str().unwrap_or_default();
    let Some((_, _, instructions)) = SPECIALISTS.iter().find(|(known, ..)| *known == name) else {
        return (format!("Tool {name} not found in agent Dexter Agent."), Value::Null);
    };
    let arguments: Value = call["arguments"].as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let Some(input) = arguments["input"].as_str() else {
        return ("An error occurred: the argument `input` is missing or not a text".to_owned(), Value::Null);
    };
    let body = json!({
        "model": model, "instructions": instructions, "input": [{"role": "user", "content": input}], "include": [],
        "tools": hosted(api).into_iter().collect::<Value>(), "stream": false,
    });
    let answer = match api.openai.response(&body).await {
        Ok(answer) => answer.json::<Value>().await.map_err(|_| "the answer is no JSON".to_owned()),
        Err(why) => Err(why),
    };
    match answer {
        Ok(answer) => (super::items::text(&answer["output"]), answer["usage"].clone()),
        Err(why) => (format!("An error occurred: {why}"), Value::Null),
    }
}
