//! Loading, as the commands share it.
//!
//! Owns: what of the process (folder, environment) the loader gets to see, the printing of diagnostics.
//! Must not know: what is done with the suites.

use crate::base::{Diagnostics, Severity, Sources};
use crate::language::{self, Loaded, Options};
use indexmap::IndexMap;
use std::path::{Path, PathBuf};

/// What to load.
pub struct Wanted<'a> {
    pub paths: &'a [PathBuf],
    /// `name=value`.
    pub vars: &'a [String],
    pub seed: u64,
    /// Only suites of this id.
    pub only: Option<&'a str>,
}

/// An empty run in the wrong folder would look like one that has nothing against the agent.
const NOWHERE: &str = "there are no suites here: no `checkride.yaml` in this folder or one above, and no folder `suites`; \
                       write `suites: [suites]` into `checkride.yaml`, or name files or folders on the command line";

/// Loads; the error is a mistake of the command line. Mistakes of files are diagnostics.
pub fn load(wanted: &Wanted<'_>) -> Result<Loaded, String> {
    let mut vars = IndexMap::with_capacity(wanted.vars.len());
    for var in wanted.vars {
        let (name, value) = var.split_once('=').ok_or_else(|| format!("`--var {var}`: write it as name=value"))?;
        vars.insert(name.trim().to_owned(), value.to_owned());
    }
    let start = std::env::current_dir().map_err(|e| format!("failed to find the working folder: {e}"))?;
    let options = Options {
        paths: wanted.paths.to_vec(),
        start,
        vars,
        seed: wanted.seed,
        env: std::env::vars().collect(),
        only: wanted.only.map(str::to_owned),
    };
    let loaded = language::load(&options);
    let nowhere = wanted.paths.is_empty() && loaded.project.file.is_none() && loaded.project.suites.is_empty();
    if nowhere { Err(NOWHERE.to_owned()) } else { Ok(loaded) }
}

/// Prints all mistakes of suites; true if there was any, warnings included.
pub fn print_diagnostics(loaded: &Loaded, color: bool) -> bool {
    print_mistakes(&loaded.diagnostics, &loaded.sources, color)
}

/// Prints all mistakes; true if there was any, warnings included.
pub fn print_mistakes(diagnostics: &Diagnostics, sources: &Sources, color: bool) -> bool {
    if diagnostics.is_empty() {
        return false;
    }
    eprintln!("{}\n", diagnostics.render(sources, color));
    let count = |severity| diagnostics.list.iter().filter(|d| d.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let many = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    if errors > 0 {
        eprintln!("{} and {}; nothing was run", many(errors, "error"), many(warnings, "warning"));
    }
    true
}

/// A path as it is shown: relative to the working folder if it lies below it.
pub fn shown(path: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).map_or_else(|_| path.to_owned(), Path::to_owned)
}
