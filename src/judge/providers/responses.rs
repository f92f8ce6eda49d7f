//! OpenAI's Responses as a judge is asked over it.
//!
//! Owns: the body in both forms (structured output, forced tool), the reading of the answer.
//! Must not know: addresses, tries, what a reply means.

use super::call::{Again, Call, Raw, Trouble, returned_model, tokens};
use super::http::Form;
use crate::judge::lock::Usage;
use serde_json::{Value, json};

pub(super) fn body(model: &str, call: &Call<'_>, form: Form) -> Value {
    let part = |kind: &str, text: &str| json!({"type": kind, "text": text});
    let mut input = vec![
        json!({"role": "system", "content": call.prompt.system}),
        json!({"role": "user", "content": [part("input_text", &call.prompt.shared), part("input_text", &call.prompt.question)]}),
    ];
    for (reply, complaint) in &call.prompt.again {
        input.push(json!({"role": "assistant", "content": [part("output_text", reply)]}));
        input.push(json!({"role": "user", "content": [part("input_text", complaint)]}));
    }
    let mut body = json!({"model": model, "input": input, "max_output_tokens": call.max_output_tokens, "store": false});
    match form {
        Form::Structured => {
            body["text"] = json!({"format": {"type": "json_schema", "name": "verdict", "schema": call.schema, "strict": true}});
        }
        Form::Tool => {
            body["tools"] = json!([{"type": "function", "name": "verdict", "parameters": call.schema, "strict": true}]);
            body["tool_choice"] = json!({"type": "function", "name": "verdict"});
            body["parallel_tool_calls"] = json!(false);
        }
    }
    if let Some(temperature) = call.temperature {
        body["temperature"] = json!(temperature);
    }
    body
}

pub(super) fn read(body: &Value) -> Result<Raw, Trouble> {
    if body["status"] == "failed" || body["error"].is_object() {
        return Err(failed(&body["error"]));
    }
    let items = body["output"].as_array().map_or(&[][..], Vec::as_slice);
    let parts = || items.iter().filter(|item| item["type"] == "message").flat_map(|item| item["content"].as_array().into_iter().flatten());
    if let Some(refusal) = parts().find(|part| part["type"] == "refusal") {
        return Err(Trouble::refused(refusal["refusal"].as_str().unwrap_or_default()));
    }
    let reason = body["incomplete_details"]["reason"].as_str().unwrap_or_default();
    let truncated = match (body["status"].as_str(), reason) {
        (Some("incomplete"), "content_filter") => return Err(Trouble::refused("the provider's content filter ended the answer")),
        (Some("incomplete"), _) => true,
        _ => false,
    };
    let arguments = items.iter().find(|item| item["type"] == "function_call").and_then(|item| item["arguments"].as_str());
    let text = match arguments {
        Some(arguments) => arguments.to_owned(),
        None => parts().filter(|part| part["type"] == "output_text").filter_map(|part| part["text"].as_str()).collect(),
    };
    if text.is_empty() && !truncated {
        return Err(Trouble::odd("any text (no `output_text` and no `function_call` in `output`)"));
    }
    let usage = Usage {
        input: tokens(body, "/usage/input_tokens"),
        cached: tokens(body, "/usage/input_tokens_details/cached_tokens"),
        output: tokens(body, "/usage/output_tokens"),
        reasoning: tokens(body, "/usage/output_tokens_details/reasoning_tokens"),
        usd: None,
    };
    Ok(Raw { text, truncated, returned_model: returned_model(body), usage })
}

/// A failure upstream that came with the status 200.
fn failed(error: &Value) -> Trouble {
    let (code, message) = (error["code"].as_str().unwrap_or("unknown"), error["message"].as_str().unwrap_or("no message"));
    let again = if matches!(code, "server_error" | "rate_limit_exceeded") { Again::Later(None) } else { Again::No };
    Trouble { code: "judge-failed", message: format!("the judge's provider failed ({code}): {message}"), again }
}
