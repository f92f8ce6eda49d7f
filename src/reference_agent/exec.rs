//! The tool `exec`: runs a shell command in the agent's folder, with the agent's environment.
//!
//! Owns: the tool's schema, the process, what of its output the model gets.
//! Must not know: why the model wants it.

use serde_json::{Value, json};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

pub const NAME: &str = "exec";
pub const DESCRIPTION: &str = "Runs a shell command and returns what it printed.";

/// A command that runs longer is ended.
const LIMIT: Duration = Duration::from_secs(120);
/// How long the output may stay open after the command's end, held by a process in the background.
const DRAIN: Duration = Duration::from_millis(500);
/// More output of one stream is read but not kept.
const MOST: usize = 256 << 10;

/// The arguments, as JSON Schema.
pub fn parameters() -> Value {
    json!({
        "type": "object",
        "properties": {"command": {"type": "string", "description": "The command, for sh -c."}},
        "required": ["command"],
        "additionalProperties": false,
    })
}

/// How a command ended.
#[derive(Debug, Default)]
pub struct Ended {
    /// What it printed, and what went wrong, in words for the model.
    pub text: String,
    /// `None` if it did not end by itself.
    pub exit: Option<i32>,
    pub signal: Option<i32>,
}

/// Runs the command. Whatever goes wrong is told in the text, for the model to deal with.
pub async fn run(command: &str) -> String {
    carry_out(command).await.text
}

/// Runs the command, and tells how it ended as well.
pub async fn carry_out(command: &str) -> Ended {
    run_within(command, LIMIT).await
}

async fn run_within(command: &str, limit: Duration) -> Ended {
    let shell = Command::new("sh")
        .arg("-c")
        .arg(command)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut shell = match shell {
        Ok(shell) => shell,
        Err(error) => return Ended { text: format!("error: failed to start a shell: {error}"), ..Ended::default() },
    };
    let (out, err) = (Captured::default(), Captured::default());
    let (stdout, stderr) = (shell.stdout.take(), shell.stderr.take());
    let reading = async { tokio::join!(out.read(stdout), err.read(stderr)) };
    tokio::pin!(reading);
    let ended = async {
        tokio::select! {
            status = shell.wait() => { let _ = tokio::time::timeout(DRAIN, &mut reading).await; status }
            _ = &mut reading => shell.wait().await,
        }
    };
    let ended = tokio::time::timeout(limit, ended).await;
    let status = ended.as_ref().ok().and_then(|status| status.as_ref().ok()).copied();
    let tail = match ended {
        Ok(Ok(status)) => describe(status),
        Ok(Err(error)) => Some(format!("error: {error}")),
        Err(_) => Some(format!("error: the command was ended after {} s", limit.as_secs_f64())),
    };
    let parts = [Some(out.text()), Some(err.text()), tail].into_iter().flatten().filter(|text| !text.is_empty());
    let (exit, signal) = status.map_or((None, None), |status| (status.code(), status.signal()));
    Ended { text: parts.collect::<Vec<_>>().join("\n"), exit, signal }
}

/// Nothing for success.
fn describe(status: ExitStatus) -> Option<String> {
    match (status.code(), status.signal()) {
        (Some(0), _) => None,
        (Some(code), _) => Some(format!("exit code: {code}")),
        (None, signal) => Some(format!("ended by signal {}", signal.unwrap_or_default())),
    }
}

/// One stream's output, readable while it is still being written.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<(Vec<u8>, bool)>>);

impl Captured {
    async fn read(&self, stream: Option<impl AsyncRead + Unpin>) {
        let Some(mut stream) = stream else { return };
        let mut buffer = vec![0; 16 << 10];
        while let Ok(n @ 1..) = stream.read(&mut buffer).await {
            let mut kept = self.0.lock().expect("no panic happens under this lock");
            let room = n.min(MOST - kept.0.len());
            kept.0.extend_from_slice(&buffer[..room]);
            kept.1 |= room < n;
        }
    }

    fn text(&self) -> String {
        let kept = self.0.lock().expect("no panic happens under this lock");
        let text = String::from_utf8_lossy(&kept.0).trim_end().to_owned();
        if kept.1 { format!("{text}\n[more output left out]") } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_streams_and_a_bad_status_are_told() {
        assert_eq!(run("echo out; echo err >&2; exit 3").await, "out\nerr\nexit code: 3");
        assert_eq!(run("printf 'a b'").await, "a b");
        assert_eq!(run("true").await, "");
    }

    #[tokio::test]
    async fn a_missing_program_is_a_result_not_an_error_of_ours() {
        assert!(run("no-such-program-here").await.ends_with("exit code: 127"));
    }

    #[tokio::test]
    async fn a_flood_is_cut() {
        let text = run("head -c 3000000 /dev/zero | tr '\\0' x").await;
        assert!(text.ends_with("x\n[more output left out]") && text.len() < MOST + 100, "{}", text.len());
    }

    #[tokio::test]
    async fn a_slow_command_is_ended() {
        assert_eq!(
            run_within("echo a; exec sleep 60", Duration::from_millis(300)).await.text,
            "a\nerror: the command was ended after 0.3 s"
        );
    }

    #[tokio::test]
    async fn a_process_left_in_the_background_does_not_hold_the_answer() {
        let started = std::time::Instant::now();
        assert_eq!(run("sleep 20 & echo $!; kill -0 $!").await.lines().count(), 1);
        assert!(started.elapsed() < Duration::from_secs(10));
    }
}
