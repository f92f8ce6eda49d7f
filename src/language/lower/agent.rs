//! Agents: from the merged document to what is launched and spoken to.
//!
//! Owns: defaults of an agent, its settings against the protocol's.
//! Must not know: processes, how a named agent is found.

use super::Lowering;
use super::check::wrong_place;
use super::lowering::{key_span, scalars};
use crate::base::suggest::did_you_mean;
use crate::base::{Diagnostic, Span};
use crate::language::docs::agent::{AgentDoc, DecideWord, FromDoc, ReadyDoc, ScopeWord, SignalWord, StopDoc, VersionDoc};
use crate::language::shape::{Any, Named, Nullable, Or, Templated, mistake};
use crate::model::agent::{Agent, AgentScope, ApprovalRule, FileSource, Ready, ReadyHow, Stop, StopSignal, VersionProbe};
use crate::model::protocol::{Protocol, Setting, Transport};
use crate::model::tree::Node;
use std::sync::Arc;
use std::time::Duration;

const READY_WITHIN: Duration = Duration::from_secs(30);
const GRACE: Duration = Duration::from_secs(10);

/// Lowers the merged agent. `name` is its name in the project file.
pub fn agent(doc: &AgentDoc, name: Option<String>, protocol: Arc<Protocol>, low: &mut Lowering<'_>) -> Agent {
    let settings = settings(doc.settings.as_ref(), Some(&protocol), low);
    let ready = ready(doc, low);
    reachable(doc, &protocol, &ready, low);
    Agent {
        span: doc.node.span,
        name,
        command: doc.command.as_ref().map(|words| words.iter().map(|word| word.0.clone()).collect()),
        url: doc.url.as_ref().map(|url| url.0.clone()),
        env: scalars(doc.env.as_ref()),
        files: files(doc.files.as_ref(), low),
        ready,
        version: doc.version.as_ref().and_then(|version| version_probe(version, low)),
        scope: match doc.scope {
            Some(ScopeWord::Suite) => AgentScope::Suite,
            _ => AgentScope::Case,
        },
        settings,
        from_env: from_env(doc, low),
        approvals: approvals(doc, low),
        egress: super::egress::egress(doc, low),
        stop: stop(doc.stop.as_ref()),
        protocol,
    }
}

/// The `url` and the settings that were written with `{{env.NAME}}`.
fn from_env(doc: &AgentDoc, low: &Lowering<'_>) -> Vec<(String, String)> {
    let settings = doc.settings.iter().flat_map(|settings| &settings.entries);
    let settings = settings.map(|(name, value)| (format!("the setting `{}`", &**name), &value.0));
    let url = doc.url.iter().map(|url| ("the agent's `url`".to_owned(), &url.0));
    let mut found = Vec::new();
    for (what, node) in url.chain(settings) {
        let Some(value) = node.text().filter(|value| !value.is_empty()) else { continue };
        let file = low.sources.get(node.span.file);
        let written = file.as_ref().and_then(|file| file.text.get(node.span.start as usize..node.span.end as usize)).unwrap_or_default();
        let name = |rest: &str| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().map(str::to_owned);
        let names: Vec<_> = written.split("{{env.").skip(1).filter_map(name).collect();
        if !names.is_empty() {
            found.push((value.to_owned(), format!("{what}, which reads {}", names.join(" and "))));
        }
    }
    found
}

/// Settings that the protocol has; null is the default, so it is left out.
pub fn settings(doc: Option<&Named<Any>>, protocol: Option<&Protocol>, low: &mut Lowering<'_>) -> Vec<(String, Arc<Node>)> {
    let entries = doc.map(|doc| doc.entries.as_slice()).unwrap_or_default();
    for (name, value) in entries {
        let Some(protocol) = protocol else { break };
        match protocol.setting(name) {
            None => low.push(unknown_setting(name, name.span, protocol)),
            Some(setting) => allowed(setting, &value.0, low),
        }
    }
    entries.iter().filter(|(_, value)| !value.0.is_null()).map(|(name, value)| (name.to_string(), value.0.clone())).collect()
}

pub fn unknown_setting(name: &str, span: Span, protocol: &Protocol) -> Diagnostic {
    let known: Vec<_> = protocol.settings.iter().map(|setting| setting.name.as_str()).collect();
    let all = match known.as_slice() {
        [] => format!("`{}` has no settings", protocol.name),
        names => format!("its settings are {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    };
    Diagnostic::error("unknown-setting", span, format!("protocol `{}` has no setting `{name}`", protocol.name))
        .label("no such setting")
        .help(did_you_mean(name, known).unwrap_or(all))
}

/// A value given now is one of those allowed; one that comes later is not looked at.
fn allowed(setting: &Setting, value: &Node, low: &mut Lowering<'_>) {
    let mut late = value.is_null();
    value.templates(&mut |_, _| late = true);
    let Some(words) = setting.one_of.as_ref().filter(|_| !late) else { return };
    let given = value.to_value();
    if !words.contains(&given) {
        let words: Vec<_> =
            words.iter().map(|word| format!("`{}`", word.as_str().map_or_else(|| word.to_string(), str::to_owned))).collect();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let shown = given.as_str().map_or_else(|| given.to_string(), str::to_owned);
        low.push(mistake::wrong_value(value.span, format!("setting `{}` cannot be `{shown}`", setting.name), mistake::listed(&words)));
    }
}

fn ready(doc: &AgentDoc, low: &mut Lowering<'_>) -> Ready {
    let Some(Or::That(ready)) = &doc.ready else {
        let span = key_span(&doc.node, "ready");
        return Ready { how: ReadyHow::Connect, within: READY_WITHIN, span };
    };
    Ready {
        how: ready_how(ready, low),
        within: ready.within.map_or(READY_WITHIN, |within| within.duration),
        span: key_span(&doc.node, "ready"),
    }
}

fn ready_how(ready: &ReadyDoc, low: &mut Lowering<'_>) -> ReadyHow {
    let given = ["log", "http", "connect"].iter().filter(|key| ready.node.get(key).is_some()).count();
    if given > 1 {
        low.push(Diagnostic::error("one-kind", ready.node.span, "an agent is ready in one way").label("one of `log`, `http`, `connect`"));
    }
    match (&ready.log, &ready.http) {
        (Some(log), _) => low.regex(log).map_or(ReadyHow::Connect, ReadyHow::Log),
        (None, Some(path)) => ReadyHow::Http(path.to_string()),
        (None, None) => ReadyHow::Connect,
    }
}

/// Somebody must say where the agent listens, or which program it is.
fn reachable(doc: &AgentDoc, protocol: &Protocol, ready: &Ready, low: &mut Lowering<'_>) {
    let process = matches!(protocol.transport, Transport::Exec | Transport::Stdio);
    if process && doc.command.is_none() {
        let message = format!("protocol `{}` speaks to a process, and there is no `command`", protocol.name);
        low.push(Diagnostic::error("missing-key", doc.node.span, message).label("`agent` needs `command`"));
    }
    if process && !matches!(ready.how, ReadyHow::Connect) {
        let help =
            format!("protocol `{}` speaks to a process: it is ready when its first steps are done; `within` may stand here", protocol.name);
        low.push(match ready.span.file == doc.node.span.file {
            true => wrong_place(ready.span, "ready", &help),
            // What another agent brought is not seen by who writes this one.
            false => {
                wrong_place(doc.node.span, "ready", &format!("{help}; `ready: null` takes away what the agent below this one brought"))
            }
        });
    }
    if protocol.transport == Transport::Stdio && matches!(doc.scope, Some(ScopeWord::Suite)) {
        let message = "an agent that is spoken to by standard input cannot be shared by the cases of a suite";
        low.push(
            Diagnostic::error("cannot-be-shared", key_span(&doc.node, "scope"), message)
                .label("its process is its connection, and ends with it")
                .help("leave `scope` out: each case starts its own"),
        );
    }
    let told = matches!(&ready.how, ReadyHow::Log(log) if log.regex.capture_names().flatten().any(|name| name == "url"));
    let opens = protocol.open.url.is_some();
    if !process && doc.url.is_none() && !told && !opens {
        low.push(
            Diagnostic::error("no-url", doc.node.span, "nothing says where the agent listens")
                .label("neither `url` nor a `ready` that finds one")
                .help("give `url: ws://…`, or `ready: {log: \"listening on (?<url>\\\\S+)\"}`"),
        );
    }
}

fn version_probe(version: &VersionDoc, low: &mut Lowering<'_>) -> Option<VersionProbe> {
    let matches = low.regex(&version.matches)?;
    if matches.regex.captures_len() < 2 {
        low.push(
            mistake::wrong_value(version.matches.span, "the expression has no group", "a group around the version")
                .help("write `(\\d+\\.\\d+\\.\\d+)`"),
        );
    }
    Some(VersionProbe { span: version.node.span, command: version.command.iter().map(|word| word.0.clone()).collect(), matches })
}

fn files(doc: Option<&Named<Nullable<Or<Templated, FromDoc>>>>, low: &mut Lowering<'_>) -> Vec<(String, FileSource)> {
    let mut files = Vec::new();
    for (path, source) in doc.map(|doc| doc.entries.as_slice()).unwrap_or_default() {
        if !below(path) {
            low.push(mistake::wrong_value(
                path.span,
                format!("`{}` is not below the case's folder", &**path),
                "a relative path without `..`",
            ));
            continue;
        }
        match source {
            Or::This(_) => {}
            Or::That(Or::This(text)) => files.push((path.to_string(), FileSource::Text(text.0.clone()))),
            Or::That(Or::That(from)) => {
                if let Some(found) = low.existing(&from.from) {
                    files.push((path.to_string(), FileSource::Copy { path: found }));
                }
            }
        }
    }
    files
}

fn below(path: &str) -> bool {
    use std::path::{Component, Path};
    !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

fn approvals(doc: &AgentDoc, low: &mut Lowering<'_>) -> Vec<ApprovalRule> {
    let rules = doc.approvals.as_deref().unwrap_or_default();
    rules
        .iter()
        .map(|rule| ApprovalRule {
            span: rule.node.span,
            when: rule.when.as_ref().map(|when| low.pattern(&when.0)),
            accept: rule.decide == DecideWord::Accept,
        })
        .collect()
}

fn stop(doc: Option<&StopDoc>) -> Stop {
    let signal = match doc.and_then(|doc| doc.signal) {
        None | Some(SignalWord::Term) => StopSignal::Term,
        Some(SignalWord::Int) => StopSignal::Int,
        Some(SignalWord::Hup) => StopSignal::Hup,
        Some(SignalWord::Kill) => StopSignal::Kill,
    };
    Stop { signal, grace: doc.and_then(|doc| doc.grace).map_or(GRACE, |grace| grace.duration) }
}
