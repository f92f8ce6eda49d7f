//! How the agent's program is started.
//!
//! Owns: the process, in a group of its own and with a clean environment; why it cannot be started.
//! Must not know: what it is spoken to about, how long it lives.

use crate::transports::connection::OpenError;
use std::path::PathBuf;
use std::process::Stdio;
use tokio::process::{Child, Command};

/// How the agent's program is started; the same for all of its processes.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    pub argv: Vec<String>,
    /// The whole environment.
    pub env: Vec<(String, String)>,
    pub cwd: PathBuf,
}

/// Starts the program with more arguments and variables. Both outputs are piped.
pub(in crate::transports) fn spawn(
    launch: &Launch,
    args: &[String],
    env: &[(String, String)],
    stdin: Stdio,
) -> Result<(Child, String), OpenError> {
    let mut argv = launch.argv.iter().chain(args);
    let program = argv.next().ok_or_else(|| OpenError::new("start", "the agent has no command"))?;
    let child = Command::new(program)
        .args(argv)
        .env_clear()
        .envs(launch.env.iter().chain(env).map(|(name, value)| (name, value)))
        .current_dir(&launch.cwd)
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| OpenError::new("start", start_words(program, launch, &e)))?;
    Ok((child, program.clone()))
}

fn start_words(program: &str, launch: &Launch, error: &std::io::Error) -> String {
    let path = launch.env.iter().rev().find(|(name, _)| name == "PATH").map_or("", |(_, value)| value);
    match error.kind() {
        std::io::ErrorKind::NotFound if !launch.cwd.is_dir() => {
            format!("failed to start `{program}`: there is no folder {}", launch.cwd.display())
        }
        std::io::ErrorKind::NotFound if program.contains('/') => format!("failed to start `{program}`: there is no such file"),
        std::io::ErrorKind::NotFound => format!("failed to start `{program}`: it is not on the agent's PATH ({path})"),
        std::io::ErrorKind::PermissionDenied => format!("failed to start `{program}`: it may not be executed"),
        _ => format!("failed to start `{program}`: {error}"),
    }
}
