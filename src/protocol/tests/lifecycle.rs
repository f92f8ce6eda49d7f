//! Connections cut, taken up again, and ended by either side.

use super::build::{event_of, shown};
use super::peer::{Door, Peer};
use super::turns::{gateway, talk};
use crate::model::trace::{Blame, Cause};
use crate::protocol::{ConnectOptions, TurnRequest};
use crate::transports::Outgoing;
use serde_json::json;
use std::time::Duration;

/// Answers `hold` by nothing and everything else by an end.
async fn holding(mut door: Door) {
    while let Some(frame) = door.next().await {
        if frame["content"] != "hold" {
            door.say(json!({"type": "turn_complete"})).await;
        }
    }
}

fn written() -> ConnectOptions {
    ConnectOptions { written: true, ..ConnectOptions::default() }
}

#[tokio::test]
async fn a_cut_connection_is_not_used_until_it_is_opened_again() {
    let peer = Peer::start(holding).await;
    let (talk, recorder) = talk(gateway(), &peer);
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn ends");
    talk.disconnect("main").await.expect("cut");
    let error = talk.user(TurnRequest::new("main", "x")).await.expect_err("it is cut");
    assert!(error.cause == Cause::Broken(Blame::Suite) && error.message.contains("a `connect` step opens it again"), "{error:?}");
    assert_eq!(talk.connect(None, written()).await, Ok(json!({})));
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn ends");
    assert_eq!(peer.handshakes.lock().expect("unpoisoned").len(), 2);
    assert!(!shown(&recorder, "main").iter().any(|event| event.starts_with("closed")), "the suite's own cut is no event");
}

#[tokio::test]
async fn a_cut_aborts_the_turn_that_cannot_be_found_again() {
    let peer = Peer::start(holding).await;
    let (talk, recorder) = talk(gateway(), &peer);
    talk.user(TurnRequest { wait: false, ..TurnRequest::new("main", "hold") }).await.expect("begun");
    talk.disconnect("main").await.expect("cut");
    assert_eq!(shown(&recorder, "main"), [r#"turn.finished {"status":"aborted"}"#]);
}

#[tokio::test]
async fn a_cut_without_a_connection_is_the_suites_fault() {
    let peer = Peer::start(holding).await;
    let (talk, _) = talk(gateway(), &peer);
    let error = talk.disconnect("main").await.expect_err("nothing is open");
    assert_eq!(error.cause, Cause::Broken(Blame::Suite));
}

#[tokio::test]
async fn the_implicit_connect_opens_nothing_where_sessions_have_their_own() {
    let peer = Peer::start(holding).await;
    let (talk, _) = talk(gateway(), &peer);
    assert_eq!(talk.connect(None, ConnectOptions::default()).await, Ok(json!({})));
    assert_eq!(peer.handshakes.lock().expect("unpoisoned").len(), 0);
    talk.connect(None, written()).await.expect("connected");
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn ends");
    assert_eq!(peer.handshakes.lock().expect("unpoisoned").len(), 1);
}

#[tokio::test]
async fn headers_of_a_step_replace_and_leave_out() {
    let peer = Peer::start(holding).await;
    let (talk, _) = talk(gateway(), &peer);
    let headers = [("Authorization".to_owned(), json!(null)), ("x-trace".to_owned(), json!(7))].into();
    talk.connect(None, ConnectOptions { headers, ..written() }).await.expect("connected");
    let seen = peer.handshakes.lock().expect("unpoisoned")[0].1.clone();
    assert!(!seen.iter().any(|(name, _)| name == "authorization"), "{seen:?}");
    assert!(seen.contains(&("x-trace".to_owned(), "7".to_owned())), "{seen:?}");
}

#[tokio::test]
async fn raw_frames_go_out_as_they_are() {
    let peer = Peer::start(|mut door: Door| async move {
        use futures_util::StreamExt as _;
        for _ in 0..3 {
            let message = door.socket.next().await.expect("a frame").expect("a frame");
            let kind = if message.is_binary() { "binary" } else { "text" };
            door.say(json!({"type": "assistant_message", "payload": format!("{kind} {}", message.len())})).await;
        }
        door.close(1008, "invalid request frame").await;
    })
    .await;
    let (talk, recorder) = talk(gateway(), &peer);
    for frame in [Outgoing::Text("not json".into()), Outgoing::Bytes(vec![1, 2, 3]), Outgoing::Json(json!({"a": 1}))] {
        talk.send("main", frame).await.expect("sent");
    }
    event_of(&recorder, "closed", 1).await;
    let expected = [
        r#"text {"text":"text 8"}"#,
        r#"text {"text":"binary 3"}"#,
        r#"text {"text":"text 7"}"#,
        r#"closed {"code":1008,"reason":"invalid request frame"}"#,
    ];
    assert_eq!(shown(&recorder, "main"), expected);
    let error = talk.send("main", Outgoing::Text("late".into())).await.expect_err("closed");
    assert!(error.cause == Cause::Agent && error.message.contains("code 1008: invalid request frame"), "{error:?}");
}

#[tokio::test]
async fn a_frame_that_the_peer_refuses_in_the_middle_is_no_error_of_the_step() {
    let peer = Peer::start(|door: Door| async move { drop(door) }).await;
    let (talk, recorder) = talk(gateway(), &peer);
    let sent = talk.send("main", Outgoing::Text("x".repeat(20_000_000))).await;
    event_of(&recorder, "closed", 1).await;
    assert!(sent.is_ok() || sent.as_ref().is_err_and(|error| error.cause == Cause::Agent), "{sent:?}");
}

#[tokio::test]
async fn a_peer_that_takes_nothing_is_late() {
    let peer = Peer::start(|door: Door| async move {
        std::future::pending::<()>().await;
        drop(door);
    })
    .await;
    let (talk, _) = talk(gateway(), &peer);
    let request = TurnRequest { within: Duration::from_millis(300), ..TurnRequest::new("main", "x".repeat(30_000_000)) };
    let error = talk.user(request).await.expect_err("it is not taken");
    assert!(error.message.contains("within") && error.cause == Cause::Agent, "{error:?}");
    talk.close().await;
}

#[tokio::test]
async fn after_a_restart_the_next_connection_leads_to_the_new_place() {
    let (old, new) = (Peer::start(holding).await, Peer::start(holding).await);
    let (talk, _) = talk(gateway(), &old);
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn ends");
    talk.restarted(Some(new.url.clone())).await;
    assert_eq!(talk.user(TurnRequest::new("main", "x")).await, Ok(json!({"turn": 1})));
    assert_eq!(new.handshakes.lock().expect("unpoisoned").len(), 1);
}

#[tokio::test]
async fn closing_tells_the_peer() {
    let (tell, told) = tokio::sync::oneshot::channel();
    let tell = std::sync::Mutex::new(Some(tell));
    let peer = Peer::start(move |mut door: Door| {
        let tell = tell.lock().expect("unpoisoned").take();
        async move {
            door.next().await;
            door.say(json!({"type": "turn_complete"})).await;
            use futures_util::StreamExt as _;
            let last = door.socket.next().await;
            if let Some(tell) = tell {
                let _ = tell.send(matches!(last, Some(Ok(message)) if message.is_close()));
            }
        }
    })
    .await;
    let (talk, _) = talk(gateway(), &peer);
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn ends");
    talk.close().await;
    assert_eq!(told.await, Ok(true));
}
