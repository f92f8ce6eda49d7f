//! Websocket fakes and Realtime providers as users have them: each promise broken once, and agents on real SDKs.

#[expect(dead_code, reason = "other tests use the rest of it")]
mod judges;
#[expect(dead_code, reason = "other tests use the rest of it")]
mod program;

use judges::Judge;
use program::project::Project;

/// The suite itself is the client of the fake.
const PROTOCOL: &str = include_str!("../suites/world/plain-socket.yaml");

fn socket(fake: &str, steps: &str) -> Project {
    let suite = format!(
        "suite: S\nagent: {{protocol: plain.yaml, url: \"{{{{side.ws}}}}\"}}\nfakes:\n  side: {fake}\ncases:\n  - name: a\n    steps: {steps}\n    expect: {{requests: {{side: {{count: {{gte: 0}}}}}}, reply: {{contains: o}}}}\n"
    );
    Project::with(&suite).file("plain.yaml", PROTOCOL)
}

/// One case that fails for this reason.
fn fails(fake: &str, steps: &str, says: &[&str]) {
    socket(fake, steps).run().means(1, says);
}

/// A suite that is refused at load.
fn refused(fake: &str, says: &[&str]) {
    socket(fake, "[{user: Hi}]").check().means(2, says);
}

#[test]
fn a_script_that_is_used_up_passes() {
    socket("{websocket: [{rows: [[{type: said, text: Hello}]], then: close}]}", "[{user: Hi}]").run().means(0, &["1 passed"]);
}

#[test]
fn a_row_that_is_not_reached_fails() {
    let fake = "{websocket: [{rows: [[{type: said, text: Hello}], [{type: late}]]}]}";
    fails(
        fake,
        "[{user: Hi}]",
        &["1 of 2 row was never reached in connection 1 of `side`", "never reached: rows[1]: [{\"type\":\"late\"}]"],
    );
    socket(&fake.replace("]}]}", "]}], unused: allow}"), "[{user: Hi}]").run().means(0, &["1 passed"]);
}

#[test]
fn a_connection_that_is_not_made_fails() {
    fails("{websocket: [{rows: [[{type: said, text: Hello}]]}, {rows: []}]}", "[{user: Hi}]", &["connection 2 of `side` was never made"]);
}

#[test]
fn one_frame_too_many_fails() {
    let steps = "[{user: Hi}, {send: {more: 1}}, {await: {frame: {more: 1}, fake: side}}]";
    fails("{websocket: [{rows: [[{type: said, text: Hello}]]}]}", steps, &["`side` got one frame too many", "{\"more\":1}"]);
}

#[test]
fn one_connection_too_many_fails() {
    let steps = "[{user: Hi}, {user: Hi, session: bob}]";
    let said = socket("{websocket: [{rows: [[{type: said, text: Hello}]]}]}", steps).run();
    assert_ne!(said.status, 0, "{}", said.text);
    assert!(said.text.contains("`side` got connection 2, but its script has 1 connection"), "{}", said.text);
}

#[test]
fn what_a_connection_cannot_be_is_refused() {
    refused("{websocket: [{rows: [{type: said}]}]}", &["expected a list of frames", "s.yaml:4"]);
    refused("{websocket: [{rows: [[{gate: 1}]]}]}", &["the gate's name"]);
    refused("{websocket: [{rows: [[{delay: 5}]]}]}", &["no unit"]);
    refused("{websocket: [{rows: [[{bytes: \"?\"}]]}]}", &["not base64"]);
    refused("{websocket: [{status: 101}]}", &["101 does not refuse a handshake"]);
    refused("{websocket: [{status: 401, rows: []}]}", &["`rows` means nothing here"]);
    refused("{websocket: [{rows: [], then: {close: {code: 1006}}}]}", &["no peer sends the code 1006"]);
    refused("{websocket: [{rows: [], then: stay}]}", &["`stay`"]);
    refused("{websocket: [{rows: [], headers: {Upgrade: x}}]}", &["`Upgrade` means nothing here"]);
}

#[test]
fn a_gate_that_no_row_has_is_refused() {
    let project = socket("{websocket: [{rows: [[{gate: first}]]}]}", "[{user: Hi, wait: false}, {release: fisrt}]");
    project.check().means(2, &["there is no gate `fisrt`", "did you mean `first`?"]);
}

/// An agent on a real SDK, in several of its modes; nothing where this machine has none.
fn sdk(judge: Judge, driver: &str, modes: &[&str]) {
    let Some(found) = judge.find_or_say() else { return };
    let cases = modes.iter().map(|mode| {
        format!(
            r#"
  - name: "{mode}"
    agent: {{{}}}
    prompt: add them
    fakes:
      llm:
        model: openai
        rules:
          - {{when: {{has_tool_result: true, tool_result: {{contains: sum}}}}, reply: The sum is 5}}
          - {{when: {{tool_offered: add, last_user: add them}}, reply: {{tool_call: {{name: add, args: {{a: 2, b: 3}}}}}}}}
    expect:
      reply: {{contains: The sum is 5}}
      frames: {{llm: [{{type: conversation.item.create, item: {{type: function_call_output}}}}]}}
"#,
            found.agent(driver, &[mode])
        )
    });
    let suite = format!("suite: S\nagent: {{protocol: command-line}}\ncases:{}", cases.collect::<String>());
    Project::with(&suite).run().means(0, &[&format!("{} passed", modes.len())]);
}

#[test]
fn the_python_sdk_understands_every_event() {
    sdk(Judge::Python, "realtime_python.py", &["--text", "--audio", "--mint"]);
}

#[test]
fn the_agents_sdk_understands_every_event() {
    sdk(Judge::Node, "realtime_node.cjs", &["--text", "--audio"]);
}
