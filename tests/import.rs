//! `checkride import aimock`: what a user sees of it. That the script answers as aimock does was compared against the real one.

#[expect(dead_code, reason = "other tests use the rest of it")]
mod program;

use program::{Ran, checkride};
use std::path::Path;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/aimock");

fn import(files: &[(&str, &str)], arguments: &[&str]) -> (Ran, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("it is so in this test");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it is so in this test")).expect("it is so in this test");
        std::fs::write(path, text).expect("it is so in this test");
    }
    (checkride(folder.path(), &[&["import", "aimock"], arguments].concat()), folder)
}

#[test]
fn a_folder_becomes_a_script_that_check_accepts() {
    let (ran, folder) = import(&[], &[FIXTURES, "--out", "script.yaml"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("imported 37 of 42 fixtures from 4 files, 4 of them in part"), "{}", ran.stderr);
    let checked = checkride(folder.path(), &["check", "script.yaml"]);
    assert_eq!(checked.status, 0, "{}", checked.stderr);
    let script = std::fs::read_to_string(folder.path().join("script.yaml")).expect("it is so in this test");
    assert!(script.contains("template {{'{{'}}name}}"), "{script}");
    assert!(script.contains("replies:\n      - \"First.\"\n      - \"Second.\"\n    then: next"), "{script}");
}

#[test]
fn what_cannot_be_said_is_named_with_its_place_and_reason() {
    let (ran, _folder) = import(&[], &[FIXTURES]);
    for line in [
        "more/not_all.json #0: not imported: `match.inputText` asks for an embedding",
        "more/not_all.json #1: not imported: the endpoint \"image\" is not served",
        "more/not_all.json #2: not imported: its response is sound",
        "more/not_all.json #3: imported in part: `chaos.dropRate` is left out",
        "more/not_all.json #3: imported in part: `response.id` is left out",
        "more/not_all.json #4: imported in part: its `chunkSize` (3) is left out",
        "more/not_all.json #5: not imported: it never answers",
        "more/not_all.json #6: not imported: its response has no `content`",
    ] {
        assert!(ran.stderr.contains(line), "{line}\n{}", ran.stderr);
    }
}

#[test]
fn wrong_input_is_refused_with_its_place() {
    type Files = &'static [(&'static str, &'static str)];
    let cases: [(Files, &str, &str); 5] = [
        (&[("a.json", "{\"fixtures\": [\n  {]}")], "a.json", "a.json:2:4: this is no JSON"),
        (&[("f/ok.json", "{\"fixtures\": []}"), ("f/bad.json", "nope")], "f", "f/bad.json:1:2: this is no JSON"),
        (&[("a.json", "[]")], "a.json", "a.json:1:1: this is no file of fixtures"),
        (&[("f/a.txt", "")], "f", "there is no `*.json` below `f`"),
        (&[], "none", "failed to read `none`"),
    ];
    for (files, path, message) in cases {
        let (ran, _folder) = import(files, &[path]);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        assert!(ran.stderr.contains(message), "{message}\n{}", ran.stderr);
    }
}

#[test]
fn nothing_imported_is_no_success() {
    let embedding = "{\"fixtures\": [{\"match\": {\"inputText\": \"x\"}, \"response\": {\"embedding\": [1]}}]}";
    let (ran, folder) = import(&[("a.json", embedding)], &["a.json", "--out", "out.yaml"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("none of the 1 fixture was imported"), "{}", ran.stderr);
    assert!(!Path::new(&folder.path().join("out.yaml")).exists());
}

/// A suite's fake takes what its file says, and its own word comes first.
#[test]
fn a_suite_uses_a_whole_script_file() {
    let suite = |more: &str| {
        format!(
            "suite: S\nfakes: {{llm: {{model: openai, script: world.yaml{more}}}}}\nagent: {{protocol: command-line, command: [sh, -c, 'curl -s {{{{llm.url}}}}/v1/responses -H content-type:application/json -d \"{{\\\"model\\\":\\\"m\\\",\\\"input\\\":\\\"$1\\\"}}\"', sh]}}\nonly_if: {{command: curl}}\ncases: [{{name: a, prompt: Ana, expect: {{reply: {{contains: Hello Ana}}}}}}]\n"
        )
    };
    let script = "script: T\nrules: [{when: {last_user: {contains: Ana}}, reply: Hello Ana}]\n";
    for (more, verdict) in [("", "ok"), (", rules: [{reply: another}]", "FAILED")] {
        let folder = tempfile::tempdir().expect("it is so in this test");
        std::fs::write(folder.path().join("world.yaml"), script).expect("it is so in this test");
        std::fs::write(folder.path().join("s.yaml"), suite(more)).expect("it is so in this test");
        let ran = checkride(folder.path(), &["run", "--suites", "s.yaml"]);
        assert!(ran.stdout.contains(verdict) || ran.stdout.contains("skipped"), "{more}\n{}\n{}", ran.stdout, ran.stderr);
        assert_ne!(ran.status, 2, "{}", ran.stderr);
    }
}
