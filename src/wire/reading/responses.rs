//! OpenAI Responses, as their clients read them.
//!
//! Owns: which events carry what is final, the two shapes of an error.
//! Must not know: sockets, turns.
//!
//! Finished items are authoritative, deltas are for live display. The last event is one of `response.completed`,
//! `response.incomplete`, `response.failed` and `error`; there is no `[DONE]`.

use super::reader::{self, Meaning, Reads, arguments, fault, finished, mapping, provider_error};
use crate::model::protocol::EventKind;
use serde_json::{Map, Value, json};

#[derive(Debug, Default)]
pub struct Reader {
    items: Vec<Value>,
    response: Value,
    over: bool,
}

impl Reads for Reader {
    fn event(&mut self, frame: &Value, out: &mut Vec<Meaning>) {
        if let Some(event) = mapping(&frame["data"], out) {
            self.named(event, &frame["data"], out);
        }
    }

    /// An answer that was not streamed.
    fn whole(&mut self, body: &Value, out: &mut Vec<Meaning>) {
        match body["status"].as_str() {
            Some(status @ ("completed" | "incomplete" | "failed")) if body["output"].is_array() || status == "failed" => {
                self.response(body, &format!("response.{status}"), out);
            }
            _ => {
                match body["error"].is_null() {
                    true => fault(out, "malformed_answer", format!("the answer is no finished response: {}", reader::short(body))),
                    false => provider_error(out, &body["error"]),
                }
                self.over("failed", None, out);
            }
        }
    }

    fn is_over(&self) -> bool {
        self.over
    }

    fn asks(&self) -> bool {
        self.items.iter().any(|item| item["type"] == "function_call")
    }

    fn missing(&self) -> &'static str {
        "`response.completed`, `response.incomplete` or `response.failed`"
    }

    fn answer(&self) -> Value {
        json!({"id": self.response["id"], "output": self.items})
    }

    fn document(&self) -> Value {
        match self.response.is_object() {
            true => self.response.clone(),
            false => json!({"output": self.items}),
        }
    }
}

impl Reader {
    fn named(&mut self, event: &Map<String, Value>, whole: &Value, out: &mut Vec<Meaning>) {
        let Some(kind) = event.get("type").and_then(Value::as_str) else {
            return fault(out, "malformed_event", format!("an event of the stream has no `type`: {}", reader::short(whole)));
        };
        match kind {
            "response.output_text.delta" | "response.refusal.delta" => {
                if let Some(delta) = whole["delta"].as_str() {
                    reader::text(out, EventKind::TextDelta, delta);
                }
            }
            "response.output_item.done" => self.item(&whole["item"], out),
            "response.completed" | "response.incomplete" | "response.failed" => self.response(&whole["response"], kind, out),
            "error" => {
                let error = if whole["error"].is_object() { &whole["error"] } else { whole };
                // In the flat shape `type` is the event's.
                let error = json!({"code": error["code"], "type": if error == whole { &Value::Null } else { &error["type"] }, "message": error["message"]});
                provider_error(out, &error);
                self.over("failed", None, out);
            }
            _ => {}
        }
    }

    fn item(&mut self, item: &Value, out: &mut Vec<Meaning>) {
        self.items.push(item.clone());
        match item["type"].as_str().unwrap_or_default() {
            "message" => reader::text(out, EventKind::Text, &parts(&item["content"])),
            "reasoning" => {
                let (summary, content) = (parts(&item["summary"]), parts(&item["content"]));
                let text = if content.is_empty() { summary } else { content };
                if !text.is_empty() {
                    reader::text(out, EventKind::Reasoning, &text);
                }
            }
            "function_call" => {
                let args = arguments(item["arguments"].as_str().unwrap_or_default());
                reader::event(out, EventKind::CallStarted, json!({"id": item["call_id"], "name": item["name"], "args": args}));
            }
            "mcp_call" => mcp_call(item, out),
            _ => {}
        }
    }

    fn response(&mut self, response: &Value, kind: &str, out: &mut Vec<Meaning>) {
        self.response = response.clone();
        if self.items.is_empty() {
            // A server that sends no items one by one has them here.
            response["output"].as_array().into_iter().flatten().for_each(|item| self.item(item, out));
        }
        let usage = &response["usage"];
        let fields = [
            ("input", &usage["input_tokens"]),
            ("output", &usage["output_tokens"]),
            ("total", &usage["total_tokens"]),
            ("cached", &usage["input_tokens_details"]["cached_tokens"]),
            ("reasoning", &usage["output_tokens_details"]["reasoning_tokens"]),
        ];
        reader::usage(out, &fields);
        match kind {
            "response.completed" => self.over("completed", None, out),
            "response.incomplete" => self.over("incomplete", response["incomplete_details"]["reason"].as_str(), out),
            _ => {
                provider_error(out, &response["error"]);
                self.over("failed", None, out);
            }
        }
    }

    fn over(&mut self, status: &str, reason: Option<&str>, out: &mut Vec<Meaning>) {
        self.over = true;
        finished(out, status, reason);
    }
}

/// All text parts, joined; a refusal is what the model says, too.
fn parts(parts: &Value) -> String {
    let parts = parts.as_array().map(Vec::as_slice).unwrap_or_default();
    parts.iter().filter_map(|part| part["text"].as_str().or_else(|| part["refusal"].as_str())).collect()
}

/// A call that the provider ran itself, with its result.
fn mcp_call(item: &Value, out: &mut Vec<Meaning>) {
    let args = arguments(item["arguments"].as_str().unwrap_or_default());
    let started = json!({"id": item["id"], "name": item["name"], "args": args, "server": item["server_label"]});
    reader::event(out, EventKind::CallStarted, started);
    let (result, status) = match item["error"].is_null() {
        true => (arguments(item["output"].as_str().unwrap_or_default()), "ok"),
        false => (item["error"].clone(), "error"),
    };
    reader::event(out, EventKind::CallFinished, json!({"id": item["id"], "result": result, "status": status}));
}

#[cfg(test)]
mod tests {
    use super::super::reader::tests::{data, told};
    use serde_json::{Value, json};

    fn item(item: Value) -> Value {
        data(json!({"type": "response.output_item.done", "output_index": 0, "item": item}))
    }

    fn message(text: &str) -> Value {
        json!({"type": "message", "id": "m1", "role": "assistant", "content": [{"type": "output_text", "text": text}]})
    }

    fn terminal(status: &str, more: Value) -> Value {
        let mut response =
            json!({"id": "r1", "status": status, "output": [], "usage": {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}});
        more.as_object().into_iter().flatten().for_each(|(key, value)| response[key] = value.clone());
        data(json!({"type": format!("response.{status}"), "response": response}))
    }

    #[test]
    fn finished_items_are_the_answer() {
        let delta = data(json!({"type": "response.output_text.delta", "delta": "Hel", "item_id": "m1"}));
        let reasoning = item(json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}));
        let call = item(json!({"type": "function_call", "id": "f1", "call_id": "c1", "name": "get", "arguments": "{\"x\":1}"}));
        let frames =
            [data(json!({"type": "response.created"})), reasoning, delta, item(message("Hello")), call, terminal("completed", json!({}))];
        let (lines, reader) = told("responses", &frames);
        let expected = [
            r#"reasoning {"text":"hm"}"#,
            r#"text.delta {"text":"Hel"}"#,
            r#"text {"text":"Hello"}"#,
            r#"call.started {"id":"c1","name":"get","args":{"x":1}}"#,
            r#"usage {"input":3,"output":2,"total":5}"#,
            r#"turn.finished {"status":"completed"}"#,
        ];
        assert_eq!(lines, expected);
        assert!(reader.asks() && reader.is_over());
        assert_eq!(reader.answer()["output"].as_array().map(Vec::len), Some(3));
        assert_eq!(reader.document()["id"], "r1");
    }

    #[test]
    fn items_of_the_last_event_count_where_none_came_before() {
        let (lines, reader) = told("responses", &[terminal("completed", json!({"output": [message("Hi")]}))]);
        assert_eq!(lines[0], r#"text {"text":"Hi"}"#);
        assert_eq!(reader.answer()["output"][0]["id"], "m1");
    }

    #[test]
    fn both_shapes_of_an_error_end_the_answer() {
        let nested = data(json!({"type": "error", "error": {"type": "server_error", "code": null, "message": "m"}}));
        let (lines, _) = told("responses", &[nested]);
        assert_eq!(lines[0], r#"error {"source":"agent","code":"server_error","message":"m"}"#);
        let flat = data(json!({"type": "error", "code": "bad", "message": "m"}));
        let (lines, reader) = told("responses", &[flat, terminal("completed", json!({}))]);
        assert_eq!(lines, [r#"error {"source":"agent","code":"bad","message":"m"}"#, r#"turn.finished {"status":"failed"}"#]);
        assert!(reader.is_over());
    }

    #[test]
    fn failed_and_incomplete_are_told_apart() {
        let (lines, _) = told("responses", &[terminal("failed", json!({"error": {"code": "server_error", "message": "m"}}))]);
        assert_eq!(lines[1..], [r#"error {"source":"agent","code":"server_error","message":"m"}"#, r#"turn.finished {"status":"failed"}"#]);
        let (lines, _) = told("responses", &[terminal("incomplete", json!({"incomplete_details": {"reason": "max_output_tokens"}}))]);
        assert_eq!(lines[1], r#"turn.finished {"status":"incomplete","reason":"max_output_tokens"}"#);
    }

    #[test]
    fn a_stream_without_its_last_event_is_not_complete() {
        let (lines, reader) = told("responses", &[item(message("Hi"))]);
        assert_eq!((lines.len(), reader.is_over()), (1, false));
    }

    #[test]
    fn the_providers_own_calls_have_results() {
        let call =
            json!({"type": "mcp_call", "id": "c", "server_label": "docs", "name": "find", "arguments": "{}", "output": "x", "error": null});
        let (lines, reader) = told("responses", &[item(call)]);
        assert_eq!(lines[1], r#"call.finished {"id":"c","result":"x","status":"ok"}"#);
        assert!(!reader.asks());
    }

    #[test]
    fn an_answer_that_is_not_streamed_means_the_same() {
        let body = json!({"id": "r1", "status": "completed", "output": [message("Hi")], "usage": null});
        let (lines, reader) = told("responses", &[json!({"status": 200, "headers": {}, "body": body})]);
        assert_eq!(lines, [r#"text {"text":"Hi"}"#, r#"turn.finished {"status":"completed"}"#]);
        assert_eq!(reader.document(), body);
        let (lines, _) = told("responses", &[json!({"status": 200, "body": {"status": "ok"}})]);
        assert!(lines[0].contains("no finished response"), "{lines:?}");
    }
}
