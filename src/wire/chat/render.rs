//! A scripted reply on the chat completions wire, as a stream: OpenAI's, or OpenRouter's variant.
//!
//! Owns: the order of chunks, what ends a stream and how.
//! Must not know: sockets, who asked, templates.

use super::asked::Asked;
use super::chunk::{CallDelta, Chunk, ChunkChoice, ChunkDelta, ChunkUsage, FunctionDelta, Usage};
use super::document::whole;
use super::router::{PROCESSING, PROVIDER, ReasoningDetail, RouterError};
use super::said::{Failure, Said, ends};
use crate::wire::cut::deltas;
use crate::wire::responses::object::CREATED_AT;
use crate::wire::script::{Pace, Part, Reasoning};
use crate::wire::sse;
use crate::wire::stream::{EventWriter, Rendered, Step};

pub(super) const FINGERPRINT: &str = "fp_scripted";
pub(super) const TIER: &str = "default";

/// The reply to one request: chunks if it asked for a stream, otherwise one document.
pub fn render(parts: &[Part], asked: &Asked, pace: Pace) -> Rendered {
    let said = Said::gather(parts);
    if asked.stream { stream(parts, &said, asked, pace) } else { whole(parts, &said, asked) }
}

fn stream(parts: &[Part], said: &Said<'_>, asked: &Asked, pace: Pace) -> Rendered {
    let id = asked.completion_id();
    let mut chunks = Chunks { asked, id, pace, out: EventWriter::new(pace), calls: 0, thoughts: 0 };
    if asked.is_router() {
        chunks.out.comment(PROCESSING);
        chunks.delta(ChunkDelta::default());
    } else {
        chunks.delta(ChunkDelta { role: Some("assistant"), content: Some(""), refusal: Some(None), ..ChunkDelta::default() });
    }
    parts.iter().take_while(|part| !ends(part)).for_each(|part| chunks.part(part));
    if let Some(error) = said.error {
        return chunks.failed(error);
    }
    let last = chunks.choice(ChunkDelta::default(), Some((said.finish, said.native)));
    if let Some(how) = said.abort {
        let Chunks { out, id, .. } = chunks;
        return out.abort(how, |bytes| sse::event(bytes, None, &chunk(asked, &id, &[last], ChunkUsage::NotAsked)));
    }
    chunks.choices(&[last], ChunkUsage::NotYet);
    if asked.is_router() {
        let empty = chunks.choice(ChunkDelta::default(), None);
        chunks.choices(&[empty], ChunkUsage::Known(Usage::with_cost(said.usage)));
    } else if asked.include_usage {
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
    thoughts: usize,
}

impl Chunks<'_> {
    fn part(&mut self, part: &Part) {
        match part {
            Part::Text(text) | Part::Message(text) | Part::Audio { transcript: text, .. } => {
                self.texts(text, |delta| ChunkDelta { content: Some(delta), ..ChunkDelta::default() });
            }
            Part::Refusal(text) => self.texts(text, |delta| ChunkDelta { refusal: Some(Some(delta)), ..ChunkDelta::default() }),
            Part::Reasoning(reasoning) => self.reasoning(reasoning),
            Part::ToolCall { name, arguments, id } => self.call(name, arguments, id.as_ref()),
            Part::Delay(time) => self.out.wait(Step::Delay(*time)),
            Part::Gate(gate) => self.out.wait(Step::Gate(gate.clone())),
            Part::Ping => self.out.comment(if self.asked.is_router() { PROCESSING } else { "ping" }),
            Part::Comment(text) => self.out.comment(text),
            Part::Raw(bytes) => self.out.raw(bytes),
            Part::Event(event) => self.out.named_text_event(event.name.as_deref(), &event.data),
            // This wire has no calls of the provider's own; who plays a script here sees to it that there are none.
            Part::McpCall(_) | Part::Usage(_) | Part::Stop(_) | Part::Error { .. } | Part::Fail { .. } | Part::Abort(_) => {}
        }
    }

    fn texts(&mut self, text: &str, delta: impl Fn(&str) -> ChunkDelta<'_>) {
        for text in deltas(text, self.pace.delta) {
            self.delta(delta(text));
        }
    }

    fn reasoning(&mut self, reasoning: &Reasoning) {
        let text = reasoning.shown().unwrap_or_default();
        if !self.asked.is_router() {
            self.texts(text, |delta| ChunkDelta { reasoning_content: Some(delta), ..ChunkDelta::default() });
            return;
        }
        let at = self.thoughts;
        self.thoughts += 1;
        self.texts(text, |delta| ChunkDelta {
            reasoning: Some(delta),
            reasoning_details: Some([ReasoningDetail::text(delta, at)]),
            ..ChunkDelta::default()
        });
        let signature = reasoning.signature.as_deref().map(|signature| ReasoningDetail::signature(signature, at));
        let encrypted = reasoning.encrypted.as_deref().map(|data| ReasoningDetail::encrypted(data, at));
        for detail in signature.into_iter().chain(encrypted) {
            self.delta(ChunkDelta { reasoning_details: Some([detail]), ..ChunkDelta::default() });
        }
    }

    fn call(&mut self, name: &str, arguments: &str, id: Option<&String>) {
        let index = self.calls;
        let id = self.asked.call_id(index, id);
        self.calls += 1;
        let function = FunctionDelta { name: Some(name), arguments: "" };
        let first = CallDelta { index, id: Some(&id), kind: Some("function"), function };
        self.delta(ChunkDelta { tool_calls: Some([first]), ..ChunkDelta::default() });
        for arguments in deltas(arguments, self.pace.delta) {
            let next = CallDelta { index, id: None, kind: None, function: FunctionDelta { name: None, arguments } };
            self.delta(ChunkDelta { tool_calls: Some([next]), ..ChunkDelta::default() });
        }
    }

    /// An error in the middle: OpenRouter's is a chunk like the others.
    fn failed(mut self, error: Failure<'_>) -> Rendered {
        if self.asked.is_router() {
            let choices = [self.choice(ChunkDelta::default(), Some(("error", "error")))];
            let chunk = chunk(self.asked, &self.id, &choices, ChunkUsage::NotAsked);
            self.out.event(None, &Chunk { error: Some(RouterError::of(error.message, error.code)), ..chunk });
        } else {
            self.out.event(None, &error.body());
        }
        self.out.finish()
    }

    fn delta(&mut self, delta: ChunkDelta<'_>) {
        let choice = self.choice(delta, None);
        self.choices(&[choice], ChunkUsage::NotYet);
    }

    /// OpenRouter says role and content on every delta.
    fn choice<'b>(&self, mut delta: ChunkDelta<'b>, finish: Option<(&'b str, &'b str)>) -> ChunkChoice<'b> {
        let router = self.asked.is_router();
        if router {
            delta.role = Some("assistant");
            delta.content = delta.content.or(Some(""));
        }
        let native_finish_reason = router.then_some(finish.map(|(_, native)| native));
        ChunkChoice { index: 0, delta, logprobs: None, finish_reason: finish.map(|(reason, _)| reason), native_finish_reason }
    }

    fn choices(&mut self, choices: &[ChunkChoice<'_>], usage: ChunkUsage) {
        let usage = match usage {
            ChunkUsage::NotYet if self.asked.is_router() || !self.asked.include_usage => ChunkUsage::NotAsked,
            usage => usage,
        };
        self.out.event(None, &chunk(self.asked, &self.id, choices, usage));
    }
}

fn chunk<'a>(asked: &'a Asked, id: &'a str, choices: &'a [ChunkChoice<'a>], usage: ChunkUsage) -> Chunk<'a> {
    let router = asked.is_router();
    Chunk {
        id,
        provider: router.then_some(PROVIDER),
        object: "chat.completion.chunk",
        created: CREATED_AT,
        model: &asked.model,
        service_tier: (!router).then_some(TIER),
        system_fingerprint: (!router).then_some(FINGERPRINT),
        choices,
        usage,
        error: None,
    }
}

#[cfg(test)]
mod tests;
