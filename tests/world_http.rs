//! The scripted HTTP server, each promise broken once: by what the agent asks, and by what the suite says.

#[expect(dead_code, reason = "other tests use the rest of it")]
mod program;

use program::project::{Project, Said};

/// Whether there is a client; without one these tests have nobody to speak for the agent.
fn curl() -> bool {
    let found = std::process::Command::new("curl").arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: curl is not installed");
    }
    found
}

/// An agent that carries out its prompt as a shell does, the routes of one fake, and the rest of one case.
fn suite(fakes: &str, case: &str) -> Project {
    Project::with(&format!(
        "suite: S\ntimeout: 20s\nagent: {{protocol: command-line, command: [sh, -c, 'eval \"$1\"', sh]}}\n\
         fakes:\n{fakes}\ncases:\n  - name: asks\n{case}"
    ))
}

fn asks(routes: &str, prompt: &str) -> Option<Said> {
    expecting(routes, prompt, "{requests: {shop: {count: {gte: 1}}}}")
}

fn expecting(routes: &str, prompt: &str, expect: &str) -> Option<Said> {
    let case = format!("    prompt: |\n      {prompt}\n    expect: {expect}\n");
    curl().then(|| suite(&format!("  shop: {{http: {routes}}}"), &case).run())
}

/// The mistakes of a suite with these routes.
fn refused(routes: &str, texts: &[&str]) {
    suite(&format!("  shop: {{http: {routes}}}"), "    prompt: hi\n    expect: {reply: hi}\n").check().means(2, texts);
}

const GET: &str = "curl -sS {{shop.url}}";

#[test]
fn a_request_that_no_route_takes_names_the_nearest_and_what_differs() {
    let routes = "[{POST /pay: {status: 204}}, {POST /orders: {when: {body: {amount: 10}}, status: 201}}]";
    let Some(said) = asks(routes, "curl -sS -d '{\"amount\": 11}' {{shop.url}}/orders") else { return };
    said.means(
        1,
        &[
            "FAIL s::asks",
            "`shop` got POST /orders, and none of its 2 routes matches",
            "nearest: http[1] (POST /orders): body.amount: expected 10, got 11",
        ],
    );
}

#[test]
fn an_unknown_path_and_a_wrong_method_are_not_answered_as_if_they_were_right() {
    let routes = "[{POST /orders: {status: 201}}]";
    let Some(said) = asks(routes, "curl -sS -o /dev/null -w '%{http_code}' {{shop.url}}/orders") else { return };
    said.means(1, &["`shop` got GET /orders, and its 1 route does not match", "method: expected \"POST\", got \"GET\""]);
    asks(routes, "curl -sS -X POST {{shop.url}}/order").unwrap().means(1, &["path: expected \"/orders\", got \"/order\""]);
    asks("[]", &format!("{GET}/x")).unwrap().means(1, &["`shop` got GET /x, and it has no routes"]);
}

#[test]
fn who_only_asks_whether_somebody_is_there_fails_nothing() {
    let Some(said) = asks("[{GET /x: ok}]", "curl -sS -I {{shop.url}}/x; curl -sS -X OPTIONS {{shop.url}}/x; curl -sS {{shop.url}}/x")
    else {
        return;
    };
    said.means(0, &["1 passed"]);
}

#[test]
fn a_list_of_answers_must_be_used_up_and_gives_no_more_than_it_has() {
    let routes = "[{GET /job: [{json: 1}, {json: 2, status: 202}]}]";
    let Some(said) = asks(routes, &format!("{GET}/job")) else { return };
    said.means(1, &["`shop` gave 1 of the 2 answers of http[0] (GET /job)", "never asked for: answers[1]: status 202, 2"]);
    let said = asks(routes, &format!("{GET}/job {{{{shop.url}}}}/job {{{{shop.url}}}}/job")).unwrap();
    said.means(1, &["http[0] (GET /job) of `shop` took 3 requests, but has 2 answers"]);
    let allowed = suite(
        "  shop: {unused: allow, http: [{GET /job: [{json: 1}, {json: 2}]}]}",
        &format!("    prompt: {GET}/job\n    expect: {{reply: \"1\"}}\n"),
    );
    allowed.run().means(0, &["1 passed"]);
}

#[test]
fn failures_come_first_and_are_no_answers() {
    let codes = "for i in 1 2 3; do curl -sS -o /dev/null -w '%{http_code} ' {{shop.url}}/x; done";
    let Some(said) = expecting("[{GET /x: {fail_first: 2, answers: [{status: 201}]}}]", codes, "{reply: '503 503 201 '}") else { return };
    said.means(0, &["1 passed"]);
    let other = "[{GET /x: {fail_first: {times: 1, status: 429}, status: 204}}]";
    expecting(other, codes, "{reply: '429 204 204 '}").unwrap().means(0, &["1 passed"]);
    expecting(other, codes, "{reply: '503 204 204 '}").unwrap().means(1, &["429 204 204"]);
}

#[test]
fn what_was_stored_by_a_failure_or_under_another_key_is_not_there() {
    let routes = "[{PUT /k: {fail_first: 1, status: 204, store: {key: $.query.id}}}, {GET /k: {recall: {key: $.query.id}}}]";
    let put = "curl -sS -o /dev/null -X PUT -d '{\"v\": 1}' {{shop.url}}/k?id=a";
    let get = |id: &str| format!("curl -sS -o got.txt -w '%{{http_code}} ' {{{{shop.url}}}}/k{id}");
    let prompt = format!("{put}; {}; {put}; {}; {}; {}; cat got.txt", get("?id=a"), get("?id=b"), get(""), get("?id=a"));
    let Some(said) = expecting(routes, &prompt, "{reply: '404 404 404 200 {\"v\":1}'}") else { return };
    said.means(0, &["1 passed"]);
}

#[test]
fn a_request_without_the_key_that_is_stored_fails_the_case() {
    let routes = "[{POST /orders: {store: {key: $.body.id}}}]";
    let Some(said) = asks(routes, "curl -sS -d '{\"ID\": 1}' {{shop.url}}/orders") else { return };
    said.means(1, &["http[0] (POST /orders) of `shop` cannot store the request: it has no `$.body.id`"]);
    let said = asks(routes, "curl -sS -d '{\"id\": [1]}' {{shop.url}}/orders").unwrap();
    said.means(1, &["the key `$.body.id` is [1], and must be a text or a number"]);
}

#[test]
fn values_of_the_request_stand_in_the_answer() {
    let routes = "[{POST /a/*: {status: 201, headers: {x-id: \"{{request.body.id}}\"}, json: {path: \"{{request.path}}\", q: \"{{request.query.q?}}\", all: \"{{request.body}}\"}}}]";
    let prompt = "curl -sS -D - -d '{\"id\": 7}' {{shop.url}}/a/b";
    let Some(said) = expecting(routes, prompt, "{reply: {contains: ['x-id: 7', '{\"path\":\"/a/b\",\"all\":{\"id\":7}}']}}") else {
        return;
    };
    said.means(0, &["1 passed"]);
    // The suite names what the request has not: nobody may judge the agent by that.
    asks(routes, "curl -sS -d '{}' {{shop.url}}/a/b")
        .unwrap()
        .means(3, &["BROKEN", "http[0] (POST /a/*) of `shop` cannot be sent", "request.body.id"]);
}

#[test]
fn what_was_read_again_can_stand_in_an_envelope() {
    let routes = "[{when: {body: {path: put}}, json: {status: success}, store: {key: \"$.body.args[0].id\", value: \"$.body.args[0]\"}}, \
                  {when: {body: {path: get}}, json: {status: success, value: \"{{recalled}}\"}, recall: {key: \"$.body.args[0].id\"}}]";
    let call = |body: &str| format!("curl -sS -d '{body}' {{{{shop.url}}}}/api");
    let prompt = format!(
        r#"{}; {}"#,
        call(r#"{"path": "put", "args": [{"id": "t1", "n": 1}]}"#),
        call(r#"{"path": "get", "args": [{"id": "t1"}]}"#)
    );
    let expect = r#"{reply: '{"status":"success"}{"status":"success","value":{"id":"t1","n":1}}'}"#;
    let Some(said) = expecting(routes, &prompt, expect) else { return };
    said.means(0, &["1 passed"]);
}

#[test]
fn what_was_never_stored_may_have_a_default() {
    let routes = "[{GET /k: {recall: {key: $.query.id, default: null}, json: {value: \"{{recalled}}\"}}}, {GET /l: {recall: {key: $.query.id, default: []}}}]";
    let Some(said) = expecting(routes, "curl -sS {{shop.url}}/k?id=a {{shop.url}}/l", "{reply: '{\"value\":null}[]'}") else { return };
    said.means(0, &["1 passed"]);
}

#[test]
fn connections_break_off_where_they_are_told_to() {
    for (routes, code, body) in [
        ("[{GET /x: {body: whole, abort: reset}}]", "56", "exit"),
        ("[{GET /x: {body: whole, abort: fin}}]", "52", "exit"),
        ("[{GET /x: {body: whole, abort: half}}]", "18", "wh"),
        ("[{GET /x: {sse: [{data: 1}], abort: fin}}]", "18", "data: 1"),
    ] {
        let expect = format!("{{reply: {{starts_with: '{body}', ends_with: 'exit {code}'}}}}");
        let Some(said) = expecting(routes, &format!("{GET}/x 2>/dev/null; printf 'exit %s' $?"), &expect) else { return };
        said.means(0, &["1 passed"]);
    }
}

#[test]
fn bytes_and_files_are_sent_as_they_are() {
    if !curl() {
        return;
    }
    let fakes =
        "  shop: {http: [{GET /bytes: {body: {bytes: AP8NCg==}}}, {GET /file: {body: {from: data/a.bin}}}, {POST /raw: {status: 204}}]}";
    let case = "    prompt: 'curl -sS {{shop.url}}/bytes {{shop.url}}/file > got.bin; curl -sS --data-binary @got.bin {{shop.url}}/raw'\n    \
                expect: {requests: {shop: [{path: /raw, raw: {same_as: data/both.bin}}]}}\n";
    let project = suite(fakes, case).file("data/a.bin", b"\x00\xfe\r").file("data/both.bin", b"\x00\xff\r\n\x00\xfe\r");
    project.run().means(0, &["1 passed"]);
    let other = suite(fakes, case).file("data/a.bin", b"\x00\xfd\r").file("data/both.bin", b"\x00\xff\r\n\x00\xfe\r");
    other.run().means(1, &["the bytes of data/both.bin (7 bytes)"]);
}

#[test]
fn a_gate_that_nobody_releases_is_named_when_the_time_is_over() {
    if !curl() {
        return;
    }
    let fakes = "  shop: {http: [{GET /x: {gate: late, body: ok}}]}";
    let case = format!("    timeout: 1s\n    prompt: {GET}/x\n    expect: {{reply: ok}}\n");
    suite(fakes, &case).run().means(1, &["the gate `late` is still held; a step `release: late` lets it go"]);
}

#[test]
fn a_gate_lets_one_answer_through_for_each_release_and_those_of_two_cases_are_two() {
    if !curl() {
        return;
    }
    let fakes = "  shop: {http: [{GET /x: {gate: late, json: \"{{request.query.n}}\"}}]}";
    let held = format!("      - {{user: '{GET}/x?n=1', wait: false}}\n      - await: {{request: {{path: /x}}, fake: shop}}\n");
    let case = format!(
        "    steps:\n{held}      - quiet: turn.finished\n        for: 100ms\n      - release: late\n      - await: turn.finished\n        expect: {{reply: '\"1\"'}}\n"
    );
    let ahead = format!(
        "  - name: ahead\n    steps:\n      - release: late\n      - release: late\n      - user: '{GET}/x?n=2 {{{{shop.url}}}}/x?n=3'\n        expect: {{reply: '\"2\"\"3\"'}}\n"
    );
    suite(fakes, &(case + &ahead)).run().means(0, &["2 passed"]);
}

#[test]
fn a_route_that_no_case_of_a_run_uses_is_a_warning() {
    let Some(said) = asks("[{GET /x: ok}, {GET /old: ok}]", &format!("{GET}/x")) else { return };
    said.means(0, &["s.yaml:5:", "route 2 of `shop` was used by no case of this run"]);
    assert!(!said.text.contains("route 1"), "{}", said.text);
}

#[test]
fn a_request_that_is_awaited_and_never_comes_shows_what_came() {
    if !curl() {
        return;
    }
    let fakes = "  shop: {http: [{GET /*: ok}]}";
    let case = format!("    steps:\n      - user: {GET}/a\n      - await: {{request: {{path: /b}}, fake: shop}}\n        within: 200ms\n");
    suite(fakes, &case).run().means(1, &["the request of `shop` cannot arrive any more", "path  expected \"/b\", got \"/a\""]);
}

#[test]
fn ill_formed_routes_are_told_at_their_place() {
    for (routes, text) in [
        ("[{/x: ok}]", "`/x` does not begin with a method"),
        ("[{post /x: ok}]", "write `POST /x`"),
        ("[{GET /x?a=1: ok}]", "ask for the query by name: `when: {query: {a: …}}`"),
        ("[{when: {path: /x?a=1}, status: 200}]", "a path has no query"),
        ("[{GET /x: ok, status: 201}]", "`GET /x` and `status` stand side by side"),
        ("[{GET /x: {statsu: 201}}]", "did you mean `status`?"),
        ("[{GET /x: {when: {boddy: 1}}}]", "unknown key `boddy`"),
        ("[{GET /x: {when: {path: /y}}}]", "the route's own key says method and path"),
        ("[{GET /x: {body: a, json: {}}}]", "`body` and `json` are both bodies"),
        ("[{GET /x: {body: {bytes: '?'}}}]", "this is no base64"),
        ("[{GET /x: {body: {from: gone.txt}}}]", "there is no file `gone.txt`"),
        ("[{GET /x: {status: 99}}]", "99 is not a status of an answer"),
        ("[{GET /x: {status: 204, body: x}}]", "an answer with the status 204 has no body"),
        ("[{GET /x: {headers: {content-length: 3}}}]", "the server frames its answers itself"),
        ("[{GET /x: {headers: {'a b': 3}}}]", "`a b` cannot be the name of a header"),
        ("[{GET /x: {answers: [{status: 200}], status: 201}}]", "with `answers`, write it into each of them"),
        ("[{GET /x: {sse: [{delay: 5ms, data: x}]}}]", "`delay` and `data` are two parts of a stream"),
        ("[{GET /x: {sse: [{}]}}]", "an empty part"),
        ("[{GET /x: {json: \"{{request.body.id}} {{reqest.path}}\"}}]", "`reqest.path` is not a name that is known here"),
        ("[{when: {body: \"{{request.path}}\"}, status: 200}]", "not known in this place"),
        ("[{GET /x: 5}]", "a mapping, a list of answers in turn, or a text for the body"),
        ("[5]", "expected a mapping, found a number"),
    ] {
        refused(routes, &[text, "s.yaml:"]);
    }
}

#[test]
fn values_of_a_request_are_known_in_answers_alone() {
    let fakes = "  llm: {model: openai, script: [\"{{request.body.input}}\"]}";
    suite(fakes, "    prompt: hi\n    expect: {reply: hi}\n").check().means(2, &["`request.body.input` is not a name that is known here"]);
    let case = "    prompt: \"{{request.path}}\"\n    expect: {reply: hi}\n";
    suite("  shop: {http: []}", case).check().means(2, &["`request` is known only in the answers of an `http` fake's routes"]);
}
