//! How requests are read: framing, limits, keep-alive, and what is said to those that are none.

use super::*;

fn answers(replies: usize) -> impl Iterator<Item = Reply> {
    (0..replies).map(|at| reply([text(&format!("answer{at}"))]))
}

/// The status of each answer in a raw stream of them.
fn statuses(text: &str) -> Vec<&str> {
    text.match_indices("HTTP/1.1 ").map(|(at, _)| &text[at + 9..at + 12]).collect()
}

#[tokio::test]
async fn a_request_is_recorded_as_it_came() {
    let world = World::script(answers(1)).await;
    let client = crate::base::client::new();
    let request = client.post(world.url("/v1/responses?a=1%202&b")).bearer_auth("sk-test").header("X-Two", "1").header("x-two", "2");
    request.body(r#"{"model": "m",  "input": "hi"}"#).send().await.unwrap();
    let seen = &world.requests()[0];
    assert_eq!((seen.fake.as_str(), seen.method.as_str(), seen.path.as_str()), ("llm", "POST", "/v1/responses"));
    assert_eq!(seen.query, [("a", "1 2"), ("b", "")].map(|(k, v)| (k.to_owned(), v.to_owned())).into());
    assert_eq!((&*seen.headers["authorization"], &*seen.headers["x-two"]), ("Bearer sk-test", "1, 2"));
    assert_eq!((&seen.body, seen.raw.as_str().unwrap()), (&json!({"model": "m", "input": "hi"}), r#"{"model": "m",  "input": "hi"}"#));
    let replies = world
        .records(|what| if let What::Reply { request, status, rule, .. } = what { Some((*request, *status, rule.clone())) } else { None });
    assert_eq!(replies, [(0, 200, "script[0]".to_owned())]);
}

#[tokio::test]
async fn a_request_may_arrive_byte_by_byte() {
    let world = World::script(answers(1)).await;
    let mut stream = world.connect().await;
    stream.set_nodelay(true).unwrap();
    for byte in post(CHAT, PLAIN) {
        stream.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let (answer, end) = drain(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("answer0") && end.is_none(), "{answer}");
    assert_eq!(world.requests()[0].raw, PLAIN);
}

#[tokio::test]
async fn a_chunked_request_is_read_whole() {
    let world = World::script(answers(1)).await;
    let (first, second) = PLAIN.split_at(10);
    let head = format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n");
    let body = format!("{:x}\r\n{first}\r\n{:X};ext=1\r\n{second}\r\n0\r\ntrailer: x\r\n\r\n", first.len(), second.len());
    let (answer, _) = world.raw(format!("{head}{body}").as_bytes()).await;
    assert!(answer.contains("answer0"), "{answer}");
    assert_eq!(world.requests()[0].raw, PLAIN);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let world = World::script(answers(3)).await;
    let open = |body: &str| format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}\r\n", body.len());
    let all = [open(PLAIN).into_bytes(), open(PLAIN).into_bytes(), post(CHAT, PLAIN)].concat();
    let (text, end) = world.raw(&all).await;
    assert_eq!((statuses(&text), end), (vec!["200", "200", "200"], None));
    let places: Vec<_> = (0..3).map(|at| text.find(&format!("answer{at}")).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[tokio::test]
async fn one_connection_serves_many_streams_and_documents() {
    let world = World::script(answers(4)).await;
    let mut stream = world.connect().await;
    for at in 0..4 {
        let body = if at % 2 == 0 { STREAM } else { PLAIN };
        let request = format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).await.unwrap();
        read_to(&mut stream, if at % 2 == 0 { "[DONE]\n\n\r\n0\r\n\r\n" } else { "fp_scripted\"}" }).await;
    }
    assert_eq!(world.requests().len(), 4);
}

#[tokio::test]
async fn an_old_client_gets_no_chunks() {
    let world = World::script(answers(1)).await;
    let request = format!("POST {CHAT} HTTP/1.0\r\ncontent-length: {}\r\n\r\n{STREAM}", STREAM.len());
    let (text, end) = world.raw(request.as_bytes()).await;
    assert!(end.is_none() && !text.contains("transfer-encoding") && text.ends_with("data: [DONE]\n\n"), "{text}");
}

#[tokio::test]
async fn a_client_that_asks_to_go_on_is_told_to() {
    let world = World::script(answers(1)).await;
    let mut stream = world.connect().await;
    let head = format!("POST {CHAT} HTTP/1.1\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", PLAIN.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(read_to(&mut stream, "\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(PLAIN.as_bytes()).await.unwrap();
    assert!(drain(&mut stream).await.0.contains("answer0"));
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_the_refusal_arrives() {
    let world = World::with(ModelReplies::Script(vec![]), Wire::default(), Limits { body: 1000, ..Limits::default() }).await;
    let (text, end) = world.raw(&post(CHAT, &"x".repeat(3_000_000))).await;
    assert!(text.starts_with("HTTP/1.1 413 ") && text.contains("larger than 1000 bytes") && end.is_none(), "{text} {end:?}");
    let chunked = format!("POST {CHAT} HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nfffffff\r\n");
    assert!(world.raw(chunked.as_bytes()).await.0.starts_with("HTTP/1.1 413 "));
    let many = format!("POST {CHAT} HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(70_000));
    assert!(world.raw(many.as_bytes()).await.0.starts_with("HTTP/1.1 431 "));
    let problems = world.problems();
    assert!(problems.len() == 2 && problems[0].message.contains("larger than 1000 bytes") && problems[0].blame.is_none(), "{problems:?}");
}

#[tokio::test]
async fn what_is_not_http_gets_a_400_in_json() {
    let world = World::script([]).await;
    for bytes in [&b"\x16\x03\x01\x02\x00\x01\n\n"[..], b"hello\r\n\r\n", b"POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n", b"GET /\r\n\r\n"]
    {
        let (text, end) = world.raw(bytes).await;
        let body: Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert!(text.starts_with("HTTP/1.1 400 ") && end.is_none(), "{text}");
        assert_eq!(body["error"]["code"], "ill_formed_request", "{bytes:?}");
    }
}

#[tokio::test]
async fn who_is_too_slow_is_let_go() {
    let limits = Limits {
        head_time: Duration::from_millis(30),
        body_pause: Duration::from_millis(30),
        idle: Duration::from_millis(60),
        ..Limits::default()
    };
    let world = World::with(ModelReplies::Script(vec![]), Wire::default(), limits).await;
    assert!(world.raw(b"POST / HT").await.0.starts_with("HTTP/1.1 408 "));
    let (text, _) = world.raw(format!("POST {CHAT} HTTP/1.1\r\ncontent-length: 9\r\n\r\nabc").as_bytes()).await;
    assert!(text.starts_with("HTTP/1.1 408 ") && text.contains("body"), "{text}");
    assert_eq!(world.raw(b"").await, (String::new(), None));
}

#[tokio::test]
async fn a_wrong_address_is_told_what_is_wrong() {
    let world = World::script([]).await;
    for (path, status, code, message) in [
        ("/", 404, "unknown_case", "/<case>/<fake>/"),
        ("/gone/llm/v1/responses", 404, "unknown_case", "no case `gone`"),
        ("/c/lml/v1/responses", 404, "unknown_fake", "it has `llm`"),
        ("/c/llm/v1/embeddings", 404, "unmatched_request", "POST /v1/responses"),
        ("/c/llm", 404, "unmatched_request", "got POST /"),
    ] {
        let (text, _) = world.raw(&post(path, "{}")).await;
        let body: Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{text}");
        assert_eq!(body["error"]["code"], code, "{path}");
        assert!(body["error"]["message"].as_str().unwrap().contains(message), "{body}");
    }
    let codes: Vec<_> = world.problems().into_iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["unmatched-request"; 3]);
    assert!(world.problems()[0].details.iter().any(|line| line.contains("did you mean `llm`?")));
}

#[tokio::test]
async fn another_method_fails_the_case_but_looking_does_not() {
    let world = World::script([]).await;
    for method in ["GET", "PUT", "DELETE"] {
        let (text, _) = world.raw(format!("{method} {CHAT} HTTP/1.1\r\nconnection: close\r\n\r\n").as_bytes()).await;
        assert!(text.starts_with("HTTP/1.1 405 ") && text.contains("\r\nallow: POST\r\n"), "{text}");
    }
    assert_eq!(world.problems().len(), 3);
    let (text, _) = world.raw(format!("HEAD {CHAT} HTTP/1.1\r\nconnection: close\r\n\r\n").as_bytes()).await;
    assert!(text.starts_with("HTTP/1.1 405 ") && text.ends_with("\r\n\r\n"), "{text}");
    let (text, _) = world.raw(b"OPTIONS /c/llm/ HTTP/1.1\r\nconnection: close\r\n\r\n").await;
    assert!(text.starts_with("HTTP/1.1 404 ") && text.contains("got OPTIONS /"), "{text}");
    assert_eq!((world.problems().len(), world.notes().len(), world.requests().len()), (3, 2, 5));
}

#[tokio::test]
async fn the_list_of_models_is_no_turn_of_the_script() {
    let world = World::script(answers(1)).await;
    let list: Value = crate::base::client::new().get(world.url("/v1/models")).send().await.unwrap().json().await.unwrap();
    assert_eq!((&list["object"], &list["data"][0]["object"]), (&json!("list"), &json!("model")));
    assert!(world.post("/v1/responses", json!({"input": "x"})).await.1.to_string().contains("answer0"));
    assert_eq!((world.requests().len(), world.problems()), (2, vec![]));
}

#[tokio::test]
async fn a_body_that_is_no_object_is_refused_and_the_script_waits() {
    let world = World::script(answers(1)).await;
    for body in ["{\"half\":", "", "[1]", "\u{1}"] {
        let (text, _) = world.raw(&post(RESPONSES, body)).await;
        assert!(text.starts_with("HTTP/1.1 400 ") && text.contains("x-should-retry: false"), "{text}");
    }
    let codes: Vec<_> = world.problems().into_iter().map(|problem| (problem.code, problem.blame)).collect();
    assert_eq!(codes, vec![("ill-formed-request".to_owned(), None); 4]);
    assert!(world.problems()[0].message.contains("EOF"), "{:?}", world.problems()[0]);
    assert_eq!(world.requests()[0].body, json!("{\"half\":"));
    assert_eq!(world.post("/responses", json!({})).await.0, 200);
}

#[tokio::test]
async fn a_body_of_many_megabytes_is_taken() {
    let world = World::script(answers(1)).await;
    let long = "x".repeat(8 * 1024 * 1024);
    assert_eq!(world.post("/v1/responses", json!({"input": long})).await.0, 200);
    assert_eq!(world.requests()[0].body["input"].as_str().unwrap().len(), long.len());
}
