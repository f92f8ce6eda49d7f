//! From a provider's stream to items: which of its events starts, continues and ends which item.
//!
//! Owns: the boundaries of items on each wire. Chat completions has none; there an item ends where another kind begins.
//! Must not know: HTTP, the log, what ends an answer (the wire's reader does).

use super::provider::Provider;
use serde_json::Value;

/// What happens to an item. `key` is the provider's, unique within one answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    Start {
        key: String,
        kind: &'static str,
    },
    /// Name and id of a call.
    Call {
        key: String,
        id: String,
        name: String,
    },
    Delta {
        key: String,
        text: String,
    },
    /// With the whole text (or arguments), where the wire repeats it.
    Done {
        key: String,
        whole: Option<String>,
    },
}

pub struct Adapter {
    provider: Provider,
    /// Keys that were started and not ended.
    open: Vec<(String, &'static str)>,
    /// Keys of items of kinds that are none of ours.
    passed_over: Vec<String>,
    /// The key of a delta that came while its item was not open.
    astray: Option<String>,
    /// Items of chat completions so far.
    count: usize,
}

impl Adapter {
    pub fn new(provider: Provider) -> Adapter {
        Adapter { provider, open: vec![], passed_over: vec![], astray: None, count: 0 }
    }

    /// What the data of one event means for the items.
    pub fn pieces(&mut self, data: &Value) -> Vec<Piece> {
        let mut out = Vec::new();
        match self.provider {
            Provider::Openai => self.responses(data, &mut out),
            Provider::Anthropic => self.messages(data, &mut out),
            Provider::Openrouter => self.chat(data, &mut out),
        }
        out
    }

    /// The item of a delta that came before its start or after its end, if one did: something of the answer is lost.
    pub fn astray(&self) -> Option<&str> {
        self.astray.as_deref()
    }

    fn responses(&mut self, data: &Value, out: &mut Vec<Piece>) {
        let key = data["output_index"].to_string();
        let item = &data["item"];
        match data["type"].as_str().unwrap_or_default() {
            "response.output_item.added" => {
                let Some(kind) = kind(&item["type"]) else { return self.passed_over.push(key) };
                self.start(&key, kind, out);
                call(&key, item, "call_id", out);
            }
            "response.output_text.delta"
            | "response.refusal.delta"
            | "response.reasoning_summary_text.delta"
            | "response.reasoning_text.delta"
            | "response.function_call_arguments.delta" => self.delta(&key, &data["delta"], out),
            "response.output_item.done" => {
                let Some(kind) = kind(&item["type"]) else { return };
                if !self.is_open(&key) {
                    self.start(&key, kind, out);
                }
                call(&key, item, "call_id", out);
                self.done(&key, whole(item), out);
            }
            _ => {}
        }
    }

    fn messages(&mut self, data: &Value, out: &mut Vec<Piece>) {
        let key = data["index"].to_string();
        match data["type"].as_str().unwrap_or_default() {
            "content_block_start" => {
                let block = &data["content_block"];
                let Some(kind) = kind(&block["type"]) else { return self.passed_over.push(key) };
                self.start(&key, kind, out);
                call(&key, block, "id", out);
                self.delta(&key, &block["text"], out);
            }
            "content_block_delta" => {
                let delta = &data["delta"];
                for part in ["text", "thinking", "partial_json"] {
                    self.delta(&key, &delta[part], out);
                }
            }
            "content_block_stop" if self.is_open(&key) => self.done(&key, None, out),
            _ => {}
        }
    }

    fn chat(&mut self, data: &Value, out: &mut Vec<Piece>) {
        let choice = &data["choices"][0];
        let delta = &choice["delta"];
        let reasoning = if delta["reasoning_content"].is_string() { &delta["reasoning_content"] } else { &delta["reasoning"] };
        for (kind, text) in [("reasoning", reasoning), ("message", &delta["content"]), ("message", &delta["refusal"])] {
            if text.as_str().is_some_and(|text| !text.is_empty()) {
                let key = self.flow(kind, out);
                self.delta(&key, text, out);
            }
        }
        for fragment in delta["tool_calls"].as_array().into_iter().flatten() {
            let key = format!("call-{}", fragment["index"].as_u64().unwrap_or_default());
            if !self.is_open(&key) {
                self.end_text(out);
                self.start(&key, "function_call", out);
            }
            let part = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (id, name) = (part(&fragment["id"]), part(&fragment["function"]["name"]));
            if !(id.is_empty() && name.is_empty()) {
                out.push(Piece::Call { key: key.clone(), id, name });
            }
            self.delta(&key, &fragment["function"]["arguments"], out);
        }
        if choice["finish_reason"].is_string() {
            for (key, _) in std::mem::take(&mut self.open) {
                out.push(Piece::Done { key, whole: None });
            }
        }
    }

    /// The open text of this kind; another one ends where it begins.
    fn flow(&mut self, kind: &'static str, out: &mut Vec<Piece>) -> String {
        if let Some((key, _)) = self.open.iter().find(|(_, open)| *open == kind) {
            return key.clone();
        }
        self.end_text(out);
        self.count += 1;
        let key = format!("text-{}", self.count);
        self.start(&key, kind, out);
        key
    }

    fn end_text(&mut self, out: &mut Vec<Piece>) {
        let text: Vec<_> = self.open.iter().filter(|(_, kind)| *kind != "function_call").map(|(key, _)| key.clone()).collect();
        text.iter().for_each(|key| self.done(key, None, out));
    }

    fn is_open(&self, key: &str) -> bool {
        self.open.iter().any(|(open, _)| open == key)
    }

    fn start(&mut self, key: &str, kind: &'static str, out: &mut Vec<Piece>) {
        self.open.push((key.to_owned(), kind));
        out.push(Piece::Start { key: key.to_owned(), kind });
    }

    fn delta(&mut self, key: &str, text: &Value, out: &mut Vec<Piece>) {
        let Some(text) = text.as_str().filter(|text| !text.is_empty()) else { return };
        if self.is_open(key) {
            out.push(Piece::Delta { key: key.to_owned(), text: text.to_owned() });
        } else if !self.passed_over.iter().any(|passed| passed == key) {
            self.astray.get_or_insert_with(|| key.to_owned());
        }
    }

    fn done(&mut self, key: &str, whole: Option<String>, out: &mut Vec<Piece>) {
        self.open.retain(|(open, _)| open != key);
        out.push(Piece::Done { key: key.to_owned(), whole });
    }
}

fn kind(name: &Value) -> Option<&'static str> {
    Some(match name.as_str()? {
        "message" | "text" => "message",
        "reasoning" | "thinking" => "reasoning",
        "function_call" | "tool_use" => "function_call",
        _ => return None,
    })
}

fn call(key: &str, item: &Value, id: &str, out: &mut Vec<Piece>) {
    if let (Some(id), Some(name)) = (item[id].as_str(), item["name"].as_str()) {
        out.push(Piece::Call { key: key.to_owned(), id: id.to_owned(), name: name.to_owned() });
    }
}

/// All of a finished item of the Responses wire.
fn whole(item: &Value) -> Option<String> {
    let joined = |list: &Value| {
        list.as_array().map(|parts| parts.iter().filter_map(|part| part["text"].as_str().or(part["refusal"].as_str())).collect())
    };
    match item["type"].as_str()? {
        "function_call" => item["arguments"].as_str().map(str::to_owned),
        "reasoning" => joined(&item["content"]).filter(|text: &String| !text.is_empty()).or_else(|| joined(&item["summary"])),
        _ => joined(&item["content"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(provider: Provider, events: &[Value]) -> Vec<String> {
        let mut adapter = Adapter::new(provider);
        let piece = |piece| match piece {
            Piece::Start { key, kind } => format!("{key} {kind}"),
            Piece::Call { key, id, name } => format!("{key} = {id} {name}"),
            Piece::Delta { key, text } => format!("{key} + {text}"),
            Piece::Done { key, whole } => format!("{key} . {}", whole.unwrap_or_default()),
        };
        events.iter().flat_map(|event| adapter.pieces(event)).map(piece).collect()
    }

    #[test]
    fn on_chat_an_item_ends_where_another_kind_begins() {
        let delta = |delta: Value| json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]});
        let call = |index: u64, part: &str| {
            delta(json!({"tool_calls": [{"index": index, "id": format!("c{index}"), "function": {"name": "f", "arguments": part}}]}))
        };
        let events = [
            delta(json!({"reasoning": "hm"})),
            delta(json!({"content": "a"})),
            delta(json!({"content": "b"})),
            call(0, "{"),
            call(1, "["),
            json!({"choices": [{"delta": {}, "finish_reason": "stop"}]}),
        ];
        let expected = [
            "text-1 reasoning",
            "text-1 + hm",
            "text-1 . ",
            "text-2 message",
            "text-2 + a",
            "text-2 + b",
            "text-2 . ",
            "call-0 function_call",
            "call-0 = c0 f",
            "call-0 + {",
            "call-1 function_call",
            "call-1 = c1 f",
            "call-1 + [",
            "call-0 . ",
            "call-1 . ",
        ];
        assert_eq!(shown(Provider::Openrouter, &events), expected);
    }

    #[test]
    fn a_delta_of_an_item_that_is_not_open_is_astray() {
        let astray = |provider, events: &[Value]| {
            let mut adapter = Adapter::new(provider);
            events.iter().for_each(|event| drop(adapter.pieces(event)));
            adapter.astray().map(str::to_owned)
        };
        let start = |kind: &str| json!({"type": "content_block_start", "index": 0, "content_block": {"type": kind}});
        let delta = json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}});
        let stop = json!({"type": "content_block_stop", "index": 0});
        assert_eq!(astray(Provider::Anthropic, &[start("text"), delta.clone(), stop.clone()]), None);
        assert_eq!(astray(Provider::Anthropic, &[start("server_tool_use"), delta.clone(), stop.clone()]), None);
        assert_eq!(astray(Provider::Anthropic, &[delta.clone(), start("text")]).as_deref(), Some("0"));
        assert_eq!(astray(Provider::Anthropic, &[start("text"), stop, delta]).as_deref(), Some("0"));
        let delta = json!({"type": "response.output_text.delta", "output_index": 1, "delta": "a"});
        assert_eq!(astray(Provider::Openai, &[delta]).as_deref(), Some("1"));
    }

    #[test]
    fn blocks_and_output_items_are_items() {
        let events = [
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "t", "name": "f", "input": {}}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{}"}}),
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "late"}}),
        ];
        assert_eq!(shown(Provider::Anthropic, &events), ["0 function_call", "0 = t f", "0 + {}", "0 . "]);
        let events = [
            json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "message"}}),
            json!({"type": "response.output_text.delta", "output_index": 0, "delta": "a"}),
            json!({"type": "response.output_item.done", "output_index": 0, "item": {"type": "message", "content": [{"text": "ab"}]}}),
            json!({"type": "response.output_item.done", "output_index": 1, "item": {"type": "message", "content": []}}),
        ];
        assert_eq!(shown(Provider::Openai, &events), ["0 message", "0 + a", "0 . ab", "1 message", "1 . "]);
    }
}
