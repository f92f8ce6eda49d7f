//! What the gateway does with clients, good and bad.
//!
//! Owns: the claims about connections.
//! Must not know: how frames are read.

use super::client::*;
use super::scripted::*;
use crate::reference_agent::model::Wire;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

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
