//! The calls of a conversation that the client runs, handed to the `functions` fakes of its case.
//!
//! Owns: the way from a protocol's call to a fake and back.
//! Must not know: how a call is framed, which row answers it.

use super::harness::broken;
use crate::fakes::server::CaseFunctions;
use crate::model::protocol::ToolForm;
use crate::model::tool::{FunctionCall, FunctionResult};
use crate::model::trace::{Blame, Problem};
use crate::protocol::{Functions, offered};
use serde_json::Value;
use std::pin::Pin;

pub struct CaseCalls(pub CaseFunctions);

impl Functions for CaseCalls {
    fn has(&self, name: &str) -> bool {
        self.0.has(name)
    }

    fn run(&self, call: FunctionCall) -> Pin<Box<dyn Future<Output = FunctionResult> + Send + '_>> {
        Box::pin(async move { self.0.run(&call).await })
    }
}

/// `{{tools}}`, in the protocol's form.
pub fn tools(calls: &Option<CaseCalls>, form: ToolForm) -> Result<Option<Value>, Problem> {
    let Some(calls) = calls else { return Ok(None) };
    let tools = calls.0.tools().map_err(|reason| broken(Blame::Suite, "unfilled-reply", reason))?;
    Ok(Some(offered(form, tools.iter().map(|tool| (tool.name.as_str(), tool.description.as_deref(), &tool.schema)))))
}
