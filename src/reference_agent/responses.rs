//! OpenAI Responses, as a client that streams speaks it.
//!
//! Owns: the request's form, the events that matter.
//! Must not know: HTTP, what a call does.

use super::exec;
use super::model::{Answer, Assembly, INSTRUCTIONS, ToolCall, describe_error, parse_event};
use serde_json::{Value, json};

pub fn body(model: &str, history: &[Value]) -> Value {
    json!({
        "model": model,
        "instructions": INSTRUCTIONS,
        "input": history,
        "tools": [{"type": "function", "name": exec::NAME, "description": exec::DESCRIPTION, "parameters": exec::parameters(), "strict": true}],
        "parallel_tool_calls": true,
        "stream": true,
    })
}

pub fn user(text: &str) -> Value {
    json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]})
}

pub fn result(call: &ToolCall, output: &str) -> Value {
    json!({"type": "function_call_output", "call_id": call.id, "output": output})
}

/// The finished items of a stream. Deltas are for live display; they count only where half an answer does.
#[derive(Default)]
pub struct Items {
    items: Vec<Value>,
    live: String,
    output_tokens: Option<u64>,
    completed: bool,
}

impl Assembly for Items {
    fn take(&mut self, data: &str) -> Result<bool, String> {
        let event = parse_event(data)?;
        match event["type"].as_str().unwrap_or_default() {
            "response.output_text.delta" => self.live.push_str(event["delta"].as_str().unwrap_or_default()),
            "response.output_item.done" => self.items.push(event["item"].clone()),
            "response.completed" => {
                self.output_tokens = event["response"]["usage"]["output_tokens"].as_u64();
                if let (true, Some(output)) = (self.items.is_empty(), event["response"]["output"].as_array()) {
                    self.items.clone_from(output);
                }
                self.completed = true;
            }
            "response.incomplete" => {
                let reason = event["response"]["incomplete_details"]["reason"].as_str().unwrap_or("no reason given");
                return Err(format!("the model's answer is incomplete: {reason}"));
            }
            "response.failed" => return Err(format!("the model failed: {}", describe_error(&event["response"]["error"]))),
            "error" => {
                let error = if event["error"].is_object() {
                    event["error"].clone()
                } else {
                    json!({"code": event["code"], "message": event["message"]})
                };
                return Err(format!("the model failed: {}", describe_error(&error)));
            }
            _ => {}
        }
        Ok(self.completed)
    }

    fn is_complete(&self) -> bool {
        self.completed
    }

    fn said(&self) -> &str {
        &self.live
    }

    fn answer(self: Box<Self>) -> Answer {
        if !self.completed && self.items.is_empty() && !self.live.is_empty() {
            return Answer { texts: vec![self.live], ..Answer::default() };
        }
        let text = |key: &str, item: &Value| item[key].as_str().unwrap_or_default().to_owned();
        let of = |kind: &'static str| self.items.iter().filter(move |item| item["type"] == kind);
        let texts = of("message").map(message_text).filter(|text| !text.is_empty()).collect();
        let calls = of("function_call")
            .map(|item| ToolCall { id: text("call_id", item), name: text("name", item), arguments: text("arguments", item) })
            .collect();
        Answer { texts, calls, entries: self.items, output_tokens: self.output_tokens }
    }
}

/// All text parts of a message item; a refusal is what the model says, too.
fn message_text(item: &Value) -> String {
    let parts = item["content"].as_array().map(Vec::as_slice).unwrap_or_default();
    parts.iter().filter_map(|part| part["text"].as_str().or_else(|| part["refusal"].as_str())).collect()
}
