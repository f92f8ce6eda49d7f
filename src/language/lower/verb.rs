//! Verbs: what each kind of step does.
//!
//! Owns: the parameters of each verb.
//! Must not know: how a step is carried out; expectations.

use super::Lowering;
use super::check::wrong_place;
use super::lowering::{key_span, plain_scalars};
use crate::base::{Diagnostic, duration};
use crate::language::docs::step::{AwaitDoc, ConnectDoc, HttpDoc, ProbeDoc, ReconnectDoc, StepDoc};
use crate::language::shape::{Any, Flag, Named, Or, Scalar, Templated, mistake};
use crate::model::pattern::ListKind;
use crate::model::step::{Await, HttpCall, Probe, Verb};
use crate::model::tree::Node;
use std::sync::Arc;

/// The histories that can be awaited, by the key of their entries.
const HISTORIES: [(&str, ListKind); 5] = [
    ("event", ListKind::Events),
    ("frame", ListKind::Frames),
    ("request", ListKind::Requests),
    ("command", ListKind::Commands),
    ("call", ListKind::Calls),
];

/// What a probe can read.
const PROBES: [&str; 4] = ["file", "command", "redis", "http"];

/// Lowers the verb `name` of a step. `None` where this version cannot carry it out, which is reported when it is read.
pub fn verb(doc: &StepDoc, name: &str, low: &mut Lowering<'_>) -> Option<Verb> {
    Some(match name {
        "user" => Verb::User { text: doc.user.as_ref()?.0.clone(), wait: doc.wait.is_none_or(|wait| wait.on) },
        "do" => Verb::Do { action: doc.act.as_ref()?.to_string() },
        "rpc" => Verb::Rpc { method: doc.rpc.as_ref()?.0.clone() },
        "send" => Verb::Send { frame: doc.send.as_ref()?.0.clone() },
        "await" => Verb::Await(wait(doc.wait_for.as_ref()?, low)?),
        "quiet" => quiet(doc, low)?,
        "release" => Verb::Release { gate: doc.release.as_ref()?.to_string() },
        "http" => Verb::Http(http(doc.http.as_ref()?)),
        "probe" => Verb::Probe(probe(doc.probe.as_ref()?, low)?),
        "connect" => connect(doc.connect.as_ref()?),
        "disconnect" => {
            only_true(doc.disconnect?, "disconnect", low);
            Verb::Disconnect
        }
        "reconnect" => Verb::Reconnect { last_event_id: reconnect(doc.reconnect.as_ref()?, low) },
        "stop" => Verb::Stop { fake: doc.stop.as_ref()?.to_string() },
        "start" => Verb::Start { fake: doc.start.as_ref()?.to_string() },
        "restart" => doc.restart.map(|_| Verb::Restart)?,
        "pause" => Verb::Pause(doc.pause?.duration),
        _ => return None,
    })
}

/// The session that an awaited item itself names.
pub fn session(verb: &Verb) -> Option<String> {
    match verb {
        Verb::Await(wait) | Verb::Quiet { what: wait, .. } => wait.item.session.as_ref().and_then(|node| node.text()).map(str::to_owned),
        _ => None,
    }
}

fn wait(doc: &Or<Templated, AwaitDoc>, low: &mut Lowering<'_>) -> Option<Await> {
    let doc = match doc {
        Or::This(Templated(node)) => return Some(Await { kind: ListKind::Events, item: low.item(node, ListKind::Events) }),
        Or::That(doc) => doc,
    };
    let given: Vec<_> = HISTORIES.iter().filter(|(key, _)| doc.node.get(key).is_some()).collect();
    match given.as_slice() {
        [(_, kind)] => Some(Await { kind: *kind, item: low.item(&doc.node, *kind) }),
        [] => {
            low.push(
                Diagnostic::error("one-kind", doc.node.span, "nothing says what is awaited")
                    .label("expected one of `event`, `frame`, `request`, `command`, `call`")
                    .help("such as `await: {frame: {type: …}}`; a text is an event's type"),
            );
            None
        }
        [(first, _), (second, _), ..] => {
            let message = format!("`{first}` and `{second}` are two histories; a step waits for one entry of one");
            low.push(Diagnostic::error("one-kind", key_span(&doc.node, second), message).label("the second history"));
            None
        }
    }
}

fn quiet(doc: &StepDoc, low: &mut Lowering<'_>) -> Option<Verb> {
    let what = wait(doc.quiet.as_ref()?, low);
    if doc.node.get("for").is_none() {
        low.push(
            Diagnostic::error("missing-key", key_span(&doc.node, "quiet"), "missing key `for`")
                .label("`quiet` needs `for`")
                .help(format!("write `for: 100ms` beside it, {}", duration::EXPECTED)),
        );
    }
    Some(Verb::Quiet { what: what?, duration: doc.time?.duration })
}

fn probe(doc: &ProbeDoc, low: &mut Lowering<'_>) -> Option<Probe> {
    let given: Vec<_> = PROBES.into_iter().filter(|key| doc.node.get(key).is_some()).collect();
    match given.as_slice() {
        [_] => {}
        [] if doc.node.entries().iter().any(|entry| &*entry.key != "fake") => {}
        _ => low.push(
            Diagnostic::error("one-kind", doc.node.span, "a probe reads one thing")
                .label("expected exactly one of `file`, `command`, `redis`, `http`"),
        ),
    }
    if doc.fake.is_some() && doc.node.get("redis").is_none() {
        low.push(wrong_place(key_span(&doc.node, "fake"), "fake", "it goes with `redis`"));
    }
    match given.first().copied()? {
        "file" => Some(Probe::File { path: doc.file.as_ref()?.0.clone() }),
        "http" => Some(Probe::Http(http(doc.http.as_ref()?))),
        "redis" => {
            let fake = doc.fake.as_ref().map(|name| name.to_string());
            Some(Probe::Redis { fake, command: words(doc.redis.as_ref()?, &doc.node, "redis", low)? })
        }
        _ => Some(Probe::Command { argv: words(doc.command.as_ref()?, &doc.node, "command", low)? }),
    }
}

fn words(words: &[Scalar], node: &Node, key: &str, low: &mut Lowering<'_>) -> Option<Vec<Arc<Node>>> {
    if words.is_empty() {
        low.push(mistake::wrong_value(key_span(node, key), "an empty command", "a program and its arguments"));
        return None;
    }
    Some(words.iter().map(|word| word.0.clone()).collect())
}

fn http(doc: &HttpDoc) -> HttpCall {
    HttpCall {
        method: doc.method.as_ref().map(|method| method.0.clone()),
        path: doc.path.as_ref().map(|path| path.0.clone()),
        headers: plain_scalars(doc.headers.as_ref()),
        body: doc.body.as_ref().map(|body| body.0.clone()),
    }
}

fn reconnect(doc: &Or<Flag, ReconnectDoc>, low: &mut Lowering<'_>) -> Option<Arc<Node>> {
    match doc {
        Or::This(flag) => {
            only_true(*flag, "reconnect", low);
            None
        }
        Or::That(doc) => doc.last_event_id.as_ref().map(|id| id.0.clone()),
    }
}

fn connect(doc: &ConnectDoc) -> Verb {
    let settings = |named: &Named<Any>| named.entries.iter().map(|(name, value)| (name.to_string(), value.0.clone())).collect();
    Verb::Connect {
        settings: doc.settings.as_ref().map(settings).unwrap_or_default(),
        headers: plain_scalars(doc.headers.as_ref()),
        handshake: doc.steps.is_none(),
    }
}

fn only_true(flag: Flag, verb: &str, low: &mut Lowering<'_>) {
    if !flag.on {
        low.push(mistake::wrong_value(flag.span, format!("`{verb}: false` does nothing"), "`true`").help("leave the step out"));
    }
}
