//! Fakes: from the one mapping to their kinds.
//!
//! Owns: which kind a fake is, which keys go with it, and the model's rules.
//! Must not know: how a fake is served.

use super::check::wrong_place;
use super::lowering::key_span;
use super::{Lowering, command, fault, http, reply, script, tool, websocket, wire};
use crate::base::Diagnostic;
use crate::base::suggest::did_you_mean;
use crate::language::docs::fake::{FakeDoc, ServerWord, VendorWord};
use crate::language::docs::reply::RuleDoc;
use crate::language::names::{self, OfCall};
use crate::language::shape::Or;
use crate::model::fake::{Fake, FakeKind, FunctionsFake, HttpFake, ModelFake, ModelReplies, ModelRule, PartKind, ServerKind, Vendor};
use crate::model::fault::Fault;
use crate::model::pattern::{Form, Pattern, Test, Word};
use crate::model::tree::Node;
use serde_json::Value;

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
    of_requests(doc, low);
    let kind = match kind {
        "model" => FakeKind::Model(model(doc, low)?),
        "command" => FakeKind::Command(command::command(doc, low)),
        "http" => FakeKind::Http(HttpFake { routes: http::routes(doc.http.as_deref()?, low) }),
        "functions" => {
            let rows = tool::rows(doc.functions.as_deref()?, tool::ToolsOf::Functions, low);
            FakeKind::Functions(FunctionsFake { rows })
        }
        "mcp" => FakeKind::Mcp(tool::rows(doc.mcp.as_deref()?, tool::ToolsOf::Mcp, low)),
        "server" => FakeKind::Server(match doc.server? {
            ServerWord::Redis => ServerKind::Redis,
        }),
        "websocket" => FakeKind::Websocket(websocket::websocket(doc.websocket.as_deref().unwrap_or_default(), low)),
        // Reported when the document was read.
        _ => return None,
    };
    Some(Fake { span: doc.node.span, unused_allowed: doc.unused.is_some(), kind })
}

/// Values of a request are known where a request is answered, and those of a call where a call is.
fn of_requests(doc: &FakeDoc, low: &mut Lowering<'_>) {
    let answers = |kind: &str| if kind == "functions" { OfCall::Call } else { OfCall::Request };
    let mut places: Vec<(&Node, Option<OfCall>)> = Vec::new();
    for entry in doc.node.entries() {
        match &*entry.key {
            kind @ ("http" | "functions") => places.push((&entry.value, Some(answers(kind)))),
            _ => places.push((&entry.value, None)),
        }
    }
    places.extend(doc.http.iter().flatten().filter_map(|route| http::condition_of(&route.0)).map(|when| (when, None)));
    let conditions = doc.functions.iter().flatten().flat_map(|row| [row.node.get("when"), row.node.get("schema")]);
    places.extend(conditions.flatten().map(|when| (&**when, None)));
    for (place, known) in places {
        place.templates(&mut |node, template| {
            let unknown = |name: &&str| names::answering(name).is_some_and(|of| Some(of) != known);
            if let Some(name) = template.holes().filter_map(|hole| hole.name()).find(unknown) {
                low.push(
                    Diagnostic::error("unknown-name", node.span, format!("`{name}` is not a name that is known here"))
                        .label("not known in this place")
                        .help("`request` stands in the answers of `http` routes, `call` in the results of `functions`"),
                );
            }
        });
    }
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
    let wire = doc.wire.as_ref().map(|doc| wire::wire(doc, low)).unwrap_or_default();
    let routes = doc.http.as_deref().map(|docs| http::routes(docs, low)).unwrap_or_default();
    Some(ModelFake { vendor, replies, wire, routes, faults: faults(doc, low) })
}

/// The faults in the order written, then what `wire` does to every reply.
fn faults(doc: &FakeDoc, low: &mut Lowering<'_>) -> Vec<Fault> {
    let Some(vendor) = doc.model else { return Vec::new() };
    let nodes = doc.node.get("faults").map(|node| node.items()).unwrap_or_default();
    let docs = doc.faults.as_deref().unwrap_or_default();
    if docs.len() != nodes.len() {
        // An entry that could not be read was reported, and stops the suite.
        return Vec::new();
    }
    let mut faults: Vec<_> = docs.iter().zip(nodes).filter_map(|(doc, node)| fault::fault(doc, node, vendor, low)).collect();
    faults.extend(doc.wire.as_ref().map(|doc| wire::faults(doc, vendor, low)).unwrap_or_default());
    faults
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
