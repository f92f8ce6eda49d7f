//! The canary: before the first turn it is proved, in the agent's own environment, that each mocked command resolves to its mock.
//!
//! Owns: asking the shells, remembering what was proved in this run.
//! Must not know: how a mock answers.

use super::home::{Home, Launch};
use super::once::run_once;
use super::problem::problem;
use crate::model::trace::{Blame, Problem};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One line for each name: what it resolves to, or nothing.
const ASK: &str = "for name do command -v -- \"$name\" || echo; done";
const LIMIT: Duration = Duration::from_secs(20);

/// One for a run: what a login shell said once of a set of names holds for all cases whose profiles are checkride's own.
#[derive(Default)]
pub struct Canary {
    proved: Mutex<BTreeSet<Vec<String>>>,
}

impl Canary {
    /// `bin` is the folder of the mocks, `names` the mocked commands.
    pub async fn prove(&self, home: &Home, bin: &Path, names: &[String]) -> Result<(), Problem> {
        if names.is_empty() {
            return Ok(());
        }
        ask(home, bin, names, &["/bin/sh", "-c"]).await?;
        let mut key: Vec<String> = names.to_vec();
        key.sort_unstable();
        key.extend(home.env.iter().filter(|(name, _)| name == "PATH").map(|(_, path)| path.replace(&*bin.to_string_lossy(), "")));
        if !home.own_profiles && self.proved.lock().unwrap_or_else(PoisonError::into_inner).contains(&key) {
            return Ok(());
        }
        let Some(bash) = ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"].into_iter().find(|bash| Path::new(bash).exists()) else {
            return Ok(());
        };
        ask(home, bin, names, &[bash, "-lc"]).await?;
        self.proved.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        Ok(())
    }
}

async fn ask(home: &Home, bin: &Path, names: &[String], shell: &[&str]) -> Result<(), Problem> {
    let fixed = shell.iter().copied().chain([ASK, "checkride-canary"]).map(str::to_owned);
    let launch: Launch = home.launch(fixed.chain(names.iter().cloned()).collect());
    let finished = run_once(&launch, LIMIT)
        .await
        .map_err(|why| not_first(format!("cannot ask a shell about mocked commands: {}", why.message), why.details))?;
    let shell = shell.join(" ");
    // A profile may print something, too; the answers come last.
    let lines: Vec<&str> = finished.stdout.lines().collect();
    let answers = &lines[lines.len().saturating_sub(names.len())..];
    for (at, name) in names.iter().enumerate() {
        let expected = bin.join(name);
        let got = answers.get(at).copied().unwrap_or("");
        if Path::new(got) != expected {
            return Err(explain(name, got, &expected, &shell, &finished.stderr));
        }
    }
    Ok(())
}

fn explain(name: &str, got: &str, expected: &Path, shell: &str, stderr: &str) -> Problem {
    if got == name {
        // Nobody can mock it by PATH: that is not checkride's fault, nor the agent's.
        let message =
            format!("for `{shell}` the mocked command `{name}` is part of the shell, or a function of a profile; no file on PATH is asked");
        return problem(Blame::Suite, "mock-not-first", message, vec!["mock a program that is a file of its own".to_owned()]);
    }
    let message = if got.is_empty() {
        format!("for `{shell}` the mocked command `{name}` is not there")
    } else {
        format!("for `{shell}` the mocked command `{name}` is not its mock, but {got}")
    };
    let mut details = vec![format!("expected {}", expected.display())];
    details.extend(stderr.lines().take(5).map(str::to_owned));
    not_first(message, details)
}

fn not_first(message: String, details: Vec<String>) -> Problem {
    problem(Blame::AgentStart, "mock-not-first", message, details)
}
