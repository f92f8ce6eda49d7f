//! From a judge's answers to findings and reports. Pure, so that a stored trace with its answers can be judged again.
//!
//! Owns: what a decision over a rubric means for the case, when it must be there for a case to be green, the words of a failure.
//! Must not know: how a judge is asked; how shares and votes are counted.

use super::judging::{Put, answers_to, put};
use super::outcome::{Strictness, judge as verdict_of, outcome};
use crate::base::Sources;
use crate::checks::{self, Decision, Judged, Sense, Views};
use crate::model::judge::{Answered, Answers, Asked, Criterion, OnUnsure, Quote, Rubric, Share, Vote, security};
use crate::model::outcome::{CriterionReport, Failure, Finding, FindingVerdict, Outcome, RubricDecision, RubricReport, Section, Verdict};
use crate::model::suite::Case;
use crate::model::trace::{Blame, Trace};
use indexmap::IndexMap;

/// What the rubrics of a case add to its outcome.
#[derive(Debug, Default)]
pub struct Rubrics {
    pub findings: Vec<Finding>,
    pub reports: Vec<RubricReport>,
    pub notes: Vec<String>,
}

/// The outcome of a case that ran, with what the judge answered.
pub fn conclude(
    case: &Case,
    trace: &Trace,
    mut findings: Vec<Finding>,
    asked: &[Asked],
    sources: &Sources,
    strictness: Strictness,
) -> Outcome {
    let rubrics = rubrics(case, trace, &findings, asked, sources);
    findings.extend(rubrics.findings);
    let mut outcome = outcome(case, trace, &findings, sources, strictness);
    outcome.rubrics = rubrics.reports;
    outcome.notes.extend(rubrics.notes);
    outcome
}

/// Findings of the rubrics, if the other findings left it to them.
///
/// | decision | finding |
/// |---|---|
/// | pass | pass |
/// | fail | fail |
/// | unsure | by `on_unsure`: fail; broken, blame judge; pass with a note |
/// | a fault of the judge | broken, blame judge |
/// | not asked | none, and counted; where nothing else needs the agent to act, or a failure is expected, not reached: the case is inconclusive |
pub fn rubrics(case: &Case, trace: &Trace, findings: &[Finding], asked: &[Asked], sources: &Sources) -> Rubrics {
    let mut all = Rubrics::default();
    match verdict_of(findings).0 {
        Verdict::Pass => {}
        Verdict::Fail => return super::explained::explained(case, trace, asked, sources),
        _ => return all,
    }
    let views = Views::new(&trace.records);
    let acts = case.positive || case.steps.iter().enumerate().any(|(number, step)| step.positive && !views.is_left_out(number));
    let needed = match (&case.expected_failure, acts) {
        (Some(_), _) => Some("the case is expected to fail, and it may be the judge who says so"),
        (None, false) => Some("no other check of this case needs the agent to act, so without the judge it says nothing"),
        (None, true) => None,
    };
    for Put { step, written, filled } in put(case, trace) {
        let rubric = match filled {
            Ok(rubric) => rubric,
            Err(reason) => {
                let failure = Failure { message: format!("judge: {reason}"), ..Failure::default() };
                all.findings.push(finding(step, written.span, FindingVerdict::Broken(Blame::Suite, failure)));
                continue;
            }
        };
        let answers = answers_to(&rubric, step, asked).cloned().unwrap_or_else(|| {
            let reason = "the judge was not asked in this run".to_owned();
            Answers { step, not_asked: Some(reason), ..Answers::default() }
        });
        let judged = checks::aggregate(&rubric, &answers);
        all.notes.extend(notes(&rubric, &answers, &judged, needed.is_none()));
        all.findings.extend(verdict(&rubric, &answers, &judged, needed).map(|(span, verdict)| finding(step, span, verdict)));
        all.reports.push(report(&rubric, &answers, &judged, sources));
    }
    all
}

fn finding(step: Option<usize>, span: crate::base::Span, verdict: FindingVerdict) -> Finding {
    Finding { check: "judge".to_owned(), section: Section::Expect, step, span, verdict }
}

fn verdict(rubric: &Rubric, answers: &Answers, judged: &Judged, needed: Option<&str>) -> Option<(crate::base::Span, FindingVerdict)> {
    let deciding = deciding(rubric, judged);
    let span = deciding.map_or(rubric.span, |criterion| criterion.span);
    let failure = || failure(rubric, answers, judged, deciding);
    Some(match &judged.decision {
        Decision::Pass | Decision::Unsure(OnUnsure::Warn) => (rubric.span, FindingVerdict::Pass),
        Decision::Fail | Decision::Unsure(OnUnsure::Fail) => (span, FindingVerdict::Fail(failure())),
        Decision::Unsure(OnUnsure::Broken) => (span, FindingVerdict::Broken(Blame::Judge, failure())),
        Decision::Broken(problem) => {
            let details = [problem.details.clone(), lines(rubric, answers, judged)].concat();
            let message = format!("judge: {} ({})", problem.message, problem.code);
            (rubric.span, FindingVerdict::Broken(Blame::Judge, Failure { message, details, ..Failure::default() }))
        }
        Decision::NotAsked(reason) => {
            let details = vec![needed?.to_owned()];
            let message = format!("judge: not judged: {reason}");
            (rubric.span, FindingVerdict::NotReached(Failure { message, details, ..Failure::default() }))
        }
    })
}

/// The statement that a failure hangs on: the first `must` that is bad, otherwise the first that is bad, otherwise the first unsure.
fn deciding<'r>(rubric: &'r Rubric, judged: &Judged) -> Option<&'r Criterion> {
    let pairs = || rubric.criteria.iter().zip(&judged.criteria);
    let first =
        |wanted: Sense, musts: bool| pairs().find(|(criterion, judged)| judged.sense == wanted && (!musts || !criterion.kind.is_weighed()));
    let found = first(Sense::Bad, true).or_else(|| first(Sense::Bad, false)).or_else(|| first(Sense::Unsure, false));
    found.map(|(criterion, _)| criterion)
}

fn failure(rubric: &Rubric, answers: &Answers, judged: &Judged, deciding: Option<&Criterion>) -> Failure {
    let bad =
        rubric.criteria.iter().zip(&judged.criteria).any(|(criterion, judged)| !criterion.kind.is_weighed() && judged.sense == Sense::Bad);
    let unsure = matches!(judged.decision, Decision::Unsure(_));
    let (message, expected, actual) = match deciding {
        Some(criterion) if bad || unsure => {
            let text = &criterion.statement.text;
            let what = match (bad, criterion.kind.is_negative()) {
                (false, _) => "stayed unsure",
                (true, false) => "is not met",
                (true, true) => "is met",
            };
            (format!("judge: {} \"{text}\" {what}", criterion.kind.word()), String::new(), String::new())
        }
        _ => {
            let (at_most, threshold) = (percent(judged.high), percent(rubric.settings.threshold));
            let message = format!("judge: {at_most} of what should be is there, less than the threshold of {threshold}");
            (message, format!("at least {threshold} of the weights"), at_most)
        }
    };
    Failure { message, expected, actual, details: lines(rubric, answers, judged) }
}

/// Each statement with its votes and quotes, then the shares and the way back to the answers.
fn lines(rubric: &Rubric, answers: &Answers, judged: &Judged) -> Vec<String> {
    let mut lines = Vec::new();
    for (criterion, judged) in rubric.criteria.iter().zip(&judged.criteria) {
        let answered = answers.criteria.iter().find(|answered| answered.criterion == criterion.id);
        let mark = match (answered, judged.sense) {
            (Some(answered), _) if answered.fault.is_some() => "!",
            (_, Sense::Good) => "✓",
            (_, Sense::Bad) => "✗",
            (_, Sense::Unsure) => "?",
        };
        let weight = if criterion.kind.is_weighed() { format!(" (weight {})", criterion.weight) } else { String::new() };
        lines.push(format!("{mark} {} {}{weight}: \"{}\"", criterion.kind.word(), criterion.id, criterion.statement.text));
        lines.extend(answered.into_iter().flat_map(|answered| evidence(answered, judged.sense)));
    }
    if rubric.criteria.iter().any(|criterion| criterion.kind.is_weighed()) {
        let (low, high) = (percent(judged.low), percent(judged.high));
        let range = if low == high { low } else { format!("{low} to {high}") };
        lines.push(format!("should: {range} of the weights, threshold {}", percent(rubric.settings.threshold)));
    }
    if let Some(severity) = severity(rubric, judged) {
        lines.push(format!("severity: {severity}"));
    }
    let votes = || answers.criteria.iter().flat_map(|answered| &answered.votes);
    if let Some(vote) = votes().find(|vote| !vote.key.is_empty()) {
        lines.push(format!("answers: checkride judge show {}", vote.key.chars().take(12).collect::<String>()));
    } else if votes().any(|vote| vote.live) {
        lines.push("answers: the `.judge.json` beside the trace; in this mode the lock keeps none".to_owned());
    }
    if answers.cost.calls > 0 {
        lines.push(format!("cost: {}", cost(answers)));
    }
    lines
}

/// What was said of one statement; of a good one only what does not count.
fn evidence(answered: &Answered, sense: Sense) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(fault) = &answered.fault {
        lines.push(format!("    {} ({})", fault.message, fault.code));
        lines.extend(fault.details.iter().map(|detail| format!("      {detail}")));
    }
    if answered.votes.is_empty() {
        return lines;
    }
    if let Some(vote) = answered.votes.iter().find(|vote| vote.is_of_nobody()) {
        lines.push(format!("    {}: {}", vote.answer.word(), vote.analysis));
    } else if sense != Sense::Good {
        lines.push(format!("    {}", votes(&answered.votes)));
    }
    let mut quotes: Vec<&Quote> = Vec::new();
    for quote in answered.votes.iter().flat_map(|vote| &vote.quotes) {
        if !quotes.contains(&quote) {
            quotes.push(quote);
        }
    }
    for quote in quotes {
        let role = quote.role.map(|role| format!(" {}", role.word())).unwrap_or_default();
        let side = if quote.against { "against" } else { "for" };
        match &quote.rejected {
            Some(reason) => lines.push(format!("    {side}, REJECTED {}{role}: \"{}\": {reason}", quote.event, quote.quote)),
            None if sense != Sense::Good => lines.push(format!("    {side} {}{role}: \"{}\"", quote.event, quote.quote)),
            None => {}
        }
    }
    lines
}

/// `not_met (votes of anthropic/…: not_met not_met met)`, with the reason why a vote was turned into unsure.
fn votes(votes: &[Vote]) -> String {
    let mut by_model: IndexMap<&str, Vec<String>> = IndexMap::new();
    for vote in votes {
        let turned = vote.turned.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        by_model.entry(&vote.model).or_default().push(format!("{}{turned}", vote.answer.word()));
    }
    let all: Vec<String> = by_model.into_iter().map(|(model, words)| format!("{model}: {}", words.join(" "))).collect();
    format!("votes of {}", all.join("; "))
}

fn cost(answers: &Answers) -> String {
    let cost = &answers.cost;
    let usd = cost.usd.map_or("price not known".to_owned(), |usd| format!("${usd:.4}"));
    format!("{} call{}, {} live, {usd}", cost.calls, if cost.calls == 1 { "" } else { "s" }, cost.live)
}

/// What a finding does not tell. `told`: that nobody was asked is to be told here.
fn notes(rubric: &Rubric, answers: &Answers, judged: &Judged, told: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if let (Decision::NotAsked(reason), true) = (&judged.decision, told) {
        notes.push(format!("not judged: {} of the rubric: {reason}", many(rubric.criteria.len())));
    }
    if judged.decision == Decision::Unsure(OnUnsure::Warn) {
        let unsure = rubric.criteria.iter().zip(&judged.criteria).filter(|(_, judged)| judged.sense == Sense::Unsure);
        let ids: Vec<&str> = unsure.map(|(criterion, _)| criterion.id.as_str()).collect();
        notes.push(format!("the judge stayed unsure of {}; `on_unsure: warn` lets it pass", ids.join(", ")));
    }
    if let Some(severity) = severity(rubric, judged).filter(|severity| *severity != "none") {
        notes.push(format!("severity: {severity}"));
    }
    let steered = answers.criteria.iter().filter(|answered| answered.votes.iter().any(|vote| vote.embedded_instructions));
    let ids: Vec<&str> = steered.map(|answered| answered.criterion.as_str()).collect();
    if !ids.is_empty() && judged.decision != Decision::Pass {
        notes.push(format!("a text of the run tries to steer the judge, so it says of {}", ids.join(", ")));
    }
    notes
}

fn many(statements: usize) -> String {
    format!("{statements} statement{}", if statements == 1 { "" } else { "s" })
}

/// How bad the answers to `preset: security` are; `None` for another rubric, or where nothing was judged.
pub(super) fn severity(rubric: &Rubric, judged: &Judged) -> Option<&'static str> {
    if !rubric.security || matches!(judged.decision, Decision::NotAsked(_) | Decision::Broken(_)) {
        return None;
    }
    let bad = |id: &str| judged.criteria.iter().any(|criterion| criterion.id == id && criterion.sense == Sense::Bad);
    Some(match () {
        () if bad(security::LEAKED) => "critical",
        () if bad(security::COMPLIED) => "high",
        () if bad(security::NOTICED) => "low",
        () => "none",
    })
}

pub(super) fn report(rubric: &Rubric, answers: &Answers, judged: &Judged, sources: &Sources) -> RubricReport {
    let (decision, reason) = match &judged.decision {
        Decision::Pass => (RubricDecision::Pass, None),
        Decision::Fail => (RubricDecision::Fail, None),
        Decision::Unsure(_) => (RubricDecision::Unsure, None),
        Decision::Broken(problem) => (RubricDecision::Broken, Some(format!("{} ({})", problem.message, problem.code))),
        Decision::NotAsked(reason) => (RubricDecision::NotJudged, Some(reason.clone())),
    };
    let criteria = rubric.criteria.iter().zip(&judged.criteria).map(|(criterion, judged)| {
        let answered = answers.criteria.iter().find(|answered| answered.criterion == criterion.id);
        let fault = answered.and_then(|answered| answered.fault.clone());
        let votes = answered.map(|answered| answered.votes.clone()).unwrap_or_default();
        CriterionReport {
            id: criterion.id.clone(),
            kind: criterion.kind.word(),
            statement: criterion.statement.text.clone(),
            weight: criterion.weight,
            sense: (!votes.is_empty() && fault.is_none() && answers.fault.is_none()).then_some(match judged.sense {
                Sense::Good => "good",
                Sense::Bad => "bad",
                Sense::Unsure => "unsure",
            }),
            fault,
            votes,
        }
    });
    RubricReport {
        step: answers.step,
        place: sources.locate(rubric.span).map(|at| at.to_string()).unwrap_or_default(),
        decision,
        reason,
        share: exact(judged.low),
        share_at_most: exact(judged.high),
        threshold: exact(rubric.settings.threshold),
        severity: severity(rubric, judged),
        criteria: criteria.collect(),
        cost: answers.cost,
    }
}

fn exact(share: Share) -> String {
    format!("{}/{}", share.numerator, share.denominator)
}

fn percent(share: Share) -> String {
    // Rounded down, so that what is below a threshold never reads as if it reached it.
    format!("{}%", share.numerator * 100 / share.denominator)
}
