//! A scripted reply on the chat completions wire that is no stream.
//!
//! Owns: its one message.
//! Must not know: sockets, who asked, templates.

use super::asked::Asked;
use super::chunk::Usage;
use super::completion::{Call, Choice, Completion, Function, Message};
use super::render::{FINGERPRINT, TIER};
use super::router::{PROVIDER, ReasoningDetail, RouterError, RouterErrorBody};
use super::said::{Failure, Said, ends};
use crate::wire::provider_error::status_for;
use crate::wire::responses::object::CREATED_AT;
use crate::wire::script::{Part, Reasoning};
use crate::wire::stream::{Rendered, Step, document};

pub(super) fn whole(parts: &[Part], said: &Said<'_>, asked: &Asked) -> Rendered {
    let end = parts.iter().position(ends).unwrap_or(parts.len());
    let parts = &parts[..end];
    let waits = parts.iter().filter_map(wait).collect();
    if let Some(error) = said.error {
        return refused(error, asked, waits);
    }
    let router = asked.is_router();
    let content = joined(parts, |part| match part {
        Part::Text(text) | Part::Message(text) | Part::Audio { transcript: text, .. } => Some(text),
        _ => None,
    });
    let refusal = joined(parts, |part| if let Part::Refusal(text) = part { Some(text) } else { None });
    let reasoning = joined(parts, |part| if let Part::Reasoning(reasoning) = part { reasoning.shown() } else { None });
    let details = if router { details(parts) } else { Vec::new() };
    let calls = calls(parts, asked);
    let message = Message {
        role: "assistant",
        content: content.as_deref(),
        refusal: refusal.as_deref(),
        annotations: (!router).then_some([]),
        reasoning_content: reasoning.as_deref().filter(|_| !router),
        reasoning: router.then_some(reasoning.as_deref()),
        reasoning_details: &details,
        tool_calls: &calls,
    };
    let native_finish_reason = router.then_some(said.native);
    let completion = Completion {
        id: &asked.completion_id(),
        provider: router.then_some(PROVIDER),
        object: "chat.completion",
        created: CREATED_AT,
        model: &asked.model,
        choices: [Choice { index: 0, message, logprobs: None, finish_reason: said.finish, native_finish_reason }],
        usage: if router { Usage::with_cost(said.usage) } else { said.usage.into() },
        service_tier: (!router).then_some(TIER),
        system_fingerprint: (!router).then_some(FINGERPRINT),
    };
    document(200, &completion, waits, said.abort)
}

fn refused(error: Failure<'_>, asked: &Asked, waits: Vec<Step>) -> Rendered {
    if asked.is_router() {
        let error = RouterError::of(error.message, error.code);
        return document(error.code, &RouterErrorBody { error }, waits, None);
    }
    document(status_for(error.code), &error.body(), waits, None)
}

fn calls<'a>(parts: &'a [Part], asked: &Asked) -> Vec<Call<'a>> {
    let mut calls = Vec::new();
    for part in parts {
        if let Part::ToolCall { name, arguments, id } = part {
            let id = asked.call_id(calls.len(), id.as_ref());
            calls.push(Call { id, kind: "function", function: Function { name, arguments } });
        }
    }
    calls
}

fn details(parts: &[Part]) -> Vec<ReasoningDetail<'_>> {
    let thoughts = parts.iter().filter_map(|part| if let Part::Reasoning(reasoning) = part { Some(reasoning) } else { None });
    thoughts.enumerate().flat_map(|(at, reasoning): (usize, &Reasoning)| ReasoningDetail::all(reasoning, at)).collect()
}

fn wait(part: &Part) -> Option<Step> {
    match part {
        Part::Delay(time) => Some(Step::Delay(*time)),
        Part::Gate(gate) => Some(Step::Gate(gate.clone())),
        _ => None,
    }
}

fn joined<'a, T: AsRef<str> + ?Sized + 'a>(parts: &'a [Part], pick: impl Fn(&'a Part) -> Option<&'a T>) -> Option<String> {
    let mut texts = parts.iter().filter_map(pick).peekable();
    texts.peek()?;
    Some(texts.map(AsRef::as_ref).collect())
}
