//! Checks over the whole case, both signs of each kind.

use super::{Story, broken, fails, not_reached, passes};
use crate::model::trace::{Blame, What};
use serde_json::json;

/// One turn with two calls, two commands, a request and a reply.
fn story() -> Story {
    Story::new()
        .step(0, "user", "main")
        .turn(0, "main")
        .request("llm", "/v1/responses", json!({"input": "Please pay 10 EUR", "model": "m"}))
        .calls(0, "1", "search", json!({"q": "cats"}))
        .answers(0, "1", json!({"hits": [7]}))
        .command("gog", "gmail get m1")
        .calls(0, "2", "open", json!({"id": 7}))
        .event(0, "usage", json!({"input": 20, "output": 9}))
        .frame("main", Some(0), json!({"type": "done", "seq": 1}))
        .says(0, "You owe 10 EUR")
        .finishes(0, "completed")
        .step_end(0, json!({"turn": 0}))
}

#[test]
fn calls_are_found_by_name_arguments_result_and_status() {
    passes(json!({"expect": {"calls": ["search", {"open": {"id": 7}}]}}), story());
    passes(
        json!({"expect": {"calls": [{"call": "search", "status": "ok", "result": {"hits": [7]}}, {"call": "open", "status": "pending"}]}}),
        story(),
    );
    passes(json!({"expect": {"calls": {"count": 2}}}), story());
    fails(json!({"expect": {"calls": [{"search": {"q": "dogs"}}]}}), story(), "calls", "calls: ");
    fails(json!({"expect": {"calls": ["open", "search"]}}), story(), "calls", "calls: ");
    fails(json!({"expect": {"calls": [{"call": "open", "status": "ok"}]}}), story(), "calls", "calls: ");
    fails(json!({"expect": {"calls": "none"}}), story(), "calls", "calls: ");
    fails(json!({"expect": {"calls": {"exactly": ["search"]}}}), story(), "calls", "calls: ");
}

#[test]
fn a_result_that_came_before_lets_a_call_come_after() {
    passes(json!({"expect": {"calls": [{"call": "search", "as": "find"}, {"call": "open", "after": ["find"]}]}}), story());
    let batch = Story::new()
        .step(0, "user", "main")
        .turn(0, "main")
        .batched(0, 1, "call.started", json!({"id": "1", "name": "search"}))
        .batched(0, 1, "call.started", json!({"id": "2", "name": "open"}))
        .answers(0, "1", json!(1))
        .finishes(0, "completed")
        .step_end(0, json!({}));
    fails(json!({"expect": {"calls": [{"call": "search", "as": "find"}, {"call": "open", "after": ["find"]}]}}), batch, "calls", "calls: ");
}

#[test]
fn events_frames_requests_and_commands_are_lists_too() {
    passes(json!({"expect": {"events": ["call.started", "usage", {"event": {"type": "turn.finished", "status": "completed"}}]}}), story());
    fails(json!({"expect": {"events": ["turn.started"]}}), story(), "events", "events: ");
    passes(json!({"expect": {"frames": [{"type": "done"}]}}), story());
    fails(json!({"expect": {"frames": [{"type": "done", "seq": 2}]}}), story(), "frames", "frames of the agent: ");
    passes(json!({"expect": {"requests": {"llm": [{"path": "/v1/responses", "body": {"contains": "10 EUR"}}]}}}), story());
    fails(json!({"expect": {"requests": {"llm": [{"path": "/v1/chat"}]}}}), story(), "requests", "requests to `llm`: ");
    fails(json!({"expect": {"requests": {"api": [{"path": "/"}]}}}), story(), "requests", "requests to `api`: ");
    passes(json!({"expect": {"commands": {"gog": {"exactly": ["gmail get *"]}}}}), story());
    fails(json!({"expect": {"commands": {"gog": ["gmail send *"]}}}), story(), "commands", "calls of the command `gog`: ");
    passes(json!({"expect": {"sent": "none"}}), story());
    fails(json!({"expect": {"sent": [{"type": "x"}]}}), story(), "sent", "frames sent to the agent: ");
}

#[test]
fn a_failed_list_tells_what_was_there() {
    let finding = super::only(&json!({"expect": {"calls": [{"search": {"q": "dogs"}}]}}), story());
    let crate::model::outcome::FindingVerdict::Fail(failure) = finding.verdict else { panic!("it fails") };
    assert!(failure.actual.contains("call 0 `search` {\"q\":\"cats\"}"), "{failure:#?}");
    let expected =
        "calls: expected search {args: {q: \"dogs\"}}; closest: call 0 search {\"q\":\"cats\"}, args.q expected \"dogs\", got \"cats\"";
    assert_eq!(failure.message, expected);
    assert!(failure.details.join("\n").contains("args.q"), "{failure:#?}");
}

#[test]
fn the_reply_is_the_last_message_of_the_last_turn() {
    passes(json!({"expect": {"reply": {"contains": "10 EUR"}}}), story());
    passes(json!({"expect": {"reply": "You owe 10 EUR"}}), story());
    fails(json!({"expect": {"reply": {"contains": "20 EUR"}}}), story(), "reply", "You owe 10 EUR");
    let silent = Story::new().step(0, "user", "main").turn(0, "main").finishes(0, "completed").step_end(0, json!({}));
    fails(json!({"expect": {"reply": "x"}}), silent, "reply", "there is no reply: turn 0 (session main) said nothing");
    passes(
        json!({"expect": {"reply": {"absent": true}}}),
        Story::new().step(0, "user", "main").turn(0, "main").finishes(0, "completed").step_end(0, json!({})),
    );
}

#[test]
fn a_reply_of_several_sessions_is_mains() {
    let steps = json!([{"user": "a", "session": "other"}, {"user": "b"}, {"user": "c", "session": "other"}]);
    let story = || Story::new().user(0, "other", "first").user(1, "main", "second").user(2, "other", "third");
    passes(json!({"steps": steps, "expect": {"reply": "second"}}), story());
    fails(json!({"steps": steps, "expect": {"reply": "third"}}), story(), "reply", "second");
}

#[test]
fn without_a_turn_there_is_no_reply_to_check() {
    let story = Story::new().step(0, "disconnect", "main").step_end(0, json!({}));
    fails(json!({"steps": [{"disconnect": true}], "expect": {"reply": "x"}}), story, "reply", "no turn was begun");
}

#[test]
fn at_sees_one_value_or_a_list_of_them() {
    passes(json!({"expect": {"at": {"$.calls[0].args.q": "cats"}}}), story());
    passes(json!({"expect": {"at": {"$.calls[*].name": ["search", "open"]}}}), story());
    passes(json!({"expect": {"at": {"$.calls[5].name": {"absent": true}}}}), story());
    fails(json!({"expect": {"at": {"$.calls[0].args.q": "dogs"}}}), story(), "at", "`$.calls[0].args.q`: expected");
    fails(json!({"expect": {"at": {"$.calls[5].name": "x"}}}), story(), "at", "`$.calls[5].name`: expected");
    fails(json!({"expect": {"at": {"$.turns[?@.session == 'bob'].reply": ["x"]}}}), story(), "at", "expected");
}

#[test]
fn a_path_that_leads_nowhere_says_how_far_it_leads() {
    let finding = super::only(&json!({"expect": {"at": {"$.replies[*]": {"optional": null}}}}), story());
    let crate::model::outcome::FindingVerdict::Fail(failure) = finding.verdict else { panic!("it fails") };
    assert!(failure.message.contains("there is no `$.replies`"), "{failure:#?}");
    assert!(failure.details[0].starts_with("`$` has reply, text, calls"), "{failure:#?}");
}

#[test]
fn a_fake_that_nobody_asked_has_an_empty_list() {
    passes(
        json!({"fakes": {"api": "model", "gh": "command"}, "expect": {"at": {"$.requests.api[*]": {"length": 0}, "$.commands.gh[*]": {"length": 0}}}}),
        story(),
    );
}

#[test]
fn usage_timing_and_exit_are_values() {
    passes(json!({"expect": {"usage": {"total": 29, "input": {"lte": 20}}}}), story());
    fails(json!({"expect": {"usage": {"total": {"lt": 29}}}}), story(), "usage", "the usage, at `total`: expected");
    fails(json!({"expect": {"usage": {"cached": {"gte": 0}}}}), story(), "usage", "the usage");
    let silent = || Story::new().user(0, "main", "x");
    fails(json!({"expect": {"usage": {"total": {"gte": 0}}}}), silent(), "usage", "reported no usage");
    passes(json!({"expect": {"timing": {"first_text": {"lt": 100}, "turn": {"lt": 100}, "total": {"lt": 100}}}}), story());
    let slow =
        || Story::new().step(0, "user", "main").turn(0, "main").after(500.0).says(0, "x").finishes(0, "completed").step_end(0, json!({}));
    fails(json!({"expect": {"timing": {"first_text": {"lt": 500}}}}), slow(), "timing", "at `first_text`");
    fails(json!({"expect": {"timing": {"turn": {"lt": 500}}}}), slow(), "timing", "at `turn`");
    let exit = |code, signal| Story::new().user(0, "main", "x").push(What::Exit { code, signal });
    passes(json!({"expect": {"exit": 0}}), exit(Some(0), None));
    fails(json!({"expect": {"exit": 0}}), exit(Some(1), None), "exit", "the exit status: expected 0, got 1");
    passes(json!({"expect": {"exit": {"signal": 9}}}), exit(None, Some(9)));
    fails(json!({"expect": {"exit": 0}}), silent(), "exit", "not known");
}

#[test]
fn every_turn_is_timed() {
    let story = Story::new()
        .user(0, "main", "x")
        .step(1, "user", "main")
        .turn(1, "main")
        .after(500.0)
        .finishes(1, "completed")
        .step_end(1, json!({}));
    fails(json!({"steps": [{"user": "a"}, {"user": "b"}], "expect": {"timing": {"turn": {"lt": 400}}}}), story, "timing", "turn 1");
}

#[test]
fn egress_none_means_no_attempt_at_a_host_that_is_not_let_through() {
    let tried = |allowed| {
        let what = What::Egress { host: "evil.example".into(), port: 443, method: "CONNECT".into(), path: None, allowed, fake: None };
        Story::new().user(0, "main", "x").push(what)
    };
    passes(json!({"expect": {"egress": "none"}}), story());
    passes(json!({"expect": {"egress": "none"}}), tried(true));
    fails(json!({"expect": {"egress": "none"}}), tried(false), "egress", "evil.example:443");
    passes(json!({"expect": {"egress": [{"host": "evil.example"}]}}), tried(false));
    fails(json!({"expect": {"egress": [{"host": "evil.example"}]}}), story(), "egress", "outbound connections: ");
    fails(json!({"never": {"egress": [{"host": {"ends_with": ".example"}}]}}), tried(true), "egress", "must never be");
}

#[test]
fn files_are_unchanged_absent_or_hold_something() {
    let file = |content: Option<&str>, changed| {
        Story::new().user(0, "main", "x").push(What::File { path: "a.txt".into(), content: content.map(str::to_owned), changed })
    };
    passes(json!({"expect": {"files": {"a.txt": {"unchanged": true}}}}), file(Some("a"), false));
    fails(json!({"expect": {"files": {"a.txt": {"unchanged": true}}}}), file(Some("b"), true), "files", "was changed; now it is \"b\"");
    fails(json!({"expect": {"files": {"a.txt": {"unchanged": true}}}}), file(None, true), "files", "now it is gone");
    passes(json!({"expect": {"files": {"a.txt": {"absent": true}}}}), file(None, false));
    fails(json!({"expect": {"files": {"a.txt": {"absent": true}}}}), file(Some("x"), true), "files", "there must be no file `a.txt`");
    passes(json!({"expect": {"files": {"a.txt": {"contains": "done"}}}}), file(Some("all done"), true));
    fails(json!({"expect": {"files": {"a.txt": {"contains": "done"}}}}), file(Some("no"), true), "files", "the file `a.txt`: expected");
    fails(json!({"expect": {"files": {"a.txt": "x"}}}), file(None, false), "files", "the file `a.txt`: expected");
    broken(
        json!({"expect": {"files": {"a.txt": {"absent": true}}}}),
        story(),
        Blame::Harness,
        "does not tell what became of the file `a.txt`",
    );
}

#[test]
fn what_is_in_reach_is_not_failed_but_not_reached() {
    let spec = |reach| json!({"fakes": {"llm": "model"}, "reach": reach});
    passes(spec(json!({"commands": {"gog": ["gmail get *"]}})), story());
    not_reached(spec(json!({"commands": {"gog": ["gmail list *"]}})), story(), "not reached: calls of the command `gog`: ");
    passes(spec(json!({"delivered": {"contains": "pay 10 EUR"}})), story());
    not_reached(spec(json!({"delivered": {"contains": "admin mode"}})), story(), "not reached: it was not delivered to the model");
    not_reached(json!({"reach": {"delivered": {"contains": "pay"}}}), story(), "none of the 2 results of tools");
}

#[test]
fn a_check_points_at_its_key() {
    let finding = super::only(&json!({"expect": {"usage": {"total": 29}, "reply": "no"}}), story());
    assert_eq!(finding.span.start, 11);
    assert_eq!(finding.section, crate::model::outcome::Section::Expect);
}
#[test]
fn a_failed_list_says_what_was_wanted() {
    for (pattern, said) in [
        (json!("none"), "expected none; 2 calls too many"),
        (json!({"count": 3}), "expected their number 3; there were 2"),
        (json!({"exactly": ["search"]}), "expected exactly search; one call too many: call 1 open"),
        (
            json!(["open", "search"]),
            "expected open, then search; closest to search: call 0 search {\"q\":\"cats\"}, which matches, but not in this order",
        ),
        (json!({"any_order": ["a", "open"]}), "expected a and open, in any order; closest to a: "),
        (json!([{"call": "open", "times": 2}]), "expected open (2 times); "),
    ] {
        fails(json!({"expect": {"calls": pattern}}), story(), "calls", said);
    }
}
