//! Names in double braces: where their values come from, and when.
//!
//! Owns: where values come from, and when.
//! Must not know: templates.

use super::*;

#[test]
fn the_nearer_value_wins() {
    let suite = "vars: {a: suite, b: suite, c: suite, d: suite}\ncases:\n- name: n\n  vars: {b: case, c: case, d: case}\n  matrix: {c: [matrix], d: [matrix]}\n  each: [{d: row}]\n  prompt: \"{{p}} {{a}} {{b}} {{c}} {{d}}\"\n";
    let world = World { project: "vars: {p: project, a: project}\n", ..World::default() };
    assert_eq!(world.key(suite, "prompt"), json!("project suite case matrix row"));
    let world = World { overrides: &[("d", "line"), ("p", "line")], ..World::default() };
    assert_eq!(world.key(suite, "prompt"), json!("line suite case matrix line"));
}

#[test]
fn a_value_from_the_command_line_keeps_the_type_it_replaces() {
    let suite = "vars: {n: 1, t: \"1\", l: [1]}\ncases: [{name: n, prompt: [\"{{n}}\", \"{{t}}\", \"{{l}}\", \"{{new}}\"]}]\n";
    let world = World { overrides: &[("n", "2"), ("t", "2"), ("l", "[a, 3]"), ("new", "4")], ..World::default() };
    assert_eq!(world.key(suite, "prompt"), json!([2, "2", ["a", 3], "4"]));
    let world = World { overrides: &[("n", "[1"), ("t", "2"), ("new", "4")], ..World::default() };
    world.refuses(suite, &["ill-formed-yaml --var n:1:1"]);
    let world = World { overrides: &[("session", "x")], ..World::default() };
    world.refuses("cases: [{name: n}]\n", &["reserved-name"]);
}

#[test]
fn a_value_that_is_one_hole_keeps_type_and_place() {
    let suite = "vars: {m: {a: [1, {b: x}]}, n: 2.5, f: false}\ncases: [{name: n, expect: {a: \"{{m}}\", b: \"{{m.a.1.b}}\", c: \"{{n}} {{f}}\", d: \"{{m|json}}\"}}]\n";
    assert_eq!(key(suite, "expect"), json!({"a": {"a": [1, {"b": "x"}]}, "b": "x", "c": "2.5 false", "d": "{\"a\":[1,{\"b\":\"x\"}]}"}));
    let made = makes(suite);
    let inserted = made[0].tree.get("expect").unwrap().get("a").unwrap();
    assert_eq!(inserted.span.start, "suite: S\nvars: {m: ".len() as u32);
}

#[test]
fn what_was_inserted_is_never_scanned_again() {
    let suite = "vars: {a: \"{{'{{b}}'}}\", b: no}\ncases: [{name: n, prompt: \"{{a}} {{env.X}} {{b}}\", expect: \"{{a}}\"}]\n";
    let world = World { env: &[("X", "{{b}}")], ..World::default() };
    assert_eq!(world.key(suite, "prompt"), json!("{{b}} {{b}} no"));
    assert!(world.makes(suite)[0].tree.get("expect").unwrap().text().is_some(), "a text, not a template");
}

#[test]
fn optional_holes_leave_their_key_out() {
    let suite = "vars: {none: null}\ncases: [{name: n, each: [{id: 1, a: {x: 1}}, {id: 2, b: 1}], steps: [{user: u, with: {a: \"{{a?}}\", b: \"x {{b?}}\", c: \"{{none?}}\", d: \"{{none}}\", l: [\"{{a?}}\", 2]}}]}]\n";
    let made = makes(suite);
    let with = |at: usize| made[at].tree.get("steps").unwrap().items()[0].get("with").unwrap().to_value();
    assert_eq!(with(0), json!({"a": {"x": 1}, "d": null, "l": [{"x": 1}, 2]}));
    assert_eq!(with(1), json!({"b": "x 1", "d": null, "l": [2]}));
}

#[test]
fn rows_without_a_name_that_is_needed_are_named() {
    let drawn = refuses("cases: [{name: n, each: [{id: 1, a: 1}, {id: 2}], prompt: \"{{a}}\"}]\n", &["unknown-name 2:60"]);
    assert!(drawn.contains("other rows or cases define it"), "{drawn}");
    refuses("cases: [{name: n, prompt: \"{{nowhere?}}\"}]\n", &["unknown-name 2:28"]);
}

#[test]
fn the_environment_is_read_at_load() {
    let world = World { env: &[("A", "x"), ("EMPTY", "")], ..World::default() };
    assert_eq!(
        world.key("cases: [{name: n, prompt: \"{{env.A}}{{env.EMPTY}}-{{env.EMPTY:-d}}-{{env.B:-e f}}\"}]\n", "prompt"),
        json!("x-d-e f")
    );
    let drawn = world.refuses("cases: [{name: n, prompt: \"a {{env.B}}\"}]\n", &["unset-variable 2:30"]);
    assert!(drawn.contains("only_if: {env: B}"), "{drawn}");
    let skipped = "agent: {protocol: p, env: {K: \"{{env.B}}\", L: \"{{env.C}}\"}}\ncases: [{name: n, only_if: {env: [A, B]}}]\n";
    assert_eq!(world.key(skipped, "agent"), json!({"protocol": "p", "env": {"K": "", "L": ""}}));
    assert_eq!(world.key("cases: [{name: n, skip: later, prompt: \"{{env.B}}\"}]\n", "prompt"), json!(""));
    world.refuses("cases: [{name: n, only_if: {env: A}, prompt: \"{{env.B}}\"}]\n", &["unset-variable 2:47"]);
    world.refuses("cases: [{name: n, prompt: \"{{env}}\"}]\n", &["unknown-name 2:28"]);
}

#[test]
fn a_case_knows_its_own_name() {
    let suite = "vars: {v: \"{{case.slug}}\"}\ncases: [{name: Some name, matrix: {k: [a]}, prompt: \"{{case.id}} {{case.name}} {{v}}\"}]\n";
    assert_eq!(key(suite, "prompt"), json!("s::some_name[k=a] Some name some_name_k_a"));
    refuses("cases: [{name: n, each: [{id: \"{{case.id}}\"}], prompt: p}]\n", &["variable-cycle 2:32"]);
}

#[test]
fn random_values_differ_by_place_and_not_by_run() {
    let suite = "vars: {v: \"{{random.uuid}}\"}\ncases: [{name: n, prompt: [\"{{random.hex16}}\", \"{{random.hex16}}\", \"{{v}}\", \"{{v}}\"]}, {name: m, prompt: [\"{{random.hex16}}\"]}]\n";
    let world = |seed| World { seed, ..World::default() };
    let first = world(1).key(suite, "prompt");
    let texts: Vec<_> = first.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    assert!(texts[0] != texts[1] && texts[2] == texts[3] && texts[0].len() == 16, "{texts:?}");
    assert!(texts[2].len() == 36 && texts[2].as_bytes()[14] == b'4' && b"89ab".contains(&texts[2].as_bytes()[19]), "{texts:?}");
    assert_eq!(first, world(1).key(suite, "prompt"));
    assert_ne!(first, world(2).key(suite, "prompt"));
    let other = world(1).makes(suite)[1].tree.get("prompt").unwrap().to_value();
    assert_ne!(other[0], first[0]);
    refuses("cases: [{name: n, prompt: \"{{random.hex}}\"}]\n", &["unknown-name 2:28"]);
}

#[test]
fn later_names_stay_until_their_stage() {
    let suite = "fakes: {llm: {model: openai}, gog: {command: [{stdout: \"{{llm.url}} {{secrets.s}} {{v}}\"}]}}\nsecrets: {s: {}}\nvars: {v: 1}\n\
                 agent: {protocol: p, command: [\"{{checkride}}\", \"{{agent.port}}\", \"{{case.dir}}\", \"{{llm.ws}}\", \"{{egress.url}}\"], ready: {log: \"(?<pid>.)\"}}\n\
                 cases: [{name: n, steps: [{user: \"{{session}} {{session.k}} {{turn.id}} {{agent.pid}} {{v}}\", save: {x: $.a}}, {user: \"{{x}} {{v}}\"}], expect: {reply: \"{{x.y}}\", calls: [{call: a, save: {doc: $.id}}, {b: {id: \"{{doc}}\"}}]}}]\n";
    let made = makes(suite);
    let tree = made[0].tree.to_value();
    assert_eq!(tree["fakes"]["gog"], json!({"command": [{"stdout": "{{llm.url}} {{secrets.s}} 1"}]}));
    assert_eq!(tree["steps"][0]["user"], json!("{{session}} {{session.k}} {{turn.id}} {{agent.pid}} 1"));
    assert_eq!(tree["steps"][1]["user"], json!("{{x}} 1"));
    let step = made[0].tree.get("steps").unwrap().items()[1].get("user").unwrap();
    assert!(matches!(&step.value, crate::model::tree::Content::Template(template) if template.parts.len() == 2));
}

#[test]
fn names_of_a_later_stage_are_too_late_earlier() {
    let fakes = "fakes: {llm: {model: openai, script: [a]}}\n";
    refuses(&format!("{fakes}vars: {{v: \"{{{{llm.url}}}}\"}}\ncases: [{{name: n, prompt: \"{{{{v}}}}\"}}]\n"), &["name-too-late 3:12"]);
    refuses("agent: {protocol: p, env: {A: \"x {{session.k}}\"}}\ncases: [{name: n}]\n", &["name-too-late 2:34"]);
    refuses("fakes: {g: {command: [{stdout: \"{{turn.id}}\"}]}}\ncases: [{name: n}]\n", &["name-too-late 2:33"]);
    refuses("cases: [{name: n, each: [{id: \"{{agent.port}}\"}]}]\n", &["name-too-late 2:32"]);
    refuses("cases: [{name: n, timeout: \"{{case.dir}}\"}]\n", &["name-too-late 2:29"]);
    refuses("cases: [{name: n, steps: [{user: \"{{x}}\"}, {user: b, save: {x: $.a}}]}]\n", &["name-too-late 2:35"]);
    refuses("cases: [{name: n, steps: [{user: \"{{x}}\"}], expect: {calls: [{call: a, save: {x: $.a}}]}}]\n", &["name-too-late 2:35"]);
    refuses("agent: {protocol: p, env: {A: \"{{x}}\"}}\ncases: [{name: n, steps: [{user: b, save: {x: $.a}}]}]\n", &["name-too-late 2:32"]);
}

#[test]
fn misspelt_names_say_what_was_meant() {
    let misspelt = |template: &str, meant: &str| {
        let suite = format!(
            "fakes: {{llm: {{model: openai}}}}\nsecrets: {{token: {{}}}}\nvars: {{amount: {{total: 1}}}}\nagent: {{protocol: p, ready: {{log: \"(?<room>.)\"}}}}\ncases:\n- name: n\n  steps: [{{user: \"{{{{amount.total}}}}\", save: {{order: $.a}}}}, {{user: \"x {{{{{template}}}}}\"}}]\n"
        );
        let drawn = refuses(&suite, &["unknown-name 8:69"]);
        assert!(drawn.contains(&format!("did you mean `{meant}`?")), "{template}: {drawn}");
    };
    misspelt("amont", "amount");
    misspelt("amount.totl", "total");
    misspelt("llm.ulr", "llm.url");
    misspelt("secrets.tokn", "secrets.token");
    misspelt("agent.rom", "agent.room");
    misspelt("ordr", "order");
    misspelt("random.uid", "random.uuid");
    misspelt("case.nmae", "case.name");
    misspelt("sesion", "session");
    let drawn = refuses("cases: [{name: n, prompt: \"{{call.id}}\"}]\n", &["unknown-name 2:28"]);
    assert!(drawn.contains("only in protocol files"), "{drawn}");
}

#[test]
fn a_misspelt_name_in_a_long_text_is_placed() {
    refuses("vars: {a: 1}\ncases:\n- name: n\n  prompt: |\n    one {{a}}\n    two {{ b|json }}\n", &["unknown-name 7:9"]);
}

#[test]
fn variables_in_a_circle_are_refused() {
    let drawn =
        refuses("vars: {a: \"{{b}}\", b: \"x {{c}}\", c: \"{{a}}\"}\ncases: [{name: n, prompt: \"{{a}}\"}]\n", &["variable-cycle 2:38"]);
    assert!(drawn.contains("`a`, `b`, `c`"), "{drawn}");
    refuses("cases: [{name: n, each: [{id: 1, a: \"{{a}}\"}], prompt: \"{{a}}\"}]\n", &["variable-cycle 2:38"]);
}

#[test]
fn what_cannot_be_inserted_says_why() {
    refuses(
        "vars: {l: [1], none: null}\ncases: [{name: n, prompt: \"a {{l}} {{none}}\"}]\n",
        &["cannot-insert 3:30", "cannot-insert 3:36"],
    );
    refuses("cases: [{name: n, prompt: \"{{'x'|times:4000000000}}\"}]\n", &["cannot-insert 2:28"]);
    let suite = "define: {d: \"{{a|hex}}\", e: \"{{a|hex}}\"}\ncases: [{name: n, steps: [{user: {use: d, a: \"{{session}}\"}}, {user: {use: e, a: \"x {{session}}\"}}]}]\n";
    refuses(suite, &["cannot-insert 2:30"]);
}

#[test]
fn filters_wait_with_the_name_they_are_for() {
    let suite = "define: {d: \"{{a|hex}}\"}\ncases: [{name: n, prompt: {use: d, a: \"{{session|url}}\"}}]\n";
    assert_eq!(key(suite, "prompt"), json!("{{session|url|hex}}"));
}

#[test]
fn variables_cannot_grow_without_end() {
    let mut vars = "vars:\n  v0: [x, x, x, x, x, x, x, x, x, x]\n  t0: \"0123456789\"\n".to_owned();
    for n in 1..12 {
        vars += &format!(
            "  v{n}: [{}]\n  t{n}: \"{}\"\n",
            vec![format!("\"{{{{v{}}}}}\"", n - 1); 10].join(", "),
            format!("{{{{t{}}}}}", n - 1).repeat(10)
        );
    }
    for name in ["v11", "t11"] {
        let loaded = World::default().load(&format!("suite: S\n{vars}cases: [{{name: n, prompt: \"{{{{{name}}}}}\"}}]\n"));
        assert_eq!(loaded.mistakes.len(), 1, "{}", loaded.drawn());
        assert!(loaded.mistakes[0].starts_with("expansion-too-large"), "{}", loaded.drawn());
    }
}

#[test]
fn variables_cannot_lead_on_without_end() {
    let chain: String = (0..5000).map(|n| format!("  v{n}: \"x{{{{v{}}}}}\"\n", n + 1)).collect();
    refuses(&format!("vars:\n{chain}  v5000: end\ncases: [{{name: n, prompt: \"{{{{v0}}}}\"}}]\n"), &["expansion-too-large 52:10"]);
    let near: String = (0..40).map(|n| format!("  v{n}: \"x{{{{v{}}}}}\"\n", n + 1)).collect();
    assert_eq!(
        key(&format!("vars:\n{near}  v40: end\ncases: [{{name: n, prompt: \"{{{{v0}}}}\"}}]\n"), "prompt"),
        json!("x".repeat(40) + "end")
    );
}

#[test]
fn thousands_of_mistakes_take_no_time() {
    let text = "{{a}} ".repeat(2_000) + &(0..20_000).map(|n| format!("{{{{b{n}}}}} ")).collect::<String>();
    let loaded = World::default().load(&format!("suite: S\ncases: [{{name: n, prompt: \"{text}\"}}]\n"));
    assert_eq!(loaded.mistakes.len(), crate::base::diagnostic::MOST + 1);
    let cases = "- {prompt: x}\n".repeat(50_000);
    assert_eq!(World::default().load(&format!("suite: S\ncases:\n{cases}")).mistakes.len(), crate::base::diagnostic::MOST + 1);
}

#[test]
fn reserved_names_are_refused_wherever_they_are_given() {
    refuses(
        "vars: {env: 1}\nfakes: {agent: {model: any}}\ncases: [{name: n, vars: {case: 1}, each: [{turn: 1}], matrix: {random: [1]}}]\n",
        &["reserved-name 2:8", "reserved-name 3:9", "reserved-name 4:26", "reserved-name 4:64", "reserved-name 4:44"],
    );
}

#[test]
fn unused_variables_are_warned_of() {
    refuses(
        "vars: {a: 1, b: 2}\ncases: [{name: n, vars: {c: 3, b: 4}, prompt: \"{{a}}\"}, {name: m, prompt: \"{{b}}\"}]\n",
        &["unused-var 3:26", "unused-var 3:32"],
    );
    refuses("vars: {a: 1, b: \"{{a}}\"}\ncases: [{name: n}]\n", &["unused-var 2:8", "unused-var 2:14"]);
}

#[test]
fn what_did_not_change_is_shared() {
    let made = makes(
        "vars: {v: 1}\nagent: {protocol: p, env: {A: x}}\nfakes: {llm: {model: openai, script: [a]}}\ncases: [{name: a, prompt: \"{{v}}\"}, {name: b, each: [{id: 1}, {id: 2}], expect: {reply: x}}]\n",
    );
    let part = |at: usize, key: &str| made[at].tree.get(key).unwrap().clone();
    assert!(Arc::ptr_eq(&part(0, "fakes"), &part(1, "fakes")) && Arc::ptr_eq(&part(0, "agent"), &part(2, "agent")));
    assert!(Arc::ptr_eq(&part(1, "expect"), &part(2, "expect")));
}

#[test]
fn many_mistakes_are_found_at_once() {
    refuses(
        "agent: nobody\ncases:\n- {name: a, prompt: \"{{x}}\"}\n- {name: a}\n- {name: b, each: []}\n- {name: c, prompt: \"{{y}}\", steps: [{use: z}]}\n",
        &["unknown-template 7:44", "unknown-agent 2:8", "unknown-name 4:22", "duplicate-name 5:10", "empty-rows 6:19", "unknown-name 7:22"],
    );
}
