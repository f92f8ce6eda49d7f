//! What GA and beta call differently.
//!
//! Owns: names of events and of content.
//! Must not know: the order of events.

use crate::model::wire::Names;
use serde_json::{Value, json};

/// How a message is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    Text,
    /// Audio with its transcript.
    Audio,
}

impl Names {
    /// `response.output_text.delta`, of the text or the transcript of a message.
    pub fn said(self, voice: Voice, what: &str) -> String {
        let channel = match (self, voice) {
            (Names::Ga, Voice::Text) => "output_text",
            (Names::Ga, Voice::Audio) => "output_audio_transcript",
            (Names::Beta, Voice::Text) => "text",
            (Names::Beta, Voice::Audio) => "audio_transcript",
        };
        format!("response.{channel}.{what}")
    }

    /// `response.output_audio.delta`.
    pub fn sound(self, what: &str) -> String {
        let channel = if self == Names::Ga { "output_audio" } else { "audio" };
        format!("response.{channel}.{what}")
    }

    /// A content part of an assistant's message, as its item holds it.
    pub fn content(self, voice: Voice, text: &str) -> Value {
        match (self, voice) {
            (Names::Ga, Voice::Text) => json!({"type": "output_text", "text": text}),
            (Names::Ga, Voice::Audio) => json!({"type": "output_audio", "transcript": text}),
            (Names::Beta, voice) => part(voice, text),
        }
    }

    /// An item that is whole from the beginning: added and done, or created.
    pub fn item_events(self, previous: Option<&str>, item: &Value) -> Vec<Value> {
        match self {
            Names::Ga => ["conversation.item.added", "conversation.item.done"].map(|kind| item_event(kind, previous, item)).into(),
            Names::Beta => vec![item_event("conversation.item.created", previous, item)],
        }
    }

    /// An item that has just begun.
    pub fn item_begun(self, previous: Option<&str>, item: &Value) -> Value {
        item_event(if self == Names::Ga { "conversation.item.added" } else { "conversation.item.created" }, previous, item)
    }

    /// The end of an item that had begun before; beta does not tell it.
    pub fn item_done(self, previous: Option<&str>, item: &Value) -> Option<Value> {
        (self == Names::Ga).then(|| item_event("conversation.item.done", previous, item))
    }

    /// The key of what a session or a response speaks.
    pub fn modalities(self) -> &'static str {
        if self == Names::Ga { "output_modalities" } else { "modalities" }
    }
}

/// A content part as events carry it.
pub fn part(voice: Voice, text: &str) -> Value {
    match voice {
        Voice::Text => json!({"type": "text", "text": text}),
        Voice::Audio => json!({"type": "audio", "transcript": text}),
    }
}

fn item_event(kind: &str, previous: Option<&str>, item: &Value) -> Value {
    json!({"type": kind, "previous_item_id": previous, "item": item})
}
