//! The server over real sockets: each rule of streamable HTTP kept and broken, and the lines of a bridge.

use super::stream::UPGRADE;
use crate::base::Span;
use crate::fakes::server::{CaseFakes, CaseHandle, FakeServer};
use crate::model::fake::{Fake, FakeKind};
use crate::model::template::Scope;
use crate::model::tool::{ToolAnswer, ToolOutcome, ToolRow};
use crate::model::trace::What;
use crate::model::tree::Node;
use crate::recorder::Recorder;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

const BOTH: &str = "application/json, text/event-stream";

fn node(value: Value) -> Arc<Node> {
    Node::from_value(Span::NONE, &value)
}

fn row(name: &str, outcome: ToolOutcome) -> ToolRow {
    let answer = ToolAnswer { span: Span::NONE, outcome, delay: Duration::ZERO, gate: None };
    let (description, schema) =
        (Some(format!("Does {name}.")), Some(node(json!({"type": "object", "properties": {"id": {"type": "integer"}}}))));
    ToolRow {
        span: Span::NONE,
        name: name.to_owned(),
        description,
        schema,
        when: None,
        answers: vec![answer],
        sequence: false,
        appears: None,
    }
}

/// A tool that is there, one that appears, one that waits, one that fails in each way.
fn rows() -> Vec<ToolRow> {
    let late = ToolRow { appears: Some("unlocked".into()), ..row("late", ToolOutcome::Result(node(json!("late")))) };
    let mut slow = row("slow", ToolOutcome::Result(node(json!("at last"))));
    slow.answers[0].gate = Some("slow".into());
    let error = row("fails", ToolOutcome::Error(node(json!("no"))));
    let broken = row("breaks", ToolOutcome::RpcError(node(json!({"code": -1, "message": "broken"}))));
    vec![row("get", ToolOutcome::Result(node(json!({"label": "Main"})))), late, slow, error, broken]
}

struct World {
    server: FakeServer,
    recorder: Recorder,
    case: CaseHandle,
    client: reqwest::Client,
}

impl World {
    async fn new() -> World {
        let (server, recorder) = (FakeServer::start().await.unwrap(), Recorder::new());
        let scope: Arc<dyn Scope + Send + Sync> = Arc::new(indexmap::IndexMap::<String, Value>::new());
        let fake = Fake { span: Span::NONE, unused_allowed: false, kind: FakeKind::Mcp(rows()) };
        let fakes = vec![("wallets".to_owned(), Arc::new(fake))];
        let case = server.open(CaseFakes { key: "c".to_owned(), recorder: recorder.clone(), fakes, scope });
        World { server, recorder, case, client: crate::base::client::new() }
    }

    fn ask(&self, method: Method) -> RequestBuilder {
        self.client.request(method, self.server.url("c", "wallets")).header("accept", BOTH)
    }

    /// Sends a message in a session (none if empty); gives status and body.
    async fn post(&self, session: &str, message: Value) -> (u16, Value) {
        let mut request = self.ask(Method::POST).json(&message);
        if !session.is_empty() {
            request = request.header("mcp-session-id", session);
        }
        said(request).await
    }

    /// A session that has shaken hands in this version.
    async fn session(&self, version: &str) -> String {
        let begun = self.ask(Method::POST).json(&initialize(version)).send().await.unwrap();
        let id = begun.headers()["mcp-session-id"].to_str().unwrap().to_owned();
        assert_eq!(self.post(&id, json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await, (202, Value::Null));
        id
    }

    async fn call(&self, session: &str, name: &str, args: Value) -> Value {
        self.post(session, request(7, "tools/call", json!({"name": name, "arguments": args}))).await.1
    }

    async fn tools(&self, session: &str) -> Vec<Value> {
        let listed = self.post(session, request(2, "tools/list", json!({}))).await.1;
        listed["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].clone()).collect()
    }

    fn told(&self, pick: impl Fn(&What) -> Option<String>) -> Vec<String> {
        self.recorder.read(0, |records| records.iter().filter_map(|record| pick(&record.what)).collect())
    }

    fn problems(&self) -> Vec<String> {
        self.told(|what| if let What::Problem(problem) = what { Some(format!("{}: {}", problem.code, problem.message)) } else { None })
    }

    fn notes(&self) -> Vec<String> {
        self.told(|what| if let What::Note { message } = what { Some(message.clone()) } else { None })
    }
}

async fn said(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    (status, serde_json::from_str(&text).unwrap_or(if text.is_empty() { Value::Null } else { text.into() }))
}

fn request(id: u64, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn initialize(version: &str) -> Value {
    request(1, "initialize", json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}))
}

#[tokio::test]
async fn a_client_shakes_hands_lists_and_calls() {
    let world = World::new().await;
    let (status, begun) = world.post("", initialize("2025-03-26")).await;
    assert_eq!((status, &begun["result"]["protocolVersion"]), (200, &json!("2025-03-26")));
    assert_eq!(begun["result"]["capabilities"], json!({"tools": {"listChanged": true}}));
    let id = world.session("2025-06-18").await;
    assert_eq!(world.tools(&id).await, ["get", "slow", "fails", "breaks"]);
    let listed = world.post(&id, request(3, "tools/list", json!({}))).await.1;
    assert_eq!(listed["result"]["tools"][0]["description"], "Does get.");
    assert_eq!(listed["result"]["tools"][0]["inputSchema"]["type"], "object");
    assert_eq!(world.call(&id, "get", json!({"id": 1})).await["result"]["structuredContent"], json!({"label": "Main"}));
    assert_eq!(world.call(&id, "fails", json!({})).await["result"]["isError"], true);
    assert_eq!(world.call(&id, "breaks", json!({})).await["error"], json!({"code": -1, "message": "broken"}));
    assert_eq!(world.post(&id, request(9, "ping", Value::Null)).await.1, json!({"jsonrpc": "2.0", "id": 9, "result": {}}));
    assert_eq!(world.problems(), Vec::<String>::new());
    let replies = world.told(|what| if let What::Reply { rule, status, .. } = what { Some(format!("{status} {rule}")) } else { None });
    assert_eq!(replies[..4], ["200 initialize", "200 initialize", "202 accepted", "200 tools/list"]);
    assert!(replies.contains(&"200 rows[0] (get)".to_owned()), "{replies:?}");
}

#[tokio::test]
async fn an_unknown_version_is_answered_by_the_latest() {
    let world = World::new().await;
    let begun = world.post("", initialize("1999-01-01")).await.1;
    assert_eq!(begun["result"]["protocolVersion"], super::methods::VERSIONS[0]);
    assert_eq!(world.post("", request(1, "initialize", json!({}))).await.1["error"]["code"], -32602);
}

#[tokio::test]
async fn old_versions_know_batches_and_no_structured_content() {
    let world = World::new().await;
    let (old, new) = (world.session("2025-03-26").await, world.session("2025-06-18").await);
    assert_eq!(world.call(&old, "get", json!({})).await["result"].get("structuredContent"), None);
    let batch = json!([request(1, "ping", json!({})), {"jsonrpc": "2.0", "method": "notifications/x"}, request(2, "ping", json!({}))]);
    let (status, answers) = world.post(&old, batch.clone()).await;
    assert_eq!((status, answers.as_array().map(Vec::len)), (200, Some(2)));
    assert_eq!(world.problems(), Vec::<String>::new());
    assert_eq!(world.post(&new, batch).await.0, 400);
    assert!(world.problems()[0].contains("a list of messages is no message in version 2025-06-18"), "{:?}", world.problems());
}

#[tokio::test]
async fn a_client_is_answered_by_events_if_it_names_them_first() {
    let world = World::new().await;
    let id = world.session("2025-06-18").await;
    let ask = world.client.post(world.server.url("c", "wallets")).header("accept", "text/event-stream, application/json");
    let answer = ask.header("mcp-session-id", &id).json(&request(4, "ping", json!({}))).send().await.unwrap();
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    assert_eq!(answer.text().await.unwrap(), "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{}}\n\n");
}

#[tokio::test]
async fn each_rule_of_the_transport_is_kept() {
    let world = World::new().await;
    let id = world.session("2025-06-18").await;
    let url = world.server.url("c", "wallets");
    let ping = || request(1, "ping", json!({}));
    let post = || world.client.post(&url).header("mcp-session-id", &id).header("accept", BOTH);
    let other = |method: Method| world.client.request(method, &url).header("accept", BOTH);
    let with = |request: RequestBuilder, name: &str, value: &str| request.header(name, value);
    let wrong: Vec<(u16, &str, RequestBuilder)> = vec![
        (400, "`mcp-session-id` is missing", world.client.post(&url).header("accept", BOTH).json(&ping())),
        (404, "there is no session `x`", with(world.client.post(&url).header("accept", BOTH).json(&ping()), "mcp-session-id", "x")),
        (
            406,
            "must name application/json and text/event-stream",
            world.client.post(&url).header("accept", "application/json").json(&ping()),
        ),
        (406, "must name text/event-stream", world.client.get(&url).header("accept", "application/json").header("mcp-session-id", &id)),
        (415, "not application/json", with(post(), "content-type", "text/plain").body("{}")),
        (400, "the body is no JSON", with(post(), "content-type", "application/json").body("{")),
        (400, "no JSON-RPC message: `jsonrpc`", post().json(&json!({"id": 1, "method": "ping"}))),
        (400, "`mcp-protocol-version` is `1`, and this server speaks 2025-11-25,", with(post().json(&ping()), "mcp-protocol-version", "1")),
        (405, "PUT is not a method", other(Method::PUT)),
        (404, "nothing is served at /sse", world.client.get(format!("{url}/sse")).header("accept", BOTH)),
        (400, "`mcp-session-id` is missing", other(Method::DELETE)),
    ];
    for (at, (status, says, request)) in wrong.into_iter().enumerate() {
        let (got, body) = said(request).await;
        assert_eq!((got, body["error"]["code"].is_i64()), (status, true), "{says}: {body}");
        let problems = world.problems();
        assert!(problems.len() == at + 1 && problems[at].contains(says), "{says}: {problems:?}");
    }
    let before = world.problems().len();
    assert_eq!(said(with(post().json(&ping()), "mcp-protocol-version", "2025-06-18")).await.0, 200);
    assert_eq!(said(with(post().json(&ping()), "origin", "http://localhost:1234")).await.0, 200);
    // None of these is the client's fault.
    assert_eq!(said(with(post().json(&ping()), "origin", "http://evil.example")).await.0, 403);
    assert_eq!(said(other(Method::OPTIONS)).await.0, 405);
    assert_eq!(said(other(Method::POST).json(&request(1, "server/discover", json!({})))).await.0, 400);
    assert_eq!(said(world.client.get(format!("{url}/.well-known/oauth-authorization-server"))).await.0, 404);
    assert_eq!((world.problems().len(), world.notes().len()), (before, 2));
}

#[tokio::test]
async fn a_session_ends_when_it_is_deleted() {
    let world = World::new().await;
    let id = world.session("2025-06-18").await;
    let stream = world.ask(Method::GET).header("mcp-session-id", &id).send().await.unwrap();
    assert_eq!(said(world.ask(Method::DELETE).header("mcp-session-id", &id)).await, (200, Value::Null));
    assert_eq!(stream.text().await.unwrap(), "", "its stream ends with it");
    assert_eq!(said(world.ask(Method::GET).header("mcp-session-id", &id)).await.0, 404);
    assert_eq!(world.post(&id, request(1, "ping", json!({}))).await.0, 404);
    assert_eq!((world.problems(), world.notes().len()), (Vec::<String>::new(), 2), "what came too late is told, and nobody's fault");
    assert!(world.notes()[1].contains("has ended"), "{:?}", world.notes());
    assert_eq!(world.post("never-begun", request(1, "ping", json!({}))).await.0, 404);
    assert!(world.problems()[0].contains("there is no session `never-begun`"), "{:?}", world.problems());
}

#[tokio::test]
async fn a_tool_that_appears_is_told_once_and_can_be_called() {
    let world = World::new().await;
    let id = world.session("2025-06-18").await;
    let stream = world.ask(Method::GET).header("mcp-session-id", &id).send().await.unwrap();
    let answer = world.call(&id, "late", json!({})).await;
    assert_eq!(answer["error"], json!({"code": -32602, "message": "Unknown tool: late"}));
    assert!(world.problems()[0].contains("appears only when the gate `unlocked` is released"), "{:?}", world.problems());
    world.case.release("unlocked").unwrap();
    world.case.release("unlocked").unwrap();
    let mut stream = stream;
    let event = String::from_utf8(stream.chunk().await.unwrap().unwrap().to_vec()).unwrap();
    assert!(event.contains("notifications/tools/list_changed"), "{event}");
    assert_eq!(world.tools(&id).await, ["get", "late", "slow", "fails", "breaks"]);
    assert_eq!(world.call(&id, "late", json!({})).await["result"]["content"][0]["text"], "late");
    said(world.ask(Method::DELETE).header("mcp-session-id", &id)).await;
    assert_eq!(stream.chunk().await.unwrap(), None, "one change is told once");
}

#[tokio::test]
async fn a_stream_opened_late_still_hears_of_the_change() {
    let world = World::new().await;
    let id = world.session("2025-06-18").await;
    world.case.release("unlocked").unwrap();
    let mut stream = world.ask(Method::GET).header("mcp-session-id", &id).send().await.unwrap();
    let event = String::from_utf8(stream.chunk().await.unwrap().unwrap().to_vec()).unwrap();
    assert!(event.contains("notifications/tools/list_changed"), "{event}");
}

#[tokio::test]
async fn wrong_calls_get_errors_and_only_some_fail_the_case() {
    let world = World::new().await;
    let id = world.session("2025-06-18").await;
    assert_eq!(world.call(&id, "get", json!({"id": "x"})).await["error"]["code"], -32602);
    assert_eq!(world.problems(), Vec::<String>::new());
    assert!(world.notes()[0].contains("violate its schema: id: \"x\" is not of type \"integer\""), "{:?}", world.notes());
    assert_eq!(world.call(&id, "got", json!({})).await["error"], json!({"code": -32602, "message": "Unknown tool: got"}));
    assert!(world.problems()[0].starts_with("unmatched-call: `wallets` has no tool `got`"), "{:?}", world.problems());
    assert_eq!(world.post(&id, request(1, "tools/call", json!({"arguments": {}}))).await.1["error"]["code"], -32602);
    assert!(world.problems()[1].contains("a `tools/call` without a `name`"), "{:?}", world.problems());
    assert_eq!(world.post(&id, request(1, "resources/list", json!({}))).await.1["error"]["code"], -32601);
    assert_eq!(world.problems().len(), 2, "who asks for what is not there is told so, and goes on");
}

#[tokio::test]
async fn a_slow_call_waits_for_its_gate() {
    let world = World::new().await;
    let id = world.session("2025-06-18").await;
    let quick = async {
        while world.case.held_gates().is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(world.call(&id, "get", json!({})).await["result"]["structuredContent"]["label"], "Main");
        world.case.release("slow").unwrap();
    };
    let (slow, ()) = tokio::join!(world.call(&id, "slow", json!({})), quick);
    assert_eq!(slow["result"]["content"][0]["text"], "at last");
}

/// A bridge's side of its connection.
async fn lines(world: &World) -> (BufReader<tokio::net::tcp::OwnedReadHalf>, tokio::net::tcp::OwnedWriteHalf) {
    let mut stream = TcpStream::connect(("127.0.0.1", world.server.port())).await.unwrap();
    let head = format!("GET /c/wallets HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: {UPGRADE}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let (input, output) = stream.into_split();
    let mut input = BufReader::new(input);
    let mut line = String::new();
    input.read_line(&mut line).await.unwrap();
    assert!(line.contains(" 101 "), "{line}");
    while line != "\r\n" {
        line.clear();
        input.read_line(&mut line).await.unwrap();
    }
    (input, output)
}

#[tokio::test]
async fn lines_are_answered_when_their_answers_are_due() {
    let world = World::new().await;
    let (mut input, mut output) = lines(&world).await;
    let mut say = initialize("2025-06-18").to_string() + "\n";
    say += "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\r\n\n";
    say += &(request(2, "tools/call", json!({"name": "slow"})).to_string() + "\n");
    say += &(request(3, "tools/call", json!({"name": "get"})).to_string() + "\nno json\n");
    // However the bytes are cut, they are the same lines.
    for piece in say.as_bytes().chunks(7) {
        output.write_all(piece).await.unwrap();
    }
    let mut next = async || {
        let mut line = String::new();
        input.read_line(&mut line).await.unwrap();
        serde_json::from_str::<Value>(&line).unwrap_or(line.into())
    };
    assert_eq!(next().await["result"]["protocolVersion"], "2025-06-18");
    let (one, two) = (next().await, next().await);
    assert_eq!((&one["id"], &two["error"]["code"]), (&json!(3), &json!(-32700)), "{one} {two}");
    world.case.release("unlocked").unwrap();
    assert_eq!(next().await["method"], "notifications/tools/list_changed");
    world.case.release("slow").unwrap();
    assert_eq!(next().await["id"], 2);
    output.shutdown().await.unwrap();
    let mut rest = String::new();
    input.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "", "the conversation ends with its input");
    assert!(world.problems()[0].contains("a line that is no JSON-RPC message"), "{:?}", world.problems());
}

#[tokio::test]
async fn two_bridges_never_share_a_session() {
    let world = World::new().await;
    let ((mut first, mut to_first), (mut second, mut to_second)) = (lines(&world).await, lines(&world).await);
    let mut line = String::new();
    let begun = initialize("2025-06-18").to_string() + "\n{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n";
    to_first.write_all((begun + &request(2, "ping", json!({})).to_string() + "\n").as_bytes()).await.unwrap();
    for _ in 0..2 {
        first.read_line(&mut line).await.unwrap();
    }
    to_second.write_all((request(3, "tools/list", json!({})).to_string() + "\n").as_bytes()).await.unwrap();
    second.read_line(&mut line).await.unwrap();
    assert_eq!(line.lines().count(), 3, "{line}");
    assert_eq!(world.notes(), ["`wallets` got `tools/list` before `notifications/initialized`"]);
}

#[tokio::test]
async fn lines_end_with_the_case() {
    let world = World::new().await;
    let (mut input, _output) = lines(&world).await;
    world.case.finish(true);
    let mut rest = String::new();
    let _ = input.read_to_string(&mut rest).await;
    assert_eq!(rest, "");
}
