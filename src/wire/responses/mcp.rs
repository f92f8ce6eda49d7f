//! Calls of MCP tools that the provider runs itself.
//!
//! Owns: their events and their item.
//! Must not know: how other items come about.

use super::event::{Channel, ItemEvent};
use super::item::{Item, McpError, McpErrorText, Status};
use super::render::Writer;
use crate::wire::script::McpCall;

impl Writer<'_> {
    pub(super) fn mcp_call(&mut self, call: &McpCall) {
        self.close_message();
        let (id, index) = (self.item_id("mcp"), self.items.len());
        self.item("response.output_item.added", &item(&id, call, None));
        self.stage("response.mcp_call.in_progress", index, &id);
        self.deltas(&call.arguments, Channel::McpArguments, index, &id);
        let mut done = Channel::McpArguments.event(Channel::McpArguments.done(), index, &id);
        done.arguments = Some(&call.arguments);
        self.event(done);
        self.stage(if call.result.is_ok() { "response.mcp_call.completed" } else { "response.mcp_call.failed" }, index, &id);
        self.finish_item(item(&id, call, Some(&call.result)));
    }

    /// An event that says how far the call is.
    fn stage(&mut self, kind: &'static str, index: usize, id: &str) {
        let mut event = ItemEvent::new(kind, index);
        event.item_id = Some(id);
        self.event(event);
    }
}

/// The item; without a result the call has only begun.
fn item(id: &str, call: &McpCall, result: Option<&Result<String, String>>) -> Item {
    let error = |text: &String| McpError { content: [McpErrorText { text: text.clone() }] };
    Item::McpCall {
        id: id.to_owned(),
        status: match result {
            None => Status::InProgress,
            Some(Ok(_)) => Status::Completed,
            Some(Err(_)) => Status::Failed,
        },
        server_label: call.server.clone(),
        name: call.name.clone(),
        arguments: if result.is_some() { call.arguments.clone() } else { String::new() },
        output: result.and_then(|result| result.as_ref().ok().cloned()),
        error: result.and_then(|result| result.as_ref().err().map(error)),
        approval_request_id: None,
    }
}
