//! An answer with its templates filled.
//!
//! Owns: the values of an answer, and what is said if they cannot be had.
//! Must not know: how an answer reaches the caller.

use crate::model::template::Scope;
use crate::model::tool::{ToolAnswer, ToolOutcome};
use crate::model::trace::{Blame, Problem};
use serde_json::Value;

/// What a call is answered with.
#[derive(Clone, Debug, PartialEq)]
pub enum Filled {
    Result(Value),
    Error(Value),
    RpcError(Value),
}

/// Fills an answer; `rule` says which one, for messages. A value that is an optional hole without a value is null.
pub fn fill(answer: &ToolAnswer, rule: &str, fake: &str, scope: &dyn Scope) -> Result<Filled, Problem> {
    let (node, make): (_, fn(Value) -> Filled) = match &answer.outcome {
        ToolOutcome::Result(node) => (node, Filled::Result),
        ToolOutcome::Error(node) => (node, Filled::Error),
        ToolOutcome::RpcError(node) => (node, Filled::RpcError),
    };
    node.fill(scope).map(|value| make(value.unwrap_or(Value::Null))).map_err(|unfilled| Problem {
        blame: Some(Blame::Suite),
        code: "unfilled-reply".to_owned(),
        message: format!("{rule} of `{fake}` cannot be sent: {}", unfilled.reason),
        details: vec![],
    })
}
