//! Scripted models, broken on purpose: each promise about them is broken once, and the program says so.

#[expect(dead_code, reason = "shared with other tests")]
mod program;

use program::project::{Project, Said};

/// A suite with the reference agent, which asks for a stream of Responses.
fn suite(fake: &str) -> Project {
    Project::with(&format!(
        "suite: S\ntimeout: 10s\nagent: reference\nfakes: {{llm: {fake}}}\ncases: [{{name: greets, prompt: Hello, expect: {{reply: Hi}}}}]\n"
    ))
}

fn run(fake: &str) -> Said {
    suite(fake).run()
}

fn check(fake: &str) -> Said {
    suite(fake).check()
}

#[test]
fn a_vendor_that_has_not_the_wire_fails_the_case_and_the_right_one_is_named() {
    for vendor in ["anthropic", "openrouter"] {
        let said = run(&format!("{{model: {vendor}, script: [Hi]}}"));
        said.means(1, &["FAIL s::greets", &format!("`model: {vendor}` has no such path, `model: openai` has it")]);
    }
    run("{model: any, script: [Hi]}").means(0, &[]);
}

#[test]
fn a_hosted_call_is_refused_at_load_where_no_wire_has_it() {
    let call = "script: [[{mcp_call: {server: s, name: f, output: ok}}, {text: Hi}]]";
    check(&format!("{{model: openrouter, {call}}}")).means(2, &["not-on-this-wire", "s.yaml:4:"]);
    check(&format!("{{model: openai, {call}}}")).means(0, &[]);
    run(&format!("{{model: openai, {call}}}")).means(0, &[]);
}

#[test]
fn a_fake_that_would_send_what_no_provider_sends_is_broken() {
    for (part, says) in [
        ("{tool_call: {name: exec, args: {}, id: \"\"}}", "the id of the call of `exec` is empty"),
        ("{tool_call: {name: \"\", args: {}}}", "the name of a tool call is empty"),
        ("{mcp_call: {server: s, name: f, args: [1]}}", "a provider sends an object"),
        ("{event: {name: \"a\\nb\", data: {}}}", "the name of an event has a line break"),
    ] {
        run(&format!("{{model: openai, script: [[{part}, {{text: Hi}}]]}}")).means(3, &["BROKEN", "fake", says]);
    }
}

#[test]
fn what_is_asked_for_is_sent_however_ill_formed() {
    for part in ["{raw: \": anything\\n\\n\"}", "{event: {name: odd, data: {}}}", "{event: {type: response.odd}}", "{ping: true}"] {
        run(&format!("{{model: openai, script: [[{part}, {{text: Hi}}]]}}")).means(0, &[]);
    }
    run("{model: openai, script: [[{raw: \"data: {not-json\\n\\n\"}, {text: Hi}]]}").means(1, &["FAIL s::greets"]);
}

#[test]
fn a_header_that_cannot_be_sent_is_refused_at_load() {
    for (http, says) in [
        ("{status: 429, headers: {\"a b\": x}}", "`a b` cannot be the name of a header"),
        ("{status: 429, headers: {\"a:\": x}}", "`a:` cannot be the name of a header"),
        ("{status: 204, body: x}", "an answer of this status has no body"),
    ] {
        check(&format!("{{model: openai, script: [{{http: {http}}}]}}")).means(2, &["wrong-value", says, "s.yaml:4:"]);
    }
    check("{model: openai, script: [{http: {status: 204}}, {http: {status: 429, headers: {x-a_b.c: 1}}}]}").means(0, &[]);
}

#[test]
fn parts_that_contradict_themselves_are_refused_at_load() {
    for (part, says) in [
        ("{mcp_call: {server: s, name: f, output: a, error: b}}", "`output` and `error` are both given"),
        ("{reasoning: {text: a, signature: b}, signature: c}", "`signature` is given twice"),
        ("{event: surprise}", "expected a mapping"),
        ("{ping: twice}", "`true` or `false`"),
    ] {
        check(&format!("{{model: openai, script: [{part}]}}")).means(2, &[says, "s.yaml:4:"]);
    }
}

#[test]
fn a_broken_off_or_failed_response_is_no_reply() {
    for end in ["{fail: boom}", "{error: boom}", "{abort: fin}"] {
        run(&format!("{{model: openai, script: [[{{text: Hi}}, {end}]]}}")).means(1, &["FAIL s::greets"]);
    }
}
