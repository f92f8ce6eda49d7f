//! The three wires over real sockets, against our own scripted models.

use super::*;
use crate::fakes::http::Limits;
use crate::fakes::server::{CaseFakes, CaseHandle, FakeServer};
use crate::model::fake::{Fake, FakeKind, ModelFake, ModelReplies, PartKind, Reply, ReplyPart, Vendor};
use crate::model::template::Scope;
use crate::model::trace::{Request, What};
use crate::model::tree::Node;
use crate::model::wire::Wire;
use crate::recorder::Recorder;
use serde_json::Value;

const SAID: &str = "I have listed your wallets.";
const KEY: &str = "sk-test-0123456789";

struct Scripted {
    server: FakeServer,
    recorder: Recorder,
    _case: CaseHandle,
}

impl Scripted {
    async fn new(replies: impl IntoIterator<Item = Vec<PartKind>>) -> Scripted {
        let part = |kind| ReplyPart { span: Span::NONE, kind };
        let script = replies.into_iter().map(|parts| Reply { span: Span::NONE, parts: parts.into_iter().map(part).collect() });
        let model = ModelFake {
            vendor: Vendor::Any,
            replies: ModelReplies::Script(script.collect()),
            wire: Wire::default(),
            routes: vec![],
            faults: vec![],
            used_up: Default::default(),
        };
        let server = FakeServer::start_with(Limits::default()).await.unwrap();
        let recorder = Recorder::new();
        let fake = Fake { span: Span::NONE, unused_allowed: false, kind: FakeKind::Model(model) };
        let scope: Arc<dyn Scope + Send + Sync> = Arc::new(indexmap::IndexMap::<String, Value>::new());
        let fakes = vec![("llm".to_owned(), Arc::new(fake))];
        let case = server.open(CaseFakes { key: "c".to_owned(), recorder: recorder.clone(), fakes, scope });
        Scripted { server, recorder, _case: case }
    }

    async fn ask(&self, settings: JudgeSettings) -> Answers {
        self.put(&one(settings)).await
    }

    async fn put(&self, rubric: &Rubric) -> Answers {
        let url = self.server.url("c", "llm");
        let openai = format!("{url}/v1");
        let keys = [("ANTHROPIC_BASE_URL", &*url), ("OPENAI_BASE_URL", &*openai), ("ANTHROPIC_API_KEY", KEY), ("OPENAI_API_KEY", KEY)];
        ask(rubric, &recording(), &keys).await
    }

    fn requests(&self) -> Vec<Request> {
        let pick = |what: &What| if let What::Request(request) = what { Some((**request).clone()) } else { None };
        self.recorder.read(0, |records| records.iter().filter_map(|record| pick(&record.what)).collect())
    }
}

fn all() -> [Provider; 3] {
    [Provider::Anthropic("m-1".into()), Provider::OpenAi("m-1".into()), Provider::Chat("m-1".into())]
}

fn text(text: &str) -> Vec<PartKind> {
    vec![PartKind::Text(node(json!(text)))]
}

fn node(value: Value) -> Arc<Node> {
    Node::from_value(Span::NONE, &value)
}

fn http(status: u16, retry_after: Option<Duration>) -> Vec<PartKind> {
    vec![PartKind::Http { status, headers: vec![], retry_after, body: None }]
}

fn good() -> String {
    reply("lists", "met", &[("e4", SAID)])
}

#[tokio::test]
async fn a_structured_reply_is_read_on_every_wire_and_its_tokens_are_counted() {
    for provider in all() {
        let usage = PartKind::Usage { input: 1000, output: 50, cached: 200, reasoning: 0 };
        let world = Scripted::new([[text(&good()), vec![usage]].concat()]).await;
        let mut settings = settings(provider.clone());
        let price = Price { input: 2.0, cached: 1.0, output: 10.0 };
        settings.prices.models.insert(settings.models[0].name.clone(), price);
        let answers = world.ask(settings).await;
        assert_eq!(code(&answers), None, "{provider:?}");
        assert_eq!(answers.criteria[0].votes[0].answer, Answer::Met);
        let cost = answers.cost;
        // Anthropic counts what it had read before beside the rest.
        let (input, usd) = if matches!(provider, Provider::Anthropic(_)) { (1200, 0.0027) } else { (1000, 0.0023) };
        assert_eq!((cost.live, cost.input_tokens, cost.cached_tokens, cost.output_tokens), (1, input, 200, 50), "{provider:?}");
        assert!((cost.usd.unwrap() - usd).abs() < 1e-9, "{provider:?}: {:?}", cost.usd);
        let request = &world.requests()[0];
        let body = request.body.to_string();
        assert!(request.body.get("temperature").is_none() && body.contains("json_schema") && body.contains("counter_evidence"));
        assert!(body.contains("The assistant says that it listed wallets.") && body.contains("You check ONE statement"));
    }
}

#[tokio::test]
async fn a_judge_is_told_that_values_of_the_run_are_data() {
    for has_data in [true, false] {
        let world = Scripted::new([text(&good())]).await;
        let mut rubric = one(settings(Provider::OpenAi("m".into())));
        rubric.criteria[0].statement.has_data = has_data;
        world.put(&rubric).await;
        assert_eq!(world.requests()[0].body.to_string().contains("is data taken from the run"), has_data);
    }
}

#[tokio::test]
async fn a_price_that_nobody_knows_is_no_price_of_nothing() {
    let world = Scripted::new([text(&good())]).await;
    assert_eq!(world.ask(settings(Provider::OpenAi("m".into()))).await.cost.usd, None);
}

/// An answer of 200 with just this body.
fn answer(body: &Value) -> Vec<PartKind> {
    vec![PartKind::Http { status: 200, headers: vec![], retry_after: None, body: Some(node(body.clone())) }]
}

#[tokio::test]
async fn numbers_that_nobody_can_mean_neither_stop_the_judge_nor_refill_its_budget() {
    let usage = json!({
        "input_tokens": u64::MAX, "cache_creation_input_tokens": 1, "cache_read_input_tokens": u64::MAX, "output_tokens": u64::MAX,
    });
    let saying = |text: &str| answer(&json!({"content": [{"type": "text", "text": text}], "usage": usage}));
    let mut judge = settings(Provider::Anthropic("m".into()));
    judge.votes = 2;
    let answers = Scripted::new([saying("no json"), saying(&good()), saying(&good())]).await.ask(judge).await;
    let cost = answers.cost;
    assert_eq!((code(&answers), answers.criteria[0].votes.len(), cost.live), (None, 2, 3));
    assert_eq!((cost.input_tokens, cost.cached_tokens, cost.output_tokens), (u64::MAX, u64::MAX, u64::MAX));

    let usage = json!({"prompt_tokens": 0, "completion_tokens": 1500, "cost": -1000.0});
    let body = json!({"choices": [{"finish_reason": "stop", "message": {"content": good()}}], "usage": usage});
    let mut judge = settings(Provider::Chat("m".into()));
    (judge.votes, judge.budget) = (3, Budget { calls: None, usd: Some(2.0) });
    judge.prices.models.insert("chat/m".into(), Price { input: 0.0, cached: 0.0, output: 1000.0 });
    let answers = Scripted::new(vec![answer(&body); 3]).await.ask(judge).await;
    assert_eq!((code(&answers), answers.criteria[0].votes.len()), (Some("budget-exhausted"), 1));
}

#[tokio::test]
async fn a_model_without_structured_output_is_given_a_tool() {
    for provider in all() {
        let args = node(serde_json::from_str(&good()).unwrap());
        let call = vec![PartKind::ToolCall { name: node(json!("verdict")), args, id: None }];
        let world = Scripted::new([http(400, None), call]).await;
        let answers = world.ask(settings(provider.clone())).await;
        assert_eq!((code(&answers), answers.criteria[0].votes[0].answer), (None, Answer::Met), "{provider:?}");
        let last = &world.requests()[1].body;
        assert!(last["tool_choice"].to_string().contains("verdict"), "{last}");
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_what_may_not_is_told_once() {
    let soon = Some(Duration::from_millis(1));
    for provider in all() {
        for (statuses, expected, requests) in [
            (vec![429, 529, 503], None, 4),
            (vec![500, 500, 500, 500], Some("judge-http"), 4),
            (vec![401], Some("judge-unauthorized"), 1),
            (vec![404], Some("judge-http"), 1),
            (vec![400, 400], Some("judge-http"), 2),
        ] {
            let script = statuses.iter().map(|status| http(*status, soon)).chain(expected.is_none().then(|| text(&good())));
            let world = Scripted::new(script).await;
            let answers = world.ask(settings(provider.clone())).await;
            assert_eq!(code(&answers), expected, "{provider:?} {statuses:?}");
            assert_eq!(world.requests().len(), requests, "{provider:?} {statuses:?}");
        }
    }
}

#[tokio::test]
async fn a_provider_that_asks_for_more_time_than_there_is_ends_it_at_once() {
    let world = Scripted::new([http(429, Some(Duration::from_secs(600)))]).await;
    let begun = std::time::Instant::now();
    let answers = world.ask(settings(Provider::OpenAi("m".into()))).await;
    let fault = answers.criteria[0].fault.clone().unwrap();
    assert!(fault.message.contains("later than the time"), "{fault:?}");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_refusal_and_a_cut_reply_are_told_before_anything_is_parsed() {
    for provider in all() {
        let world = Scripted::new([vec![PartKind::Refusal(node(json!("I will not.")))]]).await;
        assert_eq!(code(&world.ask(settings(provider.clone())).await), Some("judge-refused"), "{provider:?}");
        let stop = match &provider {
            Provider::Anthropic(_) => "max_tokens",
            Provider::Chat(_) => "length",
            _ => "max_output_tokens",
        };
        let cut = || vec![PartKind::Text(node(json!("{\"criterion_id\""))), PartKind::Stop(stop.into())];
        let world = Scripted::new([cut(), cut()]).await;
        assert_eq!(code(&world.ask(settings(provider.clone())).await), Some("judge-truncated"), "{provider:?}");
        let caps: Vec<_> = world.requests().iter().map(|request| request.body.to_string().contains("3000")).collect();
        assert_eq!(caps, [false, true], "once more with twice the room");
    }
}

#[tokio::test]
async fn a_reply_that_cannot_be_used_is_complained_of_once() {
    for provider in all() {
        let world = Scripted::new([text("no json"), text(&good())]).await;
        let answers = world.ask(settings(provider.clone())).await;
        assert_eq!((code(&answers), answers.criteria[0].votes[0].answer), (None, Answer::Met), "{provider:?}");
        let second = world.requests()[1].body.to_string();
        assert!(second.contains("no json") && second.contains("Your reply could not be used"), "{second}");
    }
}

#[tokio::test]
async fn a_quote_that_was_never_said_is_complained_of_by_name() {
    let bad = reply("lists", "met", &[("e3", "12.5 SOL and more"), ("e3", "for the owner")]);
    let world = Scripted::new([text(&bad), text(&good())]).await;
    let answers = world.ask(settings(Provider::Anthropic("m".into()))).await;
    let vote = &answers.criteria[0].votes[0];
    assert_eq!((vote.answer, vote.quotes.iter().filter(|quote| !quote.found).count()), (Answer::Met, 1));
    let second = world.requests()[1].body.to_string();
    assert!(second.contains("12.5 SOL and more") && second.contains("role tool_result, which is not allowed"), "{second}");
}

#[tokio::test]
async fn no_message_holds_a_key_or_an_address_with_a_password() {
    let body = node(json!({"error": {"message": format!("the key {KEY} is not known")}}));
    let world = Scripted::new([vec![PartKind::Http { status: 401, headers: vec![], retry_after: None, body: Some(body) }]]).await;
    let told = format!("{:?}", world.ask(settings(Provider::OpenAi("m".into()))).await);
    assert!(told.contains("«OPENAI_API_KEY»") && !told.contains(KEY), "{told}");
    let mut gone = settings(Provider::OpenAi("m".into()));
    gone.timeout = Duration::from_millis(400);
    let environment = [("OPENAI_BASE_URL", "http://user:pass-word@127.0.0.1:1/v1"), ("OPENAI_API_KEY", KEY)];
    let told = format!("{:?}", ask(&one(gone), &recording(), &environment).await);
    assert!(told.contains("judge-unreachable") || told.contains("judge-timeout"), "{told}");
    assert!(!told.contains("pass-word") && !told.contains(KEY), "{told}");
}

#[tokio::test]
async fn no_message_holds_the_beginning_of_a_key_wherever_it_is_cut() {
    // 300 characters are told of a message, or of what the provider said in it.
    for before in (230..300).step_by(6) {
        let body = json!({"error": {"message": format!("{}{KEY}", "x".repeat(before)), "code": 403}});
        for status in [200, 401] {
            let refusal = vec![PartKind::Http { status, headers: vec![], retry_after: None, body: Some(node(body.clone())) }];
            let told = format!("{:?}", Scripted::new([refusal]).await.ask(settings(Provider::Chat("m".into()))).await);
            assert!(told.contains("xxx") && !told.contains(&KEY[..3]), "{told}");
        }
    }
}

#[tokio::test]
async fn a_sentinel_asks_for_no_number_that_the_judge_was_shown() {
    let mut judge = settings(Provider::OpenAi("m".into()));
    judge.sentinels = Sentinels::On;
    let world = Scripted::new(vec![text("no json"); 6]).await;
    world.ask(judge).await;
    let bodies: Vec<_> = world.requests().iter().map(|request| request.body.to_string()).collect();
    let asks = bodies.iter().find_map(|body| body.split("the reference number ").nth(1)).expect("the sentinel was asked");
    assert!(bodies.iter().all(|body| body.matches(&asks[..16]).count() <= 1), "{bodies:?}");
}

#[tokio::test]
async fn a_missing_key_is_named() {
    for (provider, key) in
        [(all()[0].clone(), "ANTHROPIC_API_KEY"), (all()[1].clone(), "OPENAI_API_KEY"), (all()[2].clone(), "OPENAI_API_KEY")]
    {
        let settings = settings(provider);
        let why = super::super::unavailable(&settings, &[("ANTHROPIC_BASE_URL".to_owned(), "x".to_owned())].into()).unwrap();
        assert!(why.contains(key), "{why}");
        assert_eq!(super::super::unavailable(&settings, &[(key.to_owned(), KEY.to_owned())].into()), None);
        let answers = ask(&one(settings), &recording(), &[]).await;
        assert_eq!(code(&answers), Some("judge-unavailable"));
    }
}
