//! How rubrics are judged in this run: the mode, the lock, the keys of this process.
//!
//! Owns: the defaults of the judge's options, and what continuous integration changes.
//! Must not know: how a judge is asked.

use crate::judge::calibration::{self, Calibrated};
use crate::judge::{JudgeWorld, Mode};
use crate::language::project::Project;
use crate::model::outcome::Outcome;
use std::path::PathBuf;

/// The folder of the lock, beside checkride.yaml: it belongs into the repository.
pub const LOCK: &str = "judge-lock";

/// What the judge of this run is given. `mode` is what was asked for.
pub fn world(project: &Project, mode: Option<&str>) -> JudgeWorld {
    let asked_for = Mode::ALL.into_iter().find(|known| Some(known.word()) == mode);
    JudgeWorld {
        mode: asked_for.unwrap_or(if is_ci() { Mode::Replay } else { Mode::Auto }),
        lock: lock(project),
        folder: project.root.clone(),
        environment: std::env::vars().collect(),
    }
}

pub fn lock(project: &Project) -> PathBuf {
    project.root.join(LOCK)
}

/// The figures of `judge calibrate`, beside checkride.yaml.
const CALIBRATION: &str = "calibration.json";

/// How well the judges of these statements are known; nothing where only rules judged.
pub fn standing(project: &Project, outcomes: &[Outcome]) -> Option<String> {
    let criteria = outcomes.iter().flat_map(|outcome| &outcome.rubrics).flat_map(|rubric| &rubric.criteria);
    let judges = criteria.map(|criterion| {
        let mut models: Vec<&str> = criterion.votes.iter().map(|vote| vote.model.as_str()).collect();
        models.dedup();
        (models.join(" + "), criterion.statement.as_str())
    });
    let judges: Vec<_> = judges.filter(|(models, _)| !matches!(models.as_str(), "" | "none" | "fake")).collect();
    let text = std::fs::read_to_string(project.root.join(CALIBRATION)).ok();
    let known = text.map(|text| Calibrated::read(&text)).transpose();
    match known {
        Ok(known) => calibration::standing(known.as_ref(), judges.iter().map(|(models, text)| (models.as_str(), *text))),
        Err(why) => Some(format!("judge: {CALIBRATION} cannot be read ({why}), so it is UNCALIBRATED")),
    }
}

/// How many statements may stay unjudged without making the run red; `None` is any number.
pub fn allowed_skips(asked_for: Option<usize>) -> Option<usize> {
    asked_for.or_else(|| is_ci().then_some(0))
}

/// Every service for continuous integration sets it.
fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}
