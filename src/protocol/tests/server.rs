//! An HTTP server that says exactly what a test wants, to the byte: one script for each connection, in turn.

use super::build::{protocol, setup};
use crate::protocol::{Conversation, Setup};
use crate::recorder::Recorder;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What is said on one connection, and whether it is held open then.
pub(super) enum Say {
    Close(String),
    Hold(String),
}

pub(super) struct Server {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(super) async fn start(script: Vec<Say>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback can be bound");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = asked.clone();
        let task = tokio::spawn(async move {
            let mut held = Vec::new();
            for say in script {
                let Ok((mut stream, _)) = listener.accept().await else { return };
                let request = read(&mut stream).await;
                seen.lock().expect("no panic").push(request);
                let (Say::Close(text) | Say::Hold(text)) = &say;
                let _ = stream.write_all(text.as_bytes()).await;
                if matches!(say, Say::Hold(_)) {
                    held.push(stream);
                }
            }
            drop(listener);
            std::future::pending::<()>().await;
        });
        Server { url, asked, task }
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

async fn read(stream: &mut TcpStream) -> String {
    let (mut text, mut piece) = (String::new(), [0; 4096]);
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ").and_then(|length| length.parse().ok()));
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return text,
            Ok(read) => text.push_str(&String::from_utf8_lossy(&piece[..read])),
        }
    }
}

pub(super) fn json(status: u16, body: &str) -> Say {
    let length = body.len();
    Say::Close(format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    ))
}

pub(super) fn stream(events: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{events}")
}

pub(super) fn talk(value: Value, server: &Server) -> (Conversation, Recorder) {
    talk_with(value, server, |_| {})
}

pub(super) fn talk_with(value: Value, server: &Server, change: impl FnOnce(&mut Setup)) -> (Conversation, Recorder) {
    let mut setup = Setup { url: Some(server.url.clone()), ..setup(protocol(value)) };
    change(&mut setup);
    let recorder = setup.recorder.clone();
    (Conversation::new(setup), recorder)
}
