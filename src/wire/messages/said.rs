//! What holds for a reply as a whole, known before its first byte.
//!
//! Owns: usage, the reason why it stopped, what breaks it off.
//! Must not know: blocks, events.

use super::asked::Asked;
use super::error::{ErrorObject, kind_for};
use super::message::{Stop, StopDetails};
use crate::model::fake::Abort;
use crate::wire::script::{Part, Usage};

pub(super) struct Said<'a> {
    pub usage: Usage,
    pub stop: Stop<'a>,
    /// An `error` or a `fail`: this wire knows no difference.
    pub error: Option<ErrorObject<'a>>,
    pub abort: Option<Abort>,
}

/// What ends a reply early; nothing after it is sent.
pub(super) fn ends(part: &Part) -> bool {
    matches!(part, Part::Error { .. } | Part::Fail { .. } | Part::Abort(_))
}

impl<'a> Said<'a> {
    pub fn gather(parts: &'a [Part], asked: &'a Asked) -> Said<'a> {
        let (mut usage, mut reason, mut stop, mut refusal) = (Usage::default(), "end_turn", None, None);
        let (mut error, mut abort) = (None, None);
        for part in parts {
            match part {
                Part::Usage(given) => usage = *given,
                Part::Stop(given) => stop = Some(stop_reason(given)),
                Part::ToolCall { .. } => reason = "tool_use",
                Part::Refusal(text) => refusal = Some(text.as_str()),
                Part::Error { message, code, kind, .. } => {
                    error = Some(ErrorObject { kind: kind_for(kind.as_deref(), code.as_deref()), message });
                    break;
                }
                Part::Fail { message, code } => {
                    error = Some(ErrorObject { kind: kind_for(None, code.as_deref()), message });
                    break;
                }
                Part::Abort(how) => {
                    abort = Some(*how);
                    break;
                }
                _ => {}
            }
        }
        let stop_reason = stop.unwrap_or(if refusal.is_some() { "refusal" } else { reason });
        let details = || StopDetails { category: None, explanation: refusal.filter(|text| !text.is_empty()) };
        let stop = Stop {
            stop_reason,
            stop_sequence: asked.stop_sequence.as_deref().filter(|_| stop_reason == "stop_sequence"),
            stop_details: (stop_reason == "refusal").then(details),
            container: None,
        };
        Said { usage, stop, error, abort }
    }
}

/// The reason in this wire's words.
fn stop_reason(reason: &str) -> &str {
    match reason {
        "stop" | "completed" => "end_turn",
        "length" | "max_output_tokens" => "max_tokens",
        "tool_calls" => "tool_use",
        "content_filter" => "refusal",
        other => other,
    }
}
