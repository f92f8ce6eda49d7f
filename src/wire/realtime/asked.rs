//! What a `response.create` decides about its response.
//!
//! Owns: reading it over the session's own settings.
//! Must not know: what is replied.

use super::conversation::Conversation;
use super::names::Voice;
use super::session::Session;
use crate::model::wire::Names;
use serde_json::{Map, Value, json};

/// A response that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub names: Names,
    /// The place among the requests that the script counts; ids are made of it.
    pub nth: usize,
    pub voice: Voice,
    /// `None` for a response out of band: its items are in no conversation.
    pub conversation_id: Option<String>,
    /// The item behind which those of the response stand.
    pub previous: Option<String>,
    /// The members that the response object repeats.
    pub(super) echo: Map<String, Value>,
    /// What rules look at: `{model, instructions, tools, …, input: items}`.
    pub body: Value,
    /// As the client named its event.
    pub event_id: Value,
}

impl Asked {
    pub fn read(names: Names, session: &Session, conversation: &Conversation, event: &Value) -> Asked {
        let given = &event["response"];
        let in_band = given["conversation"] != "none";
        Asked {
            names,
            nth: 0,
            voice: session.voice(given),
            conversation_id: in_band.then(|| conversation.id()),
            previous: conversation.last_id().filter(|_| in_band).map(str::to_owned),
            echo: echo(names, session, given),
            body: body(names, session, conversation, given),
            event_id: event.get("event_id").cloned().unwrap_or_default(),
        }
    }
}

fn echo(names: Names, session: &Session, given: &Value) -> Map<String, Value> {
    let or = |key: &str| given.get(key).filter(|value| !value.is_null()).unwrap_or(session.get(key)).clone();
    let echo = match names {
        Names::Ga => {
            let output = &session.get("audio")["output"];
            let voice = given["audio"]["output"].get("voice").unwrap_or(&output["voice"]);
            json!({"output_modalities": or("output_modalities"), "max_output_tokens": or("max_output_tokens"),
                "audio": {"output": {"format": output["format"], "voice": voice}}, "metadata": given["metadata"]})
        }
        Names::Beta => json!({"modalities": or("modalities"), "voice": or("voice"), "output_audio_format": or("output_audio_format"),
            "temperature": or("temperature"), "max_output_tokens": session.get("max_response_output_tokens"),
            "metadata": given["metadata"]}),
    };
    if let Value::Object(echo) = echo { echo } else { Map::new() }
}

/// The request as other wires would write it, so that one rule fits all of them.
fn body(names: Names, session: &Session, conversation: &Conversation, given: &Value) -> Value {
    let mut body = Map::new();
    for key in ["model", "instructions", "tools", "tool_choice", names.modalities()] {
        body.insert(key.to_owned(), session.get(key).clone());
    }
    for (key, value) in given.as_object().into_iter().flatten() {
        body.insert(key.clone(), value.clone());
    }
    if !body.get("input").is_some_and(Value::is_array) {
        body.insert("input".to_owned(), conversation.items().to_vec().into());
    }
    Value::Object(body)
}
