//! The program as a user has it: a folder, a command line, and what came of it.
//!
//! Owns: starting `checkride` with nothing of this process's own settings, and reading its JSON report.
//! Must not know: what is expected.

pub mod project;

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

pub const CHECKRIDE: &str = env!("CARGO_BIN_EXE_checkride");

/// What a run left behind.
#[derive(Debug)]
pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// `program` in `folder`, before its arguments are known. Whoever starts the tests may have set variables of ours, and `CI`, which makes
/// what no judge judged red.
pub fn program(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CHECKRIDE_") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).env_remove("RUST_BACKTRACE").env_remove("CI").stdin(Stdio::null());
    command
}

pub fn ran(mut command: Command) -> Ran {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?} starts: {e}"));
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    Ran { status: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// `checkride` in `folder` with these arguments.
pub fn checkride(folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = program(CHECKRIDE, folder);
    command.args(arguments);
    ran(command)
}

/// Id and verdict of each case, from `--json`.
pub fn verdicts(report: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(report).unwrap_or_else(|e| panic!("{} was written: {e}", report.display()));
    let report: Value = serde_json::from_str(&text).expect("a report is JSON");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    report["outcomes"].as_array().expect("a list").iter().map(|case| (text(&case["id"]), text(&case["verdict"]))).collect()
}
