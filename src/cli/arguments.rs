//! The command line, as clap reads it. Every own option of `run` is also a `CHECKRIDE_…` variable.
//!
//! Owns: names, help texts and examples of commands and options.
//! Must not know: what a command does.

use super::judge_arguments::JudgeArguments;
use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Conformance tests for AI agents, written in YAML, offline and deterministic.
#[derive(Debug, Parser)]
#[command(
    name = "checkride",
    version,
    max_term_width = 110,
    after_help = "\
First steps:
  checkride run                         run the suites of the nearest checkride.yaml
  checkride run says_so                 only the cases whose id contains `says_so`
  checkride check                       find mistakes in suites without running them
  checkride explain reply               what a key, a pattern word or a diagnostic code means

Exit status: 0 all green, 1 a case failed, 2 the suite or the command line is wrong, 3 nothing failed but something
is broken or inconclusive, 4 no case ran, 70 a fault of checkride, 130 interrupted."
)]
pub struct CommandLine {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run suites and report a verdict for each case
    Run(Box<RunArguments>),
    /// Find mistakes in suites, protocols and scripts without running them
    Check(CheckArguments),
    /// Print what a trace observed, with the paths that `at` can name
    Show(ShowArguments),
    /// Judge stored traces again, without an agent
    Recheck(RecheckArguments),
    /// Look into the judge's lock, tidy it, or measure a judge against people's labels
    Judge(JudgeArguments),
    /// Print a JSON Schema (suite, protocol, script, project, trace, report), or write all of them to a folder
    Schema(SchemaArguments),
    /// Explain a key, a pattern word, a step, a fake, an event or a diagnostic code
    Explain(ExplainArguments),
    /// Serve a script as a model provider, for tests of your own
    Serve(ServeArguments),
    /// Turn the fixtures of another tool into a script
    Import(ImportArguments),
    /// A small honest agent that speaks the seed protocols, to try suites on
    #[command(name = "reference-agent", disable_help_flag = true)]
    ReferenceAgent {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

/// Options of `run`, which `cargo test --test suites -- …` takes as well.
#[derive(Args, Clone, Debug, Default)]
#[command(after_help = "\
Examples:
  checkride run                                   the suites of the nearest checkride.yaml
  checkride run wallets refund                    cases whose id contains one of these
  checkride run --suites suites/dexter            only the suites below a folder
  checkride run --tag 'security and not slow'     by tags
  checkride run --var provider=anthropic --junit out/junit.xml
  checkride run --judge-mode off                  the checks that need no judge
  checkride run --exact 'first/first::says_so_when_the_model_is_overloaded'")]
pub struct RunArguments {
    /// Run cases whose id contains one of these texts
    #[arg(value_name = "FILTER")]
    pub filters: Vec<String>,
    /// Files or folders to load, separated by `:` in the variable [default: the suites of the nearest checkride.yaml]
    #[arg(long, value_name = "PATH", num_args = 1.., env = "CHECKRIDE_SUITES", value_delimiter = ':')]
    pub suites: Vec<PathBuf>,
    /// Filters are whole ids
    #[arg(long)]
    pub exact: bool,
    /// Leave out cases whose id contains this text
    #[arg(long, value_name = "FILTER")]
    pub skip: Vec<String>,
    /// Only cases whose tags fulfil this expression, such as 'a and not b'
    #[arg(long, value_name = "EXPRESSION", env = "CHECKRIDE_TAG")]
    pub tag: Option<String>,
    /// Set a variable of the suites; beats every other value
    #[arg(long = "var", value_name = "NAME=VALUE", env = "CHECKRIDE_VAR", value_delimiter = ',')]
    pub vars: Vec<String>,
    /// Make skipped cases red: all of them (`1` in the variable), or those with a tag
    #[arg(long, value_name = "TAG", num_args = 0..=1, require_equals = true, default_missing_value = "", env = "CHECKRIDE_NO_SKIP", value_parser = all_or_tag)]
    pub no_skip: Option<String>,
    /// Make failing `should` cases, and warnings of the suites, red
    #[arg(long, env = "CHECKRIDE_STRICT", value_parser = FalseyValueParser::new())]
    pub strict: bool,
    /// Print the ids of the cases and stop
    #[arg(long)]
    pub list: bool,
    /// How many cases run at once [default: 64, and of those that start an agent of their own 4 for each core]
    #[arg(long, value_name = "N", env = "CHECKRIDE_TEST_THREADS")]
    pub test_threads: Option<usize>,
    /// Write a JUnit report
    #[arg(long, value_name = "PATH", env = "CHECKRIDE_JUNIT")]
    pub junit: Option<PathBuf>,
    /// Write a JSON report (schema: `checkride schema report`)
    #[arg(long, value_name = "PATH", env = "CHECKRIDE_JSON")]
    pub json: Option<PathBuf>,
    /// Where traces are stored [default: target/checkride, or .checkride outside of a cargo project]
    #[arg(long, value_name = "FOLDER", env = "CHECKRIDE_TRACES")]
    pub traces: Option<PathBuf>,
    /// Seed of `{{random.…}}` [default: 1]; if it is given, of secrets too, which otherwise are new in each run
    #[arg(long, value_name = "N", env = "CHECKRIDE_SEED")]
    pub seed: Option<u64>,
    /// Where a judge's answers come from: the lock alone (replay), the lock and what it lacks from the model (auto), the model
    /// (live), the model, written to the lock (record), nowhere (off) [default: replay where CI is true, otherwise auto]
    #[arg(long, value_name = "MODE", env = "CHECKRIDE_JUDGE_MODE", value_parser = ["replay", "auto", "live", "record", "off"])]
    pub judge_mode: Option<String>,
    /// How many statements of rubrics may stay unjudged without making the run red [default: 0 where CI is true, otherwise any]
    #[arg(long, value_name = "N", env = "CHECKRIDE_ALLOW_SKIPS")]
    pub allow_skips: Option<usize>,
    /// Show how the judge came to its answers
    #[arg(short, long, env = "CHECKRIDE_VERBOSE", value_parser = FalseyValueParser::new())]
    pub verbose: bool,
    /// One character for each case
    #[arg(short, long)]
    pub quiet: bool,
    /// auto, always or never
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = ["auto", "always", "never"])]
    pub color: Option<String>,
    /// pretty, terse or json (of libtest)
    #[arg(long, value_name = "FORMAT", value_parser = ["pretty", "terse", "json"])]
    pub format: Option<String>,
    #[command(flatten)]
    pub libtest: LibtestArguments,
}

/// Variables cannot be given without a value, so `1` and `true` say what the option alone says.
fn all_or_tag(text: &str) -> Result<String, String> {
    Ok(if matches!(text, "1" | "true") { String::new() } else { text.to_owned() })
}

/// What cargo and nextest pass to a test program; most of it changes nothing here.
#[derive(Args, Clone, Debug, Default)]
pub struct LibtestArguments {
    #[arg(long, hide = true)]
    pub include_ignored: bool,
    #[arg(long, hide = true)]
    pub ignored: bool,
    #[arg(long, hide = true)]
    pub test: bool,
    #[arg(long, hide = true)]
    pub bench: bool,
    #[arg(long, alias = "no-capture", hide = true)]
    pub nocapture: bool,
    #[arg(long, hide = true)]
    pub show_output: bool,
    #[arg(short = 'Z', value_name = "FLAG", hide = true)]
    pub unstable: Option<String>,
    #[arg(long, value_name = "PATH", hide = true)]
    pub logfile: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  checkride check                      everything below the nearest checkride.yaml
  checkride check suites/mail.yaml     one file

Exit status: 0 no mistake (warnings do not count), 2 mistakes, 4 nothing to check.")]
pub struct CheckArguments {
    /// Files or folders [default: the suites of the nearest checkride.yaml]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Set a variable of the suites
    #[arg(long = "var", value_name = "NAME=VALUE", env = "CHECKRIDE_VAR", value_delimiter = ',')]
    pub vars: Vec<String>,
    /// Warnings count as mistakes
    #[arg(long)]
    pub strict: bool,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  checkride show target/checkride/first.first.summarises_the_latest_email.jsonl
  checkride show TRACE --at '$.calls[*].args'
  checkride show TRACE --records")]
pub struct ShowArguments {
    #[arg(value_name = "TRACE")]
    pub trace: PathBuf,
    /// Only what this JSONPath names
    #[arg(long, value_name = "PATH")]
    pub at: Option<String>,
    /// The raw records, one a line, with their times
    #[arg(long, conflicts_with = "at")]
    pub records: bool,
    /// The whole document as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  checkride recheck target/checkride/*.jsonl
  checkride recheck target/checkride --suite suites/mail.yaml")]
pub struct RecheckArguments {
    /// Traces, or folders of traces
    #[arg(value_name = "TRACE", required = true)]
    pub traces: Vec<PathBuf>,
    /// Judge by this suite instead of the one that the trace names
    #[arg(long, value_name = "FILE")]
    pub suite: Option<PathBuf>,
    /// Set a variable of the suites, as in the run
    #[arg(long = "var", value_name = "NAME=VALUE", env = "CHECKRIDE_VAR", value_delimiter = ',')]
    pub vars: Vec<String>,
    /// Make failing `should` cases red
    #[arg(long)]
    pub strict: bool,
    /// Seed of the run, if it was not the usual one
    #[arg(long, value_name = "N", env = "CHECKRIDE_SEED", default_value = "1")]
    pub seed: u64,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  checkride serve suites/scripts/hello.yaml --port 8080
  checkride serve suites/scripts/hello.yaml --port 0 --repeat
  OPENAI_BASE_URL=http://127.0.0.1:8080/v1 ANTHROPIC_BASE_URL=http://127.0.0.1:8080 npm test
  curl http://127.0.0.1:8080/__checkride/journal

Below /j/NAME a conversation of its own has the script from its beginning: http://127.0.0.1:8080/j/test-7/v1.
  GET, DELETE /__checkride/journal[?run=NAME]              what was asked and answered lately, and what went wrong
  POST        /__checkride/reset[?run=NAME]                the script from its beginning
  POST        /__checkride/release?gate=NAME[&run=NAME]    lets go of a reply that waits at a gate

Only this machine can reach it. Exit status: 0 when it was told to end (Ctrl-C), 2 if it could not begin.")]
pub struct ServeArguments {
    /// A file whose first key is `script:`: replies in order, or `rules`, with `model`, `wire`, `faults` and `http` beside them
    #[arg(value_name = "SCRIPT")]
    pub script: PathBuf,
    /// The port on 127.0.0.1; 0 is a free one, which is printed
    #[arg(long, value_name = "N", env = "CHECKRIDE_PORT", default_value = "8080")]
    pub port: u16,
    /// How many requests the journal remembers
    #[arg(long, value_name = "N", default_value = "1000")]
    pub journal: usize,
    /// A script that is used up begins again, and so do the `replies` of a rule; otherwise further requests are refused
    #[arg(long)]
    pub repeat: bool,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  checkride import aimock fixtures --out suites/scripts/fixtures.yaml
  checkride import aimock fixtures/greetings.json > greetings.yaml
  checkride serve suites/scripts/fixtures.yaml --port 4010

Of a folder all *.json are read, by name, then those of its folders. What cannot be said in a script is named on the error
stream, with its file, its number (the first of a file is 0) and the reason.

Exit status: 0 if something was imported, 2 if nothing was, or a file is no file of fixtures.")]
pub struct ImportArguments {
    /// Whose fixtures they are
    #[arg(value_name = "TOOL", value_parser = ["aimock"])]
    pub tool: String,
    /// A file of fixtures, or a folder of them
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// Write the script to this file [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
pub struct SchemaArguments {
    /// Which one
    #[arg(value_name = "KIND", required_unless_present = "write", value_parser = ["suite", "protocol", "script", "project", "trace", "report"])]
    pub kind: Option<String>,
    /// Write all schemas to this folder
    #[arg(long, value_name = "FOLDER")]
    pub write: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  checkride explain expect
  checkride explain contains
  checkride explain unknown-key")]
pub struct ExplainArguments {
    /// A key, pattern word, step, fake, event or diagnostic code [default: the list of all]
    #[arg(value_name = "WORD")]
    pub word: Option<String>,
}
