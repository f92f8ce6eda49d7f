//! Replies of a scripted model: texts, parts and lists of parts.
//!
//! Owns: the one part that a mapping is, and what must stand alone.
//! Must not know: wire formats.

use super::Lowering;
use super::lowering::{key_span, plain_scalars};
use crate::base::{Diagnostic, Span};
use crate::language::docs::reply::{
    AbortWord, AudioDoc, ErrorDoc, FailDoc, McpCallDoc, PartDoc, ReasoningDoc, ReplyDoc, SaidDoc, StatusDoc, ToolCallDoc, UsageDoc,
};
use crate::language::shape::{Any, Mapping, Or, Templated, Text, Whole, mistake};
use crate::model::fake::{Abort, PartKind, ReasoningPart, Reply, ReplyPart};
use crate::model::tree::{Content, Node};
use std::sync::Arc;

/// Lowers a reply: a text, a part, or a list of parts.
pub fn reply(doc: &ReplyDoc, low: &mut Lowering<'_>) -> Option<Reply> {
    let (span, parts): (_, Vec<_>) = match doc {
        Or::This(doc) => (span(doc), said(doc, low).into_iter().collect()),
        Or::That(docs) => (docs.first().map(span).unwrap_or_default(), docs.iter().filter_map(|doc| said(doc, low)).collect()),
    };
    alone(&parts, low);
    Some(Reply { span, parts })
}

fn span(doc: &SaidDoc) -> Span {
    match doc {
        Or::This(text) => text.0.span,
        Or::That(doc) => doc.node.span,
    }
}

/// A text is short for `{text: …}`.
fn said(doc: &SaidDoc, low: &mut Lowering<'_>) -> Option<ReplyPart> {
    match doc {
        Or::This(text) => Some(ReplyPart { span: text.0.span, kind: PartKind::Text(text.0.clone()) }),
        Or::That(doc) => part(doc, low),
    }
}

/// Another answer than 200 stands first and alone.
fn alone(parts: &[ReplyPart], low: &mut Lowering<'_>) {
    let waits = |part: &&ReplyPart| !matches!(part.kind, PartKind::Delay(_) | PartKind::Gate(_));
    let spoken: Vec<_> = parts.iter().filter(waits).collect();
    if spoken.len() < 2 {
        return;
    }
    if let Some(part) = spoken.iter().find(|part| matches!(part.kind, PartKind::Http { .. })) {
        low.push(
            Diagnostic::error("http-alone", part.span, "an `http` answer has no other parts")
                .label("stands with others")
                .help("make it a reply of its own"),
        );
    }
}

/// The keys that are parts, in the order in which they are looked for.
fn part(doc: &PartDoc, low: &mut Lowering<'_>) -> Option<ReplyPart> {
    let mut given: Vec<_> = PartDoc::names().filter(|key| doc.node.get(key).is_some()).collect();
    if given.contains(&"reasoning") {
        given.retain(|key| *key != "signature");
    }
    let all: Vec<_> = PartDoc::names().collect();
    match given.as_slice() {
        [] => {
            if doc.node.entries().is_empty() {
                let help = format!("a part is one of {}", all.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "));
                low.push(Diagnostic::error("one-part", doc.node.span, "an empty part").label("it says nothing").help(help));
            }
            return None;
        }
        [_] => {}
        [first, second, ..] => low.push(
            Diagnostic::error("one-part", key_span(&doc.node, second), format!("`{first}` and `{second}` are two parts"))
                .label("the second part")
                .help(format!("write them as a list: `[{{{first}: …}}, {{{second}: …}}]`")),
        ),
    }
    Some(ReplyPart { span: doc.node.span, kind: kind(doc, low)? })
}

fn kind(doc: &PartDoc, low: &mut Lowering<'_>) -> Option<PartKind> {
    if let Some(kind) = spoken(doc) {
        return Some(kind);
    }
    if let Some(thought) = &doc.reasoning {
        return Some(PartKind::Reasoning(reasoning(thought, doc.signature.as_ref(), low)));
    }
    if let Some(call) = &doc.tool_call {
        return tool_call(call, low);
    }
    if let Some(AudioDoc { transcript, base64, .. }) = &doc.audio {
        return Some(PartKind::Audio { transcript: transcript.0.clone(), audio: base64.as_ref().map(|audio| audio.0.clone()) });
    }
    if let Some(call) = &doc.mcp_call {
        return mcp_call(call, low);
    }
    if let Some(ping) = &doc.ping {
        return ping.on.then_some(PartKind::Ping);
    }
    if let Some(data) = &doc.event {
        return event(&data.0, low);
    }
    if let Some(usage) = &doc.usage {
        return Some(tokens(usage));
    }
    if let Some(error) = &doc.error {
        return Some(error_event(error));
    }
    if let Some(fail) = &doc.fail {
        return Some(failure(fail));
    }
    if let Some(http) = &doc.http {
        return status(http, low);
    }
    let abort = doc.abort.map(|word| match word {
        AbortWord::Reset => Abort::Reset,
        AbortWord::Fin => Abort::Fin,
        AbortWord::Half => Abort::Half,
    });
    // What remains is reported as not supported when the document is read.
    abort.map(PartKind::Abort)
}

fn spoken(doc: &PartDoc) -> Option<PartKind> {
    let text = |text: &Option<Templated>, make: fn(Arc<Node>) -> PartKind| text.as_ref().map(|text| make(text.0.clone()));
    let word = |text: &Option<Text>, make: fn(String) -> PartKind| text.as_ref().map(|text| make(text.to_string()));
    text(&doc.text, PartKind::Text)
        .or_else(|| text(&doc.message, PartKind::Message))
        .or_else(|| text(&doc.raw, PartKind::Raw))
        .or_else(|| text(&doc.refusal, PartKind::Refusal))
        .or_else(|| word(&doc.stop, PartKind::Stop))
        .or_else(|| word(&doc.gate, PartKind::Gate))
        .or_else(|| word(&doc.comment, PartKind::Comment))
        .or_else(|| doc.delay.map(|delay| PartKind::Delay(delay.duration)))
}

/// What the model thinks; `beside` is the signature that stands beside the short form.
fn reasoning(doc: &Or<Templated, ReasoningDoc>, beside: Option<&Templated>, low: &mut Lowering<'_>) -> ReasoningPart {
    let node = |text: &Templated| text.0.clone();
    let doc = match doc {
        Or::This(text) => {
            return ReasoningPart { text: Some(node(text)), signature: beside.map(node), encrypted: None, hidden: false };
        }
        Or::That(doc) => doc,
    };
    if let (Some(beside), Some(_)) = (beside, &doc.signature) {
        low.push(
            Diagnostic::error("one-part", beside.0.span, "`signature` is given twice")
                .label("the second signature")
                .help("`signature` beside `reasoning` is short for the one inside it"),
        );
    }
    let signature = doc.signature.as_ref().or(beside).map(node);
    let hidden = doc.hidden.is_some_and(|hidden| hidden.on);
    ReasoningPart { text: doc.text.as_ref().map(node), signature, encrypted: doc.encrypted.as_ref().map(node), hidden }
}

fn mcp_call(doc: &McpCallDoc, low: &mut Lowering<'_>) -> Option<PartKind> {
    if let (Some(_), Some(error)) = (&doc.output, &doc.error) {
        low.push(
            Diagnostic::error("one-part", error.0.span, "`output` and `error` are both given; a call went well, or it did not")
                .label("the second result"),
        );
        return None;
    }
    let any = |node: &Option<Any>| node.as_ref().map(|node| node.0.clone());
    let (server, name) = (doc.server.0.clone(), doc.name.0.clone());
    Some(PartKind::McpCall { server, name, args: any(&doc.args), output: any(&doc.output), error: any(&doc.error) })
}

/// `{name, data}`, or the data alone.
fn event(node: &Arc<Node>, low: &mut Lowering<'_>) -> Option<PartKind> {
    if !node.is_map() {
        low.push(mistake::wrong_type(node, "a mapping"));
        return None;
    }
    let long = node.get("data").is_some() && node.entries().iter().all(|entry| matches!(&*entry.key, "name" | "data"));
    Some(match (long, node.get("data")) {
        (true, Some(data)) => PartKind::Event { name: node.get("name").cloned(), data: data.clone() },
        _ => PartKind::Event { name: None, data: node.clone() },
    })
}

fn tool_call(doc: &Or<Templated, ToolCallDoc>, low: &mut Lowering<'_>) -> Option<PartKind> {
    let doc = match doc {
        Or::This(text) => {
            low.push(mistake::wrong_type(&text.0, "a mapping"));
            return None;
        }
        Or::That(doc) => doc,
    };
    let args = match &doc.args {
        None => Node::new(doc.node.span, Content::Map(Vec::new())),
        Some(Or::This(Templated(node)) | Or::That(Mapping(node))) => node.clone(),
    };
    Some(PartKind::ToolCall { name: doc.name.0.clone(), args, id: doc.id.as_ref().map(|id| id.0.clone()) })
}

fn tokens(doc: &UsageDoc) -> PartKind {
    let count = |whole: Option<Whole>| whole.map_or(0, |whole| whole.number);
    PartKind::Usage { input: count(doc.input), output: count(doc.output), cached: count(doc.cached), reasoning: count(doc.reasoning) }
}

fn error_event(doc: &Or<Text, ErrorDoc>) -> PartKind {
    match doc {
        Or::This(message) => PartKind::Error { message: message.to_string(), code: None, kind: None, flat: false },
        Or::That(doc) => PartKind::Error {
            message: doc.message.to_string(),
            code: doc.code.as_ref().map(|code| code.to_string()),
            kind: doc.kind.as_ref().map(|kind| kind.to_string()),
            flat: doc.flat.is_some_and(|flat| flat.on),
        },
    }
}

fn failure(doc: &Or<Text, FailDoc>) -> PartKind {
    match doc {
        Or::This(message) => PartKind::Fail { message: message.to_string(), code: None },
        Or::That(doc) => PartKind::Fail { message: doc.message.to_string(), code: doc.code.as_ref().map(|code| code.to_string()) },
    }
}

fn status(doc: &StatusDoc, low: &mut Lowering<'_>) -> Option<PartKind> {
    let status = u16::try_from(doc.status.number).ok().filter(|status| (200..=599).contains(status));
    if status.is_none() {
        low.push(mistake::wrong_value(
            doc.status.span,
            format!("{} is not a status of an answer", doc.status.number),
            "a number from 200 to 599",
        ));
    }
    let bodiless = matches!(status, Some(204 | 205 | 304));
    if let (true, Some(body)) = (bodiless, &doc.body) {
        low.push(mistake::wrong_value(body.0.span, "an answer of this status has no body", "no `body`, or another `status`"));
    }
    let mut headers = Vec::new();
    for (name, value) in plain_scalars(doc.headers.as_ref()) {
        if !is_header_name(&name) {
            let names = doc.headers.iter().flat_map(|headers| &headers.entries);
            let span = names.map(|(text, _)| text).find(|text| ***text == *name).map_or(doc.node.span, |text| text.span);
            low.push(mistake::wrong_value(span, format!("`{name}` cannot be the name of a header"), "letters, digits and `-`"));
        }
        match value.to_value() {
            serde_json::Value::String(text) => headers.push((name, text)),
            other => headers.push((name, other.to_string())),
        }
    }
    Some(PartKind::Http {
        status: status?,
        headers,
        retry_after: doc.retry_after.map(|after| after.duration),
        body: doc.body.as_ref().map(|body| body.0.clone()),
    })
}

/// A token, as HTTP calls it.
fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
