//! A scripted world that does not fit the agent: asked too much, too little, or for something else.

use crate::program::project::Project;

/// The reference agent with fakes, and the rest of one case.
fn case(fakes: &str, case: &str) -> Project {
    Project::with(&format!("suite: S\ntimeout: 2s\nagent: reference\nfakes:\n{fakes}cases:\n  - name: greets\n{case}"))
}

const GREETS: &str = "    prompt: Hello\n    expect: {reply: Hi}\n";

#[test]
fn a_mocked_command_called_by_an_unmatched_argv_names_the_nearest_rule() {
    // unmatched-command
    let fakes = "  llm: {model: openai, script: [{tool_call: {name: exec, args: {command: gog mail send 1}}}, Hi]}\n  \
                 gog: {command: [{when: mail list *, stdout: x}, {when: calendar *, stdout: y}]}\n";
    let project = case(fakes, GREETS);
    let said = project.run();
    said.means(1, &["FAIL s::greets", "no rule of the mocked command `gog` matches `mail send 1`", "mail list *"]);
    let trace = project.trace("greets");
    assert!(trace.contains("unmatched-command") && trace.contains(r#""exit":127"#), "{trace}");
}

#[test]
fn a_rule_that_spells_out_the_argv_can_be_the_nearest_one() {
    let fakes = "  llm: {model: openai, script: [{tool_call: {name: exec, args: {command: gog mail send 1}}}, Hi]}\n  \
                 gog: {command: [{when: mail list *, stdout: x}, {when: {argv: [mail, send, \"2\"]}, stdout: y}]}\n";
    case(fakes, GREETS).run().means(1, &["no rule of the mocked command `gog` matches `mail send 1`", "nearest is rule 2", "argv[2]"]);
}

#[test]
fn a_command_with_a_path_for_its_name_is_refused_at_its_place() {
    let fakes = "  llm: {model: openai, script: [Hi]}\n  bin/gog: {command: [{stdout: x}]}\n";
    case(fakes, GREETS)
        .check()
        .means(2, &["error[wrong-value]: `bin/gog` cannot be the name of a mocked command", "s.yaml:6:3", "by PATH"]);
}

#[test]
fn a_model_rule_asks_for_a_tool_by_its_name_and_for_a_request_by_its_number() {
    let rules = |tool: &str| {
        format!(
            "  llm:\n    model: openai\n    rules:\n    - {{when: {{tool_offered: {tool}, nth: 1}}, reply: Hi}}\n    \
             - {{reply: there is no such tool}}\n"
        )
    };
    case(&rules("exec"), GREETS).run().means(0, &["1 passed"]);
    case(&rules("{contains: exec}"), GREETS).run().means(0, &["1 passed"]);
    case(&rules("shell"), GREETS).run().means(1, &["there is no such tool"]);
}

#[test]
fn a_hundred_mocked_calls_at_once_are_all_recorded() {
    let suite = "suite: S\ntimeout: 30s\nagent:\n  protocol: command-line\n  command: [sh, -c, 'i=0; while [ $i -lt 100 ]; do gog get $i & \
                 i=$((i+1)); done; wait; echo Hi']\nfakes: {gog: {command: [{when: get *, stdout: \"\"}]}}\ncases:\n  \
                 - {name: greets, prompt: Hello, expect: {reply: {contains: Hi}, commands: {gog: {count: 100}}}}\n  \
                 - {name: counts, prompt: Hello, expect: {reply: {contains: Hi}, commands: {gog: {count: 99}}}}\n";
    let project = Project::with(suite);
    project.run().means(1, &["1 passed, 1 failed", "FAIL s::counts"]);
    for number in [0, 37, 99] {
        assert!(project.trace("greets").contains(&format!(r#""argv":["get","{number}"]"#)), "call {number} is lost");
    }
}

#[test]
fn a_model_asked_for_one_reply_too_many_says_how_many_there_are() {
    // unmatched-request
    let project = case("  llm: {model: openai, script: [{tool_call: {name: exec, args: {command: echo a}}}]}\n", GREETS);
    project.run().means(1, &["FAIL s::greets", "`llm` was asked 2 times, but its script has 1 reply", "tool_result: \"a"]);
    assert!(project.trace("greets").contains("unmatched-request"));
}

#[test]
fn a_request_that_no_rule_matches_names_the_nearest_rule() {
    let rules = "  llm: {model: openai, rules: [{when: {last_user: {contains: Bob}}, reply: Hi}]}\n";
    case(rules, GREETS).run().means(1, &["FAIL s::greets", "`llm`", "last_user", "Bob"]);
}

#[test]
fn a_script_that_is_not_used_up_names_what_was_left() {
    // unused-replies, unused-answers
    let project = case("  llm: {model: openai, script: [Hi, Ho, {refusal: No}]}\n", GREETS);
    project.run().means(1, &["FAIL s::greets", "2 of 3 replies of `llm`", "script[1]: the text \"Ho\""]);
    assert!(project.trace("greets").contains("unused-replies"));
    case("  llm: {model: openai, script: [Hi, Ho], unused: allow}\n", GREETS).run().means(0, &["1 passed"]);
    let fakes = "  llm: {model: openai, script: [{tool_call: {name: exec, args: {command: gog a}}}, Hi]}\n  \
                 gog: {command: [{when: a, answers: [{stdout: x}, {stdout: y}]}]}\n";
    let project = case(fakes, GREETS);
    project.run().means(1, &["`gog` gave 1 of the 2 answers of rule 1", "unused: allow"]);
    assert!(project.trace("greets").contains("unused-answers"));
}

#[test]
fn a_websocket_connection_that_nobody_makes_is_named() {
    // unused-rows
    let fakes = "  llm: {model: openai, script: [Hi]}\n  side: {websocket: [{rows: [[{type: hello}]]}]}\n";
    let project = case(fakes, GREETS);
    project.run().means(1, &["FAIL s::greets", "connection 1 of `side` was never made", "rows[0]: [{\"type\":\"hello\"}]"]);
    assert!(project.trace("greets").contains("unused-rows"));
    case(&fakes.replace("]]}]}", "]]}], unused: allow}"), GREETS).run().means(0, &["1 passed"]);
}

#[test]
fn a_gate_that_nobody_releases_is_named() {
    let gate = "  llm: {model: openai, script: [[{gate: g}, Hi]]}\n";
    let project = case(gate, GREETS);
    project.run().means(1, &["FAIL s::greets", "time limit of 2.00s ran out", "the gate `g` is still held", "release: g"]);
    let awaits = "    steps: [{user: Hello, wait: false}, {await: turn.finished, within: 300ms}]\n    expect: {reply: Hi}\n";
    let said = case(gate, awaits).run();
    said.means(1, &["`turn.finished` did not arrive within 300ms", "the gate `g` is still held"]);
}

#[test]
fn a_request_that_is_no_json_is_recorded_as_what_it_was() {
    // ill-formed-request
    let suite = "suite: S\ntimeout: 5s\nagent:\n  protocol: command-line\n  command: [bash, -c, 'host=${OPENAI_BASE_URL#http://}; \
                 exec 3<>/dev/tcp/${host%%:*}/$(echo $host | sed \"s/.*:\\([0-9]*\\).*/\\1/\"); \
                 printf \"POST /${host#*/}/responses HTTP/1.1\\r\\nhost: x\\r\\ncontent-length: 5\\r\\nconnection: close\\r\\n\\r\\n{oops\" >&3; \
                 cat <&3 >/dev/null; echo Hi']\nfakes: {llm: {model: openai, rules: [{reply: Hi}]}}\n\
                 cases: [{name: greets, prompt: Hello, expect: {reply: {contains: Hi}}}]\n";
    let project = Project::with(suite);
    project.run().means(1, &["FAIL s::greets", "`llm`", "JSON"]);
    assert!(project.trace("greets").contains("ill-formed-request"));
}

/// What can never happen must not look as if it had been survived.
#[test]
fn faults_of_a_model_that_is_asked_over_realtime_are_no_green() {
    let suite = "suite: S\nagent: {protocol: openai-realtime, url: \"{{llm.ws}}/v1/realtime\", settings: {api_key: k}}\n\
         fakes: {llm: {model: openai, faults: [malformed], script: [Hi]}}\n\
         cases: [{name: greets, prompt: Hello, expect: {reply: Hi}}]\n";
    let texts = ["BROKEN (suite)", "`llm` has `faults`, which do nothing on Realtime", "write what goes wrong into the reply"];
    Project::with(suite).run().means(3, &texts);
}
