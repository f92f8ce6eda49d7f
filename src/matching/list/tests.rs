//! Lists as suites write them: verdicts, and the words of a failure.
//!
//! Owns: the tests of this folder.
//! Must not know: which method decides.

use super::{Entry, ListVerdict, check, first_match, forbidden, nearest};
use crate::matching::testing::read_well;
use crate::model::pattern::ListKind::{self, Calls, Commands, Errors, Events, Frames, Requests};
use crate::model::template::Nothing;
use indexmap::IndexMap;
use serde_json::{Value, json};

/// Each call in a batch of its own, its result delivered before the next one.
fn call(name: &str, args: Value) -> Value {
    json!({"name": name, "args": args, "status": "ok", "result": null})
}

fn entries(values: &[Value]) -> Vec<Entry<'_>> {
    let entry = |(index, value): (usize, &'_ Value)| {
        let batch = value.get("batch").and_then(Value::as_u64).unwrap_or(index as u64);
        (index, batch, value.get("status") != Some(&json!("pending")))
    };
    let places: Vec<_> = values.iter().enumerate().map(entry).collect();
    let mut sessions: IndexMap<&str, usize> = IndexMap::new();
    values
        .iter()
        .zip(places)
        .map(|(value, (index, batch, delivered))| {
            let session = value.get("session").and_then(Value::as_str).unwrap_or("main");
            let place = sessions.entry(session).or_default();
            *place += 1;
            let delivered = delivered.then_some(2 * batch + 1);
            Entry { value, index, session_index: *place - 1, session, issued: 2 * batch, batch, delivered }
        })
        .collect()
}

fn verdict(kind: ListKind, pattern: &str, values: &[Value]) -> ListVerdict {
    let pattern = read_well(pattern, |reader, node| reader.list(node, kind));
    check(&pattern, &entries(values), &Nothing)
}

fn passes(kind: ListKind, pattern: &str, values: &[Value]) -> ListVerdict {
    let verdict = verdict(kind, pattern, values);
    assert!(verdict.passed, "{pattern}\n{}\n{}", verdict.message, verdict.details.join("\n"));
    verdict
}

/// Fails, and says each of these.
fn fails(kind: ListKind, pattern: &str, values: &[Value], says: &[&str]) {
    let verdict = verdict(kind, pattern, values);
    assert!(!verdict.passed && verdict.fault.is_none(), "{pattern} must fail: {:?}", verdict.fault);
    let told = format!("{}\n{}", verdict.message, verdict.details.join("\n"));
    for words in says {
        assert!(told.contains(words), "`{words}` is not in\n{told}");
    }
}

#[test]
fn order_ignores_what_comes_between() {
    let calls = ["a", "x", "b"].map(|name| call(name, json!({})));
    passes(Calls, "[a, b]", &calls);
    fails(
        Calls,
        "[b, a]",
        &calls,
        &["1 of 2 items unmatched (in order", "✓ #1 b", "✗ #2 a", "call 0 a {} — matches, but it came before #1 (call 2)"],
    );
}

#[test]
fn none_and_exactly_close_the_list() {
    passes(Calls, "none", &[]);
    fails(Calls, "none", &[call("a", json!({}))], &["one call too many: call 0 a", "nothing else is allowed"]);
    let two = [call("a", json!({})), call("b", json!({}))];
    passes(Calls, "{exactly: [a, b]}", &two);
    fails(Calls, "{exactly: [a]}", &two, &["extra call 1 b"]);
    fails(Calls, "{exactly: [b, a]}", &two, &["unmatched"]);
    passes(Calls, "{any_order: [b, a], extra: forbid}", &two);
    fails(Calls, "{any_order: [b], extra: {allow: [c*]}}", &two, &["extra call 0 a", "nothing that `extra` allows"]);
}

#[test]
fn a_count_is_a_condition_of_its_own() {
    let calls = [call("a", json!({})), call("b", json!({}))];
    passes(Calls, "{count: 2}", &calls);
    passes(Calls, "{count: {lte: 20}, in_order: [a]}", &calls);
    fails(Calls, "{count: {gte: 3}}", &calls, &["expected a number ≥ 3 for the number of calls, got 2 calls"]);
    fails(Calls, "{count: 3, in_order: [c]}", &calls, &["unmatched", "got 2 calls"]);
}

#[test]
fn the_nearest_candidate_and_its_fields_are_told() {
    let calls = [call("search", json!({"q": "cats"})), call("opem", json!({"id": 7})), call("open", json!({"id": 9}))];
    fails(
        Calls,
        "{any_order: [search, {call: open, args: {id: 7}, status: ok}]}",
        &calls,
        &["closest: call 2 open {\"id\":9}", "~ args.id  expected 7, got 9", "= status \"ok\"", "other: call 1 opem", "did you mean opem?"],
    );
    fails(Calls, "[open_file]", &[], &["there was no call at all"]);
}

#[test]
fn two_items_are_not_shown_the_same_candidate_first() {
    let calls = [call("pay", json!({"to": "A", "n": 1})), call("pay", json!({"to": "B", "n": 1}))];
    let pattern = "{any_order: [{pay: {to: A, n: 2}}, {pay: {to: A, n: 3}}]}";
    fails(Calls, pattern, &calls, &["closest: call 0 pay", "closest: call 1 pay"]);
}

#[test]
fn what_cannot_hold_together_is_told() {
    let calls = ["Paris", "Rome", "Oslo"].map(|city| call("w", json!({"c": city})));
    let pattern = "{any_order: [{w: {c: {one_of: [Paris, Rome]}}}, {w: {c: Paris}}, {w: {c: {matches: '^(Paris|Rome)$'}}}]}";
    fails(Calls, pattern, &calls, &["conflict: items #1, #2, #3 together need 3 calls; only calls 0, 1 match any of them"]);
    let same = [call("a", json!({})), call("a", json!({})), call("a", json!({}))];
    let pattern = "{any_order: [{call: a, times: 1}, {call: a, times: {lte: 1}}]}";
    fails(Calls, pattern, &same, &["conflict: calls 0, 1, 2 must each be matched; items #1, #2 together take only 2"]);
}

#[test]
fn times_zero_forbids() {
    passes(Calls, "[a, {call: b, times: 0}]", &[call("a", json!({}))]);
    fails(
        Calls,
        "[a, {call: b, times: 0}]",
        &[call("a", json!({})), call("b", json!({}))],
        &["it matches closed item #2 (0 times at most)"],
    );
}

#[test]
fn too_few_are_counted() {
    let calls = [call("a", json!({"n": 1})), call("a", json!({"n": 2}))];
    fails(Calls, "[{call: a, times: {gte: 3}}]", &calls, &["✗ #1 a  (2 of 3 times)"]);
    passes(Calls, "[{call: a, times: {gte: 2}}]", &calls);
}

#[test]
fn a_saved_value_is_bound_while_matching() {
    let search = |id: u64| json!({"name": "search", "args": {}, "status": "ok", "result": {"hits": [{"id": id}]}});
    let open = |id: u64| call("open", json!({"id": id}));
    let pattern = "{any_order: [{call: search, save: {doc: '$.result.hits[0].id'}}, {open: {id: '{{doc}}'}}]}";
    passes(Calls, pattern, &[search(7), search(9), open(9)]);
    fails(Calls, pattern, &[search(7), open(9)], &["doc = 7 from call 0 $.result.hits[0].id", "~ args.id  expected 7, got 9"]);
    let mut together = [search(7), open(7)];
    together[1]["batch"] = json!(0);
    fails(Calls, pattern, &together, &["it was issued in the same batch as #1 (call 0)"]);
    fails(Calls, pattern, &[json!({"name": "search", "args": {}, "status": "ok"}), open(7)], &["✗ #2 open"]);
    fails(Calls, pattern, &[search(1), search(2), open(9)], &["2 ways to bind the saved values were tried"]);
}

#[test]
fn a_value_that_was_not_saved_fails_even_what_is_negated() {
    let search = |result: Value| json!({"name": "search", "args": {}, "status": "ok", "result": result});
    let pattern = "[{call: search, save: {doc: $.result.id}}, {open: {id: {not: '{{doc}}'}}}]";
    passes(Calls, pattern, &[search(json!({"id": 7})), call("open", json!({"id": 8}))]);
    fails(Calls, pattern, &[search(json!({"id": 7})), call("open", json!({"id": 7}))], &["✗ #2 open"]);
    fails(Calls, pattern, &[search(json!({})), call("open", json!({"id": 8}))], &["✗ #2 open", "doc = nothing from call 0"]);
    let closed = "[{call: search, save: {doc: $.result.id}}, {call: open, args: {id: {not: '{{doc}}'}}, times: 1}]";
    let calls = [search(json!({"id": 7})), call("open", json!({"id": 8})), call("open", json!({"id": 7}))];
    fails(Calls, closed, &calls, &["extra call 2 open"]);
}

#[test]
fn a_closed_item_reads_saved_values_as_any() {
    let search = json!({"name": "search", "args": {}, "status": "ok", "result": {"id": 7}});
    let open = |id: u64| call("open", json!({"id": id}));
    let pattern = "[{call: search, save: {doc: $.result.id}}, {call: open, args: {id: '{{doc}}'}, times: 1}]";
    passes(Calls, pattern, &[search.clone(), open(7)]);
    fails(Calls, pattern, &[search, open(7), open(8)], &["extra call 2 open", "closed item #2"]);
}

#[test]
fn after_needs_the_result_not_only_the_order() {
    let pattern = "[{call: policy, as: p}, {call: refund, after: [p]}]";
    passes(Calls, pattern, &[call("policy", json!({})), call("refund", json!({}))]);
    let pending = json!({"name": "policy", "args": {}, "status": "pending"});
    fails(Calls, pattern, &[pending, call("refund", json!({}))], &["before the result was delivered of #1 (call 0)"]);
}

#[test]
fn an_order_that_holds_only_within_a_batch_is_a_lint() {
    let mut calls = [call("policy", json!({})), call("refund", json!({}))];
    assert!(passes(Calls, "[policy, refund]", &calls).lints.is_empty());
    calls[1]["batch"] = json!(0);
    let verdict = passes(Calls, "[policy, refund]", &calls);
    assert!(verdict.lints[0].contains("issued in parallel (calls 0 and 1); use `after:`"), "{:?}", verdict.lints);
}

#[test]
fn index_counts_in_the_list_or_in_the_session() {
    let values = [
        json!({"name": "a", "args": {}, "session": "s1"}),
        json!({"name": "a", "args": {}, "session": "s2"}),
        json!({"name": "b", "args": {}, "session": "s2"}),
    ];
    passes(Calls, "[{call: b, index: 2}]", &values);
    passes(Calls, "[{call: b, session: s2, index: 1}]", &values);
    fails(Calls, "[{call: b, index: {lt: 2}}]", &values, &["~ index  expected a number < 2, got 2"]);
    fails(Calls, "[{call: a, session: s2, index: 1}]", &values, &["~ index  expected 1, got 0"]);
    fails(Calls, "[{call: b, session: s1}]", &values, &["~ session  expected \"s1\", got \"s2\""]);
    passes(Calls, "[{call: a, index: 0, times: 1}]", &values);
}

#[test]
fn each_kind_of_list_has_its_own_short_form() {
    passes(Events, "[turn.*, {type: usage, input: {gt: 1}}]", &[json!({"type": "turn.started"}), json!({"type": "usage", "input": 5})]);
    passes(Frames, "[{event: chat, payload: {state: final}}]", &[json!({"event": "chat", "payload": {"state": "final", "x": 1}})]);
    passes(
        Requests,
        "[POST /v1/*, {body: {contains: hi}}]",
        &[json!({"method": "POST", "path": "/v1/x", "body": "x"}), json!({"body": {"a": "hi"}})],
    );
    passes(Commands, "[gmail get *, {argv: {has: send}}]", &[json!({"argv": ["gmail", "get", "m 1"]}), json!({"argv": ["gmail", "send"]})]);
    passes(Errors, "['*boom*', {code: 5}]", &[json!({"message": "a boom!"}), json!({"code": 5})]);
    passes(Calls, "[{one_of: [a, b]}, {call: {matches: '^c'}, args: {x: 1}}]", &[call("b", json!({})), call("cd", json!({"x": 1}))]);
    fails(Events, "[turn.finished]", &[json!({"type": "turn.started"})], &["~ type  expected \"turn.finished\", got turn.started"]);
    fails(Commands, "[gmail get]", &[json!({"argv": ["gmail", "get", "m1"]})], &["~ argv  expected \"gmail get\", got gmail get m1"]);
    fails(Calls, "[{one_of: [a, b]}]", &[call("c", json!({}))], &["~ name  expected one of \"a\", \"b\", got \"c\""]);
}

#[test]
fn arguments_that_are_no_object_fail_every_pattern_over_them() {
    let raw = [json!({"name": "exec", "args": "{\"a\": 1, \"a\": 2}", "status": "ok"})];
    passes(Calls, "[exec]", &raw);
    fails(Calls, "[{exec: {contains: a}}]", &raw, &["~ args  expected arguments that are a JSON object, got"]);
    fails(Calls, "[{exec: {a: 1}}]", &raw, &["arguments that are a JSON object"]);
}

#[test]
fn a_hole_without_a_value_is_a_fault_not_a_failure() {
    let verdict = verdict(Calls, "[{open: {id: '{{nobody}}'}}]", &[call("open", json!({"id": 1}))]);
    assert!(!verdict.passed && verdict.fault.is_some_and(|fault| fault.contains("nobody")));
}

#[test]
fn the_budget_is_a_fault_not_a_failure() {
    // Every item could take nearly every call, and the last one can never be satisfied.
    let mut calls: Vec<Value> = (0..40).map(|n| json!({"name": "a", "args": {"n": n}, "status": "ok", "result": {"id": n}})).collect();
    calls.push(call("z", json!({"x": -1})));
    let savers: Vec<String> = (0..6).map(|n| format!("{{call: a, save: {{v{n}: $.result.id}}}}")).collect();
    let uses: Vec<String> = (0..6).map(|n| format!("k{n}: '{{{{v{n}}}}}'")).collect();
    let pattern = format!("{{any_order: [{}, {{z: {{{}}}}}]}}", savers.join(", "), uses.join(", "));
    let fault = verdict(Calls, &pattern, &calls).fault;
    // The last call lacks the keys, so no assignment is tried at all: the item can match nothing.
    assert_eq!(fault, None);
    calls[40]["args"] = json!({"k0": -1, "k1": -1, "k2": -1, "k3": -1, "k4": -1, "k5": -1});
    let fault = verdict(Calls, &pattern, &calls).fault;
    assert!(fault.as_ref().is_some_and(|fault| fault.contains("matcher budget")), "{fault:?}");
}

#[test]
fn a_single_item_finds_its_first_entry() {
    let calls = [call("a", json!({"n": 1})), call("b", json!({})), call("a", json!({"n": 2}))];
    let item = |text: &str| read_well(text, |reader, node| reader.item(node, Calls));
    assert_eq!(first_match(&item("{a: {n: {gt: 1}}}"), &entries(&calls), &Nothing), Ok(Some(2)));
    assert_eq!(first_match(&item("c"), &entries(&calls), &Nothing), Ok(None));
    assert!(first_match(&item("{a: {n: '{{nobody}}'}}"), &entries(&calls), &Nothing).is_err());
}

#[test]
fn what_is_forbidden_must_be_able_to_match() {
    let calls = [call("pay", json!({"to": {"iban": "X"}, "n": "500"})), call("rm", json!({"path": "/"}))];
    let broken = |text: &str| {
        let item = read_well(text, |reader, node| reader.item(node, Calls));
        forbidden(&item, &entries(&calls), &Nothing)
    };
    assert_eq!(broken("rm"), Ok(vec![1]));
    assert_eq!(broken("{rm: {path: /home}}"), Ok(vec![]));
    assert_eq!(broken("{call: '*', times: {gte: 2}}"), Ok(vec![0, 1]));
    assert_eq!(broken("{call: '*', times: {gte: 3}}"), Ok(vec![]));
    for text in ["{pay: {to: X}}", "{pay: {n: {gt: 100}}}", "{rm: {path: {root: true}}}"] {
        assert!(broken(text).is_err_and(|reason| reason.contains("cannot match call")), "{text}");
    }
    assert_eq!(broken("{rm: {path: {root: true}, force: true}}"), Ok(vec![]), "it differs in more than the shape");
}

#[test]
fn what_arrived_is_listed_nearest_first() {
    let events = [json!({"type": "text.delta"}), json!({"type": "turn.started"}), json!({"type": "turn.finish", "status": "x"})];
    let item = read_well("{event: turn.finished}", |reader, node| reader.item(node, Events));
    let lines = nearest(&item, &entries(&events), &Nothing, 2);
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("event 2 ") && lines[0].contains("did you mean turn.finish?"), "{lines:?}");
}

#[test]
fn a_long_list_is_decided_at_once() {
    let frames: Vec<Value> = (0..10_000).map(|n| json!({"type": "delta", "n": n, "s": n % 7})).collect();
    let seven = "[{frame: {n: 5}}, {frame: {s: 1}, times: {gte: 100}}, {frame: {n: 9999}}]";
    passes(Frames, seven, &frames);
    passes(Frames, "{any_order: [{frame: {type: delta}, times: {gte: 9000}}, {n: 3}]}", &frames);
    passes(Frames, "[{frame: {n: 5}, as: x}, {frame: {n: 9999}, after: [x]}]", &frames);
    fails(Frames, "{exactly: [{n: 0}]}", &frames, &["9999 frames too many", "and 9994 more"]);
}
