//! Anthropic's Messages as a judge is asked over it.
//!
//! Owns: the body in both forms (structured output, forced tool), the reading of the answer.
//! Must not know: addresses, tries, what a reply means.

use super::call::{Call, Raw, Trouble, returned_model, tokens};
use super::http::Form;
use crate::judge::lock::Usage;
use serde_json::{Value, json};

pub(super) fn body(model: &str, call: &Call<'_>, form: Form) -> Value {
    let text = |text: &str| json!({"type": "text", "text": text});
    // All statements about one recording begin alike up to this mark.
    let mut shared = text(&call.prompt.shared);
    shared["cache_control"] = json!({"type": "ephemeral"});
    let mut messages = vec![json!({"role": "user", "content": [shared, text(&call.prompt.question)]})];
    for (reply, complaint) in &call.prompt.again {
        // An empty assistant message is refused by the API.
        let reply = if reply.trim().is_empty() { "(nothing)" } else { reply };
        messages.push(json!({"role": "assistant", "content": [text(reply)]}));
        messages.push(json!({"role": "user", "content": [text(complaint)]}));
    }
    let mut body = json!({
        "model": model,
        "max_tokens": call.max_output_tokens,
        "system": [text(call.prompt.system)],
        "messages": messages,
    });
    match form {
        Form::Structured => body["output_config"] = json!({"format": {"type": "json_schema", "schema": call.schema}}),
        Form::Tool => {
            let tool = json!({"name": "verdict", "description": "Gives the verdict.", "input_schema": call.schema, "strict": true});
            body["tools"] = json!([tool]);
            body["tool_choice"] = json!({"type": "tool", "name": "verdict", "disable_parallel_tool_use": true});
        }
    }
    if let Some(temperature) = call.temperature {
        body["temperature"] = json!(temperature);
    }
    body
}

pub(super) fn read(body: &Value) -> Result<Raw, Trouble> {
    let blocks = body["content"].as_array().map_or(&[][..], Vec::as_slice);
    if body["stop_reason"] == "refusal" {
        return Err(Trouble::refused(body["stop_details"]["explanation"].as_str().unwrap_or_default()));
    }
    let truncated = matches!(body["stop_reason"].as_str(), Some("max_tokens" | "model_context_window_exceeded"));
    let tool = blocks.iter().find(|block| block["type"] == "tool_use").map(|block| block["input"].to_string());
    let texts: String = blocks.iter().filter(|block| block["type"] == "text").filter_map(|block| block["text"].as_str()).collect();
    let text = tool.unwrap_or(texts);
    if text.is_empty() && !truncated {
        return Err(Trouble::odd("any text (no `text` and no `tool_use` in `content`)"));
    }
    let cached = tokens(body, "/usage/cache_read_input_tokens");
    let (fresh, kept) = (tokens(body, "/usage/input_tokens"), tokens(body, "/usage/cache_creation_input_tokens"));
    let usage = Usage {
        input: fresh.saturating_add(kept).saturating_add(cached),
        cached,
        output: tokens(body, "/usage/output_tokens"),
        reasoning: tokens(body, "/usage/output_tokens_details/thinking_tokens"),
        usd: None,
    };
    Ok(Raw { text, truncated, returned_model: returned_model(body), usage })
}
