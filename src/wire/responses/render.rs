//! A scripted reply on the Responses wire.
//!
//! Owns: the order of the events of items, ids and sequence numbers.
//! Must not know: sockets, who asked, templates.

use super::asked::Asked;
use super::ending::{End, write_lifecycle};
use super::event::{Channel, ItemEvent};
use super::item::{Content, Item, Role, Status};
use super::object::{Keepalive, ResponseObject};
use crate::wire::cut::deltas;
use crate::wire::script::{Pace, Part, Reasoning, Usage, call_id as call_id_for};
use crate::wire::stream::{EventWriter, Rendered, Step};

/// The reply to one request: an event stream if it asked for one, otherwise the same response as one document.
pub fn render(parts: &[Part], asked: &Asked, pace: Pace) -> Rendered {
    let mut writer = Writer::new(asked, pace);
    writer.lifecycle("response.created", &ResponseObject::begun(&writer.id.clone()));
    writer.lifecycle("response.in_progress", &ResponseObject::begun(&writer.id.clone()));
    for part in parts {
        if let Some(end) = writer.part(part) {
            return writer.end(end);
        }
    }
    writer.close_message();
    let end = writer.stop.take().map_or(End::Completed, End::Incomplete);
    writer.end(end)
}

/// A response in the making.
pub(super) struct Writer<'a> {
    pub(super) asked: &'a Asked,
    pub(super) pace: Pace,
    pub(super) id: String,
    pub(super) out: EventWriter,
    /// Of a reply that is no stream: its delays and gates.
    pub(super) waits: Vec<Step>,
    sequence: u64,
    /// The items that are done.
    pub(super) items: Vec<Item>,
    /// The message that further text goes on with; it stands after the items that are done.
    open: Option<OpenMessage>,
    calls: usize,
    pub(super) usage: Usage,
    /// The reason for which the response is incomplete.
    stop: Option<&'a str>,
}

struct OpenMessage {
    id: String,
    channel: Channel,
    text: String,
}

impl<'a> Writer<'a> {
    fn new(asked: &'a Asked, pace: Pace) -> Writer<'a> {
        Writer {
            asked,
            pace,
            id: format!("resp_{:04}", asked.nth),
            out: EventWriter::new(pace),
            waits: Vec::new(),
            sequence: 0,
            items: Vec::new(),
            open: None,
            calls: 0,
            usage: Usage::default(),
            stop: None,
        }
    }

    /// Plays one part; gives what ends the response early.
    fn part(&mut self, part: &'a Part) -> Option<End<'a>> {
        match part {
            Part::Text(text) | Part::Audio { transcript: text, .. } => self.text(text, Channel::Text),
            Part::Message(text) => {
                self.close_message();
                self.text(text, Channel::Text);
            }
            Part::Refusal(text) => {
                self.close_message();
                self.text(text, Channel::Refusal);
            }
            Part::Reasoning(reasoning) => self.reasoning(reasoning),
            Part::ToolCall { name, arguments, id } => self.call(name, arguments, id.as_deref()),
            Part::McpCall(call) => self.mcp_call(call),
            Part::Usage(usage) => self.usage = *usage,
            Part::Stop(reason) => self.stop = incomplete_reason(reason),
            Part::Delay(time) => self.wait(Step::Delay(*time)),
            Part::Gate(gate) => self.wait(Step::Gate(gate.clone())),
            Part::Ping | Part::Comment(_) | Part::Raw(_) | Part::Event(_) => self.between(part),
            Part::Error { message, code, kind, flat } => {
                return Some(End::Error { message, code: code.as_deref(), kind: kind.as_deref(), flat: *flat });
            }
            Part::Fail { message, code } => {
                return Some(End::Failed { message, code: code.as_deref().unwrap_or("server_error") });
            }
            Part::Abort(how) => return Some(End::Abort(*how)),
        }
        None
    }

    /// What stands between the events of a stream and has no place in a document.
    fn between(&mut self, part: &Part) {
        if !self.asked.stream {
            return;
        }
        match part {
            Part::Ping => {
                let sequence_number = self.next_number();
                self.out.event(Some("keepalive"), &Keepalive { kind: "keepalive", sequence_number });
            }
            Part::Comment(text) => self.out.comment(text),
            Part::Raw(bytes) => self.out.raw(bytes),
            Part::Event(event) => self.out.named_text_event(event.name.as_deref().or(event.kind.as_deref()), &event.data),
            _ => {}
        }
    }

    fn wait(&mut self, step: Step) {
        if self.asked.stream {
            self.out.wait(step);
        } else {
            self.waits.push(step);
        }
    }

    pub(super) fn item_id(&self, prefix: &str) -> String {
        format!("{prefix}_{:04}_{}", self.asked.nth, self.items.len())
    }

    fn text(&mut self, text: &str, channel: Channel) {
        if self.open.as_ref().is_some_and(|open| open.channel != channel) {
            self.close_message();
        }
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.open_message(channel),
        };
        self.deltas(text, channel, self.items.len(), &open.id);
        open.text.push_str(text);
        self.open = Some(open);
    }

    fn open_message(&mut self, channel: Channel) -> OpenMessage {
        let id = self.item_id("msg");
        let item = Item::Message { id: id.clone(), status: Status::InProgress, role: Role::Assistant, content: vec![] };
        self.item("response.output_item.added", &item);
        self.content(channel.part_added(), channel, &id, String::new());
        OpenMessage { id, channel, text: String::new() }
    }

    /// Ends the open message, if there is one. An incomplete response ends in an incomplete message.
    pub(super) fn close_message(&mut self) {
        let Some(OpenMessage { id, channel, text }) = self.open.take() else { return };
        let status = if self.stop.is_some() { Status::Incomplete } else { Status::Completed };
        self.done_text(channel, &id, &text);
        let part = channel.content(text);
        self.part_event(channel.part_done(), channel, &id, &part);
        self.finish_item(Item::Message { id, status, role: Role::Assistant, content: vec![part] });
    }

    fn reasoning(&mut self, reasoning: &Reasoning) {
        self.close_message();
        let id = self.item_id("rs");
        let encrypted = self.asked.encrypted_reasoning.then(|| reasoning.encrypted.clone().unwrap_or_else(|| format!("encrypted_{id}")));
        let mut summary = Vec::new();
        let begun = Item::Reasoning { id: id.clone(), summary: vec![], encrypted_content: encrypted.clone() };
        self.item("response.output_item.added", &begun);
        if let Some(text) = reasoning.shown() {
            self.content(Channel::Summary.part_added(), Channel::Summary, &id, String::new());
            self.deltas(text, Channel::Summary, self.items.len(), &id);
            self.done_text(Channel::Summary, &id, text);
            let part = Channel::Summary.content(text.to_owned());
            self.part_event(Channel::Summary.part_done(), Channel::Summary, &id, &part);
            summary.push(part);
        }
        self.finish_item(Item::Reasoning { id, summary, encrypted_content: encrypted });
    }

    fn call(&mut self, name: &str, arguments: &str, call_id: Option<&str>) {
        self.close_message();
        let id = self.item_id("fc");
        let call_id = call_id.map_or_else(|| call_id_for(self.asked.nth, self.calls), str::to_owned);
        self.calls += 1;
        let item = |status, arguments: &str| Item::FunctionCall {
            id: id.clone(),
            status,
            call_id: call_id.clone(),
            name: name.to_owned(),
            arguments: arguments.to_owned(),
        };
        self.item("response.output_item.added", &item(Status::InProgress, ""));
        self.deltas(arguments, Channel::Arguments, self.items.len(), &id);
        let mut done = Channel::Arguments.event(Channel::Arguments.done(), self.items.len(), &id);
        (done.name, done.arguments) = (Some(name), Some(arguments));
        self.event(done);
        self.finish_item(item(Status::Completed, arguments));
    }

    pub(super) fn deltas(&mut self, text: &str, channel: Channel, index: usize, id: &str) {
        if !self.asked.stream {
            return;
        }
        for delta in deltas(text, self.pace.delta) {
            let mut event = channel.event(channel.delta(), index, id);
            event.delta = Some(delta);
            event.logprobs = (channel == Channel::Text).then_some([]);
            self.event(event);
        }
    }

    fn done_text(&mut self, channel: Channel, id: &str, text: &str) {
        let mut event = channel.event(channel.done(), self.items.len(), id);
        if channel == Channel::Refusal {
            event.refusal = Some(text);
        } else {
            event.text = Some(text);
        }
        event.logprobs = (channel == Channel::Text).then_some([]);
        self.event(event);
    }

    fn content(&mut self, kind: &'static str, channel: Channel, id: &str, text: String) {
        let part = channel.content(text);
        self.part_event(kind, channel, id, &part);
    }

    fn part_event(&mut self, kind: &'static str, channel: Channel, id: &str, part: &Content) {
        let mut event = channel.event(kind, self.items.len(), id);
        event.part = Some(part);
        self.event(event);
    }

    pub(super) fn item(&mut self, kind: &'static str, item: &Item) {
        let mut event = ItemEvent::new(kind, self.items.len());
        event.item = Some(item);
        self.event(event);
    }

    pub(super) fn finish_item(&mut self, item: Item) {
        self.item("response.output_item.done", &item);
        self.items.push(item);
    }

    pub(super) fn event(&mut self, mut event: ItemEvent<'_>) {
        if self.asked.stream {
            event.sequence_number = self.next_number();
            self.out.event(Some(event.kind), &event);
        }
    }

    pub(super) fn next_number(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence - 1
    }

    fn lifecycle(&mut self, kind: &'static str, object: &ResponseObject<'_>) {
        if self.asked.stream {
            let number = self.next_number();
            write_lifecycle(&mut self.out.bytes, kind, number, object, self.asked);
            self.out.event_ended();
        }
    }
}

/// The reason in this wire's words; `None` if the reason is that the response was complete.
fn incomplete_reason(reason: &str) -> Option<&str> {
    match reason {
        "stop" | "completed" | "end_turn" | "tool_calls" | "tool_use" | "stop_sequence" => None,
        "length" | "max_tokens" | "model_context_window_exceeded" => Some("max_output_tokens"),
        "refusal" => Some("content_filter"),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests;
