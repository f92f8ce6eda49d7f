//! What the readers of all wires have in common.
//!
//! Owns: the seam between wires and protocols, the form of errors and of usage.
//! Must not know: the fields of any wire.

use super::{chat, messages, responses};
use crate::model::protocol::EventKind;
use serde_json::{Map, Value, json};

/// One normalised event: its kind and its fields.
pub type Meaning = (EventKind, Map<String, Value>);

/// Reads one answer of a provider: frames `{id, event, data}` of a stream, or one frame `{status, headers, body}`.
/// Events come in the order of the wire; a call is told once its arguments are complete, `turn.finished` last.
pub trait Reads: Send {
    fn read(&mut self, frame: &Value, out: &mut Vec<Meaning>) {
        if self.is_over() {
            // What follows the end of a message is nobody's.
        } else if frame.get("status").is_some() {
            self.whole(&frame["body"], out);
        } else {
            self.event(frame, out);
        }
    }

    /// An event of a stream: `{id, event, data}`.
    fn event(&mut self, frame: &Value, out: &mut Vec<Meaning>);

    /// The body of an answer that is no stream.
    fn whole(&mut self, body: &Value, out: &mut Vec<Meaning>);

    /// The stream has ended. A wire whose message may be complete without a last event says so now.
    fn end(&mut self, _out: &mut Vec<Meaning>) {}

    /// True once `turn.finished` was told: nothing of the message is missing.
    fn is_over(&self) -> bool;

    /// True if the message asks for calls that its client has to run.
    fn asks(&self) -> bool;

    /// What a complete stream must still have sent.
    fn missing(&self) -> &'static str;

    /// The message as the client puts it into the history: `{{answer}}`.
    fn answer(&self) -> Value;

    /// The whole answer as the wire's own object, as it would have come without streaming.
    fn document(&self) -> Value;
}

/// The reader of a wire, by the word of `decode` and `reduce`.
pub fn by_name(wire: &str) -> Option<Box<dyn Reads>> {
    Some(match wire {
        "chat" => Box::<chat::Reader>::default(),
        "responses" => Box::<responses::Reader>::default(),
        "messages" => Box::<messages::Reader>::default(),
        _ => return None,
    })
}

/// Which events the reader of a wire may tell.
pub fn makes(wire: &str, kind: EventKind) -> bool {
    use EventKind::{CallFinished, CallStarted, Error, Reasoning, Text, TextDelta, TurnFinished, Usage};
    match kind {
        TextDelta | Text | Reasoning | CallStarted | Usage | Error | TurnFinished => by_name(wire).is_some(),
        // The provider itself runs calls of Model Context Protocol servers.
        CallFinished => wire == "responses",
        _ => false,
    }
}

pub(super) fn event(out: &mut Vec<Meaning>, kind: EventKind, fields: Value) {
    if let Value::Object(fields) = fields {
        out.push((kind, fields));
    }
}

pub(super) fn text(out: &mut Vec<Meaning>, kind: EventKind, text: &str) {
    event(out, kind, json!({"text": text}));
}

pub(super) fn finished(out: &mut Vec<Meaning>, status: &str, reason: Option<&str>) {
    let mut fields = json!({"status": status});
    if let Some(reason) = reason {
        fields["reason"] = reason.into();
    }
    event(out, EventKind::TurnFinished, fields);
}

/// What breaks the wire's own rules; the stream is read on.
pub(super) fn fault(out: &mut Vec<Meaning>, code: &str, message: String) {
    event(out, EventKind::Error, json!({"source": "agent", "code": code, "message": message}));
}

/// An error object of a provider; `code` where it has one, else `type`.
pub(super) fn provider_error(out: &mut Vec<Meaning>, error: &Value) {
    let code = [&error["code"], &error["type"]].into_iter().find(|code| !code.is_null()).cloned().unwrap_or(Value::Null);
    let message = match (&error["message"], error) {
        (Value::String(message), _) | (_, Value::String(message)) if !message.trim().is_empty() => message.clone(),
        _ => format!("an error without a message: {}", short(error)),
    };
    event(out, EventKind::Error, json!({"source": "agent", "code": code, "message": message}));
}

/// The data of an event as a mapping; anything else breaks the rules of every wire.
pub(super) fn mapping<'a>(data: &'a Value, out: &mut Vec<Meaning>) -> Option<&'a Map<String, Value>> {
    if data.as_object().is_none() {
        let what = if data.is_string() { "not JSON" } else { "no JSON object" };
        fault(out, "malformed_event", format!("an event of the stream is {what}: {}", short(data)));
    }
    data.as_object()
}

/// Arguments that are the JSON text of a mapping are parsed; models do make mistakes, and those stay texts.
pub(super) fn arguments(text: &str) -> Value {
    serde_json::from_str(text).ok().filter(|value: &Value| value.is_object() || value.is_array()).unwrap_or_else(|| text.into())
}

/// The fields that are numbers.
pub(super) fn usage(out: &mut Vec<Meaning>, fields: &[(&str, &Value)]) {
    let numbers: Map<String, Value> =
        fields.iter().filter(|(_, value)| value.is_number()).map(|(name, value)| ((*name).to_owned(), (*value).clone())).collect();
    if !numbers.is_empty() {
        out.push((EventKind::Usage, numbers));
    }
}

/// A value in at most 200 characters.
pub(super) fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(200) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// All events of an answer, one line each, and its reader.
    pub(in crate::wire::reading) fn told(wire: &str, frames: &[Value]) -> (Vec<String>, Box<dyn Reads>) {
        let mut reader = by_name(wire).expect("a wire");
        let mut out = Vec::new();
        frames.iter().for_each(|frame| reader.read(frame, &mut out));
        reader.end(&mut out);
        let lines = out.into_iter().map(|(kind, fields)| format!("{} {}", kind.name(), Value::Object(fields))).collect();
        (lines, reader)
    }

    pub(in crate::wire::reading) fn data(data: Value) -> Value {
        json!({"event": "message", "data": data})
    }

    #[test]
    fn only_wires_that_answer_one_request_have_readers() {
        assert!(by_name("chat").is_some() && by_name("realtime").is_none() && by_name("core2").is_none());
        assert!(makes("chat", EventKind::CallStarted) && !makes("chat", EventKind::CallFinished) && !makes("realtime", EventKind::Text));
    }

    #[test]
    fn an_error_always_has_words() {
        let mut out = Vec::new();
        for error in [json!({"message": "no", "type": "t"}), json!({"code": 5, "message": "no"}), json!("no"), json!({"message": ""})] {
            provider_error(&mut out, &error);
        }
        let shown: Vec<_> = out.iter().map(|(_, fields)| format!("{} {}", fields["code"], fields["message"])).collect();
        assert_eq!(shown, ["\"t\" \"no\"", "5 \"no\"", "null \"no\"", "null \"an error without a message: {\\\"message\\\":\\\"\\\"}\""]);
    }
}
