//! Fakes: from the one mapping to their kinds.
//!
//! Owns: which kind a fake is, which keys go with it, and the model's rules.
//! Must not know: how a fake is served.

use super::check::wrong_place;
use super::lowering::key_span;
use super::{Lowering, command, reply, script, websocket};
use crate::base::Diagnostic;
use crate::base::suggest::did_you_mean;
use crate::language::docs::fake::{FakeDoc, VendorWord};
use crate::language::docs::reply::{DeltaWord, NamesWord, RuleDoc, WireDoc};
use crate::language::shape::{Or, mistake};
use crate::model::fake::{Delta, Fake, FakeKind, ModelFake, ModelReplies, ModelRule, Names, PartKind, Vendor, Wire, Write};
use crate::model::pattern::{Form, Pattern, Test, Word};
use crate::model::tree::Node;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// The keys that say what kind of fake it is.
pub const KINDS: [&str; 7] = ["model", "command", "http", "websocket", "mcp", "functions", "server"];

/// Keys that go with one kind only.
const OWN: [(&str, &str); 5] = [("script", "model"), ("rules", "model"), ("wire", "model"), ("faults", "model"), ("otherwise", "command")];

/// What a model rule may look at.
const REQUEST: [&str; 9] = ["last_user", "system", "model", "tool_offered", "has_tool_result", "tool_result", "nth", "body", "turn"];

/// What a rule of a mocked command may look at.
pub const CALL: [&str; 4] = ["argv", "stdin", "cwd", "nth"];

/// Lowers a fake of this kind. `None` for a kind that this version does not carry out, and after a mistake.
pub fn fake(doc: &FakeDoc, kind: &str, low: &mut Lowering<'_>) -> Option<Fake> {
    let kind = match kind {
        "model" => FakeKind::Model(model(doc, low)?),
        "command" => FakeKind::Command(command::command(doc, low)),
        "websocket" => FakeKind::Websocket(websocket::websocket(doc.websocket.as_deref().unwrap_or_default(), low)),
        // Reported when the document was read.
        _ => return None,
    };
    Some(Fake { span: doc.node.span, unused_allowed: doc.unused.is_some(), kind })
}

/// The one kind of a fake; routes beside a model are the model's.
pub fn kind(doc: &FakeDoc, low: &mut Lowering<'_>) -> Option<&'static str> {
    let mut given: Vec<_> = KINDS.iter().copied().filter(|kind| doc.node.get(kind).is_some()).collect();
    if given.starts_with(&["model"]) {
        given.retain(|kind| *kind != "http");
    }
    let Some(first) = given.first().copied() else {
        if doc.node.entries().iter().all(|entry| did_you_mean(&entry.key, KINDS).is_none()) {
            low.push(
                Diagnostic::error("one-kind", doc.node.span, "a fake needs a kind")
                    .label("it has none")
                    .help("one of `model`, `command`, `http`, `websocket`, `mcp`, `functions`, `server`"),
            );
        }
        return None;
    };
    if let Some(second) = given.get(1) {
        low.push(
            Diagnostic::error("one-kind", key_span(&doc.node, second), format!("`{first}` and `{second}` are both kinds; a fake has one"))
                .label("the second kind")
                .help("make two fakes of it"),
        );
    }
    for (key, kind) in OWN {
        if kind != first && doc.node.get(key).is_some() {
            low.push(wrong_place(key_span(&doc.node, key), key, &format!("`{key}` belongs to a `{kind}` fake")));
        }
    }
    Some(first)
}

fn model(doc: &FakeDoc, low: &mut Lowering<'_>) -> Option<ModelFake> {
    let vendor = match doc.model? {
        VendorWord::Openai => Vendor::Openai,
        VendorWord::Anthropic => Vendor::Anthropic,
        VendorWord::Openrouter => Vendor::Openrouter,
        VendorWord::Any => Vendor::Any,
    };
    let replies = match (&doc.script, &doc.rules) {
        (Some(_), Some(_)) => {
            let message = "`script` and `rules` are both ways to choose a reply; a model has one";
            low.push(Diagnostic::error("one-kind", key_span(&doc.node, "rules"), message).label("the second way"));
            return None;
        }
        (Some(Or::This(path)), None) => ModelReplies::Script(script::file(path, low)?),
        (Some(Or::That(replies)), None) => ModelReplies::Script(replies.iter().filter_map(|doc| reply::reply(doc, low)).collect()),
        (None, Some(rules)) => ModelReplies::Rules(rules.iter().map(|doc| rule(doc, low)).collect()),
        (None, None) if doc.http.is_some() => ModelReplies::Script(Vec::new()),
        (None, None) => {
            low.push(
                Diagnostic::error("missing-key", doc.node.span, "missing key `script`")
                    .label("a model needs `script` or `rules`")
                    .help("`script: []` is a model that is never asked"),
            );
            return None;
        }
    };
    if vendor == Vendor::Openrouter {
        no_hosted_calls(&replies, low);
    }
    Some(ModelFake { vendor, replies, wire: doc.wire.as_ref().map(|doc| wire(doc, low)).unwrap_or_default() })
}

/// OpenRouter has only chat completions, and these have no calls that the provider runs itself.
fn no_hosted_calls(replies: &ModelReplies, low: &mut Lowering<'_>) {
    let replies: Vec<_> = match replies {
        ModelReplies::Script(replies) => replies.iter().collect(),
        ModelReplies::Rules(rules) => rules.iter().flat_map(|rule| &rule.replies).collect(),
    };
    for part in replies.into_iter().flat_map(|reply| &reply.parts) {
        if matches!(part.kind, PartKind::McpCall { .. }) {
            low.push(
                Diagnostic::error("not-on-this-wire", part.span, "`mcp_call` cannot be sent by `model: openrouter`")
                    .label("chat completions have no such thing")
                    .help("`model: openai` has it on Responses, `model: anthropic` on Messages"),
            );
        }
    }
}

fn rule(doc: &RuleDoc, low: &mut Lowering<'_>) -> ModelRule {
    let when = doc.when.as_ref().map(|when| {
        fields(&when.0, &REQUEST, "a model's rule", low);
        some_tool(low.pattern(&when.0))
    });
    let replies = match (&doc.reply, &doc.replies) {
        (Some(one), None) => vec![one],
        (None, Some(many)) => many.iter().collect(),
        (Some(_), Some(_)) => {
            let message = "`reply` and `replies` are both given; a rule has one";
            low.push(Diagnostic::error("one-kind", key_span(&doc.node, "replies"), message).label("the second"));
            Vec::new()
        }
        (None, None) => {
            low.push(Diagnostic::error("missing-key", doc.node.span, "missing key `reply`").label("`model_rule` needs `reply`"));
            Vec::new()
        }
    };
    let replies = replies.into_iter().filter_map(|doc| reply::reply(doc, low)).collect();
    ModelRule { span: doc.node.span, when, replies }
}

/// `tool_offered` is a list of names; one name as it is asks for that tool among them.
fn some_tool(mut when: Pattern) -> Pattern {
    if let Form::Subset(fields) = &mut when.form
        && let Some((_, offered)) = fields.iter_mut().find(|(name, _)| &**name == "tool_offered")
        && matches!(offered.form, Form::Plain(Value::String(_)) | Form::Hole(_))
    {
        let test = Test::Has(Box::new(offered.clone()));
        offered.form = Form::Words(vec![Word { span: offered.span, test }]);
    }
    when
}

/// A plain mapping in `when` names fields of the request; a field that does not exist would never match.
pub fn fields(node: &Node, known: &[&str], owner: &str, low: &mut Lowering<'_>) {
    for entry in node.entries() {
        if !known.contains(&&*entry.key) && !crate::language::docs::pattern::is_word(&entry.key) {
            let all = format!("{owner} sees {}", known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "));
            low.push(
                Diagnostic::error("unknown-key", entry.key_span, format!("unknown key `{}`", entry.key))
                    .label("not a known key here")
                    .help(did_you_mean(&entry.key, known.iter().copied()).map_or(all.clone(), |near| format!("{near} {all}"))),
            );
        }
    }
}

fn wire(doc: &WireDoc, low: &mut Lowering<'_>) -> Wire {
    let delta = match &doc.delta {
        None | Some(Or::This(DeltaWord::Word)) => Delta::Word,
        Some(Or::This(DeltaWord::Char)) => Delta::Char,
        Some(Or::That(count)) if count.number == 0 => {
            low.push(mistake::wrong_value(count.span, "a delta of 0 characters never ends", "a number of at least 1"));
            Delta::Word
        }
        Some(Or::That(count)) => Delta::Chars(usize::try_from(count.number).unwrap_or(usize::MAX)),
    };
    let write = match doc.write.as_ref().map(|text| (&*text.text, text.span)) {
        None | Some(("ready", _)) => Write::Ready,
        Some(("event", _)) => Write::Event,
        Some((word, span)) if word == "line" || word == "split_utf8" || word.starts_with("bytes:") => {
            low.later(span, &format!("`write: {word}`"));
            Write::Ready
        }
        Some((word, span)) => {
            let node = Node::new(span, crate::model::tree::Content::Text(Arc::from(word)));
            low.push(mistake::wrong_word(&node, word, &["ready", "event", "line", "bytes:N", "split_utf8"]));
            Write::Ready
        }
    };
    let names = match doc.names {
        Some(NamesWord::Beta) => Names::Beta,
        None | Some(NamesWord::Ga) => Names::Ga,
    };
    Wire { delta, write, gap: doc.gap.map_or(Duration::ZERO, |gap| gap.duration), names }
}
