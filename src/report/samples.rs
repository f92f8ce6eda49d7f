//! Outcomes for the tests of reports.
//!
//! Owns: one outcome that passed and one that failed.
//! Must not know: what the tests do with them.

use crate::model::outcome::{CaseFacts, Failure, Outcome, Reported, Verdict};

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
