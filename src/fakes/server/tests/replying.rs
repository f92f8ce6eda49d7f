//! What is replied: every kind of reply, on both wires, and where it waits.

use super::*;
use crate::model::wire::{Delta, Write};

#[tokio::test]
async fn a_document_and_a_stream_say_the_same_on_both_wires() {
    let world = World::script((0..4).map(|_| reply([text("Hello world")]))).await;
    let (_, document) = world.post("/v1/responses", json!({"input": "x"})).await;
    assert_eq!(document["output"][0]["content"][0]["text"], "Hello world");
    let (_, document) = world.post("/v1/chat/completions", json!({"messages": []})).await;
    assert_eq!(document["choices"][0]["message"]["content"], "Hello world");
    for path in [RESPONSES, CHAT] {
        let (stream, end) = world.raw(&post(path, STREAM)).await;
        assert!(
            end.is_none() && stream.contains("content-type: text/event-stream; charset=utf-8\r\n") && stream.ends_with("0\r\n\r\n"),
            "{stream}"
        );
        assert!(stream.contains(r#""delta":"Hello""#) || stream.contains(r#""content":"Hello""#), "{stream}");
    }
}

#[tokio::test]
async fn everything_ready_leaves_in_one_chunk() {
    let world = World::script([reply([text("a b c d e f g")])]).await;
    let (stream, _) = world.raw(&post(RESPONSES, STREAM)).await;
    let body = stream.split_once("\r\n\r\n").unwrap().1;
    let (size, rest) = body.split_once("\r\n").unwrap();
    assert_eq!(rest.len(), usize::from_str_radix(size, 16).unwrap() + "\r\n0\r\n\r\n".len());
}

#[tokio::test]
async fn each_event_is_a_chunk_where_that_is_asked() {
    let wire = Wire { write: Write::Event, delta: Delta::Char, ..Wire::default() };
    let world = World::with(ModelReplies::Script(vec![reply([text("abc")])]), wire, Limits::default()).await;
    let (stream, _) = world.raw(&post(RESPONSES, STREAM)).await;
    let chunks = stream.split("\r\nevent: ").count() - 1;
    assert_eq!(chunks, 11, "{stream}");
}

#[tokio::test]
async fn a_gap_paces_and_loses_nothing() {
    let wire = Wire { gap: Duration::from_millis(1), ..Wire::default() };
    let world = World::with(ModelReplies::Script(vec![reply([text("a b c")])]), wire, Limits::default()).await;
    let (stream, end) = world.raw(&post(CHAT, STREAM)).await;
    assert!(end.is_none() && stream.contains("[DONE]") && stream.matches("data: ").count() == 6, "{stream}");
}

#[tokio::test]
async fn a_status_comes_with_its_headers_and_body() {
    let headers = vec![("X-Custom".to_owned(), "a\r\nb".to_owned()), ("content-length".to_owned(), "3".to_owned())];
    let full = PartKind::Http {
        status: 529,
        headers,
        retry_after: Some(Duration::from_millis(20)),
        body: Some(node(json!({"error": {"code": "overloaded"}}))),
    };
    let plain = PartKind::Http { status: 503, headers: vec![], retry_after: Some(Duration::from_secs(2)), body: Some(node(json!("busy"))) };
    let world = World::script([reply([full]), reply([plain]), reply([http(429)])]).await;
    let client = crate::base::client::new();
    let ask = || client.post(world.url("/v1/responses")).body(STREAM).send();
    let first = ask().await.unwrap();
    let header = |reply: &reqwest::Response, name: &str| reply.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!((first.status().as_u16(), header(&first, "x-custom").as_deref()), (529, Some("a  b")));
    assert_eq!((header(&first, "retry-after").as_deref(), header(&first, "retry-after-ms").as_deref()), (Some("0"), Some("20")));
    assert_eq!(first.json::<Value>().await.unwrap(), json!({"error": {"code": "overloaded"}}));
    let second = ask().await.unwrap();
    assert_eq!((second.status().as_u16(), header(&second, "retry-after").as_deref()), (503, Some("2")));
    assert_eq!(
        (header(&second, "content-type").as_deref(), second.text().await.unwrap().as_str()),
        (Some("text/plain; charset=utf-8"), "busy")
    );
    let third: Value = ask().await.unwrap().json().await.unwrap();
    assert_eq!((&third["error"]["code"], &third["error"]["param"]), (&json!("rate_limit_exceeded"), &Value::Null));
    assert_eq!(world.problems(), []);
}

#[tokio::test]
async fn a_template_is_filled_from_the_values_of_the_start() {
    let template = crate::model::template::Template::parse("Hello {{name}}").unwrap().unwrap();
    let hello = Node::new(Span::NONE, crate::model::tree::Content::Template(Arc::new(template)));
    let world = World::script([reply([PartKind::Text(hello)])]).await;
    let (_, document) = world.post("/v1/chat/completions", json!({})).await;
    assert_eq!(document["choices"][0]["message"]["content"], "Hello Ana");
}

#[tokio::test]
async fn a_reply_waits_at_its_gate_after_what_stands_before_it() {
    let world = World::script([reply([text("before"), gate("g"), text("after")])]).await;
    let mut stream = world.connect().await;
    stream.write_all(&post(CHAT, STREAM)).await.unwrap();
    let before = read_to(&mut stream, "before").await;
    assert!(!before.contains("after"));
    world.case.release("g").unwrap();
    let (after, end) = drain(&mut stream).await;
    assert!(after.contains("after") && after.ends_with("0\r\n\r\n") && end.is_none(), "{after}");
}

#[tokio::test]
async fn a_document_says_nothing_before_its_gate() {
    let world = World::script([reply([text("before"), gate("g")])]).await;
    let mut stream = world.connect().await;
    stream.write_all(&post(CHAT, PLAIN)).await.unwrap();
    world.recorder.wait(|records| records.iter().any(|record| matches!(record.what, What::Reply { .. })).then_some(())).await;
    let mut byte = [0];
    assert!(stream.try_read(&mut byte).is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock));
    world.case.release("g").unwrap();
    assert!(drain(&mut stream).await.0.contains("before"));
}

#[tokio::test]
async fn an_unknown_gate_is_an_error_that_names_the_others() {
    let world = World::script([reply([gate("first"), gate("second")])]).await;
    let error = world.case.release("frist").unwrap_err();
    assert!(error.contains("`first`, `second`") && error.contains("did you mean `first`?"), "{error}");
}

#[tokio::test]
async fn a_thousand_streams_wait_at_once() {
    let world = World::of(ModelReplies::Rules(vec![crate::model::fake::ModelRule {
        span: Span::NONE,
        when: None,
        replies: vec![reply([text("a"), gate("g"), text("b")])],
        then_next: false,
    }]))
    .await;
    let mut streams = Vec::new();
    for _ in 0..1000 {
        let mut stream = world.connect().await;
        stream.write_all(&post(CHAT, STREAM)).await.unwrap();
        streams.push(stream);
    }
    for stream in &mut streams {
        read_to(stream, r#""content":"a""#).await;
    }
    (0..1000).for_each(|_| world.case.release("g").unwrap());
    for stream in &mut streams {
        assert!(drain(stream).await.0.contains("[DONE]"));
    }
    assert_eq!(world.requests().len(), 1000);
}
