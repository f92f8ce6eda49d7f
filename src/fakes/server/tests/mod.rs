//! The server from outside: real sockets on loopback, raw bytes where bytes matter, reqwest where a client does.

mod breaking;
mod judging;
mod outages;
mod replying;
mod requests;
mod routes;
mod vendors;

use super::{CaseFakes, CaseHandle, FakeServer};
use crate::base::Span;
use crate::fakes::http::Limits;
use crate::model::fake::{Fake, FakeKind, ModelFake, ModelReplies, PartKind, Reply, ReplyPart, Vendor};
use crate::model::template::Scope;
use crate::model::trace::{Problem, Request, What};
use crate::model::tree::Node;
use crate::model::wire::Wire;
use crate::recorder::Recorder;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A server with one open case, `c`, whose model fake is `llm`.
struct World {
    server: FakeServer,
    recorder: Recorder,
    case: CaseHandle,
    client: reqwest::Client,
}

impl World {
    async fn of(replies: ModelReplies) -> World {
        World::with(replies, Wire::default(), Limits::default()).await
    }

    /// A script of a vendor.
    async fn vendor(vendor: Vendor, replies: impl IntoIterator<Item = Reply>) -> World {
        let server = FakeServer::start_with(Limits::default()).await.unwrap();
        let recorder = Recorder::new();
        let replies = ModelReplies::Script(replies.into_iter().collect());
        let case = open_model(
            &server,
            "c",
            ModelFake { vendor, replies, wire: Wire::default(), routes: vec![], faults: vec![], used_up: Default::default() },
            &recorder,
        );
        World { server, recorder, case, client: crate::base::client::new() }
    }

    async fn script(replies: impl IntoIterator<Item = Reply>) -> World {
        World::of(ModelReplies::Script(replies.into_iter().collect())).await
    }

    async fn with(replies: ModelReplies, wire: Wire, limits: Limits) -> World {
        let server = FakeServer::start_with(limits).await.unwrap();
        let recorder = Recorder::new();
        let case = open(&server, "c", replies, wire, &recorder);
        World { server, recorder, case, client: crate::base::client::new() }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.server.port())).await.unwrap()
    }

    /// Sends raw bytes and reads until the server closes; the error is how reading ended otherwise.
    async fn raw(&self, bytes: &[u8]) -> (String, Option<std::io::ErrorKind>) {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.unwrap();
        drain(&mut stream).await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let reply = self.client.post(self.url(path)).json(&body).send().await.unwrap();
        (reply.status().as_u16(), reply.json().await.unwrap())
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.url("c", "llm"))
    }

    fn requests(&self) -> Vec<Request> {
        let pick = |what: &What| if let What::Request(request) = what { Some((**request).clone()) } else { None };
        self.records(pick)
    }

    fn problems(&self) -> Vec<Problem> {
        self.records(|what| if let What::Problem(problem) = what { Some(problem.clone()) } else { None })
    }

    fn notes(&self) -> Vec<String> {
        self.records(|what| if let What::Note { message } = what { Some(message.clone()) } else { None })
    }

    fn records<T>(&self, pick: impl Fn(&What) -> Option<T>) -> Vec<T> {
        self.recorder.read(0, |records| records.iter().filter_map(|record| pick(&record.what)).collect())
    }
}

fn open(server: &FakeServer, key: &str, replies: ModelReplies, wire: Wire, recorder: &Recorder) -> CaseHandle {
    open_model(
        server,
        key,
        ModelFake { vendor: Vendor::Openai, replies, wire, routes: vec![], faults: vec![], used_up: Default::default() },
        recorder,
    )
}

fn open_model(server: &FakeServer, key: &str, model: ModelFake, recorder: &Recorder) -> CaseHandle {
    let fake = Fake { span: Span::NONE, unused_allowed: false, kind: FakeKind::Model(model) };
    let scope: indexmap::IndexMap<String, Value> = [("name".to_owned(), json!("Ana"))].into();
    let scope: Arc<dyn Scope + Send + Sync> = Arc::new(scope);
    server.open(CaseFakes { key: key.to_owned(), recorder: recorder.clone(), fakes: vec![("llm".to_owned(), Arc::new(fake))], scope })
}

async fn drain(stream: &mut TcpStream) -> (String, Option<std::io::ErrorKind>) {
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).await;
    (String::from_utf8_lossy(&bytes).into_owned(), end.err().map(|e| e.kind()))
}

/// Reads until what arrived contains `text`.
async fn read_to(stream: &mut TcpStream, text: &str) -> String {
    let mut bytes = Vec::new();
    loop {
        let so_far = String::from_utf8_lossy(&bytes).into_owned();
        if so_far.contains(text) {
            return so_far;
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "ended before `{text}`: {so_far}");
    }
}

fn node(value: Value) -> Arc<Node> {
    Node::from_value(Span::NONE, &value)
}

fn reply(parts: impl IntoIterator<Item = PartKind>) -> Reply {
    Reply { span: Span::NONE, parts: parts.into_iter().map(|kind| ReplyPart { span: Span::NONE, kind }).collect() }
}

fn text(text: &str) -> PartKind {
    PartKind::Text(node(json!(text)))
}

fn gate(name: &str) -> PartKind {
    PartKind::Gate(name.to_owned())
}

fn http(status: u16) -> PartKind {
    PartKind::Http { status, headers: vec![], retry_after: None, body: None }
}

/// A POST as raw bytes; the connection ends with the answer.
fn post(path: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nanthropic-version: 2023-06-01\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

const CHAT: &str = "/c/llm/v1/chat/completions";
const RESPONSES: &str = "/c/llm/v1/responses";
const STREAM: &str = r#"{"model":"m","max_tokens":9,"stream":true,"input":"hi","messages":[{"role":"user","content":"hi"}]}"#;
const PLAIN: &str = r#"{"model":"m","max_tokens":9,"input":"hi","messages":[{"role":"user","content":"hi"}]}"#;
