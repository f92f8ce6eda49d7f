//! Files that cannot be read as suites, and those that no repository should hold. (`tests/diagnostics` has the others.)

use crate::program::project::{Project, Said};
use std::os::unix::fs::PermissionsExt as _;

/// One error, at its place.
fn refused(said: &Said, code: &str, texts: &[&str]) {
    said.means(2, &[&format!("error[{code}]"), "nothing was run"]).means(2, texts);
    assert_eq!(said.diagnostics(), 1, "{}", said.text);
}

#[test]
fn an_empty_file_says_what_belongs_into_it() {
    for text in ["", "\n\n", "# nothing yet\n", "\u{feff}"] {
        refused(&Project::with(text).check(), "empty-file", &["--> s.yaml:1:1", "a suite begins with `suite: <its name>`"]);
    }
}

#[test]
fn a_file_that_is_not_utf8_shows_its_first_wrong_byte() {
    let latin1 = Project::new().file("s.yaml", b"suite: S\n# caf\xe9\n");
    refused(&latin1.check(), "not-utf8", &["--> s.yaml:2:6", "0xE9", "save the file as UTF-8"]);
    let utf16 = Project::new().file("s.yaml", b"\xff\xfes\0u\0i\0t\0e\0");
    refused(&utf16.check(), "not-utf8", &["the file is UTF-16"]);
    let bytes: Vec<u8> = (0..=255).collect();
    refused(&Project::new().file("s.yaml", bytes).check(), "not-utf8", &["--> s.yaml:"]);
}

#[test]
fn ten_megabytes_are_refused_unread() {
    let case = "  - {name: x, prompt: Hello, expect: {reply: Hi}}\n";
    let said = Project::with(&format!("suite: S\nagent: reference\ncases:\n{}", case.repeat(210_000))).check();
    refused(&said, "file-too-large", &["--> s.yaml:1:1", "10.0 MiB", "at most 8 MiB are read", "split it"]);
    assert!(said.took.as_secs() < 5);
}

#[test]
fn thousands_of_mistakes_are_cut_short() {
    let cases: String = (0..3000).map(|n| format!("  - {{name: x{n}, prmpt: Hello, expect: {{reply: Hi}}}}\n")).collect();
    let said = Project::with(&format!("suite: S\nagent: reference\ncases:\n{cases}")).check();
    said.means(2, &["error[unknown-key]", "error[too-many-mistakes]", "repair these first"]);
    assert!(said.diagnostics() < 1000, "{}", said.diagnostics());
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    // Root may read everything, so it is a link that leads nowhere, and a pipe that nobody writes.
    let project = Project::new().file("suites/a.txt", "");
    std::os::unix::fs::symlink("gone.yaml", project.path("suites/s.yaml")).unwrap();
    refused(&project.say(&["check", "suites"]), "unreadable-file", &["--> suites/s.yaml:1:1", "check the path"]);
    std::fs::remove_file(project.path("suites/s.yaml")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(project.path("suites/s.yaml")).status().unwrap().success());
    refused(&project.say(&["check", "suites"]), "unreadable-file", &["--> suites/s.yaml:1:1", "not a regular file"]);
    refused(&project.say(&["check", "suites/s.yaml"]), "unreadable-file", &["not a regular file"]);
    refused(&project.say(&["check", "/dev/zero"]), "unreadable-file", &["not a regular file"]);
}

#[test]
fn a_folder_that_may_not_be_read_is_named() {
    let project = Project::new().file("suites/deep/s.yaml", "suite: S\n");
    std::fs::set_permissions(project.path("suites/deep"), std::fs::Permissions::from_mode(0o000)).unwrap();
    let said = project.say(&["check", "suites"]);
    std::fs::set_permissions(project.path("suites/deep"), std::fs::Permissions::from_mode(0o755)).unwrap();
    // Root reads it all the same.
    assert_eq!(said.status, 2);
    assert!(!said.text.is_empty());
}

#[test]
fn a_path_that_is_not_there_has_a_nearest_one() {
    let said = Project::with("suite: S\n").say(&["check", "t.yaml"]);
    said.means(2, &["error[no-such-path]", "there is no file or folder `t.yaml`", "did you mean `s.yaml`?"]);
    assert_eq!(said.diagnostics(), 1);
}

const CASE: &str = "suite: S\nagent: reference\nfakes: {llm: {model: openai, script: [Hi]}}\n\
                    cases:\n  - name: greets\n    prompt: Hello\n    expect: {repli: Hi}\n";

#[test]
fn line_ends_and_marks_of_other_systems_move_no_place() {
    refused(&Project::with(CASE).check(), "unknown-key", &["--> s.yaml:7:14", "did you mean `reply`?"]);
    refused(&Project::with(&CASE.replace('\n', "\r\n")).check(), "unknown-key", &["--> s.yaml:7:14"]);
    refused(&Project::with(&format!("\u{feff}{CASE}")).check(), "unknown-key", &["--> s.yaml:7:14"]);
    refused(&Project::with(&CASE.replace("Hello", "Grüße 🎉")).check(), "unknown-key", &["--> s.yaml:7:14"]);
}

#[test]
fn a_very_long_line_is_shown_in_part() {
    let said = Project::with(&format!("suite: S\nagent: reference\ncases: [{{name: {}, expct: {{}}}}]\n", "y".repeat(100_000))).check();
    said.means(2, &["error[unknown-key]", "--> s.yaml:3:100018", "^^^^^"]);
    assert!(said.text.lines().all(|line| line.len() < 1000), "a line of it all");
}

#[test]
fn mistakes_of_all_files_come_in_one_run() {
    let project = Project::new()
        .file("suites/a.yaml", CASE)
        .file("suites/b.yaml", "")
        .file("suites/c/d.yaml", CASE.replace("openai", "opnai"))
        .file("suites/e.yaml", CASE.replace("repli", "reply"));
    let said = project.say(&["check", "suites"]);
    said.means(2, &["suites/a.yaml:7:14", "suites/b.yaml:1:1", "suites/c/d.yaml:3:22", "suites/c/d.yaml:7:14", "4 errors"]);
    assert!(!said.text.contains("suites/e.yaml"), "{}", said.text);
}

#[test]
fn nothing_runs_while_there_is_a_mistake() {
    let said = Project::with(CASE).say(&["run", "--suites", "s.yaml"]);
    said.means(2, &["error[unknown-key]", "nothing was run"]);
    assert!(!said.text.contains("running"), "{}", said.text);
}

#[test]
fn a_tag_that_no_case_has_is_refused_with_those_there_are() {
    let project = Project::with(&CASE.replace("repli", "reply").replace("prompt", "tags: [slow, mail]\n    prompt"));
    project.say(&["run", "--suites", "s.yaml", "--tag", "slwo"]).means(2, &["slwo", "did you mean `slow`?"]);
    project.say(&["run", "--suites", "s.yaml", "--tag", "slow and ("]).means(2, &["error: "]);
}

#[test]
fn a_variable_on_the_command_line_needs_a_name_and_a_value() {
    let project = Project::with(&CASE.replace("repli", "reply"));
    project.say(&["run", "--suites", "s.yaml", "--var", "x"]).means(2, &["--var x", "name=value"]);
    project.say(&["run", "--suites", "s.yaml", "--var", "session=x"]).means(2, &["error[reserved-name]", "session"]);
}

#[test]
fn each_path_belongs_to_the_project_it_lies_in() {
    let suite = "suite: S\nagent: mine\ncases: [{name: n, prompt: Hi, expect: {reply: Hi}}]\n";
    let agents = "suites: [.]\nagents: {mine: {base: reference}}\n";
    let project = Project::new().file("a/checkride.yaml", agents).file("a/s.yaml", suite).file("b/s2.yaml", suite);
    project.say(&["check", "a"]).means(0, &["no mistakes in 1 file"]);
    let said = project.say(&["check", "b", "a"]);
    said.means(2, &["there is no agent `mine`", "b/s2.yaml:2:8"]);
    assert_eq!(said.diagnostics(), 1, "{}", said.text);
}
