//! A running agent, and a real websocket client of it.
//!
//! Owns: starting the agent in this process, reading its frames.
//! Must not know: what a turn should be.

use super::scripted::{FakeModel, Reply};
use crate::reference_agent::faults::Fault;
use crate::reference_agent::gateway;
use crate::reference_agent::model::{Model, Wire};
use crate::reference_agent::turn::Agent;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Message;

/// A running agent; it ends when dropped.
pub struct Running {
    pub url: String,
    pub stop: Option<oneshot::Sender<()>>,
    pub ended: tokio::task::JoinHandle<i32>,
}

pub async fn agent_at(wire: Wire, base_url: &str, fault: Option<Fault>, token: Option<&str>) -> Running {
    let model = Model::new(wire, base_url, Some("sk-test".into()), "gpt-5").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel();
    let agent = Arc::new(Agent::new(model, fault));
    let stopped = async { drop(stopped.await) };
    let ended = tokio::spawn(gateway::serve(listener, agent, token.map(str::to_owned), stopped));
    Running { url, stop: Some(stop), ended }
}

pub async fn agent(model: &FakeModel, wire: Wire) -> Running {
    agent_at(wire, &model.url, None, None).await
}

pub async fn mutant(model: &FakeModel, fault: Fault) -> Running {
    agent_at(Wire::Responses, &model.url, Some(fault), None).await
}

pub struct Client(tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<TcpStream>>);

impl Client {
    pub async fn connect(agent: &Running) -> Client {
        Client(tokio_tungstenite::connect_async(&agent.url).await.unwrap().0)
    }

    pub async fn send(&mut self, frame: impl Into<Message>) {
        self.0.send(frame.into()).await.unwrap();
    }

    pub async fn say(&mut self, session: &str, text: &str) {
        self.send(json!({"type": "message", "sessionKey": session, "content": text}).to_string()).await;
    }

    /// The next frame as `type: payload`; `closed` at the end.
    pub async fn next(&mut self) -> String {
        let frame = tokio::time::timeout(Duration::from_secs(20), self.0.next()).await.expect("a frame within 20 s");
        match frame {
            Some(Ok(Message::Text(text))) => {
                let frame: Value = serde_json::from_str(&text).unwrap();
                let payload = frame["payload"].as_str().map_or_else(|| frame["payload"].to_string(), str::to_owned);
                format!("{}: {payload}", frame["type"].as_str().unwrap())
            }
            Some(Ok(Message::Close(Some(close)))) => format!("closed: {}", close.code),
            None | Some(Err(_) | Ok(Message::Close(None))) => "closed".to_owned(),
            Some(Ok(other)) => panic!("unexpected frame {other:?}"),
        }
    }

    /// Frames up to the one that ends the turn.
    pub async fn turn(&mut self) -> Vec<String> {
        let mut frames = Vec::new();
        loop {
            frames.push(self.next().await);
            let last = frames.last().unwrap();
            if ["turn_complete", "error", "closed"].iter().any(|end| last.starts_with(end)) {
                return frames;
            }
        }
    }
}

pub fn exec(id: &'static str, command: &str) -> (&'static str, &'static str, Value) {
    (id, "exec", json!({"command": command}))
}

/// The frames of one turn with the scripted model.
pub async fn one_turn(wire: Wire, replies: Vec<Reply>) -> (Vec<String>, FakeModel) {
    let model = FakeModel::script(replies).await;
    let running = agent(&model, wire).await;
    let mut client = Client::connect(&running).await;
    client.say("s", "Hello").await;
    (client.turn().await, model)
}

pub async fn check_turn(wire: Wire, replies: Vec<Reply>, expected: &[&str]) {
    assert_eq!(one_turn(wire, replies).await.0, expected, "{wire:?}");
}

pub const BOTH: [Wire; 2] = [Wire::Responses, Wire::Chat];
pub const COMPLETE: &str = "turn_complete: {}";
