//! What holds unless a case says otherwise: every turn completes, and there are no errors.
//!
//! Owns: which turns and errors some check already speaks of.
//! Must not know: how turns and errors are found in a trace.

use super::look::Look;
use super::part::Part;
use super::rows::Row;
use super::said::failure;
use super::turns::Turn;
use super::values::turn_value;
use crate::matching::value;
use crate::model::expect::{CheckKind, Expect};
use crate::model::outcome::{Failure, Finding, FindingVerdict, Section};
use crate::model::pattern::Pattern;
use serde_json::json;

pub(crate) fn findings(look: &Look<'_, '_>) -> Vec<Finding> {
    let spoken = Spoken::of(look);
    let judged: Vec<&Turn<'_>> = look.turns().filter(|turn| is_judged(turn, &spoken, look)).collect();
    let failed: Vec<&Turn<'_>> = judged.iter().copied().filter(|turn| turn.status() != Some("completed")).collect();
    let mut out: Vec<Finding> = failed.iter().map(|turn| finding(look, "turn", FindingVerdict::Fail(not_completed(turn, look)))).collect();
    if failed.is_empty() && !judged.is_empty() {
        out.push(finding(look, "turn", FindingVerdict::Pass));
    }
    if !speaks(look, "errors") {
        out.push(finding(look, "errors", errors(look, &spoken, &failed)));
    }
    out
}

fn finding(look: &Look<'_, '_>, check: &str, verdict: FindingVerdict) -> Finding {
    Finding { check: check.to_owned(), section: Section::Always, step: None, span: look.case.span, verdict }
}

/// True if the case itself, not one of its steps, has a check of this key that asks for it.
fn speaks(look: &Look<'_, '_>, key: &str) -> bool {
    look.case.expect.names(key) || look.case.reach.names(key)
}

/// What the steps' own checks speak of.
struct Spoken<'t> {
    /// Turns with the pattern expected of them.
    turns: Vec<(usize, &'t Pattern)>,
    /// Parts of steps that say which errors they expect.
    errors: Vec<Part<'t>>,
}

impl<'t> Spoken<'t> {
    fn of(look: &Look<'_, 't>) -> Spoken<'t> {
        let mut spoken = Spoken { turns: vec![], errors: vec![] };
        for (number, step) in look.case.steps.iter().enumerate() {
            let (turn, errors) = (turn_pattern(&step.expect), step.expect.names("errors"));
            if turn.is_none() && !errors {
                continue;
            }
            let Some(run) = look.views.step(number) else { continue };
            let part = Part::of(look.views, run, step.session_given);
            spoken.turns.extend(part.turn.zip(turn));
            if errors {
                spoken.errors.push(part);
            }
        }
        spoken
    }

    fn of_turn(&self, turn: usize) -> Option<&'t Pattern> {
        self.turns.iter().find(|(spoken, _)| *spoken == turn).map(|(_, pattern)| *pattern)
    }
}

fn turn_pattern(expect: &Expect) -> Option<&Pattern> {
    expect.checks.iter().find_map(|check| match &check.kind {
        CheckKind::Turn(pattern) => Some(pattern),
        _ => None,
    })
}

/// A turn is not judged again where a check speaks of it, or the step that waited for it has failed.
fn is_judged(turn: &Turn<'_>, spoken: &Spoken<'_>, look: &Look<'_, '_>) -> bool {
    let failed = look.views.step(turn.step).is_some_and(|run| run.end.is_none_or(|end| end.error.is_some()));
    !speaks(look, "turn") && spoken.of_turn(turn.number).is_none() && !(failed && turn.end().is_none())
}

fn not_completed(turn: &Turn<'_>, look: &Look<'_, '_>) -> Failure {
    let error = turn.error.as_ref().and_then(|error| error["message"].as_str());
    let because = error.map(|message| format!(": {}", super::said::cut(message))).unwrap_or_default();
    let actual = turn.status().map_or("it did not end".to_owned(), |status| format!("it ended as `{status}`"));
    let errors = look.views.errors().iter().filter(|row| row.turn == Some(turn.number)).map(told);
    Failure {
        message: format!("{} must complete, but {actual}{because}", turn.shown()),
        expected: "completed".to_owned(),
        actual: format!("{actual}{because}"),
        details: errors.chain(["where that is right, expect it: `expect: {turn: …}`".to_owned()]).collect(),
    }
}

fn errors(look: &Look<'_, '_>, spoken: &Spoken<'_>, failed: &[&Turn<'_>]) -> FindingVerdict {
    let case_pattern = turn_pattern(&look.case.expect).or_else(|| turn_pattern(&look.case.reach));
    let is_allowed = |row: &Row<'_>| {
        let Some(turn) = row.turn.and_then(|turn| look.views.turn(turn)) else { return false };
        let patterns = [spoken.of_turn(turn.number), case_pattern];
        let expected = patterns.into_iter().flatten().any(|pattern| expects_trouble(pattern, turn, look));
        expected || failed.iter().any(|told| told.number == turn.number)
    };
    let unexpected: Vec<&Row<'_>> =
        look.views.errors().iter().filter(|row| !is_allowed(row) && !spoken.errors.iter().any(|part| part.holds(row))).collect();
    let Some(first) = unexpected.first() else { return FindingVerdict::Pass };
    let more = if unexpected.len() > 1 { format!(", and {} more", unexpected.len() - 1) } else { String::new() };
    FindingVerdict::Fail(Failure {
        expected: "no errors".to_owned(),
        actual: format!("{}{more}", told(first)),
        details: unexpected
            .iter()
            .map(|row| told(row))
            .chain(["where errors are right, expect them: `expect: {errors: […]}`".to_owned()])
            .collect(),
        ..failure(format!("expected no errors, got {}{more}", told(first)))
    })
}

/// The pattern asks for another end than `completed`, or the turn had one.
fn expects_trouble(pattern: &Pattern, turn: &Turn<'_>, look: &Look<'_, '_>) -> bool {
    let fine = turn_value(pattern, json!({"status": "completed"}));
    turn.status() != Some("completed") || value::test(pattern, fine.as_ref(), &look.scope).is_err()
}

fn told(row: &Row<'_>) -> String {
    let code = match &row.value["code"] {
        serde_json::Value::Null => String::new(),
        code => format!(" (code {code})"),
    };
    let message = super::said::cut(row.value["message"].as_str().unwrap_or_default());
    format!("an error of the {}: \"{message}\"{code}", row.value["source"].as_str().unwrap_or("agent"))
}
