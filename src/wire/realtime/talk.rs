//! One connection as a machine: client events in, server events out.
//!
//! Owns: which client events there are, what each of them changes and answers, the ids of server events.
//! Must not know: sockets, scripts, which reply a response gets.

use super::asked::Asked;
use super::conversation::Conversation;
use super::mistake::Mistake;
use super::session::Session;
use crate::model::wire::Names;
use serde_json::{Map, Value, json};

const CLIENT_EVENTS: [&str; 11] = [
    "session.update",
    "conversation.item.create",
    "conversation.item.retrieve",
    "conversation.item.truncate",
    "conversation.item.delete",
    "input_audio_buffer.append",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
    "output_audio_buffer.clear",
    "response.create",
    "response.cancel",
];

/// A connection from its first event on.
#[derive(Clone, Debug)]
pub struct Talk {
    names: Names,
    pub session: Session,
    pub conversation: Conversation,
    /// Bytes of base64 that wait for a commit.
    audio: usize,
    /// Server events so far.
    told: usize,
    /// The response that is in the making in the conversation.
    active: Option<String>,
    number: usize,
    /// MCP servers by their labels, with the tools that they have.
    servers: Vec<(String, Vec<String>)>,
    listed: usize,
}

/// What a client event wants besides being answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    Nothing,
    Response(Box<Asked>),
    Cancel,
}

impl Talk {
    /// The `number`-th connection of a fake.
    pub fn new(names: Names, session: Session, number: usize, servers: Vec<(String, Vec<String>)>) -> Talk {
        let conversation = Conversation::new(names, number);
        Talk { names, session, conversation, audio: 0, told: 0, active: None, number, servers, listed: 0 }
    }

    /// What a server says first.
    pub fn greeting(&mut self) -> Vec<Value> {
        let mut events = vec![json!({"type": "session.created", "session": self.session.value()})];
        if self.names == Names::Beta {
            let id = self.conversation.id();
            events.push(json!({"type": "conversation.created", "conversation": {"id": id, "object": "realtime.conversation"}}));
        }
        events.extend(self.list_tools(&[]));
        events
    }

    /// Gives a server event its id.
    pub fn stamped(&mut self, event: Value) -> Value {
        let Value::Object(fields) = event else { return event };
        let id = format!("event_{:04}_{:05}", self.number, self.told);
        self.told += 1;
        let mut stamped = Map::with_capacity(fields.len() + 1);
        let mut id = Some(id);
        for (key, value) in fields {
            let is_type = key == "type";
            stamped.insert(key, value);
            if let Some(id) = id.take_if(|_| is_type) {
                stamped.insert("event_id".to_owned(), id.into());
            }
        }
        Value::Object(stamped)
    }

    /// A response has begun, or none is in the making any more.
    pub fn set_active(&mut self, response: Option<String>) {
        self.active = response;
    }

    /// Takes a client event. `frame` is what a trace shows of it.
    pub fn client(&mut self, frame: &Value) -> (Vec<Value>, Wanted) {
        match self.handle(frame) {
            Ok(answer) => answer,
            Err(mistake) => (vec![mistake.event(frame.get("event_id").unwrap_or(&Value::Null))], Wanted::Nothing),
        }
    }

    fn handle(&mut self, frame: &Value) -> Result<(Vec<Value>, Wanted), Mistake> {
        let only = |events: Vec<Value>| Ok((events, Wanted::Nothing));
        let kind = kind(frame)?;
        match kind {
            "session.update" | "transcription_session.update" if kind == "session.update" || self.names == Names::Beta => {
                only(self.update(&frame["session"])?)
            }
            "conversation.item.create" => only(self.conversation.create(frame)?),
            "conversation.item.retrieve" => only(self.conversation.retrieve(frame)?),
            "conversation.item.delete" => only(self.conversation.delete(frame)?),
            "conversation.item.truncate" => only(self.conversation.truncate(frame)?),
            "input_audio_buffer.append" => only(self.append(&frame["audio"])?),
            "input_audio_buffer.commit" => only(self.commit()?),
            "input_audio_buffer.clear" => {
                self.audio = 0;
                only(vec![json!({"type": "input_audio_buffer.cleared"})])
            }
            "output_audio_buffer.clear" => only(vec![]),
            "response.create" => Ok((vec![], self.create(frame)?)),
            "response.cancel" => self.cancel(frame).map(|()| (vec![], Wanted::Cancel)),
            other => Err(Mistake::invalid("type", &Value::from(other), &CLIENT_EVENTS)),
        }
    }

    fn update(&mut self, given: &Value) -> Result<Vec<Value>, Mistake> {
        let before = labels(self.session.get("tools"));
        self.session.update(given)?;
        let mut events = vec![json!({"type": "session.updated", "session": self.session.value()})];
        events.extend(self.list_tools(&before));
        Ok(events)
    }

    /// What the servers in `tools` offer, as far as the client says it; those in `known` have told it before.
    fn list_tools(&mut self, known: &[String]) -> Vec<Value> {
        let mut events = Vec::new();
        let tools = self.session.get("tools").clone();
        for tool in tools.as_array().into_iter().flatten().filter(|tool| tool["type"] == "mcp") {
            let label = tool["server_label"].as_str().unwrap_or_default();
            if self.names == Names::Beta || known.iter().any(|known| known == label) {
                continue;
            }
            let id = format!("mcpl_{:04}_{}", self.number, self.listed);
            self.listed += 1;
            let previous = self.conversation.last_id().map(str::to_owned);
            let item = |tools: Value| json!({"id": id, "type": "mcp_list_tools", "server_label": label, "tools": tools});
            events.push(self.names.item_begun(previous.as_deref(), &item(json!([]))));
            events.extend(["in_progress", "completed"].map(|what| json!({"type": format!("mcp_list_tools.{what}"), "item_id": id})));
            let item = item(self.offered(label, &tool["allowed_tools"]));
            events.extend(self.names.item_done(previous.as_deref(), &item));
            self.conversation.push(item);
        }
        events
    }

    /// The tools that a client allows; if it allows all, those of the server that somebody will call.
    fn offered(&self, label: &str, allowed: &Value) -> Value {
        match allowed.as_array().or_else(|| allowed["tool_names"].as_array()) {
            Some(names) => names.iter().filter_map(Value::as_str).map(described).collect(),
            None => {
                let tools = self.servers.iter().filter(|(known, _)| known == label).flat_map(|(_, tools)| tools);
                tools.map(|name| described(name)).collect()
            }
        }
    }

    fn append(&mut self, audio: &Value) -> Result<Vec<Value>, Mistake> {
        use base64::Engine as _;
        let Some(audio) = audio.as_str() else { return Err(Mistake::missing("audio")) };
        if base64::engine::general_purpose::STANDARD.decode(audio).is_err() {
            let message = "Invalid 'audio'. Expected base64-encoded audio bytes but got an invalid value.";
            return Err(Mistake::new("invalid_value", message).at("audio"));
        }
        self.audio += audio.len();
        Ok(vec![])
    }

    fn commit(&mut self) -> Result<Vec<Value>, Mistake> {
        if self.audio == 0 {
            let message = "Error committing input audio buffer: the buffer is empty.";
            return Err(Mistake::new("input_audio_buffer_commit_empty", message));
        }
        self.audio = 0;
        Ok(self.conversation.commit_audio())
    }

    fn create(&mut self, frame: &Value) -> Result<Wanted, Mistake> {
        let asked = Asked::read(self.names, &self.session, &self.conversation, frame);
        match &self.active {
            Some(active) if asked.conversation_id.is_some() => {
                let message = format!(
                    "Conversation already has an active response in progress: {active}. Wait until the response is finished before creating a new one."
                );
                Err(Mistake::new("conversation_already_has_active_response", message))
            }
            _ => Ok(Wanted::Response(Box::new(asked))),
        }
    }

    fn cancel(&self, frame: &Value) -> Result<(), Mistake> {
        let named = frame.get("response_id").and_then(Value::as_str);
        match &self.active {
            Some(active) if named.is_none_or(|named| named == active) => Ok(()),
            _ => Err(Mistake::new("response_cancel_not_active", "Cancellation failed: no active response found")),
        }
    }
}

fn kind(frame: &Value) -> Result<&str, Mistake> {
    let Value::Object(fields) = frame else {
        return Err(Mistake::new("invalid_json", "We could not parse the message as a JSON object."));
    };
    match fields.get("type") {
        Some(Value::String(kind)) => Ok(kind),
        // How a trace shows a text that is no JSON, and bytes.
        None if fields.len() == 1 && (fields.contains_key("text") || fields.contains_key("bytes")) => {
            Err(Mistake::new("invalid_json", "We could not parse the JSON body of the message."))
        }
        _ => Err(Mistake::missing("type")),
    }
}

fn labels(tools: &Value) -> Vec<String> {
    let tools = tools.as_array().into_iter().flatten().filter(|tool| tool["type"] == "mcp");
    tools.filter_map(|tool| tool["server_label"].as_str()).map(str::to_owned).collect()
}

/// A tool as its server would describe it.
fn described(name: &str) -> Value {
    json!({"name": name, "description": "", "input_schema": {"type": "object"}, "annotations": null})
}
