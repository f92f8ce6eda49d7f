//! Connections that break: on the script's word, because the client vanishes, because the case ends.

use super::*;
use crate::model::fake::Abort;
use std::io::ErrorKind;

async fn aborted(how: Abort, path: &str, body: &str) -> (String, Option<ErrorKind>) {
    let world = World::script([reply([text("half an"), PartKind::Abort(how), text("never")])]).await;
    world.raw(&post(path, body)).await
}

#[tokio::test]
async fn a_reset_is_seen_as_one_after_what_was_said() {
    for path in [CHAT, RESPONSES] {
        let world = World::script([reply([text("half an"), gate("g"), PartKind::Abort(Abort::Reset)])]).await;
        let mut stream = world.connect().await;
        stream.write_all(&post(path, STREAM)).await.unwrap();
        read_to(&mut stream, "half").await;
        world.case.release("g").unwrap();
        assert_eq!(drain(&mut stream).await.1, Some(ErrorKind::ConnectionReset));
    }
    let (said, end) = aborted(Abort::Reset, CHAT, STREAM).await;
    assert!(said.contains("half") && !said.contains("never") && end == Some(ErrorKind::ConnectionReset), "{said} {end:?}");
    let (said, end) = aborted(Abort::Reset, CHAT, PLAIN).await;
    assert_eq!((said.as_str(), end), ("", Some(ErrorKind::ConnectionReset)));
}

#[tokio::test]
async fn fin_ends_between_chunks_without_the_last_one() {
    for path in [CHAT, RESPONSES] {
        let (said, end) = aborted(Abort::Fin, path, STREAM).await;
        assert!(end.is_none() && said.contains("half") && said.ends_with("\n\n\r\n") && !said.contains("never"), "{said}");
        assert!(!said.contains("\r\n0\r\n") && !said.contains("[DONE]") && !said.contains("response.completed"), "{said}");
    }
    assert_eq!(aborted(Abort::Fin, CHAT, PLAIN).await, (String::new(), None));
}

#[tokio::test]
async fn half_ends_inside_a_chunk() {
    for path in [CHAT, RESPONSES] {
        let (said, end) = aborted(Abort::Half, path, STREAM).await;
        let at = said.rfind("\r\n").unwrap();
        let size = said[..at].rsplit("\r\n").next().unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let rest = said.len() - at - 2;
        assert!(end.is_none() && rest == size / 2 && rest > 50, "{size} {rest} {said}");
    }
    let (said, end) = aborted(Abort::Half, CHAT, PLAIN).await;
    let (head, body) = said.split_once("\r\n\r\n").unwrap();
    let length: usize = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap().parse().unwrap();
    assert!(end.is_none() && body.len() == length / 2);
}

#[tokio::test]
async fn a_client_library_sees_each_break_as_an_error() {
    for how in [Abort::Reset, Abort::Fin, Abort::Half] {
        let world = World::script([reply([text("half an"), PartKind::Abort(how)])]).await;
        let sent = crate::base::client::new().post(world.url("/v1/responses")).body(STREAM).send().await;
        let read = match sent {
            Ok(reply) => reply.bytes().await.map(drop),
            Err(error) => Err(error),
        };
        assert!(read.is_err(), "{how:?}");
    }
}

#[tokio::test]
async fn a_client_that_vanishes_ends_its_reply() {
    let world = World::script([reply([text("a"), gate("g")])]).await;
    let mut stream = world.connect().await;
    stream.write_all(&post(CHAT, STREAM)).await.unwrap();
    read_to(&mut stream, r#""content":"a""#).await;
    while world.case.held_gates().is_empty() {
        tokio::task::yield_now().await;
    }
    drop(stream);
    while !world.case.held_gates().is_empty() {
        tokio::task::yield_now().await;
    }
    world.case.finish(true);
    assert_eq!(world.notes(), [""; 0]);
}

#[tokio::test]
async fn the_next_request_may_come_while_a_reply_waits() {
    let world = World::script([reply([gate("g"), text("one")]), reply([text("two")])]).await;
    let mut stream = world.connect().await;
    let open = format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{STREAM}", STREAM.len());
    stream.write_all(open.as_bytes()).await.unwrap();
    read_to(&mut stream, "assistant").await;
    stream.write_all(&post(CHAT, PLAIN)).await.unwrap();
    world.case.release("g").unwrap();
    let (said, end) = drain(&mut stream).await;
    assert!(end.is_none() && said.find("one").unwrap() < said.find("two").unwrap(), "{said}");
}

#[tokio::test]
async fn the_end_of_a_case_lets_go_and_tells() {
    let world = World::script([reply([text("a"), gate("late")])]).await;
    let mut stream = world.connect().await;
    stream.write_all(&post(CHAT, STREAM)).await.unwrap();
    while world.case.held_gates().is_empty() {
        tokio::task::yield_now().await;
    }
    world.case.finish(true);
    let (said, _) = drain(&mut stream).await;
    assert!(said.contains(r#""content":"a""#) && !said.contains("DONE"), "{said}");
    assert!(world.notes().len() == 1 && world.notes()[0].contains("gate `late`"), "{:?}", world.notes());
    assert!(world.raw(&post(CHAT, PLAIN)).await.0.contains("no case `c`"));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_let_go_with_its_case() {
    let wire = Wire { delta: crate::model::wire::Delta::Chars(1024 * 1024), ..Wire::default() };
    let script = ModelReplies::Script(vec![reply([text(&"x".repeat(3 * 1024 * 1024))])]);
    let world = World::with(script, wire, Limits::default()).await;
    let mut stream = world.connect().await;
    stream.write_all(&post(RESPONSES, STREAM)).await.unwrap();
    read_to(&mut stream, "200 OK").await;
    world.case.finish(false);
    let (_, end) = drain(&mut stream).await;
    assert!(matches!(end, None | Some(ErrorKind::ConnectionReset)));
}

#[tokio::test]
async fn the_server_ends_with_all_its_connections() {
    let world = World::script([reply([text("a"), gate("g")])]).await;
    let mut idle = world.connect().await;
    let mut waiting = world.connect().await;
    waiting.write_all(&post(CHAT, STREAM)).await.unwrap();
    read_to(&mut waiting, r#""content":"a""#).await;
    drop(world.server);
    drain(&mut idle).await;
    drain(&mut waiting).await;
}
