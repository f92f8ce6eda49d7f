//! A program as judge.
//!
//! Owns: the request on its standard input, the reply on its standard output, its end.
//! Must not know: tries, what a reply means.

use super::call::{Call, Raw, Trouble, cut};
use crate::base::redact::{Redactor, is_credential};
use crate::judge::world::JudgeWorld;
use serde_json::json;
use std::process::Stdio;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

/// A longer reply is no verdict.
const MAX_REPLY: u64 = 4 << 20;

/// Asks once: one JSON object on its standard input, one reply on its standard output. It is ended when the asking is.
pub(super) async fn ask(words: &[String], world: &JudgeWorld, call: &Call<'_>) -> Result<Raw, Trouble> {
    let broken = |what: String| Trouble::last("judge-program", what);
    let Some((program, arguments)) = words.split_first() else { return Err(broken("no program is named".to_owned())) };
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(&world.folder)
        .env_clear()
        .envs(&world.environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| broken(format!("the judge's program `{}` could not be started: {error}", cut(program))))?;
    let _group = child.id().and_then(Group::of);
    let request = request(call);
    let (mut stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(stdin) = &mut stdin {
            // A program that answers without reading is none the worse.
            let _ = stdin.write_all(request.as_bytes()).await;
        }
        drop(stdin);
    };
    let (mut said, mut complained) = (Vec::new(), Vec::new());
    let hear = async {
        if let Some(stdout) = stdout {
            let _ = stdout.take(MAX_REPLY + 1).read_to_end(&mut said).await;
        }
    };
    let listen = async {
        if let Some(stderr) = stderr {
            let _ = stderr.take(MAX_REPLY).read_to_end(&mut complained).await;
        }
    };
    tokio::join!(feed, hear, listen);
    let status = child.wait().await.map_err(|error| broken(format!("the judge's program could not be waited for: {error}")))?;
    if !status.success() {
        let complaint = cut(&hidden(String::from_utf8_lossy(&complained).trim(), world, |_| true));
        return Err(broken(format!("the judge's program ended with {status}; it said: {complaint}")));
    }
    if said.len() as u64 > MAX_REPLY {
        return Err(broken("the judge's program said more than 4 MiB".to_owned()));
    }
    match String::from_utf8(said) {
        // It is shown, and kept in the lock. A key that is an ordinary word stays: without it a true quote would be none.
        Ok(text) => Ok(Raw { text: hidden(&text, world, is_credential), ..Raw::default() }),
        Err(_) => Err(broken("the judge's program did not answer in UTF-8".to_owned())),
    }
}

/// What a program prints may hold a key that it was given.
fn hidden(text: &str, world: &JudgeWorld, is_meant: impl Fn(&str) -> bool) -> String {
    let mut hidden = Redactor::default();
    let is_secret = |name: &str| ["_KEY", "_TOKEN", "_SECRET", "_PASSWORD"].iter().any(|ending| name.ends_with(ending));
    for (name, value) in world.environment.iter().filter(|(name, value)| is_secret(name) && is_meant(value)) {
        hidden.add(name, value);
    }
    let mut text = text.to_owned();
    hidden.text(&mut text);
    text
}

/// What the program reads.
fn request(call: &Call<'_>) -> String {
    let again: Vec<_> = call.prompt.again.iter().map(|(reply, complaint)| json!({"reply": reply, "complaint": complaint})).collect();
    let request = json!({
        "v": 1,
        "criterion_id": call.criterion,
        "statement": call.statement,
        "evidence_from": call.evidence_from,
        "recording": call.recording.lines(),
        "system": call.prompt.system,
        "user": [call.prompt.shared, call.prompt.question],
        "again": again,
        "schema": call.schema,
        "max_output_tokens": call.max_output_tokens,
        "temperature": call.temperature,
    });
    format!("{request}\n")
}

/// The program with all that it started; ended when this goes, however the asking ended.
struct Group(rustix::process::Pid);

impl Group {
    fn of(id: u32) -> Option<Group> {
        i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw).map(Group)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Nobody may be left in it.
        let _ = rustix::process::kill_process_group(self.0, rustix::process::Signal::KILL);
    }
}
