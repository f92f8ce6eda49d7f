//! The websocket server: connections from open to close, ticks, the end of the server.
//!
//! Owns: what all connections share, limits of size and time, close codes.
//! Must not know: what requests mean.

use super::client::{Client, Outgoing};
use super::faults::GatewayFault;
use super::handshake::{Admission, Refusal};
use super::runs::Run;
use super::sessions::Session;
use super::voice::{fresh_id, now};
use crate::fakes::http::accept;
use crate::reference_agent::model::Model;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

/// A client that does not finish its handshake in this time is dropped.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a peer gets to take its close frame.
const FAREWELL: Duration = Duration::from_secs(1);
/// The largest first frame of version 4.
const FIRST: usize = 64 << 10;
/// What is too long is read up to here, so that its sender hears why the connection is closed.
const READ: usize = 64 << 20;

pub struct Gateway {
    pub model: Model,
    pub fault: Option<GatewayFault>,
    /// 3 or 4.
    pub version: u64,
    pub token: Option<String>,
    /// Each command waits for a decision.
    pub asks: bool,
    pub tick: Duration,
    pub max_payload: usize,
    pub boot_id: String,
    /// Events so far; numbers those of version 3.
    pub broadcasts: AtomicU64,
    pub sessions: Mutex<HashMap<String, Arc<Session>>>,
    pub runs: Mutex<HashMap<String, Arc<Run>>>,
    /// Commands that wait for a decision, by the id of the request.
    pub waiting: Mutex<HashMap<String, oneshot::Sender<bool>>>,
    clients: Mutex<Vec<Arc<Client>>>,
}

/// What an operator may choose.
pub struct Terms {
    pub version: u64,
    pub token: Option<String>,
    pub asks: bool,
    pub tick: Duration,
    /// The largest frame; if not given, as the real gateways have it.
    pub max_payload: Option<usize>,
}

impl Gateway {
    pub fn new(model: Model, terms: Terms, fault: Option<GatewayFault>) -> Gateway {
        let usual = if terms.version == 3 { 512 << 10 } else { 25 << 20 };
        Gateway {
            model,
            fault,
            version: terms.version,
            token: terms.token,
            asks: terms.asks,
            tick: terms.tick,
            max_payload: terms.max_payload.unwrap_or(usual),
            boot_id: fresh_id(),
            broadcasts: AtomicU64::new(0),
            sessions: Mutex::default(),
            runs: Mutex::default(),
            waiting: Mutex::default(),
            clients: Mutex::default(),
        }
    }

    pub fn is_v4(&self) -> bool {
        self.version == 4
    }

    pub fn clients(&self) -> MutexGuard<'_, Vec<Arc<Client>>> {
        self.clients.lock().expect("no panic happens under this lock")
    }
}

/// Serves until `stop` is done, then says goodbye to all clients. Returns the exit status.
pub async fn serve(listener: TcpListener, gateway: Arc<Gateway>, stop: impl Future<Output = ()>) -> i32 {
    let mut connections = JoinSet::new();
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + gateway.tick, gateway.tick);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            stream = accept::next(&listener) => { connections.spawn(connection(stream, gateway.clone())); }
            Some(_) = connections.join_next() => {}
            _ = ticks.tick() => if !GatewayFault::NoTick.is(gateway.fault) { gateway.broadcast("tick", &json!({"ts": now()}), "", false); },
            () = &mut stop => break,
        }
    }
    gateway.broadcast("shutdown", &json!({"reason": "gateway stopping"}), "", false);
    gateway.clients().iter().for_each(|client| client.send(Outgoing::Close(1012, "service restart".to_owned())));
    let _ = tokio::time::timeout(FAREWELL, async { while connections.join_next().await.is_some() {} }).await;
    0
}

/// The code and reason that a connection is closed with; `None` if the peer is gone.
type Ended = Option<(u16, String)>;
type Socket = WebSocketStream<TcpStream>;

async fn connection(stream: TcpStream, gateway: Arc<Gateway>) {
    let _ = stream.set_nodelay(true);
    let config = WebSocketConfig::default().max_message_size(Some(READ)).max_frame_size(Some(READ));
    let handshake = tokio_tungstenite::accept_async_with_config(stream, Some(config));
    let Ok(Ok(mut socket)) = tokio::time::timeout(HANDSHAKE, handshake).await else { return };
    let ended = match meet(&mut socket, &gateway).await {
        Ok(admission) => talk(&mut socket, &gateway, admission).await,
        Err(ended) => ended,
    };
    if let Some((code, reason)) = ended {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        let _ = socket.send(Message::Close(Some(frame))).await;
        // Closing at once would take the close frame away from a peer that still sends.
        let _ = tokio::time::timeout(FAREWELL, async { while let Some(Ok(_)) = socket.next().await {} }).await;
    }
}

/// From the challenge to the admission; the error is how the connection ends.
async fn meet(socket: &mut Socket, gateway: &Gateway) -> Result<Admission, Ended> {
    if GatewayFault::CloseAtOnce.is(gateway.fault) {
        return Err(Some((1011, "internal error".to_owned())));
    }
    let _ = socket.send(text(&gateway.challenge())).await;
    let first = tokio::time::timeout(HANDSHAKE, async {
        loop {
            if let Some(first) = read(socket.next().await)? {
                return Ok::<String, Ended>(first);
            }
        }
    });
    let first = first.await.map_err(|_| Some((1008, "handshake timeout".to_owned())))??;
    if gateway.is_v4() && first.len() > FIRST {
        return Err(Some(too_large()));
    }
    match gateway.admit(&first) {
        Ok(admission) => Ok(admission),
        Err(refusal) => {
            let Refusal { answer, code, reason } = *refusal;
            if let Some((id, error)) = answer {
                let _ = socket.send(text(&json!({"type": "res", "id": id, "ok": false, "error": error}))).await;
            }
            Err(Some((code, reason)))
        }
    }
}

/// Requests in, answers and events out, until one side ends it.
async fn talk(socket: &mut Socket, gateway: &Arc<Gateway>, admission: Admission) -> Ended {
    let (outbox, mut waiting) = unbounded_channel();
    let Admission { id, client_id, scopes, hears_tools, hello } = admission;
    let client = Arc::new(Client { id: client_id, scopes, hears_tools, outbox, seq: AtomicU64::new(0) });
    client.answer(&id, Ok(hello));
    gateway.clients().push(client.clone());
    let ended = loop {
        tokio::select! {
            frame = socket.next() => match read(frame) {
                Err(ended) => break ended,
                Ok(Some(frame)) if frame.len() > gateway.max_payload && !GatewayFault::AnyRequest.is(gateway.fault) => break Some(too_large()),
                Ok(Some(frame)) => gateway.take(&client, &frame),
                Ok(None) => {}
            },
            Some(outgoing) = waiting.recv() => {
                let frame = match outgoing {
                    Outgoing::Frame(frame) => text(&frame),
                    Outgoing::Text(frame) => Message::text(frame),
                    Outgoing::Close(code, reason) => break Some((code, reason)),
                };
                // What is ready goes out together.
                if socket.feed(frame).await.is_err() || waiting.is_empty() && socket.flush().await.is_err() {
                    break None;
                }
            }
        }
    };
    gateway.clients().retain(|other| !Arc::ptr_eq(other, &client));
    ended
}

/// The text of a frame; `None` for one that has none. The error: the connection has ended.
fn read(frame: Option<Result<Message, Error>>) -> Result<Option<String>, Ended> {
    match frame {
        Some(Ok(Message::Text(frame))) => Ok(Some(frame.to_string())),
        // Whatever bytes are, they are no request.
        Some(Ok(Message::Binary(frame))) => Ok(Some(String::from_utf8_lossy(&frame).into_owned())),
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(None),
        Some(Err(Error::Capacity(_))) => Err(Some(too_large())),
        Some(Ok(Message::Close(_)) | Err(_)) | None => Err(None),
    }
}

fn text(frame: &Value) -> Message {
    Message::text(frame.to_string())
}

fn too_large() -> (u16, String) {
    (1009, "Max payload size exceeded".to_owned())
}
