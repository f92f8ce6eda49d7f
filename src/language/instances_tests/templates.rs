//! What `define` and `use` come to.
//!
//! Owns: what `define` and `use` come to, and their mistakes.
//! Must not know: names.

use super::*;

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
