//! Each protocol, served as badly as can be: one clear verdict, the right blame, the trace kept.
//!
//! Owns: reading `tests/fixtures/bad_servers`, where a suite for each protocol says in each case's `why` what must come of it.
//! Must not know: any protocol.

use crate::program::project::Project;
use serde_json::Value;
use std::fs;

/// `fail: words`, `broken agent-start: words` or `pass`; the words are of any of the case's problems.
struct Wanted<'a> {
    verdict: &'a str,
    blame: Option<&'a str>,
    words: &'a str,
}

impl Wanted<'_> {
    fn read(why: &str) -> Wanted<'_> {
        let (outcome, words) = why.split_once(": ").unwrap_or((why, ""));
        let (verdict, blame) = outcome.split_once(' ').map_or((outcome, None), |(verdict, blame)| (verdict, Some(blame)));
        Wanted { verdict, blame, words }
    }

    fn is_met(&self, outcome: &Value) -> bool {
        let problems = outcome["problems"].as_array().into_iter().flatten();
        let said: Vec<_> = problems.map(|problem| format!("{} {}", problem["message"], problem["details"])).collect();
        let words = said.iter().any(|said| said.contains(&self.words.replace('"', "\\\"")));
        outcome["verdict"] == self.verdict && outcome["blame"].as_str() == self.blame && (self.verdict == "pass" || words)
    }
}

#[test]
fn whatever_a_server_does_the_verdict_is_clear() {
    let folder = fs::read_dir("tests/fixtures/bad_servers").expect("the fixtures are there");
    let files: Vec<_> = folder.flatten().map(|entry| entry.path()).collect();
    let project = files.iter().fold(Project::new(), |project, path| {
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        project.file(&name, fs::read(path).expect("it can be read"))
    });
    let said = project.say(&["run", "--suites", ".", "--test-threads", "8", "--json", "report.json"]);
    project.nothing_left();
    let report = fs::read_to_string(project.path("report.json")).unwrap_or_else(|e| panic!("{e}:\n{}", said.text));
    let report: Value = serde_json::from_str(&report).expect("a report is JSON");
    let outcomes = report["outcomes"].as_array().expect("a list");
    assert!(outcomes.len() >= 6 * files.len(), "each protocol has many ways to fail");
    let mut wrong = Vec::new();
    for outcome in outcomes {
        let why = outcome["why"].as_str().unwrap_or_else(|| panic!("{} does not say what must come of it", outcome["id"]));
        assert!(why == "pass" || why.contains(": "), "{}: `why` has no words to look for", outcome["id"]);
        let trace = outcome["trace"].as_str().map(|trace| project.path(trace));
        assert!(trace.is_some_and(|trace| trace.exists()), "{} left no trace", outcome["id"]);
        if !Wanted::read(why).is_met(outcome) {
            wrong.push(format!(
                "{}: wanted `{why}`, got {} {} {:#}",
                outcome["id"], outcome["verdict"], outcome["blame"], outcome["problems"]
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
