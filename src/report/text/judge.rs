//! The judge's part of a report: what it took, and how it came to its answers.
//!
//! Owns: the order of statements, votes and analyses.
//! Must not know: how an answer is counted.

use crate::model::judge::Asked;
use crate::model::outcome::Outcome;
use crate::report::{Judging, RunReport, clean};

/// More of one analysis is left out.
const MOST: usize = 2000;

/// One line if there was anything to judge.
pub fn taken(run: &RunReport) -> Vec<String> {
    let judging = Judging::of(&run.outcomes);
    if judging.statements == 0 {
        return vec![];
    }
    let cost = &judging.cost;
    let usd = match cost.usd {
        Some(usd) => format!(", ${usd:.4}"),
        None if cost.calls > 0 => ", price not known".to_owned(),
        None => String::new(),
    };
    let statements =
        format!("{} of {} statement{} judged", judging.judged, judging.statements, if judging.statements == 1 { "" } else { "s" });
    let fake = if by_a_fake(run) { " (a fake judge)" } else { "" };
    let calls = format!("{} call{}, {} of them live{fake}", cost.calls, if cost.calls == 1 { "" } else { "s" }, cost.live);
    let tokens = if cost.input_tokens == 0 && cost.output_tokens == 0 {
        String::new()
    } else {
        format!(", {} + {} tokens", cost.input_tokens, cost.output_tokens)
    };
    vec![format!("judge: {statements}, {calls}{tokens}{usd}")]
}

/// True if nobody but a fake answered.
fn by_a_fake(run: &RunReport) -> bool {
    let mut votes = run.outcomes.iter().flat_map(|outcome| &outcome.rubrics).flat_map(|rubric| &rubric.criteria).flat_map(|one| &one.votes);
    votes.next().is_some_and(|vote| vote.model == "fake") && votes.all(|vote| vote.model == "fake")
}

/// How the judge came to its answers, below a failure; begins with a line break.
pub fn analyses(outcome: &Outcome) -> String {
    let mut out = String::new();
    for criterion in outcome.rubrics.iter().flat_map(|rubric| &rubric.criteria) {
        for vote in criterion.votes.iter().filter(|vote| !vote.analysis.is_empty()) {
            let (id, model) = (clean::line(&criterion.id), clean::line(&vote.model));
            let analysis = clean::log(&clean::shorten(&vote.analysis, MOST)).replace('\n', "\n    ");
            out += &format!("\n  {id}, {model}: {}\n    {analysis}", vote.answer.word());
        }
    }
    out
}

/// What `show` tells of the answers beside a trace.
pub fn answers(asked: &[Asked], file: &str) -> String {
    let mut out = String::new();
    for Asked { question, answers } in asked {
        let whose = answers.step.map_or("the case".to_owned(), |step| format!("step {}", step + 1));
        let not_asked = answers.not_asked.iter().map(|reason| format!(": not judged: {}", clean::line(reason)));
        let fault = answers.fault.iter().map(|fault| format!(": {} ({})", clean::line(&fault.message), clean::line(&fault.code)));
        out += &format!("judge of {whose}{}\n", not_asked.chain(fault).collect::<String>());
        for asking in &question.statements {
            let answered = answers.criteria.iter().find(|answered| answered.criterion == asking.id);
            let votes: Vec<&str> = answered.iter().flat_map(|answered| &answered.votes).map(|vote| vote.answer.word()).collect();
            let said = match answered.and_then(|answered| answered.fault.as_ref()) {
                Some(fault) => clean::line(&fault.code),
                None => votes.join(" "),
            };
            out += &format!("  {}: {said}: {}\n", clean::line(&asking.id), clean::line(&asking.text));
        }
    }
    if out.is_empty() { out } else { format!("\n{out}  all of it: {}\n", clean::line(file)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{judged, passed, unjudged};

    fn run(rubrics: Vec<crate::model::outcome::RubricReport>) -> RunReport {
        RunReport { outcomes: vec![Outcome { rubrics, ..passed("a::1") }], ..RunReport::default() }
    }

    #[test]
    fn the_cost_is_told_only_where_there_was_a_rubric() {
        assert_eq!(taken(&run(vec![])), Vec::<String>::new());
        let line = "judge: 2 of 2 statements judged, 4 calls, 2 of them live (a fake judge), 60 + 8 tokens, $0.5000";
        assert_eq!(taken(&run(vec![judged(), judged()])), [line]);
    }

    #[test]
    fn what_follows_from_nothing_said_is_no_judges_answer() {
        let mut guarded = judged();
        guarded.criteria[0].votes[0].turned = Some(crate::model::judge::Vote::NOTHING_SAID.into());
        assert!(taken(&run(vec![judged(), guarded]))[0].starts_with("judge: 1 of 2 statements judged"));
    }

    #[test]
    fn an_unknown_price_is_never_zero() {
        let mut dear = judged();
        dear.cost.usd = None;
        assert!(taken(&run(vec![judged(), dear]))[0].ends_with(", price not known"));
    }

    #[test]
    fn what_nobody_judged_is_counted_and_said_last() {
        let report = run(vec![judged(), unjudged()]);
        assert_eq!(Judging::of(&report.outcomes).skipped, 1);
        let text = crate::report::text::summary(&report, false);
        assert!(text.contains("judge: 1 of 2 statements judged, 2 calls"), "{text}");
        assert!(text.ends_with("; INCOMPLETE: 1 judge check skipped\n"), "{text}");
    }

    #[test]
    fn an_analysis_is_shown_harmless() {
        let text = analyses(&Outcome { rubrics: vec![judged()], ..passed("a::1") });
        assert_eq!(text, "\n  names_every_wallet, fake: met\n    It names it.\n    : :error::x");
    }
}
