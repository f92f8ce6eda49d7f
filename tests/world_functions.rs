//! Tools that the client runs, each promise broken once: by what the model asks for, and by what the suite says.

#[expect(dead_code, reason = "other tests use the rest of it")]
mod program;

use program::project::{Project, Said};

/// A scripted model asks for a call, and says `Done` when it has the result; a functions fake has these rows.
fn suite(functions: &str, call: &str, rest: &str) -> Project {
    Project::with(&format!(
        "suite: S\ntimeout: 2s\nagent: {{protocol: openai-chat, url: \"{{{{llm.url}}}}\"}}\nfakes:\n  \
         llm: {{model: openai, rules: [{{when: {{has_tool_result: true}}, reply: Done}}, {{reply: [{call}]}}]}}\n  \
         tools: {{functions: {functions}}}\ncases:\n  - name: asks\n    prompt: Hi\n{rest}"
    ))
}

fn asks(functions: &str, call: &str) -> Said {
    suite(functions, call, "    expect: {reply: Done}\n").run()
}

const PARIS: &str = "{tool_call: {name: weather, args: {city: Paris}}}";

#[test]
fn a_call_is_answered_and_the_turn_goes_on() {
    asks("[{name: weather, result: sunny}]", PARIS).means(0, &["1 passed"]);
    let expect = "    expect: {calls: {exactly: [{call: weather, args: {city: Paris}, result: sunny, status: ok}]}}\n";
    suite("[{name: weather, result: sunny}]", PARIS, expect).run().means(0, &["1 passed"]);
    suite("[{name: weather, error: sunny}]", PARIS, expect).run().means(1, &["status", "expected \"ok\", got \"error\""]);
}

#[test]
fn a_call_of_a_tool_that_nobody_has_fails_the_case_with_the_nearest() {
    let said = asks("[{name: weather, result: sunny}]", "{tool_call: {name: wether, args: {}}}");
    said.means(1, &["the client was asked to run `wether`, and its functions are `weather`", "did you mean `weather`?"]);
}

#[test]
fn arguments_that_no_row_matches_fail_the_case_with_the_nearest_row() {
    let rows = "[{name: weather, when: {city: Rome}, result: rain}, {name: weather, when: {city: Oslo, day: 1}, result: snow}]";
    let said = asks(rows, "{tool_call: {name: weather, args: {city: Bergen, day: 1}}}");
    said.means(
        1,
        &["`tools` got a call of `weather` whose arguments none of its rows matches", "args.city: expected \"Oslo\", got \"Bergen\""],
    );
}

#[test]
fn arguments_that_violate_the_schema_fail_the_case() {
    let rows = "[{name: weather, schema: {type: object, required: [city], properties: {city: {type: string}}}, result: sunny}]";
    asks(rows, "{tool_call: {name: weather, args: {city: 5}}}")
        .means(1, &["whose arguments violate its schema: city: 5 is not of type \"string\""]);
    asks(rows, PARIS).means(0, &["1 passed"]);
}

#[test]
fn answers_given_in_turn_are_used_up_and_no_more() {
    let rows = "[{name: weather, answers: [{result: sunny}, {error: cloudy}]}]";
    asks(rows, PARIS).means(1, &["`tools` gave 1 of the 2 answers of rows[0] (weather)"]);
    asks(rows, &format!("{PARIS}, {PARIS}")).means(0, &["1 passed"]);
    asks(rows, &format!("{PARIS}, {PARIS}, {PARIS}")).means(1, &["rows[0] (weather) of `tools` matched 3 calls, but has 2 answers"]);
}

#[test]
fn a_gate_that_nobody_releases_is_named_when_the_time_is_over() {
    asks("[{name: weather, gate: late, result: sunny}]", PARIS).means(1, &["the gate `late` is still held"]);
}

#[test]
fn a_row_that_no_case_of_a_run_uses_is_a_warning() {
    let rows = "[{name: weather, result: sunny}, {name: old, result: 1}]";
    asks(rows, PARIS).means(0, &["row 2 of `tools` was used by no case of this run"]);
}

#[test]
fn the_model_is_offered_the_tools_and_told_the_results() {
    let rows = "[{name: weather, description: Looks., schema: {type: object}, result: {of: \"{{call.args.city}}\", id: \"{{call.id}}\"}}]";
    let expect = "    expect:\n      requests:\n        llm:\n          \
        - body: {tools: [{type: function, function: {exactly: {name: weather, description: Looks., parameters: {type: object}}}}]}\n          \
        - body: {messages: {has: {role: tool, content: {json_text: {of: Paris, id: {starts_with: call_}}}}}}\n";
    suite(rows, PARIS, expect).run().means(0, &["1 passed"]);
}

#[test]
fn ill_formed_functions_are_told_at_their_place() {
    for (rows, text) in [
        ("[{name: weather}]", "missing key `result`"),
        ("[{result: 1}]", "missing key `name`"),
        ("[{name: weather, result: 1, error: 2}]", "`result` and `error` are both answers"),
        ("[{name: weather, result: \"{{request.path}}\"}]", "`request.path` is not a name that is known here"),
        ("[{name: weather, when: {city: \"{{call.id}}\"}, result: 1}]", "`call.id` is not a name that is known here"),
        ("[{name: weather, appears: later, result: 1}]", "only an `mcp` server"),
    ] {
        suite(rows, PARIS, "    expect: {reply: Done}\n").check().means(2, &[text, "s.yaml:"]);
    }
    let agent = "suite: S\nagent: {protocol: command-line, command: [echo]}\nfakes: {tools: {functions: [{name: a, result: 1}]}}\n\
                 cases: [{name: asks, prompt: hi, expect: {reply: hi}}]\n";
    Project::with(agent).check().means(2, &["has no action `answer`, so no call of `tools` could be answered", "s.yaml:3:9"]);
}
