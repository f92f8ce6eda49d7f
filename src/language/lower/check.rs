//! Expectations: from keys to checks.
//!
//! Owns: which key makes which check, and what may stand only in a step, in `reach` or in `never`.
//! Must not know: how a check is evaluated; whether the protocol can show what it looks at.

use super::{Lowering, measured};
use crate::base::suggest::did_you_mean;
use crate::base::{Diagnostic, Span};
use crate::language::shape::{Text, mistake};
use crate::model::expect::{Check, CheckKind, EgressCheck, ErrorsCheck, Expect, FileCheck, InvariantsCheck, SecretsCheck};
use crate::model::pattern::{Extra, Form, ListKind, ListPattern, Order, Pattern};
use crate::model::protocol::Invariant;
use crate::model::tree::{Entry, Node};
use serde_json::Value;
use std::path::{Component, Path};
use std::sync::Arc;

/// Which of the three kinds of expectation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Expect,
    Never,
    Reach,
}

/// How a turn may end.
pub const STATUSES: [&str; 4] = ["completed", "failed", "aborted", "incomplete"];

/// What is known of an attempt to reach a host.
const EGRESS: [&str; 7] = ["host", "port", "method", "path", "allowed", "fake", "command"];

/// What the verbs return, by the keys it is checked under.
const RETURNED: [(&str, &[&str]); 7] = [
    ("result", &["rpc", "do", "connect"]),
    ("error", &["rpc", "connect", "http"]),
    ("closed", &["connect"]),
    ("value", &["probe"]),
    ("status", &["http"]),
    ("headers", &["http"]),
    ("body", &["http"]),
];

/// Lowers one `expect`, `never` or `reach`. `verb` is the step's, if it stands in one.
pub fn expect(node: Option<&Arc<Node>>, mode: Mode, verb: Option<&str>, low: &mut Lowering<'_>) -> Expect {
    let mut checks = Vec::new();
    for entry in node.map(|node| node.entries()).unwrap_or_default() {
        let kinds = kinds(entry, mode, verb, low);
        checks.extend(kinds.into_iter().map(|(span, kind)| Check { span, kind }));
    }
    Expect { checks }
}

fn kinds(entry: &Entry, mode: Mode, verb: Option<&str>, low: &mut Lowering<'_>) -> Vec<(Span, CheckKind)> {
    let (span, value) = (entry.key_span, &entry.value);
    let one = |kind: CheckKind| vec![(span, kind)];
    match &*entry.key {
        "calls" => one(CheckKind::Calls(list(value, ListKind::Calls, mode, low))),
        "events" => one(CheckKind::Events(list(value, ListKind::Events, mode, low))),
        "sent" => one(CheckKind::Sent(list(value, ListKind::Frames, mode, low))),
        "frames" if names_fakes(value) => {
            by_name(value, ListKind::Frames, mode, low, |fake, pattern| CheckKind::FakeFrames { fake, pattern })
        }
        "frames" => one(CheckKind::Frames(list(value, ListKind::Frames, mode, low))),
        "requests" => by_name(value, ListKind::Requests, mode, low, |fake, pattern| CheckKind::Requests { fake, pattern }),
        "commands" => by_name(value, ListKind::Commands, mode, low, |name, pattern| CheckKind::Commands { name, pattern }),
        "errors" => errors(value, mode, low).map(one).unwrap_or_default(),
        "egress" => one(CheckKind::Egress(egress(value, mode, low))),
        "secrets" => secrets(entry, mode, low).map(one).unwrap_or_default(),
        "reply" => one(CheckKind::Reply(low.pattern(value))),
        "delivered" => one(CheckKind::Delivered(low.pattern(value))),
        "turn" => one(CheckKind::Turn(turn(value, low))),
        "usage" => one(CheckKind::Usage(measured::usage(value, low))),
        "timing" => one(CheckKind::Timing(measured::timing(value, low))),
        "exit" => one(CheckKind::Exit(low.pattern(value))),
        "at" => at(value, low),
        "files" => value.entries().iter().map(|entry| (entry.key_span, file(entry, low))).collect(),
        "invariants" => invariants(entry, mode, low).map(one).unwrap_or_default(),
        key => returned(entry, key, verb, low).map(one).unwrap_or_default(),
    }
}

/// In `never` each item stands alone, so a list is all that can be written.
fn list(node: &Arc<Node>, kind: ListKind, mode: Mode, low: &mut Lowering<'_>) -> ListPattern {
    no_fakes(node, kind, low);
    if mode != Mode::Never {
        return low.list(node, kind);
    }
    let items = if node.is_list() {
        low.items(node, kind)
    } else {
        low.push(mistake::wrong_type(node, "a list").help("`never` lists what must not happen; each item stands alone"));
        Vec::new()
    };
    ListPattern { span: node.span, kind, order: Order::AnyOrder, items, extra: Extra::Allow, count: None }
}

/// `fake` says in `await` whose history is meant; a list pattern is of one history, and would not look at it.
fn no_fakes(node: &Node, kind: ListKind, low: &mut Lowering<'_>) {
    let words = node
        .entries()
        .iter()
        .flat_map(|entry| entry.value.items().iter().chain(entry.value.get("allow").into_iter().flat_map(|allow| allow.items())));
    for item in node.items().iter().chain(words).filter(|item| item.get(kind.item_key()).is_some()) {
        if let Some(fake) = item.entry("fake") {
            let help = "it goes with `await` and `quiet`; here the fake is a key: `requests: {llm: […]}`, `frames: {sideband: […]}`";
            low.push(wrong_place(fake.key_span, "fake", help));
        }
    }
}

/// True for `{<fake>: pattern}`: no key is a list word.
fn names_fakes(node: &Node) -> bool {
    const WORDS: [&str; 5] = ["in_order", "any_order", "exactly", "extra", "count"];
    node.is_map() && !node.entries().is_empty() && node.entries().iter().all(|entry| !WORDS.contains(&&*entry.key))
}

fn by_name(
    node: &Arc<Node>,
    kind: ListKind,
    mode: Mode,
    low: &mut Lowering<'_>,
    make: impl Fn(String, ListPattern) -> CheckKind,
) -> Vec<(Span, CheckKind)> {
    let entries = node.entries().iter();
    entries.map(|entry| (entry.key_span, make(entry.key.to_string(), list(&entry.value, kind, mode, low)))).collect()
}

fn errors(node: &Arc<Node>, mode: Mode, low: &mut Lowering<'_>) -> Option<CheckKind> {
    if node.text() == Some("allow") {
        if mode != Mode::Expect {
            low.push(
                mistake::wrong_value(node.span, "`errors: allow` checks nothing", "a list of errors").help("it may stand in `expect` only"),
            );
            return None;
        }
        return Some(CheckKind::Errors(ErrorsCheck::Allow));
    }
    Some(CheckKind::Errors(ErrorsCheck::Pattern(list(node, ListKind::Errors, mode, low))))
}

/// Entries are mappings, written like frames: the mapping itself.
fn egress(node: &Arc<Node>, mode: Mode, low: &mut Lowering<'_>) -> EgressCheck {
    if mode != Mode::Never && node.text() == Some("none") {
        return EgressCheck::None;
    }
    let texts: Vec<_> = node.items().iter().filter(|item| item.text().is_some()).collect();
    if !texts.is_empty() {
        let help = "write what is known of the connection, such as `{host: api.example.com}`; any: `{port: {present: true}}`";
        texts.into_iter().for_each(|item| low.push(mistake::wrong_type(item, "a mapping").help(help)));
        return EgressCheck::None;
    }
    for item in node.items().iter().filter(|item| item.get("frame").is_none()) {
        super::fake::fields(item, &EGRESS, "an attempt to reach a host", low);
    }
    EgressCheck::Pattern(list(node, ListKind::Frames, mode, low))
}

fn secrets(entry: &Entry, mode: Mode, low: &mut Lowering<'_>) -> Option<CheckKind> {
    if mode != Mode::Expect {
        let help = "`secrets: kept` stands in `expect`; what must never be is said there";
        low.push(wrong_place(entry.key_span, "secrets", help));
        return None;
    }
    if !entry.value.is_list() {
        return Some(CheckKind::Secrets(SecretsCheck::All));
    }
    if entry.value.items().is_empty() {
        low.push(mistake::wrong_value(entry.value.span, "no secret is named", "their names").help("all of them: `secrets: kept`"));
    }
    let names = entry.value.items().iter().filter_map(|item| Some((item.span, item.text()?.to_owned())));
    Some(CheckKind::Secrets(SecretsCheck::Named(names.collect())))
}

/// A plain word is the turn's status.
fn turn(node: &Arc<Node>, low: &mut Lowering<'_>) -> Pattern {
    let Some(word) = node.text() else { return measured::turn(node, low) };
    if !STATUSES.contains(&word) {
        low.push(mistake::wrong_word(node, word, &STATUSES));
    }
    let status = Pattern { span: node.span, form: Form::Plain(Value::from(word)) };
    Pattern { span: node.span, form: Form::Subset(vec![("status".into(), status)]) }
}

fn at(node: &Arc<Node>, low: &mut Lowering<'_>) -> Vec<(Span, CheckKind)> {
    let mut checks = Vec::new();
    for entry in node.entries() {
        let pattern = low.pattern(&entry.value);
        if let Some(path) = low.path(&Text { span: entry.key_span, text: entry.key.clone() }) {
            checks.push((entry.key_span, CheckKind::At { path, pattern }));
        }
    }
    checks
}

fn file(entry: &Entry, low: &mut Lowering<'_>) -> CheckKind {
    workspace_path(&entry.key, entry.key_span, low);
    let only = |key: &str| {
        let entries = entry.value.entries();
        entries.len() == 1 && entry.value.get(key).is_some_and(|value| value.value == crate::model::tree::Content::Bool(true))
    };
    let check = match () {
        () if only("unchanged") => FileCheck::Unchanged,
        () if only("absent") => FileCheck::Absent,
        () => FileCheck::Content(low.pattern(&entry.value)),
    };
    CheckKind::File { path: entry.key.to_string(), check }
}

/// Only the agent's folder is looked at, so of any other file nothing would be known.
pub fn workspace_path(path: &str, span: Span, low: &mut Lowering<'_>) {
    let path = Path::new(path);
    if path.is_absolute() || path.components().any(|part| part == Component::ParentDir) {
        let message = format!("`{}` is outside of the agent's folder", path.display());
        low.push(mistake::wrong_value(span, message, "a path below it").help("such as `notes.md`, below {{case.dir}}"));
    }
}

fn invariants(entry: &Entry, mode: Mode, low: &mut Lowering<'_>) -> Option<CheckKind> {
    if mode != Mode::Expect {
        low.push(wrong_place(entry.key_span, "invariants", "`invariants` stands in `expect` only"));
        return None;
    }
    if entry.value.text() == Some("off") {
        return Some(CheckKind::Invariants(InvariantsCheck::Off));
    }
    let mut names = Vec::new();
    for item in entry.value.get("without").map(|list| list.items()).unwrap_or_default() {
        let Some(name) = item.text() else { continue };
        if Invariant::by_name(name).is_none() {
            let known = Invariant::ALL.map(|(_, name)| name);
            let all = known.map(|name| format!("`{name}`")).join(", ");
            let help = did_you_mean(name, known).unwrap_or_else(|| format!("there are {all}"));
            low.push(
                Diagnostic::error("unknown-invariant", item.span, format!("unknown invariant `{name}`")).label("no such rule").help(help),
            );
        }
        names.push(name.to_owned());
    }
    Some(CheckKind::Invariants(InvariantsCheck::Without(names)))
}

fn returned(entry: &Entry, key: &str, verb: Option<&str>, low: &mut Lowering<'_>) -> Option<CheckKind> {
    let (name, verbs) = RETURNED.iter().find(|(name, _)| *name == key)?;
    // A key that the case's `expect` does not have was reported when the document was read.
    let verb = verb?;
    if !verbs.contains(&verb) {
        let who: Vec<_> = verbs.iter().map(|word| format!("`{word}`")).collect();
        let who = mistake::listed(&who.iter().map(String::as_str).collect::<Vec<_>>());
        let message = format!("`{verb}` returns no `{key}`");
        low.push(
            Diagnostic::error("not-returned", entry.key_span, message)
                .label("cannot be checked here")
                .help(format!("`{key}` is what {who} returns")),
        );
        return None;
    }
    Some(CheckKind::Returned { key: name, pattern: low.pattern(&entry.value) })
}

/// A key that means something, but not here.
pub fn wrong_place(span: Span, key: &str, help: &str) -> Diagnostic {
    Diagnostic::error("wrong-place", span, format!("`{key}` means nothing here")).label("not in this place").help(help)
}
