//! The provider: responses for the chat, sessions for the voice.
//!
//! Owns: URLs and headers, what a refusal says, reading a streamed response.
//! Must not know: who asks, what an answer means.

use crate::reference_agent::model::refusal;
use crate::wire::sse_read::Reader;
use reqwest::{Client, Response};
use serde_json::Value;

/// No event of a provider is longer, and memory ends somewhere.
const LONGEST_EVENT: usize = 32 << 20;

pub struct OpenAi {
    pub chat: Client,
    pub chat_url: String,
    pub realtime: Client,
    pub realtime_url: String,
    pub key: Option<String>,
}

impl OpenAi {
    /// One response, whole or as a stream; no retries. The error is in words: `429 slow down`.
    pub async fn response(&self, body: &Value) -> Result<Response, String> {
        let request = self.chat.post(format!("{}/responses", self.chat_url)).json(body);
        let request = request.bearer_auth(self.key.as_deref().unwrap_or_default());
        checked(request.send().await, "").await
    }

    /// A session for a voice client, as the provider says it.
    pub async fn session(&self, body: &Value, beta: bool) -> Result<Value, String> {
        let mut request = self.realtime.post(format!("{}/v1/realtime/sessions", self.realtime_url)).json(body);
        request = request.bearer_auth(self.key.as_deref().unwrap_or_default());
        if beta {
            request = request.header("openai-beta", "realtime=v1");
        }
        let answer = checked(request.send().await, "Realtime session create failed: ").await?;
        answer.json().await.map_err(|_| "the provider's session is no JSON".to_owned())
    }
}

async fn checked(sent: Result<Response, reqwest::Error>, before: &str) -> Result<Response, String> {
    let response = sent.map_err(|_| format!("{before}the provider cannot be reached"))?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body = response.text().await.unwrap_or_default();
    Err(format!("{before}{} {}", status.as_u16(), refusal(&body)).trim_end().to_owned())
}

/// The events of a streamed response, one after the other.
pub struct Events {
    response: Response,
    reader: Reader,
    ready: std::collections::VecDeque<String>,
}

impl Events {
    pub fn of(response: Response) -> Events {
        Events { response, reader: Reader::new(LONGEST_EVENT), ready: std::collections::VecDeque::new() }
    }

    /// The next event; an error once there can be none.
    pub async fn next(&mut self) -> Result<Value, String> {
        loop {
            if let Some(data) = self.ready.pop_front() {
                return serde_json::from_str(&data).map_err(|e| format!("the model sent an event that is not JSON: {e}"));
            }
            let chunk = self.response.chunk().await.map_err(|_| "the model's stream broke off".to_owned())?;
            let bytes = chunk.ok_or_else(|| "the model's stream ended before its answer was complete".to_owned())?;
            let ready = &mut self.ready;
            let read = self.reader.feed(&bytes, |event| ready.push_back(event.data));
            read.map_err(|long| format!("an event of the model's stream is longer than {} MB", long.limit >> 20))?;
        }
    }
}
