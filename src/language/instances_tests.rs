//! What becomes of suites, and what is refused where.

use super::instances::{Context, Instance, instances};
use super::project::Project;
use super::yaml;
use crate::base::{Diagnostics, Sources};
use indexmap::IndexMap;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// A suite with what surrounds it.
#[derive(Default)]
struct World {
    project: &'static str,
    overrides: &'static [(&'static str, &'static str)],
    env: &'static [(&'static str, &'static str)],
    seed: u64,
}

struct Loaded {
    made: Vec<Instance>,
    /// Each mistake as `code line:column`, with the file before it if that is not the suite.
    mistakes: Vec<String>,
    diagnostics: Diagnostics,
    sources: Sources,
}

impl Loaded {
    fn drawn(&self) -> String {
        self.diagnostics.render(&self.sources, false)
    }
}

impl World {
    fn load(&self, suite: &str) -> Loaded {
        let sources = Sources::default();
        let mut diagnostics = Diagnostics::default();
        let mut project = Project::without_file(Path::new("/nowhere"), &sources);
        if !self.project.is_empty() {
            let tree = yaml::read(&sources, "checkride.yaml", self.project.as_bytes(), &mut diagnostics).unwrap();
            let part = |key: &str| tree.get(key).cloned();
            (project.vars, project.define, project.agents) = (part("vars"), part("define"), part("agents"));
        }
        let tree = yaml::read(&sources, "s.yaml", suite.as_bytes(), &mut diagnostics).expect("a tree");
        let overrides: IndexMap<_, _> = self.overrides.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let env: HashMap<_, _> = self.env.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let context = Context {
            sources: &sources,
            project: &project,
            suite_id: "s".to_owned(),
            suite_path: "s.yaml".to_owned(),
            folder: "/nowhere".into(),
            overrides: &overrides,
            env: &env,
            seed: self.seed,
        };
        let made = instances(&tree, &context, &mut diagnostics);
        for diagnostic in diagnostics.list.iter().take(10) {
            assert!(!diagnostic.help.is_empty() && !diagnostic.label.is_empty(), "{}", diagnostic.render(&sources, false));
        }
        let mistakes = diagnostics.list.iter().map(|diagnostic| match sources.locate(diagnostic.span) {
            Some(at) if at.path == "s.yaml" => format!("{} {}:{}", diagnostic.code, at.line, at.column),
            Some(at) => format!("{} {at}", diagnostic.code),
            None => diagnostic.code.to_owned(),
        });
        Loaded { made, mistakes: mistakes.collect(), diagnostics, sources }
    }

    /// The suite `suite: S` with these lines; without any mistake.
    fn makes(&self, lines: &str) -> Vec<Instance> {
        let loaded = self.load(&format!("suite: S\n{lines}"));
        assert!(loaded.mistakes.is_empty(), "{}", loaded.drawn());
        loaded.made
    }

    fn key(&self, lines: &str, key: &str) -> Value {
        self.makes(lines)[0].tree.get(key).map_or(Value::Null, |node| node.to_value())
    }

    fn refuses(&self, lines: &str, mistakes: &[&str]) -> String {
        let loaded = self.load(&format!("suite: S\n{lines}"));
        assert_eq!(loaded.mistakes, mistakes, "{}", loaded.drawn());
        loaded.drawn()
    }
}

fn makes(lines: &str) -> Vec<Instance> {
    World::default().makes(lines)
}

fn ids(lines: &str) -> Vec<String> {
    makes(lines).into_iter().map(|instance| instance.id).collect()
}

fn key(lines: &str, key: &str) -> Value {
    World::default().key(lines, key)
}

fn refuses(lines: &str, mistakes: &[&str]) -> String {
    World::default().refuses(lines, mistakes)
}

// Defaults and agents.

#[test]
fn a_case_lies_over_the_suites_defaults() {
    let suite = "agent: {protocol: p, env: {A: 1}, command: [a, b]}\nfakes: {x: {model: openai}, y: {command: []}}\nsecrets: {s: {}}\n\
                 tags: [a, b]\nowner: me\nlevel: should\ntimeout: 5s\nonly_if: {platform: linux}\ncases:\n";
    let plain = key(&format!("{suite}- name: n\n  prompt: p\n"), "tags");
    assert_eq!(plain, json!(["a", "b"]));
    let made = makes(&format!(
        "{suite}- name: n\n  agent: {{env: {{A: null, B: 2}}, command: [c]}}\n  fakes: {{y: null, x: {{http: []}}, z: {{model: any}}}}\n  tags: [b, c]\n  owner: you\n  timeout: null\n"
    ));
    assert_eq!(
        made[0].tree.to_value(),
        json!({
            "name": "n", "fakes": {"x": {"http": []}, "z": {"model": "any"}}, "tags": ["a", "b", "c"], "owner": "you",
            "secrets": {"s": {}}, "level": "should", "only_if": {"platform": "linux"},
            "agent": {"protocol": "p", "env": {"A": null, "B": 2}, "command": ["c"]},
        })
    );
    assert_eq!((made[0].id.as_str(), made[0].agent_name.as_deref(), made[0].suite_name.as_str()), ("s::n", None, "S"));
}

#[test]
fn agents_have_names_in_the_project_and_one_is_built_in() {
    let world = World { project: "agents:\n  mine: {protocol: p, settings: {v: \"{{v}}\"}}\n", ..World::default() };
    assert_eq!(world.key("agent: mine\ncases: [{name: n, vars: {v: 3}}]\n", "agent"), json!({"protocol": "p", "settings": {"v": 3}}));
    let made = makes("agent: reference\ncases: [{name: n}]\n");
    assert_eq!(made[0].agent_name.as_deref(), Some("reference"));
    assert_eq!(made[0].tree.get("agent").unwrap().get("protocol").unwrap().text(), Some("moltbot-gateway"));
    let drawn =
        world.refuses("agent: mne\ncases: [{name: n}, {name: o, agent: {base: nobody}}]\n", &["unknown-agent 2:8", "unknown-agent 3:44"]);
    assert!(drawn.contains("did you mean `mine`?"), "{drawn}");
}

#[test]
fn a_matrix_may_name_agents() {
    let world = World { project: "agents: {a: {protocol: p}, b: {base: a, url: u}}\n", ..World::default() };
    let made = world.makes("agent: \"{{which}}\"\ncases: [{name: n, matrix: {which: [a, b]}}]\n");
    let urls: Vec<_> = made
        .iter()
        .map(|instance| (instance.agent_name.clone().unwrap(), instance.tree.get("agent").unwrap().get("url").is_some()))
        .collect();
    assert_eq!(urls, [("a".to_owned(), false), ("b".to_owned(), true)]);
}

#[test]
fn a_setting_of_null_is_its_default() {
    let suite =
        "agent: {protocol: p, settings: {a: 1, b: \"{{x}}\"}}\ncases: [{name: n, vars: {x: null}, agent: {settings: {a: null, c: 2}}}]\n";
    assert_eq!(key(suite, "agent"), json!({"protocol": "p", "settings": {"c": 2}}));
}

// Rows.

#[test]
fn rows_and_combinations_are_tests_of_their_own() {
    assert_eq!(
        ids("cases: [{name: A b, each: [{id: one}, {k: 1, t: x  y, m: {a: 1}}, {m: []}]}]\n"),
        ["s::a_b[one]", "s::a_b[k=1,t=x y]", "s::a_b[#3]"]
    );
    assert_eq!(ids("cases: [{name: n, matrix: {a: [1, 2], b: [x]}}]\n"), ["s::n[a=1,b=x]", "s::n[a=2,b=x]"]);
    assert_eq!(ids("cases: [{name: n, matrix: {a: [1]}, each: [{id: r}, {id: s}]}]\n"), ["s::n[a=1,r]", "s::n[a=1,s]"]);
    let made = makes("cases: [{name: \"n {{k}}\", each: [{k: 1}]}]\n");
    assert_eq!((made[0].id.as_str(), made[0].name.as_str(), made[0].slug.as_str()), ("s::n_1[k=1]", "n 1", "n_1_k_1"));
}

#[test]
fn empty_rows_and_other_shapes_are_refused() {
    refuses(
        "cases:\n- {name: a, each: []}\n- {name: b, matrix: {}}\n- {name: c, matrix: {k: []}}\n",
        &["empty-rows 3:19", "empty-rows 4:21", "empty-rows 5:25"],
    );
    refuses(
        "cases:\n- {name: a, each: [x]}\n- {name: b, matrix: {k: 1}}\n- {name: c, each: {a: 1}}\n",
        &["wrong-type 3:20", "wrong-type 4:25", "wrong-type 5:19"],
    );
    refuses("cases:\n- x\n- {prompt: a}\n- {name: [1]}\n", &["wrong-type 3:3", "missing-key 4:3", "wrong-type 5:10"]);
    let axis = format!("[{}]", vec!["1"; 200].join(", "));
    refuses(&format!("cases: [{{name: a, matrix: {{a: {axis}, b: {axis}}}}}]\n"), &["expansion-too-large 2:637"]);
}

#[test]
fn two_cases_of_one_name_are_refused_with_the_other_place() {
    let drawn = refuses("cases:\n- name: A b\n- name: other\n- name: a  B!\n", &["duplicate-name 5:9"]);
    assert!(drawn.contains("the first is at s.yaml:3:9"), "{drawn}");
    refuses("cases:\n- {name: n, each: [{k: 1}, {k: 1}]}\n", &["duplicate-name 3:10"]);
}

// define and use.

#[test]
fn templates_are_filled_and_spliced() {
    let define = "define:\n  step: {user: \"{{text}} for {{who}}\"}\n  two: [{user: \"{{a}}\"}, {user: b}]\n  raw: {json: \"{{args|json}}\", id: \"{{args.id}}\", n: \"{{n}}\"}\n";
    let suite = format!(
        "{define}vars: {{who: Ana}}\ncases: [{{name: n, steps: [{{use: step, text: \"Hi {{{{who}}}}\"}}, {{use: two, a: 1}}, {{with: {{use: raw, args: {{id: 7}}, n: [1]}}}}]}}]\n"
    );
    let steps = json!([{"user": "Hi Ana for Ana"}, {"user": 1}, {"user": "b"}, {"with": {"json": "{\"id\":7}", "id": 7, "n": [1]}}]);
    assert_eq!(key(&suite, "steps"), steps);
}

#[test]
fn arguments_may_hold_templates_wherever_they_are_put() {
    let define = "define:\n  d: {json: \"{{a|json}}\", text: \"<{{b}}>\", whole: \"{{b}}\", up: \"{{c|base64}}\"}\n  outer: {use: d, a: {x: \"{{v}}\"}, b: \"{{b}}!\", c: \"{{v}}\"}\n";
    let suite = format!("{define}vars: {{v: 5}}\ncases: [{{name: n, steps: [{{use: outer, b: \"{{{{session.k}}}}\"}}]}}]\n");
    assert_eq!(key(&suite, "steps"), json!([{"json": "{\"x\":5}", "text": "<{{session.k}}!>", "whole": "{{session.k}}!", "up": "NQ=="}]));
}

#[test]
fn templates_serve_rows_cases_and_agents() {
    let define = "define:\n  rows: [{id: \"{{p}}1\", v: \"{{said}}\"}, {id: \"{{p}}2\", v: two}]\n  more: [{name: x}, {name: y}]\n  env: {A: \"{{v}}\"}\n";
    let suite = format!(
        "{define}agent: {{protocol: p, env: {{use: env}}}}\nvars: {{v: 0, said: s}}\ncases: [{{name: n, each: [{{use: rows, p: r}}, {{id: z, v: 9}}]}}, {{use: more}}]\n"
    );
    let made = makes(&suite);
    let envs: Vec<_> =
        made.iter().map(|instance| (instance.id.as_str(), instance.tree.get("agent").unwrap().get("env").unwrap().to_value())).collect();
    assert_eq!(
        envs,
        [
            ("s::n[r1]", json!({"A": "s"})),
            ("s::n[r2]", json!({"A": "two"})),
            ("s::n[z]", json!({"A": 9})),
            ("s::x", json!({"A": 0})),
            ("s::y", json!({"A": 0}))
        ]
    );
}

#[test]
fn a_suites_template_comes_before_the_projects() {
    let world = World { project: "define: {a: project, b: {use: a}}\n", ..World::default() };
    assert_eq!(world.key("define: {a: suite}\ncases: [{name: n, prompt: {use: a}, steps: [{use: b}]}]\n", "steps"), json!(["suite"]));
}

#[test]
fn an_optional_argument_may_be_left_out() {
    let suite = "define: {d: {user: hi, with: {k: \"{{k?}}\", always: 1}}}\ncases: [{name: n, steps: [{use: d}, {use: d, k: 2}, {use: d, k: null}]}]\n";
    let step = |with: Value| json!({"user": "hi", "with": with});
    assert_eq!(key(suite, "steps"), json!([step(json!({"always": 1})), step(json!({"k": 2, "always": 1})), step(json!({"always": 1}))]));
}

#[test]
fn data_may_have_a_key_named_use() {
    let suite = "cases: [{name: n, prompt: p, steps: [{send: {use: {a: 1}}}, {send: {use: \"{{'word'}}\"}}]}]\n";
    assert_eq!(key(suite, "steps"), json!([{"send": {"use": {"a": 1}}}, {"send": {"use": "word"}}]));
}

#[test]
fn mistakes_with_templates_are_placed() {
    let define = "define:\n  step: {user: \"{{text}}\"}\n  a: [{use: b}]\n  b: {x: {use: a}}\n";
    let drawn = refuses(&format!("{define}cases: [{{name: n, steps: [{{use: stop}}]}}]\n"), &["unknown-template 6:33"]);
    assert!(drawn.contains("did you mean `step`?"), "{drawn}");
    let drawn = refuses(&format!("{define}cases: [{{name: n, steps: [{{use: a}}]}}]\n"), &["recursive-define 5:16"]);
    assert!(drawn.contains("`a` → `b` → `a`"), "{drawn}");
    let drawn = refuses(&format!("{define}cases: [{{name: n, steps: [{{use: step, text: a, txt: b}}]}}]\n"), &["unused-argument 6:48"]);
    assert!(drawn.contains("did you mean `text`?"), "{drawn}");
    refuses(&format!("{define}cases: [{{name: n, steps: [{{use: \"{{{{x}}}}\"}}], vars: {{x: step}}}}]\n"), &["ill-formed-use 6:33"]);
    refuses(&format!("{define}cases: [{{name: n, steps: [{{use: step}}]}}]\n"), &["unknown-name 3:17"]);
    refuses(
        "define: {d: \"x {{a}}\", e: \"{{a.b}}\"}\ncases: [{name: n, steps: [{use: d, a: [1]}, {use: e, a: {c: 1}}]}]\n",
        &["cannot-insert 2:13", "cannot-insert 2:27"],
    );
    refuses("define: {d: \"{{turn}}\"}\ncases: [{name: n, prompt: {use: d, turn: 1}}]\n", &["reserved-name 3:36"]);
}

#[test]
fn templates_cannot_grow_without_end() {
    let mut define = "define:\n  t0: [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        define += &format!("  t{n}: [{}]\n", vec![format!("{{use: t{}}}", n - 1); 10].join(", "));
    }
    let loaded = World::default().load(&format!("suite: S\n{define}cases: [{{name: n, steps: [{{use: t11}}]}}]\n"));
    assert!(!loaded.mistakes.is_empty() && loaded.mistakes.iter().all(|m| m.starts_with("expansion-too-large")), "{}", loaded.drawn());
    let mut define = "define:\n  d0: [[[[[[[[[[\"{{a}}\"]]]]]]]]]]\n".to_owned();
    for n in 1..20 {
        define += &format!("  d{n}: {{use: d{0}, a: {{use: d{0}, a: \"{{{{a}}}}\"}}}}\n", n - 1);
    }
    let loaded = World::default().load(&format!("suite: S\n{define}cases: [{{name: n, steps: {{use: d19, a: 1}}}}]\n"));
    assert!(!loaded.mistakes.is_empty() && loaded.mistakes.iter().all(|m| m.starts_with("expansion-too-large")), "{}", loaded.drawn());
}

// Values.

#[test]
fn one_name_means_one_thing() {
    refuses("vars: {x: 1}\ncases: [{name: n, prompt: \"{{x}}\", steps: [{user: a, save: {x: $.a}}]}]\n", &["name-clash 3:61"]);
    refuses("fakes: {llm: {model: any}}\ncases: [{name: n, each: [{llm: 1}], prompt: \"{{llm}}\"}]\n", &["name-clash 2:9"]);
}

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
