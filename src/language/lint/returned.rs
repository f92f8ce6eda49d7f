//! What a verb returns has few keys: a pattern or a path that names another one could never hold.
//!
//! Owns: the keys of what `http`, `probe` and `connect` return.
//! Must not know: how a pattern is tested.

use super::looks;
use crate::base::suggest::did_you_mean;
use crate::base::{Diagnostic, Diagnostics, Span};
use crate::language::lower::Draft;
use crate::matching::jsonpath;
use crate::model::expect::CheckKind;
use crate::model::pattern::{Form, Pattern, Test};
use crate::model::protocol::Transport;
use crate::model::step::{HttpCall, Probe, Step, Verb};
use crate::model::tree::Content;

const ANSWER: [&str; 4] = ["status", "headers", "body", "error"];
const FINISHED: [&str; 3] = ["exit", "stdout", "stderr"];
const CLOSED: [&str; 2] = ["code", "reason"];
const NO_ANSWER: [&str; 2] = ["code", "message"];

/// Keys of patterns over what a step returns.
pub fn unknown_keys(draft: &Draft, diagnostics: &mut Diagnostics) {
    for step in draft.steps.iter().filter_map(|step| step.step.as_ref()) {
        for check in step.expect.checks.iter().chain(&step.never.checks) {
            let CheckKind::Returned { key, pattern } = &check.kind else { continue };
            if let Some(known) = keys(&step.verb, key) {
                named(draft, pattern, known, &format!("the `{key}` of `{}`", step.verb.name()), diagnostics);
            }
            if *key == "headers" {
                lower_case(draft, pattern, diagnostics);
            }
        }
        saved(draft, step, diagnostics);
    }
}

/// The keys there can be; `None` if nobody knows.
fn keys(verb: &Verb, key: &str) -> Option<&'static [&'static str]> {
    match (verb, key) {
        (Verb::Probe(Probe::Http(_)), "value") => Some(&ANSWER),
        (Verb::Probe(Probe::Command { .. }), "value") => Some(&FINISHED),
        (Verb::Connect { .. }, "closed") => Some(&CLOSED),
        (Verb::Http(_), "error") => Some(&NO_ANSWER),
        _ => None,
    }
}

/// The mappings that a pattern asks for at its top.
fn mappings(pattern: &Pattern) -> Vec<&Pattern> {
    match &pattern.form {
        Form::Subset(_) => vec![pattern],
        Form::Words(words) => {
            let inner = words.iter().flat_map(|word| match &word.test {
                Test::Not(inner) | Test::Exactly(inner) | Test::Optional(inner) => mappings(inner),
                Test::OneOf(options) => options.iter().flat_map(mappings).collect(),
                _ => vec![],
            });
            inner.collect()
        }
        _ => vec![],
    }
}

fn named(draft: &Draft, pattern: &Pattern, known: &[&str], what: &str, diagnostics: &mut Diagnostics) {
    for mapping in mappings(pattern) {
        let Form::Subset(fields) = &mapping.form else { continue };
        for (name, field) in fields.iter().filter(|(name, _)| !known.contains(&&**name)) {
            diagnostics.push(unknown(name, looks::key_of(draft, mapping.span, name).unwrap_or(field.span), known, what));
        }
    }
}

fn unknown(name: &str, span: Span, known: &[&str], what: &str) -> Diagnostic {
    let all = format!("{what} has {}", known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "));
    Diagnostic::error("unknown-key", span, format!("unknown key `{name}`"))
        .label("never there")
        .help(did_you_mean(name, known.iter().copied()).map_or(all.clone(), |near| format!("{near} {all}")))
}

/// Names of headers arrive in lower case.
fn lower_case(draft: &Draft, pattern: &Pattern, diagnostics: &mut Diagnostics) {
    for mapping in mappings(pattern) {
        let Form::Subset(fields) = &mapping.form else { continue };
        for (name, field) in fields.iter().filter(|(name, _)| name.chars().any(|c| c.is_ascii_uppercase())) {
            let span = looks::key_of(draft, mapping.span, name).unwrap_or(field.span);
            diagnostics.push(
                Diagnostic::error("unknown-key", span, format!("there is never a header `{name}` here"))
                    .label("names of headers are in lower case")
                    .help(format!("write `{}`", name.to_ascii_lowercase())),
            );
        }
    }
}

/// The first step of each path of `save`.
fn saved(draft: &Draft, step: &Step, diagnostics: &mut Diagnostics) {
    let known: &[&str] = match &step.verb {
        Verb::Http(_) | Verb::Probe(Probe::Http(_)) => &ANSWER,
        Verb::Probe(Probe::Command { .. }) => &FINISHED,
        _ => return,
    };
    for (saved, path) in &step.save {
        if let Some(name) = jsonpath::names(path).next().filter(|name| !known.contains(name)) {
            diagnostics.push(unknown(name, looks::saved(draft, step, saved), known, &format!("what `{}` returns", step.verb.name())));
        }
    }
}

/// A path is below the agent's URL, so the agent must have one.
pub fn no_url(draft: &Draft, diagnostics: &mut Diagnostics) {
    let Some(protocol) = &draft.protocol else { return };
    if !matches!(protocol.transport, Transport::Exec | Transport::Stdio) || draft.agent.as_ref().is_some_and(|agent| agent.url.is_some()) {
        return;
    }
    for step in draft.steps.iter().filter_map(|step| step.step.as_ref()) {
        let (Verb::Http(call) | Verb::Probe(Probe::Http(call))) = &step.verb else { continue };
        if is_below(call) {
            diagnostics.push(
                Diagnostic::error("no-url", step.span, format!("`{}` asks the agent's URL, and the agent has none", step.verb.name()))
                    .label("nobody to ask")
                    .help("write a whole URL, such as `path: \"{{store.url}}/items\"`"),
            );
        }
    }
}

/// False for a whole URL, and for one that may come of a template.
fn is_below(call: &HttpCall) -> bool {
    match call.path.as_ref().map(|path| &path.value) {
        None => true,
        Some(Content::Text(text)) => !text.starts_with("http://") && !text.starts_with("https://"),
        Some(Content::Template(template)) => template.source.starts_with('/'),
        Some(_) => false,
    }
}
