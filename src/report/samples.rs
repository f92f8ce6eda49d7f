//! Outcomes for the tests of reports.
//!
//! Owns: one outcome that passed, one that failed, one rubric that was judged.
//! Must not know: what the tests do with them.

use crate::model::judge::{Answer, Cost, Quote, Role, Vote};
use crate::model::outcome::{CaseFacts, CriterionReport, Failure, Outcome, Reported, RubricDecision, RubricReport, Verdict};

pub fn passed(id: &str) -> Outcome {
    let suite_id = id.split_once("::").map_or(id, |(suite, _)| suite);
    Outcome {
        case: CaseFacts {
            id: id.into(),
            name: id.split_once("::").map_or(id, |(_, slug)| slug).replace('_', " "),
            suite_id: suite_id.into(),
            suite_name: "Dexter wallets".into(),
            path: "suites/dexter/wallets.yaml".into(),
            line: 9,
            column: 5,
            level: "must".into(),
            ..CaseFacts::default()
        },
        verdict: Verdict::Pass,
        blame: None,
        reason: None,
        problems: vec![],
        notes: vec![],
        duration_ms: 12.0,
        metrics: serde_json::json!({"usage": {"total": 29}, "turns": [{"session": "main", "first_text": 4.0, "turn": 9.5, "usage": {"total": 29}}], "calls": [{"name": "wallets.list", "status": "ok", "took_ms": 2.5}]}),
        checks: 3,
        rubrics: vec![],
        trace_path: Some(format!("target/checkride/{}.jsonl", id.replace("::", ".").replace('/', "."))),
        started: "2026-11-20T12:00:00.250Z".into(),
    }
}

pub fn failed(id: &str) -> Outcome {
    let failure = Failure {
        message: "no call matches `wallets.list`".into(),
        expected: "call `wallets.list` with {owner: \"me\"}".into(),
        actual: "1 call".into(),
        details: vec!["closest: call 1 `wallets.list` ~ args.owner expected \"me\", got \"all\"".into()],
    };
    let problem = Reported { check: "calls".into(), place: "suites/dexter/wallets.yaml:12:16".into(), line: 12, failure };
    Outcome { verdict: Verdict::Fail, problems: vec![problem], ..passed(id) }
}

/// A rubric of one statement that was met.
pub fn judged() -> RubricReport {
    let quote =
        Quote { event: "e2".into(), role: Some(Role::Assistant), quote: "one wallet".into(), against: false, found: true, rejected: None };
    let vote = Vote {
        model: "fake".into(),
        answer: Answer::Met,
        turned: None,
        analysis: "It names it.\n::error::x".into(),
        quotes: vec![quote],
        embedded_instructions: false,
        key: "3f9c".into(),
        live: true,
    };
    RubricReport {
        step: None,
        place: "suites/dexter/wallets.yaml:30:5".into(),
        decision: RubricDecision::Pass,
        reason: None,
        share: "1/1".into(),
        share_at_most: "1/1".into(),
        threshold: "4/5".into(),
        severity: None,
        criteria: vec![CriterionReport {
            id: "names_every_wallet".into(),
            kind: "must",
            statement: "Names every wallet.".into(),
            weight: 1,
            sense: Some("good"),
            fault: None,
            votes: vec![vote],
        }],
        cost: Cost { calls: 2, live: 1, input_tokens: 30, output_tokens: 4, usd: Some(0.25), ..Cost::default() },
    }
}

/// The same, that nobody was asked about.
pub fn unjudged() -> RubricReport {
    let mut rubric = judged();
    rubric.decision = RubricDecision::NotJudged;
    rubric.reason = Some("the judge is off".into());
    rubric.criteria[0].votes.clear();
    rubric.criteria[0].sense = None;
    rubric.cost = Cost::default();
    rubric
}
