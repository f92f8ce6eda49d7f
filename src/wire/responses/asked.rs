//! What a Responses request decides about its reply.
//!
//! Owns: reading those fields of a request, and the fields that a response repeats from it.
//! Must not know: what is replied.

use serde::Serialize;
use serde_json::{Value, json};

/// What was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The place of this request among those that are counted; ids are made of it.
    pub nth: usize,
    pub stream: bool,
    /// `include: [reasoning.encrypted_content]`.
    pub encrypted_reasoning: bool,
    /// The members that every response object repeats from its request, as JSON text without the braces.
    pub(super) echo: Vec<u8>,
}

impl Asked {
    pub fn read(body: &Value, nth: usize) -> Asked {
        let includes = |name: &str| body["include"].as_array().is_some_and(|list| list.iter().any(|item| item == name));
        Asked { nth, stream: body["stream"] == true, encrypted_reasoning: includes("reasoning.encrypted_content"), echo: echo(body) }
    }
}

/// Every member of the response object that a request may set. Absent ones have the value a real server shows.
#[derive(Serialize)]
struct Echo<'a> {
    model: &'a str,
    instructions: &'a Value,
    metadata: &'a Value,
    temperature: &'a Value,
    top_p: &'a Value,
    top_logprobs: &'a Value,
    max_output_tokens: &'a Value,
    max_tool_calls: &'a Value,
    previous_response_id: &'a Value,
    conversation: &'a Value,
    prompt: &'a Value,
    prompt_cache_key: &'a Value,
    safety_identifier: &'a Value,
    reasoning: &'a Value,
    text: &'a Value,
    tool_choice: &'a Value,
    tools: &'a Value,
    parallel_tool_calls: &'a Value,
    truncation: &'a Value,
    store: &'a Value,
    background: bool,
    service_tier: &'static str,
    user: &'a Value,
}

fn echo(body: &Value) -> Vec<u8> {
    let given = |key: &str| body.get(key).unwrap_or(&Value::Null);
    let or = |key: &str, default: &'static Value| body.get(key).filter(|value| !value.is_null()).unwrap_or(default);
    let echo = Echo {
        model: body["model"].as_str().unwrap_or("scripted"),
        instructions: given("instructions"),
        metadata: or("metadata", &DEFAULTS.metadata),
        temperature: given("temperature"),
        top_p: given("top_p"),
        top_logprobs: given("top_logprobs"),
        max_output_tokens: given("max_output_tokens"),
        max_tool_calls: given("max_tool_calls"),
        previous_response_id: given("previous_response_id"),
        conversation: &Value::Null,
        prompt: &Value::Null,
        prompt_cache_key: given("prompt_cache_key"),
        safety_identifier: given("safety_identifier"),
        reasoning: or("reasoning", &DEFAULTS.reasoning),
        text: or("text", &DEFAULTS.text),
        tool_choice: or("tool_choice", &DEFAULTS.tool_choice),
        tools: or("tools", &DEFAULTS.tools),
        parallel_tool_calls: or("parallel_tool_calls", &DEFAULTS.yes),
        truncation: or("truncation", &DEFAULTS.truncation),
        store: or("store", &DEFAULTS.yes),
        background: false,
        service_tier: "default",
        user: given("user"),
    };
    let mut text = serde_json::to_vec(&echo).expect("an echo holds only JSON");
    text.pop();
    text.remove(0);
    text
}

struct Defaults {
    metadata: Value,
    reasoning: Value,
    text: Value,
    tool_choice: Value,
    tools: Value,
    truncation: Value,
    yes: Value,
}

static DEFAULTS: std::sync::LazyLock<Defaults> = std::sync::LazyLock::new(|| Defaults {
    metadata: json!({}),
    reasoning: json!({"effort": null, "summary": null}),
    text: json!({"format": {"type": "text"}}),
    tool_choice: json!("auto"),
    tools: json!([]),
    truncation: json!("disabled"),
    yes: json!(true),
});
