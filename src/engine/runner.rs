//! One attempt of one case: a trace, whatever happens.
//!
//! Owns: the order of an attempt, its time limit, what a stop does to it.
//! Must not know: what is expected of the trace, how it is reported.

use super::harness::broken;
use super::planner::LeftOut;
use super::stage::{ATTEMPT, Stage};
use super::steps;
use super::world::World;
use crate::base::Sources;
use crate::base::duration::show;
use crate::model::step::{Step, Verb};
use crate::model::suite::Case;
use crate::model::trace::{Begin, Blame, Cause, StepError, TRACE_VERSION, Trace, What};
use crate::recorder::Recorder;
use serde_json::Value;
use std::sync::Arc;

/// Runs a case and gives everything that was observed.
pub async fn run(world: &World, case: &Arc<Case>, left_out: &LeftOut, sources: &Sources) -> Trace {
    tracing::info!(case = case.id, "begins");
    let recorder = begin(case);
    let stage = tokio::select! {
        stage = Stage::set(world, case, &recorder) => Some(stage),
        () = world.stopped() => None,
    };
    match stage {
        None => recorder.problem(broken(Blame::Harness, "interrupted", "interrupted while the agent was being started")),
        Some(Err(problem)) => recorder.problem(problem),
        Some(Ok(mut stage)) => {
            let in_time = act(world, case, left_out, &mut stage).await;
            stage.strike(in_time).await;
        }
    }
    let written = sources.get(case.span.file);
    for hidden in written.iter().flat_map(|file| recorder.redactor().fingerprints(file, &case.id)) {
        recorder.push(What::Hidden(hidden));
    }
    tracing::info!(case = case.id, ms = recorder.now_ms(), "ends");
    recorder.finish()
}

/// The trace of a case that could not be begun.
pub fn unable(case: &Case, blame: Blame, code: &str, message: &str) -> Trace {
    let recorder = begin(case);
    recorder.problem(broken(blame, code, message));
    recorder.finish()
}

fn begin(case: &Case) -> Recorder {
    let recorder = Recorder::new();
    recorder.push(What::Begin(Begin {
        version: TRACE_VERSION,
        case: case.id.clone(),
        suite: case.suite_path.clone(),
        protocol: case.agent.protocol.name.clone(),
        attempt: ATTEMPT,
        started: crate::base::clock::now_rfc3339(),
        checkride: env!("CARGO_PKG_VERSION").to_owned(),
    }));
    recorder
}

/// Carries out the steps within the case's time. True if they came to an end of their own.
async fn act(world: &World, case: &Case, left_out: &LeftOut, stage: &mut Stage) -> bool {
    let recorder = stage.recorder.clone();
    let current = stage.current.clone();
    let died = stage.servers().died();
    let end = tokio::select! {
        () = steps::run(case, left_out, stage) => return true,
        // What went wrong is recorded; without the server the agent cannot be judged.
        () = died => return false,
        () = tokio::time::sleep(case.timeout) => Ok(()),
        () = world.stopped() => Err(()),
    };
    let step = current.load(std::sync::atomic::Ordering::Relaxed);
    let error = match end {
        Ok(()) => {
            let (cause, before) = match still_connecting(case, step, &recorder) || stage.conversation.was_opening() {
                true => (Cause::Broken(Blame::AgentStart), ", before the agent was ready to be spoken to"),
                false => (Cause::Agent, ""),
            };
            let message = format!("the case's time limit of {} ran out{before}", show(case.timeout));
            StepError { cause, message, details: stage.held_gate_hints() }
        }
        Err(()) => StepError { cause: Cause::Broken(Blame::Harness), message: "interrupted".to_owned(), details: vec![] },
    };
    steps::begin(case, step, &recorder);
    recorder.push(What::StepEnd { step, value: Value::Null, error: Some(error) });
    false
}

/// Time that runs out before the agent takes a connection says nothing about what it would have done.
fn still_connecting(case: &Case, step: usize, recorder: &Recorder) -> bool {
    let connects = |step: &Step| {
        matches!(step.verb, Verb::User { .. } | Verb::Do { .. } | Verb::Rpc { .. } | Verb::Send { .. } | Verb::Connect { .. })
    };
    let opened = || recorder.read(0, |records| records.iter().any(|record| matches!(record.what, What::Opened { .. })));
    case.steps.get(step).is_some_and(connects) && !opened()
}
