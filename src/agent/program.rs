//! From a command line to a process: where the program is, and why it cannot be started.
//!
//! Owns: the search on PATH, the messages.
//! Must not know: what the process is for.

use super::home::Launch;
use super::problem::problem;
use crate::base::suggest;
use crate::model::trace::{Blame, Problem};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// A program that another thread is just writing, or whose writer was inherited by another thread's child, is "busy" for a moment.
const BUSY_TRIES: u32 = 40;

/// Starts the process in a group of its own, with nothing on standard input and both outputs piped.
pub async fn spawn(launch: &Launch) -> Result<Child, Problem> {
    let program = find(launch)?;
    for attempt in 0.. {
        let mut command = Command::new(&program);
        command.args(&launch.argv[1..]).env_clear().envs(launch.env.iter().map(|(name, value)| (name, value)));
        command.current_dir(&launch.home).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        match command.spawn() {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy && attempt < BUSY_TRIES => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Ok(child) => return Ok(child),
            Err(error) => return Err(cannot_start(&program, &error)),
        }
    }
    unreachable!("the last attempt returns")
}

fn cannot_start(program: &Path, error: &std::io::Error) -> Problem {
    let shown = program.display();
    let hint = match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
        Some(rustix::io::Errno::NOEXEC) => "it is no program for this machine; a script needs a first line such as #!/bin/sh",
        Some(rustix::io::Errno::TOOBIG) => "its arguments and environment are too long",
        Some(rustix::io::Errno::NOENT) => "the file is there, so its interpreter (the first line of a script, or its loader) is missing",
        _ => "",
    };
    let details = if hint.is_empty() { vec![] } else { vec![hint.to_owned()] };
    problem(Blame::AgentStart, "agent-not-started", format!("cannot start `{shown}`: {error}"), details)
}

/// The program's file. A name with a slash is taken from the home, any other is sought on the PATH that the process will have.
pub fn find(launch: &Launch) -> Result<PathBuf, Problem> {
    let name = launch.argv.first().map_or("", String::as_str);
    if name.contains('/') {
        let path = launch.home.join(name);
        return match std::fs::metadata(&path) {
            Ok(_) if is_program(&path) => Ok(path),
            Ok(_) => {
                let hint = match path.starts_with(&launch.home) {
                    true => "a text under `files` makes no program; start it by its interpreter, such as [sh, its-name]",
                    false => "make it executable: chmod +x",
                };
                Err(missing(format!("`{}` is not a program that may be run", path.display()), vec![hint.to_owned()]))
            }
            Err(error) => Err(missing(format!("the program `{}` is not there: {error}", path.display()), vec![])),
        };
    }
    let path = launch.env.iter().rev().find(|(key, _)| key == "PATH").map_or("", |(_, value)| value.as_str());
    let folders = || path.split(':').map(|folder| launch.home.join(folder));
    if let Some(found) = folders().map(|folder| folder.join(name)).find(|file| is_program(file)).filter(|_| !name.is_empty()) {
        return Ok(found);
    }
    let near = did_you_mean(name, folders());
    let mut details = vec![format!("searched: {path}")];
    details.extend(near);
    Err(missing(format!("the program `{name}` was not found"), details))
}

fn missing(message: String, details: Vec<String>) -> Problem {
    problem(Blame::AgentStart, "program-missing", message, details)
}

fn is_program(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn did_you_mean(name: &str, folders: impl Iterator<Item = PathBuf>) -> Option<String> {
    let entries = folders.filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
    let names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    suggest::did_you_mean(name, names.iter().map(String::as_str))
}
