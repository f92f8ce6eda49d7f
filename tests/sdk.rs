//! The official SDKs as judges: each suite below `tests/sdk` is run with the driver of each language.
//!
//! What is not there is ignored, with its reason in the name; `tests/sdk/README.md` says how to install them.

#[expect(dead_code, reason = "shared with other tests")]
mod judges;
#[expect(dead_code, reason = "shared with other tests")]
mod program;

use judges::{Found, Judge};
use libtest_mimic::{Arguments, Failed, Trial};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

fn main() {
    let arguments = Arguments::from_args();
    let trials = Judge::ALL.iter().flat_map(|judge| suites(*judge).into_iter().map(move |suite| trial(*judge, &suite))).collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk")
}

/// The suites for a language: all but those named for the other.
fn suites(judge: Judge) -> Vec<String> {
    let files = std::fs::read_dir(folder()).expect("tests/sdk is there").flatten();
    let mut names: Vec<_> = files.filter_map(|file| file.file_name().into_string().ok()).filter(|name| name.ends_with(".yaml")).collect();
    names.retain(|name| Judge::ALL.iter().all(|other| *other == judge || !name.contains(&format!(".{}.", other.name()))));
    names.sort();
    names
}

fn trial(judge: Judge, suite: &str) -> Trial {
    let path = folder().join(suite);
    let name = format!("{}: {suite}", judge.name());
    match judge.find() {
        Some(found) => Trial::test(name, move || run(judge, &found, &path)),
        None => Trial::test(format!("{name} ({} is not set)", judge.variable()), || Ok(())).with_ignored_flag(true),
    }
}

/// Runs one suite with one driver.
fn run(judge: Judge, found: &Found, suite: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let (driver, server, threads) = match judge {
        Judge::Python => ("driver.py", Loaded::port(found), "8"),
        // This one loads its SDKs each time; too many side by side would run out of a step's time.
        Judge::Node => ("driver.cjs", String::new(), "3"),
    };
    let variables = [
        format!("program={}", found.interpreter),
        format!("driver={}", suite.with_file_name(driver).display()),
        format!("modules={}", found.modules),
        format!("server={server}"),
    ];
    let suite = suite.to_string_lossy();
    // The same suite is run for both languages.
    let traces = format!("{}/sdk-{}", env!("CARGO_TARGET_TMPDIR"), judge.name());
    let mut arguments = vec!["run", "--test-threads", threads, "--traces", &traces, "--suites", &suite];
    arguments.extend(variables.iter().flat_map(|variable| ["--var", variable]));
    let ran = program::checkride(folder.path(), &arguments);
    if ran.status == 0 { Ok(()) } else { Err(format!("exit {}\n{}{}", ran.status, ran.stdout, ran.stderr).into()) }
}

/// The Python driver with its SDKs loaded, once for all cases. It ends with its standard input, which is this process's.
struct Loaded {
    _driver: Child,
    port: String,
}

impl Loaded {
    fn port(found: &Found) -> String {
        static LOADED: OnceLock<Loaded> = OnceLock::new();
        LOADED.get_or_init(|| Loaded::start(found)).port.clone()
    }

    fn start(found: &Found) -> Loaded {
        let mut command = Command::new(&found.interpreter);
        command.arg(folder().join("driver.py")).arg("--serve").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut driver = command.spawn().expect("the Python with the SDKs starts");
        let mut port = String::new();
        BufReader::new(driver.stdout.as_mut().expect("it is piped")).read_line(&mut port).expect("it says its port");
        assert!(!port.trim().is_empty(), "the driver did not start: are `openai` and `anthropic` installed?");
        Loaded { _driver: driver, port: port.trim().to_owned() }
    }
}
