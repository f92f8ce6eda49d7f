//! MCP fakes, and agents spoken to over standard input, as a user meets them: each promise kept once and broken once.

#[expect(dead_code, reason = "other tests ask more of them")]
mod judges;
#[expect(dead_code, reason = "other tests look at more of a project")]
mod program;

use judges::Judge;
use program::project::{Project, Said};

const FAKES: &str = "
fakes:
  wallets:
    mcp:
      - {name: wallets.list, result: [Main, Cold]}
      - {name: wallets.get, when: {id: 1, kind: main}, result: {label: Main}}
      - {name: wallets.get, when: {id: 2}, result: {label: Cold}}
";

/// A suite of one case with checkride as client of the fake over stdio, at which `steps` happen.
fn client(fakes: &str, steps: &str) -> Project {
    Project::with(&format!(
        "suite: S\nagent: {{protocol: mcp, command: [\"{{{{wallets.command}}}}\"]}}\n{fakes}\ncases:\n  - name: c\n    steps:\n{steps}"
    ))
}

/// A suite of one case with a shell script as an agent over stdio, which speaks JSON lines.
fn agent(script: &str, more: &str, case: &str) -> Project {
    let protocol = r#"
protocol: lines
transport: stdio
rpc: {send: {id: "{{id}}", method: "{{method}}", params: "{{params?}}"}, reply: {id: "{{id}}"}, result: $.result, error: $.error}
connect: [{rpc: hello}]
actions: {user: [{send: {say: "{{text}}"}}]}
events: [{when: {text: {is: string}}, text: $.text, turn.finished: completed}]
"#;
    let suite = format!(
        "suite: S\nagent:\n  protocol: ./lines.yaml\n  command: [sh, agent.sh]\n  files: {{agent.sh: {{from: agent.sh}}}}\n{more}\ncases:\n  - name: c\n{case}"
    );
    Project::with(&suite).file("lines.yaml", protocol).file("agent.sh", script)
}

const HELLO: &str = "read -r hello; echo '{\"id\":\"r1\",\"result\":{}}'\n";
const ECHO: &str = "while read -r line; do echo '{\"text\":\"hi\"}'; done\n";

#[test]
fn a_call_that_a_row_matches_is_answered() {
    let steps = "      - {do: call, with: {name: wallets.get, args: {id: 1, kind: main}}, expect: {result: {structuredContent: {label: Main}}}}\n      - await: {request: {body: {method: tools/call}}, fake: wallets}\n";
    client(FAKES, steps).run().means(0, &["1 passed"]);
}

#[test]
fn arguments_that_no_row_matches_fail_with_the_nearest_row_and_what_differs() {
    let steps = "      - {rpc: tools/call, with: {name: wallets.get, arguments: {id: 1, kind: cold}}, expect: {error: {code: -32603}}}\n";
    let says = [
        "`wallets` got a call of `wallets.get` whose arguments none of its rows matches",
        "nearest: rows[1] (wallets.get): args.kind: expected \"main\", got \"cold\"",
        "the call: wallets.get {\"id\":1,\"kind\":\"cold\"}",
    ];
    client(FAKES, steps).run().means(1, &says);
}

#[test]
fn a_tool_that_does_not_exist_fails_with_the_nearest_name() {
    let steps =
        "      - {rpc: tools/call, with: {name: wallet.list}, expect: {error: {code: -32602, message: \"Unknown tool: wallet.list\"}}}\n";
    client(FAKES, steps).run().means(1, &["`wallets` has no tool `wallet.list`", "did you mean `wallets.list`?"]);
}

#[test]
fn answers_given_in_turn_must_all_be_given() {
    let fakes =
        |unused: &str| format!("fakes:\n  wallets:\n    mcp: [{{name: pay, answers: [{{result: one}}, {{result: two}}]}}]\n{unused}");
    let steps = "      - {do: call, with: {name: pay}, expect: {result: {content: [{text: one}]}}}\n";
    client(&fakes(""), steps).run().means(1, &["`wallets` gave 1 of the 2 answers of rows[0] (pay)", "unused: allow"]);
    client(&fakes("    unused: allow\n"), steps).run().means(0, &["1 passed"]);
    let thrice = steps.repeat(2).replace("text: one", "is: object")
        + "      - {rpc: tools/call, with: {name: pay}, expect: {error: {code: -32603}}}\n";
    client(&fakes(""), &thrice).run().means(1, &["matched 3 calls, but has 2 answers"]);
}

#[test]
fn a_gate_that_no_row_has_is_a_mistake_of_the_suite() {
    let fakes = "fakes: {wallets: {mcp: [{name: pay, appears: unlocked, result: paid}]}}";
    let list = "      - {do: list, expect: {result: {tools: {length: 0}}}}\n";
    client(fakes, &format!("{list}      - release: unlockt\n"))
        .check()
        .means(2, &["there is no gate `unlockt`", "did you mean `unlocked`?"]);
    client(fakes, &format!("{list}      - release: unlocked\n      - {{do: call, with: {{name: pay}}, expect: {{result: {{content: [{{text: paid}}]}}}}}}\n"))
        .run()
        .means(0, &["1 passed"]);
    let early = "      - {rpc: tools/call, with: {name: pay}, expect: {error: {code: -32602}}}\n";
    client(fakes, early).run().means(1, &["`wallets` got a call of `pay`, which appears only when the gate `unlocked` is released"]);
}

#[test]
fn a_fake_has_the_members_of_its_kind() {
    let suite = "suite: S\nagent: reference\nfakes: {wallets: {mcp: [{name: a, result: 1}]}}\ncases: [{name: c, prompt: \"{{wallets.ws}}\", expect: {reply: x}}]";
    Project::with(suite).check().means(2, &["`wallets.ws` is not a name that is known here"]);
    let suite = "suite: S\nagent: reference\nfakes: {llm: {model: openai, script: [x]}}\ncases: [{name: c, prompt: \"{{llm.command}}\", expect: {reply: x}}]";
    Project::with(suite).check().means(2, &["`llm.command` is not a name that is known here"]);
}

#[test]
fn what_a_row_says_twice_or_not_at_all_is_a_mistake() {
    for (row, says) in [
        ("{name: a}", "missing key `result`"),
        ("{name: a, result: 1, error: 2}", "`result` and `error` are both answers"),
        ("{name: a, result: 1, answers: [{result: 2}]}", "`result` means nothing here"),
        ("{name: a, schema: {type: nonsense}, result: 1}", "this is no JSON Schema"),
        ("{name: a, rpc_error: {message: m}}", "missing key `code`"),
        ("{name: a, description: A, result: 1}, {name: a, description: B, result: 2}", "`description` means nothing here"),
        ("{name: \"\", result: 1}", "a tool without a name cannot be called"),
    ] {
        client(&format!("fakes: {{wallets: {{mcp: [{row}]}}}}"), "      - {do: list, expect: {result: {tools: {length: 1}}}}\n")
            .check()
            .means(2, &[says]);
    }
}

#[test]
fn an_agent_over_standard_input_keeps_its_process_and_can_be_restarted() {
    let script = format!("{HELLO}while read -r line; do n=$((n+1)); echo \"{{\\\"text\\\":\\\"$n\\\"}}\"; done\n");
    let case = "    steps:\n      - {user: a, expect: {reply: \"1\"}}\n      - {user: b, expect: {reply: \"2\"}}\n      - restart: agent\n      - {user: c, expect: {reply: \"1\"}}\n    expect: {exit: 0}\n";
    agent(&script, "", case).run().means(0, &["1 passed"]);
}

#[test]
fn an_agent_that_ends_in_the_middle_fails_with_its_status_and_last_words() {
    let script = format!("{HELLO}read -r line; echo 'out of luck' >&2; exit 3\n");
    let case = "    prompt: a\n    expect: {reply: hi}\n";
    agent(&script, "", case).run().means(1, &["the process ended before the end of the turn (exit 3: out of luck)"]);
    let awaited = "    steps: [{user: a, wait: false}, {await: {event: {type: closed, code: 3}}}]\n    expect: {exit: 3, turn: failed}\n";
    agent(&script, "", awaited).run().means(0, &["1 passed"]);
    let wrong = "    steps: [{user: a, wait: false}, {await: {event: {type: closed, code: 3}}}]\n    expect: {exit: 4, turn: failed}\n";
    agent(&script, "", wrong).run().means(1, &["exit", "expected 4, got 3"]);
}

#[test]
fn an_agent_that_never_gets_ready_is_broken_and_not_judged() {
    let case = "    prompt: a\n    expect: {reply: hi}\n";
    let says = ["BROKEN", "no reply to `hello` within 200ms"];
    agent("sleep 100\n", "  ready: {within: 200ms}\n  stop: {grace: 100ms}", case).run().means(3, &says);
    agent("echo no config >&2; exit 2\n", "", case).run().means(3, &["BROKEN", "exit 2: no config"]);
    agent("", "  env: {PATH: /nowhere}", case).run().means(3, &["`sh`", "not on the agent's PATH"]);
}

#[test]
fn an_agent_that_ignores_every_end_is_killed_with_its_children() {
    let script = format!("trap '' TERM HUP INT\n{HELLO}sleep 1000 &\n{ECHO}while :; do sleep 1000; done\n");
    let case = "    prompt: a\n    expect: {reply: hi}\n";
    let said: Said = agent(&script, "  stop: {grace: 200ms}", case).run();
    said.means(0, &["1 passed"]);
    assert!(said.took.as_secs() < 20, "{:?}", said.took);
}

#[test]
fn what_a_process_cannot_have_is_refused_when_the_suite_is_read() {
    let case = "    prompt: a\n    expect: {reply: hi}\n";
    agent("", "  scope: suite", case).check().means(2, &["cannot-be-shared", "cannot be shared by the cases of a suite"]);
    agent("", "  ready: {log: listening}", case)
        .check()
        .means(2, &["`ready` means nothing here", "it is ready when its first steps are done"]);
    let no_command = "suite: S\nagent: {protocol: mcp}\ncases: [{name: c, steps: [{do: list, expect: {result: 1}}]}]";
    Project::with(no_command).check().means(2, &["speaks to a process, and there is no `command`"]);
}

/// The official client, where this machine has it.
fn sdk(transport: &str, place: &str) {
    let Some(found) = Judge::Python.find_or_say() else { return };
    let agent = found.agent("mcp_client.py", &[transport, &format!("{{{{wallets.{place}}}}}"), "wallets.get"]);
    let suite = format!(
        r#"suite: S
agent: {{protocol: command-line, {agent}}}
{FAKES}
cases:
  - name: c
    prompt: '{{"id": 1, "kind": "main"}}'
    expect:
      reply: {{json_text: {{tools: [wallets.list, wallets.get], structured: {{label: Main}}, text: '{{"label":"Main"}}', failed: false}}}}
      requests: {{wallets: [{{body: {{method: initialize}}}}, {{body: {{method: notifications/initialized}}}}, {{body: {{method: tools/list}}}}, {{body: {{method: tools/call}}}}]}}
"#
    );
    Project::with(&suite).run().means(0, &["1 passed"]);
}

#[test]
fn the_official_client_lists_and_calls_over_http() {
    sdk("http", "url");
}

#[test]
fn the_official_client_lists_and_calls_over_stdio() {
    sdk("stdio", "command");
}

fn sdk_hears(transport: &str, place: &str) {
    let Some(found) = Judge::Python.find_or_say() else { return };
    let agent = found.agent("mcp_changes.py", &[transport, &format!("{{{{wallets.{place}}}}}")]);
    let suite = format!(
        r#"suite: S
agent: {{protocol: command-line, {agent}}}
fakes: {{wallets: {{mcp: [{{name: list, result: []}}, {{name: pay, appears: unlocked, result: paid}}]}}}}
cases:
  - name: c
    steps:
      - {{user: go, wait: false}}
      - {{await: {{request: {{body: {{method: tools/list}}}}, fake: wallets}}}}
      - release: unlocked
      - await: turn.finished
    expect: {{events: [{{event: {{type: text, text: {{json_text: {{before: [list], after: [list, pay]}}}}}}}}]}}
"#
    );
    Project::with(&suite).run().means(0, &["1 passed"]);
}

#[test]
fn the_official_client_hears_over_http_that_a_tool_has_appeared() {
    sdk_hears("http", "url");
}

#[test]
fn the_official_client_hears_over_stdio_that_a_tool_has_appeared() {
    sdk_hears("stdio", "command");
}
