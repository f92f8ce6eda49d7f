//! Verbs: what each kind of step does.
//!
//! Owns: the parameters of each verb.
//! Must not know: how a step is carried out; expectations.

use super::Lowering;
use super::lowering::{key_span, plain_scalars};
use crate::base::{Diagnostic, duration};
use crate::language::docs::step::{AwaitDoc, ConnectDoc, ProbeDoc, StepDoc};
use crate::language::shape::{Any, Flag, Named, Or, Templated, mistake};
use crate::model::pattern::ListKind;
use crate::model::step::{Await, Probe, Verb};

/// The histories that can be awaited, by the key of their entries.
const HISTORIES: [(&str, ListKind); 5] = [
    ("event", ListKind::Events),
    ("frame", ListKind::Frames),
    ("request", ListKind::Requests),
    ("command", ListKind::Commands),
    ("call", ListKind::Calls),
];

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
        "probe" => Verb::Probe(probe(doc.probe.as_ref()?, low)?),
        "connect" => connect(doc.connect.as_ref()?),
        "disconnect" => {
            only_true(doc.disconnect?, "disconnect", low);
            Verb::Disconnect
        }
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
    let given: Vec<_> = ProbeDoc::names().filter(|key| doc.node.get(key).is_some()).collect();
    match given.as_slice() {
        [_] => {}
        [] if !doc.node.entries().is_empty() => {}
        _ => low.push(
            Diagnostic::error("one-kind", doc.node.span, "a probe reads one thing")
                .label("expected exactly one of `file`, `command`, `redis`, `http`"),
        ),
    }
    match (&doc.file, &doc.command) {
        (Some(path), _) => Some(Probe::File { path: path.0.clone() }),
        (None, Some(argv)) if argv.is_empty() => {
            low.push(mistake::wrong_value(key_span(&doc.node, "command"), "an empty command", "a program and its arguments"));
            None
        }
        (None, Some(argv)) => Some(Probe::Command { argv: argv.iter().map(|word| word.0.clone()).collect() }),
        (None, None) => None,
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
