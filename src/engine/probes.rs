//! `probe`: state that the agent keeps, read until it is as expected.
//!
//! Owns: how often a probe is repeated, how long it must go on holding, what is said where it does not.
//! Must not know: what is expected; `checks` answers that.

use super::requests;
use super::stage::Stage;
use super::steps::{fill, suite_fault};
use crate::base::duration::show;
use crate::checks;
use crate::model::step::{Probe, Step};
use crate::model::trace::{Cause, StepError, What};
use crate::model::tree::Node;
use crate::transports::plain::PlainRequest;
use crate::wire::resp::Reply;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);
/// The least time that one look is given, however little is left of the step's.
const SHORTEST_LOOK: Duration = Duration::from_millis(200);
/// More of a value is left out of a message; the trace has it all.
const SHOWN: usize = 300;

/// What is read, with everything inserted.
enum Reading {
    File(std::path::PathBuf),
    Command(Vec<String>),
    Redis { fake: Option<String>, words: Vec<String> },
    Http(PlainRequest),
}

/// Repeated until its `expect` holds or its time is over; without `expect` it runs once, so it may write. With `stays` it is read on,
/// and must hold every time.
pub async fn probe(stage: &Stage, step: &Step, probe: &Probe) -> Result<Value, StepError> {
    let reading = reading(stage, step, probe)?;
    if let Reading::Http(request) = &reading {
        requests::record(stage, request);
    }
    let end = Instant::now() + step.within;
    let mut pause = FIRST_PAUSE;
    let mut held_since: Option<Instant> = None;
    loop {
        let left = end.saturating_duration_since(Instant::now()).max(SHORTEST_LOOK);
        let value = reading.read(stage, step, left).await?;
        let returned = json!({ "value": value });
        let verdict = match held(stage, step, &returned) {
            Ok(()) => {
                let since = *held_since.get_or_insert_with(Instant::now);
                let stays = step.stays.unwrap_or_default();
                (since.elapsed() >= stays).then_some(Ok(()))
            }
            Err(why) => match held_since {
                Some(since) => Some(Err(format!(
                    "the probe's `expect` held, and did not go on holding: it ended after {}\n{why}",
                    show(since.elapsed())
                ))),
                None if Instant::now() + pause > end => {
                    Some(Err(format!("the probe's `expect` did not hold within {}\n{why}", show(step.within))))
                }
                None => None,
            },
        };
        match verdict {
            None => tokio::time::sleep(pause).await,
            Some(verdict) => {
                stage.recorder.push(What::Probe { label: requests::label(stage, step), value: value.clone() });
                return verdict.map(|()| returned).map_err(|why| missed(&why, &value));
            }
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn held(stage: &Stage, step: &Step, returned: &Value) -> Result<(), String> {
    let scope = stage.conversation.scope(&step.session);
    if step.expect.is_empty() { Ok(()) } else { checks::holds(&step.expect, returned, &scope) }
}

fn missed(why: &str, value: &Value) -> StepError {
    let (message, differs) = why.split_once('\n').unwrap_or((why, ""));
    let text = value.to_string();
    let shown: String = if text.chars().count() > SHOWN { text.chars().take(SHOWN).chain(['…']).collect() } else { text };
    StepError { cause: Cause::Agent, message: message.to_owned(), details: vec![differs.to_owned(), format!("the last value: {shown}")] }
}

fn reading(stage: &Stage, step: &Step, probe: &Probe) -> Result<Reading, StepError> {
    Ok(match probe {
        Probe::File { path } => {
            let path = fill(stage, step, path)?;
            let path = path.as_str().ok_or_else(|| suite_fault("the path of a `probe: {file}` is not a text".to_owned()))?;
            Reading::File(stage.home.join(path))
        }
        Probe::Command { argv } => Reading::Command(words(stage, step, argv)?),
        Probe::Redis { fake, command } => Reading::Redis { fake: fake.clone(), words: words(stage, step, command)? },
        Probe::Http(call) => Reading::Http(requests::request(stage, step, call)?),
    })
}

fn words(stage: &Stage, step: &Step, nodes: &[Arc<Node>]) -> Result<Vec<String>, StepError> {
    let word = |node: &Arc<Node>| {
        let word = fill(stage, step, node)?;
        Ok(word.as_str().map(str::to_owned).unwrap_or_else(|| word.to_string()))
    };
    nodes.iter().map(word).collect()
}

impl Reading {
    /// One look. `left` is what is left of the step's time: who does not answer until then is no reason to look no more.
    async fn read(&self, stage: &Stage, step: &Step, left: Duration) -> Result<Value, StepError> {
        let once = step.expect.is_empty();
        match self {
            Reading::File(path) => match tokio::fs::read(path).await {
                Ok(bytes) => Ok(Value::from(String::from_utf8_lossy(&bytes))),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Value::Null),
                Err(e) => Err(suite_fault(format!("failed to read {}: {e}", path.display()))),
            },
            Reading::Command(words) => stage.run_in_agent_env(words, step.within).await,
            Reading::Redis { fake, words } => match stage.servers().redis(fake.as_deref(), words, step.within).await? {
                Reply::Value(value) => Ok(value),
                Reply::Error(error) if once => Err(suite_fault(format!("redis answered `{}` with an error: {error}", words.join(" ")))),
                // A key of another type may become one of the right type.
                Reply::Error(error) => Ok(json!({"error": error})),
            },
            Reading::Http(request) => {
                let value = requests::ask(request, left).await?;
                match requests::unanswered(request, &value) {
                    Some(message) if once => Err(StepError { cause: Cause::Agent, message, details: vec![] }),
                    _ => Ok(value),
                }
            }
        }
    }
}
