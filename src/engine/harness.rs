//! One way to run: every front door ends here, with libtest-mimic as the front of the tests.
//!
//! Owns: trials, threads, the sink of outcomes, what happens on Ctrl-C.
//! Must not know: the command line, exit statuses, report formats.

use super::conditions::{Conditions, Decision};
use super::judging;
use super::outcome::{Strictness, outcome, skipped};
use super::planner::{Plan, Planned};
use super::rubrics::conclude;
use super::runner;
use super::selection::Selection;
use super::trace_store;
use super::unused::RuleUse;
use super::world::World;
use crate::base::{Diagnostic, Sources};
use crate::checks;
use crate::judge::{Judge, JudgeWorld};
use crate::model::agent::AgentScope;
use crate::model::judge::Asked;
use crate::model::outcome::{Finding, Outcome, Verdict};
use crate::model::suite::{Case, Suite};
use crate::model::trace::{Blame, Problem, Trace};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// Everything that a run needs to know.
pub struct RunRequest {
    pub suites: Vec<Suite>,
    pub sources: Sources,
    pub selection: Selection,
    pub strictness: Strictness,
    pub traces: PathBuf,
    /// This program.
    pub checkride: PathBuf,
    pub env: BTreeMap<String, String>,
    pub seed: u64,
    /// How rubrics are judged.
    pub judge: JudgeWorld,
    /// Threads, format and colour of the front.
    pub front: Arguments,
}

/// What is told of a run while it goes on.
pub trait Watcher: Send + Sync {
    fn begins(&self, total: usize);
    fn case_begins(&self, id: &str);
    fn case_ends(&self, outcome: &Outcome);
    /// What is printed under a red case.
    fn failure(&self, outcome: &Outcome) -> String;
}

/// What a run gave.
#[derive(Debug, Default)]
pub struct RunResult {
    /// In the order of the plan.
    pub outcomes: Vec<Outcome>,
    pub filtered_out: usize,
    pub interrupted: bool,
    /// A panic of checkride itself was caught.
    pub our_fault: bool,
    /// Of a full run: what no case used.
    pub warnings: Vec<Diagnostic>,
}

/// Decides which cases would run, and runs none.
pub fn plan(request: RunRequest) -> Result<Plan, String> {
    Ok(prepare(&request)?.2)
}

/// What a run stands on, and what it takes.
fn prepare(request: &RunRequest) -> Result<(tokio::runtime::Runtime, World, Plan), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(2, |n| n.get().min(8)))
        .enable_all()
        .build()
        .map_err(|e| format!("failed to start the runtime: {e}"))?;
    let world = runtime
        .block_on(World::open(request.checkride.clone(), request.traces.clone(), request.seed))
        .map_err(|e| format!("failed to prepare the run: {e}"))?;
    let conditions = Conditions::new(&request.env, &world);
    let plan = runtime.block_on(Plan::make(&request.suites, &request.selection, &conditions));
    Ok((runtime, world, plan))
}

/// Runs everything selected. Fails only if the run cannot begin.
pub fn run(request: RunRequest, watcher: Arc<dyn Watcher>) -> Result<RunResult, String> {
    let (runtime, world, plan) = prepare(&request)?;
    judging::refuse(&plan, &request.judge)?;
    let world = Arc::new(world);
    let ctrl_c = runtime.spawn(watch_ctrl_c(world.clone()));
    let stage = Arc::new(Stage {
        world,
        judge: Judge::new(request.judge.clone()),
        judge_world: request.judge,
        sources: request.sources,
        strictness: request.strictness,
        watcher,
        sink: Mutex::new(vec![None; plan.cases.len()]),
        our_fault: Mutex::new(false),
        rules: Mutex::default(),
    });
    stage.watcher.begins(plan.cases.len());
    let trials = plan.cases.iter().enumerate().map(|(at, planned)| trial(&stage, &runtime, at, planned)).collect();
    // The conclusion knows less than the outcomes: a verdict is more than passed or failed.
    let _ = libtest_mimic::run(&request.front, trials);
    runtime.block_on(stage.world.shared.stop());
    ctrl_c.abort();
    let is_full = plan.filtered_out == 0 && !stage.world.is_stopping();
    let rules = std::mem::take(&mut *stage.rules.lock().expect("no panic happens under this lock"));
    let result = RunResult {
        warnings: if is_full { rules.warnings() } else { vec![] },
        outcomes: stage.sink.lock().expect("panics of cases are caught").drain(..).flatten().collect(),
        filtered_out: plan.filtered_out,
        interrupted: stage.world.is_stopping(),
        our_fault: *stage.our_fault.lock().expect("no panic happens under this lock"),
    };
    drop(stage);
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    Ok(result)
}

/// What the trials share.
struct Stage {
    world: Arc<World>,
    judge: Judge,
    judge_world: JudgeWorld,
    sources: Sources,
    strictness: Strictness,
    watcher: Arc<dyn Watcher>,
    sink: Mutex<Vec<Option<Outcome>>>,
    our_fault: Mutex<bool>,
    rules: Mutex<RuleUse>,
}

fn trial(stage: &Arc<Stage>, runtime: &tokio::runtime::Runtime, at: usize, planned: &Planned) -> Trial {
    let (stage, runtime, planned) = (stage.clone(), runtime.handle().clone(), planned.clone());
    let shares = planned.decision == Decision::Run && planned.case.agent.scope == AgentScope::Suite;
    let turn = shares.then(|| stage.world.shared.queue(&planned.case.suite_path, at));
    Trial::ignorable_test(planned.case.id.clone(), move || {
        // It ends with this case, whatever happens.
        let turn = turn;
        if let Some(turn) = &turn {
            runtime.block_on(turn.comes());
        }
        stage.watcher.case_begins(&planned.case.id);
        let caught = catch_unwind(AssertUnwindSafe(|| attempt(&stage, &runtime, &planned)));
        let outcome = caught.unwrap_or_else(|panic| {
            *stage.our_fault.lock().expect("no panic happens under this lock") = true;
            crashed(&stage, &planned, &*panic)
        });
        stage.watcher.case_ends(&outcome);
        if outcome.verdict != Verdict::Pass {
            stage.rules.lock().expect("no panic happens under this lock").leave_out(&planned.case);
        }
        let completion = match outcome.verdict {
            verdict if verdict.is_red() => Err(Failed::from(stage.watcher.failure(&outcome))),
            Verdict::Skipped => Ok(Completion::ignored_with(outcome.reason.as_deref().unwrap_or_default())),
            _ => Ok(Completion::Completed),
        };
        stage.sink.lock().expect("panics of cases are caught")[at] = Some(outcome);
        completion
    })
}

fn attempt(stage: &Arc<Stage>, runtime: &tokio::runtime::Handle, planned: &Planned) -> Outcome {
    let case = &planned.case;
    match &planned.decision {
        Decision::Skip(reason) => return skipped(case, reason, &stage.sources),
        Decision::Broken(reason) => {
            let trace = runner::unable(case, Blame::AgentStart, "version-unreadable", reason);
            return judged(stage, runtime, planned, &trace);
        }
        Decision::Run if stage.world.is_stopping() => return skipped(case, "interrupted before it began", &stage.sources),
        Decision::Run => {}
    }
    // As a task of the runtime: a thread that waits itself would be woken for each frame.
    let run = runtime.spawn({
        let (stage, case, left_out) = (stage.clone(), case.clone(), planned.left_out.clone());
        async move { runner::run(&stage.world, &case, &left_out, &stage.sources).await }
    });
    match runtime.block_on(run) {
        Ok(trace) => {
            stage.rules.lock().expect("no panic happens under this lock").count(case, &trace);
            judged(stage, runtime, planned, &trace)
        }
        Err(ended) => resume_unwind(ended.into_panic()),
    }
}

fn judged(stage: &Stage, runtime: &tokio::runtime::Handle, planned: &Planned, trace: &Trace) -> Outcome {
    let case = &planned.case;
    let stored = trace_store::store(&stage.world.traces, &case.id, trace);
    let findings = checks::evaluate(case, trace);
    let asked = asked(stage, runtime, case, trace, &findings);
    let mut outcome = conclude(case, trace, findings, &asked, &stage.sources, stage.strictness);
    let kept = stored.and_then(|path| trace_store::store_answers(&path, trace, &asked).map(|()| path));
    match kept {
        Ok(path) => outcome.trace_path = Some(path.display().to_string()),
        Err(reason) => outcome.notes.push(reason),
    }
    outcome
}

/// What the judge answers, unless the run is told to end meanwhile.
fn asked(stage: &Stage, runtime: &tokio::runtime::Handle, case: &Case, trace: &Trace, findings: &[Finding]) -> Vec<Asked> {
    if case.rubrics().next().is_none() {
        return vec![];
    }
    runtime.block_on(async {
        tokio::select! {
            asked = judging::ask(&stage.judge, &stage.judge_world, case, trace, findings) => asked,
            () = stage.world.stopped() => judging::interrupted(case, trace),
        }
    })
}

/// A panic is a fault of checkride: the case is broken, the run goes on.
fn crashed(stage: &Stage, planned: &Planned, panic: &(dyn std::any::Any + Send)) -> Outcome {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    let message = format!("a fault of checkride: {}; please report it", text.unwrap_or("a panic without a message"));
    let trace = runner::unable(&planned.case, Blame::Harness, "our-fault", &message);
    let mut problem = outcome(&planned.case, &trace, &checks::evaluate(&planned.case, &trace), &stage.sources, stage.strictness);
    problem.trace_path = None;
    problem
}

/// The first Ctrl-C ends the cases that run, in order; the second ends everything at once.
async fn watch_ctrl_c(world: Arc<World>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else {
        return;
    };
    let mut next = async || {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
    };
    next().await;
    eprintln!("\ninterrupted: ending the cases that run; once more to end at once");
    world.stop();
    next().await;
    crate::agent::end_all();
    std::process::exit(130);
}

/// A problem that keeps a case from being run.
pub fn broken(blame: Blame, code: &str, message: impl Into<String>) -> Problem {
    Problem { blame: Some(blame), code: code.to_owned(), message: message.into(), details: vec![] }
}
