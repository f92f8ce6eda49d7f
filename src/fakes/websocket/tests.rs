//! Websocket fakes and Realtime sessions from outside: real sockets on loopback, raw bytes where bytes matter.

use crate::base::Span;
use crate::fakes::server::{CaseFakes, CaseHandle, FakeServer};
use crate::model::fake::{Abort, Fake, FakeKind, ModelFake, ModelReplies, PartKind, Reply, ReplyPart, Vendor, Wire};
use crate::model::template::Scope;
use crate::model::trace::{Problem, What};
use crate::model::tree::Node;
use crate::model::websocket::{Row, RowStep, ScriptedConnection, Then, WebsocketFake};
use crate::recorder::Recorder;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A server with one open case whose fake is called `side`.
struct World {
    server: FakeServer,
    recorder: Recorder,
    case: CaseHandle,
}

impl World {
    async fn of(kind: FakeKind) -> World {
        let server = FakeServer::start().await.unwrap();
        let recorder = Recorder::new();
        let case = open(&server, "c", kind, &recorder);
        World { server, recorder, case }
    }

    async fn script(connections: Vec<ScriptedConnection>) -> World {
        World::of(FakeKind::Websocket(WebsocketFake { connections })).await
    }

    async fn model(parts: Vec<PartKind>) -> World {
        let reply = Reply { span: Span::NONE, parts: parts.into_iter().map(|kind| ReplyPart { span: Span::NONE, kind }).collect() };
        World::of(FakeKind::Model(ModelFake {
            used_up: Default::default(),
            vendor: Vendor::Openai,
            replies: ModelReplies::Script(vec![reply]),
            wire: Wire::default(),
            routes: vec![],
            faults: vec![],
        }))
        .await
    }

    async fn connect(&self) -> Client {
        connect(&self.server, "c").await
    }

    /// Sends a request as bytes; gives the whole answer.
    async fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.server.port())).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn records<T>(&self, pick: impl Fn(&What) -> Option<T>) -> Vec<T> {
        self.recorder.read(0, |records| records.iter().filter_map(|record| pick(&record.what)).collect())
    }

    fn problems(&self) -> Vec<Problem> {
        self.records(|what| if let What::Problem(problem) = what { Some(problem.clone()) } else { None })
    }

    fn frames(&self) -> Vec<(usize, Value)> {
        self.records(|what| if let What::FakeFrame { connection, data, .. } = what { Some((*connection, data.clone())) } else { None })
    }

    /// The one problem there is.
    fn problem(&self) -> (String, String) {
        let problems = self.problems();
        assert_eq!(problems.len(), 1, "{problems:?}");
        (problems[0].code.clone(), problems[0].message.clone())
    }

    async fn frame_came(&self) {
        self.recorder.wait(|records| records.iter().any(|record| matches!(record.what, What::FakeFrame { .. })).then_some(())).await;
    }
}

fn open(server: &FakeServer, key: &str, kind: FakeKind, recorder: &Recorder) -> CaseHandle {
    let fake = Fake { span: Span::NONE, unused_allowed: false, kind };
    let scope: indexmap::IndexMap<String, Value> = [("name".to_owned(), json!("Ana"))].into();
    let scope: Arc<dyn Scope + Send + Sync> = Arc::new(scope);
    server.open(CaseFakes { key: key.to_owned(), recorder: recorder.clone(), fakes: vec![("side".to_owned(), Arc::new(fake))], scope })
}

async fn connect(server: &FakeServer, case: &str) -> Client {
    let url = server.url(case, "side").replacen("http", "ws", 1);
    connect_async(format!("{url}/v1/realtime?model=m")).await.unwrap().0
}

fn step(frame: Value) -> RowStep {
    RowStep::Frame(Node::from_value(Span::NONE, &frame))
}

fn gate(name: &str) -> RowStep {
    RowStep::Gate(name.to_owned())
}

fn rows(rows: Vec<Vec<RowStep>>, then: Then) -> ScriptedConnection {
    let rows = rows.into_iter().map(|steps| Row { span: Span::NONE, steps }).collect();
    ScriptedConnection {
        span: Span::NONE,
        greeting: Row::default(),
        rows,
        then,
        accept_delay: Duration::ZERO,
        refusal: None,
        headers: vec![],
    }
}

fn close() -> Then {
    Then::Close { code: None, reason: String::new() }
}

fn text(text: &str) -> PartKind {
    PartKind::Text(Node::from_value(Span::NONE, &json!(text)))
}

async fn say(client: &mut Client, frame: Value) {
    client.send(Message::text(frame.to_string())).await.unwrap();
}

async fn hear(client: &mut Client) -> Value {
    match client.next().await.unwrap().unwrap() {
        Message::Text(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Hears until an event of this type.
async fn hear_to(client: &mut Client, kind: &str) -> Value {
    loop {
        let event = hear(client).await;
        if event["type"] == kind {
            return event;
        }
    }
}

const KEY: &str =
    "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

#[tokio::test]
async fn each_frame_gets_its_row() {
    let world =
        World::script(vec![rows(vec![vec![step(json!({"n": 1})), step(json!({"n": 2}))], vec![], vec![step(json!({"n": 3}))]], close())])
            .await;
    let mut client = world.connect().await;
    say(&mut client, json!({"a": 1})).await;
    assert_eq!((hear(&mut client).await, hear(&mut client).await), (json!({"n": 1}), json!({"n": 2})));
    say(&mut client, json!({"a": 2})).await;
    say(&mut client, json!({"a": 3})).await;
    assert_eq!(hear(&mut client).await, json!({"n": 3}));
    assert!(matches!(client.next().await, Some(Ok(Message::Close(None)))));
    assert!(client.next().await.is_none());
    world.case.finish(true);
    assert_eq!(world.problems(), []);
    assert_eq!(world.frames(), [(0, json!({"a": 1})), (0, json!({"a": 2})), (0, json!({"a": 3}))]);
}

#[tokio::test]
async fn what_was_not_reached_is_named() {
    let world = World::script(vec![rows(vec![vec![], vec![step(json!("late"))]], Then::Hold), rows(vec![vec![]], Then::Hold)]).await;
    let mut client = world.connect().await;
    say(&mut client, json!(1)).await;
    world.frame_came().await;
    world.case.finish(true);
    let messages: Vec<_> = world.problems().iter().map(|problem| format!("{} {:?}", problem.message, problem.details)).collect();
    assert!(
        messages[0].contains("1 of 2 row was never reached in connection 1 of `side`: 1 frame came") && messages[0].contains("late"),
        "{messages:?}"
    );
    assert!(messages[1].starts_with("connection 2 of `side` was never made"), "{messages:?}");
}

#[tokio::test]
async fn one_frame_too_many_fails() {
    let world = World::script(vec![rows(vec![vec![step(json!({"n": 1}))]], Then::Hold)]).await;
    let mut client = world.connect().await;
    say(&mut client, json!({"a": 1})).await;
    hear(&mut client).await;
    say(&mut client, json!({"a": 2})).await;
    world.recorder.wait(|records| records.iter().any(|record| matches!(record.what, What::Problem(_))).then_some(())).await;
    assert_eq!(world.problem().0, "unmatched-frame");
    assert_eq!(world.frames().len(), 2);
}

#[tokio::test]
async fn after_the_last_row_before_a_close_nothing_is_looked_at() {
    let world = World::script(vec![rows(vec![vec![gate("held")]], close())]).await;
    let mut client = world.connect().await;
    for n in 0..5 {
        say(&mut client, json!(n)).await;
    }
    world.case.release("held").unwrap();
    while client.next().await.is_some() {}
    world.case.finish(true);
    assert_eq!((world.frames(), world.problems()), (vec![(0, json!(0))], vec![]));
}

#[tokio::test]
async fn one_connection_too_many_is_refused_and_fails() {
    let world = World::script(vec![rows(vec![], Then::Hold)]).await;
    let _first = world.connect().await;
    let url = world.server.url("c", "side").replacen("http", "ws", 1);
    let refused = connect_async(url).await.unwrap_err();
    assert!(matches!(refused, Error::Http(response) if response.status() == 400));
    assert!(world.problem().1.contains("`side` got connection 2, but its script has 1 connection"));
}

#[tokio::test]
async fn a_request_that_is_no_handshake_is_told_what_is_missing() {
    for (request, status, says) in [
        ("POST /c/side/x HTTP/1.1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(), "405", "opened by GET"),
        ("GET /c/side HTTP/1.1\r\nconnection: close\r\n\r\n".to_owned(), "426", "upgrade: websocket"),
        (
            format!("GET /c/side HTTP/1.1\r\n{}\r\n", KEY.replace("sec-websocket-key", "x").replace("upgrade\r\n", "upgrade, close\r\n")),
            "400",
            "no `sec-websocket-key`",
        ),
    ] {
        for kind in [false, true] {
            let world = if kind { World::model(vec![text("x")]).await } else { World::script(vec![]).await };
            let path = if kind { "/c/side/v1/realtime" } else { "/c/side" };
            let answer = world.raw(&request.replace("/c/side/x", "/c/side").replace("/c/side", path)).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(says), "{answer}");
            let (code, message) = world.problem();
            assert!(code == "unmatched-request" && message.contains(says), "{message}");
        }
    }
}

#[tokio::test]
async fn frames_sent_with_the_handshake_are_not_lost() {
    let world = World::script(vec![rows(vec![vec![step(json!({"n": 1}))]], close())]).await;
    let mut stream = TcpStream::connect(("127.0.0.1", world.server.port())).await.unwrap();
    // A text frame `1` with a mask of zeros, then a closing frame.
    let frames = [0x81, 0x81, 0, 0, 0, 0, b'1', 0x88, 0x80, 0, 0, 0, 0];
    stream.write_all(&[format!("GET /c/side HTTP/1.1\r\n{KEY}\r\n").as_bytes(), &frames[..]].concat()).await.unwrap();
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.starts_with("HTTP/1.1 101 ") && answer.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
    assert_eq!(world.frames(), [(0, json!(1))]);
}

#[tokio::test]
async fn ill_formed_frames_end_the_connection_and_fail() {
    let not_utf8 = [0x81, 0x81, 0, 0, 0, 0, 0xff];
    let unmasked = [0x81, 0x01, b'1'];
    let reserved = [0xf1, 0x80, 0, 0, 0, 0];
    let huge = [0x81, 0xff, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for (bytes, says) in [(&not_utf8[..], "UTF-8"), (&unmasked[..], "mask"), (&reserved[..], "reserved"), (&huge[..], "larger")] {
        for model in [false, true] {
            let world = if model { World::model(vec![text("x")]).await } else { World::script(vec![rows(vec![vec![]], Then::Hold)]).await };
            let mut stream = TcpStream::connect(("127.0.0.1", world.server.port())).await.unwrap();
            stream.write_all(format!("GET /c/side/v1/realtime HTTP/1.1\r\n{KEY}\r\n").as_bytes()).await.unwrap();
            stream.write_all(bytes).await.unwrap();
            world.recorder.wait(|records| records.iter().any(|record| matches!(record.what, What::Problem(_))).then_some(())).await;
            let (code, message) = world.problem();
            assert!(code == "ill-formed-frame" && message.to_lowercase().contains(&says.to_lowercase()), "{message}");
            drop(stream);
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_leaves_nothing_behind() {
    let world = World::script(vec![rows(vec![vec![step(json!({"n": 1})), gate("held"), step(json!({"n": 2}))]], close())]).await;
    let mut client = world.connect().await;
    say(&mut client, json!(1)).await;
    hear(&mut client).await;
    assert_eq!(world.case.held_gates(), ["held"]);
    drop(client);
    tokio::time::timeout(Duration::from_secs(5), async {
        while !world.case.held_gates().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    world.case.finish(true);
    assert_eq!(world.problems(), []);
}

#[tokio::test]
async fn a_gate_that_nobody_releases_ends_with_the_case() {
    for model in [false, true] {
        let world = match model {
            false => World::script(vec![rows(vec![vec![step(json!({"n": 1})), gate("held")]], close())]).await,
            true => World::model(vec![PartKind::Gate("held".into()), text("x")]).await,
        };
        let mut client = world.connect().await;
        say(&mut client, json!({"type": "response.create"})).await;
        while world.case.held_gates().is_empty() {
            tokio::task::yield_now().await;
        }
        world.case.finish(true);
        let end = tokio::time::timeout(Duration::from_secs(5), async { while let Some(Ok(_)) = client.next().await {} });
        end.await.unwrap();
        assert!(world.records(|what| if let What::Note { message } = what { Some(message.clone()) } else { None })[0].contains("`held`"));
    }
}

#[tokio::test]
async fn a_thousand_connections_are_open_at_once() {
    let many = 1000;
    let world = World::script((0..many).map(|n| rows(vec![vec![step(json!({"n": n}))]], Then::Hold)).collect()).await;
    let mut clients = Vec::new();
    for n in 0..many {
        let mut client = world.connect().await;
        say(&mut client, json!({"of": n})).await;
        clients.push(client);
    }
    for (n, client) in clients.iter_mut().enumerate() {
        assert_eq!(hear(client).await, json!({"n": n}));
    }
    world.case.finish(true);
    assert_eq!((world.frames().len(), world.problems()), (many, vec![]));
}

#[tokio::test]
async fn two_cases_with_one_name_are_two_worlds() {
    let server = FakeServer::start().await.unwrap();
    let kind = |n: usize| FakeKind::Websocket(WebsocketFake { connections: vec![rows(vec![vec![step(json!({"of": n}))]], Then::Hold)] });
    let recorders = [Recorder::new(), Recorder::new()];
    let _cases = [open(&server, "a", kind(1), &recorders[0]), open(&server, "b", kind(2), &recorders[1])];
    let (mut a, mut b) = (connect(&server, "a").await, connect(&server, "b").await);
    say(&mut b, json!("b")).await;
    say(&mut a, json!("a")).await;
    assert_eq!((hear(&mut a).await, hear(&mut b).await), (json!({"of": 1}), json!({"of": 2})));
}

#[tokio::test]
async fn each_way_to_break_off_is_seen_by_the_client() {
    for (how, reset) in [(Abort::Reset, true), (Abort::Fin, false), (Abort::Half, false)] {
        let world = World::model(vec![text("Hello"), PartKind::Abort(how), text("never")]).await;
        let mut client = world.connect().await;
        say(&mut client, json!({"type": "response.create"})).await;
        let end = loop {
            match client.next().await {
                Some(Ok(_)) => {}
                end => break end,
            }
        };
        let Some(Err(error)) = end else { panic!("{how:?}: it ended well") };
        let was_reset = matches!(&error, Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionReset);
        assert_eq!(was_reset, reset, "{how:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_session_goes_on_while_a_response_is_held() {
    let world = World::model(vec![PartKind::Gate("held".into()), text("Done")]).await;
    let mut client = world.connect().await;
    hear_to(&mut client, "session.created").await;
    say(&mut client, json!({"type": "response.create"})).await;
    hear_to(&mut client, "response.created").await;
    say(&mut client, json!({"type": "conversation.item.retrieve", "item_id": "no"})).await;
    hear_to(&mut client, "error").await;
    world.case.release("held").unwrap();
    assert_eq!(hear_to(&mut client, "response.done").await["response"]["status"], "completed");
    say(&mut client, json!({"type": "response.create"})).await;
    let refused = hear_to(&mut client, "error").await;
    assert_eq!(refused["error"]["code"], "unmatched_request");
    assert!(world.problem().1.contains("`side` was asked 2 times, but its script has 1 reply"));
}
