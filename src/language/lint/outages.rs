//! Fakes that steps stop, start and ask: whether they can be, and in which order.
//!
//! Owns: what can go away and come back, which redis a probe asks.
//! Must not know: how a fake is stopped.

use super::looks;
use crate::base::suggest::did_you_mean;
use crate::base::{Diagnostic, Diagnostics, Span};
use crate::language::lower::Draft;
use crate::model::step::{Probe, Step, Verb};

/// `stop` and `start` name a fake that is a server, and follow each other.
pub fn stops_and_starts(draft: &Draft, diagnostics: &mut Diagnostics) {
    let mut stopped: Vec<&str> = Vec::new();
    // Where a step may be left out, nobody knows yet who is there.
    let sure = draft.steps.iter().all(|step| step.step.as_ref().is_some_and(|step| step.only_if.is_empty() || !moves(step)));
    for step in draft.steps.iter().filter_map(|step| step.step.as_ref()) {
        let (fake, stops) = match &step.verb {
            Verb::Stop { fake } => (fake.as_str(), true),
            Verb::Start { fake } => (fake.as_str(), false),
            _ => continue,
        };
        let span = looks::under(draft, step.verb.name(), step.span);
        if !can_stop(draft, fake, span, step.verb.name(), diagnostics) || !sure {
            continue;
        }
        match (stops, stopped.iter().position(|name| *name == fake)) {
            (true, None) => stopped.push(fake),
            (false, Some(at)) => drop(stopped.remove(at)),
            (true, Some(_)) => diagnostics.push(cannot(
                span,
                format!("`{fake}` is stopped already"),
                "it is not there any more",
                &format!("`start: {fake}` comes before"),
            )),
            (false, None) => diagnostics.push(cannot(
                span,
                format!("`{fake}` was not stopped"),
                "it runs",
                "every fake runs from the start; leave the step out",
            )),
        }
    }
}

fn moves(step: &Step) -> bool {
    matches!(step.verb, Verb::Stop { .. } | Verb::Start { .. })
}

fn can_stop(draft: &Draft, name: &str, span: Span, verb: &str, diagnostics: &mut Diagnostics) -> bool {
    match draft.fakes.iter().find(|fake| &*fake.name.text == name) {
        None => {
            let names: Vec<_> = draft.fakes.iter().filter(|fake| is_server(fake.kind)).map(|fake| &*fake.name.text).collect();
            diagnostics.push(unknown(draft, name, span, "fake that could be stopped", &names));
            false
        }
        Some(fake) if is_server(fake.kind) => true,
        Some(fake) => {
            let kind = fake.kind.unwrap_or("fake");
            let message = format!("a {kind} cannot be {}", if verb == "stop" { "stopped" } else { "started" });
            let help = match kind {
                "command" => "it is a program, not a server; let a rule of it answer with another exit status",
                _ => "it is no server",
            };
            diagnostics.push(cannot(span, message, "no server", help));
            false
        }
    }
}

fn is_server(kind: Option<&str>) -> bool {
    !matches!(kind, Some("command" | "functions"))
}

fn cannot(span: Span, message: String, label: &str, help: &str) -> Diagnostic {
    Diagnostic::error("cannot-stop", span, message).label(label).help(help)
}

fn unknown(draft: &Draft, name: &str, span: Span, what: &str, names: &[&str]) -> Diagnostic {
    let all = match names {
        [] => format!("this case has no {what}"),
        names => format!("this case has {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    };
    let near = did_you_mean(name, names.iter().copied());
    let message = match draft.fakes.iter().find(|fake| &*fake.name.text == name).and_then(|fake| fake.kind) {
        Some(kind) => format!("`{name}` is a `{kind}` fake"),
        None => format!("there is no fake `{name}`"),
    };
    Diagnostic::error("unknown-fake", span, message)
        .label(format!("not a {what}"))
        .help(near.map_or(all.clone(), |near| format!("{near} {all}")))
}

/// `probe: {redis}` asks the case's only redis, or the one it names.
pub fn probed_servers(draft: &Draft, diagnostics: &mut Diagnostics) {
    let servers: Vec<_> = draft.fakes.iter().filter(|fake| fake.kind == Some("server")).map(|fake| &*fake.name.text).collect();
    for step in draft.steps.iter().filter_map(|step| step.step.as_ref()) {
        let Verb::Probe(Probe::Redis { fake, .. }) = &step.verb else { continue };
        let span = looks::under(draft, "probe", step.span);
        match fake {
            Some(name) if servers.contains(&name.as_str()) => {}
            Some(name) => diagnostics.push(unknown(draft, name, span, "redis server of this case", &servers)),
            None if servers.is_empty() => diagnostics.push(
                Diagnostic::error("unknown-fake", span, "this case has no redis server")
                    .label("nobody to ask")
                    .help("declare one: `fakes: {redis: {server: redis}}`"),
            ),
            None if servers.len() > 1 => diagnostics.push(
                Diagnostic::error("missing-key", span, "missing key `fake`")
                    .label("there are several redis servers")
                    .help(format!("add `fake: {}`", servers[0])),
            ),
            None => {}
        }
    }
}

/// `stays` says how long something must go on holding, so there must be something.
pub fn stays_without_expect(draft: &Draft, diagnostics: &mut Diagnostics) {
    for (doc, step) in draft.step_docs.iter().filter_map(|doc| Some((doc, doc.node.entry("stays")?))) {
        if doc.node.get("probe").is_some() && doc.node.get("expect").is_none() {
            diagnostics.push(
                Diagnostic::error("missing-key", step.key_span, "missing key `expect`")
                    .label("what must go on holding?")
                    .help("such as `expect: {value: done}`"),
            );
        }
    }
}
