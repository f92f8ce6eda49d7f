//! The gateway: a websocket server that speaks `moltbot-gateway`.
//!
//! Owns: the handshake, the frames in both directions, the end of the server.
//! Must not know: what happens in a turn.

use super::faults::Fault;
use super::model::ToolCall;
use super::sessions::Sessions;
use super::turn::Agent;
use crate::fakes::http::accept;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Callback, ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};

/// A client that does not finish its handshake in this time is dropped.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long open connections get to take their close frames.
const FAREWELL: Duration = Duration::from_secs(1);

/// A frame for the client.
pub enum Frame {
    AssistantMessage(String),
    ToolCalls(Vec<ToolCall>),
    TurnComplete,
    Error(String),
}

impl Frame {
    fn json(self) -> Value {
        match self {
            Frame::AssistantMessage(text) => json!({"type": "assistant_message", "payload": text}),
            Frame::ToolCalls(calls) => {
                let call = |call: &ToolCall| json!({"id": call.id, "name": call.name, "input": input(&call.arguments)});
                json!({"type": "tool_calls", "payload": calls.iter().map(call).collect::<Vec<_>>()})
            }
            Frame::TurnComplete => json!({"type": "turn_complete", "payload": {}}),
            Frame::Error(message) => json!({"type": "error", "payload": message}),
        }
    }
}

/// Arguments that are not JSON are shown as the text they are.
fn input(arguments: &str) -> Value {
    serde_json::from_str(arguments).unwrap_or_else(|_| arguments.into())
}

/// The way to one client. Frames for a client that is gone are dropped.
#[derive(Clone)]
pub struct Outbox(UnboundedSender<Message>);

impl Outbox {
    pub fn send(&self, frame: Frame) {
        let _ = self.0.send(Message::text(frame.json().to_string()));
    }
}

/// Serves until `stop` is done, then says goodbye to all clients. Returns the exit status.
pub async fn serve(listener: TcpListener, agent: Arc<Agent>, token: Option<String>, stop: impl Future<Output = ()>) -> i32 {
    let sessions = Arc::new(Sessions::new(Arc::clone(&agent)));
    let token: Option<Arc<str>> = token.map(Arc::from);
    let (closing, closed) = watch::channel(false);
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            stream = accept::next(&listener) => { connections.spawn(connection(stream, Arc::clone(&sessions), token.clone(), closed.clone())); }
            Some(_) = connections.join_next() => {}
            () = agent.death.notified() => return Fault::DEATH,
            () = &mut stop => break,
        }
    }
    let _ = closing.send(true);
    let _ = tokio::time::timeout(FAREWELL, async { while connections.join_next().await.is_some() {} }).await;
    0
}

async fn connection(stream: TcpStream, sessions: Arc<Sessions>, token: Option<Arc<str>>, mut closed: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let handshake = tokio_tungstenite::accept_hdr_async(stream, Door { token });
    let Ok(Ok(socket)) = tokio::time::timeout(HANDSHAKE, handshake).await else { return };
    let (mut sink, mut frames) = socket.split();
    let (outgoing, mut waiting) = unbounded_channel();
    let outbox = Outbox(outgoing);
    loop {
        tokio::select! {
            frame = frames.next() => match frame {
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(frame)) => match read(&frame) {
                    Ok((session, content)) => sessions.submit(session, content, outbox.clone()),
                    Err(message) => outbox.send(Frame::Error(message)),
                },
            },
            Some(frame) = waiting.recv() => if sink.send(frame).await.is_err() { break },
            _ = closed.changed() => {
                let away = CloseFrame { code: CloseCode::Away, reason: "the agent is shutting down".into() };
                let _ = sink.send(Message::Close(Some(away))).await;
                break;
            }
        }
    }
    let _ = sink.close().await;
}

/// Lets clients in. Without a token of its own the agent lets everybody in.
struct Door {
    token: Option<Arc<str>>,
}

impl Callback for Door {
    fn on_request(self, request: &Request, response: Response) -> Result<Response, ErrorResponse> {
        let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        let given = header.and_then(|value| value.strip_prefix("Bearer "));
        match self.token {
            Some(token) if given != Some(&*token) => {
                let mut refusal = ErrorResponse::new(Some("wrong or missing bearer token".to_owned()));
                *refusal.status_mut() = StatusCode::UNAUTHORIZED;
                Err(refusal)
            }
            _ => Ok(response),
        }
    }
}

/// Session key and content of a client's frame; the error is in words for the client.
fn read(frame: &Message) -> Result<(String, String), String> {
    let Message::Text(text) = frame else { return Err("expected a text frame, got a binary one".to_owned()) };
    let frame: Value = serde_json::from_str(text).map_err(|e| format!("expected a JSON frame: {e}"))?;
    match frame["type"].as_str() {
        Some("message") => {}
        Some(other) => return Err(format!("unknown frame type `{other}`; expected `message`")),
        None => return Err("the frame has no `type`".to_owned()),
    }
    let field = |key: &str| match frame[key].as_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(format!("`{key}` is missing or not a text")),
    };
    Ok((field("sessionKey")?, field("content")?))
}
