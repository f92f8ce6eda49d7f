//! One case that is not simply green: what happened, where, what was expected, what to do.
//!
//! Owns: the frame around a failure and the order of its lines.
//! Must not know: how a verdict was found.

use super::style::{Style, quoted};
use crate::model::outcome::{Outcome, Reported, Verdict};
use crate::report::clean;

/// The level stands at the right of an 84 column frame.
const WIDTH: usize = 84;
/// More of one line is left out; the trace has it all.
const MOST_LINE: usize = 2000;
/// More lines of details are left out.
const MOST_DETAILS: usize = 60;

/// The failure's text, without a final line break. What agents wrote is made harmless for terminals and CI logs.
pub fn case_failure(outcome: &Outcome, color: bool) -> String {
    let style = Style::of(color);
    let mut lines = vec![heading(outcome, style)];
    if outcome.problems.is_empty() {
        lines.push(format!("  --> {}", place(outcome)));
    }
    if let Some(reason) = &outcome.reason {
        lines.push(labelled("reason", reason));
    }
    for problem in &outcome.problems {
        lines.extend(explained(problem, outcome, style));
    }
    lines.extend(outcome.notes.iter().map(|note| labelled("note", note)));
    if let Some(why) = &outcome.case.why {
        lines.push(labelled("why", why));
    }
    if let Some(trace) = &outcome.trace_path {
        lines.push(labelled("trace", trace));
    }
    lines.extend(next(outcome).map(|next| labelled("next", &next)));
    lines.join("\n")
}

fn heading(outcome: &Outcome, style: Style) -> String {
    let word = match (outcome.verdict, outcome.blame) {
        (Verdict::Broken, Some(blame)) => format!("BROKEN ({blame})"),
        (verdict, _) => verdict.word().to_uppercase(),
    };
    let id = clean::line(&outcome.case.id);
    let used = word.chars().count() + id.chars().count() + 2;
    let gap = WIDTH.saturating_sub(used + outcome.case.level.len()) + 1;
    let level = style.faint(&clean::line(&outcome.case.level));
    format!("{} {id}{}{level}", style.verdict(outcome.verdict, &word), " ".repeat(gap)).trim_end().to_owned()
}

fn place(outcome: &Outcome) -> String {
    clean::line(&format!("{}:{}:{}", outcome.case.path, outcome.case.line, outcome.case.column))
}

fn explained(problem: &Reported, outcome: &Outcome, style: Style) -> Vec<String> {
    let failure = &problem.failure;
    let at = if problem.place.is_empty() { place(outcome) } else { clean::line(&problem.place) };
    // Elsewhere the message stands alone, and names its check itself.
    let message = failure.message.strip_prefix(&format!("{}: ", problem.check)).unwrap_or(&failure.message);
    let mut lines = vec![format!("  {} {at}", style.faint("-->")), labelled(&problem.check, message)];
    // The message is complete in itself; what it says already is not said again.
    for (label, text) in [("expected", &failure.expected), ("got", &failure.actual)] {
        if !text.is_empty() && !failure.message.contains(text.as_str()) {
            lines.push(labelled(label, text));
        }
    }
    let details: Vec<_> = failure.details.iter().flat_map(|detail| indented(detail)).collect();
    let more = details.len().saturating_sub(MOST_DETAILS);
    lines.extend(details.into_iter().take(MOST_DETAILS));
    if more > 0 {
        lines.push(format!("    … {more} more lines"));
    }
    lines
}

/// `  label:    text`; further lines of the text stand below its first.
fn labelled(label: &str, text: &str) -> String {
    let label = format!("{}:", clean::line(label));
    let mut lines = clean::log(text).lines().map(|line| clean::shorten(line, MOST_LINE)).collect::<Vec<_>>();
    let more = lines.len().saturating_sub(MOST_DETAILS);
    lines.truncate(MOST_DETAILS);
    if more > 0 {
        lines.push(format!("… {more} more lines"));
    }
    format!("  {label:<9} {}", lines.join("\n            "))
}

fn indented(detail: &str) -> Vec<String> {
    clean::log(detail).lines().map(|line| format!("    {}", clean::shorten(line, MOST_LINE))).collect()
}

/// What to do now.
fn next(outcome: &Outcome) -> Option<String> {
    match (&outcome.trace_path, outcome.verdict) {
        (_, Verdict::Pass | Verdict::Skipped) => None,
        (Some(trace), _) => Some(format!("checkride show {}", quoted(trace))),
        (None, _) => Some(format!("checkride run --exact {}", quoted(&outcome.case.id))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::trace::Blame;
    use crate::report::samples;

    #[test]
    fn a_failure_has_the_frame_of_the_house() {
        let outcome = samples::failed("dexter/wallets::lists_managed_wallets");
        assert_eq!(
            case_failure(&outcome, false),
            "FAIL dexter/wallets::lists_managed_wallets                                      must\n\
             \x20 --> suites/dexter/wallets.yaml:12:16\n\
             \x20 calls:    no call matches `wallets.list`\n\
             \x20 expected: call `wallets.list` with {owner: \"me\"}\n\
             \x20 got:      1 call\n\
             \x20   closest: call 1 `wallets.list` ~ args.owner expected \"me\", got \"all\"\n\
             \x20 trace:    target/checkride/dexter.wallets.lists_managed_wallets.jsonl\n\
             \x20 next:     checkride show target/checkride/dexter.wallets.lists_managed_wallets.jsonl"
        );
    }

    #[test]
    fn a_message_that_begins_with_its_check_does_not_say_it_twice() {
        let mut outcome = samples::failed("a::b");
        outcome.problems[0].failure.message = "calls: expected a".into();
        let text = case_failure(&outcome, false);
        assert!(text.contains("  calls:    expected a\n") && !text.contains("calls: expected a"), "{text}");
    }

    #[test]
    fn a_broken_case_says_whose_fault_it_is() {
        let outcome = Outcome { verdict: Verdict::Broken, blame: Some(Blame::AgentStart), ..samples::failed("a::b") };
        assert!(case_failure(&outcome, false).starts_with("BROKEN (agent-start) a::b "));
    }

    #[test]
    fn without_a_trace_the_next_step_is_to_run_it_again() {
        let outcome = Outcome { trace_path: None, ..samples::failed("a::b[who=it's me]") };
        assert!(case_failure(&outcome, false).ends_with(r"  next:     checkride run --exact 'a::b[who=it'\''s me]'"));
    }

    #[test]
    fn what_the_agent_wrote_cannot_steer_the_terminal_or_the_log() {
        let mut outcome = samples::failed("a::b");
        let failure = &mut outcome.problems[0].failure;
        let hostile = "\u{1b}[2J\n::error::x\n##vso[task.complete]done\n##teamcity[testFailed]\r::stop-commands::x\u{7}";
        failure.message = hostile.into();
        failure.expected = format!("e {hostile}");
        failure.actual = format!("a {hostile}");
        failure.details = vec![hostile.into()];
        outcome.notes = vec![hostile.into()];
        let text = case_failure(&outcome, false);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        assert!(!text.contains("##vso[") && !text.contains("##teamcity["), "{text}");
        assert!(text.lines().all(|line| !line.trim_start().starts_with("::")), "{text}");
    }

    #[test]
    fn a_flood_of_details_is_cut_and_counted() {
        let mut outcome = samples::failed("a::b");
        outcome.problems[0].failure.details = vec!["x\n".repeat(1000), "y".repeat(1 << 20)];
        let text = case_failure(&outcome, false);
        assert!(text.contains("    … 941 more lines") && text.len() < 10_000, "{}", text.len());
    }

    #[test]
    fn colours_come_only_where_asked_for() {
        let outcome = samples::failed("a::b");
        assert!(!case_failure(&outcome, false).contains('\u{1b}'));
        assert!(case_failure(&outcome, true).starts_with("\u{1b}[1;31mFAIL\u{1b}[0m a::b"));
    }
}
