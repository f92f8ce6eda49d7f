//! Output items of the Responses wire, as a run shows them.
//!
//! Owns: the form of a run's items, which of them is a call.
//! Must not know: who asked, streams.

use serde_json::{Map, Value, json};

/// All text of the messages.
pub fn text(output: &Value) -> String {
    let messages = output.as_array().into_iter().flatten().filter(|item| item["type"] == "message");
    messages.flat_map(|message| message["content"].as_array().into_iter().flatten()).filter_map(said).collect()
}

/// A refusal is what the model says, too.
fn said(part: &Value) -> Option<&str> {
    part["text"].as_str().or(part["refusal"].as_str())
}

/// An item in the run's own form; `None` for kinds that it does not know.
pub fn raw(item: &Value) -> Option<Value> {
    let id = &item["id"];
    Some(match item["type"].as_str()? {
        "message" => {
            let part = |part: &Value| json!({"type": "output_text", "text": said(part).unwrap_or_default(), "providerData": {}});
            let content: Value = item["content"].as_array().into_iter().flatten().map(part).collect();
            json!({"id": id, "type": "message", "role": "assistant", "status": item["status"], "content": content, "providerData": {}})
        }
        "reasoning" => {
            let part = |part: &Value| json!({"type": "input_text", "text": part["text"], "providerData": {"type": "summary_text"}});
            let content: Value = item["summary"].as_array().into_iter().flatten().map(part).collect();
            json!({"id": id, "type": "reasoning", "content": content, "providerData": {}})
        }
        "function_call" => {
            json!({"id": id, "type": "function_call", "callId": item["call_id"], "name": item["name"], "arguments": item["arguments"], "status": item["status"], "providerData": {}})
        }
        kind @ ("mcp_call" | "mcp_list_tools") => {
            let rest: Map<String, Value> =
                item.as_object()?.iter().filter(|(key, _)| *key != "output").map(|(k, v)| (k.clone(), v.clone())).collect();
            let mut hosted = json!({"id": id, "type": "hosted_tool_call", "name": kind, "status": "completed", "providerData": rest});
            if !item["output"].is_null() {
                hosted["output"] = item["output"].clone();
            }
            hosted
        }
        _ => return None,
    })
}

/// The item of a run, with the name of its event.
pub fn of_run(item: &Value) -> Option<(&'static str, Value)> {
    let raw = raw(item)?;
    let (name, kind) = match raw["type"].as_str()? {
        "message" => ("message_output_created", "message_output_item"),
        "reasoning" => ("reasoning_item_created", "reasoning_item"),
        _ => ("tool_called", "tool_call_item"),
    };
    Some((name, json!({"type": kind, "rawItem": raw, "agent": {"name": "Dexter Agent"}})))
}

/// What a specialist said to a call.
pub fn result(call: &Value, output: &str) -> Value {
    let raw = json!({"type": "function_call_result", "name": call["name"], "callId": call["call_id"], "status": "completed", "output": {"type": "text", "text": output}});
    json!({"type": "tool_call_output_item", "rawItem": raw, "output": output, "agent": {"name": "Dexter Agent"}})
}

/// Token counts, as a run shows them.
pub fn usage(usage: &Value) -> Value {
    json!({"inputTokens": usage["input_tokens"], "outputTokens": usage["output_tokens"], "totalTokens": usage["total_tokens"]})
}
