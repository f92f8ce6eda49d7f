//! What must never be: every item alone, attempts too, and patterns that could not have matched.

use super::{Story, broken, fails, passes};
use crate::model::trace::Blame;
use serde_json::{Value, json};

fn called(calls: &[(&str, Value)]) -> Story {
    let mut story = Story::new().step(0, "user", "main").turn(0, "main");
    for (at, (name, args)) in calls.iter().enumerate() {
        story = story.calls(0, &at.to_string(), name, args.clone());
    }
    story.says(0, "ok").finishes(0, "completed").step_end(0, json!({}))
}

#[test]
fn any_match_of_any_item_fails() {
    let never = json!({"never": {"calls": [{"exec": {"command": {"matches": "curl|wget"}}}, "rm"]}});
    passes(never.clone(), called(&[("exec", json!({"command": "ls"}))]));
    passes(never.clone(), called(&[]));
    fails(
        never.clone(),
        called(&[("exec", json!({"command": "ls"})), ("exec", json!({"command": "curl x"}))]),
        "calls",
        "must never be was there: call 1 `exec`",
    );
    fails(never, called(&[("rm", json!({}))]), "calls", "call 0 `rm`");
}

#[test]
fn an_attempt_counts_whatever_came_of_it() {
    let story = called(&[("rm", json!({}))]);
    fails(json!({"never": {"calls": ["rm"]}}), story, "calls", "rm");
    passes(json!({"never": {"calls": [{"call": "rm", "status": "ok"}]}}), called(&[("rm", json!({}))]));
}

#[test]
fn counts_may_be_forbidden() {
    let twice = || called(&[("a", json!({})), ("a", json!({}))]);
    fails(json!({"never": {"calls": {"count": {"gt": 1}}}}), twice(), "calls", "there were 2");
    passes(json!({"never": {"calls": {"count": {"gt": 2}}}}), twice());
    fails(json!({"never": {"calls": [{"call": "a", "times": {"gte": 2}}]}}), twice(), "calls", "so often");
    passes(json!({"never": {"calls": [{"call": "a", "times": {"gte": 3}}]}}), twice());
}

#[test]
fn a_forbidden_reply_is_that_of_every_turn() {
    let story = || Story::new().user(0, "main", "the secret").user(1, "other", "fine");
    let steps = json!([{"user": "a"}, {"user": "b", "session": "other"}]);
    fails(
        json!({"steps": steps, "never": {"reply": {"contains": "secret"}}}),
        story(),
        "reply",
        "the reply of turn 0 (session main) is one that must never be: the secret",
    );
    passes(json!({"steps": steps, "never": {"reply": {"contains": "password"}}}), story());
    let second = json!([{"user": "a"}, {"user": "b", "session": "other", "never": {"reply": {"contains": "secret"}}}]);
    passes(json!({"steps": second}), story());
}

#[test]
fn a_pattern_of_another_shape_breaks_the_case() {
    let text_args = || called(&[("exec", json!("rm -rf"))]);
    broken(json!({"never": {"calls": [{"exec": {"command": "rm"}}]}}), text_args(), Blame::Suite, "can never match");
    broken(json!({"never": {"reply": {"text": "x"}}}), called(&[]), Blame::Suite, "can never match");
    broken(json!({"never": {"at": {"$.calls[0].args": {"command": "x"}}}}), text_args(), Blame::Suite, "can never match");
    broken(
        json!({"steps": [{"user": "a", "never": {"calls": [{"exec": {"command": "rm"}}]}}]}),
        text_args(),
        Blame::Suite,
        "can never match",
    );
}

#[test]
fn one_value_of_the_right_shape_is_a_test() {
    let both = called(&[("exec", json!("rm")), ("exec", json!({"command": "ls"}))]);
    passes(json!({"never": {"calls": [{"exec": {"command": "rm"}}]}}), both);
    passes(json!({"never": {"calls": [{"exec": {"command": "rm"}}]}}), called(&[("other", json!("text"))]));
}

#[test]
fn values_may_be_forbidden() {
    let story = || called(&[("a", json!({"x": 1}))]);
    fails(json!({"never": {"at": {"$.calls[0].args.x": 1}}}), story(), "at", "`$.calls[0].args.x` is what must never be: 1");
    passes(json!({"never": {"at": {"$.calls[0].args.x": 2}}}), story());
    passes(json!({"never": {"at": {"$.calls[3].args.x": 1}}}), story());
    fails(json!({"never": {"at": {"$.calls[*].name": "a"}}}), story(), "at", "must never be: \"a\"");
    passes(json!({"never": {"at": {"$.calls[*].name": "b"}}}), story());
    broken(json!({"never": {"at": {"$.cals[*].name": "a"}}}), story(), Blame::Suite, "can never match");
    fails(json!({"never": {"turn": "completed"}}), story(), "turn", "must never be");
    passes(json!({"never": {"turn": {"one_of": ["failed", "aborted"]}}}), story());
    passes(json!({"never": {"usage": {"total": {"gt": 1}}}}), story());
}

#[test]
fn requests_commands_frames_and_errors_may_be_forbidden() {
    let story = || {
        Story::new()
            .step(0, "user", "main")
            .turn(0, "main")
            .request("api", "/pay", json!({"amount": 10}))
            .command("gog", "gmail send x")
            .frame("main", Some(0), json!({"stream": "tool"}))
            .event(0, "error", json!({"message": "overloaded"}))
            .finishes(0, "completed")
            .step_end(0, json!({}))
    };
    let spec = |never: Value| json!({"expect": {"errors": "allow"}, "never": never});
    fails(spec(json!({"requests": {"api": [{"path": "/pay"}]}})), story(), "requests", "request 0 POST /pay");
    fails(spec(json!({"commands": {"gog": ["gmail send *"]}})), story(), "commands", "`gog gmail send x`");
    fails(spec(json!({"frames": [{"stream": "tool"}]})), story(), "frames", "frame 0");
    fails(spec(json!({"errors": ["over*"]})), story(), "errors", "error 0 \"overloaded\"");
    passes(
        spec(
            json!({"requests": {"api": [{"path": "/get"}]}, "commands": {"gog": ["drive *"]}, "frames": [{"stream": "x"}], "errors": ["other*"]}),
        ),
        story(),
    );
}
