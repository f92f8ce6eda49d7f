//! A WebSocket server whose behaviour is a closure.

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

/// Path and headers of each handshake.
type Handshakes = Arc<Mutex<Vec<(String, Vec<(String, String)>)>>>;

pub(super) struct Peer {
    pub(super) url: String,
    pub(super) handshakes: Handshakes,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(super) struct Door {
    pub(super) nth: usize,
    pub(super) socket: WebSocketStream<TcpStream>,
}

impl Door {
    /// The next frame that is JSON; `None` once the client has gone.
    pub(super) async fn next(&mut self) -> Option<Value> {
        loop {
            match self.socket.next().await? {
                Ok(Message::Text(text)) => return serde_json::from_str(text.as_str()).ok(),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    pub(super) async fn say(&mut self, value: Value) {
        self.text(&value.to_string()).await;
    }

    pub(super) async fn text(&mut self, text: &str) {
        let _ = self.socket.send(Message::text(text)).await;
    }

    pub(super) async fn bytes(&mut self, bytes: &'static [u8]) {
        let _ = self.socket.send(Message::binary(Bytes::from_static(bytes))).await;
    }

    pub(super) async fn close(&mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        let _ = self.socket.close(Some(frame)).await;
        while self.socket.next().await.is_some_and(|message| message.is_ok()) {}
    }

    /// Bytes that are no frame of the library's making.
    pub(super) async fn raw(&mut self, bytes: &[u8]) {
        use tokio::io::AsyncWriteExt as _;
        let _ = self.socket.get_mut().write_all(bytes).await;
    }
}

impl Peer {
    pub(super) async fn start<F, T>(serve: F) -> Peer
    where
        F: Fn(Door) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("ws://{}", listener.local_addr().expect("an address"));
        let handshakes: Handshakes = Arc::default();
        let seen = handshakes.clone();
        let task = tokio::spawn(async move {
            let serve = Arc::new(serve);
            for nth in 0.. {
                let Ok((socket, _)) = listener.accept().await else { return };
                let (serve, seen) = (serve.clone(), seen.clone());
                tokio::spawn(async move {
                    if let Some(socket) = shake(socket, &seen).await {
                        serve(Door { nth, socket }).await;
                    }
                });
            }
        });
        Peer { url, handshakes, task }
    }
}

#[expect(clippy::result_large_err, reason = "the library's own signature")]
async fn shake(socket: TcpStream, seen: &Handshakes) -> Option<WebSocketStream<TcpStream>> {
    let look = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        let headers =
            request.headers().iter().map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let headers: Vec<_> = headers.collect();
        if headers.iter().any(|(name, value)| name == "authorization" && value == "Bearer wrong") {
            let body = Some("{\"error\": \"bad token\"}".to_owned());
            return Err(Response::builder().status(401).body(body).expect("a response"));
        }
        if let Some(protocol) = request.headers().get("sec-websocket-protocol") {
            response.headers_mut().insert(
                "sec-websocket-protocol",
                protocol.to_str().ok().and_then(|all| all.split(',').next()?.parse().ok()).expect("a protocol"),
            );
        }
        seen.lock().expect("unpoisoned").push((request.uri().to_string(), headers));
        Ok(response)
    };
    accept_hdr_async(socket, look).await.ok()
}
