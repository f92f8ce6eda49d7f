//! Plain HTTP requests of steps: `http`, and `probe: {http}`.
//!
//! Owns: filling them in, recording them, what no answer means.
//! Must not know: sockets; how often a probe asks.

use super::minted;
use super::stage::Stage;
use super::steps::{fill, suite_fault, unless_expected};
use crate::model::step::{HttpCall, Step};
use crate::model::template::printed;
use crate::model::trace::{Blame, Cause, StepError, What};
use crate::transports::plain::{self, NoAnswer, PlainRequest};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// The step `http`: asks once. No answer fails the step, unless its `expect` names `error`.
pub async fn http(stage: &Stage, step: &Step, call: &HttpCall) -> Result<Value, StepError> {
    let request = request(stage, step, call)?;
    record(stage, &request);
    let value = ask(&request, step.within).await?;
    minted::hide(&value["body"], &stage.recorder);
    stage.recorder.push(What::Probe { label: label(stage, step), value: value.clone() });
    let of_agent = stage.agent_url().and_then(|base| plain::url(Some(base), "").ok()).is_some_and(|base| request.url.starts_with(&base));
    match unless_expected(step, &["error"], unanswered(&request, &value)) {
        Err(error) if of_agent => Err(nobody_there(stage, &value, error).await),
        Err(error) => Err(error),
        Ok(()) => {
            if of_agent && value.get("status").is_some() {
                stage.conversation.has_answered();
            }
            Ok(value)
        }
    }
}

/// An agent that was never there has not failed. One that was, and whose process has ended, has.
async fn nobody_there(stage: &Stage, value: &Value, error: StepError) -> StepError {
    match stage.conversation.process_end().await {
        Some(how) => StepError { message: format!("{}; {how}", error.message), ..error },
        None if value["error"]["code"] == "refused" && !stage.was_reached() => StepError {
            cause: Cause::Broken(Blame::AgentStart),
            message: format!("the agent cannot be reached: {}", error.message),
            ..error
        },
        None => error,
    }
}

/// What is known of a probe or a request is `$.probes.<label>`; without a label it is the number of its step.
pub fn label(stage: &Stage, step: &Step) -> String {
    step.label.clone().unwrap_or_else(|| stage.current.load(std::sync::atomic::Ordering::Relaxed).to_string())
}

/// The message for a request that nobody answered.
pub fn unanswered(request: &PlainRequest, value: &Value) -> Option<String> {
    let message = value.get("error")?.get("message")?.as_str()?;
    Some(format!("{} {} got no answer: {message}", request.method, request.url))
}

/// `{status, headers, body}`, or `{error: {code, message}}` where nobody answered.
pub async fn ask(request: &PlainRequest, within: Duration) -> Result<Value, StepError> {
    match plain::ask(request, within).await {
        Ok(answer) => Ok(answer),
        Err(NoAnswer::Failed { code, message }) => Ok(plain::no_answer(code, &message)),
        Err(NoAnswer::Unsendable(why)) => Err(suite_fault(format!("the request cannot be sent: {why}"))),
    }
}

pub fn record(stage: &Stage, request: &PlainRequest) {
    let PlainRequest { method, url, headers, body } = request.clone();
    stage.recorder.push(What::Asked { method, url, headers, body });
}

/// The request with everything inserted that is known now.
pub fn request(stage: &Stage, step: &Step, call: &HttpCall) -> Result<PlainRequest, StepError> {
    let text = |node: &Option<std::sync::Arc<crate::model::tree::Node>>, what: &str| match node {
        Some(node) => printed(&fill(stage, step, node)?, what).map(Some).map_err(suite_fault),
        None => Ok(None),
    };
    let method = text(&call.method, "method")?.unwrap_or_else(|| "GET".to_owned());
    let path = text(&call.path, "path")?.unwrap_or_default();
    let url = plain::url(stage.agent_url(), &path).map_err(suite_fault)?;
    let mut headers = BTreeMap::new();
    for (name, node) in &call.headers {
        let value = fill(stage, step, node)?;
        // An optional `{{x?}}` that is missing leaves the header out.
        if !value.is_null() {
            headers.insert(name.to_lowercase(), printed(&value, name).map_err(suite_fault)?);
        }
    }
    let body = match &call.body {
        Some(node) => fill(stage, step, node)?,
        None => Value::Null,
    };
    Ok(PlainRequest { method, url, headers, body })
}
