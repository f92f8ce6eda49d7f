//! Output items of the Responses wire and their content parts.
//!
//! Owns: their fields.
//! Must not know: in which order events announce them.

use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Item {
    Message {
        id: String,
        status: Status,
        role: Role,
        content: Vec<Content>,
    },
    Reasoning {
        id: String,
        summary: Vec<Content>,
        /// Only where the request asked for it.
        #[serde(skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<String>,
    },
    FunctionCall {
        id: String,
        status: Status,
        call_id: String,
        name: String,
        arguments: String,
    },
    /// A call that the provider runs itself.
    McpCall {
        id: String,
        status: Status,
        server_label: String,
        name: String,
        arguments: String,
        output: Option<String>,
        error: Option<McpError>,
        approval_request_id: Option<()>,
    },
}

/// How a tool that the provider runs failed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename = "mcp_tool_execution_error")]
pub struct McpError {
    pub content: [McpErrorText; 1],
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename = "text")]
pub struct McpErrorText {
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    OutputText { text: String, annotations: [(); 0], logprobs: [(); 0] },
    Refusal { refusal: String },
    SummaryText { text: String },
}

impl Content {
    pub fn text(text: String) -> Content {
        Content::OutputText { text, annotations: [], logprobs: [] }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    InProgress,
    Completed,
    Incomplete,
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Assistant,
}
