//! A scripted model: a real HTTP server that speaks both wires.
//!
//! Owns: the forms of its replies, the requests it got.
//! Must not know: who asks.

use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What the scripted model does with a request.
#[derive(Clone)]
pub enum Reply {
    Text(&'static str),
    Calls(Vec<(&'static str, &'static str, Value)>),
    Status(u16, &'static str),
    /// A raw stream body.
    Raw(String),
    /// Answers once this is told.
    Gate(Arc<Notify>, Box<Reply>),
}

pub type Choose = dyn Fn(usize, &Value) -> Reply + Send + Sync;

/// A model server; `choose` gets the number of the request and its body. The bodies are kept.
pub struct FakeModel {
    pub url: String,
    pub requests: Arc<Mutex<Vec<Value>>>,
    pub arrived: Arc<Notify>,
}

impl FakeModel {
    pub async fn start(choose: impl Fn(usize, &Value) -> Reply + Send + Sync + 'static) -> FakeModel {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (choose, arrived): (Arc<Choose>, _) = (Arc::new(choose), Arc::new(Notify::new()));
        let (kept, told) = (Arc::clone(&requests), Arc::clone(&arrived));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(answer(stream, Arc::clone(&kept), Arc::clone(&choose), Arc::clone(&told)));
            }
        });
        FakeModel { url, requests, arrived }
    }

    pub async fn script(replies: Vec<Reply>) -> FakeModel {
        FakeModel::start(move |n, _| replies.get(n).cloned().unwrap_or(Reply::Status(500, "the script is over"))).await
    }

    pub fn request(&self, n: usize) -> Value {
        self.requests.lock().unwrap()[n].clone()
    }

    pub fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

pub async fn answer(mut stream: TcpStream, requests: Arc<Mutex<Vec<Value>>>, choose: Arc<Choose>, arrived: Arc<Notify>) {
    let mut bytes = Vec::new();
    let (head, body) = loop {
        let mut buffer = [0; 4096];
        let n = stream.read(&mut buffer).await.unwrap();
        bytes.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
            if body.len() >= length.unwrap_or(0) {
                break (head.to_owned(), body.to_owned());
            }
        }
        assert!(n > 0, "the request broke off");
    };
    let body: Value = serde_json::from_str(&body).unwrap();
    let n = {
        let mut requests = requests.lock().unwrap();
        requests.push(body.clone());
        requests.len() - 1
    };
    arrived.notify_one();
    let mut reply = choose(n, &body);
    while let Reply::Gate(gate, then) = reply {
        gate.notified().await;
        reply = *then;
    }
    let chat = head.starts_with("POST /v1/chat/completions ");
    assert!(chat || head.starts_with("POST /v1/responses "), "{head}");
    let (status, text) = match reply {
        Reply::Status(status, body) => (status, body.to_owned()),
        Reply::Raw(text) => (200, text),
        Reply::Text(text) if chat => (200, chat_stream(&json!({"content": text}), "stop")),
        Reply::Text(text) => (200, responses_stream(vec![message_item(text)])),
        Reply::Calls(calls) if chat => (200, chat_calls(&calls)),
        Reply::Calls(calls) => (200, responses_stream(calls.iter().map(call_item).collect())),
        Reply::Gate(..) => unreachable!("opened above"),
    };
    let head =
        format!("HTTP/1.1 {status} X\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", text.len());
    let _ = stream.write_all(format!("{head}{text}").as_bytes()).await;
}

pub fn event(value: &Value) -> String {
    format!("event: {}\ndata: {value}\n\n", value["type"].as_str().unwrap_or("message"))
}

pub fn responses_stream(items: Vec<Value>) -> String {
    let done: String = items.iter().map(|item| event(&json!({"type": "response.output_item.done", "item": item}))).collect();
    let completed = event(&json!({"type": "response.completed", "response": {"id": "r", "status": "completed", "output": items}}));
    format!("{}{done}{completed}", event(&json!({"type": "response.created", "response": {"id": "r"}})))
}

pub fn message_item(text: &str) -> Value {
    json!({"type": "message", "id": "m", "role": "assistant", "content": [{"type": "output_text", "text": text, "annotations": []}]})
}

pub fn call_item((id, name, arguments): &(&str, &str, Value)) -> Value {
    json!({"type": "function_call", "id": format!("fc_{id}"), "call_id": id, "name": name, "arguments": raw(arguments)})
}

/// A text stands for itself, so that arguments can be ill-formed.
pub fn raw(arguments: &Value) -> String {
    arguments.as_str().map_or_else(|| arguments.to_string(), str::to_owned)
}

pub fn chat_chunk(delta: &Value, finish: Option<&str>) -> String {
    format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}))
}

pub fn chat_stream(delta: &Value, finish: &str) -> String {
    format!("{}{}data: [DONE]\n\n", chat_chunk(delta, None), chat_chunk(&json!({}), Some(finish)))
}

/// The fragments of all calls are mixed, as real streams may do.
pub fn chat_calls(calls: &[(&str, &str, Value)]) -> String {
    let mut out = String::new();
    for (index, (id, name, _)) in calls.iter().enumerate() {
        out += &chat_chunk(&json!({"tool_calls": [{"index": index, "id": id, "function": {"name": name, "arguments": ""}}]}), None);
    }
    for half in [0, 1] {
        for (index, (.., arguments)) in calls.iter().enumerate() {
            let text = raw(arguments);
            let (a, b) = text.split_at(text.len() / 2);
            out += &chat_chunk(&json!({"tool_calls": [{"index": index, "function": {"arguments": if half == 0 { a } else { b }}}]}), None);
        }
    }
    out + &chat_chunk(&json!({}), Some("tool_calls")) + "data: [DONE]\n\n"
}
