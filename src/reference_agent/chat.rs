//! OpenAI chat completions, as a client that streams speaks it.
//!
//! Owns: the request's form, the joining of deltas.
//! Must not know: HTTP, what a call does.

use super::exec;
use super::model::{Answer, Assembly, INSTRUCTIONS, ToolCall, describe_error, parse_event};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub fn body(model: &str, history: &[Value]) -> Value {
    let mut messages = vec![json!({"role": "system", "content": INSTRUCTIONS})];
    messages.extend_from_slice(history);
    json!({
        "model": model,
        "messages": messages,
        "tools": [{"type": "function", "function": {"name": exec::NAME, "description": exec::DESCRIPTION, "parameters": exec::parameters()}}],
        "stream": true,
    })
}

pub fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

pub fn result(call: &ToolCall, output: &str) -> Value {
    json!({"role": "tool", "tool_call_id": call.id, "content": output})
}

/// The one message that the deltas of a stream make. There is no final copy of it on this wire.
#[derive(Default)]
pub struct Message {
    text: String,
    /// By index; fragments of parallel calls may come in any order.
    calls: BTreeMap<u64, ToolCall>,
    output_tokens: Option<u64>,
    finished: bool,
}

impl Assembly for Message {
    fn take(&mut self, data: &str) -> Result<bool, String> {
        if data.trim() == "[DONE]" {
            return Ok(true);
        }
        let chunk = parse_event(data)?;
        if chunk["error"].is_object() {
            return Err(format!("the model failed: {}", describe_error(&chunk["error"])));
        }
        self.output_tokens = chunk["usage"]["completion_tokens"].as_u64().or(self.output_tokens);
        let choice = &chunk["choices"][0];
        self.join(&choice["delta"]);
        match choice["finish_reason"].as_str() {
            None => {}
            Some("stop" | "tool_calls" | "function_call") => self.finished = true,
            Some(reason) => return Err(format!("the model's answer is incomplete: {reason}")),
        }
        Ok(false)
    }

    fn is_complete(&self) -> bool {
        self.finished
    }

    fn said(&self) -> &str {
        &self.text
    }

    fn answer(self: Box<Self>) -> Answer {
        let calls: Vec<_> = self.calls.into_values().collect();
        let mut entry =
            json!({"role": "assistant", "content": if self.text.is_empty() { Value::Null } else { Value::from(self.text.as_str()) }});
        if !calls.is_empty() {
            let function = |call: &ToolCall| json!({"name": call.name, "arguments": call.arguments});
            entry["tool_calls"] = calls.iter().map(|call| json!({"id": call.id, "type": "function", "function": function(call)})).collect();
        }
        let output_tokens = self.output_tokens;
        let texts = if self.text.is_empty() { vec![] } else { vec![self.text] };
        Answer { texts, calls, entries: vec![entry], output_tokens }
    }
}

impl Message {
    fn join(&mut self, delta: &Value) {
        for key in ["content", "refusal"] {
            self.text.push_str(delta[key].as_str().unwrap_or_default());
        }
        for fragment in delta["tool_calls"].as_array().into_iter().flatten() {
            let call = self.calls.entry(fragment["index"].as_u64().unwrap_or_default()).or_default();
            if let Some(id) = fragment["id"].as_str() {
                id.clone_into(&mut call.id);
            }
            if let Some(name) = fragment["function"]["name"].as_str() {
                call.name.push_str(name);
            }
            call.arguments.push_str(fragment["function"]["arguments"].as_str().unwrap_or_default());
        }
    }
}
