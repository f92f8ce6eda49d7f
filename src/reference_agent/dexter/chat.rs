//! `POST /chat`: asks the model, runs the specialists that it wants, and asks again, until it has said what it has to say.
//!
//! Owns: the loop and its limits, the state of the run that goes out with the answer.
//! Must not know: how a request is made, how specialists work.

use super::faults::DexterFault;
use super::server::{Api, Question, error};
use super::{items, specialists};
use futures_util::future::join_all;
use serde_json::{Value, json};

const INSTRUCTIONS: &str = "Be concise. Use hosted MCP tools when needed (web, wallet, reports, and the like).";
/// A model that wants tools more often than this is going in circles.
const MOST_ROUNDS: usize = 10;

/// What a run adds up to.
#[derive(Default)]
struct Run {
    responses: Vec<Value>,
    items: Vec<Value>,
    usage: [u64; 3],
}

/// Status and body of the answer.
pub async fn answer(api: &Api, question: &Question) -> (u16, Value) {
    let mut run = Run::default();
    match rounds(api, question, &mut run).await {
        Ok(text) => (200, run.shown(question, &text)),
        Err(_) if DexterFault::SwallowError.is(api.fault) => (200, run.shown(question, "")),
        Err(why) => (500, error(why)),
    }
}

async fn rounds(api: &Api, question: &Question, run: &mut Run) -> Result<String, String> {
    let mut input = vec![json!({"role": "user", "content": question.input})];
    for _ in 0..MOST_ROUNDS {
        let body = json!({
            "model": question.model, "instructions": INSTRUCTIONS, "input": input, "include": [], "tools": specialists::offered(api), "stream": false,
        });
        let answer = api.openai.response(&body).await?;
        let answer: Value = answer.json().await.map_err(|_| "the model's answer is no JSON".to_owned())?;
        if answer["status"] != "completed" {
            return Err(unfinished(&answer));
        }
        if DexterFault::LastUsage.is(api.fault) {
            run.usage = [0; 3];
        }
        run.keep(&answer);
        let output = answer["output"].as_array().cloned().unwrap_or_default();
        let calls: Vec<Value> = output.iter().filter(|item| item["type"] == "function_call").cloned().collect();
        let hides = |item: &&Value| DexterFault::HideCalls.is(api.fault) && item["type"] == "mcp_call";
        run.items.extend(output.iter().filter(|item| !hides(item)).filter_map(items::of_run).map(|(_, item)| item));
        if calls.is_empty() {
            return Ok(items::text(&answer["output"]));
        }
        input.extend(output);
        let results = join_all(calls.iter().map(|call| specialists::run(api, &question.model, call))).await;
        for (call, (result, usage)) in calls.iter().zip(results) {
            run.count(&usage);
            run.items.push(items::result(call, &result));
            let told = if DexterFault::LoseResult.is(api.fault) { "" } else { &result };
            input.push(json!({"type": "function_call_output", "call_id": call["call_id"], "output": told}));
        }
    }
    Err(format!("stopped after {MOST_ROUNDS} rounds of tool calls"))
}

/// Why a response is not whole.
pub fn unfinished(response: &Value) -> String {
    match (response["error"]["message"].as_str(), response["incomplete_details"]["reason"].as_str()) {
        (Some(message), _) => format!("the model failed: {message}"),
        (_, Some(reason)) => format!("the model's answer is incomplete: {reason}"),
        _ => "the model's answer is not complete".to_owned(),
    }
}

impl Run {
    /// What specialists used counts as well.
    fn count(&mut self, usage: &Value) {
        let counts = ["input_tokens", "output_tokens", "total_tokens"].map(|key| usage[key].as_u64().unwrap_or_default());
        self.usage = [self.usage[0] + counts[0], self.usage[1] + counts[1], self.usage[2] + counts[2]];
    }

    fn keep(&mut self, answer: &Value) {
        let usage = &answer["usage"];
        self.count(usage);
        let output: Value = answer["output"].as_array().into_iter().flatten().filter_map(items::raw).collect();
        self.responses.push(json!({"responseId": answer["id"], "output": output, "usage": items::usage(usage)}));
    }

    fn shown(self, question: &Question, text: &str) -> Value {
        let [input, output, total] = self.usage;
        let usage = json!({"requests": self.responses.len(), "inputTokens": input, "outputTokens": output, "totalTokens": total});
        let state = json!({
            "originalInput": question.input,
            "currentAgent": {"name": "Dexter Agent"},
            "modelResponses": self.responses,
            "generatedItems": self.items,
            "context": {"usage": usage, "context": {}, "approvals": {}},
            "toolUseTracker": {},
            "currentStep": {"type": "next_step_final_output", "output": text},
        });
        json!({"ok": true, "result": {"text": text, "raw": {"state": state}}})
    }
}
