//! `probe`: state that the agent keeps, read until it is as expected.
//!
//! Owns: how often a probe is repeated.
//! Must not know: what is expected; `checks` answers that.

use super::stage::Stage;
use super::steps::{fill, suite_fault};
use crate::checks;
use crate::model::step::{Probe, Step};
use crate::model::trace::{Cause, StepError, What};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Repeated until its `expect` holds or its time is over; without `expect` it runs once, so it may write.
pub async fn probe(stage: &Stage, step: &Step, probe: &Probe) -> Result<Value, StepError> {
    let end = Instant::now() + step.within;
    let mut pause = FIRST_PAUSE;
    loop {
        let value = read(stage, step, probe).await?;
        let returned = json!({ "value": value });
        let held = {
            let scope = stage.conversation.scope(&step.session);
            if step.expect.is_empty() { Ok(()) } else { checks::holds(&step.expect, &returned, &scope) }
        };
        if held.is_ok() || Instant::now() + pause > end {
            let label = step.label.clone().unwrap_or_else(|| stage.current.load(std::sync::atomic::Ordering::Relaxed).to_string());
            stage.recorder.push(What::Probe { label, value });
        }
        match held {
            Ok(()) => return Ok(returned),
            Err(why) if Instant::now() + pause > end => {
                return Err(StepError {
                    cause: Cause::Agent,
                    message: format!("the probe's `expect` did not hold within {}", crate::base::duration::show(step.within)),
                    details: vec![why],
                });
            }
            Err(_) => tokio::time::sleep(pause).await,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn read(stage: &Stage, step: &Step, probe: &Probe) -> Result<Value, StepError> {
    match probe {
        Probe::File { path } => {
            let path = fill(stage, step, path)?;
            let path = path.as_str().ok_or_else(|| suite_fault("the path of a `probe: {file}` is not a text".to_owned()))?;
            match tokio::fs::read(stage.home.join(path)).await {
                Ok(bytes) => Ok(Value::from(String::from_utf8_lossy(&bytes))),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Value::Null),
                Err(e) => Err(suite_fault(format!("failed to read {path}: {e}"))),
            }
        }
        Probe::Command { argv } => {
            let mut words = Vec::with_capacity(argv.len());
            for word in argv {
                let word = fill(stage, step, word)?;
                words.push(word.as_str().map(str::to_owned).unwrap_or_else(|| word.to_string()));
            }
            stage.run_in_agent_env(&words, step.within).await
        }
    }
}
