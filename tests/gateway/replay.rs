//! A server that says again what a real gateway said once.
//!
//! Owns: the recording's file, the ids that differ from one run to the next.
//! Must not know: what is expected of it.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::path::Path;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

pub struct Replay {
    pub url: String,
    /// Ends with what was not as recorded, if anything.
    pub played: tokio::task::JoinHandle<Result<(), String>>,
}

/// Serves one connection with a recording of `tests/fixtures/gateway`.
pub async fn replay(name: &str) -> Replay {
    let path = Path::new("tests/fixtures/gateway").join(format!("{name}.jsonl"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("ws://{}", listener.local_addr().expect("it is bound"));
    let played = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.map_err(|e| e.to_string())?;
        let socket = tokio_tungstenite::accept_async(stream).await.map_err(|e| e.to_string())?;
        Player { socket, ids: vec![] }.play(&lines).await
    });
    Replay { url, played }
}

struct Player {
    socket: WebSocketStream<TcpStream>,
    /// Ids of the recording, and those in their place now.
    ids: Vec<(String, String)>,
}

impl Player {
    async fn play(mut self, lines: &[Value]) -> Result<(), String> {
        for line in lines {
            let frame = &line["frame"];
            match (line["dir"].as_str(), frame.get("_close")) {
                (Some(">"), _) => self.hear(frame).await?,
                (_, Some(code)) if *code == 1000 => {}
                (_, Some(code)) => self.close(code, &frame["reason"]).await,
                _ => self.say(frame).await,
            }
        }
        // What the client still sends, such as its goodbye, is not part of the recording.
        while self.socket.next().await.is_some_and(|message| message.is_ok()) {}
        Ok(())
    }

    /// Takes the request that was recorded here. One that only some clients make first is answered by itself.
    async fn hear(&mut self, recorded: &Value) -> Result<(), String> {
        loop {
            let heard = self.next().await.ok_or_else(|| format!("the client is gone; it should send {recorded}"))?;
            if heard["method"] == "sessions.patch" && recorded["method"] != "sessions.patch" {
                let payload = json!({"ok": true, "key": format!("agent:main:{}", heard["params"]["key"].as_str().unwrap_or_default())});
                self.say(&json!({"type": "res", "id": heard["id"], "ok": true, "payload": payload})).await;
                continue;
            }
            if (&heard["type"], &heard["method"]) != (&recorded["type"], &recorded["method"]) {
                return Err(format!("the client sent {heard}, not {recorded}"));
            }
            for (was, is) in [(&recorded["id"], &heard["id"]), (&recorded["params"]["idempotencyKey"], &heard["params"]["idempotencyKey"])]
            {
                if let (Some(was), Some(is)) = (was.as_str(), is.as_str()) {
                    self.ids.push((format!("\"{was}\""), format!("\"{is}\"")));
                }
            }
            return Ok(());
        }
    }

    async fn say(&mut self, frame: &Value) {
        let text = self.ids.iter().fold(frame.to_string(), |text, (was, is)| text.replace(was, is));
        let _ = self.socket.send(Message::text(text)).await;
    }

    async fn close(&mut self, code: &Value, reason: &Value) {
        let code = u16::try_from(code.as_u64().unwrap_or_default()).unwrap_or_default();
        let frame = CloseFrame { code: code.into(), reason: reason.as_str().unwrap_or_default().to_owned().into() };
        let _ = self.socket.send(Message::Close(Some(frame))).await;
    }

    async fn next(&mut self) -> Option<Value> {
        loop {
            match self.socket.next().await? {
                Ok(Message::Text(text)) => return serde_json::from_str(text.as_str()).ok(),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }
}
