//! Whose model it is: paths, shapes of errors, headers, what the real API refuses.

use super::*;
use std::collections::BTreeMap;

/// Asks and gives status, headers and body.
async fn ask(world: &World, path: &str, version: Option<&str>, mut body: Value) -> (u16, BTreeMap<String, String>, Value) {
    if path.ends_with("/v1/messages") && version.is_some() && body.get("messages").is_none() {
        body["max_tokens"] = 9.into();
    }
    let mut request = world.client.post(world.url(path)).json(&body);
    if let Some(version) = version {
        request = request.header("anthropic-version", version);
    }
    let reply = request.send().await.unwrap();
    let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
        (name.to_string(), value.to_str().unwrap().to_owned())
    };
    let headers = reply.headers().iter().map(header).collect();
    (reply.status().as_u16(), headers, reply.json().await.unwrap())
}

const OLD: Option<&str> = Some("2023-06-01");
const NEW: Option<&str> = Some("2026-10-21");

#[tokio::test]
async fn one_script_answers_on_every_wire() {
    let world = World::vendor(Vendor::Any, (0..4).map(|_| reply([text("Hello")]))).await;
    let body = json!({"model": "m", "max_tokens": 9, "messages": []});
    let said =
        |path: &'static str| async { ask(&world, path, path.ends_with("/v1/messages").then_some("2023-06-01"), body.clone()).await.2 };
    assert_eq!(said("/v1/responses").await["output"][0]["content"][0]["text"], "Hello");
    assert_eq!(said("/v1/chat/completions").await["choices"][0]["message"]["content"], "Hello");
    assert_eq!(said("/v1/messages").await["content"][0]["text"], "Hello");
    assert_eq!(said("/api/v1/chat/completions").await["provider"], "Scripted");
    assert_eq!(world.problems(), []);
}

#[tokio::test]
async fn a_wire_that_the_vendor_has_not_fails_the_case_and_names_who_has_it() {
    for (vendor, path, has) in [
        (Vendor::Openai, "/v1/messages", "`model: anthropic`"),
        (Vendor::Anthropic, "/v1/responses", "`model: openai`"),
        (Vendor::Openrouter, "/api/v1/messages", "`model: anthropic`"),
    ] {
        let world = World::vendor(vendor, [reply([text("Hello")])]).await;
        let (status, _, body) = ask(&world, path, OLD, json!({})).await;
        assert_eq!(status, 404);
        let problems = world.problems();
        assert!(problems[0].code == "unmatched-request" && problems[0].message.contains(has), "{problems:?}");
        assert!(body["error"]["message"].as_str().unwrap().contains(has), "{body}");
    }
}

#[tokio::test]
async fn an_error_has_the_shape_and_the_headers_of_its_wire() {
    let world = World::vendor(Vendor::Any, (0..4).map(|_| reply([http(429)]))).await;
    let (_, headers, body) = ask(&world, "/v1/messages", OLD, json!({})).await;
    let expected = json!({"type": "error", "error": {"type": "rate_limit_error", "message": "This request would exceed your rate limit."}, "request_id": "req_0000"});
    assert_eq!((&body, &*headers["request-id"]), (&expected, "req_0000"));
    assert_eq!(
        (&*headers["anthropic-ratelimit-requests-remaining"], &*headers["anthropic-ratelimit-output-tokens-limit"]),
        ("0", "400000")
    );
    let (_, headers, body) = ask(&world, "/v1/responses", None, json!({})).await;
    assert_eq!((&body["error"]["code"], &*headers["x-request-id"]), (&json!("rate_limit_exceeded"), "req_0001"));
    assert_eq!((&*headers["x-ratelimit-remaining-tokens"], &*headers["x-ratelimit-limit-requests"]), ("0", "10000"));
    let (_, headers, body) = ask(&world, "/api/v1/chat/completions", None, json!({})).await;
    assert_eq!((&body["error"]["code"], &*headers["x-generation-id"]), (&json!(429), "gen-0002"));
    assert!(!headers.contains_key("x-request-id"));
}

#[tokio::test]
async fn a_reply_has_the_headers_of_its_wire_and_those_of_the_script_win() {
    let headers = vec![("X-Request-Id".to_owned(), "mine".to_owned())];
    let own = PartKind::Http { status: 500, headers, retry_after: None, body: None };
    let world = World::vendor(Vendor::Openai, [reply([text("Hello")]), reply([own])]).await;
    let (_, headers, _) = ask(&world, "/v1/responses", None, json!({})).await;
    assert_eq!((&*headers["x-request-id"], &*headers["x-ratelimit-remaining-requests"]), ("req_0000", "9999"));
    let reply = world.client.post(world.url("/v1/responses")).json(&json!({})).send().await.unwrap();
    assert_eq!(reply.headers().get_all("x-request-id").iter().collect::<Vec<_>>(), ["mine"]);
}

#[tokio::test]
async fn an_answer_below_400_has_no_body_of_its_own() {
    let world = World::vendor(Vendor::Openai, [reply([http(204)]), reply([http(200)])]).await;
    for status in [204, 200] {
        let reply = world.client.post(world.url("/v1/responses")).json(&json!({})).send().await.unwrap();
        assert_eq!((reply.status().as_u16(), reply.text().await.unwrap().as_str()), (status, ""));
    }
}

#[tokio::test]
async fn sampling_is_refused_by_the_new_version_and_not_counted() {
    let world = World::vendor(Vendor::Anthropic, [reply([text("Hello")])]).await;
    let body = json!({"model": "m", "max_tokens": 1, "messages": [], "temperature": 0.5});
    let (status, headers, refused) = ask(&world, "/v1/messages", NEW, body.clone()).await;
    assert_eq!((status, &refused["error"]["type"]), (400, &json!("invalid_request_error")));
    assert!(refused["error"]["message"].as_str().unwrap().starts_with("temperature:") && headers.contains_key("request-id"));
    assert!(world.notes()[0].contains("as the real API does"));
    assert_eq!(ask(&world, "/v1/messages", OLD, body).await.2["content"][0]["text"], "Hello");
    assert_eq!(world.problems(), []);
}

#[tokio::test]
async fn what_messages_cannot_do_without_is_asked_for_and_not_counted() {
    let world = World::vendor(Vendor::Anthropic, [reply([text("Hello")])]).await;
    let bodies = [
        (None, json!({"messages": [], "max_tokens": 9}), "anthropic-version: header is required"),
        (OLD, json!({"messages": []}), "max_tokens: Field required"),
    ];
    for (version, body, says) in bodies {
        let (status, _, refused) = ask(&world, "/v1/messages", version, body).await;
        assert_eq!((status, &refused["error"]), (400, &json!({"type": "invalid_request_error", "message": says})));
    }
    assert_eq!(ask(&world, "/v1/messages", OLD, json!({"messages": [], "max_tokens": 9})).await.0, 200);
    assert_eq!((world.notes().len(), world.problems()), (2, vec![]));
}

#[tokio::test]
async fn tokens_are_counted_without_asking_the_script() {
    let world = World::vendor(Vendor::Anthropic, [reply([text("Hello")])]).await;
    let count = |text: &str| json!({"model": "m", "messages": [{"role": "user", "content": text}]});
    let (_, _, few) = ask(&world, "/v1/messages/count_tokens", OLD, count("a")).await;
    let (_, _, many) = ask(&world, "/v1/messages/count_tokens", OLD, count(&"a".repeat(100))).await;
    assert!(few["input_tokens"].as_u64().unwrap() < many["input_tokens"].as_u64().unwrap());
    let mut asked = count("a");
    asked["max_tokens"] = 9.into();
    assert_eq!(ask(&world, "/v1/messages", OLD, asked).await.0, 200);
}

#[tokio::test]
async fn models_are_listed_in_the_shape_of_who_asks() {
    let world = World::vendor(Vendor::Any, []).await;
    let list = |version: Option<&'static str>, path: &'static str| {
        let mut request = world.client.get(world.url(path));
        if let Some(version) = version {
            request = request.header("anthropic-version", version);
        }
        async { request.send().await.unwrap().json::<Value>().await.unwrap() }
    };
    assert_eq!(list(None, "/v1/models").await["object"], "list");
    assert_eq!(list(OLD, "/v1/models").await["first_id"], "scripted");
    assert_eq!(list(None, "/api/v1/models").await["data"][0]["canonical_slug"], "scripted");
}

#[tokio::test]
async fn a_hosted_call_on_chat_completions_is_the_fakes_fault() {
    let call = PartKind::McpCall { server: node(json!("s")), name: node(json!("f")), args: None, output: None, error: None };
    let world = World::vendor(Vendor::Any, [reply([call])]).await;
    let (status, _, body) = ask(&world, "/v1/chat/completions", None, json!({"messages": []})).await;
    assert_eq!((status, &body["error"]["code"]), (500, &json!("broken_fake")));
    let problem = &world.problems()[0];
    assert_eq!((problem.blame, problem.code.as_str()), (Some(crate::model::trace::Blame::Fake), "ill-formed-reply"));
}

#[tokio::test]
async fn what_a_document_leaves_out_is_noted() {
    let world = World::vendor(Vendor::Anthropic, [reply([PartKind::Raw(node(json!("x"))), text("Hello")])]).await;
    assert_eq!(ask(&world, "/v1/messages", OLD, json!({})).await.2["content"][0]["text"], "Hello");
    assert!(world.notes()[0].contains("`raw` in script[0] of `llm` was left out"), "{:?}", world.notes());
}
