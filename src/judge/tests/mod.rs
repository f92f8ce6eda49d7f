//! A judge from outside: rubrics and recordings in, answers out; real sockets, real programs, real files.

mod answering;
mod locking;
mod steering;
mod wires;

use super::{Judge, JudgeWorld, Mode};
use crate::base::Span;
use crate::model::judge::*;
use crate::model::recording::{Content, Entry, Recording};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const ASSISTANT: &[Role] = &[Role::Assistant];

/// A user asks, a tool answers, the assistant tells.
fn recording() -> Recording {
    let entry = |role, content| Entry { role, session: None, content };
    let result = json!({"balance": "12.5 SOL", "note": "for the owner"});
    let entries = vec![
        entry(Role::User, Content::Text("What is my balance?".into())),
        entry(Role::ToolCall, Content::Call { call: "c1".into(), name: "wallets.list".into(), args: json!({"owner": "me"}) }),
        entry(Role::ToolResult, Content::Result { call: "c1".into(), name: "wallets.list".into(), status: "ok".into(), result }),
        entry(Role::Assistant, Content::Text("I have listed your wallets.".into())),
    ];
    Recording { entries, about: None }
}

fn criterion(id: &str, kind: CriterionKind, text: &str, evidence_from: &[Role]) -> Criterion {
    Criterion {
        id: id.into(),
        span: Span::NONE,
        kind,
        statement: Statement { text: text.into(), template: None, has_data: false },
        weight: 1,
        evidence_from: evidence_from.to_vec(),
        vote_rule: None,
    }
}

fn model(provider: Provider) -> JudgeModel {
    let name = match &provider {
        Provider::Anthropic(model) => format!("anthropic/{model}"),
        Provider::OpenAi(model) => format!("openai/{model}"),
        Provider::Chat(model) => format!("chat/{model}"),
        Provider::Exec(words) => format!("exec: {}", words.join(" ")),
        Provider::Fake(_) => "fake".to_owned(),
    };
    JudgeModel { name, span: Span::NONE, provider }
}

fn settings(provider: Provider) -> JudgeSettings {
    JudgeSettings {
        models: vec![model(provider)],
        votes: 1,
        vote_rule: VoteRule::Majority,
        threshold: Share { numerator: 4, denominator: 5 },
        on_unsure: OnUnsure::Fail,
        on_unavailable: OnUnavailable::Broken,
        timeout: Duration::from_secs(20),
        max_output_tokens: 1500,
        budget: Budget::default(),
        sentinels: Sentinels::Off,
        include: Role::ALL.to_vec(),
        max_bytes: 200_000,
        temperature: None,
        prices: Prices::default(),
    }
}

fn rubric(criteria: Vec<Criterion>, settings: JudgeSettings) -> Rubric {
    Rubric { span: Span::NONE, criteria, settings: Arc::new(settings), reference: None, security: false }
}

/// One statement about the assistant, by which most claims are made.
fn one(settings: JudgeSettings) -> Rubric {
    rubric(vec![criterion("lists", CriterionKind::Must, "The assistant says that it listed wallets.", ASSISTANT)], settings)
}

fn fake(rules: Vec<FakeRule>, fault: JudgeFault) -> Provider {
    Provider::Fake(Arc::new(FakeJudge { rules, fault, written: serde_json::Value::Null }))
}

fn rule(criterion: &str, reply: Answer, quote: Quoting) -> FakeRule {
    FakeRule { span: Span::NONE, criterion: criterion.into(), when: vec![], reply, quote }
}

fn world(mode: Mode, lock: &Path, environment: &[(&str, &str)]) -> JudgeWorld {
    let environment: BTreeMap<String, String> = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    JudgeWorld { mode, lock: lock.to_owned(), folder: lock.to_owned(), environment }
}

/// What a judge of its own, with an empty lock, answers.
async fn ask(rubric: &Rubric, recording: &Recording, environment: &[(&str, &str)]) -> Answers {
    let folder = tempfile::tempdir().unwrap();
    Judge::new(world(Mode::Live, folder.path(), environment)).answer(rubric, recording, None, false).await
}

/// A whole reply by the schema.
fn reply(id: &str, verdict: &str, evidence: &[(&str, &str)]) -> String {
    let evidence: Vec<_> = evidence.iter().map(|(event, quote)| json!({"event": event, "quote": quote})).collect();
    json!({
        "criterion_id": id, "analysis": "Because.", "evidence": evidence, "counter_evidence": [],
        "embedded_instructions": false, "verdict": verdict,
    })
    .to_string()
}

fn code(answers: &Answers) -> Option<&str> {
    let of_one = answers.criteria.iter().find_map(|answered| answered.fault.as_ref());
    answers.fault.as_ref().or(of_one).map(|fault| fault.code.as_str())
}
