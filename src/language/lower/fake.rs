//! Fakes: from the one mapping to their kinds.
//!
//! Owns: which kind a fake is, which keys go with it.
//! Must not know: how a fake is served.

use super::check::wrong_place;
use super::lowering::key_span;
use super::{Lowering, command, http, model, tool, websocket};
use crate::base::Diagnostic;
use crate::base::suggest::did_you_mean;
use crate::language::docs::fake::{FakeDoc, ServerWord};
use crate::language::docs::http::RouteNode;
use crate::language::names::{self, OfCall};
use crate::model::fake::{Fake, FakeKind, FunctionsFake, HttpFake, ServerKind};
use crate::model::persona::Turn;
use crate::model::tree::Node;
use std::sync::Arc;

/// The keys that say what kind of fake it is.
pub const KINDS: [&str; 7] = ["model", "command", "http", "websocket", "mcp", "functions", "server"];

/// Keys that go with one kind only.
const OWN: [(&str, &str); 6] =
    [("script", "model"), ("rules", "model"), ("persona", "model"), ("wire", "model"), ("faults", "model"), ("otherwise", "command")];

/// What a rule of a mocked command may look at.
pub const CALL: [&str; 4] = ["argv", "stdin", "cwd", "nth"];

/// Lowers a fake of this kind; `turns` is what a persona of the case plays. `None` for a kind that this version does not carry out, and after a mistake.
pub fn fake(doc: &FakeDoc, kind: &str, turns: &[Turn], low: &mut Lowering<'_>) -> Option<Fake> {
    of_requests(doc, low);
    let kind = match kind {
        "model" => FakeKind::Model(model::of_fake(doc, turns, low)?),
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
    let conditions = doc.functions.iter().flatten().flat_map(|row| [row.node.get("when"), row.node.get("schema")]);
    unknown_yet(&doc.node, doc.http.as_deref(), conditions.flatten(), low);
}

/// Tells of such values elsewhere in this mapping: outside of its routes and functions, and in the conditions of these.
pub fn unknown_yet<'a>(
    node: &'a Node,
    routes: Option<&'a [RouteNode]>,
    conditions: impl Iterator<Item = &'a Arc<Node>>,
    low: &mut Lowering<'_>,
) {
    let answers = |kind: &str| if kind == "functions" { OfCall::Call } else { OfCall::Request };
    let mut places: Vec<(&Node, Option<OfCall>)> = Vec::new();
    for entry in node.entries() {
        match &*entry.key {
            kind @ ("http" | "functions") => places.push((&entry.value, Some(answers(kind)))),
            _ => places.push((&entry.value, None)),
        }
    }
    places.extend(routes.into_iter().flatten().filter_map(|route| http::condition_of(&route.0)).map(|when| (when, None)));
    places.extend(conditions.map(|when| (&**when, None)));
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
