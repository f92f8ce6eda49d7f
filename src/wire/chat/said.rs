//! What holds for a reply as a whole, whether or not it is streamed.
//!
//! Owns: usage, the finish reason, what breaks it off.
//! Must not know: chunks.

use crate::model::fake::Abort;
use crate::wire::provider_error::{ErrorBody, kind_for};
use crate::wire::script::{Part, Usage};

pub(super) struct Said<'a> {
    pub usage: Usage,
    pub finish: &'a str,
    /// The finish reason as the script says it.
    pub native: &'a str,
    /// An `error` or a `fail`: this wire knows no difference.
    pub error: Option<Failure<'a>>,
    pub abort: Option<Abort>,
}

#[derive(Clone, Copy)]
pub(super) struct Failure<'a> {
    pub message: &'a str,
    pub code: Option<&'a str>,
    kind: Option<&'a str>,
}

impl<'a> Failure<'a> {
    pub fn body(self) -> ErrorBody<'a> {
        ErrorBody::new(self.message, self.kind.unwrap_or(kind_for(self.code)), self.code)
    }
}

/// What ends a reply early; nothing after it is sent.
pub(super) fn ends(part: &Part) -> bool {
    matches!(part, Part::Error { .. } | Part::Fail { .. } | Part::Abort(_))
}

impl<'a> Said<'a> {
    pub fn gather(parts: &'a [Part]) -> Said<'a> {
        let mut said = Said { usage: Usage::default(), finish: "stop", native: "stop", error: None, abort: None };
        let mut stop = None;
        for part in parts {
            match part {
                Part::Usage(usage) => said.usage = *usage,
                Part::Stop(reason) => stop = Some(reason.as_str()),
                Part::ToolCall { .. } => (said.finish, said.native) = ("tool_calls", "tool_calls"),
                Part::Error { message, code, kind, .. } => {
                    said.error = Some(Failure { message, code: code.as_deref(), kind: kind.as_deref() });
                    break;
                }
                Part::Fail { message, code } => {
                    said.error = Some(Failure { message, code: code.as_deref().or(Some("server_error")), kind: None });
                    break;
                }
                Part::Abort(how) => {
                    said.abort = Some(*how);
                    break;
                }
                _ => {}
            }
        }
        if let Some(reason) = stop {
            (said.finish, said.native) = (finish_reason(reason), reason);
        }
        said
    }
}

/// The reason in this wire's words.
fn finish_reason(reason: &str) -> &str {
    match reason {
        "max_tokens" | "max_output_tokens" | "model_context_window_exceeded" => "length",
        "completed" | "end_turn" | "stop_sequence" => "stop",
        "tool_use" => "tool_calls",
        "refusal" => "content_filter",
        other => other,
    }
}
