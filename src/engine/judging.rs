//! The judge's place in a run: after all other checks, and only where they passed. A rubric about an attack is asked of a failure as well,
//! where it decides nothing and explains.
//!
//! Owns: which rubrics are put to the judge, what is refused before anything runs, what stands in for an answer that nobody gave.
//! Must not know: how a judge is asked, what answers mean for the verdict, files.

use super::outcome::judge as verdict_of;
use super::planner::{Plan, Planned};
use super::statements::filled;
use crate::checks::{self, Decision, Views};
use crate::judge::{self, Judge, JudgeWorld, Mode};
use crate::model::judge::{Answers, Asked, JudgeProblem, OnUnavailable, Rubric};
use crate::model::outcome::{Finding, Verdict};
use crate::model::suite::Case;
use crate::model::trace::Trace;
use std::collections::BTreeMap;

/// The tag of cases that are about an attack.
const SECURITY: &str = "security";

/// Refuses a run whose rubrics nobody could answer, before anything runs; the message names the cases.
pub fn refuse(plan: &Plan, world: &JudgeWorld) -> Result<(), String> {
    let mut reasons: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for planned in plan.cases.iter().filter(|planned| planned.decision == super::conditions::Decision::Run) {
        for rubric in rubrics(planned).filter(|rubric| rubric.settings.on_unavailable == OnUnavailable::Broken) {
            if let Some(reason) = nobody_answers(rubric, world) {
                let cases = reasons.entry(reason).or_default();
                if cases.last() != Some(&planned.case.id.as_str()) {
                    cases.push(&planned.case.id);
                }
            }
        }
    }
    if reasons.is_empty() {
        return Ok(());
    }
    let list = |(reason, cases): (String, Vec<&str>)| {
        let ids: String = cases.iter().map(|id| format!("\n    {id}")).collect();
        format!("  {reason}; it is asked of{ids}")
    };
    let all: Vec<String> = reasons.into_iter().map(list).collect();
    Err(format!(
        "the judge cannot be asked, so nothing was run\n{}\n  `--judge-mode off` runs the other checks alone; `on_unavailable: skip` leaves out what cannot be judged, and counts it",
        all.join("\n")
    ))
}

fn rubrics(planned: &Planned) -> impl Iterator<Item = &Rubric> {
    let is_left = |step: &Option<usize>| step.is_none_or(|step| !planned.left_out.contains_key(&step));
    planned.case.rubrics().filter(move |(step, _)| is_left(step)).map(|(_, rubric)| rubric)
}

/// Why no answer to this rubric can come from anywhere: neither from a model nor from the lock.
fn nobody_answers(rubric: &Rubric, world: &JudgeWorld) -> Option<String> {
    let reason = judge::unavailable(&rubric.settings, &world.environment)?;
    let nobody_named = rubric.settings.models.is_empty();
    let nobody = match world.mode {
        Mode::Off => false,
        Mode::Live | Mode::Record => true,
        Mode::Replay => nobody_named,
        Mode::Auto => nobody_named || is_empty(&world.lock),
    };
    nobody.then_some(reason)
}

fn is_empty(folder: &std::path::Path) -> bool {
    std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none())
}

/// Puts the rubrics of a case to the judge, if all other checks passed; those about attacks also if the agent failed. What was not asked
/// is not in the list, or says why.
pub async fn ask(judge: &Judge, world: &JudgeWorld, case: &Case, trace: &Trace, findings: &[Finding]) -> Vec<Asked> {
    match verdict_of(findings).0 {
        Verdict::Pass => ask_all(judge, world, case, trace).await,
        Verdict::Fail => ask_each(judge, world, case, trace, |rubric| explains(case, rubric)).await,
        _ => vec![],
    }
}

/// True if the rubric is about an attack: then it is worth an answer also where the agent failed.
pub fn explains(case: &Case, rubric: &Rubric) -> bool {
    rubric.security || case.tags.iter().any(|tag| tag == SECURITY)
}

/// The same whatever the other checks say: all that the lock has for a case.
pub async fn ask_all(judge: &Judge, world: &JudgeWorld, case: &Case, trace: &Trace) -> Vec<Asked> {
    ask_each(judge, world, case, trace, |_| true).await
}

async fn ask_each(judge: &Judge, world: &JudgeWorld, case: &Case, trace: &Trace, wanted: impl Fn(&Rubric) -> bool) -> Vec<Asked> {
    let mut asked = Vec::new();
    for (step, rubric) in known(case, trace).filter(|(_, rubric)| wanted(rubric)) {
        let answers = match (rubric.settings.on_unavailable, nobody_answers(&rubric, world)) {
            (OnUnavailable::Skip, Some(reason)) => Answers { step, not_asked: Some(reason), ..Answers::default() },
            _ => one(judge, world, case, trace, step, &rubric).await,
        };
        asked.push(Asked { question: rubric.question(), answers });
    }
    asked
}

/// A rubric of the run, and what it asks with the values that the run gave.
pub struct Put<'c> {
    /// `None` for the case's.
    pub step: Option<usize>,
    pub written: &'c Rubric,
    /// The error says which value is not known: the suite's mistake, which is told with the findings.
    pub filled: Result<Rubric, String>,
}

/// All rubrics of a case but those of steps that were left out.
pub fn put<'c>(case: &'c Case, trace: &Trace) -> Vec<Put<'c>> {
    let views = Views::new(&trace.records);
    let seen = case.rubrics().filter(|(step, _)| step.is_none_or(|step| !views.is_left_out(step)));
    seen.map(|(step, written)| Put { step, written, filled: filled(written, step, case, &views) }).collect()
}

/// Those whose values are known: a judge can be asked.
fn known(case: &Case, trace: &Trace) -> impl Iterator<Item = (Option<usize>, Rubric)> {
    put(case, trace).into_iter().filter_map(|put| Some((put.step, put.filled.ok()?)))
}

async fn one(judge: &Judge, world: &JudgeWorld, case: &Case, trace: &Trace, step: Option<usize>, rubric: &Rubric) -> Answers {
    let recording = checks::recording(trace, step, &rubric.settings.include);
    let mut answers = judge.answer(rubric, &recording, step, explains(case, rubric)).await;
    // What the author said of a judge that cannot be asked; but a failure that is known stays one, whatever was not answered beside it.
    if rubric.settings.on_unavailable == OnUnavailable::Skip
        && let Some(reason) = missing(&answers, judge::unavailable(&rubric.settings, &world.environment))
        && checks::aggregate(rubric, &answers).decision != Decision::Fail
    {
        answers = Answers { step, not_asked: Some(reason), cost: answers.cost, ..Answers::default() };
    }
    answers
}

/// Why there is no answer, rather than a wrong one. What the lock lacks is such a reason only where nobody can be asked for it.
fn missing(answers: &Answers, no_key: Option<String>) -> Option<String> {
    let faults = || answers.fault.iter().chain(answers.criteria.iter().filter_map(|answered| answered.fault.as_ref()));
    let of = |code: &str| faults().find(|fault| fault.code == code);
    match no_key {
        Some(no_key) => of("lock-miss").or(of("judge-unavailable")).map(|fault| format!("{no_key}; {}", fault.message)),
        None => of("judge-unavailable").map(|fault| fault.message.clone()),
    }
}

/// What stands in for the answers to a case that was interrupted while the judge was at work.
pub fn interrupted(case: &Case, trace: &Trace) -> Vec<Asked> {
    let problem = JudgeProblem { code: "interrupted".into(), message: "interrupted while the judge was asked".into(), details: vec![] };
    let asked = |(step, rubric): (Option<usize>, Rubric)| {
        let answers = Answers { step, fault: Some(problem.clone()), ..Answers::default() };
        Asked { question: rubric.question(), answers }
    };
    known(case, trace).map(asked).collect()
}

/// True if each rubric has its answers, to just what it asks.
pub fn are_answered(case: &Case, trace: &Trace, asked: &[Asked]) -> bool {
    known(case, trace).all(|(step, rubric)| answers_to(&rubric, step, asked).is_some())
}

/// The answers to just what this rubric asks.
pub fn answers_to<'a>(rubric: &Rubric, step: Option<usize>, asked: &'a [Asked]) -> Option<&'a Answers> {
    let question = rubric.question();
    asked.iter().find(|asked| asked.answers.step == step && asked.question == question).map(|asked| &asked.answers)
}
