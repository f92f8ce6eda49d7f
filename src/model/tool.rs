//! Tools of a fake: `mcp` serves them, `functions` are run by the client.
//!
//! Owns: rows, their answers and gates, as read.
//! Must not know: how a tool is called, which row answers.

use super::pattern::Pattern;
use super::tree::Node;
use crate::base::Span;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// One row of a tool of an `mcp` or `functions` fake. Rows of one name are one tool: the first row whose `when` holds answers.
#[derive(Clone, Debug)]
pub struct ToolRow {
    pub span: Span,
    pub name: String,
    /// For the model. Only one row of a name has it.
    pub description: Option<String>,
    /// The JSON Schema of the arguments. Only one row of a name has it.
    pub schema: Option<Arc<Node>>,
    /// Over the arguments; every call of this name if not given.
    pub when: Option<Pattern>,
    /// One, or a list given in turn.
    pub answers: Vec<ToolAnswer>,
    /// True if a list was written: such a sequence must be used up.
    pub sequence: bool,
    /// The tool is offered once this gate is released. Only one row of a name has it.
    pub appears: Option<String>,
}

impl ToolRow {
    /// The gates at which its answers wait, or at which the tool appears.
    pub fn gates(&self) -> impl Iterator<Item = &str> {
        self.answers.iter().filter_map(|answer| answer.gate.as_deref()).chain(self.appears.as_deref())
    }
}

#[derive(Clone, Debug)]
pub struct ToolAnswer {
    pub span: Span,
    pub outcome: ToolOutcome,
    pub delay: Duration,
    /// Waits until a step releases it.
    pub gate: Option<String>,
}

/// Values may hold templates that are known from the start.
#[derive(Clone, Debug)]
pub enum ToolOutcome {
    Result(Arc<Node>),
    /// The tool ran and failed; the model sees this.
    Error(Arc<Node>),
    /// The request itself fails, `{code, message, data}`; of `mcp` only.
    RpcError(Arc<Node>),
}

/// A call of a tool that the client runs.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionCall {
    pub id: Value,
    pub name: String,
    pub args: Value,
}

/// What such a call returned.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionResult {
    pub value: Value,
    /// It ran and failed.
    pub failed: bool,
}
