//! Every diagnostic code, as a user sees it: `tests/diagnostics/CODE.yaml`, or a folder with a project of its own, and the
//! expected text beside it. `UPDATE=1 cargo test --test diagnostics` rewrites the texts; CI compares.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Codes without a case here, and where they are tested instead.
const ELSEWHERE: [(&[&str], &str); 6] = [
    (&["not-utf8", "file-too-large", "unreadable-file", "too-many-mistakes"], "tests/bad_input: files that no repository should hold"),
    (
        &[
            "agent-exited",
            "agent-not-ready",
            "agent-not-started",
            "agent-port-taken",
            "agent-setup",
            "program-missing",
            "unmatched-command",
            "unmatched-request",
            "unused-replies",
            "unused-rows",
            "unused-answers",
            "ill-formed-request",
        ],
        "tests/bad_input: they come from a run",
    ),
    (
        &[
            "budget-exhausted",
            "judge-compromised",
            "judge-failed",
            "judge-http",
            "judge-made-up",
            "judge-malformed",
            "judge-no-rule",
            "judge-odd-answer",
            "judge-program",
            "judge-refused",
            "judge-timeout",
            "judge-truncated",
            "interrupted",
            "judge-unauthorized",
            "judge-unavailable",
            "judge-unreachable",
            "lock-damaged",
            "lock-miss",
            "lock-unusable",
            "not-answered",
            "nothing_said",
            "price-unknown",
            "recording-too-long",
            "unverified_evidence",
        ],
        "end-to-end tests of rubrics (judged) and unit tests of the judge: they come from a run",
    ),
    (&["server-died", "server-not-started"], "end-to-end tests of servers (world_servers): they come from a run"),
    (
        &[
            "agent-settings",
            "agent-url",
            "answer-failed",
            "answer-refused",
            "approval-unmatched",
            "command-timeout",
            "file-not-searched",
            "ill-formed-frame",
            "ill-formed-reply",
            "protocol-fault",
            "unused-rule",
            "rule-not-testable",
            "secret-is-a-word",
            "secret-missing",
            "unanswered-approval",
            "unfilled-reply",
            "unmatched-call",
            "unmatched-frame",
            "version-unreadable",
        ],
        "unit tests of their modules: they come from a run that is hard to bring about by files alone",
    ),
    (
        &[
            "agent-not-marked",
            "case-folder",
            "command-lost",
            "egress-trap",
            "home-not-written",
            "mcp-bridges",
            "mock-not-first",
            "mocked-commands",
            "no-port",
            "process-left",
        ],
        "the machine is at fault, or checkride",
    ),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics")
}

/// The cases: a name that begins with its code, and whether it is a folder with a project of its own.
fn cases() -> BTreeMap<String, bool> {
    let entries = std::fs::read_dir(folder()).expect("the folder is there").map(|entry| entry.expect("it can be read").path());
    let case = |path: PathBuf| {
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        match (path.is_dir(), name.strip_suffix(".yaml")) {
            (true, _) => Some((name, true)),
            (false, stem) => stem.map(|stem| (stem.to_owned(), false)),
        }
    };
    entries.filter_map(case).collect()
}

fn code(case: &str) -> &str {
    case.split('.').next().expect("a split has a first part")
}

/// What `checkride check` says; absolute paths are left out, since they differ.
fn check(folder: &Path, files: &[String]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_checkride"));
    command.arg("check").args(files).current_dir(folder).env("NO_COLOR", "1").env_remove("RUST_BACKTRACE");
    let text = String::from_utf8(command.output().expect("the program starts").stderr).expect("messages are texts");
    text.replace(&*folder.to_string_lossy(), "<folder>")
}

/// The diagnostics of each case. The files are checked all at once, since all mistakes of all files come in one run.
fn said() -> BTreeMap<String, String> {
    let (projects, files): (Vec<_>, Vec<_>) = cases().into_iter().partition(|(_, project)| *project);
    let names: Vec<String> = files.iter().map(|(name, _)| format!("{name}.yaml")).collect();
    let all = check(&folder(), &names);
    let mut said: BTreeMap<String, String> = files.into_iter().map(|(name, _)| (name, String::new())).collect();
    for diagnostic in all.split("\n\n").filter(|part| part.starts_with("error[") || part.starts_with("warning[")) {
        let place = diagnostic.lines().find_map(|line| line.trim_start().strip_prefix("--> ")).expect("a diagnostic has a place");
        let name = place.split(".yaml:").next().expect("a split has a first part");
        let text = said.get_mut(name).unwrap_or_else(|| panic!("no case is called {name}:\n{diagnostic}"));
        text.push_str(diagnostic.trim_end());
        text.push('\n');
    }
    said.extend(projects.into_iter().map(|(name, _)| {
        let text = check(&folder().join(&name), &[]);
        (name, text)
    }));
    said
}

#[test]
fn every_case_says_what_it_said_before() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut different = Vec::new();
    for (name, text) in said() {
        let path = folder().join(format!("{name}.txt"));
        if update {
            std::fs::write(&path, &text).expect("it can be written");
        } else if std::fs::read_to_string(&path).unwrap_or_default() != text {
            different.push(format!("{name} says:\n{text}"));
        }
    }
    assert!(different.is_empty(), "UPDATE=1 rewrites the texts\n\n{}", different.join("\n\n"));
}

#[test]
fn every_case_has_one_diagnostic_with_its_code_and_its_place() {
    for name in cases().keys() {
        let text = std::fs::read_to_string(folder().join(format!("{name}.txt"))).expect("UPDATE=1 writes it");
        let codes: Vec<_> = text.lines().filter(|line| line.starts_with("error[") || line.starts_with("warning[")).collect();
        let [line] = codes.as_slice() else { panic!("{name} has {} diagnostics:\n{text}", codes.len()) };
        assert!(line.contains(&format!("[{}]", code(name))), "{name}: {line}");
        assert!(text.contains(".yaml:") && text.contains('^'), "{name} names no place:\n{text}");
        let label = text.lines().find_map(|line| line.split_once('^')).is_some_and(|(_, after)| !after.trim_matches(['^', ' ']).is_empty());
        assert!(label || text.contains("= help: "), "{name} does not say what to do:\n{text}");
    }
}

#[test]
fn no_case_is_left_without_its_text_nor_a_text_without_its_case() {
    let texts = std::fs::read_dir(folder()).expect("the folder is there").map(|entry| entry.expect("it can be read").path());
    let texts: BTreeSet<_> = texts
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .map(|path| path.file_stem().expect("it has a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(cases().into_keys().collect::<BTreeSet<_>>(), texts);
}

/// The codes that have a page, and those that stand in the source where diagnostics and problems are made.
fn all_codes() -> BTreeSet<String> {
    fn sources(folder: &Path, out: &mut String) {
        for path in std::fs::read_dir(folder).expect("sources can be read").map(|entry| entry.expect("it can be read").path()) {
            let name = path.to_string_lossy().into_owned();
            if path.is_dir() {
                sources(&path, out);
            } else if name.ends_with(".rs") && !name.contains("/tests") && !name.ends_with("tests.rs") {
                let text = std::fs::read_to_string(&path).expect("sources are texts");
                out.push_str(text.split("#[cfg(test)]").next().unwrap_or_default());
            }
        }
    }
    let mut text = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
    let made = r#"(?:(?:error|warning|problem|broken|fault|last)\(\s*(?:Blame::\w+,\s*)?|code: )"([a-z0-9]+(?:-[a-z0-9]+)+)""#;
    let made = regex::Regex::new(made).expect("a valid regex");
    let made = made.captures_iter(&text).map(|found| found[1].to_owned());
    checkride::language::codes::all().map(|code| code.name.to_owned()).chain(made).collect()
}

#[test]
fn every_code_has_a_case() {
    let here: BTreeSet<_> = cases().keys().map(|name| code(name).to_owned()).collect();
    let elsewhere: BTreeSet<_> = ELSEWHERE.iter().flat_map(|(codes, _)| codes.iter().map(|code| (*code).to_owned())).collect();
    let all = all_codes();
    let missing: Vec<_> = all.iter().filter(|code| !here.contains(*code) && !elsewhere.contains(*code)).collect();
    assert!(missing.is_empty(), "codes without a case in tests/diagnostics: {missing:?}");
    let gone: Vec<_> = elsewhere.iter().chain(&here).filter(|code| !all.contains(*code)).collect();
    assert!(gone.is_empty(), "codes that nobody uses: {gone:?}");
    let both: Vec<_> = here.intersection(&elsewhere).collect();
    assert!(both.is_empty(), "they have a case here: {both:?}");
}

#[test]
fn codes_that_come_from_a_run_stand_in_the_tests_that_are_named_for_them() {
    for (codes, place) in ELSEWHERE {
        let Some(name) = place.split(':').next().filter(|name| name.starts_with("tests/")) else { continue };
        let mut text = String::new();
        for path in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).into_iter().flatten() {
            text += &std::fs::read_to_string(path.expect("it can be read").path()).expect("tests are texts");
        }
        for code in codes {
            assert!(text.contains(code), "{name} says nothing of `{code}`");
        }
    }
}
