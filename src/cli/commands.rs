//! The front doors: the program's `main`, and the `main` of a test target.
//!
//! Owns: which command runs, what a panic looks like to a user.
//! Must not know: how a command works.

use super::arguments::{Command, CommandLine, RunArguments};
use super::{check, exit, import, judge, run, serve, trace};
use clap::Parser;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::ExitCode;

/// The program `checkride`.
pub fn main() -> ExitCode {
    report_panics_kindly();
    start_log();
    let line = CommandLine::parse();
    let status = match line.command {
        Command::Run(arguments) => run::run(&arguments, &this_program()),
        Command::Check(arguments) => check::check(&arguments),
        Command::Show(arguments) => trace::show(&arguments),
        Command::Recheck(arguments) => trace::recheck(&arguments),
        Command::Serve(arguments) => serve::serve(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Judge(arguments) => judge::judge(&arguments),
        Command::Schema(arguments) => check::schema(&arguments),
        Command::Explain(arguments) => check::explain(&arguments),
        Command::ReferenceAgent { arguments } => {
            let name = "checkride reference-agent".to_owned();
            crate::reference_agent::main(std::iter::once(name).chain(arguments)) as u8
        }
    };
    ExitCode::from(status)
}

/// The `main` of a test target (`harness = false`): the options of `checkride run`. `checkride` is the program
/// that `{{checkride}}` and mocked commands start: a name on PATH, or a path.
pub fn test_main(checkride: &str) -> ExitCode {
    #[derive(Parser)]
    #[command(name = "suites", about = "Runs the suites of the nearest checkride.yaml")]
    struct TestLine {
        #[command(flatten)]
        run: RunArguments,
    }
    report_panics_kindly();
    start_log();
    let arguments = TestLine::parse().run;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let Some(program) = located(checkride, &path) else {
        eprintln!("error: the program `{checkride}` was not found; `cargo install --path <checkride's folder>` puts it on the PATH");
        return ExitCode::from(exit::WRONG_INPUT);
    };
    let status = run::run(&arguments, &program);
    ExitCode::from(exit::of_test_target(status, !arguments.filters.is_empty() || !arguments.skip.is_empty()))
}

/// The whole path, since agents and mocked commands run in folders of their own.
fn located(program: &str, path: &OsStr) -> Option<PathBuf> {
    let candidates: Vec<PathBuf> =
        if program.contains('/') { vec![program.into()] } else { std::env::split_paths(path).map(|folder| folder.join(program)).collect() };
    candidates.into_iter().find(|file| file.is_file()).and_then(|file| std::path::absolute(file).ok())
}

fn this_program() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("checkride"))
}

/// `CHECKRIDE_LOG=info` tells when cases begin and end, `debug` every record of their traces as it is made.
fn start_log() {
    if std::env::var_os("CHECKRIDE_LOG").is_some() {
        let filter = tracing_subscriber::EnvFilter::from_env("CHECKRIDE_LOG");
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
            .init();
    }
}

/// No stack of ours is shown to a user unless they ask for it by RUST_BACKTRACE.
fn report_panics_kindly() {
    if std::env::var_os("RUST_BACKTRACE").is_some_and(|asked| asked != "0") {
        return;
    }
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
        let text = panic.payload().downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.payload().downcast_ref::<&str>().copied()).unwrap_or("no message");
        eprintln!("error: a fault of checkride{at}: {text}\n  please report it with the command you ran; exit status {}", exit::OUR_FAULT);
        if std::thread::current().name() == Some("main") {
            std::process::exit(i32::from(exit::OUR_FAULT));
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::located;
    use std::ffi::OsStr;

    #[test]
    fn a_program_is_a_name_on_the_path_or_a_path() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("prog");
        std::fs::write(&file, "").unwrap();
        let path = std::env::join_paths([OsStr::new("/no/such/folder"), folder.path().as_os_str()]).unwrap();
        assert_eq!(located("prog", &path), Some(file.clone()));
        assert_eq!(located(file.to_str().unwrap(), OsStr::new("")), Some(file));
        assert_eq!(located("prag", &path), None);
        assert_eq!(located("/no/such/prog", &path), None);
        assert!(located("src/main.rs", OsStr::new("")).unwrap().is_absolute());
    }
}
