//! Checks on what was said: the reply to the user, and what was delivered to the model.
//!
//! Owns: which reply is meant, where the bytes for the model are looked for.
//! Must not know: how messages are built.

use super::lists::unknown;
use super::look::Look;
use super::said::{Hunt, Said, cut, failure};
use crate::matching::{describe, value};
use crate::model::expect::CheckKind;
use crate::model::fake::FakeKind;
use crate::model::outcome::Failure;
use crate::model::pattern::Pattern;
use crate::model::trace::What;
use serde_json::Value;

pub(crate) fn expect(kind: &CheckKind, look: &Look<'_, '_>) -> Said {
    match kind {
        CheckKind::Reply(pattern) => reply(pattern, look),
        CheckKind::Delivered(pattern) => delivered(pattern, look),
        other => unknown(other),
    }
}

/// `reply` here means the reply of every turn.
pub(crate) fn never(kind: &CheckKind, look: &Look<'_, '_>) -> Said {
    match kind {
        CheckKind::Reply(pattern) => no_reply(pattern, look),
        CheckKind::Delivered(pattern) => match delivered(pattern, look) {
            Said::Holds => Said::fails("what must never be delivered to the model was delivered"),
            Said::Fails(_) => Said::Holds,
            said => said,
        },
        other => unknown(other),
    }
}

fn reply(pattern: &Pattern, look: &Look<'_, '_>) -> Said {
    let turn = match look.reply_turn() {
        Ok(turn) => turn,
        Err(reason) => return Said::fails(format!("there is no reply to check: {reason}")),
    };
    let text = turn.messages.reply();
    let value = text.map(Value::from);
    match (Said::of("the reply", value::test(pattern, value.as_ref(), &look.scope)), text) {
        (Said::Fails(failure), Some(text)) => {
            let details = vec![format!("reply of {}: {}", turn.shown(), cut(text))];
            Said::Fails(Failure { details, ..failure })
        }
        (Said::Fails(failure), None) => {
            let ended = turn.status().map_or_else(|| "it did not end".to_owned(), |status| format!("it ended as `{status}`"));
            let message = format!("there is no reply: {} said nothing ({ended}); expected {}", turn.shown(), failure.expected);
            Said::Fails(Failure { message, actual: "no reply".to_owned(), ..failure })
        }
        (said, _) => said,
    }
}

fn no_reply(pattern: &Pattern, look: &Look<'_, '_>) -> Said {
    let mut hunt = Hunt::default();
    for turn in look.turns() {
        let text = turn.messages.reply();
        let value = text.map(Value::from);
        let found = || Failure {
            message: format!("the reply of {} is one that must never be: {}", turn.shown(), cut(text.unwrap_or("no reply"))),
            expected: format!("a reply that is not {}", describe::pattern(pattern)),
            actual: cut(text.unwrap_or("no reply")),
            details: vec![],
        };
        if let Some(said) = hunt.take(pattern, value.as_ref(), &look.scope, found) {
            return said;
        }
    }
    hunt.end()
}

/// Some request to a model fake holds it: in its body, JSON inside texts looked into, or in its raw bytes. What a real model was sent
/// nobody sees; there it is what tools gave the agent.
fn delivered(pattern: &Pattern, look: &Look<'_, '_>) -> Said {
    let models = look.case.fakes.iter().filter(|(_, fake)| matches!(fake.kind, FakeKind::Model(_)));
    if models.clone().next().is_none() {
        return given(pattern, look);
    }
    let mut seen = 0;
    for entry in models.clone().flat_map(|(name, _)| look.entries(look.views.requests(name))) {
        seen += 1;
        for part in ["body", "raw"] {
            match Said::of("what the model was sent", value::test(pattern, entry.value.get(part), &look.scope)) {
                Said::Fails(_) => {}
                said => return said,
            }
        }
    }
    for (name, _) in models {
        for frame in look.entries(look.views.fake_frames(name)) {
            seen += 1;
            match Said::of("what the model was sent", value::test(pattern, Some(frame.value), &look.scope)) {
                Said::Fails(_) => {}
                said => return said,
            }
        }
    }
    Said::Fails(Failure {
        actual: format!("{seen} requests to the model, none of which holds it"),
        ..failure(format!("it was not delivered to the model: none of its {seen} requests holds it"))
    })
}

/// The result of some call, or the output of some mocked command, holds it.
fn given(pattern: &Pattern, look: &Look<'_, '_>) -> Said {
    let results = look.entries(look.views.calls()).into_iter().filter_map(|call| call.value.get("result").cloned());
    let outputs = look.views.records.iter().filter_map(|record| match &record.what {
        What::Command(call) if look.part.as_ref().is_none_or(|part| part.spans(record.n)) => Some(Value::from(call.output.as_str())),
        _ => None,
    });
    let mut seen = 0;
    for value in results.chain(outputs) {
        seen += 1;
        match Said::of("what a tool gave the agent", value::test(pattern, Some(&value), &look.scope)) {
            Said::Fails(_) => {}
            said => return said,
        }
    }
    Said::Fails(Failure {
        actual: format!("{seen} results of tools, none of which holds it"),
        ..failure(format!("it was not delivered: none of the {seen} results of tools and outputs of mocked commands holds it"))
    })
}
