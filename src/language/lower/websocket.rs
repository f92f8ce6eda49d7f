//! Websocket fakes: connections and their rows.
//!
//! Owns: what a row may hold, which ends a connection may have.
//! Must not know: sockets, how a frame is written.

use super::Lowering;
use super::check::wrong_place;
use super::lowering::{key_span, plain_scalars};
use crate::base::duration;
use crate::language::docs::server::{CloseDoc, ConnectionDoc, ThenDoc, ThenWord};
use crate::language::shape::scalars::no_duration;
use crate::language::shape::{Or, mistake};
use crate::model::tree::{Content, Node};
use crate::model::websocket::{Row, RowStep, ScriptedConnection, Then, WebsocketFake};
use std::sync::Arc;
use std::time::Duration;

/// The longest reason that fits into a closing frame.
const MOST_REASON: usize = 123;

/// Headers that make the handshake what it is.
const HANDSHAKE: [&str; 5] = ["upgrade", "connection", "sec-websocket-accept", "sec-websocket-extensions", "content-length"];

pub fn websocket(docs: &[ConnectionDoc], low: &mut Lowering<'_>) -> WebsocketFake {
    WebsocketFake { connections: docs.iter().map(|doc| connection(doc, low)).collect() }
}

fn connection(doc: &ConnectionDoc, low: &mut Lowering<'_>) -> ScriptedConnection {
    let refusal = refusal(doc, low);
    let rows = doc.rows.as_deref().unwrap_or_default();
    let greeting = doc.greeting.as_ref().map(|greeting| row(&greeting.0, low)).unwrap_or_default();
    let headers = plain_scalars(doc.headers.as_ref());
    for (name, _) in headers.iter().filter(|(name, _)| HANDSHAKE.iter().any(|own| name.eq_ignore_ascii_case(own))) {
        let span = doc.node.get("headers").map_or(doc.node.span, |headers| key_span(headers, name));
        low.push(wrong_place(span, name, "the handshake has its own; `status` refuses it"));
    }
    ScriptedConnection {
        span: doc.node.span,
        greeting,
        rows: rows.iter().map(|doc| row(&doc.0, low)).collect(),
        then: doc.then.as_ref().map_or(Then::Hold, |then| end(then, low)),
        accept_delay: doc.accept_delay.map_or(Duration::ZERO, |delay| delay.duration),
        refusal,
        headers,
    }
}

/// A connection that is refused has nothing else to say.
fn refusal(doc: &ConnectionDoc, low: &mut Lowering<'_>) -> Option<u16> {
    let status = doc.status?;
    for key in ["rows", "greeting", "then"].into_iter().filter(|key| doc.node.get(key).is_some()) {
        low.push(wrong_place(key_span(&doc.node, key), key, "a handshake that `status` refuses opens no connection"));
    }
    let code = u16::try_from(status.number).ok().filter(|status| (200..=599).contains(status));
    if code.is_none() {
        low.push(
            mistake::wrong_value(status.span, format!("{} does not refuse a handshake", status.number), "a number from 200 to 599")
                .help("without `status` the handshake is accepted"),
        );
    }
    code
}

fn row(node: &Arc<Node>, low: &mut Lowering<'_>) -> Row {
    if !node.is_list() {
        low.push(
            mistake::wrong_type(node, "a list of frames")
                .help("a row is what is sent after one frame, such as `[{type: hello}]`; `[]` sends nothing"),
        );
        return Row { span: node.span, steps: Vec::new() };
    }
    Row { span: node.span, steps: node.items().iter().filter_map(|item| step(item, low)).collect() }
}

/// A mapping of the one key `gate` or `delay` is no frame.
fn step(node: &Arc<Node>, low: &mut Lowering<'_>) -> Option<RowStep> {
    let [entry] = node.entries() else { return Some(RowStep::Frame(node.clone())) };
    match &*entry.key {
        "gate" => match entry.value.text() {
            Some(gate) => Some(RowStep::Gate(gate.to_owned())),
            None => {
                low.push(
                    mistake::wrong_type(&entry.value, "a text: the gate's name")
                        .help("a frame that looks like this is written as a text: '{\"gate\": …}'"),
                );
                None
            }
        },
        "delay" => match entry.value.text().and_then(duration::parse) {
            Some(time) => Some(RowStep::Delay(time)),
            None => {
                low.push(no_duration(&entry.value).help("a frame that looks like this is written as a text: '{\"delay\": …}'"));
                None
            }
        },
        "bytes" => {
            base64(&entry.value, low);
            Some(RowStep::Frame(node.clone()))
        }
        _ => Some(RowStep::Frame(node.clone())),
    }
}

/// What is known now must be base64 now.
fn base64(node: &Node, low: &mut Lowering<'_>) {
    use base64::Engine as _;
    let right = match &node.value {
        Content::Text(text) => base64::engine::general_purpose::STANDARD.decode(&**text).is_ok(),
        Content::Template(_) => true,
        _ => false,
    };
    if !right {
        low.push(mistake::wrong_value(node.span, "these bytes are not base64", "base64, such as `AAEC`"));
    }
}

fn end(doc: &Or<ThenWord, ThenDoc>, low: &mut Lowering<'_>) -> Then {
    match doc {
        Or::This(ThenWord::Close) => Then::Close { code: None, reason: String::new() },
        Or::This(ThenWord::Hold) => Then::Hold,
        Or::This(ThenWord::Reset) => Then::Reset,
        Or::That(doc) => closed(&doc.close, low),
    }
}

fn closed(doc: &CloseDoc, low: &mut Lowering<'_>) -> Then {
    let code = doc.code.and_then(|code| {
        let sent = u16::try_from(code.number).ok().filter(|code| may_be_sent(*code));
        if sent.is_none() {
            let message = format!("no peer sends the code {}", code.number);
            low.push(
                mistake::wrong_value(code.span, message, "1000 to 1014 without 1004 to 1006, or 3000 to 4999")
                    .help("a client sees 1005 for `close` without a code of its own, and 1006 after `reset`"),
            );
        }
        sent
    });
    let reason = doc.reason.as_ref().map(|reason| {
        if reason.text.len() > MOST_REASON {
            let message = format!("a reason of {} bytes does not fit into a closing frame", reason.text.len());
            low.push(mistake::wrong_value(reason.span, message, format!("at most {MOST_REASON} bytes")));
        }
        reason.to_string()
    });
    Then::Close { code: code.or(doc.reason.is_some().then_some(1000)), reason: reason.unwrap_or_default() }
}

/// RFC 6455, 7.4: 1004 to 1006 and 1015 are never on the wire.
fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
