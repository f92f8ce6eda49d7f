//! The agent against a scripted model over real sockets, spoken to by a real websocket client.

use super::faults::Fault;
use super::gateway;
use super::model::{Model, Wire};
use super::turn::Agent;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

/// What the scripted model does with a request.
#[derive(Clone)]
enum Reply {
    Text(&'static str),
    Calls(Vec<(&'static str, &'static str, Value)>),
    Status(u16, &'static str),
    /// A raw stream body.
    Raw(String),
    /// Answers once this is told.
    Gate(Arc<Notify>, Box<Reply>),
}

type Choose = dyn Fn(usize, &Value) -> Reply + Send + Sync;

/// A model server; `choose` gets the number of the request and its body. The bodies are kept.
struct FakeModel {
    url: String,
    requests: Arc<Mutex<Vec<Value>>>,
    arrived: Arc<Notify>,
}

impl FakeModel {
    async fn start(choose: impl Fn(usize, &Value) -> Reply + Send + Sync + 'static) -> FakeModel {
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

    async fn script(replies: Vec<Reply>) -> FakeModel {
        FakeModel::start(move |n, _| replies.get(n).cloned().unwrap_or(Reply::Status(500, "the script is over"))).await
    }

    fn request(&self, n: usize) -> Value {
        self.requests.lock().unwrap()[n].clone()
    }

    fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

async fn answer(mut stream: TcpStream, requests: Arc<Mutex<Vec<Value>>>, choose: Arc<Choose>, arrived: Arc<Notify>) {
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

fn event(value: &Value) -> String {
    format!("event: {}\ndata: {value}\n\n", value["type"].as_str().unwrap_or("message"))
}

fn responses_stream(items: Vec<Value>) -> String {
    let done: String = items.iter().map(|item| event(&json!({"type": "response.output_item.done", "item": item}))).collect();
    let completed = event(&json!({"type": "response.completed", "response": {"id": "r", "status": "completed", "output": items}}));
    format!("{}{done}{completed}", event(&json!({"type": "response.created", "response": {"id": "r"}})))
}

fn message_item(text: &str) -> Value {
    json!({"type": "message", "id": "m", "role": "assistant", "content": [{"type": "output_text", "text": text, "annotations": []}]})
}

fn call_item((id, name, arguments): &(&str, &str, Value)) -> Value {
    json!({"type": "function_call", "id": format!("fc_{id}"), "call_id": id, "name": name, "arguments": raw(arguments)})
}

/// A text stands for itself, so that arguments can be ill-formed.
fn raw(arguments: &Value) -> String {
    arguments.as_str().map_or_else(|| arguments.to_string(), str::to_owned)
}

fn chat_chunk(delta: &Value, finish: Option<&str>) -> String {
    format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}))
}

fn chat_stream(delta: &Value, finish: &str) -> String {
    format!("{}{}data: [DONE]\n\n", chat_chunk(delta, None), chat_chunk(&json!({}), Some(finish)))
}

/// The fragments of all calls are mixed, as real streams may do.
fn chat_calls(calls: &[(&str, &str, Value)]) -> String {
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

/// A running agent; it ends when dropped.
struct Running {
    url: String,
    stop: Option<oneshot::Sender<()>>,
    ended: tokio::task::JoinHandle<i32>,
}

async fn agent_at(wire: Wire, base_url: &str, fault: Option<Fault>, token: Option<&str>) -> Running {
    let model = Model::new(wire, base_url, Some("sk-test".into()), "gpt-5").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel();
    let agent = Arc::new(Agent::new(model, fault));
    let stopped = async { drop(stopped.await) };
    let ended = tokio::spawn(gateway::serve(listener, agent, token.map(str::to_owned), stopped));
    Running { url, stop: Some(stop), ended }
}

async fn agent(model: &FakeModel, wire: Wire) -> Running {
    agent_at(wire, &model.url, None, None).await
}

async fn mutant(model: &FakeModel, fault: Fault) -> Running {
    agent_at(Wire::Responses, &model.url, Some(fault), None).await
}

struct Client(tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<TcpStream>>);

impl Client {
    async fn connect(agent: &Running) -> Client {
        Client(tokio_tungstenite::connect_async(&agent.url).await.unwrap().0)
    }

    async fn send(&mut self, frame: impl Into<Message>) {
        self.0.send(frame.into()).await.unwrap();
    }

    async fn say(&mut self, session: &str, text: &str) {
        self.send(json!({"type": "message", "sessionKey": session, "content": text}).to_string()).await;
    }

    /// The next frame as `type: payload`; `closed` at the end.
    async fn next(&mut self) -> String {
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
    async fn turn(&mut self) -> Vec<String> {
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

fn exec(id: &'static str, command: &str) -> (&'static str, &'static str, Value) {
    (id, "exec", json!({"command": command}))
}

/// The frames of one turn with the scripted model.
async fn one_turn(wire: Wire, replies: Vec<Reply>) -> (Vec<String>, FakeModel) {
    let model = FakeModel::script(replies).await;
    let running = agent(&model, wire).await;
    let mut client = Client::connect(&running).await;
    client.say("s", "Hello").await;
    (client.turn().await, model)
}

async fn check_turn(wire: Wire, replies: Vec<Reply>, expected: &[&str]) {
    assert_eq!(one_turn(wire, replies).await.0, expected, "{wire:?}");
}

const BOTH: [Wire; 2] = [Wire::Responses, Wire::Chat];
const COMPLETE: &str = "turn_complete: {}";

#[tokio::test]
async fn a_text_is_passed_on_and_the_turn_ended() {
    for wire in BOTH {
        check_turn(wire, vec![Reply::Text("Hi")], &["assistant_message: Hi", COMPLETE]).await;
    }
}

#[tokio::test]
async fn a_tool_runs_and_its_output_reaches_the_model() {
    for wire in BOTH {
        let (frames, model) = one_turn(wire, vec![Reply::Calls(vec![exec("c1", "echo pay 10 EUR; exit 2")]), Reply::Text("ok")]).await;
        let call = r#"tool_calls: [{"id":"c1","name":"exec","input":{"command":"echo pay 10 EUR; exit 2"}}]"#;
        assert_eq!(frames, [call, "assistant_message: ok", COMPLETE], "{wire:?}");
        assert!(!model.request(0).to_string().contains("exit code"));
        assert!(model.request(1).to_string().contains(r"pay 10 EUR\nexit code: 2"), "{wire:?}: {}", model.request(1));
        assert_eq!(model.request(1)["stream"], true);
    }
}

#[tokio::test]
async fn parallel_calls_keep_their_order_and_their_ids() {
    for wire in BOTH {
        let calls = Reply::Calls(vec![exec("c1", "sleep 0.05; echo one"), exec("c2", "echo two")]);
        let (frames, model) = one_turn(wire, vec![calls, Reply::Text("ok")]).await;
        assert_eq!(frames.len(), 3, "{frames:?}");
        let request = model.request(1);
        let history = request["input"].as_array().or(request["messages"].as_array()).unwrap();
        let outputs: Vec<_> = history
            .iter()
            .filter_map(|e| Some((e["call_id"].as_str().or(e["tool_call_id"].as_str())?, e["output"].as_str().or(e["content"].as_str())?)))
            .collect();
        assert_eq!(outputs, [("c1", "one"), ("c2", "two")], "{wire:?}");
    }
}

#[tokio::test]
async fn mistakes_of_the_model_are_told_to_the_model() {
    let calls = vec![("c1", "rm", json!({})), ("c2", "exec", json!("{oops")), ("c3", "exec", json!({"cmd": 1}))];
    let (frames, model) = one_turn(Wire::Responses, vec![Reply::Calls(calls), Reply::Text("sorry")]).await;
    assert_eq!(frames[1..], ["assistant_message: sorry", COMPLETE]);
    let request = model.request(1).to_string();
    for expected in ["there is no tool `rm`", "the arguments are not JSON", "`command` is missing"] {
        assert!(request.contains(expected), "{expected}: {request}");
    }
}

#[tokio::test]
async fn a_session_remembers_and_another_one_does_not() {
    for wire in BOTH {
        let model = FakeModel::script(vec![Reply::Text("one"), Reply::Text("two"), Reply::Text("three")]).await;
        let running = agent(&model, wire).await;
        let mut client = Client::connect(&running).await;
        for (session, text) in [("a", "my name is Ana"), ("a", "who am I"), ("b", "who am I")] {
            client.say(session, text).await;
            client.turn().await;
        }
        assert!(model.request(1).to_string().contains("Ana") && model.request(1).to_string().contains("one"), "{wire:?}");
        assert!(!model.request(2).to_string().contains("Ana"), "{wire:?}");
    }
}

#[tokio::test]
async fn two_sessions_are_answered_side_by_side_each_on_its_own_connection() {
    let gate = Arc::new(Notify::new());
    let held = Arc::clone(&gate);
    let model = FakeModel::start(move |_, body| match body.to_string().contains("Bob") {
        true => Reply::Gate(Arc::clone(&held), Box::new(Reply::Text("Hello Bob"))),
        false => Reply::Text("Hello Ana"),
    })
    .await;
    let running = agent(&model, Wire::Responses).await;
    let (mut bob, mut ana) = (Client::connect(&running).await, Client::connect(&running).await);
    bob.say("bob", "I am Bob").await;
    model.arrived.notified().await;
    ana.say("ana", "I am Ana").await;
    assert_eq!(ana.turn().await, ["assistant_message: Hello Ana", COMPLETE]);
    gate.notify_one();
    assert_eq!(bob.turn().await, ["assistant_message: Hello Bob", COMPLETE]);
}

#[tokio::test]
async fn messages_of_one_session_are_answered_one_after_another() {
    let model = FakeModel::script(vec![Reply::Calls(vec![exec("c", "sleep 0.05")]), Reply::Text("one"), Reply::Text("two")]).await;
    let running = agent(&model, Wire::Responses).await;
    let mut client = Client::connect(&running).await;
    client.say("s", "first").await;
    client.say("s", "second").await;
    assert_eq!(client.turn().await[1..], ["assistant_message: one", COMPLETE]);
    assert_eq!(client.turn().await, ["assistant_message: two", COMPLETE]);
    assert!(!model.request(1).to_string().contains("second"), "the second message waits for the first turn's end");
}

#[tokio::test]
async fn a_refusal_by_status_is_an_error_with_the_providers_words() {
    let overloaded = r#"{"error": {"code": "overloaded", "message": "try later"}}"#;
    for wire in BOTH {
        let (frames, model) = one_turn(wire, vec![Reply::Status(529, overloaded)]).await;
        assert_eq!(frames, ["error: 529 overloaded: try later"]);
        assert_eq!(model.count(), 1, "no retries");
    }
    check_turn(Wire::Chat, vec![Reply::Status(401, r#"{"error": {"type": "auth", "message": "no"}}"#)], &["error: 401 auth: no"]).await;
    check_turn(Wire::Chat, vec![Reply::Status(503, "<h1>down</h1>")], &["error: 503 <h1>down</h1>"]).await;
    check_turn(Wire::Chat, vec![Reply::Status(500, "")], &["error: 500"]).await;
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_an_error() {
    let cut = "error: the model's stream ended before its answer was complete";
    let item = event(&json!({"type": "response.output_item.done", "item": message_item("half")}));
    check_turn(Wire::Responses, vec![Reply::Raw(item)], &[cut]).await;
    check_turn(Wire::Responses, vec![Reply::Raw(String::new())], &[cut]).await;
    check_turn(Wire::Chat, vec![Reply::Raw(chat_chunk(&json!({"content": "half"}), None))], &[cut]).await;
    let done = chat_chunk(&json!({"content": "half"}), None) + "data: [DONE]\n\n";
    check_turn(Wire::Chat, vec![Reply::Raw(done)], &["error: the model's answer is not complete"]).await;
}

#[tokio::test]
async fn failures_inside_a_stream_are_errors() {
    let failed = json!({"type": "response.failed", "response": {"error": {"code": "server_error", "message": "oops"}}});
    let incomplete = json!({"type": "response.incomplete", "response": {"incomplete_details": {"reason": "max_output_tokens"}}});
    let nested = json!({"type": "error", "error": {"code": "overloaded", "message": "busy"}});
    let flat = json!({"type": "error", "code": "overloaded", "message": "busy"});
    for (event_, expected) in [
        (failed, "error: the model failed: server_error: oops"),
        (incomplete, "error: the model's answer is incomplete: max_output_tokens"),
        (nested, "error: the model failed: overloaded: busy"),
        (flat, "error: the model failed: overloaded: busy"),
    ] {
        check_turn(Wire::Responses, vec![Reply::Raw(event(&event_))], &[expected]).await;
    }
    let raw = |text: &str| vec![Reply::Raw(text.to_owned())];
    check_turn(Wire::Chat, raw("data: {\"error\": {\"code\": 502, \"message\": \"bad\"}}\n\n"), &["error: the model failed: 502: bad"])
        .await;
    let length = vec![Reply::Raw(chat_stream(&json!({"content": "x"}), "length"))];
    check_turn(Wire::Chat, length, &["error: the model's answer is incomplete: length"]).await;
    let (frames, _) = one_turn(Wire::Responses, raw("data: {oops\n\n")).await;
    assert!(frames[0].starts_with("error: the model sent an event that is not JSON"), "{frames:?}");
}

#[tokio::test]
async fn items_are_taken_from_the_terminal_event_if_they_came_nowhere_else() {
    let completed = json!({"type": "response.completed", "response": {"output": [message_item("late")]}});
    check_turn(Wire::Responses, vec![Reply::Raw(event(&completed))], &["assistant_message: late", COMPLETE]).await;
}

#[tokio::test]
async fn a_refusal_is_said_to_the_user() {
    let refusal = json!({"type": "message", "content": [{"type": "refusal", "refusal": "I won't."}]});
    check_turn(Wire::Responses, vec![Reply::Raw(responses_stream(vec![refusal]))], &["assistant_message: I won't.", COMPLETE]).await;
    check_turn(
        Wire::Chat,
        vec![Reply::Raw(chat_stream(&json!({"refusal": "I won't."}), "stop"))],
        &["assistant_message: I won't.", COMPLETE],
    )
    .await;
}

#[tokio::test]
async fn a_model_that_is_down_is_an_error_not_a_hang() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let running = agent_at(Wire::Responses, &format!("http://{free}/v1"), None, None).await;
    let mut client = Client::connect(&running).await;
    client.say("s", "Hello").await;
    let frames = client.turn().await;
    assert!(frames[0].starts_with("error: the model cannot be reached: ") && frames[0].contains("refused"), "{frames:?}");
}

#[tokio::test]
async fn a_model_that_calls_without_end_is_stopped() {
    let model = FakeModel::start(|_, _| Reply::Calls(vec![exec("c", "true")])).await;
    let running = agent(&model, Wire::Responses).await;
    let mut client = Client::connect(&running).await;
    client.say("s", "Hello").await;
    assert_eq!(client.turn().await.last().unwrap(), "error: stopped after 20 rounds of tool calls");
    assert_eq!(model.count(), 20);
}

#[tokio::test]
async fn ill_formed_frames_are_refused_and_the_connection_lives_on() {
    let model = FakeModel::script(vec![Reply::Text("Hi")]).await;
    let running = agent(&model, Wire::Responses).await;
    let mut client = Client::connect(&running).await;
    for (frame, expected) in [
        (Message::text("{oops"), "error: expected a JSON frame: "),
        (Message::text("[]"), "error: the frame has no `type`"),
        (Message::text(r#"{"type": "ping"}"#), "error: unknown frame type `ping`; expected `message`"),
        (Message::text(r#"{"type": "message", "content": "x"}"#), "error: `sessionKey` is missing"),
        (Message::text(r#"{"type": "message", "sessionKey": "s", "content": 1}"#), "error: `content` is missing or not a text"),
        (Message::binary(vec![0u8, 1]), "error: expected a text frame, got a binary one"),
    ] {
        client.send(frame).await;
        let answer = client.next().await;
        assert!(answer.starts_with(expected), "{answer}");
    }
    client.say("s", "Hello").await;
    assert_eq!(client.turn().await, ["assistant_message: Hi", COMPLETE]);
    assert_eq!(model.count(), 1);
}

#[tokio::test]
async fn a_client_that_leaves_in_mid_turn_harms_nobody() {
    let gate = Arc::new(Notify::new());
    let replies = vec![Reply::Gate(Arc::clone(&gate), Box::new(Reply::Text("nobody hears this"))), Reply::Text("Hi")];
    let model = FakeModel::script(replies).await;
    let running = agent(&model, Wire::Responses).await;
    let mut gone = Client::connect(&running).await;
    gone.say("s", "Hello").await;
    model.arrived.notified().await;
    drop(gone);
    gate.notify_one();
    let mut client = Client::connect(&running).await;
    client.say("s", "Hello again").await;
    assert_eq!(client.turn().await, ["assistant_message: Hi", COMPLETE]);
    assert!(!running.ended.is_finished());
}

#[tokio::test]
async fn rubbish_instead_of_a_handshake_harms_nobody() {
    let model = FakeModel::script(vec![Reply::Text("Hi")]).await;
    let running = agent(&model, Wire::Responses).await;
    let mut rubbish = TcpStream::connect(running.url.trim_start_matches("ws://")).await.unwrap();
    rubbish.write_all(b"\x16\x03\x01 rubbish\r\n\r\n").await.unwrap();
    let mut client = Client::connect(&running).await;
    client.say("s", "Hello").await;
    assert_eq!(client.turn().await, ["assistant_message: Hi", COMPLETE]);
}

async fn connect_with(agent: &Running, token: Option<&str>) -> Result<(), Error> {
    let mut request = agent.url.as_str().into_client_request().unwrap();
    if let Some(token) = token {
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    tokio_tungstenite::connect_async(request).await.map(|_| ())
}

#[tokio::test]
async fn a_token_is_asked_for_if_there_is_one() {
    let model = FakeModel::script(vec![]).await;
    let strict = agent_at(Wire::Responses, &model.url, None, Some("right")).await;
    assert!(connect_with(&strict, Some("right")).await.is_ok());
    for wrong in [Some("wrong"), None] {
        let refused = connect_with(&strict, wrong).await;
        assert!(matches!(&refused, Err(Error::Http(response)) if response.status() == 401), "{refused:?}");
    }
    let lenient = agent(&model, Wire::Responses).await;
    assert!(connect_with(&lenient, Some("any")).await.is_ok() && connect_with(&lenient, None).await.is_ok());
}

#[tokio::test]
async fn at_its_end_it_says_goodbye() {
    let model = FakeModel::script(vec![]).await;
    let mut running = agent(&model, Wire::Responses).await;
    let mut client = Client::connect(&running).await;
    running.stop.take().unwrap().send(()).unwrap();
    assert_eq!(client.next().await, "closed: 1001");
    assert_eq!(running.ended.await.unwrap(), 0);
}

/// The frames of one turn in which the model reads a mail, then answers.
async fn mail_turn(fault: Fault, command: &str) -> (Vec<String>, FakeModel) {
    let model = FakeModel::script(vec![Reply::Calls(vec![exec("c1", command)]), Reply::Text("Pay 10 EUR")]).await;
    let running = mutant(&model, fault).await;
    let mut client = Client::connect(&running).await;
    client.say("s", "Summarise").await;
    (client.turn().await, model)
}

#[tokio::test]
async fn drop_result_leaves_the_result_out() {
    let (frames, model) = mail_turn(Fault::DropResult, "echo the-mail").await;
    assert_eq!(frames[1..], ["assistant_message: Pay 10 EUR", COMPLETE]);
    assert!(!model.request(1).to_string().contains("function_call_output"), "{}", model.request(1));
}

#[tokio::test]
async fn ignore_output_gives_the_model_nothing_to_read() {
    let (frames, model) = mail_turn(Fault::IgnoreOutput, "echo the-mail | rev").await;
    assert_eq!(frames.len(), 3);
    let outputs: Vec<_> =
        model.request(1)["input"].as_array().unwrap().iter().filter(|e| e["type"] == "function_call_output").cloned().collect();
    assert_eq!(outputs, [json!({"type": "function_call_output", "call_id": "c1", "output": ""})]);
}

#[tokio::test]
async fn call_twice_really_calls_twice() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let (frames, _) = mail_turn(Fault::CallTwice, &format!("echo x >> {}", log.display())).await;
    assert_eq!(std::fs::read_to_string(log).unwrap(), "x\nx\n");
    assert_eq!(frames.iter().filter(|frame| frame.starts_with("tool_calls")).count(), 2);
}

#[tokio::test]
async fn claim_success_calls_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let (frames, model) = mail_turn(Fault::ClaimSuccess, &format!("echo x >> {}", log.display())).await;
    assert_eq!(frames, ["assistant_message: Pay 10 EUR", COMPLETE]);
    assert!(!log.exists() && model.request(1).to_string().contains(r#""output":"done""#));
}

#[tokio::test]
async fn answer_early_ends_the_turn_before_the_model_was_asked() {
    let model = FakeModel::script(vec![Reply::Text("Hi")]).await;
    let running = mutant(&model, Fault::AnswerEarly).await;
    let mut client = Client::connect(&running).await;
    client.say("s", "Hello").await;
    assert_eq!(client.turn().await, ["assistant_message: Done.", COMPLETE]);
    assert_eq!(client.turn().await, ["assistant_message: Hi", COMPLETE], "the real answer comes too late");
}

#[tokio::test]
async fn mix_sessions_shares_history_and_answers_the_wrong_one() {
    let gate = Arc::new(Notify::new());
    let replies = vec![Reply::Gate(Arc::clone(&gate), Box::new(Reply::Text("Hello Bob"))), Reply::Text("Hello Ana")];
    let model = FakeModel::script(replies).await;
    let running = mutant(&model, Fault::MixSessions).await;
    let (mut bob, mut ana) = (Client::connect(&running).await, Client::connect(&running).await);
    bob.say("bob", "I am Bob").await;
    model.arrived.notified().await;
    ana.say("ana", "I am Ana").await;
    // A refused frame comes back once the frames before it were taken.
    ana.send("no frame").await;
    assert!(ana.next().await.starts_with("error: expected a JSON frame"));
    gate.notify_one();
    assert_eq!(ana.next().await, "assistant_message: Hello Bob");
    assert_eq!(bob.turn().await, [COMPLETE]);
    assert_eq!(ana.turn().await, ["assistant_message: Hello Ana", COMPLETE]);
    assert!(model.request(1).to_string().contains("I am Bob"));
}

#[tokio::test]
async fn never_end_says_all_but_the_end() {
    let model = FakeModel::script(vec![Reply::Text("Hi"), Reply::Text("still here")]).await;
    let running = mutant(&model, Fault::NeverEnd).await;
    let mut client = Client::connect(&running).await;
    client.say("s", "Hello").await;
    client.say("s", "Hello").await;
    assert_eq!(client.next().await, "assistant_message: Hi");
    assert_eq!(client.next().await, "assistant_message: still here");
}

#[tokio::test]
async fn die_mid_turn_ends_the_process_without_a_word() {
    let model = FakeModel::script(vec![Reply::Text("Hi")]).await;
    let running = mutant(&model, Fault::DieMidTurn).await;
    let mut client = Client::connect(&running).await;
    client.say("s", "Hello").await;
    assert_eq!(client.turn().await, ["closed"]);
    assert_eq!(running.ended.await.unwrap(), Fault::DEATH);
}
