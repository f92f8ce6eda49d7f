//! The end of a run: counts, and what nobody should overlook.
//!
//! Owns: the last line and the lists above it.
//! Must not know: how failures are shown (they were shown when they happened).

use super::style::Style;
use crate::model::outcome::{Outcome, Verdict};
use crate::report::{Judging, RunReport, clean};
use indexmap::{IndexMap, IndexSet};

/// So many ids are named for one reason; the others are counted.
const MOST_IDS: usize = 3;
/// As many cases have a line each for one note; more are counted.
const MOST_ALIKE: usize = 3;
/// The word of each verdict when it is counted; passes come first.
const COUNTED: [(Verdict, &str); 9] = [
    (Verdict::Pass, "passed"),
    (Verdict::Fail, "failed"),
    (Verdict::UnexpectedPass, "passed unexpectedly"),
    (Verdict::Broken, "broken"),
    (Verdict::Inconclusive, "inconclusive"),
    (Verdict::Flaky, "flaky"),
    (Verdict::ExpectedFailure, "failed as expected"),
    (Verdict::Warning, "with a warning"),
    (Verdict::Skipped, "skipped"),
];

/// Lists of skips, warnings and notes, then the counts; whole lines.
pub fn summary(run: &RunReport, color: bool) -> String {
    let mut sections = [skips(run), warnings(run), notes(run), super::judge::taken(run)].concat();
    sections.push(last_line(run, Style::of(color)));
    sections.join("\n") + "\n"
}

/// Each reason once, with those it holds for.
fn skips(run: &RunReport) -> Vec<String> {
    let mut reasons: IndexMap<String, Vec<&str>> = IndexMap::new();
    for outcome in run.outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Skipped) {
        let reason = clean::log(outcome.reason.as_deref().unwrap_or("no reason given"));
        reasons.entry(reason).or_default().push(&outcome.case.id);
    }
    headed("skipped", reasons.iter().map(|(reason, ids)| format!("{} × {reason}: {}", ids.len(), some_of(ids))))
}

fn some_of(ids: &[&str]) -> String {
    let named = ids.iter().take(MOST_IDS).map(|id| clean::line(id)).collect::<Vec<_>>().join(", ");
    match ids.len().saturating_sub(MOST_IDS) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn warnings(run: &RunReport) -> Vec<String> {
    let of_case = |outcome: &Outcome| match outcome.problems.first() {
        Some(problem) => format!("{}: {}", clean::line(&outcome.case.id), clean::log(&problem.failure.message)),
        None => clean::line(&outcome.case.id),
    };
    let flagged = run.outcomes.iter().filter(|outcome| matches!(outcome.verdict, Verdict::Warning | Verdict::Flaky));
    headed("warnings", flagged.map(of_case).chain(run.warnings.iter().map(|warning| clean::log(warning))))
}

/// Notes of red cases were shown with them.
fn notes(run: &RunReport) -> Vec<String> {
    let green = run.outcomes.iter().filter(|outcome| !outcome.verdict.is_red());
    let mut cases: IndexMap<String, Vec<String>> = IndexMap::new();
    for (outcome, note) in green.flat_map(|outcome| outcome.notes.iter().map(move |note| (outcome, note))) {
        let cases = cases.entry(clean::log(note)).or_default();
        let id = clean::line(&outcome.case.id);
        if cases.last() != Some(&id) {
            cases.push(id);
        }
    }
    let lines = cases.into_iter().flat_map(|(note, cases)| match cases.len() {
        ..=MOST_ALIKE => cases.into_iter().map(|case| format!("{case}: {note}")).collect(),
        many => vec![format!("{many} × {note}: {}, …", cases[0])],
    });
    headed("notes", lines)
}

fn headed(title: &str, lines: impl Iterator<Item = String>) -> Vec<String> {
    let lines: IndexSet<String> = lines.map(|line| format!("  {}", line.replace('\n', "\n    "))).collect();
    if lines.is_empty() { vec![] } else { std::iter::once(format!("{title}:")).chain(lines).collect() }
}

fn last_line(run: &RunReport, style: Style) -> String {
    let mut rest = String::new();
    if run.filtered_out > 0 {
        rest += &format!("; {} filtered out", run.filtered_out);
    }
    if run.interrupted {
        rest += &style.verdict(Verdict::Broken, "; interrupted");
    }
    if run.outcomes.is_empty() {
        let why = if run.filtered_out > 0 {
            format!("none of {} was selected; --list shows their names", run.filtered_out)
        } else {
            "no suite has any".to_owned()
        };
        return style.verdict(Verdict::Broken, &format!("no case ran: {why}"));
    }
    let all = run.outcomes.len();
    if run.ran() == 0 {
        let who = if all == 1 { "the only one was".to_owned() } else { format!("all {all} were") };
        return format!("{}{rest}", style.verdict(Verdict::Broken, &format!("no case ran: {who} skipped")));
    }
    let counts = COUNTED.iter().filter_map(|(verdict, word)| {
        let n = run.count(*verdict);
        (n > 0 || *verdict == Verdict::Pass).then(|| style.verdict(*verdict, &format!("{n} {word}{}", blames(run, *verdict))))
    });
    let unjudged = Judging::of(&run.outcomes).skipped;
    if unjudged > 0 {
        let checks = if unjudged == 1 { "judge check" } else { "judge checks" };
        rest += &style.verdict(Verdict::Inconclusive, &format!("; INCOMPLETE: {unjudged} {checks} skipped"));
    }
    format!("{} in {:.2}s{rest}", counts.collect::<Vec<_>>().join(", "), run.duration_ms / 1e3)
}

fn blames(run: &RunReport, verdict: Verdict) -> String {
    let of_verdict = run.outcomes.iter().filter(|outcome| outcome.verdict == verdict);
    let blames: IndexSet<String> = of_verdict.filter_map(|outcome| outcome.blame).map(|blame| blame.to_string()).collect();
    if blames.is_empty() { String::new() } else { format!(" ({})", blames.into_iter().collect::<Vec<_>>().join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::trace::Blame;
    use crate::report::samples;

    fn run(outcomes: Vec<Outcome>) -> RunReport {
        RunReport { outcomes, duration_ms: 412.0, ..RunReport::default() }
    }

    fn with(verdict: Verdict, id: &str) -> Outcome {
        Outcome { verdict, ..samples::passed(id) }
    }

    fn last(run: &RunReport) -> String {
        summary(run, false).lines().last().unwrap().to_owned()
    }

    #[test]
    fn the_last_line_counts_each_verdict() {
        let mut outcomes = vec![samples::passed("a::1"), samples::passed("a::2"), samples::failed("a::3")];
        outcomes.push(Outcome { blame: Some(Blame::Fake), ..with(Verdict::Broken, "a::4") });
        outcomes.push(with(Verdict::Skipped, "a::5"));
        let run = RunReport { filtered_out: 7, ..run(outcomes) };
        assert_eq!(last(&run), "2 passed, 1 failed, 1 broken (fake), 1 skipped in 0.41s; 7 filtered out");
    }

    #[test]
    fn no_verdict_is_left_uncounted() {
        let outcomes: Vec<_> = Verdict::ALL.iter().map(|verdict| with(*verdict, "a::x")).collect();
        assert_eq!(last(&run(outcomes)).matches("1 ").count(), Verdict::ALL.len());
    }

    #[test]
    fn an_interruption_is_said() {
        assert_eq!(last(&RunReport { interrupted: true, ..run(vec![samples::passed("a::1")]) }), "1 passed in 0.41s; interrupted");
    }

    #[test]
    fn zero_passes_are_said() {
        assert_eq!(last(&run(vec![samples::failed("a::1")])), "0 passed, 1 failed in 0.41s");
    }

    #[test]
    fn nothing_that_ran_is_said_in_words() {
        assert_eq!(last(&run(vec![])), "no case ran: no suite has any");
        assert_eq!(last(&RunReport { filtered_out: 3, ..run(vec![]) }), "no case ran: none of 3 was selected; --list shows their names");
        assert_eq!(last(&run(vec![with(Verdict::Skipped, "a::1"), with(Verdict::Skipped, "a::2")])), "no case ran: all 2 were skipped");
        assert_eq!(last(&run(vec![with(Verdict::Skipped, "a::1")])), "no case ran: the only one was skipped");
    }

    #[test]
    fn skips_are_grouped_by_reason() {
        let skip = |id: &str, reason: &str| Outcome { reason: Some(reason.into()), ..with(Verdict::Skipped, id) };
        let mut outcomes: Vec<_> = (1..=5).map(|n| skip(&format!("codex::{n}"), "codex is not installed")).collect();
        outcomes.push(skip("b::1", "needs redis"));
        outcomes.push(samples::passed("c::1"));
        let text = summary(&run(outcomes), false);
        assert!(
            text.starts_with("skipped:\n  5 × codex is not installed: codex::1, codex::2, codex::3 and 2 more\n  1 × needs redis: b::1\n"),
            "{text}"
        );
    }

    #[test]
    fn a_note_of_many_cases_is_counted() {
        let noted = |id: &str| Outcome { notes: vec!["severity: low".into()], ..samples::passed(id) };
        let text = summary(&run(["a::1", "a::2", "a::3", "a::4"].map(noted).to_vec()), false);
        assert!(text.starts_with("notes:\n  4 × severity: low: a::1, …\n4 passed"), "{text}");
        let text = summary(&run(["a::1", "a::2", "a::3"].map(noted).to_vec()), false);
        assert!(text.contains("\n  a::3: severity: low\n"), "{text}");
    }

    #[test]
    fn warnings_and_notes_are_listed_once_and_harmless() {
        let warning = Outcome { verdict: Verdict::Warning, ..samples::failed("a::1") };
        let noted = Outcome { notes: vec!["gate `g` was released\n::error::x".into(); 2], ..samples::passed("a::2") };
        let red = Outcome { notes: vec!["shown with its failure".into()], ..samples::failed("a::3") };
        let run = RunReport { warnings: vec!["rule 2 of `gog` was never used".into()], ..run(vec![warning, noted, red]) };
        assert_eq!(
            summary(&run, false),
            "warnings:\n  a::1: no call matches `wallets.list`\n  rule 2 of `gog` was never used\n\
             notes:\n  a::2: gate `g` was released\n    : :error::x\n1 passed, 1 failed, 1 with a warning in 0.41s\n"
        );
    }
}
