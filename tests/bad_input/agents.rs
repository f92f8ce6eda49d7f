//! Agents that are launched and misbehave: at the start, in the middle, at the end.

use crate::program::project::{Project, Said};

/// A suite whose agent is a shell script that should print where it listens.
fn gateway(command: &str, more: &str) -> Project {
    Project::with(&format!(
        "suite: S\ntimeout: 5s\nagent:\n  protocol: moltbot-gateway\n  command: {command}\n  \
         ready: {{log: 'listening on (?<url>ws://\\S+)', within: 700ms}}\n{more}\
         cases:\n  - {{name: greets, prompt: Hello, expect: {{reply: Hi}}}}\n"
    ))
}

/// A suite whose agent is a shell script that is started for each turn.
fn each_turn(script: &str, more: &str) -> Project {
    Project::with(&format!(
        "suite: S\ntimeout: 5s\nagent:\n  protocol: command-line\n  command: [sh, -c, '{script}']\n{more}\
         cases:\n  - {{name: greets, prompt: Hello, expect: {{reply: Hi}}}}\n"
    ))
}

/// Broken, and only for one reason.
fn did_not_start(said: &Said, texts: &[&str]) {
    said.means(3, &["BROKEN (agent-start) s::greets"]).means(3, texts);
    assert_eq!(said.text.matches("  --> s.yaml:").count(), 1, "one reason is enough:\n{}", said.text);
}

#[test]
fn a_program_that_is_missing_is_named_with_where_it_was_looked_for() {
    // program-missing
    let project = gateway("[no-such-agent-program]", "");
    did_not_start(&project.run(), &["the program `no-such-agent-program` was not found", "searched: /"]);
    assert!(project.trace("greets").contains("program-missing"));
    did_not_start(&gateway("[/nowhere/agent]", "").run(), &["the program `/nowhere/agent` is not there"]);
    let each = Project::with(
        "suite: S\nagent: {protocol: command-line, command: [no-such-agent-program]}\n\
         cases: [{name: greets, prompt: Hello, expect: {reply: Hi}}]\n",
    );
    each.run().means(3, &["BROKEN (agent-start)", "failed to start `no-such-agent-program`", "not on the agent's PATH"]);
}

#[test]
fn a_file_that_may_not_be_run_says_what_to_do() {
    let made = gateway("['{{case.dir}}/agent']", "  files: {agent: hello}\n");
    did_not_start(&made.run(), &["is not a program that may be run", "start it by its interpreter"]);
    let beside = Project::new().file("agent", "#!/nowhere/shell\n");
    let path = beside.path("agent");
    did_not_start(&gateway(&format!("['{}']", path.display()), "").run(), &["is not a program that may be run", "chmod +x"]);
    // agent-not-started
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let project = gateway(&format!("['{}']", path.display()), "");
    did_not_start(&project.run(), &["cannot start", "its interpreter (the first line of a script, or its loader) is missing"]);
    assert!(project.trace("greets").contains("agent-not-started"));
}

#[test]
fn an_agent_that_ends_at_once_is_quoted() {
    // agent-exited
    let project = gateway("[sh, -c, 'echo starting; echo cannot read config >&2; exit 7']", "");
    did_not_start(&project.run(), &["`sh` ended before it was ready (exit status 7)", "cannot read config", "starting"]);
    let trace = project.trace("greets");
    assert!(trace.contains("agent-exited") && trace.contains(r#""line":"cannot read config""#), "{trace}");
}

#[test]
fn an_agent_that_never_gets_ready_is_quoted_and_ended_with_all_it_started() {
    // agent-not-ready
    let project = gateway("[sh, -c, 'echo warming up; (setsid sleep 300 &); trap \"\" TERM INT; sleep 300']", "");
    did_not_start(&project.run(), &["`sh` was not ready: no line of its output matched /listening on", "within 700ms", "warming up"]);
    let trace = project.trace("greets");
    assert!(trace.contains("agent-not-ready") && trace.contains(r#""line":"warming up""#), "{trace}");
}

/// A suite whose agent is a shell script that is told where to listen.
fn told(port: u16, script: &str) -> Project {
    Project::with(&format!(
        "suite: S\nagent: {{protocol: dexter-chat, command: [sh, -c, '{script}'], url: 'http://127.0.0.1:{port}'}}\n\
         cases: [{{name: greets, prompt: Hello, expect: {{reply: Hi}}}}]\n"
    ))
}

#[test]
fn what_cannot_reach_an_agent_that_runs_already_is_a_skip_and_not_its_failure() {
    let case = |more: &str| {
        format!(
            "suite: S\nagent: {{protocol: openai-chat, url: 'http://127.0.0.1:9'}}\n\
             cases: [{{name: greets, prompt: Hello, expect: {{reply: Hi}}, {more}}}]\n"
        )
    };
    let run = |more: &str| Project::with(&case(more)).run();
    let model = "fakes: {llm: {model: openai, script: [Hi]";
    run(&format!("{model}}}}}")).means(4, &["the agent runs already, and nothing tells it of the fake `llm`", "`{{llm.url}}`"]);
    run("agent: {env: {A: b}}").means(4, &["the agent runs already, and the `env` that the case gives it cannot reach it"]);
    run("agent: {files: {a: b}}").means(4, &["the `files` that the case gives it cannot reach it"]);
    // One that needs no answer of the fake, or is told of it or of its folder, is tested.
    let tested = |more: &str| {
        run(more).means(3, &["BROKEN (agent-start) s::greets"]);
    };
    tested(&format!("{model}, unused: allow}}}}"));
    tested(&format!("{model}}}}}, agent: {{settings: {{model: '{{{{llm.url}}}}'}}}}"));
    tested("agent: {files: {a: b}, settings: {model: '{{case.dir}}'}}");
}

#[test]
fn who_listens_at_the_address_of_an_agent_already_is_not_tested_in_its_place() {
    // agent-port-taken
    let stranger = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = stranger.local_addr().unwrap().port();
    let project = told(port, "sleep 0.2; exit 1");
    did_not_start(
        &project.run(),
        &["something else already listens at 127.0.0.1", "where `sh` is to listen", "{{agent.port}}", "scope: suite"],
    );
    assert!(project.trace("greets").contains("agent-port-taken"));
}

#[test]
fn an_agent_that_floods_instead_of_getting_ready_costs_no_more_than_a_quiet_one() {
    let project = gateway("[sh, -c, 'yes | head -c 200000000; sleep 300']", "");
    did_not_start(&project.run(), &["was not ready", "bytes of the agent's output were not recorded"]);
    assert!(project.trace("greets").len() < 8 << 20);
}

#[test]
fn an_agent_that_listens_nowhere_is_no_failure_of_the_agent_s_answer() {
    let said = gateway("[sh, -c, 'echo listening on ws://127.0.0.1:1/; sleep 300']", "").run();
    did_not_start(&said, &["failed to connect to 127.0.0.1:1", "connection refused"]);
}

#[test]
fn an_agent_whose_files_cannot_be_made_is_the_suite_s_fault() {
    // agent-setup
    let said = gateway("[sh, -c, 'exit 0']", "  files: {../../outside.txt: hello}\n").run();
    assert!(said.status == 2 || said.status == 3, "{}", said.text);
    said.means(said.status, &["outside.txt"]);
}

#[test]
fn a_turn_that_fails_says_what_the_program_said() {
    let project = each_turn("echo half; echo oh no >&2; exit 3", "");
    project.run().means(1, &["FAIL s::greets", "it ended as `failed`: oh no", "the agent said on stderr: oh no"]);
    assert!(project.trace("greets").contains("oh no"));
}

#[test]
fn an_agent_that_never_answers_fails_in_time_and_ends() {
    let suite = "suite: S\ntimeout: 700ms\nagent:\n  protocol: command-line\n  stop: {signal: TERM, grace: 200ms}\n  command: [sh, -c, \
                 'echo thinking; trap \"\" TERM INT; (trap \"\" TERM; setsid sleep 300 &); while :; do sleep 1; done']\n\
                 cases: [{name: greets, prompt: Hello, expect: {reply: Hi}}]\n";
    let project = Project::with(suite);
    let said = project.run();
    said.means(1, &["FAIL s::greets", "step 1 (`user`): the case's time limit of 700ms ran out", "ended as `aborted`"]);
    assert!(said.took.as_secs() < 8, "{:?}", said.took);
    assert!(project.trace("greets").contains("thinking"));
}

#[test]
fn an_agent_that_closes_its_output_and_goes_on_is_ended() {
    let suite = "suite: S\ntimeout: 500ms\nagent:\n  protocol: command-line\n  stop: {signal: KILL}\n  \
                 command: [sh, -c, 'exec 1>&- 2>&-; (setsid sleep 300 &); sleep 300']\n\
                 cases: [{name: greets, prompt: Hello, expect: {reply: Hi}}]\n";
    Project::with(suite).run().means(1, &["FAIL s::greets", "time limit of 500ms ran out"]);
}

#[test]
fn a_turn_that_floods_is_ended_with_the_reason() {
    let project = each_turn("yes hello | head -c 200000000", "");
    let said = project.run();
    said.means(1, &["FAIL s::greets", "it printed more than 64 MiB (or as much in short lines) and was ended"]);
    assert!(said.text.len() < 20_000, "the flood is not repeated: {} bytes", said.text.len());
    assert!(std::fs::metadata(project.path("report.json")).unwrap().len() < 200_000);
    let line = each_turn("head -c 200000000 /dev/zero | tr \"\\0\" x", "");
    line.run().means(1, &["FAIL s::greets", "it printed more than 64 MiB"]);
}

#[test]
fn an_agent_that_speaks_binary_is_shown_without_harm() {
    let project = each_turn("printf \"a\\033[31m\\000\\377b\\007\"", "");
    let said = project.run();
    said.means(1, &["FAIL s::greets", "expected \"Hi\""]);
    assert!(!said.text.contains(['\x1b', '\0', '\x07']), "control characters reach the terminal: {:?}", said.text);
    let report = std::fs::read_to_string(project.path("junit.xml")).unwrap();
    assert!(roxmltree::Document::parse(&report).is_ok(), "{report}");
    let noise = each_turn("head -c 100000 /dev/urandom", "").run();
    assert!(noise.means(1, &["FAIL s::greets"]).text.lines().all(|line| line.chars().count() < 1000), "{}", noise.text);
}

#[test]
fn an_agent_that_takes_no_connection_is_told_as_the_end_of_the_first_step() {
    let protocol = "protocol: one\ntransport: websocket\nopen: {per: agent}\nactions: {user: [{send: {text: '{{text}}'}}]}\n\
                    events: [{when: {type: done}, text: $.text, turn.finished: completed}]\n";
    let suite = "suite: S\nagent: {protocol: one.yaml, url: 'ws://127.0.0.1:1'}\n\
                 cases: [{name: greets, prompt: Hello, expect: {reply: Hi}}]\n";
    let said = Project::with(suite).file("one.yaml", protocol).run();
    did_not_start(&said, &["step 1 (`user`): the connection to the agent was refused", "failed to connect to 127.0.0.1:1"]);
}

#[test]
fn a_connection_that_broke_since_the_process_ended_says_so() {
    let suite = "suite: S\nagent: {base: reference, command: ['{{checkride}}', reference-agent, --fault, die-mid-turn]}\n\
                 fakes: {llm: {model: openai, script: [hi]}}\n\
                 cases:\n- {name: greets, prompt: x, expect: {reply: hi}}\n- {name: dies, prompt: x, expect: {turn: failed, errors: ['*'], at: {$.exit: 101}}}\n";
    Project::with(suite).run().means(1, &["FAIL s::greets", "code 1006", "the process ended (exit 101)", "1 passed, 1 failed"]);
}

#[test]
fn an_agent_that_is_not_there_has_not_failed_whatever_asks_for_it() {
    let run = |steps: &str, command: &str| {
        let agent = format!("{{protocol: dexter-chat, url: 'http://127.0.0.1:1'{command}}}");
        Project::with(&format!("suite: S\nagent: {agent}\ncases: [{{name: greets, steps: [{steps}]}}]\n")).run()
    };
    let asks = "{http: {path: /health}, expect: {status: 200}}";
    did_not_start(&run(asks, ""), &["step 1 (`http`): the agent cannot be reached: GET http://127.0.0.1:1/health got no answer"]);
    // What is not the agent is not there for another reason.
    run("{http: {path: 'http://127.0.0.1:2/'}, expect: {status: 200}}", "").means(1, &["FAIL s::greets"]);
    // One that said where it listens, and ended, was there.
    let ended = ", command: [sh, -c, 'echo up; exit 4'], ready: {log: up}";
    run(asks, ended).means(1, &["FAIL s::greets", "the process ended (exit 4)"]);
    // So was one that answered before.
    for last in ["{user: Hi, expect: {reply: Hi}}", asks] {
        let gone = format!(
            "suite: S\nagent: {{protocol: dexter-chat, url: '{{{{there.url}}}}'}}\nfakes: {{there: {{http: [GET /health: {{status: 200}}]}}}}\n\
             cases: [{{name: greets, steps: [{asks}, {{stop: there}}, {last}]}}]\n"
        );
        Project::with(&gone).run().means(1, &["FAIL s::greets"]);
    }
}

#[test]
fn a_wrong_address_names_the_variables_that_it_came_from() {
    let protocol = "protocol: one\ntransport: http\nsettings: {mint: {default: null}}\n\
                    actions: {user: [{http: {method: POST, url: '{{mint}}'}}]}\nevents: [{when: {status: 200}, text: $.body, turn.finished: completed}]\n";
    let suite = "suite: S\nagent: {protocol: one.yaml, url: 'http://127.0.0.1:1', settings: {mint: '{{env.MINT_AT:-http://h:3210}}{{env.MINT_PATH:-/m}}'}}\n\
                 cases: [{name: greets, prompt: Hello, expect: {reply: Hi}}]\n";
    let project = Project::with(suite).file("one.yaml", protocol);
    let said = project.begin_with(&["run", "--suites", "s.yaml"], &[("MINT_PATH", "m")]).end();
    said.means(3, &["`http://h:3210m` is no URL", "`http://h:3210m` is the setting `mint`, which reads MINT_AT and MINT_PATH"]);
}

#[test]
fn what_a_refused_turn_was_to_tell_is_missed_by_its_fault() {
    let suite = "suite: S\nagent: {protocol: core2, url: '{{there.url}}'}\n\
                 fakes: {there: {http: [POST /submit: {status: 200, json: {runId: r1}}]}}\n\
                 cases:\n- name: greets\n  steps:\n  - {user: Hi}\n  - {http: {path: '/runs/{{turn.run_id}}'}, expect: {status: 200}}\n";
    let texts = ["FAIL s::greets", "`{{turn.run_id}}` was to be told in turn 0, and the agent did not tell it", "expected 202, got 200"];
    Project::with(suite).run().means(1, &texts);
    // Where no turn was begun it is the suite that asks too early.
    Project::with(&suite.replace("  - {user: Hi}\n", "")).run().means(3, &["BROKEN (suite) s::greets", "has no value here"]);
}

#[test]
fn a_shared_agent_that_died_is_followed_by_a_new_one_and_cases_have_it_in_the_order_of_the_file() {
    // Each case sees its agent die; a stale one would be asked nothing.
    let case =
        |n: usize| format!("  - {{name: dies {n}, prompt: x, expect: {{turn: failed, errors: ['*'], requests: {{llm: {{count: 1}}}}}}}}\n");
    let dying = format!(
        "suite: S\nagent: {{base: reference, scope: suite, command: ['{{{{checkride}}}}', reference-agent, --fault, die-mid-turn]}}\n\
         fakes: {{llm: {{model: openai, script: [hi]}}}}\ncases:\n{}",
        (0..6).map(case).collect::<String>()
    );
    Project::with(&dying).run().means(0, &["6 passed"]);
    // What one case leaves behind the next one finds: the first writes, the others count.
    let count = |n: usize| {
        format!(
            "  - {{name: line {n}, prompt: x, expect: {{reply: ok, requests: {{llm: [{{body: {{contains: 'after {n} lines'}}}}]}}}}}}\n"
        )
    };
    let counting = format!(
        "suite: S\nagent: {{base: reference, scope: suite}}\n\
         fakes: {{llm: {{model: openai, script: [{{tool_call: {{name: exec, args: {{command: 'echo x >> all; echo after $(wc -l < all) lines'}}}}}}, ok]}}}}\n\
         cases:\n{}",
        (1..=8).map(count).collect::<String>()
    );
    Project::with(&counting).run().means(0, &["8 passed"]);
}
