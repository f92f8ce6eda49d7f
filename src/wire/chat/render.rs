//! A scripted reply on the chat completions wire.
//!
//! Owns: the order of chunks, ids, the finish reason, what ends a stream and how.
//! Must not know: sockets, who asked, templates.

use super::asked::Asked;
use super::chunk::{CallDelta, Chunk, ChunkChoice, ChunkDelta, ChunkUsage, FunctionDelta};
use super::completion::{Call, Choice, Completion, Function, Message};
use crate::model::fake::Abort;
use crate::wire::cut::deltas;
use crate::wire::provider_error::{ErrorBody, kind_for, status_for};
use crate::wire::responses::object::CREATED_AT;
use crate::wire::script::{Pace, Part, Usage};
use crate::wire::sse;
use crate::wire::stream::{EventWriter, Rendered, Step, document};

const FINGERPRINT: &str = "fp_scripted";
const TIER: &str = "default";

/// The reply to one request: chunks if it asked for a stream, otherwise one document.
pub fn render(parts: &[Part], asked: &Asked, pace: Pace) -> Rendered {
    let said = Said::gather(parts);
    if asked.stream { stream(parts, &said, asked, pace) } else { whole(parts, &said, asked) }
}

/// What holds for the reply as a whole, whether or not it is streamed.
struct Said<'a> {
    usage: Usage,
    finish: &'a str,
    /// An `error` or a `fail`: this wire knows no difference.
    error: Option<ErrorBody<'a>>,
    abort: Option<Abort>,
}

impl<'a> Said<'a> {
    fn gather(parts: &'a [Part]) -> Said<'a> {
        let mut said = Said { usage: Usage::default(), finish: "stop", error: None, abort: None };
        let mut stop = None;
        for part in parts {
            match part {
                Part::Usage(usage) => said.usage = *usage,
                Part::Stop(reason) => stop = Some(finish_reason(reason)),
                Part::ToolCall { .. } => said.finish = "tool_calls",
                Part::Error { message, code, kind, .. } => {
                    let code = code.as_deref();
                    said.error = Some(ErrorBody::new(message, kind.as_deref().unwrap_or(kind_for(code)), code));
                    break;
                }
                Part::Fail { message, code } => {
                    let code = code.as_deref().or(Some("server_error"));
                    said.error = Some(ErrorBody::new(message, kind_for(code), code));
                    break;
                }
                Part::Abort(how) => {
                    said.abort = Some(*how);
                    break;
                }
                _ => {}
            }
        }
        said.finish = stop.unwrap_or(said.finish);
        said
    }
}

/// The reason in this wire's words.
fn finish_reason(reason: &str) -> &str {
    match reason {
        "max_tokens" | "max_output_tokens" => "length",
        "completed" | "end_turn" => "stop",
        "tool_use" => "tool_calls",
        other => other,
    }
}

fn completion_id(asked: &Asked) -> String {
    format!("chatcmpl-{:04}", asked.nth)
}

fn call_id(asked: &Asked, call: usize, id: Option<&String>) -> String {
    id.cloned().unwrap_or_else(|| crate::wire::script::call_id(asked.nth, call))
}

fn stream(parts: &[Part], said: &Said<'_>, asked: &Asked, pace: Pace) -> Rendered {
    let mut chunks = Chunks { asked, id: completion_id(asked), pace, out: EventWriter::new(pace), calls: 0 };
    chunks.delta(ChunkDelta { role: Some("assistant"), content: Some(""), refusal: Some(None), ..ChunkDelta::default() });
    for part in parts {
        match part {
            Part::Error { .. } | Part::Fail { .. } | Part::Abort(_) => break,
            part => chunks.part(part),
        }
    }
    if let Some(error) = &said.error {
        chunks.out.event(None, error);
        return chunks.out.finish();
    }
    let last = ChunkChoice { index: 0, delta: ChunkDelta::default(), logprobs: None, finish_reason: Some(said.finish) };
    if let Some(how) = said.abort {
        let Chunks { out, id, .. } = chunks;
        return out.abort(how, |bytes| sse::event(bytes, None, &chunk(asked, &id, &[last], ChunkUsage::NotAsked)));
    }
    chunks.choices(&[last], ChunkUsage::NotYet);
    if asked.include_usage {
        chunks.choices(&[], ChunkUsage::Known(said.usage.into()));
    }
    chunks.out.text_event("[DONE]");
    chunks.out.finish()
}

struct Chunks<'a> {
    asked: &'a Asked,
    id: String,
    pace: Pace,
    out: EventWriter,
    calls: usize,
}

impl Chunks<'_> {
    fn part(&mut self, part: &Part) {
        match part {
            Part::Text(text) | Part::Message(text) | Part::Audio { transcript: text, .. } => {
                self.texts(text, |delta| ChunkDelta { content: Some(delta), ..ChunkDelta::default() });
            }
            Part::Refusal(text) => self.texts(text, |delta| ChunkDelta { refusal: Some(Some(delta)), ..ChunkDelta::default() }),
            Part::Reasoning(text) => {
                self.texts(text, |delta| ChunkDelta { reasoning_content: Some(delta), ..ChunkDelta::default() });
            }
            Part::ToolCall { name, arguments, id } => self.call(name, arguments, id.as_ref()),
            Part::Delay(time) => self.out.wait(Step::Delay(*time)),
            Part::Gate(gate) => self.out.wait(Step::Gate(gate.clone())),
            Part::Comment(text) => self.out.comment(text),
            Part::Usage(_) | Part::Stop(_) | Part::Error { .. } | Part::Fail { .. } | Part::Abort(_) => {}
        }
    }

    fn texts(&mut self, text: &str, delta: impl Fn(&str) -> ChunkDelta<'_>) {
        for text in deltas(text, self.pace.delta) {
            self.delta(delta(text));
        }
    }

    fn call(&mut self, name: &str, arguments: &str, id: Option<&String>) {
        let index = self.calls;
        let id = call_id(self.asked, index, id);
        self.calls += 1;
        let function = FunctionDelta { name: Some(name), arguments: "" };
        let first = CallDelta { index, id: Some(&id), kind: Some("function"), function };
        self.delta(ChunkDelta { tool_calls: Some([first]), ..ChunkDelta::default() });
        for arguments in deltas(arguments, self.pace.delta) {
            let next = CallDelta { index, id: None, kind: None, function: FunctionDelta { name: None, arguments } };
            self.delta(ChunkDelta { tool_calls: Some([next]), ..ChunkDelta::default() });
        }
    }

    fn delta(&mut self, delta: ChunkDelta<'_>) {
        self.choices(&[ChunkChoice { index: 0, delta, logprobs: None, finish_reason: None }], ChunkUsage::NotYet);
    }

    fn choices(&mut self, choices: &[ChunkChoice<'_>], usage: ChunkUsage) {
        let usage = if self.asked.include_usage { usage } else { ChunkUsage::NotAsked };
        self.out.event(None, &chunk(self.asked, &self.id, choices, usage));
    }
}

fn chunk<'a>(asked: &'a Asked, id: &'a str, choices: &'a [ChunkChoice<'a>], usage: ChunkUsage) -> Chunk<'a> {
    Chunk {
        id,
        object: "chat.completion.chunk",
        created: CREATED_AT,
        model: &asked.model,
        service_tier: TIER,
        system_fingerprint: FINGERPRINT,
        choices,
        usage,
    }
}

fn whole(parts: &[Part], said: &Said<'_>, asked: &Asked) -> Rendered {
    let waits = waits(parts);
    if let Some(error) = &said.error {
        return document(status_for(error.error.code), error, waits, None);
    }
    let content = joined(parts, |part| match part {
        Part::Text(text) | Part::Message(text) | Part::Audio { transcript: text, .. } => Some(text),
        _ => None,
    });
    let refusal = joined(parts, |part| if let Part::Refusal(text) = part { Some(text) } else { None });
    let reasoning = joined(parts, |part| if let Part::Reasoning(text) = part { Some(text) } else { None });
    let mut calls = Vec::new();
    for part in parts {
        if let Part::ToolCall { name, arguments, id } = part {
            let id = call_id(asked, calls.len(), id.as_ref());
            calls.push(Call { id, kind: "function", function: Function { name, arguments } });
        }
    }
    let message = Message {
        role: "assistant",
        content: content.as_deref(),
        refusal: refusal.as_deref(),
        annotations: [],
        reasoning_content: reasoning.as_deref(),
        tool_calls: &calls,
    };
    let completion = Completion {
        id: &completion_id(asked),
        object: "chat.completion",
        created: CREATED_AT,
        model: &asked.model,
        choices: [Choice { index: 0, message, logprobs: None, finish_reason: said.finish }],
        usage: said.usage.into(),
        service_tier: TIER,
        system_fingerprint: FINGERPRINT,
    };
    document(200, &completion, waits, said.abort)
}

/// The delays and gates before whatever ends the reply.
fn waits(parts: &[Part]) -> Vec<Step> {
    let steps = parts.iter().map_while(|part| match part {
        Part::Error { .. } | Part::Fail { .. } | Part::Abort(_) => None,
        Part::Delay(time) => Some(Some(Step::Delay(*time))),
        Part::Gate(gate) => Some(Some(Step::Gate(gate.clone()))),
        _ => Some(None),
    });
    steps.flatten().collect()
}

fn joined(parts: &[Part], pick: impl Fn(&Part) -> Option<&String>) -> Option<String> {
    let mut texts = parts.iter().filter_map(pick).peekable();
    texts.peek()?;
    Some(texts.map(String::as_str).collect())
}

#[cfg(test)]
mod tests;
