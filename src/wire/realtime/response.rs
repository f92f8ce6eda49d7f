//! A scripted reply as the events of a response, one after the other, so that it can be cancelled at any of them.
//!
//! Owns: the order of the events of a response, and how it ends.
//! Must not know: sockets, clocks, what the client says meanwhile.

use super::asked::Asked;
use super::mistake::error;
use super::names::Voice;
use super::open::{Kind, Open, Sound};
use crate::model::fake::Abort;
use crate::wire::cut::deltas;
use crate::wire::provider_error::kind_for;
use crate::wire::script::{Event, McpCall, Pace, Part, Usage, call_id};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;

/// One step of a response.
#[derive(Clone, Debug, PartialEq)]
pub enum Beat {
    Event(Value),
    /// A message as it is.
    Text(String),
    Ping,
    Delay(Duration),
    Gate(String),
    /// The connection ends here.
    Abort(Abort),
}

/// How a response ends.
#[derive(Clone, Debug, PartialEq)]
enum Terminal {
    Completed,
    Incomplete(String),
    Failed { kind: String, code: Option<String>, message: String },
    Cancelled,
}

/// A response in the making. Its next beat is asked for when the one before has been carried out.
#[derive(Clone, Debug)]
pub struct Response {
    asked: Asked,
    pub id: String,
    pace: Pace,
    parts: VecDeque<Part>,
    ready: VecDeque<Beat>,
    /// An event was given, and the pace wants a wait before the next one.
    gap_is_due: bool,
    open: Option<Open>,
    output: Vec<Value>,
    calls: usize,
    usage: Usage,
    stop: Option<String>,
    /// `response.created` was told.
    begun: bool,
    ended: bool,
}

impl Response {
    /// The reply to a `response.create`. One that begins with an error refuses it, and there is no response.
    pub fn new(parts: Vec<Part>, asked: Asked, pace: Pace) -> Response {
        let id = format!("resp_{:04}", asked.nth);
        let mut response = Response {
            asked,
            id,
            pace,
            parts: parts.into(),
            ready: VecDeque::new(),
            gap_is_due: false,
            open: None,
            output: Vec::new(),
            calls: 0,
            usage: Usage::default(),
            stop: None,
            begun: true,
            ended: false,
        };
        let says = |part: &&Part| !matches!(part, Part::Delay(_) | Part::Gate(_) | Part::Comment(_) | Part::Ping | Part::Usage(_));
        if let Some(Part::Error { .. }) = response.parts.iter().find(says) {
            response.begun = false;
        } else {
            let object = response.object("in_progress", Value::Null, Value::Null);
            response.event(json!({"type": "response.created", "response": object}));
            response.event(json!({"type": "rate_limits.updated", "rate_limits": [
                {"name": "requests", "limit": 1000, "remaining": 999, "reset_seconds": 0.06},
                {"name": "tokens", "limit": 100_000, "remaining": 99_990, "reset_seconds": 0.006},
            ]}));
        }
        response
    }

    /// True if its items belong to the conversation.
    pub fn in_band(&self) -> bool {
        self.asked.conversation_id.is_some()
    }

    fn advance(&mut self) {
        if let Some(open) = &mut self.open {
            if let Some((text, sound)) = open.rest.pop_front() {
                let events = open.piece(&text, sound);
                return self.events(events);
            }
            if !open.goes_on() {
                return self.close("completed");
            }
        }
        match self.parts.pop_front() {
            Some(part) => self.part(part),
            None => {
                let terminal = self.stop.take().map_or(Terminal::Completed, Terminal::Incomplete);
                self.end(terminal);
            }
        }
    }

    /// The client wants no more of it. What it was saying ends where it is.
    pub fn cancel(&mut self) {
        if self.ended {
            return;
        }
        self.parts.clear();
        self.gap_is_due = false;
        if let Some(open) = &mut self.open {
            open.rest.clear();
        }
        self.close("incomplete");
        self.end(Terminal::Cancelled);
    }

    /// The event of which a connection that breaks off in the middle sends half: the response's end.
    pub fn torn(&self) -> Value {
        json!({"type": "response.done", "response": self.object("completed", Value::Null, usage(self.usage, self.asked.voice))})
    }

    fn part(&mut self, part: Part) {
        match part {
            Part::Text(text) | Part::Refusal(text) => self.say(&text, None),
            Part::Message(text) => {
                self.close("completed");
                self.say(&text, None);
            }
            Part::Audio { transcript, audio } => self.say(&transcript, audio),
            Part::ToolCall { name, arguments, id } => self.call(name, &arguments, id),
            Part::Usage(usage) => self.usage = usage,
            Part::Stop(reason) => self.stop = incomplete_reason(&reason),
            Part::Delay(time) => self.ready.push_back(Beat::Delay(time)),
            Part::Gate(gate) => self.ready.push_back(Beat::Gate(gate)),
            Part::McpCall(call) => self.mcp_call(call),
            Part::Ping => self.ready.push_back(Beat::Ping),
            Part::Raw(text) | Part::Event(Event { data: text, .. }) => self.ready.push_back(Beat::Text(text)),
            // This wire has no such thing.
            Part::Reasoning(_) | Part::Comment(_) => {}
            Part::Error { message, code, kind, .. } => self.error(message, code, kind),
            Part::Fail { message, code } => {
                self.end(Terminal::Failed { kind: "server_error".to_owned(), code: code.or(Some("server_error".to_owned())), message });
            }
            Part::Abort(how) => {
                self.ended = true;
                self.ready.push_back(Beat::Abort(how));
            }
        }
    }

    /// One that comes first has no response to end.
    fn error(&mut self, message: String, code: Option<String>, kind: Option<String>) {
        let kind = kind.unwrap_or_else(|| kind_for(code.as_deref()).to_owned());
        let begun = self.begun;
        let event_id = if begun { Value::Null } else { self.asked.event_id.clone() };
        self.event(error(&kind, code.as_deref(), &message, None, &event_id));
        match begun {
            true => self.end(Terminal::Failed { kind, code, message }),
            false => self.ended = true,
        }
    }

    fn say(&mut self, text: &str, audio: Option<String>) {
        let mut open = match self.open.take() {
            Some(open) if open.goes_on() => open,
            _ => self.begin(Kind::Message(self.asked.voice)),
        };
        let mut sound = if audio.is_some() { Sound::None } else { Sound::Silence };
        if let (Some(audio), Voice::Audio) = (audio, self.asked.voice) {
            open.rest.push_back((String::new(), Sound::Given(audio)));
            sound = Sound::None;
        }
        open.rest.extend(deltas(text, self.pace.delta).map(|delta| (delta.to_owned(), sound.clone())));
        self.open = Some(open);
    }

    fn call(&mut self, name: String, arguments: &str, id: Option<String>) {
        self.close("completed");
        let call_id = id.unwrap_or_else(|| call_id(self.asked.nth, self.calls));
        self.calls += 1;
        let mut open = self.begin(Kind::Call { name, call_id });
        open.rest.extend(deltas(arguments, self.pace.delta).map(|delta| (delta.to_owned(), Sound::None)));
        self.open = Some(open);
    }

    /// The provider runs it itself, so its result is part of the response.
    fn mcp_call(&mut self, call: McpCall) {
        self.close("completed");
        let McpCall { server, name, arguments, result } = call;
        let mut open = self.begin(Kind::Mcp { server, name, result });
        open.rest.extend(deltas(&arguments, self.pace.delta).map(|delta| (delta.to_owned(), Sound::None)));
        self.open = Some(open);
    }

    fn begin(&mut self, kind: Kind) -> Open {
        let index = self.output.len();
        let prefix = if matches!(kind, Kind::Mcp { .. }) { "mcp" } else { "item" };
        let id = format!("{prefix}_{:04}_{index}", self.asked.nth);
        let open = Open::new(self.asked.names, &self.id, index, id, kind);
        let item = open.item("in_progress");
        self.event(open.item_event("added", &item));
        if self.in_band() {
            self.event(self.asked.names.item_begun(self.asked.previous.as_deref(), &item));
        }
        self.events(open.begun());
        open
    }

    /// Ends the item that is open, if there is one.
    fn close(&mut self, status: &str) {
        let Some(mut open) = self.open.take() else { return };
        // Whoever ends it early has taken the rest away.
        while let Some((text, sound)) = open.rest.pop_front() {
            let events = open.piece(&text, sound);
            self.events(events);
        }
        self.events(open.ended(status == "completed"));
        let item = open.item(status);
        self.event(open.item_event("done", &item));
        if self.in_band() {
            let done = self.asked.names.item_done(self.asked.previous.as_deref(), &item);
            self.events(done);
            self.asked.previous = Some(open.id);
        }
        self.output.push(item);
    }

    fn end(&mut self, terminal: Terminal) {
        let (status, details) = match terminal {
            Terminal::Completed => ("completed", Value::Null),
            Terminal::Incomplete(reason) => ("incomplete", json!({"type": "incomplete", "reason": reason})),
            Terminal::Failed { kind, code, message } => {
                ("failed", json!({"type": "failed", "error": {"type": kind, "code": code, "message": message}}))
            }
            Terminal::Cancelled => ("cancelled", json!({"type": "cancelled", "reason": "client_cancelled"})),
        };
        self.close(if status == "completed" { "completed" } else { "incomplete" });
        let usage = usage(self.usage, self.asked.voice);
        let object = self.object(status, details, usage);
        self.event(json!({"type": "response.done", "response": object}));
        self.ended = true;
    }

    fn object(&self, status: &str, details: Value, usage: Value) -> Value {
        let mut object = json!({"object": "realtime.response", "id": self.id, "status": status, "status_details": details,
            "output": self.output, "conversation_id": self.asked.conversation_id});
        for (key, value) in &self.asked.echo {
            object[key] = value.clone();
        }
        object["usage"] = usage;
        object
    }

    fn event(&mut self, event: Value) {
        self.ready.push_back(Beat::Event(event));
    }

    fn events(&mut self, events: impl IntoIterator<Item = Value>) {
        self.ready.extend(events.into_iter().map(Beat::Event));
    }
}

/// What comes next, and nothing after the end.
impl Iterator for Response {
    type Item = Beat;

    fn next(&mut self) -> Option<Beat> {
        loop {
            if let Some(beat) = self.ready.front() {
                if matches!(beat, Beat::Event(_)) && std::mem::take(&mut self.gap_is_due) {
                    return Some(Beat::Delay(self.pace.gap));
                }
                self.gap_is_due = matches!(beat, Beat::Event(_)) && !self.pace.gap.is_zero();
                return self.ready.pop_front();
            }
            if self.ended {
                return None;
            }
            self.advance();
        }
    }
}

fn usage(usage: Usage, voice: Voice) -> Value {
    let Usage { input, output, cached, .. } = usage;
    let (text, audio) = if voice == Voice::Audio { (0, output) } else { (output, 0) };
    json!({
        "total_tokens": input.saturating_add(output), "input_tokens": input, "output_tokens": output,
        "input_token_details": {"text_tokens": input, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": cached,
            "cached_tokens_details": {"text_tokens": cached, "audio_tokens": 0, "image_tokens": 0}},
        "output_token_details": {"text_tokens": text, "audio_tokens": audio},
    })
}

/// The reason in this wire's words; `None` if the reason is that the response was complete.
fn incomplete_reason(reason: &str) -> Option<String> {
    match reason {
        "stop" | "completed" | "end_turn" | "tool_calls" | "tool_use" => None,
        "length" | "max_tokens" => Some("max_output_tokens".to_owned()),
        other => Some(other.to_owned()),
    }
}
