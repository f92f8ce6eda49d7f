//! What a case is told in the end: requests that nothing matched, replies that nobody asked for, faults of the suite.

use super::*;
use crate::model::fake::ModelRule;
use crate::model::pattern::{Form, Pattern};
use crate::model::trace::Blame;
use crate::model::wire::Wire;

fn plain(value: Value) -> Pattern {
    Pattern { span: Span::NONE, form: Form::Plain(value) }
}

fn when(conditions: &[(&str, Value)]) -> Option<Pattern> {
    let entries = conditions.iter().map(|(name, value)| ((*name).into(), plain(value.clone()))).collect();
    Some(Pattern { span: Span::NONE, form: Form::Subset(entries) })
}

fn rule(conditions: &[(&str, Value)], replies: &[&str]) -> ModelRule {
    let replies = replies.iter().map(|said| reply([text(said)])).collect();
    ModelRule { span: Span::NONE, when: when(conditions), replies, then_next: false }
}

async fn rules(rules: impl IntoIterator<Item = ModelRule>) -> World {
    World::of(ModelReplies::Rules(rules.into_iter().collect())).await
}

/// What the model says to this user, on either wire; `Err` is the message of the refusal.
async fn ask(world: &World, user: &str) -> Result<String, String> {
    let (status, chat) = world.post("/chat/completions", json!({"model": "m", "messages": [{"role": "user", "content": user}]})).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if status == 200 { Ok(text(&chat["choices"][0]["message"]["content"])) } else { Err(text(&chat["error"]["message"])) }
}

#[tokio::test]
async fn the_first_rule_that_matches_answers() {
    let world = rules([
        rule(&[("last_user", json!("Ana"))], &["Hello Ana"]),
        rule(&[("last_user", json!("Bob"))], &["Hello Bob"]),
        rule(&[], &["Who?"]),
    ])
    .await;
    for (user, said) in [("Bob", "Hello Bob"), ("Ana", "Hello Ana"), ("Eve", "Who?"), ("Ana", "Hello Ana")] {
        assert_eq!(ask(&world, user).await.as_deref(), Ok(said));
    }
    assert_eq!(world.requests()[0].body["messages"][0]["content"], "Bob");
    world.case.finish(true);
    assert_eq!(world.problems(), []);
}

#[tokio::test]
async fn a_rule_with_several_replies_gives_each_once() {
    let world = rules([rule(&[("last_user", json!("go"))], &["one", "two"])]).await;
    assert_eq!((ask(&world, "go").await.unwrap().as_str(), ask(&world, "go").await.unwrap().as_str()), ("one", "two"));
    let refusal = ask(&world, "go").await.unwrap_err();
    assert!(refusal.contains("rules[0] of `llm` matched 3 requests, but has 2 replies"), "{refusal}");
    assert_eq!(world.problems().len(), 1);
}

#[tokio::test]
async fn rules_see_both_wires_and_the_count() {
    let conditions = [
        ("model", json!("m")),
        ("system", json!("be kind")),
        ("nth", json!(2)),
        ("has_tool_result", json!(true)),
        ("tool_result", json!("7")),
    ];
    let world = rules([rule(&conditions, &["seen"]), rule(&[("nth", json!(1))], &["first"])]).await;
    ask(&world, "x").await.unwrap();
    let input = json!([{"role": "user", "content": "x"}, {"type": "function_call_output", "call_id": "c", "output": "7"}]);
    let (_, document) = world.post("/v1/responses", json!({"model": "m", "instructions": "be kind", "input": input})).await;
    assert_eq!(document["output"][0]["content"][0]["text"], "seen");
}

#[tokio::test]
async fn a_request_that_nothing_matches_fails_with_the_nearest_rule() {
    let far = rule(&[("last_user", json!("Bob")), ("model", json!("other"))], &["no"]);
    let near = rule(&[("model", json!("m")), ("last_user", json!("Ana"))], &["no"]);
    let world = rules([far, near]).await;
    let refusal = ask(&world, "Eve").await.unwrap_err();
    assert!(refusal.contains("none of its 2 rules matches"), "{refusal}");
    let problem = &world.problems()[0];
    assert_eq!((problem.code.as_str(), problem.blame), ("unmatched-request", None));
    let nearest = &problem.details[0];
    assert!(
        nearest.starts_with("nearest: rules[1]: last_user: expected") && nearest.contains("Ana") && nearest.contains("Eve"),
        "{nearest}"
    );
    assert!(problem.details[1].contains("POST /chat/completions") && problem.details[1].contains("\"Eve\""), "{:?}", problem.details);
}

#[tokio::test]
async fn a_refusal_is_of_a_kind_that_clients_do_not_repeat() {
    let world = World::script([]).await;
    let (text, _) = world.raw(&post(RESPONSES, STREAM)).await;
    assert!(text.starts_with("HTTP/1.1 400 ") && text.contains("\r\nx-should-retry: false\r\n"), "{text}");
    let body: Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!((&body["error"]["type"], &body["error"]["code"]), (&json!("invalid_request_error"), &json!("unmatched_request")));
}

#[tokio::test]
async fn one_question_too_many_fails_the_case() {
    let world = World::script([reply([text("only")])]).await;
    ask(&world, "a").await.unwrap();
    let refusal = ask(&world, "b").await.unwrap_err();
    assert_eq!(refusal, "`llm` was asked 2 times, but its script has 1 reply");
    assert_eq!(world.problems()[0].message, refusal);
    world.case.finish(true);
    assert_eq!(world.problems().len(), 1);
}

#[tokio::test]
async fn replies_that_nobody_asked_for_fail_the_case() {
    let script = || [reply([text("one")]), reply([text("two")]), reply([http(500)])];
    let world = World::script(script()).await;
    ask(&world, "x").await.unwrap();
    world.case.finish(true);
    world.case.finish(true);
    let problems = world.problems();
    assert_eq!((problems.len(), problems[0].code.as_str(), problems[0].blame), (1, "unused-replies", None));
    assert_eq!(problems[0].message, "2 of 3 replies of `llm` were never asked for: the text \"two\", …");
    assert_eq!(problems[0].details, ["never asked for: script[1]: the text \"two\"", "never asked for: script[2]: the status 500"]);
    let world = World::script(script()).await;
    world.case.finish(false);
    assert_eq!(world.problems(), []);
}

#[tokio::test]
async fn a_list_of_a_rule_is_a_sequence_and_a_single_reply_is_not() {
    let world = rules([rule(&[("last_user", json!("a"))], &["one", "two"]), rule(&[("last_user", json!("b"))], &["never"])]).await;
    ask(&world, "a").await.unwrap();
    world.case.finish(true);
    let messages: Vec<_> = world.problems().into_iter().map(|problem| problem.message).collect();
    assert_eq!(messages, ["1 of 2 replies of rules[0] of `llm` was never asked for: the text \"two\""]);
}

#[tokio::test]
async fn unused_replies_may_be_allowed() {
    let server = FakeServer::start().await.unwrap();
    let recorder = Recorder::new();
    let model = ModelFake {
        used_up: Default::default(),
        vendor: Vendor::Any,
        replies: ModelReplies::Script(vec![reply([text("x")])]),
        wire: Wire::default(),
        routes: vec![],
        faults: vec![],
    };
    let fake = Arc::new(Fake { span: Span::NONE, unused_allowed: true, kind: FakeKind::Model(model) });
    let scope = Arc::new(crate::model::template::Nothing);
    let case = server.open(CaseFakes { key: "c".into(), recorder: recorder.clone(), fakes: vec![("llm".into(), fake)], scope });
    case.finish(true);
    assert!(recorder.is_empty());
}

#[tokio::test]
async fn what_the_suite_got_wrong_is_not_the_agents_fault() {
    let template = crate::model::template::Template::parse("{{nobody}}").unwrap().unwrap();
    let hole = Node::new(Span::NONE, crate::model::tree::Content::Template(Arc::new(template)));
    let listed = PartKind::ToolCall { name: node(json!("f")), args: node(json!([1])), id: None };
    let world = World::script([reply([PartKind::Text(hole)]), reply([listed])]).await;
    for _ in 0..2 {
        let refusal = ask(&world, "x").await.unwrap_err();
        assert!(refusal.contains("cannot be sent"), "{refusal}");
    }
    let blames: Vec<_> = world.problems().into_iter().map(|problem| problem.blame).collect();
    assert_eq!(blames, [Some(Blame::Suite), Some(Blame::Fake)]);
}

#[tokio::test]
async fn two_cases_with_the_same_fake_never_mix() {
    let server = FakeServer::start().await.unwrap();
    let client = crate::base::client::new();
    let mut cases = Vec::new();
    for at in 0..20 {
        let recorder = Recorder::new();
        let script = ModelReplies::Script((0..3).map(|n| reply([text(&format!("case {at} reply {n}"))])).collect());
        let case = open(&server, &format!("case[{at}]"), script, Wire::default(), &recorder);
        cases.push((at, recorder, case));
    }
    for n in 0..3 {
        for (at, _, _) in &cases {
            let url = format!("{}/v1/chat/completions", server.url(&format!("case[{at}]"), "llm"));
            let reply: Value = client.post(url).body(PLAIN).send().await.unwrap().json().await.unwrap();
            assert_eq!(reply["choices"][0]["message"]["content"], format!("case {at} reply {n}"));
        }
    }
    for (_, recorder, case) in &cases {
        case.finish(true);
        assert_eq!(recorder.len(), 6);
    }
}

#[tokio::test]
async fn requests_at_once_get_each_reply_once_and_in_the_order_of_the_trace() {
    let world = World::script((0..50).map(|n| reply([text(&format!("r{n}"))]))).await;
    let world = Arc::new(world);
    let asks: Vec<_> = (0..50)
        .map(|n| {
            let world = world.clone();
            tokio::spawn(async move { (n, ask(&world, &format!("u{n}")).await.unwrap()) })
        })
        .collect();
    let users: Vec<_> = {
        let mut got = Vec::new();
        for task in asks {
            got.push(task.await.unwrap());
        }
        got
    };
    for (at, request) in world.requests().iter().enumerate() {
        let user = request.body["messages"][0]["content"].as_str().unwrap();
        assert!(users.iter().any(|(n, said)| format!("u{n}") == user && *said == format!("r{at}")), "{at} {user}");
    }
}

#[tokio::test]
async fn a_case_that_is_dropped_is_forgotten_and_not_judged() {
    let World { server, recorder, case, .. } = World::script([reply([text("x")])]).await;
    drop(case);
    let reply = crate::base::client::builder()
        .build()
        .unwrap()
        .post(format!("{}/v1/responses", server.url("c", "llm")))
        .body(PLAIN)
        .send()
        .await
        .unwrap();
    assert_eq!((reply.status().as_u16(), recorder.len()), (404, 0));
}
