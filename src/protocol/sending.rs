//! Frames on their way out.
//!
//! Owns: what kind of message a value becomes, recording before sending, the time limit of a peer that takes nothing.
//! Must not know: why a frame is sent.

use super::shared::Shared;
use super::state::{LinkId, Place};
use super::stop::{Stop, agent};
use crate::base::duration;
use crate::model::trace::What;
use crate::transports::{Ending, Outgoing};
use base64::Engine as _;
use futures_util::SinkExt as _;
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

impl Shared {
    /// Sends a frame.
    pub(super) async fn transmit(&self, link: LinkId, place: &Place, frame: Outgoing, deadline: Instant) -> Result<(), Stop> {
        self.transmit_all(link, place, vec![frame], deadline).await
    }

    /// Sends frames, as far as the transport can in one write. They are recorded before they leave, so that no answer comes before them.
    pub(super) async fn transmit_all(&self, link: LinkId, place: &Place, frames: Vec<Outgoing>, deadline: Instant) -> Result<(), Stop> {
        let began = Instant::now();
        let sink = {
            let state = self.state();
            let known = &state.links[link];
            if let Some(ending) = &known.ending {
                return Err(Stop::Dead(ending.clone()));
            }
            let turn = state.number(place);
            for frame in &frames {
                self.setup.recorder.push(What::Sent { session: place.session.clone(), turn, data: frame.shown() });
            }
            known.sink.clone()
        };
        let Some(sink) = sink else { return Err(Stop::Dead(Ending::default())) };
        let send = async {
            let mut sink = sink.lock().await;
            for frame in frames {
                sink.feed(frame).await?;
            }
            sink.flush().await
        };
        match tokio::time::timeout_at(deadline, send).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(reason)) => {
                // The reader knows why; it is about to say so.
                let soon = Instant::now() + Duration::from_secs(1);
                let ending = self.until(soon, |state| state.links[link].ending.clone()).await;
                Err(Stop::Dead(ending.unwrap_or(Ending { reason, ..Ending::default() })))
            }
            Err(_) => {
                let within = duration::show(deadline.saturating_duration_since(began));
                Err(agent(format!("the agent did not take a frame within {within}")).into())
            }
        }
    }
}

impl Outgoing {
    /// A text goes out as it is, `{bytes: base64}` as binary, anything else as JSON.
    pub fn of(value: Value) -> Outgoing {
        match value {
            Value::String(text) => Outgoing::Text(text),
            Value::Object(map) if map.len() == 1 && map.get("bytes").is_some_and(Value::is_string) => {
                let text = map["bytes"].as_str().unwrap_or_default();
                match base64::engine::general_purpose::STANDARD.decode(text) {
                    Ok(bytes) => Outgoing::Bytes(bytes),
                    Err(_) => Outgoing::Json(Value::Object(map)),
                }
            }
            value => Outgoing::Json(value),
        }
    }
}
