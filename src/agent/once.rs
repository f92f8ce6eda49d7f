//! A command that is run once as the agent would run it: a probe, the canary, the version.
//!
//! Owns: its time limit, what is kept of its output, reading a version.
//! Must not know: what the answer is used for.

use super::environment::{Environment, MARKER};
use super::home::{Launch, argv};
use super::problem::problem;
use super::program;
use super::run_dir::CaseDir;
use super::tree::{self, Tree};
use crate::base::duration;
use crate::model::agent::VersionProbe;
use crate::model::template::Scope;
use crate::model::trace::{Blame, Problem};
use crate::model::tree::Node;
use futures_util::FutureExt as _;
use futures_util::future::{FusedFuture as _, join};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// So much of each output is kept; the rest is read and forgotten.
const KEPT: usize = 4 * 1024 * 1024;
/// After the exit, output is waited for this long; a background process may hold the pipe open.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a command did.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// 128 + signal if it was ended by one, as shells say.
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// `{exit, stdout, stderr}`, as a probe sees it.
    pub fn to_value(&self) -> Value {
        json!({"exit": self.exit, "stdout": self.stdout, "stderr": self.stderr})
    }
}

/// Kills the group unless told that the process has ended.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // An error says that it is gone already.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Runs a command to its end. What it leaves running ends with the case. A command that takes longer than `limit` is killed.
pub async fn run_once(launch: &Launch, limit: Duration) -> Result<Finished, Problem> {
    if tree::is_ending() {
        return Err(problem(Blame::Harness, "interrupted", "the run was interrupted", vec![]));
    }
    let mut child = program::spawn(launch).await?;
    let mut group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
    let (out, err) = (Kept::default(), Kept::default());
    // Read in this task: one of its own might come to its turn only after the time was over, and the output would be lost.
    let reading = join(keep(child.stdout.take(), out.clone()), keep(child.stderr.take(), err.clone())).fuse();
    let mut reading = pin!(reading);
    let ended = async {
        tokio::select! {
            status = child.wait() => return status,
            _ = &mut reading => {}
        }
        child.wait().await
    };
    let waited = tokio::time::timeout(limit, ended).await;
    if waited.is_err() {
        drop(group);
        // Killed at once, but it may take a moment to be gone.
        let _ = tokio::time::timeout(LAST_WORDS, child.wait()).await;
    } else {
        group.0 = None;
    }
    if !reading.is_terminated() {
        let _ = tokio::time::timeout(LAST_WORDS, reading).await;
    }
    let Ok(waited) = waited else {
        let message = format!("`{}` did not end within {}", launch.argv.join(" "), duration::show(limit));
        return Err(problem(Blame::AgentStart, "command-timeout", message, vec![shown(&out), shown(&err)]));
    };
    let status = waited.map_err(|error| problem(Blame::Harness, "command-lost", format!("`{}`: {error}", launch.argv[0]), vec![]))?;
    let ended = super::process::Ended::from(status);
    let exit = ended.code.unwrap_or_else(|| 128 + ended.signal.unwrap_or_default());
    Ok(Finished { exit, stdout: shown(&out), stderr: shown(&err) })
}

type Kept = Arc<Mutex<Vec<u8>>>;

async fn keep(stream: Option<impl AsyncRead + Unpin>, into: Kept) {
    let Some(mut stream) = stream else { return };
    let mut chunk = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut chunk).await {
        let mut kept = into.lock().unwrap_or_else(PoisonError::into_inner);
        let room = KEPT - kept.len();
        kept.extend_from_slice(&chunk[..count.min(room)]);
    }
}

fn shown(kept: &Kept) -> String {
    String::from_utf8_lossy(&kept.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}

/// The launch for reading a version before any case runs: the clean environment with those of the agent's variables that are known already.
pub fn version_launch(case: &CaseDir, env: &[(String, Arc<Node>)], probe: &VersionProbe, scope: &dyn Scope) -> Result<Launch, Problem> {
    let mut environment = Environment::clean(&case.home, &case.tmp);
    for (name, node) in env {
        match node.fill(scope) {
            Ok(Some(Value::String(text))) => environment.set(name, text),
            Ok(Some(value @ (Value::Number(_) | Value::Bool(_)))) => environment.set(name, value.to_string()),
            Ok(Some(Value::Null)) => environment.remove(name),
            _ => {}
        }
    }
    environment.set(MARKER, case.marker());
    Ok(Launch { argv: argv(&probe.command, "version.command", scope)?, env: environment.into_variables(), home: case.home.clone() })
}

/// Runs the version command and reads the first group of the pattern in its output, leniently: `v1.2` is 1.2.0.
pub async fn read_version(probe: &VersionProbe, launch: &Launch, limit: Duration) -> Result<semver::Version, Problem> {
    let marker = launch.env.iter().find(|(name, _)| name == MARKER).map(|(_, value)| value.clone());
    let _tree = marker.map(Tree::new);
    let finished = run_once(launch, limit).await?;
    let command = launch.argv.join(" ");
    let unreadable = |message: String| {
        let details = [finished.stdout.trim(), finished.stderr.trim()].map(|text| text.chars().take(400).collect::<String>());
        problem(Blame::AgentStart, "version-unreadable", message, details.into_iter().filter(|text| !text.is_empty()).collect())
    };
    let outputs = [&finished.stdout, &finished.stderr];
    let Some(found) = outputs.iter().find_map(|text| probe.matches.regex.captures(text)) else {
        return Err(unreadable(format!("the output of `{command}` (exit {}) does not match /{}/", finished.exit, probe.matches.source)));
    };
    let text = found.get(1).or_else(|| found.get(0)).map_or("", |group| group.as_str());
    lenient(text).ok_or_else(|| unreadable(format!("`{text}`, printed by `{command}`, is not a version")))
}

/// Missing parts are 0, leading zeros and a `v` are dropped, parts after the third are ignored.
fn lenient(text: &str) -> Option<semver::Version> {
    let text = text.trim().trim_start_matches(['v', 'V']);
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (numbers, rest) = text.split_at(split);
    let mut parts = numbers.trim_end_matches('.').split('.').map(str::parse::<u64>);
    let major = parts.next()?.ok()?;
    let mut part = || parts.next().unwrap_or(Ok(0)).ok();
    let mut version = semver::Version::new(major, part()?, part()?);
    if let Some(rest) = rest.strip_prefix('-') {
        let (pre, build) = rest.split_once('+').unwrap_or((rest, ""));
        version.pre = semver::Prerelease::new(pre).ok()?;
        version.build = semver::BuildMetadata::new(build).ok()?;
    }
    Some(version)
}

#[cfg(test)]
mod tests {
    use super::lenient;

    #[test]
    fn versions_are_read_leniently() {
        for (text, version) in
            [("1.2", "1.2.0"), ("v3", "3.0.0"), ("2026.01.29", "2026.1.29"), ("0.121.0-alpha.3", "0.121.0-alpha.3"), ("1.2.3.4", "1.2.3")]
        {
            assert_eq!(lenient(text).map(|version| version.to_string()).as_deref(), Some(version), "{text}");
        }
    }

    #[test]
    fn what_has_no_number_is_no_version() {
        for text in ["", "beta", "-1", ".5", "1..2"] {
            assert_eq!(lenient(text), None, "{text}");
        }
    }
}
