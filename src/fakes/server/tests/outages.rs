//! A fake that is stopped is like a dead server, and comes back as it was.

use super::*;
use std::io::ErrorKind;

async fn streaming() -> (World, TcpStream) {
    let world = World::script([reply([text("one"), gate("g"), text("two")]), reply([text("again")])]).await;
    let mut stream = world.connect().await;
    stream.write_all(&post(CHAT, STREAM)).await.unwrap();
    read_to(&mut stream, r#""content":"one""#).await;
    (world, stream)
}

#[tokio::test]
async fn a_stream_is_cut_and_does_not_end_well() {
    let (world, mut stream) = streaming().await;
    world.case.stop("llm").unwrap();
    let (said, _) = drain(&mut stream).await;
    assert!(!said.contains("two") && !said.contains("[DONE]") && !said.contains("\r\n0\r\n"), "{said}");
    while !world.case.held_gates().is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_request_meanwhile_is_reset_and_not_seen() {
    let (world, _stream) = streaming().await;
    world.case.stop("llm").unwrap();
    for _ in 0..2 {
        assert_eq!(world.raw(&post(CHAT, PLAIN)).await, (String::new(), Some(ErrorKind::ConnectionReset)));
    }
    assert_eq!(world.requests().len(), 1);
    assert_eq!(world.problems(), vec![]);
    world.case.finish(false);
    assert!(world.notes().iter().any(|note| note == "while `llm` was stopped, 2 requests to it were reset"), "{:?}", world.notes());
}

#[tokio::test]
async fn it_comes_back_with_its_counts() {
    let (world, _stream) = streaming().await;
    world.case.stop("llm").unwrap();
    world.case.start("llm").unwrap();
    let (said, end) = world.raw(&post(CHAT, PLAIN)).await;
    assert!(said.contains("again") && end.is_none(), "{said}");
    assert_eq!(world.requests().len(), 2);
}

#[tokio::test]
async fn a_connection_that_waits_for_its_next_request_is_cut_too() {
    let world = World::script([reply([text("one")])]).await;
    let mut stream = world.connect().await;
    stream
        .write_all(format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{PLAIN}", PLAIN.len()).as_bytes())
        .await
        .unwrap();
    read_to(&mut stream, "one").await;
    world.case.stop("llm").unwrap();
    world.case.start("llm").unwrap();
    // It ends; were it still open, this would wait for ever.
    let _ = drain(&mut stream).await;
}

#[tokio::test]
async fn another_case_does_not_notice() {
    let (world, _stream) = streaming().await;
    let recorder = Recorder::new();
    let other = open(&world.server, "d", ModelReplies::Script(vec![reply([text("mine")])]), Wire::default(), &recorder);
    world.case.stop("llm").unwrap();
    let (said, _) = world.raw(&post("/d/llm/v1/chat/completions", PLAIN)).await;
    assert!(said.contains("mine"), "{said}");
    other.finish(true);
}
