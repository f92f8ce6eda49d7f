//! The command line of `checkride judge`, as clap reads it.
//!
//! Owns: names, help texts and examples of its commands and options.
//! Must not know: what a command does.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Args, Clone, Debug)]
pub struct JudgeArguments {
    #[command(subcommand)]
    pub command: JudgeCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub enum JudgeCommand {
    /// Print an entry of the lock: what was asked, what the judge replied
    Show(JudgeShowArguments),
    /// Remove entries of the lock that no rubric of the suites and no calibration needs any more
    Prune(JudgePruneArguments),
    /// Measure the judge of checkride.yaml against people's labels
    Calibrate(CalibrateArguments),
}

#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  checkride judge show 3f9c1a")]
pub struct JudgeShowArguments {
    /// The key of the entry, or its beginning
    #[arg(value_name = "KEY")]
    pub key: String,
    /// The file as it is
    #[arg(long)]
    pub json: bool,
    /// The folder of the lock [default: judge-lock beside checkride.yaml]
    #[arg(long, value_name = "FOLDER")]
    pub lock: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = "\
The rubrics of all cases are put together again from the traces that the last run stored, so run all suites first:
  checkride run && checkride judge prune --unused --dry-run")]
pub struct JudgePruneArguments {
    /// Needed: says that entries without a rubric are to go
    #[arg(long, required = true)]
    pub unused: bool,
    /// Only list what would be removed
    #[arg(long)]
    pub dry_run: bool,
    /// Files or folders to load [default: the suites of the nearest checkride.yaml]
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub suites: Vec<PathBuf>,
    /// Where the run stored its traces [default: as for `run`]
    #[arg(long, value_name = "FOLDER")]
    pub traces: Option<PathBuf>,
    /// Set a variable of the suites, as in the run
    #[arg(long = "var", value_name = "NAME=VALUE", env = "CHECKRIDE_VAR", value_delimiter = ',')]
    pub vars: Vec<String>,
    /// Seed of the run, if it was not the usual one
    #[arg(long, value_name = "N", env = "CHECKRIDE_SEED", default_value = "1")]
    pub seed: u64,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = "\
A line of LABELS: {\"recording\": FILE, \"sha256\": …, \"criterion_id\": …, \"criterion\": …, \"label\": \"met\" or \"not_met\", \"annotator\": …}
The recording is a trace, or a recording as the judge sees it; its path is seen from the file of labels.

Examples:
  checkride judge calibrate labels.jsonl --out calibration.json
  checkride judge calibrate labels.jsonl --votes 3 --min-kappa-lower 0.4 --min-tnr-lower 0.7

Exit status: 0 measured, 1 a bound was not reached, 2 the labels or the command line are wrong, 3 the judge was at fault.")]
pub struct CalibrateArguments {
    #[arg(value_name = "LABELS")]
    pub labels: PathBuf,
    /// The model that judges [default: that of checkride.yaml]
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// How often each statement is asked; odd
    #[arg(long, value_name = "N")]
    pub votes: Option<u32>,
    /// Where answers come from: replay, auto, live or record [default: auto, or replay where CI is set]
    #[arg(long, value_name = "MODE", env = "CHECKRIDE_JUDGE_MODE", value_parser = ["replay", "auto", "live", "record"])]
    pub judge_mode: Option<String>,
    /// Write the figures to this file, by which later runs know the judge
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,
    /// The lower bound of kappa that is required
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = kappa)]
    pub min_kappa_lower: Option<f64>,
    /// The lower bound of the rate at which `not_met` is seen that is required
    #[arg(long, value_name = "N", value_parser = rate)]
    pub min_tnr_lower: Option<f64>,
    /// Seed of the bootstrap
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,
}

/// No kappa is above 1, so a higher bound could never be reached.
fn kappa(text: &str) -> Result<f64, String> {
    number(text, -1.0)
}

fn rate(text: &str) -> Result<f64, String> {
    number(text, 0.0)
}

fn number(text: &str, least: f64) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| (least..=1.0).contains(number));
    number.ok_or_else(|| format!("a number from {least} to 1 is needed, such as 0.4"))
}
