//! Real servers beside the agent, and the steps that ask, stop and start them: each promise broken once.
#![cfg(target_os = "linux")]

#[expect(dead_code, reason = "other tests use the rest")]
mod program;

use program::project::{Project, Said};

/// A suite with a redis, a model and the steps of one case.
fn suite(script: &str, steps: &str) -> String {
    format!(
        "suite: S\ntimeout: 20s\nagent: reference\nfakes:\n  llm: {{model: openai, script: [{script}]}}\n  cache: {{server: redis}}\n\
         cases:\n  - name: works\n    steps:\n{steps}"
    )
}

/// What is only there where redis is. Without it these tests say nothing, and say so.
fn redis() -> bool {
    let there = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|folder| folder.join("redis-server").is_file());
    if !there {
        eprintln!("redis-server is not installed: nothing was tested");
    }
    there
}

fn run(script: &str, steps: &str) -> Said {
    let project = Project::with(&suite(script, steps));
    let said = project.run();
    assert_eq!(servers(&project), 0, "a server was left behind");
    said
}

const HELLO: &str = "      - {user: Hello, expect: {reply: Hi}}\n";

/// A folder of programs that stands alone on PATH, with a `redis-server` of this text.
fn with_program(project: Project, text: &str) -> (Project, String) {
    use std::os::unix::fs::PermissionsExt as _;
    let project = project.file("bin/redis-server", text);
    let program = project.path("bin/redis-server");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    let path = format!("{}:{}", project.path("bin").display(), std::env::var("PATH").unwrap_or_default());
    (project, path)
}

#[test]
fn what_is_written_is_there_after_a_stop_and_nobody_listens_meanwhile() {
    if !redis() {
        return;
    }
    let steps = "      - probe: {redis: [SET, a, b]}\n      - stop: cache\n      \
                 - http: {path: \"http://127.0.0.1:{{cache.port}}/\"}\n        expect: {error: {code: refused}}\n      \
                 - start: cache\n      - probe: {redis: [GET, a]}\n        expect: {value: b}\n      \
                 - probe: {redis: [GET, other]}\n        expect: {value: null}\n";
    run("Hi", &format!("{steps}{HELLO}")).means(0, &["1 passed"]);
}

#[test]
fn a_server_that_dies_by_itself_breaks_the_case_at_once_and_is_named() {
    if !redis() {
        return;
    }
    // server-died
    let steps = "      - probe: {redis: [INFO, server]}\n        save: {info: $}\n      \
                 - probe: {command: [sh, -c, 'kill -9 $(printf %s \"$1\" | tr -d \"\\r\" | sed -n s/^process_id://p)', sh, \"{{info}}\"]}\n";
    let said = run("[{gate: never}, {text: Hi}]", &format!("{steps}{HELLO}"));
    said.means(3, &["BROKEN (fake) s::works", "the redis-server of `cache` ended by itself (signal 9)"]);
    assert!(said.took.as_secs() < 15, "{:?}", said.took);
}

#[test]
fn a_server_that_is_told_to_end_by_a_command_is_no_surprise_but_broken_too() {
    if !redis() {
        return;
    }
    run("Hi", &format!("      - probe: {{redis: [SHUTDOWN, NOSAVE]}}\n{HELLO}"))
        .means(3, &["BROKEN (fake) s::works", "did not answer `SHUTDOWN NOSAVE`"]);
}

#[test]
fn where_it_is_not_installed_the_case_is_skipped_and_says_why() {
    let project = Project::with(&suite("Hi", HELLO));
    let said = project.begin_with(&["run", "--suites", "s.yaml"], &[("PATH", "/nowhere")]).end();
    said.means(4, &["`redis-server` is not installed, and the fake `cache` needs it"]);
    let said = project.begin_with(&["run", "--suites", "s.yaml", "--no-skip"], &[("PATH", "/nowhere")]).end();
    assert!(said.status != 0 && said.text.contains("redis-server"), "{}", said.text);
}

#[test]
fn one_that_does_not_start_is_broken_with_its_last_words() {
    // server-not-started
    let (project, path) = with_program(Project::with(&suite("Hi", HELLO)), "#!/bin/sh\necho no licence for today >&2\nexit 7\n");
    let said = project.begin_with(&["run", "--suites", "s.yaml"], &[("PATH", &path)]).end();
    said.means(3, &["BROKEN (fake) s::works", "the fake `cache` did not start", "exit status 7", "no licence for today"]);
    project.nothing_left();
}

#[test]
fn where_somebody_else_took_the_port_another_one_is_found() {
    if !redis() {
        return;
    }
    let script = "#!/bin/sh\nif [ ! -e \"$0.tried\" ]; then : > \"$0.tried\"; echo 'bind: Address already in use'; exit 1; fi\n\
                  PATH=${PATH#*:} exec redis-server \"$@\"\n";
    let steps = format!("      - probe: {{redis: [PING]}}\n        expect: {{value: PONG}}\n{HELLO}");
    let (project, path) = with_program(Project::with(&suite("Hi", &steps)), script);
    project.begin_with(&["run", "--suites", "s.yaml"], &[("PATH", &path)]).end().means(0, &["1 passed"]);
    assert!(project.path("bin/redis-server.tried").exists());
}

#[test]
fn each_case_has_a_server_of_its_own() {
    if !redis() {
        return;
    }
    let case = |name: &str| {
        format!(
            "  - name: {name}\n    steps:\n      - probe: {{redis: [SET, {name}, 1]}}\n      - {{user: Hello, expect: {{reply: Hi}}}}\n      \
             - probe: {{redis: [KEYS, \"*\"]}}\n        expect: {{value: [{name}]}}\n"
        )
    };
    let text = suite("Hi", HELLO).split("cases:").next().expect("it has cases").to_owned();
    let all: String = ["a", "b", "c", "d"].map(case).concat();
    Project::with(&format!("{text}cases:\n{all}")).run().means(0, &["4 passed"]);
}

#[test]
fn a_shared_agent_keeps_its_server_and_finds_it_running() {
    if !redis() {
        return;
    }
    let text = "suite: S\nagent: {base: reference, scope: suite, env: {CACHE: \"{{cache.url}}\"}}\nfakes:\n  \
                llm: {model: openai, script: [Hi]}\n  cache: {server: redis}\ncases:\n  \
                - name: a\n    steps:\n      - probe: {redis: [SET, a, 1]}\n      - {user: Hello, expect: {reply: Hi}}\n      - stop: cache\n  \
                - name: b\n    steps:\n      - probe: {redis: [GET, a]}\n        expect: {value: \"1\"}\n      - {user: Hello, expect: {reply: Hi}}\n";
    Project::with(text).run().means(0, &["2 passed"]);
}

#[test]
fn nothing_of_it_is_left_after_an_interruption() {
    if !redis() {
        return;
    }
    let project = Project::with(&suite("[{gate: never}, {text: Hi}]", HELLO));
    let going = project.begin(&["run", "--suites", "s.yaml"]);
    going.until(|| servers(&project) == 1);
    going.interrupt();
    going.end().means(130, &["interrupted"]);
    assert_eq!(servers(&project), 0);
    project.nothing_left();
}

/// A second Ctrl-C, or one while servers start, leaves nothing either.
#[test]
fn nothing_of_it_is_left_after_a_second_interruption() {
    if !redis() {
        return;
    }
    let agent = "agent:\n  protocol: command-line\n  stop: {signal: TERM, grace: 30s}\n  \
                 command: [sh, -c, 'trap \"\" TERM INT; while :; do sleep 1; done']\n";
    let project = Project::with(&suite("Hi", HELLO).replace("agent: reference\n", agent));
    let going = project.begin(&["run", "--suites", "s.yaml"]);
    going.until(|| project.living().len() >= 2 && servers(&project) == 1);
    going.interrupt();
    going.until(|| going.so_far().contains("once more to end at once"));
    going.interrupt();
    going.end().means(130, &["interrupted"]);
    assert_eq!((servers(&project), project.living()), (0, vec![]));
}

/// The servers that work below the project's folder. A redis writes over its environment, so it is known by where it works.
fn servers(project: &Project) -> usize {
    let below = project.path("tmp").canonicalize().expect("it is there");
    let processes = std::fs::read_dir("/proc").expect("this is Linux").flatten().map(|entry| entry.path());
    let works_there = |process: &std::path::PathBuf| std::fs::read_link(process.join("cwd")).is_ok_and(|folder| folder.starts_with(&below));
    let is_redis = |process: &std::path::PathBuf| std::fs::read_to_string(process.join("comm")).is_ok_and(|name| name.starts_with("redis"));
    processes.filter(|process| works_there(process) && is_redis(process)).count()
}

#[test]
fn a_fake_that_is_stopped_is_a_dead_server_until_it_is_started() {
    let text = |after: &str| {
        format!(
            "suite: S\nagent: reference\nfakes: {{llm: {{model: openai, script: [Hi]}}}}\ncases:\n  - name: works\n    steps:\n      \
             - stop: llm\n      - http: {{path: \"{{{{llm.url}}}}/v1/models\"}}\n        expect: {{error: {{code: reset}}}}\n      \
             - user: Hello\n        expect: {{turn: failed, errors: allow}}\n{after}"
        )
    };
    let back = "      - start: llm\n      - http: {path: \"{{llm.url}}/v1/models\"}\n        expect: {status: 200, body: {object: list}}\n      \
                - {user: Hello, expect: {reply: Hi}}\n";
    Project::with(&text(back)).run().means(0, &["1 passed"]);
    let gone = "      - {user: Hello, expect: {reply: Hi}}\n";
    Project::with(&text(gone)).run().means(1, &["FAIL s::works", "while `llm` was stopped"]);
}

#[test]
fn stopping_twice_and_starting_what_runs_are_the_suites_mistakes() {
    // With a condition nobody knows before the run which steps there will be.
    let steps = |steps: &str| {
        let text = "suite: S\nagent: reference\nfakes: {llm: {model: openai, script: [Hi]}}\ncases:\n  - name: works\n    steps:\n";
        Project::with(&format!("{text}{steps}{HELLO}")).run()
    };
    let stop = "      - {stop: llm, only_if: {platform: linux}}\n";
    steps(&stop.repeat(2)).means(3, &["BROKEN (suite) s::works", "`llm` is stopped already"]);
    steps("      - {start: llm, only_if: {platform: linux}}\n").means(3, &["BROKEN (suite) s::works", "`llm` was not stopped"]);
}

#[test]
fn a_probe_that_never_holds_shows_the_last_value_and_what_differs() {
    if !redis() {
        return;
    }
    let steps = "      - probe: {redis: [LPUSH, list, x]}\n        within: 80ms\n        expect: {value: {lt: 0}}\n";
    let said = run("Hi", &format!("{steps}{HELLO}"));
    said.means(1, &["FAIL s::works", "did not hold within 80ms", "the last value: "]);
    assert!(said.text.contains("less than 0") || said.text.contains("< 0"), "{}", said.text);
}

#[test]
fn what_holds_for_a_moment_only_does_not_stay() {
    if !redis() {
        return;
    }
    let steps = "      - probe: {redis: [INCR, n]}\n        expect: {value: {lte: 3}}\n        stays: 5s\n";
    let said = run("Hi", &format!("{steps}{HELLO}"));
    said.means(1, &["FAIL s::works", "held, and did not go on holding", "the last value: 4"]);
    assert!(said.took.as_secs() < 5, "{:?}", said.took);
    let steady = "      - probe: {redis: [DBSIZE]}\n        expect: {value: 0}\n        stays: 60ms\n";
    run("Hi", &format!("{steady}{HELLO}")).means(0, &["1 passed"]);
}

#[test]
fn a_command_that_redis_refuses_is_the_suites_mistake_unless_it_is_expected() {
    if !redis() {
        return;
    }
    run("Hi", &format!("      - probe: {{redis: [GTE, a]}}\n{HELLO}"))
        .means(3, &["BROKEN (suite) s::works", "redis answered `GTE a` with an error", "unknown command"]);
    let expected = "      - probe: {redis: [GTE, a]}\n        expect: {value: {error: {contains: unknown command}}}\n";
    run("Hi", &format!("{expected}{HELLO}")).means(0, &["1 passed"]);
}

#[test]
fn a_plain_request_says_what_it_was_answered_and_where_nobody_was() {
    let steps = |steps: &str| {
        let text = "suite: S\nagent: reference\nfakes: {llm: {model: openai, script: [Hi]}}\ncases:\n  - name: works\n    steps:\n";
        Project::with(&format!("{text}{steps}{HELLO}"))
    };
    let models = "      - http: {path: \"{{llm.url}}/v1/models\"}\n        as: models\n        save: {id: \"$.body.data[0].id\"}\n        \
                  expect: {status: 200, headers: {content-type: {contains: json}}, body: {data: {length: 1}}}\n      \
                  - http: {method: POST, path: \"{{llm.url}}/v1/chat/completions\", headers: {X-A: b}, body: {model: \"{{id}}\"}}\n        \
                  expect: {status: 200}\n";
    let project = steps(models);
    project.say(&["run", "--suites", "s.yaml"]).means(1, &["FAIL s::works"]);
    let trace = project.path(".checkride/s.works.jsonl").display().to_string();
    project.say(&["show", &trace]).means(0, &["$.probes.models.status: 200", "$.requests.llm[1].body.model: \"scripted\""]);
    project.say(&["show", "--records", &trace]).means(0, &["asked", "/v1/models", "x-a"]);

    steps("      - http: {path: \"{{llm.url}}/v1/models\"}\n        expect: {status: 404}\n")
        .run()
        .means(1, &["FAIL s::works", "404", "200"]);
    steps("      - http: {path: \"http://127.0.0.1:1/\"}\n").run().means(1, &["FAIL s::works", "got no answer"]);
    steps("      - http: {method: \"G T\", path: \"{{llm.url}}\"}\n")
        .run()
        .means(3, &["BROKEN (suite) s::works", "`G T` is no HTTP method"]);
}

#[test]
fn a_step_whose_condition_does_not_hold_is_left_out_and_told() {
    let suite = |steps: &str| {
        Project::with(&format!(
            "suite: S\nagent: reference\nfakes: {{llm: {{model: openai, script: [Hi]}}}}\ncases:\n  - name: works\n    steps:\n{steps}"
        ))
    };
    let other = "      - {user: Hello, only_if: {command: no-such-program}, expect: {reply: other}}\n";
    let project = suite(&format!("{other}{HELLO}"));
    project.say(&["run", "--suites", "s.yaml"]).means(0, &["1 passed"]);
    let trace = project.path(".checkride/s.works.jsonl").display().to_string();
    project.say(&["show", "--records", &trace]).means(0, &["step_left_out", "`no-such-program` is not installed"]);
    project.say(&["recheck", "--suite", "s.yaml", &trace]).means(0, &["1 passed"]);
    // Nothing is left that an agent must do: green would mean nothing.
    let greeting = "      - {user: Hello, expect: {turn: completed}}\n";
    suite(&format!("{other}{greeting}"))
        .run()
        .means(4, &["no check is left that an agent which does nothing would fail", "`no-such-program` is not installed"]);
    suite(other).run().means(4, &["no step is left", "step 1 (`user`)"]);
}

#[test]
fn a_release_that_nobody_waits_for_is_noted() {
    let text = "suite: S\nagent: reference\nfakes: {llm: {model: openai, script: [[{gate: g}, {text: Hi}]]}}\ncases:\n  - name: works\n    steps:\n      \
                - release: g\n      - release: g\n      - {user: Hello, expect: {reply: other}}\n";
    Project::with(text).run().means(1, &["FAIL s::works", "a release of the gate `g` let nothing through"]);
}

#[test]
fn a_connection_that_was_cut_is_taken_up_again_and_without_that_nothing_arrives() {
    let text = |between: &str| {
        format!(
            "suite: S\nagent: reference\nfakes: {{llm: {{model: openai, script: [Hi, Hi], unused: allow}}}}\ncases:\n  - name: works\n    steps:\n      \
             - {{user: Hello, expect: {{reply: Hi}}}}\n      - disconnect: true\n{between}{HELLO}"
        )
    };
    Project::with(&text("      - reconnect: true\n")).run().means(0, &["1 passed"]);
    let said = Project::with(&text("")).run();
    assert_ne!(said.status, 0, "{}", said.text);
    Project::with(&text("      - reconnect: {last_event_id: \"7\"}\n"))
        .run()
        .means(3, &["BROKEN (suite) s::works", "belongs to event streams"]);
    Project::with(&text("      - reconnect: false\n")).check().means(2, &["`reconnect: false` does nothing", "leave the step out"]);
}

#[test]
fn what_leads_nowhere_is_found_before_anything_runs() {
    let case = |rest: &str| {
        Project::with(&format!(
            "suite: S\nagent: reference\nfakes:\n  llm: {{model: openai, script: [Hi]}}\n  gog: {{command: [{{stdout: x}}]}}\n  \
             a: {{server: redis}}\n  b: {{server: redis}}\ncases:\n  - name: works\n    steps:\n      \
             - {{user: Hello, expect: {{reply: Hi}}}}\n{rest}"
        ))
    };
    for (rest, code, words) in [
        ("      - probe: {redis: [GET, x]}\n", "missing-key", "add `fake: a`"),
        ("      - probe: {redis: [GET, x], fake: llm}\n", "unknown-fake", "`llm` is a `model` fake"),
        ("      - probe: {file: x, fake: a}\n", "wrong-place", "it goes with `redis`"),
        ("      - probe: {file: x, redis: [GET, x]}\n", "one-kind", "a probe reads one thing"),
        ("      - probe: {redis: [GET, x], fake: a}\n        stays: 5ms\n", "missing-key", "what must go on holding?"),
        ("      - http: {path: /x}\n        expect: {headers: {Content-Type: x}}\n", "unknown-key", "write `content-type`"),
        ("      - http: {path: /x}\n        save: {all: $.bodi}\n", "unknown-key", "did you mean `body`?"),
        ("      - http: {path: /x}\n        expect: {value: 1}\n", "not-returned", "`http` returns no `value`"),
        ("      - user: Hi\n        save: {x: $.replies}\n", "unknown-path", "there is no `$.replies`"),
        ("      - {user: Hi, expect: {at: {\"$.requests.lm[0].path\": /v1}}}\n", "unknown-fake", "did you mean `llm`?"),
        ("    expect: {at: {$.commands.llm: []}}\n", "unknown-fake", "there is no mocked command `llm`"),
        ("    never: {at: {$.probes.stream: 1}}\n", "unknown-label", "there is no probe `stream`"),
        ("      - http: {path: \"{{a.ws}}\"}\n", "unknown-name", "a.ws"),
        ("      - {user: Hi, only_if: {agent_version: \">=1\"}}\n", "no-version", "cannot be decided"),
        ("      - stop: gg\n", "unknown-fake", "there is no fake `gg`"),
    ] {
        let said = case(rest).check();
        said.means(2, &[&format!("error[{code}]"), words]);
        assert_eq!(said.diagnostics(), 1, "{rest}{}", said.text);
    }
    case("      - probe: {redis: [GET, x], fake: b}\n        as: stream\n    expect: {at: {$.probes.stream: {optional: null}, \"$.requests.llm[*].path\": {length: 1}}}\n")
        .check()
        .means(0, &[]);
}
