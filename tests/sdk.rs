//! The official SDKs as judges: each suite below `tests/sdk` is run with the driver of each language.
//!
//! Which SDKs there are is said by `CHECKRIDE_SDK_PYTHON` (a Python that has `openai` and `anthropic`) and `CHECKRIDE_SDK_NODE` (a `node_modules`
//! folder that has `openai` and `@anthropic-ai/sdk`). What is not there is ignored, with its reason in the name; `tests/sdk/README.md` says how to install them.

#[expect(dead_code, reason = "shared with other tests")]
mod program;

use libtest_mimic::{Arguments, Failed, Trial};
use std::path::{Path, PathBuf};

struct Language {
    name: &'static str,
    variable: &'static str,
    driver: &'static str,
}

const LANGUAGES: [Language; 2] = [
    Language { name: "python", variable: "CHECKRIDE_SDK_PYTHON", driver: "driver.py" },
    Language { name: "node", variable: "CHECKRIDE_SDK_NODE", driver: "driver.cjs" },
];

fn main() {
    let arguments = Arguments::from_args();
    let trials = LANGUAGES.iter().flat_map(|language| suites(language).into_iter().map(move |suite| trial(language, &suite))).collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk")
}

/// The suites for a language: all but those named for the other.
fn suites(language: &Language) -> Vec<String> {
    let files = std::fs::read_dir(folder()).expect("tests/sdk is there").flatten();
    let mut names: Vec<_> = files.filter_map(|file| file.file_name().into_string().ok()).filter(|name| name.ends_with(".yaml")).collect();
    names.retain(|name| LANGUAGES.iter().all(|other| other.name == language.name || !name.contains(&format!(".{}.", other.name))));
    names.sort();
    names
}

fn trial(language: &'static Language, suite: &str) -> Trial {
    let path = folder().join(suite);
    let name = format!("{}: {suite}", language.name);
    match std::env::var(language.variable) {
        Ok(place) if !place.is_empty() => Trial::test(name, move || run(language, &place, &path)),
        _ => Trial::test(format!("{name} ({} is not set)", language.variable), || Ok(())).with_ignored_flag(true),
    }
}

/// Runs one suite with one driver. `place` is what the language's variable says.
fn run(language: &Language, place: &str, suite: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let driver = suite.with_file_name(language.driver);
    let (program, modules) = if language.name == "node" { ("node", place) } else { (place, "") };
    let ran = program::checkride(
        folder.path(),
        &[
            "run",
            // An SDK takes seconds of processor time to load; side by side they would run out of a step's time.
            "--test-threads",
            "2",
            "--suites",
            &suite.to_string_lossy(),
            "--var",
            &format!("program={program}"),
            "--var",
            &format!("driver={}", driver.display()),
            "--var",
            &format!("modules={modules}"),
        ],
    );
    if ran.status == 0 { Ok(()) } else { Err(format!("exit {}\n{}{}", ran.status, ran.stdout, ran.stderr).into()) }
}
