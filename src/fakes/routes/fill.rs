//! An answer of a route with its templates filled.
//!
//! Owns: the bytes of bodies and streams, and what goes with them by default.
//! Must not know: how a route was chosen, sockets.

use super::choice::Recalled;
use crate::fakes::http::Answer;
use crate::model::http::{HttpAnswer, HttpContent, StreamPart};
use crate::model::template::{Over, Scope, printed};
use crate::model::trace::{Blame, Problem};
use crate::model::tree::Node;
use crate::wire::provider_error::ErrorBody;
use crate::wire::script::Pace;
use crate::wire::sse;
use crate::wire::stream::{EventWriter, Step, document_bytes};
use base64::Engine as _;
use indexmap::IndexMap;
use serde_json::Value;
use std::time::Duration;

/// Fills an answer to the request with these facts; `name` says which one, for messages.
pub fn fill(answer: &HttpAnswer, name: &str, facts: Value, recalled: Recalled, scope: &dyn Scope) -> Result<Answer, Problem> {
    let default = answer.recall.as_ref().and_then(|recall| recall.default.as_ref());
    let recalled = match recalled {
        Recalled::Missing(key) => match default {
            Some(node) => Some(Filler { name, scope }.value(node)?),
            None => return Ok(nothing_stored(answer, key)),
        },
        Recalled::Found(value) => Some(value),
        Recalled::NotAsked => None,
    };
    let mut own: IndexMap<String, Value> = [("request".to_owned(), facts)].into();
    own.extend(recalled.clone().map(|value| ("recalled".to_owned(), value)));
    let filler = Filler { name, scope: &Over(&own, scope) };
    let status = answer.status.unwrap_or(200);
    let mut out = match (&answer.content, recalled) {
        (HttpContent::Empty, Some(value)) => whole(answer, status, "application/json", value.to_string().into_bytes()),
        (HttpContent::Empty, None) => whole(answer, status, "", Vec::new()),
        (HttpContent::Text(node), _) => whole(answer, status, "text/plain; charset=utf-8", filler.text(node)?.into_bytes()),
        (HttpContent::Json(node), _) => whole(answer, status, "application/json", filler.value(node)?.to_string().into_bytes()),
        (HttpContent::Bytes(node), _) => whole(answer, status, "application/octet-stream", filler.bytes(node)?),
        (HttpContent::File { bytes, content_type }, _) => whole(answer, status, content_type, bytes.to_vec()),
        (HttpContent::Events(parts), _) => Answer { status, ..filler.stream(answer, parts)? },
    };
    for (name, node) in &answer.headers {
        if let Some(value) = filler.optional_text(node)? {
            out = out.header(name.clone(), value);
        }
    }
    Ok(out)
}

/// An error of the fake itself, as plain JSON.
pub fn refusal(status: u16, code: &str, message: &str) -> Answer {
    let body = ErrorBody::new(message, "invalid_request_error", Some(code)).to_bytes();
    Answer::json(status, body).header("x-should-retry", "false")
}

/// As [`refusal`], for one that a client may try again.
pub fn failure(status: u16, message: &str) -> Answer {
    Answer::json(status, ErrorBody::new(message, "server_error", Some("scripted_failure")).to_bytes())
}

fn nothing_stored(answer: &HttpAnswer, key: Option<String>) -> Answer {
    let message = match key {
        Some(key) => format!("nothing is stored under `{key}`"),
        None => "the request has no key to look for".to_owned(),
    };
    let body = ErrorBody::new(&message, "not_found_error", Some("not_found")).to_bytes();
    whole(answer, 404, "application/json", body)
}

/// Waits first, then all of it in one write, or how it breaks off.
fn whole(answer: &HttpAnswer, status: u16, content_type: &'static str, bytes: Vec<u8>) -> Answer {
    Answer { content_type, ..document_bytes(status, bytes, waits(answer), answer.abort).into() }
}

fn waits(answer: &HttpAnswer) -> Vec<Step> {
    let delay = Some(Step::Delay(answer.delay)).filter(|_| !answer.delay.is_zero());
    delay.into_iter().chain(answer.gate.clone().map(Step::Gate)).collect()
}

struct Filler<'a> {
    name: &'a str,
    scope: &'a dyn Scope,
}

impl Filler<'_> {
    fn stream(&self, answer: &HttpAnswer, parts: &[StreamPart]) -> Result<Answer, Problem> {
        let mut writer = EventWriter::new(Pace::default());
        waits(answer).into_iter().for_each(|step| writer.wait(step));
        for part in parts {
            match part {
                StreamPart::Comment(text) => writer.comment(text),
                StreamPart::Delay(time) => writer.wait(Step::Delay(*time)),
                StreamPart::Gate(gate) => writer.wait(Step::Gate(gate.clone())),
                StreamPart::Event { event, id, retry, data } => {
                    self.event(&mut writer.bytes, [event.as_deref(), id.as_deref()], *retry, data.as_deref())?;
                    writer.event_ended();
                }
            }
        }
        let rendered = match answer.abort {
            None => writer.finish(),
            Some(how) => writer.abort(how, |out| sse::text_event(out, None, "")),
        };
        Ok(rendered.into())
    }

    /// `event`, `id` and `retry` first: a client may only look at them when the data is there.
    fn event(&self, out: &mut Vec<u8>, named: [Option<&Node>; 2], retry: Option<Duration>, data: Option<&Node>) -> Result<(), Problem> {
        for (field, node) in ["event", "id"].into_iter().zip(named) {
            let text = node.map(|node| self.optional_text(node)).transpose()?.flatten();
            if let Some(text) = text {
                // A line break would begin another field.
                out.extend_from_slice(format!("{field}: {}\n", text.replace(['\r', '\n'], " ")).as_bytes());
            }
        }
        if let Some(retry) = retry {
            out.extend_from_slice(format!("retry: {}\n", retry.as_millis()).as_bytes());
        }
        match data.map(|node| self.value(node)).transpose()? {
            Some(Value::String(text)) => sse::text_event(out, None, &text),
            Some(value) => sse::event(out, None, &value),
            None => out.push(b'\n'),
        }
        Ok(())
    }

    fn bytes(&self, node: &Node) -> Result<Vec<u8>, Problem> {
        let text = self.text(node)?;
        base64::engine::general_purpose::STANDARD.decode(&text).map_err(|error| self.unfilled(&format!("`bytes` is no base64: {error}")))
    }

    fn text(&self, node: &Node) -> Result<String, Problem> {
        Ok(self.optional_text(node)?.unwrap_or_default())
    }

    /// `None` for an optional value that is missing.
    fn optional_text(&self, node: &Node) -> Result<Option<String>, Problem> {
        let value = node.fill(self.scope).map_err(|unfilled| self.unfilled(&unfilled.reason))?;
        let text = |value: Value| {
            printed(&value, "this text").map_err(|_| self.unfilled(&format!("{} is {value}, and a text is needed", node.to_value())))
        };
        value.map(text).transpose()
    }

    /// An optional value that is missing is null.
    fn value(&self, node: &Node) -> Result<Value, Problem> {
        node.fill(self.scope).map(Option::unwrap_or_default).map_err(|unfilled| self.unfilled(&unfilled.reason))
    }

    fn unfilled(&self, reason: &str) -> Problem {
        let message = format!("{} cannot be sent: {reason}", self.name);
        Problem { blame: Some(Blame::Suite), code: "unfilled-reply".to_owned(), message, details: vec![] }
    }
}
