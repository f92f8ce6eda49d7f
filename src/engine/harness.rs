//! One way to run: every front door ends here, with libtest-mimic as the front of the tests.
//!
//! Owns: trials, the sink of outcomes.
//! Must not know: the command line, exit statuses, report formats.

use super::agents::Turn;
use super::conditions::{Conditions, Decision};
use super::interrupt;
use super::judging;
use super::outcome::{Strictness, outcome, skipped};
use super::planner::{Plan, Planned};
use super::rubrics::conclude;
use super::runner;
use super::selection::Selection;
use super::tasks::{self, Awaited};
use super::trace_store::Store;
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
use futures_util::FutureExt as _;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::collections::BTreeMap;
use std::num::NonZero;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::sync::{Semaphore, SemaphorePermit};

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
    /// Of the secrets alone: an agent that met one in an earlier run knows nothing of this one's.
    pub secrets_seed: u64,
    /// How rubrics are judged.
    pub judge: JudgeWorld,
    /// How many cases run at once (its `test_threads`, if somebody said), format and colour of the front.
    pub front: Arguments,
}

/// Where nobody says how many cases run at once.
const AT_ONCE: usize = 64;
/// Where nobody says, for each core, how many run at once of those that start an agent: more would only take time from each other.
const LAUNCHED_PER_CORE: usize = 4;
/// A trace of so many records is judged where that does not hold up other cases.
const LONG_TRACE: usize = 2000;

/// What is told of a run while it goes on.
pub trait Watcher: Send + Sync {
    fn begins(&self, total: usize);
    fn case_begins(&self, id: &str);
    fn case_ends(&self, outcome: &Outcome);
    /// The line of a case is about to be printed: in the order of the plan, which may be long after the case has ended.
    fn prints(&self);
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
        .worker_threads(cores().min(8))
        .enable_all()
        .build()
        .map_err(|e| format!("failed to start the runtime: {e}"))?;
    let world = runtime
        .block_on(World::open(request.checkride.clone(), request.traces.clone(), request.seed, request.secrets_seed))
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
    let signals = runtime.spawn(interrupt::watch(world.clone()));
    let turns = plan.cases.iter().enumerate().map(|(at, planned)| Mutex::new(turn(&world, at, planned))).collect();
    let stage = Arc::new(Stage {
        store: Store::open(&world.traces, request.suites.iter().flat_map(|suite| &suite.cases).map(|case| case.id.as_str())),
        world,
        judge: Judge::new(request.judge.clone()),
        judge_world: request.judge,
        sources: request.sources,
        strictness: request.strictness,
        watcher,
        turns,
        cases: plan.cases,
        sink: Mutex::default(),
        our_fault: Mutex::new(false),
        rules: Mutex::default(),
        launches: Semaphore::new(request.front.test_threads.unwrap_or(LAUNCHED_PER_CORE * cores()).max(1)),
    });
    stage.watcher.begins(stage.cases.len());
    let at_once = request.front.test_threads.unwrap_or(AT_ONCE).max(1);
    let awaited = tasks::begin(runtime.handle(), stage.cases.len(), at_once, {
        let stage = stage.clone();
        move |at| case(stage.clone(), at)
    });
    let trials = awaited.into_iter().zip(&stage.cases).map(|(awaited, planned)| trial(&stage, planned, awaited)).collect();
    // The conclusion knows less than the outcomes: a verdict is more than passed or failed.
    let _ = libtest_mimic::run(&Arguments { test_threads: Some(1), ..request.front }, trials);
    runtime.block_on(stage.world.shared.stop());
    signals.abort();
    let is_full = plan.filtered_out == 0 && !stage.world.is_stopping();
    let rules = std::mem::take(&mut *stage.rules.lock().expect("no panic happens under this lock"));
    let result = RunResult {
        warnings: if is_full { rules.warnings() } else { vec![] },
        outcomes: std::mem::take(&mut *stage.sink.lock().expect("panics of cases are caught")),
        filtered_out: plan.filtered_out,
        interrupted: stage.world.is_stopping(),
        our_fault: *stage.our_fault.lock().expect("no panic happens under this lock"),
    };
    drop(stage);
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    Ok(result)
}

/// What the cases share.
struct Stage {
    world: Arc<World>,
    store: Store,
    judge: Judge,
    judge_world: JudgeWorld,
    sources: Sources,
    strictness: Strictness,
    watcher: Arc<dyn Watcher>,
    cases: Vec<Planned>,
    /// Of the cases that share an agent; taken when the case begins.
    turns: Vec<Mutex<Option<Turn>>>,
    /// In the order of the plan.
    sink: Mutex<Vec<Outcome>>,
    our_fault: Mutex<bool>,
    rules: Mutex<RuleUse>,
    /// One for each case that may run an agent of its own now.
    launches: Semaphore,
}

impl Stage {
    /// Waits until the case may start its agent; what is given is kept while the agent runs.
    async fn launch(&self, case: &Case) -> Option<SemaphorePermit<'_>> {
        let starts_one = case.agent.command.is_some() && case.agent.scope == AgentScope::Case;
        if starts_one { self.launches.acquire().await.ok() } else { None }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, NonZero::get)
}

fn turn(world: &World, at: usize, planned: &Planned) -> Option<Turn> {
    let shares = planned.decision == Decision::Run && planned.case.agent.scope == AgentScope::Suite;
    shares.then(|| world.shared.queue(&planned.case.suite_path, at))
}

/// The line of one case: waits for its outcome, and says what libtest-mimic prints of it.
fn trial(stage: &Arc<Stage>, planned: &Planned, awaited: Awaited<Outcome>) -> Trial {
    let (stage, planned) = (stage.clone(), planned.clone());
    Trial::ignorable_test(planned.case.id.clone(), move || {
        let outcome = awaited.get().unwrap_or_else(|| crashed(&stage, &planned, &"its task broke off"));
        stage.watcher.prints();
        let completion = match outcome.verdict {
            verdict if verdict.is_red() => Err(Failed::from(stage.watcher.failure(&outcome))),
            Verdict::Skipped => Ok(Completion::ignored_with(outcome.reason.as_deref().unwrap_or_default())),
            _ => Ok(Completion::Completed),
        };
        stage.sink.lock().expect("panics of cases are caught").push(outcome);
        completion
    })
}

/// One case, from its turn to its outcome.
async fn case(stage: Arc<Stage>, at: usize) -> Outcome {
    let planned = &stage.cases[at];
    // It ends with this case, whatever happens.
    let turn = stage.turns[at].lock().expect("no panic happens under this lock").take();
    if let Some(turn) = &turn {
        turn.comes().await;
    }
    stage.watcher.case_begins(&planned.case.id);
    let caught = AssertUnwindSafe(attempt(&stage, planned)).catch_unwind().await;
    let outcome = caught.unwrap_or_else(|panic| crashed(&stage, planned, &*panic));
    stage.watcher.case_ends(&outcome);
    if outcome.verdict != Verdict::Pass {
        stage.rules.lock().expect("no panic happens under this lock").leave_out(&planned.case);
    }
    outcome
}

async fn attempt(stage: &Stage, planned: &Planned) -> Outcome {
    let case = &planned.case;
    match &planned.decision {
        Decision::Skip(reason) => return skipped(case, reason, &stage.sources),
        Decision::Broken(reason) => {
            let trace = runner::unable(case, Blame::AgentStart, "version-unreadable", reason);
            return judged(stage, planned, &trace).await;
        }
        Decision::Run => {}
    }
    let launch = stage.launch(case).await;
    if stage.world.is_stopping() {
        return skipped(case, "interrupted before it began", &stage.sources);
    }
    let trace = runner::run(&stage.world, case, &planned.left_out, &stage.sources).await;
    drop(launch);
    stage.rules.lock().expect("no panic happens under this lock").count(case, &trace);
    judged(stage, planned, &trace).await
}

async fn judged(stage: &Stage, planned: &Planned, trace: &Trace) -> Outcome {
    let case = &planned.case;
    let look = || (stage.store.trace(&case.id, trace), checks::evaluate(case, trace));
    let (stored, findings) = if trace.records.len() < LONG_TRACE { look() } else { tokio::task::block_in_place(look) };
    let asked = asked(stage, case, trace, &findings).await;
    let mut outcome = conclude(case, trace, findings, &asked, &stage.sources, stage.strictness);
    let kept = stored.and_then(|path| stage.store.answers(&path, trace, &asked).map(|()| path));
    match kept {
        Ok(path) => outcome.trace_path = Some(path.display().to_string()),
        Err(reason) => outcome.notes.push(reason),
    }
    outcome
}

/// What the judge answers, unless the run is told to end meanwhile.
async fn asked(stage: &Stage, case: &Case, trace: &Trace, findings: &[Finding]) -> Vec<Asked> {
    if case.rubrics().next().is_none() {
        return vec![];
    }
    tokio::select! {
        asked = judging::ask(&stage.judge, &stage.judge_world, case, trace, findings) => asked,
        () = stage.world.stopped() => judging::interrupted(case, trace),
    }
}

/// A panic is a fault of checkride: the case is broken, the run goes on.
fn crashed(stage: &Stage, planned: &Planned, panic: &(dyn std::any::Any + Send)) -> Outcome {
    *stage.our_fault.lock().expect("no panic happens under this lock") = true;
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    let message = format!("a fault of checkride: {}; please report it", text.unwrap_or("a panic without a message"));
    let trace = runner::unable(&planned.case, Blame::Harness, "our-fault", &message);
    let mut problem = outcome(&planned.case, &trace, &checks::evaluate(&planned.case, &trace), &stage.sources, stage.strictness);
    problem.trace_path = None;
    problem
}

/// A problem that keeps a case from being run.
pub fn broken(blame: Blame, code: &str, message: impl Into<String>) -> Problem {
    Problem { blame: Some(blame), code: code.to_owned(), message: message.into(), details: vec![] }
}
