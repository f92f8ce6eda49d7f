//! A scripted reply on the Messages wire that is no stream.
//!
//! Owns: its blocks.
//! Must not know: sockets, who asked, templates.

use super::asked::Asked;
use super::block::{Block, Input, ResultText};
use super::error::{ErrorBody, request_id, status_for};
use super::message::{Message, Usage};
use super::said::{Said, ends};
use crate::wire::script::{McpCall, Part, Reasoning};
use crate::wire::stream::{Rendered, Step, document};
use std::borrow::Cow;

pub(super) fn whole(parts: &[Part], said: &Said<'_>, asked: &Asked) -> Rendered {
    let parts = parts.iter().take_while(|part| !ends(part));
    let waits = parts.clone().filter_map(wait).collect();
    if let Some(error) = said.error {
        let body = ErrorBody { error, request_id: &request_id(asked.nth) };
        return document(status_for(error.kind), &body, waits, None);
    }
    let mut blocks = Blocks { asked, blocks: Vec::new(), open: false, calls: 0, thoughts: 0 };
    parts.for_each(|part| blocks.part(part));
    document(200, &Message::new(asked, &blocks.blocks, Some(said.stop), Usage::of(said.usage)), waits, said.abort)
}

fn wait(part: &Part) -> Option<Step> {
    match part {
        Part::Delay(time) => Some(Step::Delay(*time)),
        Part::Gate(gate) => Some(Step::Gate(gate.clone())),
        _ => None,
    }
}

struct Blocks<'a> {
    asked: &'a Asked,
    blocks: Vec<Block<'a>>,
    /// Further text goes on with the last block.
    open: bool,
    calls: usize,
    thoughts: usize,
}

impl<'a> Blocks<'a> {
    fn part(&mut self, part: &'a Part) {
        match part {
            Part::Text(text) | Part::Audio { transcript: text, .. } => self.text(text),
            Part::Message(text) | Part::Refusal(text) => {
                self.open = false;
                self.text(text);
            }
            Part::Reasoning(reasoning) => self.reasoning(reasoning),
            Part::ToolCall { name, arguments, id } => {
                let id = self.asked.call_id("toolu", self.next_call(), id.as_ref());
                self.push(Block::ToolUse { id, name, input: Input::of(arguments) });
            }
            Part::McpCall(call) => self.mcp_call(call),
            _ => {}
        }
    }

    fn push(&mut self, block: Block<'a>) {
        self.open = false;
        self.blocks.push(block);
    }

    fn next_call(&mut self) -> usize {
        self.calls += 1;
        self.calls - 1
    }

    fn text(&mut self, more: &'a str) {
        match self.blocks.last_mut() {
            Some(Block::Text { text }) if self.open => text.to_mut().push_str(more),
            _ if more.is_empty() => {}
            _ => {
                self.blocks.push(Block::Text { text: Cow::Borrowed(more) });
                self.open = true;
            }
        }
    }

    fn reasoning(&mut self, reasoning: &'a Reasoning) {
        let block = match &reasoning.encrypted {
            Some(data) if reasoning.text.is_empty() => Block::RedactedThinking { data },
            _ => Block::Thinking {
                thinking: Cow::Borrowed(reasoning.shown().unwrap_or_default()),
                signature: signature(reasoning, self.asked, self.thoughts),
            },
        };
        self.thoughts += 1;
        self.push(block);
    }

    fn mcp_call(&mut self, call: &'a McpCall) {
        let id = self.asked.call_id("mcptoolu", self.next_call(), None);
        let input = Input::of(&call.arguments);
        self.push(Block::McpToolUse { id: id.clone(), name: &call.name, server_name: &call.server, input });
        self.push(mcp_result(id, call));
    }
}

pub(super) fn mcp_result(tool_use_id: String, call: &McpCall) -> Block<'_> {
    let (is_error, text) = match &call.result {
        Ok(text) => (false, text),
        Err(text) => (true, text),
    };
    Block::McpToolResult { tool_use_id, is_error, content: [ResultText { text }] }
}

/// The signature as written, or one made of the reply's place.
pub(super) fn signature<'a>(reasoning: &'a Reasoning, asked: &Asked, thought: usize) -> Cow<'a, str> {
    match reasoning.signature.as_deref().or(reasoning.encrypted.as_deref()) {
        Some(given) => Cow::Borrowed(given),
        None => Cow::Owned(format!("signature_{:04}_{thought}", asked.nth)),
    }
}
