use super::*;
use crate::model::judge::{Answered, Budget, Cost, JudgeSettings, OnUnavailable, Role, Sentinels, Statement};
use serde_json::Value;
use std::time::Duration;

fn settings(on_unsure: OnUnsure, vote_rule: VoteRule) -> JudgeSettings {
    JudgeSettings {
        models: vec![],
        votes: 1,
        vote_rule,
        threshold: Share { numerator: 4, denominator: 5 },
        on_unsure,
        on_unavailable: OnUnavailable::Broken,
        timeout: Duration::from_secs(60),
        max_output_tokens: 1500,
        budget: Budget::default(),
        sentinels: Sentinels::Off,
        include: Role::ALL.to_vec(),
        max_bytes: 200_000,
        temperature: None,
        prices: Default::default(),
    }
}

fn kind(word: &str) -> CriterionKind {
    use CriterionKind::*;
    [Must, MustNot, Should, ShouldNot].into_iter().find(|kind| kind.word() == word).unwrap()
}

fn answer(word: &str) -> Answer {
    [Answer::Met, Answer::NotMet, Answer::Unsure].into_iter().find(|answer| answer.word() == word).unwrap()
}

fn vote(answer: Answer) -> Vote {
    Vote {
        model: "m".into(),
        answer,
        turned: None,
        analysis: String::new(),
        quotes: vec![],
        embedded_instructions: false,
        key: String::new(),
        live: false,
    }
}

/// `(kind, weight, the votes)` for each criterion.
fn case(criteria: &[(&str, u32, &[&str])], on_unsure: OnUnsure, rule: VoteRule) -> (Rubric, Answers) {
    let (mut statements, mut answered) = (vec![], vec![]);
    for (at, (word, weight, votes)) in criteria.iter().enumerate() {
        let id = format!("c{at}");
        answered.push(Answered { criterion: id.clone(), votes: votes.iter().map(|word| vote(answer(word))).collect(), fault: None });
        statements.push(Criterion {
            id,
            span: crate::base::Span::NONE,
            kind: kind(word),
            statement: Statement { text: "It is so.".into(), template: None, has_data: false },
            weight: *weight,
            evidence_from: Role::ALL.to_vec(),
            vote_rule: None,
        });
    }
    let rubric = Rubric {
        span: crate::base::Span::NONE,
        criteria: statements,
        settings: settings(on_unsure, rule).into(),
        reference: None,
        security: false,
    };
    (rubric, Answers { criteria: answered, cost: Cost::default(), ..Answers::default() })
}

const ALL: [OnUnsure; 3] = [OnUnsure::Fail, OnUnsure::Broken, OnUnsure::Warn];

fn word(decision: &Decision) -> &'static str {
    match decision {
        Decision::Pass => "pass",
        Decision::Fail | Decision::Unsure(OnUnsure::Fail) => "fail",
        Decision::Broken(_) | Decision::Unsure(OnUnsure::Broken) => "broken",
        Decision::Unsure(OnUnsure::Warn) => "warning",
        Decision::NotAsked(_) => "not asked",
    }
}

fn share(share: Share) -> f64 {
    share.numerator as f64 / share.denominator as f64
}

#[test]
fn the_vectors_hold() {
    let vectors: Value = serde_json::from_str(include_str!("../../../tests/vectors/judge.json")).unwrap();
    let vectors = vectors["vectors"].as_array().unwrap();
    assert!(vectors.len() >= 6);
    for vector in vectors {
        let criteria: Vec<_> = vector["criteria"].as_array().unwrap().iter().collect();
        let votes: Vec<[&str; 1]> = criteria.iter().map(|c| [c["v"].as_str().unwrap()]).collect();
        let criteria: Vec<(&str, u32, &[&str])> = criteria
            .iter()
            .zip(&votes)
            .map(|(c, v)| (c["kind"].as_str().unwrap(), c["w"].as_u64().unwrap_or(1) as u32, v.as_slice()))
            .collect();
        for (at, on_unsure) in ALL.into_iter().enumerate() {
            let (rubric, answers) = case(&criteria, on_unsure, VoteRule::Majority);
            let judged = aggregate(&rubric, &answers);
            assert_eq!(word(&judged.decision), vector["outcome"][at].as_str().unwrap(), "{}", vector["name"]);
            assert_eq!((share(judged.low), share(judged.high)), (vector["low"].as_f64().unwrap(), vector["high"].as_f64().unwrap()));
        }
    }
}

/// The outcome with `on_unsure: broken`.
fn decides(criteria: &[(&str, u32, &[&str])], rule: VoteRule, expected: &str) {
    let (rubric, answers) = case(criteria, OnUnsure::Broken, rule);
    assert_eq!(word(&aggregate(&rubric, &answers).decision), expected, "{criteria:?} {rule:?}");
}

#[test]
fn a_must_that_fails_decides_whatever_is_unsure() {
    decides(&[("must", 1, &["not_met"]), ("must", 1, &["unsure"])], VoteRule::Majority, "fail");
}

#[test]
fn the_threshold_is_exact() {
    // 0.1 + 0.7 is below 0.8 in binary floating point.
    decides(&[("should", 1, &["met"]), ("should", 7, &["met"]), ("should", 2, &["not_met"])], VoteRule::Majority, "pass");
    decides(&[("should", 1, &["met"]), ("should", 6, &["met"]), ("should", 2, &["not_met"])], VoteRule::Majority, "fail");
}

#[test]
fn votes_are_counted_by_their_rule() {
    let must = |votes: &'static [&'static str], rule, expected| decides(&[("must", 1, votes)], rule, expected);
    must(&["met", "met", "not_met"], VoteRule::Majority, "pass");
    must(&["met", "not_met", "not_met"], VoteRule::Majority, "fail");
    must(&["met", "unsure", "not_met"], VoteRule::Majority, "broken");
    must(&["met", "met", "unsure", "unsure"], VoteRule::Majority, "broken");
    must(&["met", "met", "met"], VoteRule::Unanimous, "pass");
    must(&["met", "met", "not_met"], VoteRule::Unanimous, "broken");
    must(&["not_met", "not_met", "not_met"], VoteRule::Unanimous, "fail");
    must(&["met", "met", "not_met"], VoteRule::Veto, "fail");
    must(&["met", "met", "unsure"], VoteRule::Veto, "pass");
    must(&["met", "unsure", "unsure"], VoteRule::Veto, "broken");
}

#[test]
fn a_veto_on_a_must_not_is_a_vote_that_it_was_met() {
    decides(&[("must_not", 1, &["not_met", "not_met", "met"])], VoteRule::Veto, "fail");
    decides(&[("must_not", 1, &["not_met", "not_met", "not_met"])], VoteRule::Veto, "pass");
    decides(&[("must_not", 1, &["met", "not_met", "not_met"])], VoteRule::Majority, "pass");
}

#[test]
fn a_criterions_own_rule_comes_first() {
    let (mut rubric, answers) = case(&[("must", 1, &["met", "met", "not_met"])], OnUnsure::Broken, VoteRule::Majority);
    assert_eq!(aggregate(&rubric, &answers).decision, Decision::Pass);
    rubric.criteria[0].vote_rule = Some(VoteRule::Veto);
    assert_eq!(aggregate(&rubric, &answers).decision, Decision::Fail);
}

fn problem() -> JudgeProblem {
    JudgeProblem { code: "judge-timeout".into(), message: "m".into(), details: vec![] }
}

#[test]
fn a_fault_is_never_a_pass_and_never_the_agents_failure() {
    let criteria: &[(&str, u32, &[&str])] = &[("must", 1, &["met"]), ("should", 9, &["met"]), ("should", 1, &["met"])];
    for at in 0..3 {
        for on_unsure in ALL {
            let (rubric, mut answers) = case(criteria, on_unsure, VoteRule::Majority);
            answers.criteria[at].fault = Some(problem());
            assert_eq!(aggregate(&rubric, &answers).decision, Decision::Broken(problem()));
        }
    }
    // What was answered properly still fails the agent.
    let (rubric, mut answers) = case(&[("must", 1, &["not_met"]), ("must", 1, &[])], OnUnsure::Warn, VoteRule::Majority);
    answers.criteria[1].fault = Some(problem());
    assert_eq!(aggregate(&rubric, &answers).decision, Decision::Fail);
}

#[test]
fn a_judge_that_is_compromised_fails_nobody() {
    let (rubric, mut answers) = case(&[("must", 1, &["not_met"])], OnUnsure::Fail, VoteRule::Majority);
    answers.fault = Some(problem());
    assert_eq!(aggregate(&rubric, &answers).decision, Decision::Broken(problem()));
}

#[test]
fn what_was_never_asked_is_no_pass() {
    let criteria: &[(&str, u32, &[&str])] = &[("should", 9, &["met"]), ("should", 1, &["met"])];
    let (rubric, mut answers) = case(criteria, OnUnsure::Warn, VoteRule::Majority);
    answers.criteria.pop();
    assert_eq!(word(&aggregate(&rubric, &answers).decision), "broken");
    let (rubric, mut answers) = case(criteria, OnUnsure::Warn, VoteRule::Majority);
    answers.criteria[0].votes.clear();
    assert_eq!(word(&aggregate(&rubric, &answers).decision), "broken");
    answers.not_asked = Some("off".into());
    assert_eq!(aggregate(&rubric, &answers).decision, Decision::NotAsked("off".into()));
}

#[test]
fn evidence_that_was_made_up_is_the_judges_fault_and_never_a_failure() {
    let decided = |votes: &[(&str, bool)], on_unsure| {
        let words: Vec<&str> = votes.iter().map(|(word, _)| *word).collect();
        let (rubric, mut answers) = case(&[("must", 1, &words)], on_unsure, VoteRule::Majority);
        for (vote, (_, made_up)) in answers.criteria[0].votes.iter_mut().zip(votes) {
            vote.turned = made_up.then(|| UNVERIFIED.to_owned());
        }
        match aggregate(&rubric, &answers).decision {
            Decision::Broken(fault) => fault.code,
            decision => format!("{decision:?}"),
        }
    };
    assert_eq!(decided(&[("unsure", true)], OnUnsure::Fail), "judge-made-up");
    assert_eq!(decided(&[("met", false), ("unsure", true)], OnUnsure::Fail), "judge-made-up");
    assert_eq!(decided(&[("unsure", true)], OnUnsure::Warn), "Unsure(Warn)");
    assert_eq!(decided(&[("unsure", false)], OnUnsure::Fail), "Unsure(Fail)");
    assert_eq!(decided(&[("unsure", true), ("unsure", false)], OnUnsure::Fail), "Unsure(Fail)");
    assert_eq!(decided(&[("met", false), ("not_met", false)], OnUnsure::Fail), "Unsure(Fail)");
    assert_eq!(decided(&[("not_met", false), ("unsure", true), ("not_met", false)], OnUnsure::Fail), "Fail");
}
