//! Scripted models: what a fake says itself, and what its script file says.
//!
//! Owns: which of both counts, the ways to choose a reply, rules.
//! Must not know: how files are found, what a reply is made of.

use super::lowering::key_span;
use super::{Lowering, fake, fault, http, persona, reply, script, wire};
use crate::base::Diagnostic;
use crate::language::docs::fake::{FakeDoc, VendorWord};
use crate::language::docs::fault::{FaultDoc, FaultWord};
use crate::language::docs::http::RouteNode;
use crate::language::docs::reply::{ReplyDoc, RuleDoc, ScriptDoc, UsedUpWord, WireDoc};
use crate::language::shape::{Or, Text};
use crate::model::fake::{MODEL_FACTS, ModelFake, ModelReplies, ModelRule, PartKind, UsedUp, Vendor};
use crate::model::fault::Fault;
use crate::model::pattern::{Form, Pattern, Test, Word};
use crate::model::persona::Turn;
use crate::model::tree::Node;
use serde_json::Value;
use std::sync::Arc;

/// What fakes and script files say alike.
struct Said<'a> {
    node: &'a Arc<Node>,
    script: Option<&'a Or<Text, Vec<ReplyDoc>>>,
    rules: Option<&'a [RuleDoc]>,
    wire: Option<&'a WireDoc>,
    faults: Option<&'a [Or<FaultWord, FaultDoc>]>,
    http: Option<&'a [RouteNode]>,
}

impl<'a> From<&'a FakeDoc> for Said<'a> {
    fn from(doc: &'a FakeDoc) -> Said<'a> {
        Said {
            node: &doc.node,
            script: doc.script.as_ref(),
            rules: doc.rules.as_deref(),
            wire: doc.wire.as_ref(),
            faults: doc.faults.as_deref(),
            http: doc.http.as_deref(),
        }
    }
}

impl<'a> From<&'a ScriptDoc> for Said<'a> {
    fn from(doc: &'a ScriptDoc) -> Said<'a> {
        Said {
            node: &doc.node,
            script: Some(&doc.script),
            rules: doc.rules.as_deref(),
            wire: doc.wire.as_ref(),
            faults: doc.faults.as_deref(),
            http: doc.http.as_deref(),
        }
    }
}

/// What a fake or a file came to; what it does not say is `None`.
#[derive(Default)]
pub struct Part {
    replies: Option<ModelReplies>,
    wire: Option<crate::model::wire::Wire>,
    /// Of the key `faults`, and of the settings of `wire` that are faults of every reply.
    faults: Option<Vec<Fault>>,
    of_wire: Option<Vec<Fault>>,
    routes: Option<Vec<crate::model::http::HttpRoute>>,
}

impl Part {
    /// What `self` does not say is as `other` says.
    fn or(self, other: Part) -> Part {
        Part {
            replies: self.replies.or(other.replies),
            wire: self.wire.or(other.wire),
            faults: self.faults.or(other.faults),
            of_wire: self.of_wire.or(other.of_wire),
            routes: self.routes.or(other.routes),
        }
    }

    fn model(self, vendor: VendorWord, low: &mut Lowering<'_>) -> ModelFake {
        let vendor = match vendor {
            VendorWord::Openai => Vendor::Openai,
            VendorWord::Anthropic => Vendor::Anthropic,
            VendorWord::Openrouter => Vendor::Openrouter,
            VendorWord::Any => Vendor::Any,
        };
        let replies = self.replies.unwrap_or_else(|| ModelReplies::Script(Vec::new()));
        if vendor == Vendor::Openrouter {
            no_hosted_calls(&replies, low);
        }
        // The faults in the order written, then what `wire` does to every reply.
        let faults = self.faults.into_iter().chain(self.of_wire).flatten().collect();
        let routes = self.routes.unwrap_or_default();
        ModelFake { vendor, replies, wire: self.wire.unwrap_or_default(), routes, faults, used_up: UsedUp::default() }
    }
}

/// The keys by which a model's replies are chosen.
const WAYS: [&str; 3] = ["script", "rules", "persona"];

/// The model of a fake, with what its script file says; the fake's own word comes first.
pub fn of_fake(doc: &FakeDoc, turns: &[Turn], low: &mut Lowering<'_>) -> Option<ModelFake> {
    let vendor = doc.model?;
    let mut own = part(&Said::from(doc), vendor, low);
    if let Some(persona) = doc.persona.and_then(|word| persona::of(word, turns)) {
        if let Some(second) = ["script", "rules"].into_iter().find(|key| doc.node.get(key).is_some()) {
            let message = format!("`persona` and `{second}` are both ways to choose a reply; a model has one");
            low.push(Diagnostic::error("one-kind", key_span(&doc.node, second), message).label("the second way"));
        }
        own.replies = Some(ModelReplies::Persona(persona));
        return Some(own.model(vendor, low));
    }
    let part = match (&doc.script, &doc.rules) {
        (Some(Or::That(_)), Some(_)) => {
            two_ways(&doc.node, low);
            return None;
        }
        (Some(Or::This(path)), _) => own.or(script::file(path, vendor, low)?),
        // One that is there could not be read, which has been said.
        (None, None) if WAYS.iter().any(|key| doc.node.get(key).is_some_and(|node| !node.is_null())) => return None,
        (None, None) if doc.http.is_none() => {
            low.push(
                Diagnostic::error("missing-key", doc.node.span, "missing key `script`")
                    .label("a model needs `script`, `rules` or `persona`")
                    .help("`script: []` is a model that is never asked"),
            );
            return None;
        }
        _ => own,
    };
    Some(part.model(vendor, low))
}

/// The model of a script file that stands alone.
pub fn of_script(doc: &ScriptDoc, low: &mut Lowering<'_>) -> Option<ModelFake> {
    let vendor = doc.model.unwrap_or(VendorWord::Any);
    Some(of_file(doc, vendor, low)?.model(vendor, low))
}

/// What a script file says, for wires of this vendor.
pub fn of_file(doc: &ScriptDoc, vendor: VendorWord, low: &mut Lowering<'_>) -> Option<Part> {
    fake::unknown_yet(&doc.node, doc.http.as_deref(), std::iter::empty(), low);
    match (&doc.script, &doc.rules) {
        (Or::That(_), Some(_)) => {
            two_ways(&doc.node, low);
            return None;
        }
        (Or::This(title), None) if doc.http.is_none() => {
            low.push(
                Diagnostic::error("missing-key", title.span, "missing key `rules`")
                    .label("this is a title, so that `rules` must choose the replies")
                    .help("one reply is a list too: `script: [Hello]`"),
            );
            return None;
        }
        _ => {}
    }
    Some(part(&Said::from(doc), vendor, low))
}

fn two_ways(node: &Node, low: &mut Lowering<'_>) {
    let message = "`script` and `rules` are both ways to choose a reply; a model has one";
    let help = "a `script` that is a text is a file, or in a script file its title";
    low.push(Diagnostic::error("one-kind", key_span(node, "rules"), message).label("the second way").help(help));
}

fn part(said: &Said<'_>, vendor: VendorWord, low: &mut Lowering<'_>) -> Part {
    let script = said.script.and_then(|script| if let Or::That(replies) = script { Some(replies) } else { None });
    let replies = match (said.rules, script) {
        (Some(rules), _) => Some(ModelReplies::Rules(rules.iter().map(|doc| rule(doc, low)).collect())),
        (None, Some(replies)) => Some(ModelReplies::Script(replies.iter().filter_map(|doc| reply::reply(doc, low)).collect())),
        (None, None) => None,
    };
    Part {
        replies,
        wire: said.wire.map(|doc| wire::wire(doc, low)),
        faults: said.faults.map(|docs| faults(docs, said.node, vendor, low)),
        of_wire: said.wire.map(|doc| wire::faults(doc, vendor, low)),
        routes: said.http.map(|docs| http::routes(docs, low)),
    }
}

fn faults(docs: &[Or<FaultWord, FaultDoc>], node: &Node, vendor: VendorWord, low: &mut Lowering<'_>) -> Vec<Fault> {
    let nodes = node.get("faults").map(|node| node.items()).unwrap_or_default();
    if docs.len() != nodes.len() {
        // An entry that could not be read was reported, and stops the suite.
        return Vec::new();
    }
    docs.iter().zip(nodes).filter_map(|(doc, node)| fault::fault(doc, node, vendor, low)).collect()
}

/// OpenRouter has only chat completions, and these have no calls that the provider runs itself.
fn no_hosted_calls(replies: &ModelReplies, low: &mut Lowering<'_>) {
    for part in replies.written().into_iter().flat_map(|reply| &reply.parts) {
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
        fake::fields(&when.0, &MODEL_FACTS, "a model's rule", low);
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
    let then_next = doc.then == Some(UsedUpWord::Next);
    ModelRule { span: doc.node.span, when, replies, then_next }
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
