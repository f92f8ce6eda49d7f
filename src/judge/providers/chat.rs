//! Chat completions as a judge is asked over them, at OpenAI's address or another one.
//!
//! Owns: the body in both forms (structured output, forced tool), the reading of the answer.
//! Must not know: addresses, tries, what a reply means.

use super::call::{Again, Call, Raw, Trouble, dollars, returned_model, tokens};
use super::http::Form;
use crate::judge::lock::Usage;
use serde_json::{Value, json};

pub(super) fn body(model: &str, call: &Call<'_>, form: Form) -> Value {
    let mut messages = vec![
        json!({"role": "system", "content": call.prompt.system}),
        json!({"role": "user", "content": [
            {"type": "text", "text": call.prompt.shared},
            {"type": "text", "text": call.prompt.question},
        ]}),
    ];
    for (reply, complaint) in &call.prompt.again {
        messages.push(json!({"role": "assistant", "content": reply}));
        messages.push(json!({"role": "user", "content": complaint}));
    }
    let mut body = json!({"model": model, "messages": messages, "max_completion_tokens": call.max_output_tokens});
    match form {
        Form::Structured => {
            let schema = json!({"name": "verdict", "schema": call.schema, "strict": true});
            body["response_format"] = json!({"type": "json_schema", "json_schema": schema});
        }
        Form::Tool => {
            let function = json!({"name": "verdict", "parameters": call.schema, "strict": true});
            body["tools"] = json!([{"type": "function", "function": function}]);
            body["tool_choice"] = json!({"type": "function", "function": {"name": "verdict"}});
        }
    }
    if let Some(temperature) = call.temperature {
        body["temperature"] = json!(temperature);
    }
    body
}

pub(super) fn read(body: &Value) -> Result<Raw, Trouble> {
    if body["error"].is_object() {
        return Err(failed(&body["error"]));
    }
    let choice = &body["choices"][0];
    let message = &choice["message"];
    if let Some(refusal) = message["refusal"].as_str().filter(|text| !text.is_empty()) {
        return Err(Trouble::refused(refusal));
    }
    let truncated = match choice["finish_reason"].as_str() {
        Some("content_filter") => return Err(Trouble::refused("the provider's content filter ended the answer")),
        Some("error") => return Err(failed(&choice["error"])),
        reason => reason == Some("length"),
    };
    let arguments = message["tool_calls"][0]["function"]["arguments"].as_str();
    let text = arguments.or_else(|| message["content"].as_str()).unwrap_or_default().to_owned();
    if text.is_empty() && !truncated {
        return Err(Trouble::odd("any text (no `content` and no `tool_calls` in the message)"));
    }
    let usage = Usage {
        input: tokens(body, "/usage/prompt_tokens"),
        cached: tokens(body, "/usage/prompt_tokens_details/cached_tokens"),
        output: tokens(body, "/usage/completion_tokens"),
        reasoning: tokens(body, "/usage/completion_tokens_details/reasoning_tokens"),
        // A router tells what it took.
        usd: dollars(body, "/usage/cost"),
    };
    Ok(Raw { text, truncated, returned_model: returned_model(body), usage })
}

/// A router answers 200 and tells the upstream's status in the body.
fn failed(error: &Value) -> Trouble {
    let message = error["message"].as_str().unwrap_or("no message");
    let again = match error["code"].as_u64() {
        Some(408 | 409 | 429 | 500..=599) => Again::Later(None),
        _ => Again::No,
    };
    Trouble { code: "judge-failed", message: format!("the judge's provider failed ({}): {message}", error["code"]), again }
}
