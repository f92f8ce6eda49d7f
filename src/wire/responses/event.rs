//! The events that belong to one output item.
//!
//! Owns: their names and fields.
//! Must not know: which of them a reply has.

use super::item::{Content, Item};
use serde::Serialize;

/// An event about the item at `output_index`. Every event has the fields that its kind has, and no others.
#[derive(Serialize)]
pub struct ItemEvent<'a> {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub sequence_number: u64,
    pub output_index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<&'a Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<&'a Content>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delta: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<[(); 0]>,
}

impl<'a> ItemEvent<'a> {
    /// An event with nothing but its place; `sequence_number` is given when it is written.
    pub fn new(kind: &'static str, output_index: usize) -> ItemEvent<'a> {
        ItemEvent {
            kind,
            sequence_number: 0,
            output_index,
            item_id: None,
            content_index: None,
            summary_index: None,
            item: None,
            part: None,
            delta: None,
            text: None,
            refusal: None,
            name: None,
            arguments: None,
            logprobs: None,
        }
    }
}

/// Which kind of text an item streams, and how its events are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    Text,
    Refusal,
    Summary,
    Arguments,
    /// Of a call that the provider runs itself.
    McpArguments,
}

impl Channel {
    pub fn part_added(self) -> &'static str {
        if self == Channel::Summary { "response.reasoning_summary_part.added" } else { "response.content_part.added" }
    }

    pub fn part_done(self) -> &'static str {
        if self == Channel::Summary { "response.reasoning_summary_part.done" } else { "response.content_part.done" }
    }

    pub fn delta(self) -> &'static str {
        match self {
            Channel::Text => "response.output_text.delta",
            Channel::Refusal => "response.refusal.delta",
            Channel::Summary => "response.reasoning_summary_text.delta",
            Channel::Arguments => "response.function_call_arguments.delta",
            Channel::McpArguments => "response.mcp_call_arguments.delta",
        }
    }

    pub fn done(self) -> &'static str {
        match self {
            Channel::Text => "response.output_text.done",
            Channel::Refusal => "response.refusal.done",
            Channel::Summary => "response.reasoning_summary_text.done",
            Channel::Arguments => "response.function_call_arguments.done",
            Channel::McpArguments => "response.mcp_call_arguments.done",
        }
    }

    /// An event of this channel with the indices that such events have.
    pub fn event<'a>(self, kind: &'static str, output_index: usize, item_id: &'a str) -> ItemEvent<'a> {
        let mut event = ItemEvent::new(kind, output_index);
        event.item_id = Some(item_id);
        match self {
            Channel::Text | Channel::Refusal => event.content_index = Some(0),
            Channel::Summary => event.summary_index = Some(0),
            Channel::Arguments | Channel::McpArguments => {}
        }
        event
    }

    /// A content part with this text; arguments are no part.
    pub fn content(self, text: String) -> Content {
        match self {
            Channel::Text | Channel::Arguments | Channel::McpArguments => Content::text(text),
            Channel::Refusal => Content::Refusal { refusal: text },
            Channel::Summary => Content::SummaryText { text },
        }
    }
}
