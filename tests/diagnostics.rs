//! Every rule of the second half of loading, broken once: the code, and the exact place, marked by « and » in the text.

use checkride::base::Severity;
use checkride::language::{Loaded, Options, load};
use std::path::Path;

const HEAD: &str = "suite: T
agent: reference
fakes:
  llm: {model: openai, script: [[{gate: first}, {tool_call: {name: exec, args: {}}}], Hi]}
  gog: {command: [{when: get *, stdout: ok}]}
cases:
  - name: c
";
const SOUND: &str = "prompt: Hi\nexpect: {reply: Hi}";

/// A suite with one case of these keys.
fn case(keys: &str) -> String {
    keys.lines().fold(HEAD.to_owned(), |text, line| text + "    " + line + "\n")
}

/// A suite whose agent has these parts, with a sound case.
fn agent(parts: &str) -> String {
    format!("suite: T\nagent: {parts}\ncases:\n  - {{name: c, prompt: Hi, expect: {{reply: Hi}}}}\n")
}

/// A suite with this fake.
fn fake(parts: &str) -> String {
    format!("suite: T\nagent: reference\nfakes:\n  x: {parts}\ncases:\n  - {{name: c, prompt: Hi, expect: {{reply: Hi}}}}\n")
}

fn load_text(folder: &Path, name: &str, text: &str) -> Loaded {
    std::fs::write(folder.join(name), text).expect("the folder was just made");
    load(&Options { paths: vec![name.into()], start: folder.to_owned(), seed: 1, ..Options::default() })
}

/// The text has exactly this one mistake, at the marks.
fn check_file(code: &str, says: &str, marked: &str) {
    let (before, rest) = marked.split_once('«').expect("a place is marked");
    let (inside, after) = rest.split_once('»').expect("the mark has an end");
    let text = format!("{before}{inside}{after}");
    let folder = tempfile::tempdir().expect("there is a place for temporary folders");
    let loaded = load_text(folder.path(), "t.yaml", &text);
    let shown = loaded.diagnostics.render(&loaded.sources, false);
    let codes: Vec<_> = loaded.diagnostics.list.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, [code], "{text}\n{shown}");
    let found = &loaded.diagnostics.list[0];
    let place = (found.span.start as usize, found.span.end as usize);
    assert_eq!(place, (before.len(), before.len() + inside.len()), "the place is another\n{shown}");
    let all = format!("{} {} {}", found.message, found.label, found.help.join(" "));
    assert!(all.contains(says), "`{says}` is not said\n{shown}");
    assert!(checkride::language::explain(code).is_some(), "{code} has no page");
}

fn check(code: &str, says: &str, keys: &str) {
    check_file(code, says, &case(keys));
}

#[test]
fn a_sound_case_has_no_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = load_text(folder.path(), "t.yaml", &case(SOUND));
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.diagnostics.render(&loaded.sources, false));
    assert_eq!(loaded.suites[0].cases.len(), 1);
}

#[test]
fn an_unknown_key_is_named_with_the_nearest() {
    check("unknown-key", "did you mean `reply`?", "prompt: Hi\nexpect: {reply: Hi, «repli»: x}");
    check("unknown-key", "`checkride explain step` lists all keys", "steps:\n  - {user: Hi, «frobnicate»: 1}\nexpect: {reply: Hi}");
    check("unknown-key", "did you mean `command`?", "prompt: Hi\nonly_if: {«comand»: x}\nexpect: {reply: Hi}");
    check(
        "unknown-key",
        "did you mean `last_user`?",
        "prompt: Hi\nfakes: {llm: {model: openai, rules: [{when: {«last_usr»: Hi}, reply: Hi}]}}\nexpect: {reply: Hi}",
    );
    check(
        "unknown-key",
        "did you mean `stdin`?",
        "prompt: Hi\nfakes: {gog: {command: [{when: {«stdn»: Hi}, stdout: x}]}}\nexpect: {reply: Hi}",
    );
}

#[test]
fn a_typo_of_a_needed_key_is_one_mistake() {
    check("unknown-key", "did you mean `reason`?", "prompt: Hi\nexpect: {reply: Hi}\nexpected_failure: {«reson»: x}");
}

#[test]
fn a_missing_key_is_named() {
    check("missing-key", "missing key `reason`", "prompt: Hi\nexpect: {reply: Hi}\nexpected_failure: «{issue: x}»");
    check_file("missing-key", "missing key `protocol`", &agent("«{command: [x]}»"));
    check_file("missing-key", "neither the case nor its suite", "suite: T\ncases:\n  - {name: «c», prompt: Hi, expect: {reply: Hi}}\n");
    check_file("missing-key", "`prompt` or `steps`", "suite: T\nagent: reference\ncases:\n  - {name: «c», expect: {reply: Hi}}\n");
    check_file("missing-key", "a model needs `script` or `rules`", &fake("«{model: openai}»"));
    check("missing-key", "`quiet` needs `for`", "steps: [{user: Hi}, {«quiet»: text}]\nexpect: {reply: Hi}");
    check("missing-key", "a request is of one fake", "steps: [{user: Hi}, {await: «{request: {path: /x}}»}]");
    check_file("missing-key", "speaks to a process", &agent("«{protocol: codex-exec}»"));
}

#[test]
fn a_wrong_type_says_what_was_expected_and_found() {
    check("wrong-type", "expected a text, found a number", "prompt: Hi\nwhy: «42»\nexpect: {reply: Hi}");
    check("wrong-type", "quote it: \"42\"", "prompt: Hi\nowner: «42»\nexpect: {reply: Hi}");
    check("wrong-type", "expected a list, found the text `slow`", "prompt: Hi\ntags: «slow»\nexpect: {reply: Hi}");
    check("wrong-type", "expected a mapping, found a list", "prompt: Hi\nexpect: {reply: Hi}\nreach: «[x]»");
    check(
        "wrong-type",
        "expected a whole number",
        "prompt: Hi\nfakes: {llm: {model: openai, script: [{usage: {input: «1.5»}}]}}\nexpect: {reply: Hi}",
    );
    check("wrong-type", "`never` lists", "prompt: Hi\nexpect: {reply: Hi}\nnever: {calls: «{count: 1}»}");
}

#[test]
fn a_wrong_value_lists_the_words() {
    check("wrong-value", "expected `must` or `should`", "prompt: Hi\nlevel: «shuld»\nexpect: {reply: Hi}");
    check("wrong-value", "did you mean `should`?", "prompt: Hi\nlevel: «shuld»\nexpect: {reply: Hi}");
    check("wrong-value", "did you mean `openai`?", "prompt: Hi\nfakes: {llm: {model: «opnai», script: [Hi]}}\nexpect: {reply: Hi}");
    check("wrong-value", "a duration with a unit", "prompt: Hi\ntimeout: «30x»\nexpect: {reply: Hi}");
    check("wrong-value", "write `30s` or `30ms`", "prompt: Hi\ntimeout: «30»\nexpect: {reply: Hi}");
    check("wrong-value", "did you mean `failed`?", "prompt: Hi\nexpect: {reply: Hi, turn: «faild»}");
    check(
        "wrong-value",
        "not a range of versions",
        "prompt: Hi\nonly_if: {agent_version: «new»}\nagent: {version: {command: [x], matches: (.+)}}\nexpect: {reply: Hi}",
    );
    check("wrong-value", "not an exit status", "prompt: Hi\nfakes: {gog: {command: [{exit: «300»}]}}\nexpect: {reply: Hi}");
    check(
        "wrong-value",
        "not a status of an answer",
        "prompt: Hi\nfakes: {llm: {model: openai, script: [{http: {status: «99»}}]}}\nexpect: {reply: Hi}",
    );
    check("wrong-value", "is not below the case's folder", "prompt: Hi\nagent: {files: {«../x»: a}}\nexpect: {reply: Hi}");
    check(
        "wrong-value",
        "setting `prompt` cannot be `args`",
        "prompt: Hi\nagent: {protocol: command-line, command: [cat], ready: connect, settings: {prompt: «args»}}\nexpect: {reply: Hi}",
    );
    check("wrong-value", "has no group", "prompt: Hi\nagent: {version: {command: [x], matches: «abc»}}\nexpect: {reply: Hi}");
    check("wrong-value", "less than 0", "prompt: Hi\nfakes: {llm: {model: openai, script: [{usage: {input: «-1»}}]}}\nexpect: {reply: Hi}");
    check("wrong-value", "never ends", "prompt: Hi\nfakes: {llm: {model: openai, script: [Hi], wire: {delta: «0»}}}\nexpect: {reply: Hi}");
    check("wrong-value", "does nothing", "steps: [{user: Hi}, {disconnect: «false»}]\nexpect: {reply: Hi}");
    check(
        "wrong-value",
        "`ready`, `event`",
        "prompt: Hi\nfakes: {llm: {model: openai, script: [Hi], wire: {write: «lines»}}}\nexpect: {reply: Hi}",
    );
}

#[test]
fn what_comes_later_is_named_at_its_key() {
    let keys = [
        ("`judge`", "prompt: Hi\nexpect: {reply: Hi}\n«judge»: [Is kind.]"),
        ("`repeat`", "prompt: Hi\nexpect: {reply: Hi}\n«repeat»: {runs: 3}"),
        ("`secrets`", "prompt: Hi\nexpect: {reply: Hi, «secrets»: kept}"),
        ("the step `http`", "steps: [{user: Hi}, {«http»: {path: /}}]\nexpect: {reply: Hi}"),
        ("the step `reconnect`", "steps: [{user: Hi}, {«reconnect»: {}}]\nexpect: {reply: Hi}"),
        ("the step `stop`", "steps: [{user: Hi}, {«stop»: gog}]\nexpect: {reply: Hi}"),
        ("the probe `redis`", "steps: [{user: Hi}, {probe: {«redis»: [GET, x]}}]\nexpect: {reply: Hi}"),
        ("`stays`", "steps: [{user: Hi}, {probe: {file: x}, «stays»: 1s}]\nexpect: {reply: Hi}"),
        ("`only_if` of a step", "steps: [{user: Hi, «only_if»: {command: x}}]\nexpect: {reply: Hi}"),
        ("the fake `http`", "prompt: Hi\nfakes: {web: {«http»: []}}\nexpect: {reply: Hi}"),
        ("the fake `websocket`", "prompt: Hi\nfakes: {web: {«websocket»: []}}\nexpect: {reply: Hi}"),
        ("the fake `mcp`", "prompt: Hi\nfakes: {web: {«mcp»: []}}\nexpect: {reply: Hi}"),
        ("the fake `functions`", "prompt: Hi\nfakes: {web: {«functions»: []}}\nexpect: {reply: Hi}"),
        ("the fake `server`", "prompt: Hi\nfakes: {web: {«server»: redis}}\nexpect: {reply: Hi}"),
        ("the fake `http`", "prompt: Hi\nfakes: {llm: {model: openai, «http»: [], script: [Hi]}}\nexpect: {reply: Hi}"),
        ("the model `anthropic`", "prompt: Hi\nfakes: {llm: {model: «anthropic», script: [Hi]}}\nexpect: {reply: Hi}"),
        ("`faults`", "prompt: Hi\nfakes: {llm: {model: openai, script: [Hi], «faults»: [drop]}}\nexpect: {reply: Hi}"),
        ("`write: line`", "prompt: Hi\nfakes: {llm: {model: openai, script: [Hi], wire: {write: «line»}}}\nexpect: {reply: Hi}"),
        ("`raw`", "prompt: Hi\nfakes: {llm: {model: openai, script: [{«raw»: x}]}}\nexpect: {reply: Hi}"),
        ("`mcp_call`", "prompt: Hi\nfakes: {llm: {model: openai, script: [{«mcp_call»: {server: a, name: b}}]}}\nexpect: {reply: Hi}"),
        ("a map of hosts in `egress`", "prompt: Hi\nagent: {«egress»: {a.example: llm}}\nexpect: {reply: Hi}"),
        ("the protocol `core2`", "prompt: Hi\nagent: {protocol: «core2», command: [x]}\nexpect: {reply: Hi}"),
    ];
    for (feature, keys) in keys {
        check("not-supported-yet", &format!("{feature} is not supported yet"), keys);
    }
}

#[test]
fn a_protocol_says_what_comes_later() {
    let keys = [
        ("the transport `sse`", "transport: «sse»\nactions: {}"),
        ("the protocol step `http`", "transport: websocket\nactions: {user: [{«http»: {path: /}}]}"),
        ("`decode`", "transport: websocket\n«decode»: messages\nactions: {}"),
        ("the reducer `core2`", "transport: websocket\nactions: {}\nfinal: {«reduce»: core2}"),
    ];
    for (feature, keys) in keys {
        check_file("not-supported-yet", &format!("{feature} is not supported yet"), &format!("protocol: p\n{keys}\n"));
    }
}

#[test]
fn a_protocol_is_held_to_its_own_rules() {
    let with = |keys: &str| format!("protocol: p\ntransport: websocket\n{keys}\n");
    check_file("unknown-key", "did you mean `turn.finished`?", &with("actions: {}\nevents: [{when: {a: 1}, «turn.finishd»: completed}]"));
    check_file("wrong-value", "did you mean `completed`?", &with("actions: {}\nevents: [{when: {a: 1}, turn.finished: «complete»}]"));
    check_file("wrong-value", "`denied`", &with("actions: {}\nevents: [{when: {a: 1}, call.finished: {status: «deny»}}]"));
    check_file("wrong-value", "made of the frame alone", &with("actions: {}\nevents: [{when: {a: 1}, text: «\"{{x}}\"»}]"));
    check_file("unknown-action", "did you mean `ask`?", &with("actions: {user: [{«do»: aks}], ask: [{send: {a: 1}}]}"));
    check_file("one-verb", "a step has one", &with("actions: {user: [{send: {a: 1}, «rpc»: x}]}"));
    check_file("one-verb", "a step needs a verb", &with("actions: {user: [«{save: {a: $.b}}»]}"));
    check_file("wrong-place", "goes with `rpc`", &with("actions: {user: [{send: {a: 1}, «with»: {}}]}"));
    check_file("wrong-value", "is not one of its values", &with("settings: {v: {default: «5», one_of: [3, 4]}}\nactions: {}"));
    check_file("missing-key", "missing key `actions`", "«protocol: p\ntransport: websocket»\n");
    check_file("wrong-value", "did you mean `websocket`?", "protocol: p\ntransport: «websoket»\nactions: {}\n");
    check_file("wrong-value", "one_terminal_per_turn", &with("actions: {}\ninvariants: [«one_terminal»]"));
    check_file("ill-formed-jsonpath", "", &with("actions: {}\nevents: [{when: {a: 1}, text: \"$«.»[\"}]"));
}

#[test]
fn a_step_has_one_verb_and_its_own_parameters() {
    check("one-verb", "`user` and `rpc` are both verbs", "steps: [{user: Hi, «rpc»: x}]\nexpect: {reply: Hi}");
    check("one-verb", "a step needs a verb", "steps: [«{as: x}»]\nexpect: {reply: Hi}");
    check("wrong-place", "it goes with `quiet`", "steps: [{user: Hi, «for»: 1s}]\nexpect: {reply: Hi}");
    check("wrong-place", "it goes with `user`", "steps: [{user: Hi}, {await: text, «wait»: false}]\nexpect: {reply: Hi}");
    check("not-returned", "`user` returns no `result`", "steps: [{user: Hi, expect: {«result»: 1}}]\nexpect: {reply: Hi}");
    check("unknown-key", "not a known key here", "prompt: Hi\nexpect: {reply: Hi, «result»: 1}");
    check("one-kind", "nothing says what is awaited", "steps: [{user: Hi}, {await: «{index: 1}»}]\nexpect: {reply: Hi}");
    check("one-kind", "two histories", "steps: [{user: Hi}, {await: {event: text, «frame»: {}}}]\nexpect: {reply: Hi}");
    check("one-kind", "a probe reads one thing", "steps: [{user: Hi}, {probe: «{file: a, command: [b]}»}]\nexpect: {reply: Hi}");
    check("one-kind", "`prompt` and `steps`", "prompt: Hi\n«steps»: [{user: Hi}]\nexpect: {reply: Hi}");
}

#[test]
fn a_fake_has_one_kind_and_its_own_keys() {
    check_file("one-kind", "a fake needs a kind", &fake("«{unused: allow}»"));
    check_file("one-kind", "make two fakes of it", &fake("{model: openai, script: [Hi], «command»: []}"));
    check_file("unknown-key", "did you mean `model`?", &fake("{«modle»: openai}"));
    check_file("wrong-place", "belongs to a `model` fake", &fake("{command: [], «script»: []}"));
    check_file("wrong-place", "belongs to a `command` fake", &fake("{model: openai, script: [], «otherwise»: fail}"));
    check_file("one-kind", "both ways to choose a reply", &fake("{model: openai, script: [], «rules»: []}"));
    check_file("one-kind", "exactly one of them", &fake("{command: [{stdout: «{json: 1, bytes: AA==}»}]}"));
    check_file("wrong-place", "into each of them", &fake("{command: [{answers: [{stdout: a}], «stdout»: b}]}"));
    check_file("one-kind", "a rule has one", &fake("{model: openai, rules: [{reply: a, «replies»: [b]}]}"));
    check_file("missing-key", "missing key `reply`", &fake("{model: openai, rules: [«{when: {nth: 1}}»]}"));
    check_file("one-part", "write them as a list", &fake("{model: openai, script: [{text: a, «usage»: {input: 1}}]}"));
    check_file("one-part", "an empty part", &fake("{model: openai, script: [«{}»]}"));
    check_file("http-alone", "a reply of its own", &fake("{model: openai, script: [[{text: a}, «{http: {status: 500}}»]]}"));
    check_file("no-such-file", "not found", &fake("{model: openai, script: «nowhere.yaml»}"));
}

#[test]
fn doing_nothing_must_not_pass() {
    for keys in [
        "expect: {turn: completed}",
        "expect: {calls: none}",
        "expect: {commands: {gog: {count: {lte: 3}}}}",
        "expect: {errors: allow}",
        "never: {calls: [exec]}",
        "expect: {exit: 0, egress: none}",
        "expect: {files: {a: {unchanged: true}}}",
        "expect: {at: {\"$.calls\": []}}",
        "expect: {reply: {optional: Hi}}",
        "expect: {calls: [{call: exec, times: {lte: 2}}]}",
    ] {
        let text = case(&format!("prompt: Hi\n{keys}")).replace("name: c", "name: «c»");
        check_file("no-positive-check", "would pass this case", &text);
    }
}

#[test]
fn one_positive_check_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    for keys in [
        "prompt: Hi\nexpect: {calls: [exec]}",
        "prompt: Hi\nexpect: {commands: {gog: {count: 1}}}",
        "prompt: Hi\nexpect: {files: {a: done}}",
        "prompt: Hi\nexpect: {at: {\"$.reply\": Hi}}",
        "prompt: Hi\nreach: {delivered: x}",
        "steps: [{user: Hi, expect: {reply: Hi}}]",
        "steps: [{user: Hi, wait: false}, {await: turn.finished}]",
        "steps: [{user: Hi}, {probe: {file: a}, expect: {value: x}}]",
    ] {
        let loaded = load_text(folder.path(), "t.yaml", &case(keys));
        assert!(loaded.diagnostics.is_empty(), "{keys}\n{}", loaded.diagnostics.render(&loaded.sources, false));
    }
}

#[test]
fn what_cannot_be_seen_is_not_checked() {
    check("cannot-be-seen", "never shows `usage`", "prompt: Hi\nexpect: {reply: Hi, «usage»: {total: 1}}");
    check("cannot-be-seen", "never shows `status: denied`", "prompt: Hi\nexpect: {calls: [{call: exec, status: «denied»}]}");
    check("cannot-be-seen", "the `result` of a call", "prompt: Hi\nexpect: {calls: [{call: exec, result: «{a: 1}»}]}");
    check("cannot-be-seen", "the event `approval.requested`", "steps: [{user: Hi}, {await: «approval.requested»}]");
    check("cannot-be-seen", "was told `egress: open`", "prompt: Hi\nagent: {egress: open}\nexpect: {reply: Hi, «egress»: none}");
    check_file(
        "cannot-be-seen",
        "the agent is not launched",
        "suite: T\nagent: {protocol: moltbot-gateway, url: \"ws://127.0.0.1:1\"}\ncases:\n  - {name: c, prompt: Hi, expect: {reply: Hi, «exit»: 0}}\n",
    );
    check_file(
        "cannot-be-seen",
        "never shows `calls`",
        "suite: T\nagent: {protocol: command-line, command: [cat]}\ncases:\n  - {name: c, prompt: Hi, expect: {«calls»: [x]}}\n",
    );
}

#[test]
fn unknown_names_are_named_with_the_nearest() {
    check("unknown-fake", "did you mean `llm`?", "prompt: Hi\nexpect: {requests: {«lm»: {count: 1}}}");
    check("unknown-fake", "did you mean `gog`?", "prompt: Hi\nexpect: {commands: {«gogg»: [get x]}}");
    check("unknown-fake", "is a `command` fake", "prompt: Hi\nexpect: {requests: {«gog»: {count: 1}}}");
    check("unknown-fake", "did you mean `llm`?", "steps: [{user: Hi}, {await: {request: {path: /}, fake: «lmm»}}]");
    check("unknown-gate", "did you mean `first`?", "steps: [{user: Hi, wait: false}, {«release»: frist}]\nexpect: {reply: Hi}");
    check("unknown-event", "did you mean `turn.finished`?", "steps: [{user: Hi}, {await: «turn.finishd»}]");
    check("unknown-event", "no type of event", "prompt: Hi\nexpect: {events: [«hello»]}");
    check("unknown-action", "there are `user`", "steps: [{user: Hi}, {do: «abort»}]\nexpect: {reply: Hi}");
    check("unknown-setting", "did you mean `token`?", "prompt: Hi\nagent: {settings: {«tokn»: x}}\nexpect: {reply: Hi}");
    check("unknown-setting", "did you mean `token`?", "steps: [{connect: {settings: {«tokn»: x}}}, {user: Hi}]\nexpect: {reply: Hi}");
    check("unknown-protocol", "did you mean `moltbot-gateway`?", "prompt: Hi\nagent: {protocol: «moltbot-gatway»}\nexpect: {reply: Hi}");
    check("unknown-protocol", "there is no file", "prompt: Hi\nagent: {protocol: «x/acme.yaml»}\nexpect: {reply: Hi}");
    check(
        "unknown-invariant",
        "did you mean `calls_have_results`?",
        "prompt: Hi\nexpect: {reply: Hi, invariants: {without: [«call_have_results»]}}",
    );
    check("unknown-session", "did you mean `bob`?", "steps: [{user: Hi, session: bob}, {await: turn.finished, session: «bop»}]");
    check("no-such-file", "not found", "prompt: Hi\nagent: {files: {a: {from: «nowhere.md»}}}\nexpect: {reply: Hi}");
}

#[test]
fn a_negative_pattern_must_be_able_to_match() {
    check("never-names-nothing", "did you mean `gog`?", "prompt: Hi\nexpect: {reply: Hi}\nnever: {commands: {«gogg»: [x]}}");
    check("never-names-nothing", "did you mean `exec`?", "prompt: Hi\nexpect: {reply: Hi}\nnever: {calls: [«exce»]}");
    check("never-names-nothing", "did you mean `error`?", "prompt: Hi\nexpect: {reply: Hi}\nnever: {events: [«eror»]}");
    check("never-names-nothing", "did you mean `llm`?", "prompt: Hi\nexpect: {reply: Hi}\nnever: {requests: {«lm»: [{path: /}]}}");
}

#[test]
fn sessions_must_be_told_apart() {
    let several = "steps: [{user: a, session: s1}, {user: b, session: s2}]\n";
    check("ambiguous-session", "at: {", &format!("{several}expect: {{«reply»: Hi}}"));
    check(
        "ambiguous-session",
        "write the check at a step",
        &format!("{several}expect: {{calls: [{{exec: {{id: «\"{{{{session}}}}\"»}}}}]}}"),
    );
    let folder = tempfile::tempdir().unwrap();
    let protocol = "protocol: shared\ntransport: websocket\nactions: {user: [{send: {t: \"{{text}}\"}}]}\nevents: [{when: {a: 1}, text: $.t, turn.finished: completed}]\n";
    std::fs::write(folder.path().join("shared.yaml"), protocol).unwrap();
    let suite = "suite: T\nagent: {protocol: ./shared.yaml, url: \"ws://127.0.0.1:1\"}\ncases:\n  - name: c\n    steps: [{user: a, session: s1, expect: {reply: x}}, {user: b, session: s2}]\n";
    let loaded = load_text(folder.path(), "t.yaml", suite);
    let found = &loaded.diagnostics.list[0];
    assert_eq!((found.code, found.span.start as usize), ("one-session-only", suite.rfind("s2").unwrap()));
}

#[test]
fn steps_fit_the_protocol_and_the_agent() {
    check("no-rpc", "has no requests with replies", "steps: [{user: Hi}, {«rpc»: ping}]\nexpect: {reply: Hi}");
    check("pause", "the last resort", "steps: [{user: Hi}, {«pause»: 1ms}]\nexpect: {reply: Hi}");
    check("no-version", "give the agent `version", "prompt: Hi\nonly_if: {«agent_version»: \">=1\"}\nexpect: {reply: Hi}");
    check_file("no-url", "where the agent listens", &agent("«{protocol: moltbot-gateway, command: [x]}»"));
    check_file(
        "cannot-restart",
        "was not launched",
        "suite: T\nagent: {protocol: moltbot-gateway, url: \"ws://127.0.0.1:1\"}\ncases:\n  - {name: c, steps: [{user: Hi}, {«restart»: agent}], expect: {reply: Hi}}\n",
    );
}

#[test]
fn a_script_file_is_read_where_a_fake_names_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("s.yaml"), "script: [Hello, {tool_call: {name: exec}}]\n").unwrap();
    std::fs::write(folder.path().join("other.yaml"), "suite: x\n").unwrap();
    let sound = load_text(folder.path(), "t.yaml", &fake("{model: openai, script: s.yaml}"));
    assert!(sound.diagnostics.is_empty(), "{}", sound.diagnostics.render(&sound.sources, false));
    let wrong = load_text(folder.path(), "t.yaml", &fake("{model: openai, script: other.yaml}"));
    assert_eq!(wrong.diagnostics.list.iter().map(|d| d.code).collect::<Vec<_>>(), ["wrong-file"]);
}

#[test]
fn a_path_names_a_protocol_file_and_its_mistakes_are_told_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("acme.yaml"), "protocol: acme\ntransport: websocket\nactions: {user: [{sned: {}}]}\n").unwrap();
    let suite = agent("{protocol: acme.yaml, url: \"ws://127.0.0.1:1\"}").replace("reply: Hi", "at: {$.x: 1}");
    std::fs::write(folder.path().join("t.yaml"), suite).unwrap();
    let loaded = load(&Options { paths: vec![".".into()], start: folder.path().to_owned(), ..Options::default() });
    assert_eq!(loaded.diagnostics.list.iter().map(|d| d.code).collect::<Vec<_>>(), ["unknown-key"]);
}

#[test]
fn all_mistakes_of_all_files_are_found_in_one_go() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.yaml"), case("promt: Hi\nlevel: shuld\ntimeout: 30\nexpect: {repli: x}")).unwrap();
    std::fs::write(folder.path().join("b.yaml"), agent("{protocol: nope}")).unwrap();
    let loaded = load(&Options { paths: vec![".".into()], start: folder.path().to_owned(), ..Options::default() });
    let codes: Vec<_> = loaded.diagnostics.list.iter().filter(|d| d.severity == Severity::Error).map(|d| d.code).collect();
    assert_eq!(
        codes,
        ["unknown-key", "wrong-value", "wrong-value", "unknown-key", "unknown-protocol"],
        "{}",
        loaded.diagnostics.render(&loaded.sources, false)
    );
}
