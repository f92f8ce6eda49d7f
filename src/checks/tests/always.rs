//! What always holds: turns complete, no errors, no problems, the invariants of the protocol.

use super::{Story, broken, fails, passes, red};
use crate::model::outcome::{FindingVerdict, Section};
use crate::model::trace::Blame;
use serde_json::{Value, json};

fn ended(status: &str, error: Option<&str>) -> Story {
    let mut story = Story::new().step(0, "user", "main").turn(0, "main");
    if let Some(message) = error {
        story = story.event(0, "error", json!({"message": message, "code": "E"}));
    }
    story.finishes(0, status).step_end(0, json!({}))
}

fn step(expect: Value) -> Value {
    json!({"steps": [{"user": "a", "expect": expect}]})
}

#[test]
fn a_turn_completes_unless_something_else_is_expected() {
    passes(json!({}), ended("completed", None));
    fails(json!({}), ended("failed", None), "turn", "turn 0 (session main) must complete, but it ended as `failed`");
    fails(json!({}), ended("failed", Some("overloaded")), "turn", "`failed`: overloaded");
    passes(json!({"expect": {"turn": "failed"}}), ended("failed", Some("overloaded")));
    passes(step(json!({"turn": {"one_of": ["failed", "aborted"]}})), ended("aborted", None));
    fails(json!({"expect": {"turn": "failed"}}), ended("completed", None), "turn", "expected");
    passes(json!({"expect": {"turn": {"status": "failed", "error": {"contains": "overloaded"}}}}), ended("failed", Some("overloaded")));
    fails(json!({"expect": {"turn": {"error": {"contains": "rate"}}}}), ended("failed", Some("overloaded")), "turn", "error");
}

#[test]
fn a_turn_of_the_case_is_every_turn() {
    let story = || Story::new().user(0, "main", "x").step(1, "user", "main").turn(1, "main").finishes(1, "failed").step_end(1, json!({}));
    let steps = json!([{"user": "a"}, {"user": "b"}]);
    fails(json!({"steps": steps, "expect": {"turn": "completed"}}), story(), "turn", "turn 1");
    fails(json!({"steps": steps, "expect": {"turn": "failed"}}), story(), "turn", "turn 0");
    passes(json!({"steps": [{"user": "a"}, {"user": "b", "expect": {"turn": "failed"}}]}), story());
    fails(
        json!({"steps": [{"user": "a", "expect": {"turn": "completed"}}, {"user": "b"}]}),
        story(),
        "turn",
        "turn 1 (session main) must complete",
    );
}

#[test]
fn a_turn_that_never_ended_is_not_complete() {
    let story = Story::new().step(0, "user", "main").turn(0, "main").step_end(0, json!({}));
    fails(json!({}), story, "turn", "must complete, but it did not end");
}

#[test]
fn where_no_turn_was_begun_nothing_is_checked() {
    passes(json!({"steps": [{"disconnect": true}]}), Story::new().step(0, "disconnect", "main").step_end(0, json!({})));
    fails(
        json!({"steps": [{"disconnect": true}], "expect": {"turn": "failed"}}),
        Story::new().step(0, "disconnect", "main").step_end(0, json!({})),
        "turn",
        "no turn was begun",
    );
}

#[test]
fn there_are_no_errors_unless_they_are_expected() {
    fails(
        json!({}),
        ended("completed", Some("overloaded")),
        "errors",
        "expected no errors, got an error of the agent: \"overloaded\" (code \"E\")",
    );
    fails(json!({}), ended("completed", None).stray("main", "error", json!({"message": "late"})), "errors", "late");
    passes(json!({"expect": {"errors": "allow"}}), ended("completed", Some("overloaded")));
    passes(json!({"expect": {"errors": ["over*"]}}), ended("completed", Some("overloaded")));
    passes(step(json!({"errors": [{"message": {"contains": "over"}}]})), ended("completed", Some("overloaded")));
    fails(json!({"expect": {"errors": ["rate*"]}}), ended("completed", Some("overloaded")), "errors", "errors: ");
    fails(json!({"expect": {"errors": "none"}}), ended("completed", Some("overloaded")), "errors", "errors: ");
    fails(json!({"expect": {"errors": ["over*"]}}), ended("completed", None), "errors", "errors: ");
}

#[test]
fn the_errors_of_a_turn_that_completes_as_expected_are_not_allowed() {
    fails(json!({"expect": {"turn": "completed"}}), ended("completed", Some("odd")), "errors", "odd");
}

#[test]
fn only_the_errors_of_the_turn_that_should_fail_are_allowed() {
    let story = ended("failed", Some("overloaded")).step(1, "user", "main").turn(1, "main").event(1, "error", json!({"message": "other"}));
    let story = story.finishes(1, "completed").step_end(1, json!({}));
    fails(json!({"steps": [{"user": "a", "expect": {"turn": "failed"}}, {"user": "b"}]}), story, "errors", "other");
}

#[test]
fn a_connection_that_breaks_in_a_turn_is_an_error() {
    let story = Story::new().step(0, "user", "main").turn(0, "main").stray("main", "closed", json!({"code": 1006}));
    let story = story.finishes(0, "completed").step_end(0, json!({}));
    fails(json!({}), story, "errors", "an error of the transport");
}

#[test]
fn a_problem_fails_the_case_or_breaks_it() {
    let story = |blame| Story::new().user(0, "main", "x").problem(blame, "unmatched-request", "no rule matches POST /x");
    fails(json!({}), story(None), "fakes", "no rule matches POST /x");
    broken(json!({}), story(Some(Blame::Fake)), Blame::Fake, "no rule matches");
    let twice = story(None).problem(None, "unmatched-request", "no rule matches POST /x");
    fails(json!({}), twice, "fakes", "no rule matches POST /x (2 times)");
    let finding = super::only(&json!({}), Story::new().user(0, "main", "x").problem(None, "approval-unmatched", "no rule"));
    assert_eq!((finding.check.as_str(), finding.section), ("approvals", Section::Always));
}

#[test]
fn a_turn_ends_once() {
    let spec = json!({"invariants": ["one_terminal_per_turn"]});
    let twice = || ended("completed", None).stray("main", "turn.finished", json!({"status": "failed"}));
    passes(spec.clone(), ended("completed", None));
    fails(spec, twice(), "one_terminal_per_turn", "turn 0 (session main) ended 2 times: `completed`");
    passes(json!({}), twice());
    passes(json!({"invariants": ["one_terminal_per_turn"], "expect": {"invariants": "off"}}), twice());
    passes(json!({"invariants": ["one_terminal_per_turn"], "expect": {"invariants": {"without": ["one_terminal_per_turn"]}}}), twice());
    fails(
        json!({"invariants": ["one_terminal_per_turn"], "expect": {"invariants": {"without": ["calls_have_results"]}}}),
        twice(),
        "one_terminal_per_turn",
        "ended 2 times",
    );
}

#[test]
fn a_call_has_its_result_before_its_turn_ends() {
    let spec = json!({"invariants": ["calls_have_results"]});
    let begun = || Story::new().step(0, "user", "main").turn(0, "main").calls(0, "1", "search", json!({}));
    passes(spec.clone(), begun().answers(0, "1", json!(1)).finishes(0, "completed").step_end(0, json!({})));
    fails(spec.clone(), begun().finishes(0, "completed").step_end(0, json!({})), "calls_have_results", "call 0 `search`");
    fails(spec, begun().finishes(0, "completed").answers(0, "1", json!(1)).step_end(0, json!({})), "calls_have_results", "call 0 `search`");
    let left_out = json!({"invariants": ["calls_have_results"], "steps": [{"user": "a", "expect": {"invariants": "off"}}]});
    passes(left_out, begun().finishes(0, "completed").step_end(0, json!({})));
}

#[test]
fn an_item_is_finished_before_its_turn_completes() {
    let spec = json!({"invariants": ["items_are_finished"]});
    let begun = || Story::new().step(0, "user", "main").turn(0, "main").event(0, "item", json!({"id": "i1", "kind": "reasoning"}));
    let finished = |id: &str| begun().event(0, "item.finished", json!({ "id": id }));
    passes(spec.clone(), finished("i1").finishes(0, "completed").step_end(0, json!({})));
    for story in [begun(), finished("i2")] {
        fails(spec.clone(), story.finishes(0, "completed").step_end(0, json!({})), "items_are_finished", "not finished: reasoning `i1`");
    }
    let late = begun().finishes(0, "completed").event(0, "item.finished", json!({"id": "i1"})).step_end(0, json!({}));
    fails(spec, late, "items_are_finished", "not finished: reasoning `i1`");
    let failed = json!({"invariants": ["items_are_finished"], "expect": {"turn": "failed"}});
    passes(failed, begun().finishes(0, "failed").step_end(0, json!({})));
}

#[test]
fn frames_are_json_objects() {
    let spec = json!({"invariants": ["frames_are_json"]});
    let story = |frame: Value| {
        let story = Story::new().step(0, "user", "main").turn(0, "main").frame("main", Some(0), frame);
        story.says(0, "hello").finishes(0, "completed").step_end(0, json!({}))
    };
    for well in [
        json!({"type": "x", "text": "y"}),
        json!({"status": 200, "headers": {}, "body": "<h1>"}),
        json!({"id": null, "event": "e", "data": {}}),
    ] {
        passes(spec.clone(), story(well));
    }
    for ill in [
        json!({"text": "{not json"}),
        json!({"bytes": "AAEC"}),
        json!(17),
        json!([{"type": "x"}]),
        json!({"id": null, "event": "e", "data": "{not"}),
    ] {
        let message = format!("frames_are_json: frame 0 (session main) is no JSON object: {ill}");
        fails(spec.clone(), story(ill), "frames_are_json", &message);
    }
    let left_out = json!({"invariants": ["frames_are_json"], "expect": {"invariants": {"without": ["frames_are_json"]}}});
    passes(left_out, story(json!(17)));
}

#[test]
fn deltas_join_to_the_text() {
    let spec = json!({"invariants": ["deltas_join_to_final"]});
    let story = |delta: &str| {
        let story = Story::new().step(0, "user", "main").turn(0, "main").event(0, "text.delta", json!({"text": "he"}));
        story.event(0, "text.delta", json!({"text": delta})).says(0, "hello").finishes(0, "completed").step_end(0, json!({}))
    };
    passes(spec.clone(), story("llo"));
    fails(spec, story("ll"), "deltas_join_to_final", "join to \"hell\", but its text is \"hello\"");
}

#[test]
fn every_check_made_is_a_finding() {
    let spec =
        super::case(&json!({"expect": {"reply": "x", "calls": "none"}, "never": {"reply": "y"}, "invariants": ["one_terminal_per_turn"]}));
    let found = super::evaluate(&spec, &Story::new().user(0, "main", "x").end());
    let checks: Vec<_> = found.iter().map(|finding| (finding.check.as_str(), finding.section)).collect();
    let expected = [
        ("calls", Section::Expect),
        ("reply", Section::Expect),
        ("reply", Section::Never),
        ("turn", Section::Always),
        ("errors", Section::Always),
        ("one_terminal_per_turn", Section::Always),
    ];
    let mut sorted = checks.clone();
    sorted[..2].sort_unstable_by_key(|(check, _)| *check);
    assert_eq!(sorted, expected);
    assert!(found.iter().all(|finding| finding.verdict == FindingVerdict::Pass));
    assert!(red(&json!({}), &Story::new().user(0, "main", "x").end()).is_empty());
}
