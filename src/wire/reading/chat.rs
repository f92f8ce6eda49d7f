//! Chat completions, as their clients read them.
//!
//! Owns: the joining of deltas, which finish reason is which end.
//! Must not know: sockets, turns.
//!
//! The deltas are all there is: no final copy follows. The message is complete with `finish_reason`, and ends with
//! `[DONE]` or the end of the stream, so that the usage between the two is not lost. Of several choices the first counts.

use super::reader::{self, Meaning, Reads, arguments, fault, finished, mapping, provider_error};
use crate::model::protocol::EventKind;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub struct Reader {
    id: Value,
    model: Value,
    /// What the model said, refusals included; `None` if it said nothing.
    said: Option<String>,
    reasoning: String,
    /// By index; fragments of parallel calls may come in any order.
    calls: BTreeMap<u64, Call>,
    finish_reason: Option<String>,
    usage: Value,
    over: bool,
    /// The message of an answer that was not streamed.
    whole: Option<Value>,
}

#[derive(Debug, Default)]
struct Call {
    id: String,
    name: String,
    arguments: String,
}

impl Reads for Reader {
    fn event(&mut self, frame: &Value, out: &mut Vec<Meaning>) {
        let data = &frame["data"];
        if data.as_str().is_some_and(|text| text.trim() == "[DONE]") {
            return self.finish(out);
        }
        if let Some(chunk) = mapping(data, out) {
            self.chunk(chunk, out);
        }
    }

    /// An answer that was not streamed.
    fn whole(&mut self, body: &Value, out: &mut Vec<Meaning>) {
        let choice = &body["choices"][0];
        if !choice["message"].is_object() {
            match body["error"].is_null() {
                true => fault(out, "malformed_answer", format!("the answer is no chat completion: {}", reader::short(body))),
                false => provider_error(out, &body["error"]),
            }
            return self.over("failed", out);
        }
        self.whole = Some(body.clone());
        self.usage = body["usage"].clone();
        self.finish_reason = choice["finish_reason"].as_str().map(str::to_owned);
        let message = &choice["message"];
        let said: String = ["content", "refusal"].iter().filter_map(|key| message[*key].as_str()).collect();
        self.said = (!said.is_empty()).then_some(said);
        self.reasoning = message["reasoning_content"].as_str().or(message["reasoning"].as_str()).unwrap_or_default().to_owned();
        for (index, call) in message["tool_calls"].as_array().into_iter().flatten().enumerate() {
            let part = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (name, arguments) = (part(&call["function"]["name"]), part(&call["function"]["arguments"]));
            self.calls.insert(index as u64, Call { id: part(&call["id"]), name, arguments });
        }
        self.finish(out);
    }

    fn end(&mut self, out: &mut Vec<Meaning>) {
        if !self.over && self.finish_reason.is_some() {
            self.finish(out);
        }
    }

    fn is_over(&self) -> bool {
        self.over
    }

    fn asks(&self) -> bool {
        !self.calls.is_empty()
    }

    fn missing(&self) -> &'static str {
        "a chunk with `finish_reason`"
    }

    fn answer(&self) -> Value {
        if let Some(body) = &self.whole {
            return body["choices"][0]["message"].clone();
        }
        let mut message = json!({"role": "assistant", "content": self.said});
        if !self.calls.is_empty() {
            let call =
                |call: &Call| json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}});
            message["tool_calls"] = self.calls.values().map(call).collect();
        }
        message
    }

    fn document(&self) -> Value {
        self.whole.clone().unwrap_or_else(|| {
            let choice = json!({"index": 0, "message": self.answer(), "finish_reason": self.finish_reason});
            json!({"id": self.id, "object": "chat.completion", "model": self.model, "choices": [choice], "usage": self.usage})
        })
    }
}

impl Reader {
    fn chunk(&mut self, chunk: &Map<String, Value>, out: &mut Vec<Meaning>) {
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            provider_error(out, error);
            return self.over("failed", out);
        }
        if let Some(usage) = chunk.get("usage").filter(|usage| !usage.is_null()) {
            self.usage = usage.clone();
        }
        for (own, key) in [(&mut self.id, "id"), (&mut self.model, "model")] {
            if let (true, Some(value)) = (own.is_null(), chunk.get(key)) {
                own.clone_from(value);
            }
        }
        let Some(choices) = chunk.get("choices").and_then(Value::as_array) else {
            return fault(out, "malformed_event", "a chunk of the stream has no list `choices`".to_owned());
        };
        let Some(choice) = choices.iter().find(|choice| choice["index"].as_u64().unwrap_or(0) == 0) else { return };
        self.delta(&choice["delta"], out);
        if let Some(reason) = choice["finish_reason"].as_str() {
            self.finish_reason = Some(reason.to_owned());
        }
    }

    fn delta(&mut self, delta: &Value, out: &mut Vec<Meaning>) {
        let Some(delta) = delta.as_object() else { return };
        for (key, value) in delta {
            match (key.as_str(), value) {
                ("content" | "refusal", Value::String(text)) if !text.is_empty() => {
                    self.said.get_or_insert_default().push_str(text);
                    reader::text(out, EventKind::TextDelta, text);
                }
                // Look-alikes send the same reasoning under both names.
                ("reasoning_content", Value::String(text)) => self.reasoning.push_str(text),
                ("reasoning", Value::String(text)) if !delta.contains_key("reasoning_content") => self.reasoning.push_str(text),
                ("tool_calls", Value::Array(fragments)) => fragments.iter().for_each(|fragment| self.fragment(fragment)),
                _ => {}
            }
        }
    }

    fn fragment(&mut self, fragment: &Value) {
        let call = self.calls.entry(fragment["index"].as_u64().unwrap_or_default()).or_default();
        if let Some(id) = fragment["id"].as_str().filter(|id| !id.is_empty()) {
            id.clone_into(&mut call.id);
        }
        call.name.push_str(fragment["function"]["name"].as_str().unwrap_or_default());
        call.arguments.push_str(fragment["function"]["arguments"].as_str().unwrap_or_default());
    }

    fn finish(&mut self, out: &mut Vec<Meaning>) {
        if !self.reasoning.is_empty() {
            reader::text(out, EventKind::Reasoning, &self.reasoning);
        }
        if let Some(said) = &self.said {
            reader::text(out, EventKind::Text, said);
        }
        for call in self.calls.values() {
            let args = arguments(&call.arguments);
            reader::event(out, EventKind::CallStarted, json!({"id": call.id, "name": call.name, "args": args}));
        }
        self.tell_usage(out);
        match self.finish_reason.as_deref() {
            Some("stop" | "tool_calls" | "function_call") => self.over("completed", out),
            Some("error") => {
                fault(out, "error", "the answer ended with the finish_reason `error`".to_owned());
                self.over("failed", out);
            }
            Some(_) => self.over("incomplete", out),
            None => {
                fault(out, "no_finish_reason", "the stream is done, and no chunk had a `finish_reason`".to_owned());
                self.over("failed", out);
            }
        }
    }

    fn over(&mut self, status: &str, out: &mut Vec<Meaning>) {
        self.over = true;
        finished(out, status, self.finish_reason.as_deref());
    }

    fn tell_usage(&self, out: &mut Vec<Meaning>) {
        let usage = &self.usage;
        let fields = [
            ("input", &usage["prompt_tokens"]),
            ("output", &usage["completion_tokens"]),
            ("total", &usage["total_tokens"]),
            ("cached", &usage["prompt_tokens_details"]["cached_tokens"]),
            ("reasoning", &usage["completion_tokens_details"]["reasoning_tokens"]),
        ];
        reader::usage(out, &fields);
    }
}

#[cfg(test)]
mod tests {
    use super::super::reader::tests::{data, told};
    use serde_json::{Value, json};

    fn delta(delta: Value) -> Value {
        data(json!({"id": "c1", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]}))
    }

    fn end(reason: &str) -> Value {
        data(json!({"id": "c1", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}))
    }

    fn done() -> Value {
        data(json!("[DONE]"))
    }

    #[test]
    fn deltas_are_joined_and_usage_comes_before_the_end() {
        let usage = data(json!({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}));
        let first = delta(json!({"role": "assistant", "content": ""}));
        let frames = [first, delta(json!({"content": "Hel"})), delta(json!({"content": "lo"})), end("stop"), usage, done()];
        let (lines, reader) = told("chat", &frames);
        let expected = [
            r#"text.delta {"text":"Hel"}"#,
            r#"text.delta {"text":"lo"}"#,
            r#"text {"text":"Hello"}"#,
            r#"usage {"input":3,"output":2,"total":5}"#,
            r#"turn.finished {"status":"completed","reason":"stop"}"#,
        ];
        assert_eq!(lines, expected);
        assert!(reader.is_over() && !reader.asks());
        assert_eq!(reader.answer(), json!({"role": "assistant", "content": "Hello"}));
        assert_eq!(reader.document()["choices"][0]["finish_reason"], "stop");
    }

    #[test]
    fn interleaved_fragments_of_calls_are_two_calls() {
        let fragment = |index: u64, id: Option<&str>, name: Option<&str>, arguments: &str| {
            let mut fragment = json!({"index": index, "function": {"arguments": arguments}});
            if let (Some(id), Some(name)) = (id, name) {
                (fragment["id"], fragment["function"]["name"]) = (id.into(), name.into());
            }
            delta(json!({"tool_calls": [fragment]}))
        };
        let frames = [
            fragment(0, Some("a"), Some("get"), "{\"x\""),
            fragment(1, Some("b"), Some("put"), "{bro"),
            fragment(0, None, None, ":1}"),
            fragment(1, None, None, "ken"),
            end("tool_calls"),
        ];
        let (lines, reader) = told("chat", &frames);
        assert_eq!(lines[0], r#"call.started {"id":"a","name":"get","args":{"x":1}}"#);
        assert_eq!(lines[1], r#"call.started {"id":"b","name":"put","args":"{broken"}"#);
        assert_eq!(lines[2], r#"turn.finished {"status":"completed","reason":"tool_calls"}"#);
        assert!(reader.asks());
        assert_eq!(reader.answer()["tool_calls"][0]["function"]["arguments"], "{\"x\":1}");
        assert_eq!(reader.answer()["content"], Value::Null);
    }

    #[test]
    fn a_stream_without_a_finish_reason_is_not_complete() {
        let (lines, reader) = told("chat", &[delta(json!({"content": "Hel"}))]);
        assert_eq!((lines.len(), reader.is_over()), (1, false));
        let (lines, reader) = told("chat", &[delta(json!({"content": "Hel"})), done()]);
        assert!(reader.is_over());
        assert_eq!(lines[3], r#"turn.finished {"status":"failed"}"#);
        assert!(lines[2].contains("no_finish_reason"), "{lines:?}");
    }

    #[test]
    fn other_ends_are_not_completed() {
        for (reason, status) in
            [("length", "incomplete"), ("content_filter", "incomplete"), ("error", "failed"), ("function_call", "completed")]
        {
            let (lines, _) = told("chat", &[end(reason), done()]);
            assert!(lines.last().unwrap().contains(&format!("\"status\":\"{status}\"")), "{reason}: {lines:?}");
        }
    }

    #[test]
    fn an_error_ends_the_answer() {
        let error = data(json!({"error": {"message": "overloaded", "code": 503}}));
        let (lines, reader) = told("chat", &[delta(json!({"content": "Hel"})), error, end("stop")]);
        assert_eq!(lines[1], r#"error {"source":"agent","code":503,"message":"overloaded"}"#);
        assert_eq!((lines[2].as_str(), lines.len(), reader.is_over()), (r#"turn.finished {"status":"failed"}"#, 3, true));
    }

    #[test]
    fn what_is_no_chunk_is_an_error_and_the_rest_is_read() {
        let (lines, _) = told("chat", &[data(json!("{not-json")), data(json!({"x": 1})), delta(json!({"content": "a"})), end("stop")]);
        assert!(lines[0].contains("not JSON") && lines[1].contains("`choices`"), "{lines:?}");
        assert_eq!(lines[3], r#"text {"text":"a"}"#);
    }

    #[test]
    fn reasoning_and_refusals_are_told() {
        let reasoning = delta(json!({"reasoning": "hm", "reasoning_content": "hm"}));
        let (lines, _) = told("chat", &[reasoning, delta(json!({"refusal": "No."})), end("stop")]);
        assert_eq!(lines[1], r#"reasoning {"text":"hm"}"#);
        assert_eq!(lines[2], r#"text {"text":"No."}"#);
    }

    #[test]
    fn an_answer_that_is_not_streamed_means_the_same() {
        let call = json!({"id": "a", "type": "function", "function": {"name": "get", "arguments": "{}"}});
        let message = json!({"role": "assistant", "content": "Hi", "refusal": null, "tool_calls": [call]});
        let body = json!({"object": "chat.completion", "choices": [{"message": message, "finish_reason": "tool_calls"}], "usage": {"prompt_tokens": 1}});
        let (lines, reader) = told("chat", &[json!({"status": 200, "headers": {}, "body": body})]);
        let expected = [
            r#"text {"text":"Hi"}"#,
            r#"call.started {"id":"a","name":"get","args":{}}"#,
            r#"usage {"input":1}"#,
            r#"turn.finished {"status":"completed","reason":"tool_calls"}"#,
        ];
        assert_eq!(lines, expected);
        assert_eq!((reader.answer(), reader.document()), (message, body));
    }

    #[test]
    fn an_answer_of_another_kind_is_an_error() {
        let (lines, _) = told("chat", &[json!({"status": 200, "body": {"hello": 1}})]);
        assert!(lines[0].contains("no chat completion") && lines[1].contains("failed"), "{lines:?}");
        let (lines, _) = told("chat", &[json!({"status": 200, "body": {"error": {"message": "m"}}})]);
        assert!(lines[0].contains("\"message\":\"m\""), "{lines:?}");
    }
}
