//! Routes from outside: many clients at once, clients that go away, two cases with one fake's name.

use super::{read_to, text};
use crate::base::Span;
use crate::fakes::server::{CaseFakes, CaseHandle, FakeServer};
use crate::model::fake::{Fake, FakeKind, HttpFake, ModelFake, ModelReplies, Vendor};
use crate::model::http::{HttpAnswer, HttpContent, HttpRoute, Recall, Store, StreamPart};
use crate::model::pattern::{Form, JsonPath, Pattern};
use crate::model::trace::{Problem, What};
use crate::model::tree::Node;
use crate::model::wire::Wire;
use crate::recorder::Recorder;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

fn answer(content: HttpContent) -> HttpAnswer {
    HttpAnswer {
        span: Span::NONE,
        status: None,
        headers: vec![],
        content,
        delay: Duration::ZERO,
        gate: None,
        abort: None,
        store: None,
        recall: None,
    }
}

fn plain(value: Value) -> Pattern {
    Pattern { span: Span::NONE, form: Form::Plain(value) }
}

fn route(method: &str, path: &str, answers: Vec<HttpAnswer>) -> HttpRoute {
    let fields = vec![("method".into(), plain(json!(method))), ("path".into(), plain(json!(path)))];
    let when = Some(Pattern { span: Span::NONE, form: Form::Subset(fields) });
    let title = Some(format!("{method} {path}"));
    HttpRoute { span: Span::NONE, title, when, fail_first: None, sequence: answers.len() > 1, answers }
}

fn json_path(text: &str) -> JsonPath {
    crate::matching::testing::read_well("a", |reader, _| reader.json_path(text, Span::NONE)).expect("a path")
}

fn number(n: usize) -> HttpAnswer {
    answer(HttpContent::Json(Node::from_value(Span::NONE, &json!(n))))
}

fn open(server: &FakeServer, key: &str, kind: FakeKind) -> (CaseHandle, Recorder) {
    let recorder = Recorder::new();
    let fake = Arc::new(Fake { span: Span::NONE, unused_allowed: false, kind });
    let scope = Arc::new(indexmap::IndexMap::<String, Value>::new());
    let setup = CaseFakes { key: key.to_owned(), recorder: recorder.clone(), fakes: vec![("shop".to_owned(), fake)], scope };
    (server.open(setup), recorder)
}

fn http(routes: Vec<HttpRoute>) -> FakeKind {
    FakeKind::Http(HttpFake { routes })
}

fn problems(recorder: &Recorder) -> Vec<Problem> {
    let problem = |what: &What| if let What::Problem(problem) = what { Some(problem.clone()) } else { None };
    recorder.read(0, |records| records.iter().filter_map(|record| problem(&record.what)).collect())
}

/// A stream that says `one`, waits at a gate, and says `two`.
fn stream() -> HttpRoute {
    let event =
        |text: &str| StreamPart::Event { event: None, id: None, retry: None, data: Some(Node::from_value(Span::NONE, &json!(text))) };
    route("GET", "/events", vec![answer(HttpContent::Events(vec![event("one"), StreamPart::Gate("more".to_owned()), event("two")]))])
}

#[tokio::test]
async fn hundreds_of_streams_stay_open_and_each_release_lets_one_go_on() {
    const STREAMS: usize = 400;
    let server = FakeServer::start().await.unwrap();
    let (case, recorder) = open(&server, "c", http(vec![stream()]));
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
        stream.write_all(b"GET /c/shop/events HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        read_to(&mut stream, "data: one").await;
        streams.push(stream);
    }
    // Every other client goes away; those who stay wait no longer for it.
    let stay: Vec<_> = streams.into_iter().enumerate().filter(|(at, _)| at % 2 == 0).map(|(_, stream)| stream).collect();
    for _ in 0..STREAMS {
        case.release("more").unwrap();
    }
    for mut stream in stay {
        read_to(&mut stream, "data: two\n\n\r\n0\r\n").await;
    }
    case.finish(true);
    assert_eq!(problems(&recorder), []);
}

#[tokio::test]
async fn requests_at_once_get_each_answer_once() {
    const REQUESTS: usize = 100;
    let server = FakeServer::start().await.unwrap();
    let (case, recorder) = open(&server, "c", http(vec![route("POST", "/n", (0..REQUESTS).map(number).collect())]));
    let client = crate::base::client::new();
    let url = format!("{}/n", server.url("c", "shop"));
    let asked = (0..REQUESTS).map(|_| async { client.post(&url).send().await.unwrap().json::<usize>().await.unwrap() });
    let mut got = futures_util::future::join_all(asked).await;
    got.sort_unstable();
    assert_eq!(got, (0..REQUESTS).collect::<Vec<_>>());
    case.finish(true);
    assert_eq!(problems(&recorder), []);
}

#[tokio::test]
async fn two_cases_with_one_name_for_their_fakes_share_nothing() {
    let routes = || {
        let store = HttpAnswer { store: Some(Store { key: json_path("$.body.id"), value: None }), ..answer(HttpContent::Empty) };
        let recall = HttpAnswer {
            recall: Some(Recall { key: json_path("$.query.id"), default: None }),
            gate: Some("g".to_owned()),
            ..answer(HttpContent::Empty)
        };
        http(vec![route("PUT", "/k", vec![store]), route("GET", "/k", vec![recall])])
    };
    let server = FakeServer::start().await.unwrap();
    let ((one, first), (other, second)) = (open(&server, "one", routes()), open(&server, "other", routes()));
    let client = crate::base::client::new();
    let put = client.put(format!("{}/k", server.url("one", "shop"))).json(&json!({"id": "a"})).send().await.unwrap();
    assert_eq!((put.status().as_u16(), put.headers().get("content-type")), (200, None));
    one.release("g").unwrap();
    other.release("g").unwrap();
    let get = |case: &str| client.get(format!("{}/k?id=a", server.url(case, "shop"))).send();
    assert_eq!(get("one").await.unwrap().json::<Value>().await.unwrap(), json!({"id": "a"}));
    assert_eq!(get("other").await.unwrap().status(), 404);
    // A gate of one case lets nothing through in the other.
    one.release("g").unwrap();
    let held = tokio::time::timeout(Duration::from_millis(50), get("other")).await;
    assert!(held.is_err() && other.held_gates() == ["g"] && one.held_gates().is_empty());
    one.finish(true);
    other.finish(true);
    assert_eq!((problems(&first), problems(&second)), (vec![], vec![]));
}

#[tokio::test]
async fn bodies_that_are_no_json_are_kept_as_they_are() {
    let server = FakeServer::start().await.unwrap();
    let (_case, recorder) = open(&server, "c", http(vec![route("POST", "/x", vec![number(1)])]));
    let client = crate::base::client::new();
    let form = "--b\r\ncontent-disposition: form-data; name=\"sdp\"\r\n\r\nv=offer\r\n\r\n--b--\r\n";
    for (kind, body) in [
        ("application/json", &b"{\"half"[..]),
        ("application/x-www-form-urlencoded", b"a=1&b=2"),
        ("multipart/form-data; boundary=b", form.as_bytes()),
        ("x/y", b"\xff\x00"),
    ] {
        let sent = client.post(format!("{}/x", server.url("c", "shop"))).header("content-type", kind).body(body.to_vec()).send().await;
        assert_eq!(sent.unwrap().status(), 200, "{kind}");
    }
    let request = |what: &What| if let What::Request(request) = what { Some(request.clone()) } else { None };
    let seen: Vec<_> = recorder.read(0, |records| records.iter().filter_map(|record| request(&record.what)).collect());
    assert_eq!((&seen[0].body, &seen[0].raw), (&json!("{\"half"), &json!("{\"half")));
    assert_eq!(seen[1].body, json!("a=1&b=2"));
    assert_eq!((seen[2].part["sdp"].as_str(), &seen[2].raw), ("v=offer\r\n", &json!(form)));
    assert_eq!((&seen[3].body, &seen[3].raw), (&json!("\u{fffd}\u{0}"), &json!({"bytes": "/wA="})));
    assert_eq!(problems(&recorder), []);
}

#[tokio::test]
async fn routes_beside_a_model_come_first_and_leave_its_script_alone() {
    let server = FakeServer::start().await.unwrap();
    let model = ModelFake {
        used_up: Default::default(),
        faults: vec![],
        vendor: Vendor::Openai,
        replies: ModelReplies::Script(vec![super::reply([text("Hello")])]),
        wire: Wire::default(),
        routes: vec![route("GET", "/v1/models", vec![number(7)])],
    };
    let (case, recorder) = open(&server, "c", FakeKind::Model(model));
    let client = crate::base::client::new();
    let url = server.url("c", "shop");
    assert_eq!(client.get(format!("{url}/v1/models")).send().await.unwrap().json::<usize>().await.unwrap(), 7);
    let reply = client.post(format!("{url}/v1/responses")).json(&json!({"model": "m", "input": "hi"})).send().await.unwrap();
    assert_eq!(reply.json::<Value>().await.unwrap()["output"][0]["content"][0]["text"], "Hello");
    case.finish(true);
    assert_eq!(problems(&recorder), []);
    let replies = |what: &What| if let What::Reply { request, rule, .. } = what { Some((*request, rule.clone())) } else { None };
    let replies: Vec<_> = recorder.read(0, |records| records.iter().filter_map(|record| replies(&record.what)).collect());
    assert_eq!(replies, [(0, "http[0] (GET /v1/models)".to_owned()), (1, "script[0]".to_owned())]);
}
