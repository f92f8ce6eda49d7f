//! Turns over a WebSocket: their events, their end, and every way in which the end does not come.

use super::build::{events, frames, protocol, records, setup, shown};
use super::peer::{Door, Peer};
use crate::model::trace::{Blame, Cause, What};
use crate::protocol::{ConnectOptions, Conversation, Setup, TurnRequest};
use crate::recorder::Recorder;
use serde_json::{Value, json};
use std::time::Duration;

/// The gateway of the shipped protocol `moltbot-gateway`.
pub(super) fn gateway() -> Value {
    json!({
        "settings": {"token": {"default": "test-token", "secret": true}},
        "open": {"headers": {"authorization": "Bearer {{token}}"}, "per": "session"},
        "actions": {"user": [{"send": {"type": "message", "sessionKey": "{{session}}", "content": "{{text}}"}}]},
        "events": [
            {"when": {"type": "assistant_message"}, "text": "$.payload"},
            {"when": {"type": "tool_calls"}, "for_each": "$.payload[*]", "call.started": {"id": "$.id", "name": "$.name", "args": "$.input"}},
            {"when": {"type": "turn_complete"}, "turn.finished": "completed"},
            {"when": {"type": "error"}, "error": "$.payload", "turn.finished": "failed"},
        ],
    })
}

pub(super) fn talk(value: Value, peer: &Peer) -> (Conversation, Recorder) {
    let setup = Setup { url: Some(peer.url.clone()), ..setup(protocol(value)) };
    let recorder = setup.recorder.clone();
    (Conversation::new(setup), recorder)
}

async fn answer(mut door: Door) {
    while let Some(frame) = door.next().await {
        door.say(json!({"type": "tool_calls", "payload": [{"id": "1", "name": "exec", "input": {"command": "ls"}}, {"id": "2", "name": "exec", "input": "{\"x\": 1}"}]})).await;
        door.say(json!({"type": "assistant_message", "payload": format!("you said {}", frame["content"].as_str().unwrap_or_default())}))
            .await;
        door.say(json!({"type": "turn_complete"})).await;
    }
}

#[tokio::test]
async fn a_turn_ends_with_its_events_in_order() {
    let peer = Peer::start(answer).await;
    let (talk, recorder) = talk(gateway(), &peer);
    let value = talk.user(TurnRequest::new("main", "hi")).await.expect("the turn ends");
    assert_eq!(value, json!({"turn": 0}));
    assert_eq!(
        shown(&recorder, "main"),
        [
            r#"call.started {"id":"1","name":"exec","args":{"command":"ls"}}"#,
            r#"call.started {"id":"2","name":"exec","args":{"x":1}}"#,
            r#"text {"text":"you said hi"}"#,
            r#"turn.finished {"status":"completed"}"#,
        ]
    );
    let all = events(&recorder);
    assert_eq!(all[0].2.batch, all[1].2.batch);
    assert_ne!(all[1].2.batch, all[2].2.batch);
    assert!(all.iter().all(|(_, turn, _)| *turn == Some(0)));
    let sent = records(&recorder).into_iter().find_map(|record| match record.what {
        What::Sent { data, turn, .. } => Some((data, turn)),
        _ => None,
    });
    assert_eq!(sent, Some((json!({"type": "message", "sessionKey": "main-case-1", "content": "hi"}), Some(0))));
    talk.close().await;
}

#[tokio::test]
async fn frames_of_one_action_leave_in_order() {
    let peer = Peer::start(|mut door: Door| async move {
        let heard: Vec<_> = [door.next().await, door.next().await, door.next().await].into_iter().flatten().collect();
        door.say(json!({"type": "assistant_message", "payload": heard})).await;
        door.say(json!({"type": "turn_complete"})).await;
        while door.next().await.is_some() {}
    })
    .await;
    let mut file = gateway();
    file["actions"]["user"] = json!([{"send": {"n": 1}}, {"send": "{{nothing?}}"}, {"send": {"n": 2}}, {"send": {"n": 3}}]);
    let (talk, recorder) = talk(file, &peer);
    talk.user(TurnRequest::new("main", "hi")).await.expect("the turn ends");
    assert_eq!(shown(&recorder, "main")[0], r#"text {"text":"[{\"n\":1},{\"n\":2},{\"n\":3}]"}"#);
    talk.close().await;
}

#[tokio::test]
async fn what_stands_before_a_frame_that_cannot_be_made_leaves() {
    let (tell, heard) = tokio::sync::mpsc::unbounded_channel();
    let peer = Peer::start(move |mut door: Door| {
        let tell = tell.clone();
        async move {
            while let Some(frame) = door.next().await {
                tell.send(frame).expect("the test listens");
            }
        }
    })
    .await;
    let mut file = gateway();
    file["actions"]["user"] = json!([{"send": {"n": 1}}, {"send": {"n": "{{nobody}}"}}]);
    let (talk, _) = talk(file, &peer);
    let error = talk.user(TurnRequest::new("main", "hi")).await.expect_err("nobody is known");
    assert_eq!(error.cause, Cause::Broken(Blame::Suite));
    let mut heard = heard;
    let first = tokio::time::timeout(Duration::from_secs(20), heard.recv()).await.expect("it arrives");
    assert_eq!(first, Some(json!({"n": 1})));
    talk.close().await;
}

#[tokio::test]
async fn turns_are_numbered_over_all_sessions() {
    let peer = Peer::start(answer).await;
    let (talk, _) = talk(gateway(), &peer);
    for (session, turn) in [("main", 0), ("bob", 1), ("main", 2)] {
        assert_eq!(talk.user(TurnRequest::new(session, "x")).await, Ok(json!({"turn": turn})));
    }
}

#[tokio::test]
async fn secrets_and_headers_reach_the_peer_and_not_the_trace() {
    let peer = Peer::start(answer).await;
    let (talk, recorder) = talk(gateway(), &peer);
    talk.user(TurnRequest::new("main", "my token is test-token")).await.expect("the turn ends");
    let handshakes = peer.handshakes.lock().expect("unpoisoned").clone();
    assert!(handshakes[0].1.contains(&("authorization".to_owned(), "Bearer test-token".to_owned())), "{handshakes:?}");
    let trace = recorder.finish().to_jsonl();
    assert!(trace.contains("my token is «token»") && !trace.contains("test-token"), "{trace}");
}

#[tokio::test]
async fn path_query_and_subprotocols_are_opened_with() {
    let peer = Peer::start(answer).await;
    let mut value = gateway();
    value["open"]["path"] = json!("/v1/{{session}}");
    value["open"]["query"] = json!({"model": "a b&c", "left_out": "{{nothing?}}"});
    value["open"]["subprotocols"] = json!(["chat.v1"]);
    let (talk, _) = talk(value, &peer);
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn ends");
    let handshakes = peer.handshakes.lock().expect("unpoisoned").clone();
    assert_eq!(handshakes[0].0, "/v1/main-case-1?model=a%20b%26c");
}

#[tokio::test]
async fn frames_that_are_not_json_are_still_frames() {
    let peer = Peer::start(|mut door: Door| async move {
        door.next().await;
        door.text("not json").await;
        door.bytes(&[0, 159, 146, 150]).await;
        door.text("[1, 2]").await;
        door.say(json!({"type": "unheard of"})).await;
        door.say(json!({"type": "turn_complete"})).await;
        door.next().await;
    })
    .await;
    let (talk, recorder) = talk(gateway(), &peer);
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn ends");
    let expected = [
        json!({"text": "not json"}),
        json!({"bytes": "AJ+Slg=="}),
        json!([1, 2]),
        json!({"type": "unheard of"}),
        json!({"type": "turn_complete"}),
    ];
    assert_eq!(frames(&recorder), expected);
    assert_eq!(shown(&recorder, "main"), [r#"turn.finished {"status":"completed"}"#]);
}

#[tokio::test]
async fn a_turn_that_never_ends_says_what_arrived() {
    let peer = Peer::start(|mut door: Door| async move {
        door.next().await;
        door.say(json!({"type": "assistant_message", "payload": "half"})).await;
        door.next().await;
    })
    .await;
    let (talk, recorder) = talk(gateway(), &peer);
    let request = TurnRequest { within: Duration::from_millis(150), ..TurnRequest::new("main", "x") };
    let error = talk.user(request).await.expect_err("no end comes");
    assert_eq!(error.cause, Cause::Agent);
    assert!(error.message.starts_with("no end of the turn within 150ms"), "{}", error.message);
    assert!(error.details[0].contains("event text") && error.details[0].contains("half"), "{:?}", error.details);
    assert_eq!(shown(&recorder, "main").len(), 1);
}

#[tokio::test]
async fn an_agent_that_says_nothing_at_all_is_told_so() {
    let peer = Peer::start(|mut door: Door| async move { while door.next().await.is_some() {} }).await;
    let (talk, _) = talk(gateway(), &peer);
    let error = talk.user(TurnRequest { within: Duration::from_millis(50), ..TurnRequest::new("main", "x") }).await.expect_err("no end");
    assert!(error.message.ends_with("nothing arrived from the agent"), "{}", error.message);
}

#[tokio::test]
async fn a_close_in_the_middle_ends_the_turn_at_once() {
    let peer = Peer::start(|mut door: Door| async move {
        door.next().await;
        door.close(1011, "out of memory").await;
    })
    .await;
    let (talk, recorder) = talk(gateway(), &peer);
    assert_eq!(talk.user(TurnRequest::new("main", "x")).await, Ok(json!({"turn": 0})));
    assert_eq!(
        shown(&recorder, "main"),
        [
            r#"closed {"code":1011,"reason":"out of memory"}"#,
            r#"error {"source":"transport","code":1011,"message":"the connection was closed before the end of the turn (code 1011: out of memory)"}"#,
            r#"turn.finished {"status":"failed"}"#,
        ]
    );
    let again = talk.user(TurnRequest::new("main", "again")).await;
    assert_eq!(again, Ok(json!({"turn": 1})));
    assert!(shown(&recorder, "main").last().is_some_and(|last| last.contains("failed")));
}

#[tokio::test]
async fn an_end_in_the_middle_of_a_frame_is_told() {
    let peer = Peer::start(|mut door: Door| async move {
        door.next().await;
        // A text frame of 100 bytes, of which 5 come.
        door.raw(&[0x81, 100, b'{', b'"', b't', b'y', b'p']).await;
    })
    .await;
    let (talk, recorder) = talk(gateway(), &peer);
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn is ended");
    let events = shown(&recorder, "main");
    assert!(events[0].starts_with(r#"closed {"code":1006"#), "{events:?}");
    assert_eq!(events[2], r#"turn.finished {"status":"failed"}"#);
}

#[tokio::test]
async fn bytes_that_are_no_websocket_frame_are_told() {
    let peer = Peer::start(|mut door: Door| async move {
        door.next().await;
        door.raw("HTTP/1.1 500 oops\r\n\r\n".repeat(20).as_bytes()).await;
        door.next().await;
    })
    .await;
    let (talk, recorder) = talk(gateway(), &peer);
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn is ended");
    let events = shown(&recorder, "main");
    assert!(events[0].contains("broke the WebSocket protocol"), "{events:?}");
}

#[tokio::test]
async fn a_frame_after_the_end_is_of_the_latest_turn_and_a_second_end_is_recorded() {
    let peer = Peer::start(|mut door: Door| async move {
        door.next().await;
        door.say(json!({"type": "turn_complete"})).await;
        door.say(json!({"type": "assistant_message", "payload": "late"})).await;
        door.say(json!({"type": "turn_complete"})).await;
        door.next().await;
    })
    .await;
    let (talk, recorder) = talk(gateway(), &peer);
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn ends");
    super::build::event_of(&recorder, "turn.finished", 2).await;
    assert!(events(&recorder).iter().all(|(_, turn, _)| *turn == Some(0)));
}

#[tokio::test]
async fn nobody_listening_is_broken_and_not_the_agents_fault() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ws://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let talk = Conversation::new(Setup { url: Some(url), ..setup(protocol(gateway())) });
    let error = talk.user(TurnRequest::new("main", "x")).await.expect_err("nobody listens");
    assert_eq!(error.cause, Cause::Broken(Blame::AgentStart));
    assert!(error.message.contains("connection refused"), "{}", error.message);
}

#[tokio::test]
async fn a_refused_handshake_is_returned_with_status_and_body() {
    let peer = Peer::start(answer).await;
    let (talk, _) = talk(gateway(), &peer);
    let options = ConnectOptions { settings: [("token".to_owned(), json!("wrong"))].into(), written: true, ..ConnectOptions::default() };
    let value = talk.connect(None, options).await.expect("a refusal is no error of the step");
    assert_eq!((&value["error"]["status"], &value["error"]["body"]), (&json!(401), &json!({"error": "bad token"})), "{value}");
    assert!(value["error"]["message"].as_str().is_some_and(|text| text.contains("401")), "{value}");
}

#[tokio::test]
async fn a_listener_that_never_answers_the_handshake_is_late() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("ws://{}", listener.local_addr().expect("an address"));
    let talk = Conversation::new(Setup { url: Some(url), ..setup(protocol(gateway())) });
    let options = ConnectOptions { within: Duration::from_millis(50), written: true, ..ConnectOptions::default() };
    let value = talk.connect(None, options).await.expect("a value");
    assert_eq!(value["error"]["code"], "timeout", "{value}");
}

#[tokio::test]
async fn something_that_is_no_websocket_server_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.write_all(b"\x00\x01 hello there\r\n\r\n").await;
        }
    });
    for scheme in ["ws", "wss"] {
        let talk = Conversation::new(Setup { url: Some(format!("{scheme}://{address}")), ..setup(protocol(gateway())) });
        let value = talk.connect(None, ConnectOptions { written: true, ..ConnectOptions::default() }).await.expect("a value");
        assert_eq!(value["error"]["code"], "handshake", "{value}");
    }
}

#[tokio::test]
async fn a_url_that_is_none_is_refused() {
    for url in ["ftp://x", "nonsense", ""] {
        let talk = Conversation::new(Setup { url: Some(url.to_owned()), ..setup(protocol(gateway())) });
        let value = talk.connect(None, ConnectOptions { written: true, ..ConnectOptions::default() }).await.expect("a value");
        assert_eq!(value["error"]["code"], "request", "{value}");
    }
}
