//! Rules of a protocol that always hold, unless a case leaves them out.
//!
//! Owns: what each invariant means.
//! Must not know: which protocols have which.

use super::bypass;
use super::look::Look;
use super::part::Part;
use super::said::{cut, failure};
use super::turns::{Turn, TurnEnd};
use crate::matching::value;
use crate::model::expect::{CheckKind, Expect, InvariantsCheck};
use crate::model::fake::FakeKind;
use crate::model::outcome::{Failure, Finding, FindingVerdict, Section};
use crate::model::protocol::Invariant;
use crate::model::template::Nothing;
use serde_json::Value;

/// One finding for each invariant that is not left out: it holds in all turns, or the first turn that breaks it.
pub(crate) fn findings(look: &Look<'_, '_>) -> Vec<Finding> {
    let own = look.case.agent.protocol.invariants.iter().copied().filter(|invariant| *invariant != Invariant::MocksAreAsked);
    let mocks = look.case.fakes.iter().any(|(_, fake)| matches!(fake.kind, FakeKind::Command(_))).then_some(Invariant::MocksAreAsked);
    let invariants = own.chain(mocks).filter(|invariant| !leaves_out(&look.case.expect, *invariant));
    invariants.map(|invariant| finding(invariant, look)).collect()
}

fn leaves_out(expect: &Expect, invariant: Invariant) -> bool {
    expect.checks.iter().any(|check| match &check.kind {
        CheckKind::Invariants(InvariantsCheck::Off) => true,
        CheckKind::Invariants(InvariantsCheck::Without(names)) => names.iter().any(|name| name == invariant.name()),
        _ => false,
    })
}

fn finding(invariant: Invariant, look: &Look<'_, '_>) -> Finding {
    let in_turns = |test: fn(&Turn<'_>, &Look<'_, '_>) -> Option<Failure>| {
        look.turns().filter(|turn| !step_leaves_out(turn, invariant, look)).find_map(|turn| test(turn, look))
    };
    let broken = match invariant {
        Invariant::OneTerminalPerTurn => in_turns(one_terminal),
        Invariant::CallsHaveResults => in_turns(calls_have_results),
        Invariant::ItemsAreFinished => in_turns(items_are_finished),
        Invariant::DeltasJoinToFinal => in_turns(deltas_join),
        Invariant::MocksAreAsked => {
            bypass::bypassed(look, |turn| look.turns().any(|of| Some(of.number) == turn && step_leaves_out(of, invariant, look)))
        }
        Invariant::FramesAreJson => frames_are_json(look),
    };
    let verdict = match broken {
        None => FindingVerdict::Pass,
        Some(failure) => FindingVerdict::Fail(Failure {
            message: format!("{}: {}", invariant.name(), failure.message),
            details: failure
                .details
                .into_iter()
                .chain([format!("where that is right: `invariants: {{without: [{}]}}`", invariant.name())])
                .collect(),
            ..failure
        }),
    };
    Finding { check: invariant.name().to_owned(), section: Section::Always, step: None, span: look.case.span, verdict }
}

/// True if the step of this turn leaves the invariant out for it.
fn step_leaves_out(turn: &Turn<'_>, invariant: Invariant, look: &Look<'_, '_>) -> bool {
    look.case.steps.iter().enumerate().filter(|(_, step)| leaves_out(&step.expect, invariant)).any(|(number, step)| {
        let part = look.views.step(number).map(|run| Part::of(look.views, run, step.session_given));
        part.is_some_and(|part| part.turn == Some(turn.number))
    })
}

fn one_terminal(turn: &Turn<'_>, _look: &Look<'_, '_>) -> Option<Failure> {
    if turn.ends.len() < 2 {
        return None;
    }
    let shown = |end: &TurnEnd<'_>| {
        let whose = if end.is_stray { ", which names another turn" } else { "" };
        format!("`{}` at {:.0} ms{whose}", end.status, end.t_ms)
    };
    let ends: Vec<String> = turn.ends.iter().map(shown).collect();
    Some(Failure {
        expected: "one end".to_owned(),
        actual: ends.join(", "),
        ..failure(format!("{} ended {} times: {}", turn.shown(), ends.len(), ends.join(", ")))
    })
}

/// A turn that did not end is judged by the `turn` check.
fn calls_have_results(turn: &Turn<'_>, look: &Look<'_, '_>) -> Option<Failure> {
    let end = turn.end()?.n;
    let own = look.views.calls().iter().filter(|row| row.turn == Some(turn.number));
    let open: Vec<String> = own
        .filter(|row| row.n < end && row.delivered.is_none_or(|delivered| delivered > end))
        .map(|row| format!("call {} `{}`", row.index, row.value["name"].as_str().unwrap_or_default()))
        .collect();
    if open.is_empty() {
        return None;
    }
    Some(Failure {
        expected: "an end of every call before the end of its turn".to_owned(),
        actual: format!("open: {}", open.join(", ")),
        ..failure(format!("{} ended while these calls had no result: {}", turn.shown(), open.join(", ")))
    })
}

/// A turn that did not complete may leave anything open.
fn items_are_finished(turn: &Turn<'_>, _look: &Look<'_, '_>) -> Option<Failure> {
    if turn.open_items.is_empty() || turn.status() != Some("completed") {
        return None;
    }
    let open = turn.open_items.iter().map(|(id, kind)| format!("{kind} `{id}`")).collect::<Vec<_>>().join(", ");
    Some(Failure {
        expected: "an end of every item before the end of its turn".to_owned(),
        actual: format!("open: {open}"),
        ..failure(format!("{} completed while these items were not finished: {open}", turn.shown()))
    })
}

fn deltas_join(turn: &Turn<'_>, _look: &Look<'_, '_>) -> Option<Failure> {
    let (deltas, text) = turn.messages.torn().next()?;
    Some(Failure {
        expected: format!("\"{}\"", cut(text)),
        actual: format!("\"{}\"", cut(deltas)),
        ..failure(format!("the deltas of a message in {} join to \"{}\", but its text is \"{}\"", turn.shown(), cut(deltas), cut(text)))
    })
}

/// Of an HTTP answer, whose body may be anything, nothing is asked.
fn frames_are_json(look: &Look<'_, '_>) -> Option<Failure> {
    let is_object = |frame: &Value| match frame {
        Value::Object(fields) if fields.contains_key("status") && fields.contains_key("headers") => true,
        Value::Object(fields) if fields.contains_key("event") && fields.contains_key("data") => fields["data"].is_object(),
        Value::Object(fields) => !(fields.len() == 1 && ["text", "bytes"].iter().any(|key| fields.get(*key).is_some_and(Value::is_string))),
        _ => false,
    };
    let protocol = &look.case.agent.protocol;
    let ignored = |frame: &Value| protocol.ignore.iter().any(|pattern| value::holds(pattern, Some(frame), &Nothing).unwrap_or(false));
    let row = look.views.frames().iter().find(|row| !is_object(&row.value) && !ignored(&row.value))?;
    let (shown, of) = (cut(&row.value.to_string()).to_string(), row.session);
    Some(Failure {
        expected: "a JSON object".to_owned(),
        actual: shown.clone(),
        ..failure(format!("frame {} (session {of}) is no JSON object: {shown}", row.index))
    })
}
