//! `GET /chat/stream`: what happens in a run, while it happens. Frames have no names and no ids; the body ends after the last one.
//!
//! Owns: which frames an event of the provider makes, and how a run ends.
//! Must not know: requests, what a client makes of the frames.
//!
//! As measured: each piece of text comes twice, once in the run's own form and once as the provider's event, and the end of the
//! response three times. Who adds up pieces must take one kind of them. Only the hosted MCP server is offered here, so that a
//! function that the model asks for is an error.

use super::chat::unfinished;
use super::faults::DexterFault;
use super::openai::Events;
use super::server::{Api, Question};
use super::{items, specialists};
use crate::fakes::http::Connection;
use crate::reference_agent::http::Stream;
use crate::wire::sse;
use serde_json::{Value, json};

const INSTRUCTIONS: &str = "Be concise. Use hosted MCP tools when needed.";

/// Answers with the events of a run, to its end or until the client has gone.
pub async fn events(api: &Api, question: &Question, connection: Connection) {
    let mut out = Frames { stream: Stream::begin(connection), fault: api.fault, pieces: 0 };
    let ended = run(api, question, &mut out).await;
    match ended {
        Ok(true) if !DexterFault::NoDone.is(api.fault) => out.put(&json!({"type": "done"})),
        Ok(true) => {}
        Ok(false) => return,
        Err(_) if DexterFault::SwallowError.is(api.fault) => out.put(&json!({"type": "done"})),
        Err(why) => out.put(&json!({"type": "error", "error": why})),
    }
    out.stream.end().await;
}

/// False if the client has gone away.
async fn run(api: &Api, question: &Question, out: &mut Frames) -> Result<bool, String> {
    let body = json!({
        "model": question.model, "instructions": INSTRUCTIONS, "input": [{"role": "user", "content": question.input}], "include": [],
        "tools": specialists::hosted(api).into_iter().collect::<Value>(), "stream": true,
    });
    let mut events = Events::of(api.openai.response(&body).await?);
    loop {
        let event = events.next().await?;
        if let Some(ended) = out.event(&event) {
            let output = ended?;
            if !out.stream.flush().await {
                return Ok(false);
            }
            if let Some(call) = output.iter().find(|item| item["type"] == "function_call") {
                return Err(format!("Tool {} not found in agent Dexter Agent.", call["name"].as_str().unwrap_or_default()));
            }
            output.iter().for_each(|item| out.item(item));
            return Ok(out.stream.flush().await);
        }
        if !out.stream.flush().await {
            return Ok(false);
        }
    }
}

struct Frames {
    stream: Stream,
    fault: Option<DexterFault>,
    pieces: usize,
}

impl Frames {
    fn put(&mut self, frame: &Value) {
        let mut bytes = Vec::new();
        sse::event(&mut bytes, None, frame);
        self.stream.put(&bytes);
    }

    fn data(&mut self, data: Value) {
        self.put(&json!({"type": "event", "event": {"data": data, "type": "raw_model_stream_event"}}));
    }

    fn model(&mut self, event: &Value) {
        self.data(json!({"type": "model", "event": event}));
    }

    /// What an event of the provider makes. The output once it has ended, or why it failed.
    fn event(&mut self, event: &Value) -> Option<Result<Vec<Value>, String>> {
        match event["type"].as_str().unwrap_or_default() {
            "response.created" => self.data(json!({"type": "response_started", "providerData": event})),
            "response.output_text.delta" => {
                self.pieces += 1;
                if DexterFault::LoseDelta.is(self.fault) && self.pieces.is_multiple_of(2) {
                    return None;
                }
                self.data(json!({"type": "output_text_delta", "delta": event["delta"], "itemId": event["item_id"], "providerData": event}));
            }
            "response.completed" => {
                let response = &event["response"];
                let output: Value = response["output"].as_array().into_iter().flatten().filter_map(items::raw).collect();
                let done = json!({"id": response["id"], "output": output, "usage": items::usage(&response["usage"])});
                self.data(json!({"type": "response_done", "response": done}));
                self.model(event);
                self.model(event);
                return Some(Ok(response["output"].as_array().cloned().unwrap_or_default()));
            }
            "response.incomplete" | "response.failed" => {
                self.model(event);
                return Some(Err(unfinished(&event["response"])));
            }
            "error" => {
                let error = if event["error"].is_object() { &event["error"] } else { event };
                return Some(Err(format!("the model failed: {}", error["message"].as_str().unwrap_or_default())));
            }
            _ => {}
        }
        self.model(event);
        None
    }

    fn item(&mut self, item: &Value) {
        if DexterFault::HideCalls.is(self.fault) && item["type"] == "mcp_call" {
            return;
        }
        if let Some((name, item)) = items::of_run(item) {
            self.put(&json!({"type": "event", "event": {"name": name, "item": item, "type": "run_item_stream_event"}}));
        }
    }
}
