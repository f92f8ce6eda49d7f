//! What the loop does with what the model says.
//!
//! Owns: the claims about turns and sessions.
//! Must not know: how frames are read.

use super::client::*;
use super::scripted::*;
use crate::reference_agent::model::Wire;
use serde_json::json;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Notify;

#[tokio::test]
async fn a_text_is_passed_on_and_the_turn_ended() {
    for wire in BOTH {
        check_turn(wire, vec![Reply::Text("Hi")], &["assistant_message: Hi", COMPLETE]).await;
    }
}

#[tokio::test]
async fn a_tool_runs_and_its_output_reaches_the_model() {
    for wire in BOTH {
        let (frames, model) = one_turn(wire, vec![Reply::Calls(vec![exec("c1", "echo pay 10 EUR; exit 2")]), Reply::Text("ok")]).await;
        let call = r#"tool_calls: [{"id":"c1","name":"exec","input":{"command":"echo pay 10 EUR; exit 2"}}]"#;
        assert_eq!(frames, [call, "assistant_message: ok", COMPLETE], "{wire:?}");
        assert!(!model.request(0).to_string().contains("exit code"));
        assert!(model.request(1).to_string().contains(r"pay 10 EUR\nexit code: 2"), "{wire:?}: {}", model.request(1));
        assert_eq!(model.request(1)["stream"], true);
    }
}

#[tokio::test]
async fn parallel_calls_keep_their_order_and_their_ids() {
    for wire in BOTH {
        let calls = Reply::Calls(vec![exec("c1", "sleep 0.05; echo one"), exec("c2", "echo two")]);
        let (frames, model) = one_turn(wire, vec![calls, Reply::Text("ok")]).await;
        assert_eq!(frames.len(), 3, "{frames:?}");
        let request = model.request(1);
        let history = request["input"].as_array().or(request["messages"].as_array()).unwrap();
        let outputs: Vec<_> = history
            .iter()
            .filter_map(|e| Some((e["call_id"].as_str().or(e["tool_call_id"].as_str())?, e["output"].as_str().or(e["content"].as_str())?)))
            .collect();
        assert_eq!(outputs, [("c1", "one"), ("c2", "two")], "{wire:?}");
    }
}

#[tokio::test]
async fn mistakes_of_the_model_are_told_to_the_model() {
    let calls = vec![("c1", "rm", json!({})), ("c2", "exec", json!("{oops")), ("c3", "exec", json!({"cmd": 1}))];
    let (frames, model) = one_turn(Wire::Responses, vec![Reply::Calls(calls), Reply::Text("sorry")]).await;
    assert_eq!(frames[1..], ["assistant_message: sorry", COMPLETE]);
    let request = model.request(1).to_string();
    for expected in ["there is no tool `rm`", "the arguments are not JSON", "`command` is missing"] {
        assert!(request.contains(expected), "{expected}: {request}");
    }
}

#[tokio::test]
async fn a_session_remembers_and_another_one_does_not() {
    for wire in BOTH {
        let model = FakeModel::script(vec![Reply::Text("one"), Reply::Text("two"), Reply::Text("three")]).await;
        let running = agent(&model, wire).await;
        let mut client = Client::connect(&running).await;
        for (session, text) in [("a", "my name is Ana"), ("a", "who am I"), ("b", "who am I")] {
            client.say(session, text).await;
            client.turn().await;
        }
        assert!(model.request(1).to_string().contains("Ana") && model.request(1).to_string().contains("one"), "{wire:?}");
        assert!(!model.request(2).to_string().contains("Ana"), "{wire:?}");
    }
}

#[tokio::test]
async fn two_sessions_are_answered_side_by_side_each_on_its_own_connection() {
    let gate = Arc::new(Notify::new());
    let held = Arc::clone(&gate);
    let model = FakeModel::start(move |_, body| match body.to_string().contains("Bob") {
        true => Reply::Gate(Arc::clone(&held), Box::new(Reply::Text("Hello Bob"))),
        false => Reply::Text("Hello Ana"),
    })
    .await;
    let running = agent(&model, Wire::Responses).await;
    let (mut bob, mut ana) = (Client::connect(&running).await, Client::connect(&running).await);
    bob.say("bob", "I am Bob").await;
    model.arrived.notified().await;
    ana.say("ana", "I am Ana").await;
    assert_eq!(ana.turn().await, ["assistant_message: Hello Ana", COMPLETE]);
    gate.notify_one();
    assert_eq!(bob.turn().await, ["assistant_message: Hello Bob", COMPLETE]);
}

#[tokio::test]
async fn messages_of_one_session_are_answered_one_after_another() {
    let model = FakeModel::script(vec![Reply::Calls(vec![exec("c", "sleep 0.05")]), Reply::Text("one"), Reply::Text("two")]).await;
    let running = agent(&model, Wire::Responses).await;
    let mut client = Client::connect(&running).await;
    client.say("s", "first").await;
    client.say("s", "second").await;
    assert_eq!(client.turn().await[1..], ["assistant_message: one", COMPLETE]);
    assert_eq!(client.turn().await, ["assistant_message: two", COMPLETE]);
    assert!(!model.request(1).to_string().contains("second"), "the second message waits for the first turn's end");
}

#[tokio::test]
async fn a_refusal_by_status_is_an_error_with_the_providers_words() {
    let overloaded = r#"{"error": {"code": "overloaded", "message": "try later"}}"#;
    for wire in BOTH {
        let (frames, model) = one_turn(wire, vec![Reply::Status(529, overloaded)]).await;
        assert_eq!(frames, ["error: 529 overloaded: try later"]);
        assert_eq!(model.count(), 1, "no retries");
    }
    check_turn(Wire::Chat, vec![Reply::Status(401, r#"{"error": {"type": "auth", "message": "no"}}"#)], &["error: 401 auth: no"]).await;
    check_turn(Wire::Chat, vec![Reply::Status(503, "<h1>down</h1>")], &["error: 503 <h1>down</h1>"]).await;
    check_turn(Wire::Chat, vec![Reply::Status(500, "")], &["error: 500"]).await;
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_an_error() {
    let cut = "error: the model's stream ended before its answer was complete";
    let item = event(&json!({"type": "response.output_item.done", "item": message_item("half")}));
    check_turn(Wire::Responses, vec![Reply::Raw(item)], &[cut]).await;
    check_turn(Wire::Responses, vec![Reply::Raw(String::new())], &[cut]).await;
    check_turn(Wire::Chat, vec![Reply::Raw(chat_chunk(&json!({"content": "half"}), None))], &[cut]).await;
    let done = chat_chunk(&json!({"content": "half"}), None) + "data: [DONE]\n\n";
    check_turn(Wire::Chat, vec![Reply::Raw(done)], &["error: the model's answer is not complete"]).await;
}

#[tokio::test]
async fn failures_inside_a_stream_are_errors() {
    let failed = json!({"type": "response.failed", "response": {"error": {"code": "server_error", "message": "oops"}}});
    let incomplete = json!({"type": "response.incomplete", "response": {"incomplete_details": {"reason": "max_output_tokens"}}});
    let nested = json!({"type": "error", "error": {"code": "overloaded", "message": "busy"}});
    let flat = json!({"type": "error", "code": "overloaded", "message": "busy"});
    for (event_, expected) in [
        (failed, "error: the model failed: server_error: oops"),
        (incomplete, "error: the model's answer is incomplete: max_output_tokens"),
        (nested, "error: the model failed: overloaded: busy"),
        (flat, "error: the model failed: overloaded: busy"),
    ] {
        check_turn(Wire::Responses, vec![Reply::Raw(event(&event_))], &[expected]).await;
    }
    let raw = |text: &str| vec![Reply::Raw(text.to_owned())];
    check_turn(Wire::Chat, raw("data: {\"error\": {\"code\": 502, \"message\": \"bad\"}}\n\n"), &["error: the model failed: 502: bad"])
        .await;
    let length = vec![Reply::Raw(chat_stream(&json!({"content": "x"}), "length"))];
    check_turn(Wire::Chat, length, &["error: the model's answer is incomplete: length"]).await;
    let (frames, _) = one_turn(Wire::Responses, raw("data: {oops\n\n")).await;
    assert!(frames[0].starts_with("error: the model sent an event that is not JSON"), "{frames:?}");
}

#[tokio::test]
async fn items_are_taken_from_the_terminal_event_if_they_came_nowhere_else() {
    let completed = json!({"type": "response.completed", "response": {"output": [message_item("late")]}});
    check_turn(Wire::Responses, vec![Reply::Raw(event(&completed))], &["assistant_message: late", COMPLETE]).await;
}

#[tokio::test]
async fn a_refusal_is_said_to_the_user() {
    let refusal = json!({"type": "message", "content": [{"type": "refusal", "refusal": "I won't."}]});
    check_turn(Wire::Responses, vec![Reply::Raw(responses_stream(vec![refusal]))], &["assistant_message: I won't.", COMPLETE]).await;
    check_turn(
        Wire::Chat,
        vec![Reply::Raw(chat_stream(&json!({"refusal": "I won't."}), "stop"))],
        &["assistant_message: I won't.", COMPLETE],
    )
    .await;
}

#[tokio::test]
async fn a_model_that_is_down_is_an_error_not_a_hang() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let running = agent_at(Wire::Responses, &format!("http://{free}/v1"), None, None).await;
    let mut client = Client::connect(&running).await;
    client.say("s", "Hello").await;
    let frames = client.turn().await;
    assert!(frames[0].starts_with("error: the model cannot be reached: ") && frames[0].contains("refused"), "{frames:?}");
}

#[tokio::test]
async fn a_model_that_calls_without_end_is_stopped() {
    let model = FakeModel::start(|_, _| Reply::Calls(vec![exec("c", "true")])).await;
    let running = agent(&model, Wire::Responses).await;
    let mut client = Client::connect(&running).await;
    client.say("s", "Hello").await;
    assert_eq!(client.turn().await.last().unwrap(), "error: stopped after 20 rounds of tool calls");
    assert_eq!(model.count(), 20);
}
