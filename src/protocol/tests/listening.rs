//! The step `listen`: streams that are left, break, and are taken up again.

use super::build::{event_of, launched, shown};
use super::server::{Say, Server, json as answer, stream, talk, talk_with};
use crate::model::trace::{Blame, Cause, What};
use crate::protocol::TurnRequest;
use serde_json::{Value, json};
use std::time::Duration;

/// As `core2`.
fn listens() -> Value {
    json!({
        "transport": "sse",
        "actions": {"user": [
            {"http": {"method": "POST", "path": "/submit", "body": {"prompt": "{{text}}"}}, "expect": {"status": 202}, "save": {"run_id": "$.body.runId"}},
            {"listen": {"path": "/stream/{{turn.run_id}}", "until": {"event": "done"}}},
        ]},
        "belongs": {"turn": {"$.data.run": "{{turn.run_id}}"}},
        "events": [
            {"when": {"event": "delta"}, "text.delta": "$.data.text"},
            {"when": {"event": "done"}, "turn.finished": "completed"},
        ],
    })
}

fn submitted() -> Say {
    answer(202, r#"{"runId": "r1"}"#)
}

fn delta(id: u64, text: &str) -> String {
    format!("id: {id}\nevent: delta\ndata: {}\n\n", json!({"run": "r1", "text": text}))
}

const DONE: &str = "id: 9\nevent: done\ndata: {\"run\": \"r1\"}\n\n";

async fn run(script: Vec<Say>) -> (Vec<String>, Vec<String>) {
    let server = Server::start(script).await;
    let (talk, recorder) = talk(listens(), &server);
    talk.user(TurnRequest::new("main", "hi")).await.expect("the turn ends");
    (shown(&recorder, "main"), server.asked())
}

#[tokio::test]
async fn a_stream_is_left_when_until_matches() {
    let (lines, asked) = run(vec![submitted(), Say::Hold(stream(&(delta(1, "a") + DONE)))]).await;
    assert_eq!(lines, [r#"text.delta {"text":"a"}"#, r#"turn.finished {"status":"completed"}"#]);
    assert!(asked[1].starts_with("GET /stream/r1 ") && asked[1].contains("accept: text/event-stream"), "{}", asked[1]);
}

/// What is there when the case has ended, and how long its end took.
async fn closed(script: Vec<Say>) -> (Vec<String>, Duration) {
    let server = Server::start(script).await;
    let (talk, recorder) = talk(listens(), &server);
    talk.user(TurnRequest::new("main", "hi")).await.expect("the turn ends");
    let began = std::time::Instant::now();
    talk.close().await;
    (shown(&recorder, "main"), began.elapsed())
}

#[tokio::test]
async fn what_comes_after_the_end_is_still_of_the_turn() {
    let twice = stream(&(delta(1, "a") + DONE + DONE));
    for last in [Say::Hold(twice.clone()), Say::Close(twice)] {
        let (lines, _) = closed(vec![submitted(), last]).await;
        assert_eq!(lines[1..], [r#"turn.finished {"status":"completed"}"#; 2]);
    }
}

#[tokio::test]
async fn a_stream_that_is_kept_open_is_not_waited_for_long() {
    let (lines, waited) = closed(vec![submitted(), Say::Hold(stream(DONE))]).await;
    assert_eq!(lines, [r#"turn.finished {"status":"completed"}"#]);
    assert!(waited < Duration::from_secs(5), "{waited:?}");
}

#[tokio::test]
async fn a_stream_that_ends_is_taken_up_after_its_last_event() {
    let first = format!("retry: 1\n\n{}{}data: half", delta(1, "a"), delta(2, "b"));
    let (lines, asked) = run(vec![submitted(), Say::Close(stream(&first)), Say::Close(stream(&(delta(3, "c") + DONE)))]).await;
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(!asked[1].contains("last-event-id") && asked[2].contains("last-event-id: 2"), "{asked:?}");
}

#[tokio::test]
async fn a_stream_that_gives_nothing_new_is_given_up() {
    let mut script = vec![submitted(), Say::Close(stream(&format!("retry: 1\n\n{}", delta(1, "a"))))];
    script.extend((0..9).map(|_| Say::Close(stream(": nothing\n\n"))));
    let (lines, _) = run(script).await;
    assert!(lines[1].contains("taken up 5 times without a new event"), "{lines:?}");
    assert_eq!(lines[2], r#"turn.finished {"status":"failed"}"#);
}

#[tokio::test]
async fn a_stream_of_a_process_that_has_ended_is_not_taken_up_again() {
    let server = Server::start(vec![submitted(), Say::Close(stream(&format!("retry: 1\n\n{}", delta(1, "a"))))]).await;
    let (talk, recorder) = talk_with(listens(), &server, launched);
    let ended = recorder.clone();
    let process = async move {
        ended.wait(|records| records.iter().any(|record| matches!(record.what, What::Note { .. })).then_some(())).await;
        ended.push(What::Exit { code: Some(3), signal: None });
    };
    let turn = async { talk.user(TurnRequest { within: Duration::from_secs(20), ..TurnRequest::new("main", "hi") }).await };
    let (turn, ()) = tokio::join!(turn, process);
    turn.expect("it is over long before its time");
    let lines = shown(&recorder, "main");
    assert!(lines[1].contains("connection refused (nothing listens there); the process ended (exit 3)"), "{lines:?}");
    assert_eq!(lines[2], r#"turn.finished {"status":"failed"}"#);
    talk.user(TurnRequest::new("main", "and now?")).await.expect("an agent that was there and died is what failed");
    assert!(shown(&recorder, "main")[3].contains("the process ended (exit 3)"));
}

#[tokio::test]
async fn a_process_that_was_there_and_never_answered_has_failed() {
    let server = Server::start(vec![]).await;
    let (talk, recorder) = talk_with(listens(), &server, launched);
    recorder.push(What::Exit { code: None, signal: Some(9) });
    talk.user(TurnRequest::new("main", "hi")).await.expect("it is no fault of the start");
    assert!(shown(&recorder, "main")[0].contains("the process ended (signal 9)"));
    // What ended before it was started again is not its end.
    talk.restarted(Some(server.url.clone())).await;
    let error = talk.user(TurnRequest::new("main", "hi")).await.expect_err("nobody listens");
    assert_eq!(error.cause, Cause::Broken(Blame::AgentStart));
}

#[tokio::test]
async fn who_answered_a_step_and_then_takes_no_connection_has_failed() {
    let server = Server::start(vec![]).await;
    // The server closes its door.
    tokio::task::yield_now().await;
    let (talk, recorder) = talk(listens(), &server);
    talk.has_answered();
    talk.user(TurnRequest::new("main", "hi")).await.expect("it was there");
    assert!(shown(&recorder, "main")[0].contains("connection refused"));
}

#[tokio::test]
async fn a_stream_without_ids_has_ended_when_it_ends() {
    let (lines, asked) = run(vec![submitted(), Say::Close(stream("event: delta\ndata: {\"text\": \"a\"}\n\n"))]).await;
    assert!(lines[1].contains("the event stream of `GET /stream/r1` ended, and nothing ended the turn"), "{lines:?}");
    assert_eq!(asked.len(), 2);
}

#[tokio::test]
async fn status_204_says_that_nothing_more_comes() {
    let (lines, asked) = run(vec![submitted(), Say::Close(stream(&format!("retry: 1\n{}", delta(1, "a")))), answer(204, "")]).await;
    assert!(lines[1].contains("closed (status 204), and nothing ended the turn"), "{lines:?}");
    assert_eq!(asked.len(), 3);
}

#[tokio::test]
async fn what_is_no_stream_is_final() {
    let (lines, asked) = run(vec![submitted(), answer(200, "{}"), Say::Close(stream(DONE))]).await;
    assert!(lines[0].contains("gave no stream of events") && lines[0].contains("the content type application/json came"), "{lines:?}");
    assert_eq!(asked.len(), 2);
    let (lines, _) = run(vec![submitted(), answer(404, r#"{"error": "no such run"}"#)]).await;
    assert!(lines[0].contains("status 404 came"), "{lines:?}");
}

#[tokio::test]
async fn another_answer_than_expected_fails_the_turn() {
    let (lines, _) = run(vec![answer(200, r#"{"runId": "r1"}"#)]).await;
    assert!(lines[0].contains("`POST /submit` is not what the protocol expects: at `status`: expected 202, got 200"), "{lines:?}");
}

#[tokio::test]
async fn an_event_of_another_run_is_not_of_this_turn() {
    let other = "event: done\ndata: {\"run\": \"r0\"}\n\n";
    let value = {
        let mut value = listens();
        value["actions"]["user"][1]["listen"]["until"] = json!({"data": {"run": "r1"}, "event": "done"});
        value
    };
    let server = Server::start(vec![submitted(), Say::Hold(stream(&(other.to_owned() + DONE)))]).await;
    let (talk, recorder) = talk(value, &server);
    talk.user(TurnRequest::new("main", "hi")).await.expect("the turn ends");
    let turns: Vec<_> = super::build::events(&recorder).into_iter().map(|(_, turn, _)| turn).collect();
    assert_eq!(turns, [None, Some(0)]);
}

#[tokio::test]
async fn the_suite_cuts_a_stream_and_takes_it_up() {
    for (given, sent) in [(None, "last-event-id: 1"), (Some("0-7".to_owned()), "last-event-id: 0-7")] {
        let script = vec![submitted(), Say::Hold(stream(&delta(1, "a"))), Say::Close(stream(&(delta(2, "b") + DONE)))];
        let server = Server::start(script).await;
        let (talk, recorder) = talk(listens(), &server);
        let error = talk.reconnect("main", None, Duration::from_secs(5)).await.expect_err("nothing was cut");
        assert_eq!(error.cause, Cause::Broken(Blame::Suite));
        talk.user(TurnRequest { wait: false, ..TurnRequest::new("main", "hi") }).await.expect("it is begun");
        event_of(&recorder, "text.delta", 1).await;
        talk.disconnect("main").await.expect("the stream is cut");
        let head = talk.reconnect("main", given, Duration::from_secs(5)).await.expect("it is taken up");
        assert_eq!(head["status"], 200);
        event_of(&recorder, "turn.finished", 1).await;
        assert_eq!(shown(&recorder, "main").len(), 3);
        assert!(server.asked()[2].contains(sent), "{:?}", server.asked());
    }
}

#[tokio::test]
async fn a_stream_that_stays_cut_ends_its_turn_in_time() {
    let server = Server::start(vec![submitted(), Say::Hold(stream(&delta(1, "a")))]).await;
    let (talk, recorder) = talk(listens(), &server);
    let request = TurnRequest { wait: false, within: Duration::from_millis(200), ..TurnRequest::new("main", "hi") };
    talk.user(request).await.expect("it is begun");
    event_of(&recorder, "text.delta", 1).await;
    talk.disconnect("main").await.expect("the stream is cut");
    event_of(&recorder, "turn.finished", 1).await;
    assert!(shown(&recorder, "main")[1].contains("cut by the suite and not taken up again"), "{:?}", shown(&recorder, "main"));
}
