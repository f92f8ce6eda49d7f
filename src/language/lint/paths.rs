//! Paths into what was observed: their first steps name something that there is.
//!
//! Owns: the members of the document, the fakes, commands and probes below them.
//! Must not know: what a path finds.

use super::looks;
use crate::base::suggest::did_you_mean;
use crate::base::{Diagnostic, Diagnostics, Span};
use crate::language::lower::Draft;
use crate::matching::jsonpath;
use crate::model::document::MEMBERS;
use crate::model::expect::CheckKind;
use crate::model::pattern::JsonPath;
use crate::model::step::Verb;

/// `at`, and what `user` and `do` save.
pub fn leads_nowhere(draft: &Draft, diagnostics: &mut Diagnostics) {
    for check in looks::expected(draft).chain(looks::refused(draft)) {
        if let CheckKind::At { path, .. } = &check.kind {
            one(draft, path, check.span, diagnostics);
        }
    }
    for step in draft.steps.iter().filter_map(|step| step.step.as_ref()) {
        if matches!(step.verb, Verb::User { .. } | Verb::Do { .. }) {
            step.save.iter().for_each(|(name, path)| one(draft, path, looks::saved(draft, step, name), diagnostics));
        }
    }
}

fn one(draft: &Draft, path: &JsonPath, span: Span, diagnostics: &mut Diagnostics) {
    let mut names = jsonpath::names(path);
    let Some(member) = names.next() else { return };
    if !MEMBERS.contains(&member) {
        diagnostics.push(nowhere("unknown-path", span, &format!("there is no `$.{member}`"), member, &MEMBERS));
        return;
    }
    let Some(name) = names.next() else { return };
    let (what, known) = match member {
        "requests" => ("fake", fakes(draft, |kind| !matches!(kind, Some("command" | "functions" | "server")))),
        "commands" => ("mocked command", fakes(draft, |kind| kind == Some("command"))),
        "probes" => ("probe", labels(draft)),
        _ => return,
    };
    if !known.iter().any(|known| known == name) {
        let code = if member == "probes" { "unknown-label" } else { "unknown-fake" };
        let known: Vec<_> = known.iter().map(String::as_str).collect();
        diagnostics.push(nowhere(code, span, &format!("there is no {what} `{name}`"), name, &known));
    }
}

fn fakes(draft: &Draft, fits: impl Fn(Option<&str>) -> bool) -> Vec<String> {
    draft.fakes.iter().filter(|fake| fits(fake.kind)).map(|fake| fake.name.to_string()).collect()
}

/// What a `probe` or `http` step reads is known by its label, or by its place.
fn labels(draft: &Draft) -> Vec<String> {
    let reads = draft.steps.iter().enumerate().filter(|(_, step)| matches!(step.verb, "probe" | "http"));
    reads.map(|(at, step)| step.step.as_ref().and_then(|step| step.label.clone()).unwrap_or_else(|| at.to_string())).collect()
}

fn nowhere(code: &'static str, span: Span, message: &str, name: &str, known: &[&str]) -> Diagnostic {
    let all = match known {
        [] => "this case has none".to_owned(),
        names => format!("there are {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    };
    let near = did_you_mean(name, known.iter().copied());
    Diagnostic::error(code, span, message).label("leads nowhere").help(near.map_or(all.clone(), |near| format!("{near} {all}")))
}
