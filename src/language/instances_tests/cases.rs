//! Cases, agents and rows.
//!
//! Owns: what lies over what, which agents and rows there are.
//! Must not know: templates, names.

use super::*;

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
