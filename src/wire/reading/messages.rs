//! Anthropic Messages, as their clients read them.
//!
//! Owns: blocks and their deltas, which stop reason is which end.
//! Must not know: sockets, turns.
//!
//! The deltas are all there is: no final copy follows. Clients dispatch on the name of an event, so a stream whose names
//! are missing or differ from the data's `type` is a fault. Usage is cumulative and overwritten. The last event is
//! `message_stop` or `error`.

use super::reader::{self, Meaning, Reads, fault, finished, mapping, provider_error};
use crate::model::protocol::EventKind;
use serde_json::{Value, json};

#[derive(Debug, Default)]
pub struct Reader {
    message: Value,
    blocks: Vec<Block>,
    misnamed: bool,
    over: bool,
}

#[derive(Debug)]
struct Block {
    index: u64,
    content: Value,
    /// The joined `partial_json` of a tool's input.
    json: String,
    open: bool,
}

impl Reads for Reader {
    fn event(&mut self, frame: &Value, out: &mut Vec<Meaning>) {
        let data = &frame["data"];
        if mapping(data, out).is_none() {
            return;
        }
        let kind = data["type"].as_str().unwrap_or_default();
        if frame["event"] != kind && !std::mem::replace(&mut self.misnamed, true) {
            let named = reader::short(&frame["event"]);
            fault(
                out,
                "misnamed_event",
                format!("an event is named {named}, and its data is of the type `{kind}`; clients go by the name"),
            );
        }
        self.named(kind, data, out);
    }

    /// An answer that was not streamed.
    fn whole(&mut self, body: &Value, out: &mut Vec<Meaning>) {
        let Some(content) = body["content"].as_array().filter(|_| body["type"] == "message") else {
            match body["error"].is_null() {
                true => fault(out, "malformed_answer", format!("the answer is no message: {}", reader::short(body))),
                false => provider_error(out, &body["error"]),
            }
            return self.over("failed", None, out);
        };
        self.message = body.clone();
        let block =
            |(index, content): (usize, &Value)| Block { index: index as u64, content: content.clone(), json: String::new(), open: true };
        self.blocks = content.iter().enumerate().map(block).collect();
        self.finish(out);
    }

    fn is_over(&self) -> bool {
        self.over
    }

    fn asks(&self) -> bool {
        self.blocks.iter().any(|block| block.content["type"] == "tool_use")
    }

    fn missing(&self) -> &'static str {
        "`message_stop`"
    }

    fn answer(&self) -> Value {
        let content: Vec<_> = self.blocks.iter().map(|block| block.content.clone()).collect();
        json!({"role": "assistant", "content": content})
    }

    fn document(&self) -> Value {
        let mut message = if self.message.is_object() { self.message.clone() } else { json!({"type": "message", "role": "assistant"}) };
        message["content"] = self.blocks.iter().map(|block| block.content.clone()).collect();
        message
    }
}

impl Reader {
    fn named(&mut self, kind: &str, data: &Value, out: &mut Vec<Meaning>) {
        match kind {
            "message_start" => self.message = data["message"].clone(),
            "content_block_start" => {
                let index = data["index"].as_u64().unwrap_or(self.blocks.len() as u64);
                self.blocks.push(Block { index, content: data["content_block"].clone(), json: String::new(), open: true });
            }
            "content_block_delta" => self.delta(data, out),
            "content_block_stop" => {
                let index = data["index"].as_u64();
                self.close(|block| Some(block.index) == index, out);
            }
            "message_delta" => self.message_delta(data),
            "message_stop" => self.finish(out),
            "error" => {
                provider_error(out, &data["error"]);
                self.over("failed", None, out);
            }
            // `ping`, and kinds that are still to come: clients ignore them.
            _ => {}
        }
    }

    fn delta(&mut self, data: &Value, out: &mut Vec<Meaning>) {
        let (index, delta) = (&data["index"], &data["delta"]);
        let Some(block) = self.blocks.iter_mut().rev().find(|block| index == block.index && block.open) else {
            return fault(out, "stream_sequence", format!("a delta came for the block {index}, which is not open"));
        };
        let part = |key: &str| delta[key].as_str().unwrap_or_default();
        match delta["type"].as_str().unwrap_or_default() {
            "text_delta" => {
                append(&mut block.content["text"], part("text"));
                reader::text(out, EventKind::TextDelta, part("text"));
            }
            "thinking_delta" => append(&mut block.content["thinking"], part("thinking")),
            "signature_delta" => append(&mut block.content["signature"], part("signature")),
            "input_json_delta" => block.json.push_str(part("partial_json")),
            _ => {}
        }
    }

    fn message_delta(&mut self, data: &Value) {
        for (key, value) in data["delta"].as_object().into_iter().flatten() {
            self.message[key] = value.clone();
        }
        for (key, value) in data["usage"].as_object().into_iter().flatten() {
            self.message["usage"][key] = value.clone();
        }
    }

    /// Tells what the open blocks that are meant have become.
    fn close(&mut self, meant: impl Fn(&Block) -> bool, out: &mut Vec<Meaning>) {
        for block in self.blocks.iter_mut().filter(|block| block.open && meant(block)) {
            block.open = false;
            if block.content["type"] == "tool_use" && !block.json.is_empty() {
                block.content["input"] = serde_json::from_str(&block.json).unwrap_or_else(|_| {
                    let named = reader::short(&block.content["name"]);
                    fault(
                        out,
                        "malformed_input",
                        format!("the input of the tool call {named} is not JSON: {}", reader::short(&block.json.as_str().into())),
                    );
                    block.json.as_str().into()
                });
            }
            tell(&block.content, out);
        }
    }

    fn finish(&mut self, out: &mut Vec<Meaning>) {
        self.close(|_| true, out);
        self.tell_usage(out);
        let reason = self.message["stop_reason"].as_str().map(str::to_owned);
        match reason.as_deref() {
            Some("max_tokens" | "model_context_window_exceeded") => self.over("incomplete", reason.as_deref(), out),
            Some(_) => self.over("completed", reason.as_deref(), out),
            None => {
                fault(out, "no_stop_reason", "the message has stopped, and nothing said its `stop_reason`".to_owned());
                self.over("failed", None, out);
            }
        }
    }

    fn over(&mut self, status: &str, reason: Option<&str>, out: &mut Vec<Meaning>) {
        self.over = true;
        finished(out, status, reason);
    }

    fn tell_usage(&self, out: &mut Vec<Meaning>) {
        let usage = &self.message["usage"];
        let sum = usage["input_tokens"].as_u64().zip(usage["output_tokens"].as_u64()).map_or(Value::Null, |(i, o)| (i + o).into());
        let fields = [
            ("input", &usage["input_tokens"]),
            ("output", &usage["output_tokens"]),
            ("total", &sum),
            ("cached", &usage["cache_read_input_tokens"]),
        ];
        reader::usage(out, &fields);
    }
}

fn tell(block: &Value, out: &mut Vec<Meaning>) {
    match block["type"].as_str().unwrap_or_default() {
        "text" => reader::text(out, EventKind::Text, block["text"].as_str().unwrap_or_default()),
        "thinking" => {
            if let Some(text) = block["thinking"].as_str().filter(|text| !text.is_empty()) {
                reader::text(out, EventKind::Reasoning, text);
            }
        }
        "tool_use" => reader::event(out, EventKind::CallStarted, json!({"id": block["id"], "name": block["name"], "args": block["input"]})),
        _ => {}
    }
}

fn append(to: &mut Value, text: &str) {
    match to {
        Value::String(known) => known.push_str(text),
        other => *other = text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::reader::tests::told;
    use serde_json::{Value, json};

    fn event(data: Value) -> Value {
        json!({"event": data["type"], "data": data})
    }

    fn start() -> Value {
        event(
            json!({"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "content": [], "usage": {"input_tokens": 3, "output_tokens": 1}}}),
        )
    }

    fn block(index: u64, block: Value) -> Value {
        event(json!({"type": "content_block_start", "index": index, "content_block": block}))
    }

    fn delta(index: u64, delta: Value) -> Value {
        event(json!({"type": "content_block_delta", "index": index, "delta": delta}))
    }

    fn stop(index: u64) -> Value {
        event(json!({"type": "content_block_stop", "index": index}))
    }

    fn end(reason: &str) -> [Value; 2] {
        let delta = json!({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 7}});
        [event(delta), event(json!({"type": "message_stop"}))]
    }

    fn text(index: u64, text: &str) -> [Value; 3] {
        [block(index, json!({"type": "text", "text": ""})), delta(index, json!({"type": "text_delta", "text": text})), stop(index)]
    }

    #[test]
    fn blocks_become_texts_reasoning_and_calls() {
        let mut frames = vec![start(), event(json!({"type": "ping"}))];
        frames.push(block(0, json!({"type": "thinking", "thinking": "", "signature": ""})));
        frames.push(delta(0, json!({"type": "thinking_delta", "thinking": "hm"})));
        frames.push(delta(0, json!({"type": "signature_delta", "signature": "s"})));
        frames.push(stop(0));
        frames.extend(text(1, "Hello"));
        frames.push(block(2, json!({"type": "tool_use", "id": "t", "name": "get", "input": {}})));
        frames.extend(["", "{\"x\"", ":1}"].map(|part| delta(2, json!({"type": "input_json_delta", "partial_json": part}))));
        frames.push(stop(2));
        frames.extend(end("tool_use"));
        let (lines, reader) = told("messages", &frames);
        let expected = [
            r#"reasoning {"text":"hm"}"#,
            r#"text.delta {"text":"Hello"}"#,
            r#"text {"text":"Hello"}"#,
            r#"call.started {"id":"t","name":"get","args":{"x":1}}"#,
            r#"usage {"input":3,"output":7,"total":10}"#,
            r#"turn.finished {"status":"completed","reason":"tool_use"}"#,
        ];
        assert_eq!(lines, expected);
        assert!(reader.asks());
        assert_eq!(reader.answer()["content"][2], json!({"type": "tool_use", "id": "t", "name": "get", "input": {"x": 1}}));
        assert_eq!((&reader.document()["stop_reason"], &reader.document()["content"][0]["signature"]), (&json!("tool_use"), &json!("s")));
    }

    #[test]
    fn without_message_stop_it_is_not_complete() {
        let (_, reader) = told("messages", &[vec![start()], text(0, "Hi").to_vec(), end("end_turn")[..1].to_vec()].concat());
        assert!(!reader.is_over());
    }

    #[test]
    fn a_block_that_was_not_closed_is_told_at_the_end() {
        let (lines, _) = told("messages", &[vec![start()], text(0, "Hi")[..2].to_vec(), end("end_turn").to_vec()].concat());
        assert_eq!(lines[1], r#"text {"text":"Hi"}"#);
    }

    #[test]
    fn ends_are_told_apart() {
        for (reason, status) in [("end_turn", "completed"), ("refusal", "completed"), ("max_tokens", "incomplete")] {
            let (lines, _) = told("messages", &[vec![start()], end(reason).to_vec()].concat());
            assert_eq!(lines[1], format!(r#"turn.finished {{"status":"{status}","reason":"{reason}"}}"#));
        }
        let (lines, _) = told("messages", &[start(), event(json!({"type": "message_stop"}))]);
        assert!(lines[1].contains("no_stop_reason") && lines[2].contains("failed"), "{lines:?}");
    }

    #[test]
    fn an_error_ends_the_answer() {
        let error = event(json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}));
        let (lines, reader) = told("messages", &[start(), error]);
        assert_eq!(
            lines,
            [r#"error {"source":"agent","code":"overloaded_error","message":"Overloaded"}"#, r#"turn.finished {"status":"failed"}"#]
        );
        assert!(reader.is_over());
    }

    #[test]
    fn what_clients_would_stumble_over_is_told() {
        let nameless = json!({"event": "message", "data": {"type": "message_start", "message": {}}});
        let (lines, _) = told("messages", &[nameless.clone(), nameless, delta(4, json!({"type": "text_delta", "text": "x"}))]);
        assert_eq!(lines.len(), 2, "a fault of all names is told once: {lines:?}");
        assert!(lines[0].contains("misnamed_event") && lines[1].contains("the block 4"), "{lines:?}");
        let tool = [
            block(0, json!({"type": "tool_use", "id": "t", "name": "get", "input": {}})),
            delta(0, json!({"type": "input_json_delta", "partial_json": "{x"})),
            stop(0),
        ];
        let (lines, _) = told("messages", &tool);
        assert!(lines[0].contains("malformed_input"), "{lines:?}");
        assert_eq!(lines[1], r#"call.started {"id":"t","name":"get","args":"{x"}"#);
    }

    #[test]
    fn an_answer_that_is_not_streamed_means_the_same() {
        let body = json!({"type": "message", "role": "assistant", "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 2}});
        let (lines, reader) = told("messages", &[json!({"status": 200, "headers": {}, "body": body})]);
        assert_eq!(
            lines,
            [
                r#"text {"text":"Hi"}"#,
                r#"usage {"input":1,"output":2,"total":3}"#,
                r#"turn.finished {"status":"completed","reason":"end_turn"}"#
            ]
        );
        assert_eq!(reader.document()["content"], body["content"]);
        let (lines, _) = told("messages", &[json!({"status": 200, "body": "hello"})]);
        assert!(lines[0].contains("no message"), "{lines:?}");
    }
}
