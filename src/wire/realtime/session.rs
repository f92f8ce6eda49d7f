//! The session object, and what a client may change in it.
//!
//! Owns: its fields with the values that a real server begins with, in GA's form and in beta's.
//! Must not know: connections, what is said in it.

use super::mistake::Mistake;
use super::names::Voice;
use crate::model::wire::Names;
use crate::wire::responses::object::CREATED_AT;
use serde_json::{Map, Value, json};

/// How long a session may last.
const LIFE: u64 = 3600;

/// Keys that only beta's sessions have at the top.
const BETA_ONLY: [&str; 9] = [
    "modalities",
    "voice",
    "input_audio_format",
    "output_audio_format",
    "input_audio_transcription",
    "input_audio_noise_reduction",
    "turn_detection",
    "temperature",
    "max_response_output_tokens",
];

/// Members that cannot be changed.
const FIXED: [&str; 4] = ["id", "object", "expires_at", "client_secret"];

#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    names: Names,
    value: Value,
}

impl Session {
    pub fn new(names: Names, id: &str, model: &str) -> Session {
        let turn_detection = json!({"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 200,
            "create_response": true, "interrupt_response": true});
        let instructions = "You are a scripted model.";
        let value = match names {
            Names::Ga => json!({
                "type": "realtime", "object": "realtime.session", "id": id, "model": model, "output_modalities": ["audio"],
                "instructions": instructions, "tools": [], "tool_choice": "auto", "max_output_tokens": "inf", "tracing": null,
                "truncation": "auto", "prompt": null, "expires_at": CREATED_AT + LIFE,
                "audio": {
                    "input": {"format": {"type": "audio/pcm", "rate": 24000}, "transcription": null, "noise_reduction": null,
                        "turn_detection": turn_detection},
                    "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "marin", "speed": 1.0},
                },
                "include": null,
            }),
            Names::Beta => json!({
                "object": "realtime.session", "id": id, "model": model, "modalities": ["text", "audio"], "instructions": instructions,
                "voice": "alloy", "input_audio_format": "pcm16", "output_audio_format": "pcm16", "input_audio_transcription": null,
                "input_audio_noise_reduction": null, "turn_detection": turn_detection, "tools": [], "tool_choice": "auto",
                "temperature": 0.8, "max_response_output_tokens": "inf", "expires_at": CREATED_AT + LIFE, "client_secret": null,
            }),
        };
        Session { names, value }
    }

    pub fn value(&self) -> &Value {
        &self.value
    }

    pub fn get(&self, key: &str) -> &Value {
        &self.value[key]
    }

    /// A model that a client names when it begins.
    pub fn set_model(&mut self, model: &str) {
        self.value["model"] = model.into();
    }

    /// The same settings for another connection.
    pub fn with_id(&self, id: &str) -> Session {
        let mut session = self.clone();
        session.value["id"] = id.into();
        session
    }

    /// Takes over what a client gives.
    pub fn update(&mut self, given: &Value) -> Result<(), Mistake> {
        let Value::Object(given) = given else {
            return Err(Mistake::missing("session"));
        };
        if self.names == Names::Ga {
            check_ga(given)?;
        }
        if let Some(key) = ["tools", self.names.modalities()].into_iter().find(|key| given.get(*key).is_some_and(|value| !value.is_array()))
        {
            return Err(
                Mistake::new("invalid_type", format!("Invalid type for 'session.{key}': expected an array.")).at(format!("session.{key}"))
            );
        }
        let given = given.iter().filter(|(key, _)| !FIXED.contains(&key.as_str()));
        merge(&mut self.value, &given.map(|(key, value)| (key.clone(), value.clone())).collect::<Map<_, _>>());
        Ok(())
    }

    /// How its messages are said, unless a response is asked for otherwise.
    pub fn voice(&self, asked: &Value) -> Voice {
        let key = self.names.modalities();
        let modalities = asked.get(key).filter(|list| list.is_array()).unwrap_or(&self.value[key]);
        if modalities.as_array().is_some_and(|list| list.iter().any(|word| word == "audio")) { Voice::Audio } else { Voice::Text }
    }
}

fn check_ga(given: &Map<String, Value>) -> Result<(), Mistake> {
    match given.get("type") {
        None => return Err(Mistake::missing("session.type")),
        Some(kind) if kind == "realtime" || kind == "transcription" => {}
        Some(kind) => return Err(Mistake::invalid("session.type", kind, &["realtime", "transcription"])),
    }
    match given.keys().find(|key| BETA_ONLY.contains(&key.as_str())) {
        Some(key) => Err(Mistake::new("unknown_parameter", format!("Unknown parameter: 'session.{key}'.")).at(format!("session.{key}"))),
        None => Ok(()),
    }
}

/// Below `audio` what is not given stays; elsewhere a value replaces the old one.
fn merge(old: &mut Value, given: &Map<String, Value>) {
    for (key, value) in given {
        match value {
            Value::Object(inner) if ["audio", "input", "output"].contains(&key.as_str()) && old[key].is_object() => {
                merge(&mut old[key], inner)
            }
            value => old[key] = value.clone(),
        }
    }
}
