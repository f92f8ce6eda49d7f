//! The edge as a user sees it: hosts that lead to fakes, each promise kept once and broken once. The agent is the reference agent, a real
//! client of HTTP and TLS that asks the proxy of its environment like any other.

#[expect(dead_code, reason = "other test programs use the rest")]
mod program;

use program::project::Project;

/// A suite of one case whose agent asks `host`; `api.openai.com` leads to the fake.
fn asking(host: &str, script: &str, expect: &str) -> Project {
    Project::with(&format!(
        "suite: S\n\
         agent: {{base: reference, env: {{OPENAI_BASE_URL: \"https://{host}/v1\"}}, egress: {{api.openai.com: llm}}}}\n\
         fakes: {{llm: {{model: openai, {script}}}}}\n\
         cases: [{{name: c, prompt: Hi, {expect}}}]\n"
    ))
}

/// A suite of one case whose agent is a shell script.
fn shell(script: &str, egress: &str, expect: &str) -> Project {
    Project::with(&format!(
        "suite: S\n\
         agent: {{protocol: command-line, command: [sh, -c], {egress}}}\n\
         fakes: {{llm: {{model: openai, script: []}}}}\n\
         cases: [{{name: c, prompt: {script:?}, {expect}}}]\n"
    ))
}

#[test]
fn a_host_that_leads_to_a_fake_is_answered_and_recorded() {
    let project = asking("api.openai.com", "script: [Hello]", "expect: {reply: Hello, egress: [{host: api.openai.com, fake: llm}]}");
    project.run().means(0, &["1 passed"]);
    let trace = project.trace("c");
    assert!(trace.contains(r#""host":"api.openai.com","port":443,"method":"CONNECT","path":null,"allowed":true,"fake":"llm""#), "{trace}");
}

#[test]
fn a_host_that_leads_nowhere_is_refused_and_in_the_trace() {
    let project = asking("api.elsewhere.example", "script: []", "expect: {turn: failed, events: [error], egress: none}");
    project.run().means(1, &["egress:", "the agent tried to reach api.elsewhere.example:443; expected no outbound connection"]);
    let trace = project.trace("c");
    assert!(trace.contains(r#""host":"api.elsewhere.example","port":443,"method":"CONNECT","path":null,"allowed":false"#), "{trace}");
}

#[test]
fn a_host_that_leads_to_a_fake_can_be_forbidden_by_name() {
    let project = asking("api.openai.com", "script: [Hello]", "expect: {reply: Hello}, never: {egress: [{host: api.openai.com}]}");
    project.run().means(1, &["egress:", "api.openai.com"]);
}

#[test]
fn a_request_that_no_rule_matches_fails_the_case_behind_the_edge_too() {
    let script = "rules: [{when: {last_user: Bye}, reply: x}]";
    let project = asking("api.openai.com", script, "expect: {turn: failed, events: [error]}");
    project.run().means(1, &["`llm` got a request that none of its 1 rules matches", "the request: POST /v1/responses"]);
}

#[test]
fn a_reply_that_is_never_asked_for_is_still_missed() {
    let project = asking("api.openai.com", "script: [One, Two]", "expect: {reply: One}");
    project.run().means(1, &["llm", "1 of 2"]);
}

#[test]
fn an_abort_reaches_the_agent_as_a_broken_connection() {
    let project = asking("api.openai.com", "script: [[{text: half}, {abort: reset}]]", "expect: {reply: half}");
    project.run().means(1, &["must complete, but it ended as `failed`"]);
}

#[test]
fn an_agent_that_does_not_trust_the_authority_is_told_about_in_the_report() {
    let key = rcgen::generate_simple_self_signed(vec!["somebody.example".to_owned()]).expect("a certificate can be made");
    let project = Project::with(
        "suite: S\n\
         agent:\n  base: reference\n  files: {own.pem: {from: own.pem}}\n  egress: {api.openai.com: llm}\n  \
         env: {OPENAI_BASE_URL: \"https://api.openai.com/v1\", SSL_CERT_FILE: \"{{case.dir}}/own.pem\"}\n\
         fakes: {llm: {model: openai, script: [Hello], unused: allow}}\n\
         cases: [{name: c, prompt: Hi, expect: {reply: Hello}}]\n",
    );
    let project = project.file("own.pem", key.cert.pem());
    project.run().means(1, &["does not trust the certificate", "{{egress.ca_file}}"]);
}

#[test]
fn an_agent_for_a_whole_suite_has_its_edge_in_every_case() {
    let project = Project::with(
        "suite: S\n\
         agent: {base: reference, scope: suite, env: {OPENAI_BASE_URL: \"https://api.openai.com/v1\"}, egress: {api.openai.com: llm}}\n\
         fakes: {llm: {model: openai, script: [Hello]}}\n\
         cases:\n\
         - {name: a, prompt: Hi, expect: {reply: Hello, egress: [{fake: llm}]}}\n\
         - {name: b, prompt: Hi, expect: {reply: Hello, at: {\"$.requests.llm[0].path\": /v1/responses}}}\n",
    );
    project.run().means(0, &["2 passed"]);
}

#[test]
fn the_authority_is_one_for_the_run_and_its_key_lies_nowhere() {
    let script = "cat $SSL_CERT_FILE; grep -rl 'PRIVATE KEY' $(dirname $SSL_CERT_FILE); echo done";
    let case = |name: &str| format!("- {{name: {name}, prompt: {script:?}, expect: {{reply: {{contains: BEGIN CERTIFICATE}}}}}}\n");
    let project = Project::with(&format!(
        "suite: S\n\
         agent: {{protocol: command-line, command: [sh, -c], egress: {{api.openai.com: llm}}}}\n\
         fakes: {{llm: {{model: openai, script: []}}}}\n\
         cases:\n{}{}",
        case("a"),
        case("b")
    ));
    project.run().means(0, &["2 passed"]);
    let said = |name: &str| {
        let trace = project.trace(name);
        assert!(!trace.contains("PRIVATE KEY-"), "{trace}");
        trace.lines().find(|line| line.contains("END CERTIFICATE")).expect("it was printed").split("BEGIN").nth(1).map(str::to_owned)
    };
    assert_eq!(said("a"), said("b"));
}

#[test]
fn a_map_tells_clients_of_proxy_and_authority_and_a_trap_of_the_proxy_alone() {
    let script = "echo $HTTPS_PROXY $all_proxy $NO_PROXY; echo ${SSL_CERT_FILE:-none} ${NODE_EXTRA_CA_CERTS:-none}";
    let map = shell(
        script,
        "egress: {api.openai.com: llm}",
        "expect: {reply: {matches: \"^http://127.0.0.1:\\\\d+ http://127.0.0.1:\\\\d+ 127.0.0.1,localhost,::1\\n/.*/authority.pem /.*/authority.pem\"}}",
    );
    map.run().means(0, &["1 passed"]);
    let trap =
        shell(script, "egress: trap", "expect: {reply: {matches: \"^http://127.0.0.1:\\\\d+ http://127.0.0.1:\\\\d+ .*\\nnone none\"}}");
    trap.run().means(0, &["1 passed"]);
}

#[test]
fn a_case_that_lets_hosts_through_trusts_the_systems_authorities_too() {
    let egress = "egress: {api.openai.com: llm, pypi.org: allow}";
    let project = shell("basename $SSL_CERT_FILE", egress, "expect: {reply: {starts_with: authorities-and-system.pem}}");
    project.run().means(0, &["1 passed"]);
    let project = shell("echo ${SSL_CERT_FILE:-none}", "egress: {pypi.org: allow}", "expect: {reply: {starts_with: none}}");
    project.run().means(0, &["1 passed"]);
}

#[test]
fn the_values_of_the_proxy_can_be_written_where_a_client_wants_them() {
    let egress = "egress: {api.openai.com: llm}, env: {P: \"{{egress.url}}\", C: \"{{egress.ca_file}}\"}";
    let script = "test $P = $HTTPS_PROXY && test $C = $SSL_CERT_FILE && test -s $C && echo same";
    shell(script, egress, "expect: {reply: {starts_with: same}}").run().means(0, &["1 passed"]);
    let trap = "egress: trap, env: {C: \"{{egress.ca_file?}}\"}";
    shell("echo ${C:-left out}", trap, "expect: {reply: {starts_with: left out}}").run().means(0, &["1 passed"]);
}
