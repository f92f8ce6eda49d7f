//! A scripted reply on the Messages wire, as a stream.
//!
//! Owns: the order of events, indices of blocks, what ends a stream and how.
//! Must not know: sockets, who asked, templates.

use super::asked::Asked;
use super::block::{Block, Delta, Input};
use super::document::{mcp_result, signature, whole};
use super::error::request_id;
use super::event::Event;
use super::message::{Message, Usage};
use super::said::{Said, ends};
use crate::wire::cut::deltas;
use crate::wire::script::{self, McpCall, Pace, Part, Reasoning};
use crate::wire::sse;
use crate::wire::stream::{EventWriter, Rendered, Step};
use std::borrow::Cow;

/// The reply to one request: an event stream if it asked for one, otherwise the same message as one document.
pub fn render(parts: &[Part], asked: &Asked, pace: Pace) -> Rendered {
    let said = Said::gather(parts, asked);
    if asked.stream { stream(parts, &said, asked, pace) } else { whole(parts, &said, asked) }
}

fn stream(parts: &[Part], said: &Said<'_>, asked: &Asked, pace: Pace) -> Rendered {
    let mut stream = Stream { asked, pace, out: EventWriter::new(pace), index: 0, open: false, calls: 0, thoughts: 0 };
    stream.event(&Event::MessageStart { message: &Message::new(asked, &[], None, Usage::begun(said.usage)) });
    parts.iter().take_while(|part| !ends(part)).for_each(|part| stream.part(part));
    if let Some(error) = said.error {
        stream.event(&Event::Error { error, request_id: request_id(asked.nth) });
        return stream.out.finish();
    }
    let last = Event::MessageDelta { delta: said.stop, usage: said.usage.into() };
    if let Some(how) = said.abort {
        return stream.out.abort(how, |bytes| sse::event(bytes, Some(last.name()), &last));
    }
    stream.close();
    stream.event(&last);
    stream.event(&Event::MessageStop {});
    stream.out.finish()
}

struct Stream<'a> {
    asked: &'a Asked,
    pace: Pace,
    out: EventWriter,
    /// Of the block that is open or comes next.
    index: usize,
    /// A text block is open, and further text goes on with it.
    open: bool,
    calls: usize,
    thoughts: usize,
}

impl Stream<'_> {
    fn part(&mut self, part: &Part) {
        match part {
            Part::Text(text) | Part::Audio { transcript: text, .. } => self.text(text),
            Part::Message(text) | Part::Refusal(text) => {
                self.close();
                self.text(text);
            }
            Part::Reasoning(reasoning) => self.reasoning(reasoning),
            Part::ToolCall { name, arguments, id } => {
                let id = self.asked.call_id("toolu", self.next_call(), id.as_ref());
                self.start(&Block::ToolUse { id, name, input: Input::begun() });
                self.input(arguments);
                self.stop();
            }
            Part::McpCall(call) => self.mcp_call(call),
            Part::Delay(time) => self.out.wait(Step::Delay(*time)),
            Part::Gate(gate) => self.out.wait(Step::Gate(gate.clone())),
            Part::Ping => self.event(&Event::Ping {}),
            Part::Comment(text) => self.out.comment(text),
            Part::Raw(bytes) => self.out.raw(bytes),
            Part::Event(event) => self.own_event(event),
            Part::Usage(_) | Part::Stop(_) | Part::Error { .. } | Part::Fail { .. } | Part::Abort(_) => {}
        }
    }

    /// This wire names all its events.
    fn own_event(&mut self, event: &script::Event) {
        self.out.named_text_event(event.name.as_deref().or(event.kind.as_deref()), &event.data);
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if !self.open {
            self.start(&Block::Text { text: Cow::Borrowed("") });
            self.open = true;
        }
        for text in deltas(text, self.pace.delta) {
            self.delta(Delta::Text { text });
        }
    }

    fn reasoning(&mut self, reasoning: &Reasoning) {
        match &reasoning.encrypted {
            Some(data) if reasoning.text.is_empty() => self.start(&Block::RedactedThinking { data }),
            _ => {
                self.start(&Block::Thinking { thinking: Cow::Borrowed(""), signature: Cow::Borrowed("") });
                for thinking in deltas(reasoning.shown().unwrap_or_default(), self.pace.delta) {
                    self.delta(Delta::Thinking { thinking });
                }
                let signature = signature(reasoning, self.asked, self.thoughts);
                self.delta(Delta::Signature { signature: &signature });
            }
        }
        self.thoughts += 1;
        self.stop();
    }

    fn mcp_call(&mut self, call: &McpCall) {
        let id = self.asked.call_id("mcptoolu", self.next_call(), None);
        self.start(&Block::McpToolUse { id: id.clone(), name: &call.name, server_name: &call.server, input: Input::begun() });
        self.input(&call.arguments);
        self.stop();
        self.start(&mcp_result(id, call));
        self.stop();
    }

    fn next_call(&mut self) -> usize {
        self.calls += 1;
        self.calls - 1
    }

    /// The first fragment of an input is empty; those of an empty object are no more than that.
    fn input(&mut self, arguments: &str) {
        self.delta(Delta::InputJson { partial_json: "" });
        if arguments != "{}" {
            for partial_json in deltas(arguments, self.pace.delta) {
                self.delta(Delta::InputJson { partial_json });
            }
        }
    }

    /// Begins a block. A ping comes after the beginning of the first one.
    fn start(&mut self, block: &Block<'_>) {
        self.close();
        self.event(&Event::ContentBlockStart { index: self.index, content_block: block });
        if self.index == 0 {
            self.event(&Event::Ping {});
        }
    }

    fn delta(&mut self, delta: Delta<'_>) {
        self.event(&Event::ContentBlockDelta { index: self.index, delta });
    }

    fn stop(&mut self) {
        self.event(&Event::ContentBlockStop { index: self.index });
        self.index += 1;
    }

    /// Ends the open text block, if there is one.
    fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            self.stop();
        }
    }

    fn event(&mut self, event: &Event<'_>) {
        self.out.event(Some(event.name()), event);
    }
}

#[cfg(test)]
mod tests;
