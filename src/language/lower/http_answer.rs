//! One answer of a route.
//!
//! Owns: which parts of an answer exclude each other, what a header may be called, files and bytes of bodies.
//! Must not know: when it is given.

use super::Lowering;
use super::check::wrong_place;
use super::lowering::key_span;
use crate::base::Diagnostic;
use crate::language::docs::http::{RouteAnswerDoc, RouteBodyDoc, StreamPartDoc};
use crate::language::docs::reply::AbortWord;
use crate::language::shape::{Named, Or, Scalar, Templated, Text, Whole, mistake};
use crate::model::fake::Abort;
use crate::model::http::{HttpAnswer, HttpContent, Recall, Store, StreamPart};
use crate::model::tree::Node;
use base64::Engine as _;
use std::sync::Arc;
use std::time::Duration;

/// The server frames its answers itself.
const FRAMING: [&str; 3] = ["content-length", "transfer-encoding", "connection"];

pub fn answer(doc: &RouteAnswerDoc, low: &mut Lowering<'_>) -> Option<HttpAnswer> {
    let status = match doc.status {
        Some(written) => Some(status(written, low)?),
        None => None,
    };
    let content = content(doc, low)?;
    if let (Some(204 | 304), Some(key)) = (status, body_key(doc)) {
        let message = format!("an answer with the status {} has no body", status.unwrap_or_default());
        low.push(
            Diagnostic::error("wrong-place", key_span(&doc.node, key), message).label("never sent").help("leave it out, or answer 200"),
        );
    }
    Some(HttpAnswer {
        span: doc.node.span,
        status,
        headers: headers(doc.headers.as_ref(), low),
        content,
        delay: doc.delay.map_or(Duration::ZERO, |delay| delay.duration),
        gate: doc.gate.as_ref().map(|gate| gate.to_string()),
        abort: doc.abort.map(|word| match word {
            AbortWord::Reset => Abort::Reset,
            AbortWord::Fin => Abort::Fin,
            AbortWord::Half => Abort::Half,
        }),
        store: match &doc.store {
            Some(store) => {
                let value = store.value.as_ref().map(|path| low.path(path));
                Some(Store { key: low.path(&store.key)?, value: value.flatten() })
            }
            None => None,
        },
        recall: match &doc.recall {
            Some(recall) => Some(Recall { key: low.path(&recall.key)?, default: recall.default.as_ref().map(|value| value.0.clone()) }),
            None => None,
        },
    })
}

pub fn status(written: Whole, low: &mut Lowering<'_>) -> Option<u16> {
    let status = u16::try_from(written.number).ok().filter(|status| (200..=599).contains(status));
    if status.is_none() {
        let message = format!("{} is not a status of an answer", written.number);
        low.push(mistake::wrong_value(written.span, message, "a number from 200 to 599"));
    }
    status
}

fn body_key(doc: &RouteAnswerDoc) -> Option<&'static str> {
    ["body", "json", "sse"].into_iter().find(|key| doc.node.get(key).is_some())
}

fn content(doc: &RouteAnswerDoc, low: &mut Lowering<'_>) -> Option<HttpContent> {
    let given: Vec<_> = ["body", "json", "sse"].into_iter().filter(|key| doc.node.get(key).is_some()).collect();
    if let [first, second, ..] = given.as_slice() {
        let message = format!("`{first}` and `{second}` are both bodies; an answer has one");
        low.push(Diagnostic::error("one-kind", key_span(&doc.node, second), message).label("the second body"));
        return None;
    }
    if let Some(json) = &doc.json {
        return Some(HttpContent::Json(json.0.clone()));
    }
    if let Some(parts) = &doc.sse {
        return Some(HttpContent::Events(parts.iter().filter_map(|part| stream_part(part, low)).collect()));
    }
    match &doc.body {
        None => Some(HttpContent::Empty),
        Some(Or::This(text)) => Some(HttpContent::Text(text.0.clone())),
        Some(Or::That(body)) => self::body(body, low),
    }
}

fn body(doc: &RouteBodyDoc, low: &mut Lowering<'_>) -> Option<HttpContent> {
    match (&doc.bytes, &doc.from) {
        (Some(Templated(bytes)), None) => {
            let is_base64 = |text: &str| base64::engine::general_purpose::STANDARD.decode(text).is_ok();
            if bytes.text().is_some_and(|text| !is_base64(text)) {
                low.push(mistake::wrong_value(bytes.span, "this is no base64", "base64 of the bytes, such as `AAEC`"));
            }
            Some(HttpContent::Bytes(bytes.clone()))
        }
        (None, Some(path)) => file(path, low),
        _ => {
            let mixed = Diagnostic::error("one-kind", doc.node.span, "a body is a text, or one of `bytes` and `from`");
            low.push(mixed.label("exactly one of them").help("a body of JSON is written under `json:`"));
            None
        }
    }
}

fn file(path: &Text, low: &mut Lowering<'_>) -> Option<HttpContent> {
    let found = low.existing(path)?;
    match std::fs::read(&found) {
        Ok(bytes) => Some(HttpContent::File { bytes: Arc::new(bytes), content_type: content_type(path) }),
        Err(error) => {
            low.push(Diagnostic::error("no-such-file", path.span, format!("cannot read `{}`: {error}", &**path)).label("not readable"));
            None
        }
    }
}

/// What a file is by its name; any other is only bytes.
fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("json") => "application/json",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("xml") => "application/xml",
        Some("sdp") => "application/sdp",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        _ => "application/octet-stream",
    }
}

fn headers(named: Option<&Named<Or<Scalar, Vec<Scalar>>>>, low: &mut Lowering<'_>) -> Vec<(String, Arc<Node>)> {
    let mut headers = Vec::new();
    for (name, values) in named.map(|named| named.entries.as_slice()).unwrap_or_default() {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            low.push(mistake::wrong_value(
                name.span,
                format!("`{}` cannot be the name of a header", &**name),
                "a name such as `x-request-id`",
            ));
            continue;
        }
        if FRAMING.iter().any(|framing| name.eq_ignore_ascii_case(framing)) {
            low.push(wrong_place(name.span, name, "the server frames its answers itself; `abort` breaks one off"));
            continue;
        }
        let values = match values {
            Or::This(one) => std::slice::from_ref(one),
            Or::That(many) => many.as_slice(),
        };
        headers.extend(values.iter().map(|value| (name.to_string(), value.0.clone())));
    }
    headers
}

fn stream_part(doc: &Or<Templated, StreamPartDoc>, low: &mut Lowering<'_>) -> Option<StreamPart> {
    let doc = match doc {
        Or::This(text) => return Some(StreamPart::Event { event: None, id: None, retry: None, data: Some(text.0.clone()) }),
        Or::That(doc) => doc,
    };
    let alone: Vec<_> = ["comment", "delay", "gate"].into_iter().filter(|key| doc.node.get(key).is_some()).collect();
    let of_event = ["data", "event", "id", "retry"].into_iter().find(|key| doc.node.get(key).is_some());
    let second = match (alone.as_slice(), of_event) {
        ([first, second, ..], _) => Some((*first, *second)),
        ([first], Some(second)) => Some((*first, second)),
        _ => None,
    };
    if let Some((first, second)) = second {
        let message = format!("`{first}` and `{second}` are two parts of a stream");
        low.push(
            Diagnostic::error("one-part", key_span(&doc.node, second), message)
                .label("the second part")
                .help(format!("write them as two items: `[{{{first}: …}}, {{{second}: …}}]`")),
        );
        return None;
    }
    if let Some(comment) = &doc.comment {
        return Some(StreamPart::Comment(comment.to_string()));
    }
    if let Some(delay) = doc.delay {
        return Some(StreamPart::Delay(delay.duration));
    }
    if let Some(gate) = &doc.gate {
        return Some(StreamPart::Gate(gate.to_string()));
    }
    if of_event.is_none() {
        let help = "a part is an event with `data`, or one of `comment`, `delay`, `gate`";
        low.push(Diagnostic::error("one-part", doc.node.span, "an empty part").label("it says nothing").help(help));
        return None;
    }
    let node = |scalar: &Option<Scalar>| scalar.as_ref().map(|scalar| scalar.0.clone());
    Some(StreamPart::Event {
        event: node(&doc.event),
        id: node(&doc.id),
        retry: doc.retry.map(|retry| retry.duration),
        data: doc.data.as_ref().map(|data| data.0.clone()),
    })
}
