//! Checks in steps: which part of the run they see, and what a step that failed means.

use super::{Story, broken, fails, passes, red};
use crate::model::outcome::FindingVerdict;
use crate::model::trace::{Blame, Cause, What};
use serde_json::{Value, json};

fn two_turns() -> Story {
    Story::new()
        .step(0, "user", "main")
        .turn(0, "main")
        .calls(0, "1", "search", json!({}))
        .answers(0, "1", json!(1))
        .says(0, "Shall I?")
        .finishes(0, "completed")
        .step_end(0, json!({}))
        .step(1, "user", "main")
        .turn(1, "main")
        .calls(1, "2", "create", json!({}))
        .answers(1, "2", json!(1))
        .command("gog", "send")
        .says(1, "Done")
        .finishes(1, "completed")
        .step_end(1, json!({}))
}

fn two(first: Value, second: Value) -> Value {
    let mut steps = [json!({"user": "a"}), json!({"user": "b"})];
    for (step, more) in steps.iter_mut().zip([first, second]) {
        step.as_object_mut().expect("a mapping").extend(more.as_object().expect("a mapping").clone());
    }
    json!({"steps": steps})
}

#[test]
fn a_step_sees_its_own_turn_only() {
    passes(
        two(json!({"expect": {"reply": "Shall I?", "calls": {"exactly": ["search"]}, "commands": {"gog": "none"}}}), json!({})),
        two_turns(),
    );
    passes(
        two(json!({}), json!({"expect": {"reply": "Done", "calls": {"exactly": ["create"]}, "commands": {"gog": ["send"]}}})),
        two_turns(),
    );
    passes(two(json!({"never": {"calls": ["create"]}}), json!({"never": {"calls": ["search"]}})), two_turns());
    fails(two(json!({"expect": {"reply": "Done"}}), json!({})), two_turns(), "reply", "Shall I?");
    fails(two(json!({"expect": {"calls": ["create"]}}), json!({})), two_turns(), "calls", "calls: ");
    fails(two(json!({}), json!({"never": {"calls": ["create"]}})), two_turns(), "calls", "must never be was there: call 1 `create`");
    fails(two(json!({}), json!({"expect": {"commands": {"gog": "none"}}})), two_turns(), "commands", "gog");
}

#[test]
fn the_index_counts_from_the_beginning_of_the_case() {
    passes(two(json!({}), json!({"expect": {"calls": [{"call": "create", "index": 1}]}})), two_turns());
    fails(two(json!({}), json!({"expect": {"calls": [{"call": "create", "index": 0}]}})), two_turns(), "calls", "calls: ");
}

#[test]
fn at_in_a_step_sees_the_document_of_that_step() {
    passes(two(json!({"expect": {"at": {"$.calls[*].name": ["search"], "$.reply": "Shall I?"}}}), json!({})), two_turns());
    fails(two(json!({}), json!({"expect": {"at": {"$.calls[*].name": ["search"]}}})), two_turns(), "at", "$.calls[*].name");
}

#[test]
fn a_user_step_that_does_not_wait_has_its_whole_turn() {
    let story = || {
        Story::new()
            .step(0, "user", "bob")
            .turn(0, "bob")
            .step_end(0, json!({}))
            .step(1, "user", "ana")
            .turn(1, "ana")
            .calls(0, "1", "of_bob", json!({}))
            .says(1, "Hello Ana")
            .finishes(1, "completed")
            .step_end(1, json!({}))
            .step(2, "await", "bob")
            .says(0, "Hello Bob")
            .answers(0, "1", json!(1))
            .command("gog", "x")
            .finishes(0, "completed")
            .step_end(2, json!({"type": "turn.finished", "session": "bob", "turn": 0, "status": "completed"}))
    };
    let steps = |bob: Value, ana: Value, wait: Value| {
        json!({"steps": [
            {"user": "I am Bob", "session": "bob", "expect": bob},
            {"user": "I am Ana", "session": "ana", "expect": ana},
            {"await": "turn.finished", "session": "bob", "expect": wait}
        ]})
    };
    let bob = json!({"reply": "Hello Bob", "calls": ["of_bob"], "commands": {"gog": ["x"]}});
    passes(
        steps(bob, json!({"reply": "Hello Ana", "calls": "none"}), json!({"reply": "Hello Bob", "calls": ["of_bob"], "turn": "completed"})),
        story(),
    );
    fails(steps(json!({}), json!({"calls": ["of_bob"]}), json!({})), story(), "calls", "there was no call at all");
    fails(steps(json!({}), json!({}), json!({"reply": "Hello Ana"})), story(), "reply", "Hello Bob");
}

#[test]
fn a_reply_at_a_step_without_a_turn_fails() {
    let story = Story::new().user(0, "main", "x").step(1, "disconnect", "main").step_end(1, json!({}));
    fails(
        json!({"steps": [{"user": "a"}, {"disconnect": true, "expect": {"reply": "x"}}]}),
        story,
        "reply",
        "step 2 (`disconnect`) has no turn",
    );
}

#[test]
fn a_step_that_failed_fails_once_and_those_after_it_are_not_reached() {
    let story = || Story::new().step(0, "user", "main").turn(0, "main").step_failed(0, Cause::Agent, "the turn did not end within 30s");
    let steps = json!([{"user": "a", "expect": {"reply": "x", "calls": ["a"]}}, {"user": "b", "expect": {"reply": "y"}}, {"await": "x"}]);
    let found = red(&json!({"steps": steps}), &story().end());
    let messages: Vec<_> = found
        .iter()
        .map(|finding| match &finding.verdict {
            FindingVerdict::Fail(failure) => (finding.step, failure.message.as_str(), failure.details.len()),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        (Some(0), "step 1 (`user`): the turn did not end within 30s", 1),
        (Some(1), "step 2 (`user`) and 1 after it were not reached because step 1 (`user`) failed", 0),
    ];
    assert_eq!(messages, expected);
}

#[test]
fn what_must_never_be_counts_also_in_a_step_that_failed() {
    let story = Story::new().step(0, "user", "main").turn(0, "main").calls(0, "1", "rm", json!({})).step_failed(0, Cause::Agent, "late");
    let found = red(&json!({"steps": [{"user": "a", "never": {"calls": ["rm"]}}], "never": {"calls": ["rm"]}}), &story.end());
    let checks: Vec<_> = found.iter().map(|finding| (finding.check.as_str(), finding.step)).collect();
    assert_eq!(checks, [("user", Some(0)), ("calls", Some(0)), ("calls", None)]);
}

#[test]
fn a_run_cut_short_by_others_is_broken_and_not_judged_by_what_it_lacks() {
    let story = || Story::new().step(0, "user", "main").turn(0, "main").step_failed(0, Cause::Broken(Blame::Fake), "the fake went away");
    let spec = json!({"expect": {"reply": "x", "calls": ["a"]}, "reach": {"calls": ["a"]}, "never": {"calls": ["rm"]}});
    broken(spec, story(), Blame::Fake, "the fake went away");
    let found = red(&json!({"steps": [{"user": "a"}, {"user": "b"}], "expect": {"reply": "x"}}), &story().end());
    assert!(
        found.len() == 2 && found.iter().all(|finding| matches!(finding.verdict, FindingVerdict::Broken(Blame::Fake, _))),
        "{found:#?}"
    );
}

#[test]
fn an_agent_that_did_not_start_makes_the_case_broken() {
    let story = Story::new().problem(Some(Blame::AgentStart), "agent-exited", "the agent exited with 1");
    let found = red(&json!({"expect": {"reply": "x"}}), &story.end());
    let messages: Vec<_> = found
        .iter()
        .map(|finding| match &finding.verdict {
            FindingVerdict::Broken(Blame::AgentStart, failure) => failure.message.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(messages, ["the agent exited with 1"]);
}

#[test]
fn a_trace_without_a_step_or_an_end_is_never_green() {
    broken(two(json!({}), json!({})), Story::new().user(0, "main", "x"), Blame::Harness, "the trace does not tell why");
    let found = red(&json!({"expect": {"reply": "x"}}), &Story::new().user(0, "main", "x").cut());
    assert!(matches!(found.as_slice(), [finding] if finding.check == "trace"), "{found:#?}");
    let open = Story::new().step(0, "user", "main").turn(0, "main").says(0, "x");
    let found = red(&json!({"expect": {"reply": "x"}}), &open.end());
    assert!(matches!(&found[0].verdict, FindingVerdict::Fail(failure) if failure.message == "step 1 (`user`) did not end"), "{found:#?}");
}

#[test]
fn a_trace_of_another_suite_is_not_judged_by_this_one() {
    broken(
        json!({"steps": [{"await": "x"}]}),
        Story::new().user(0, "main", "x"),
        Blame::Suite,
        "step 1 was `user` there and is `await` here",
    );
}

#[test]
fn what_a_verb_returned_is_checked() {
    let story = |value: Value| Story::new().step(0, "rpc", "main").step_end(0, value);
    let spec = |expect: Value| json!({"steps": [{"rpc": "chat.send", "expect": expect}]});
    passes(spec(json!({"result": {"status": "ok"}})), story(json!({"result": {"status": "ok", "n": 1}})));
    fails(spec(json!({"result": {"status": "ok"}})), story(json!({"result": {"status": "no"}})), "result", "at `status`: expected");
    passes(spec(json!({"error": {"code": "X"}})), story(json!({"result": null, "error": {"code": "X"}})));
    fails(spec(json!({"error": {"code": "X"}})), story(json!({"result": 1, "error": null})), "error", "the `error` of this step");
    passes(spec(json!({"error": {"absent": true}})), story(json!({"result": 1, "error": null})));
    passes(spec(json!({"error": null})), story(json!({"result": 1, "error": null})));
    fails(spec(json!({"result": 1})), story(json!({})), "result", "expected 1");
}

#[test]
fn a_refusal_fails_the_step_unless_it_is_expected() {
    let story = |value: Value| Story::new().step(0, "rpc", "main").step_end(0, value);
    fails(
        json!({"steps": [{"rpc": "x"}]}),
        story(json!({"error": {"code": "NO"}})),
        "rpc",
        "step 1 (`rpc`) was refused: `error` is {\"code\":\"NO\"}",
    );
    passes(json!({"steps": [{"rpc": "x", "expect": {"error": {"code": "NO"}}}]}), story(json!({"error": {"code": "NO"}})));
    passes(json!({"steps": [{"rpc": "x"}]}), story(json!({"result": 1, "error": null})));
    let refused = Story::new().step(0, "connect", "main").step_end(0, json!({"closed": {"code": 1008}}));
    fails(json!({"steps": [{"connect": {}}]}), refused, "connect", "`closed` is {\"code\":1008}");
}

#[test]
fn usage_and_timing_of_a_step_are_its_own() {
    let story = || {
        two_turns()
            .step(2, "user", "main")
            .turn(2, "main")
            .after(300.0)
            .event(2, "usage", json!({"input": 1, "output": 1}))
            .finishes(2, "completed")
            .step_end(2, json!({}))
    };
    let spec = |expect: Value| json!({"steps": [{"user": "a", "expect": {"timing": {"turn": {"lt": 100}}}}, {"user": "b"}, {"user": "c", "expect": expect}]});
    passes(spec(json!({"usage": {"total": 2}, "timing": {"total": {"gte": 300}}})), story());
    fails(spec(json!({"timing": {"turn": {"lt": 300}}})), story(), "timing", "turn 2");
}

#[test]
fn an_end_of_the_process_may_come_just_after_its_step() {
    let story = Story::new()
        .user(0, "main", "x")
        .push(What::Exit { code: Some(0), signal: None })
        .user(1, "main", "y")
        .push(What::Exit { code: Some(1), signal: None });
    passes(two(json!({"expect": {"exit": 0}}), json!({"expect": {"exit": 1}})), story);
}

#[test]
fn an_awaited_end_that_names_no_turn_is_of_the_latest_turn_of_its_session() {
    let story = Story::new()
        .step(0, "user", "main")
        .turn(0, "main")
        .step_end(0, json!({}))
        .step(1, "await", "main")
        .says(0, "late")
        .finishes(0, "completed")
        .step_end(1, json!({"type": "turn.finished", "session": "main", "turn": null}));
    passes(json!({"steps": [{"user": "a"}, {"await": "turn.finished", "expect": {"reply": "late"}}]}), story);
}
