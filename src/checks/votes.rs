//! What a judge's answers come to: votes into verdicts, verdicts into the outcome of a rubric.
//!
//! Owns: how votes are counted, the weights, the threshold, what unsure means. Exact: no floating point.
//! Must not know: how a judge is asked, how an outcome is shown.

use crate::model::judge::{Answer, Answers, Criterion, CriterionKind, JudgeProblem, OnUnsure, Rubric, Share, UNVERIFIED, Vote, VoteRule};

/// A rubric as it was decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    pub decision: Decision,
    /// The share of the weights of `should` and `should_not` that is good for certain.
    pub low: Share,
    /// The same with everything unsure taken as good.
    pub high: Share,
    /// In the rubric's order.
    pub criteria: Vec<JudgedCriterion>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    Pass,
    Fail,
    /// What stayed unsure could have decided it; `on_unsure` says what becomes of it.
    Unsure(OnUnsure),
    /// The judge is at fault; nobody was judged.
    Broken(JudgeProblem),
    /// Nothing was asked, with the reason.
    NotAsked(String),
}

#[derive(Clone, Debug, PartialEq)]
pub struct JudgedCriterion {
    pub id: String,
    pub sense: Sense,
}

/// A verdict seen from the agent: a `must_not` that is met is bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    Good,
    Bad,
    Unsure,
}

/// What the answers come to. Weights, thresholds, kinds and rules are taken from the rubric, so that they can be changed without asking again.
pub fn aggregate(rubric: &Rubric, answers: &Answers) -> Judged {
    let settings = &rubric.settings;
    let criteria: Vec<_> = rubric.criteria.iter().map(|criterion| judged(criterion, settings.vote_rule, answers)).collect();
    let (low, high) = shares(rubric, &criteria);
    let judged = |decision| Judged { decision, low, high, criteria: criteria.clone() };
    if let Some(reason) = &answers.not_asked {
        return judged(Decision::NotAsked(reason.clone()));
    }
    // Answers of a judge that cannot be trusted as a whole say nothing, not even that the agent failed.
    if let Some(fault) = &answers.fault {
        return judged(Decision::Broken(fault.clone()));
    }
    let musts =
        || rubric.criteria.iter().zip(&criteria).filter(|(criterion, _)| !criterion.kind.is_weighed()).map(|(_, judged)| judged.sense);
    if musts().any(|sense| sense == Sense::Bad) || below(high, settings.threshold) {
        return judged(Decision::Fail);
    }
    if let Some(fault) = fault_of_one(rubric, answers) {
        return judged(Decision::Broken(fault));
    }
    if musts().all(|sense| sense == Sense::Good) && !below(low, settings.threshold) {
        return judged(Decision::Pass);
    }
    // A judge that made its evidence up, asked twice, does not make the agent fail.
    if let (OnUnsure::Fail, Some(fault)) = (settings.on_unsure, made_up(&criteria, answers)) {
        return judged(Decision::Broken(fault));
    }
    judged(Decision::Unsure(settings.on_unsure))
}

fn judged(criterion: &Criterion, default: VoteRule, answers: &Answers) -> JudgedCriterion {
    let answered = answers.criteria.iter().find(|answered| answered.criterion == criterion.id);
    let sense = match answered {
        Some(answered) if answered.fault.is_none() => {
            counted(&senses(criterion.kind, &answered.votes), criterion.vote_rule.unwrap_or(default))
        }
        _ => Sense::Unsure,
    };
    JudgedCriterion { id: criterion.id.clone(), sense }
}

/// Before they are counted: otherwise `veto` would be the wrong way round for `must_not`.
fn senses(kind: CriterionKind, votes: &[Vote]) -> Vec<Sense> {
    let sense = |vote: &Vote| match (vote.answer, kind.is_negative()) {
        (Answer::Unsure, _) => Sense::Unsure,
        (Answer::Met, false) | (Answer::NotMet, true) => Sense::Good,
        (Answer::Met, true) | (Answer::NotMet, false) => Sense::Bad,
    };
    votes.iter().map(sense).collect()
}

fn counted(votes: &[Sense], rule: VoteRule) -> Sense {
    let more_than_half = |sense| votes.iter().filter(|vote| **vote == sense).count() * 2 > votes.len();
    let majority = || [Sense::Good, Sense::Bad].into_iter().find(|sense| more_than_half(*sense)).unwrap_or(Sense::Unsure);
    match rule {
        VoteRule::Majority => majority(),
        VoteRule::Unanimous => votes.first().copied().filter(|first| votes.iter().all(|vote| vote == first)).unwrap_or(Sense::Unsure),
        VoteRule::Veto if votes.contains(&Sense::Bad) => Sense::Bad,
        VoteRule::Veto => majority(),
    }
}

/// The shares of the weights that are good, and that are good or unsure; 1 where nothing is weighed.
fn shares(rubric: &Rubric, judged: &[JudgedCriterion]) -> (Share, Share) {
    let (mut all, mut good, mut open) = (0, 0, 0);
    for (criterion, judged) in rubric.criteria.iter().zip(judged).filter(|(criterion, _)| criterion.kind.is_weighed()) {
        let weight = u64::from(criterion.weight);
        all += weight;
        match judged.sense {
            Sense::Good => good += weight,
            Sense::Unsure => open += weight,
            Sense::Bad => {}
        }
    }
    match all {
        0 => (Share { numerator: 1, denominator: 1 }, Share { numerator: 1, denominator: 1 }),
        all => (Share { numerator: good, denominator: all }, Share { numerator: good + open, denominator: all }),
    }
}

fn below(share: Share, threshold: Share) -> bool {
    let product = |a: u64, b: u64| u128::from(a) * u128::from(b);
    product(share.numerator, threshold.denominator) < product(threshold.numerator, share.denominator)
}

/// The first statement that could not be judged, or that was never asked.
fn fault_of_one(rubric: &Rubric, answers: &Answers) -> Option<JudgeProblem> {
    rubric.criteria.iter().find_map(|criterion| match answers.criteria.iter().find(|answered| answered.criterion == criterion.id) {
        Some(answered) if answered.fault.is_some() => answered.fault.clone(),
        Some(answered) if !answered.votes.is_empty() => None,
        _ => Some(JudgeProblem {
            code: "not-answered".to_owned(),
            message: format!("the judge was never asked about `{}`", criterion.id),
            details: vec!["the rubric has changed since these answers were stored; run the case again".to_owned()],
        }),
    })
}

/// The first open statement that is open only because nothing of what the judge quoted was said.
fn made_up(criteria: &[JudgedCriterion], answers: &Answers) -> Option<JudgeProblem> {
    let open = |id: &str| criteria.iter().any(|judged| judged.id == id && judged.sense == Sense::Unsure);
    let is_made_up = |vote: &Vote| vote.turned.as_deref() == Some(UNVERIFIED);
    let only_so =
        |votes: &[Vote]| votes.iter().any(is_made_up) && votes.iter().all(|vote| vote.answer != Answer::Unsure || is_made_up(vote));
    let found = answers.criteria.iter().find(|answered| open(&answered.criterion) && only_so(&answered.votes))?;
    Some(JudgeProblem {
        code: "judge-made-up".to_owned(),
        message: format!(
            "for `{}` the judge quoted only what nobody said, or somebody else, also when it was asked again",
            found.criterion
        ),
        details: vec!["another model may do better; `on_unsure: warn` makes it a warning".to_owned()],
    })
}

#[cfg(test)]
mod tests;
