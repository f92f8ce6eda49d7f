//! What templates in patterns stand for.

use super::{Story, broken, fails, passes, red};
use crate::model::outcome::FindingVerdict;
use crate::model::trace::{Blame, Cause};
use serde_json::{Value, json};

#[test]
fn a_saved_value_is_the_one_known_at_its_step() {
    let story = || {
        Story::new()
            .bind("llm.url", json!("http://x"), None, None)
            .user(0, "main", "one")
            .bind("said", json!("one"), None, None)
            .user(1, "main", "two")
            .bind("said", json!("two"), None, None)
    };
    let steps =
        |first: Value, second: Value| json!([{"user": "a", "expect": {"reply": first}}, {"user": "b", "expect": {"reply": second}}]);
    passes(json!({"steps": steps(json!("{{said}}"), json!("{{said}}")), "expect": {"reply": "{{said}}"}}), story());
    fails(json!({"steps": steps(json!("x"), json!("{{said}}"))}), story(), "reply", "\"one\"");
    passes(json!({"steps": steps(json!({"not": "{{llm.url}}"}), json!("two"))}), story());
}

#[test]
fn session_and_turn_are_those_of_the_step() {
    let story = || {
        Story::new()
            .step(0, "user", "a")
            .turn(0, "a")
            .bind("session", json!("a-key"), Some("a"), None)
            .bind("session.id", json!("s1"), Some("a"), None)
            .bind("turn.run", json!("r1"), Some("a"), Some(0))
            .says(0, "a-key s1 r1")
            .finishes(0, "completed")
            .step_end(0, json!({}))
            .step(1, "user", "b")
            .turn(1, "b")
            .bind("session", json!("b-key"), Some("b"), None)
            .bind("session.id", json!("s2"), Some("b"), None)
            .bind("turn.run", json!("r2"), Some("b"), Some(1))
            .says(1, "b-key s2 r2")
            .finishes(1, "completed")
            .step_end(1, json!({}))
    };
    let text = "{{session}} {{session.id}} {{turn.run}}";
    let steps = |a: &str, b: &str| json!([{"user": "x", "session": "a", "expect": {"reply": a}}, {"user": "y", "session": "b", "expect": {"reply": b}}]);
    passes(json!({"steps": steps(text, text)}), story());
    fails(json!({"steps": steps("{{session.id}}", text)}), story(), "reply", "expected \"s1\"");
    broken(
        json!({"steps": steps(text, text), "expect": {"at": {"$.turns[0].reply": "{{session.id}}"}}}),
        story(),
        Blame::Suite,
        "has no value",
    );
}

#[test]
fn a_name_without_a_value_is_the_suites_fault() {
    broken(json!({"expect": {"reply": "{{nobody}}"}}), Story::new().user(0, "main", "x"), Blame::Suite, "`{{nobody}}` has no value here");
    broken(json!({"never": {"reply": "{{nobody}}"}}), Story::new().user(0, "main", "x"), Blame::Suite, "`{{nobody}}` has no value here");
    broken(
        json!({"never": {"calls": [{"a": {"x": "{{nobody}}"}}]}}),
        Story::new()
            .step(0, "user", "main")
            .turn(0, "main")
            .calls(0, "1", "a", json!({"x": 1}))
            .finishes(0, "completed")
            .step_end(0, json!({})),
        Blame::Suite,
        "`{{nobody}}` has no value here",
    );
}

/// The suite is right: it was the agent that did not let the step save.
#[test]
fn a_name_that_a_failed_step_was_to_save_is_not_the_suites_fault() {
    let steps = json!([{"user": "a"}, {"user": "b", "save": {"run": "$.reply"}}]);
    let found = |name: &str| {
        let story = Story::new().step(0, "user", "main").step_failed(0, Cause::Agent, "no event came");
        let spec = json!({"steps": steps, "expect": {"at": {"$.reply": name}, "turn": "failed"}});
        red(&spec, &story.end()).into_iter().find(|finding| finding.check == "at").expect("it cannot hold").verdict
    };
    let FindingVerdict::Fail(failure) = found("{{run}}") else { panic!("it is the agent's") };
    assert_eq!(failure.message, "`at` could not be checked: `{{run}}` was to be saved by step 2 (`user`), which did not come so far");
    assert!(matches!(found("{{other}}"), FindingVerdict::Broken(Blame::Suite, _)));
}

#[test]
fn a_value_of_a_turn_that_the_agent_did_not_tell_is_its_fault() {
    let story = || Story::new().user(0, "main", "x");
    fails(json!({"expect": {"reply": "{{turn.run}}"}}), story(), "reply", "the agent did not tell it");
    broken(json!({"never": {"reply": "{{turn.run}}"}}), story(), Blame::Suite, "has no value here");
}

#[test]
fn a_member_of_a_saved_value_has_a_name_too() {
    let story = Story::new().bind("doc", json!({"id": 7}), None, None).step(0, "user", "main").turn(0, "main");
    let story = story.calls(0, "1", "open", json!({"id": 7})).finishes(0, "completed").step_end(0, json!({}));
    passes(json!({"expect": {"calls": [{"open": {"id": "{{doc.id}}"}}]}}), story);
}

#[test]
fn what_is_redacted_stays_so() {
    let story = Story::new().bind("secrets.key", json!("«key»"), None, None).user(0, "main", "the key is «key»");
    fails(json!({"never": {"reply": {"contains": "{{secrets.key}}"}}}), story, "reply", "«key»");
}

#[test]
fn holds_tests_only_what_the_verb_returned() {
    let expect = super::spec::expect(&json!({"value": {"length": {"gte": 2}}, "reply": "x"}), false);
    let scope: indexmap::IndexMap<String, Value> = [("n".to_owned(), json!(1))].into();
    assert_eq!(crate::checks::holds(&expect, &json!({"value": [1, 2]}), &scope), Ok(()));
    let error = crate::checks::holds(&expect, &json!({"value": [1]}), &scope).expect_err("too short");
    assert!(error.contains("the `value` of this step"), "{error}");
    assert!(crate::checks::holds(&expect, &json!({}), &scope).is_err());
    let expect = super::spec::expect(&json!({"status": "{{n}}"}), false);
    assert_eq!(crate::checks::holds(&expect, &json!({"status": 1}), &scope), Ok(()));
    assert!(crate::checks::holds(&expect, &json!({"status": 2}), &scope).is_err());
}
