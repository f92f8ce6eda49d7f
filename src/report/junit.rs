//! JUnit XML, in the dialect that every consumer reads.
//!
//! One flat suite per YAML file, one test case per case. What each consumer reads, and so what is written where:
//! GitLab the text of a failure and `file`; mikepenz `message`, `file` and `line`; dorny a Java-like frame in the text;
//! Jenkins `classname` with dots and the two ends of `system-out`; Azure `owner` and UTC times.
//!
//! Owns: the way from verdicts to elements, what stands in attributes and texts.
//! Must not know: XML escaping (quick-junit), how verdicts come about.

use super::RunReport;
use super::clean;
use crate::model::outcome::{Outcome, Reported, RubricDecision, RubricReport, Verdict};
use indexmap::IndexMap;
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestRerun, TestSuite};
use std::collections::HashSet;
use std::time::Duration;

/// More of one text element is left out: GitLab takes 30 MB a file.
const MOST: usize = 64 << 10;
/// More of an attribute is left out.
const MOST_ATTRIBUTE: usize = 1000;

/// The whole document.
pub fn write(run: &RunReport) -> String {
    let mut report = Report::new("checkride");
    report.timestamp = run.started.parse().ok();
    report.set_time(duration(run.duration_ms));
    let mut files: IndexMap<&str, Vec<&Outcome>> = IndexMap::new();
    for outcome in &run.outcomes {
        files.entry(&outcome.case.path).or_default().push(outcome);
    }
    report.add_test_suites(files.iter().map(|(path, outcomes)| suite(run, path, outcomes)));
    report.to_string().expect("a String takes everything")
}

fn suite(run: &RunReport, path: &str, outcomes: &[&Outcome]) -> TestSuite {
    let case = &outcomes[0].case;
    let mut suite = TestSuite::new(clean::line(&case.suite_id));
    suite.timestamp = outcomes
        .iter()
        .map(|outcome| &outcome.started)
        .filter(|started| !started.is_empty())
        .min()
        .and_then(|started| started.parse().ok());
    suite.set_time(duration(outcomes.iter().map(|outcome| outcome.duration_ms).sum()));
    suite.extra.insert("file".into(), clean::line(path).into());
    if let Some(hostname) = &run.hostname {
        suite.extra.insert("hostname".into(), clean::line(hostname).into());
    }
    suite.add_property(property("checkride.suite", &case.suite_name));
    suite.add_property(property("checkride.version", &run.version));
    let mut names = HashSet::new();
    suite.add_test_cases(outcomes.iter().map(|outcome| test_case(outcome, &mut names)));
    suite
}

fn test_case(outcome: &Outcome, names: &mut HashSet<String>) -> TestCase {
    let case = &outcome.case;
    let mut test = TestCase::new(unique_name(outcome, names), status(outcome));
    test.set_classname(clean::line(&case.suite_id).replace('/', "."));
    test.set_time(duration(outcome.duration_ms));
    test.set_assertions(outcome.checks);
    test.timestamp = outcome.started.parse().ok();
    test.extra.insert("file".into(), clean::line(&case.path).into());
    test.extra.insert("line".into(), case.line.to_string().into());
    if let Some(owner) = &case.owner {
        test.extra.insert("owner".into(), clean::line(owner).into());
    }
    test.add_properties(properties(outcome));
    let output = output(outcome);
    if !output.is_empty() {
        test.set_system_out(output);
    }
    test
}

/// GitLab keeps only the first of equal names, so a row says which it is.
fn unique_name(outcome: &Outcome, names: &mut HashSet<String>) -> String {
    let case = &outcome.case;
    let row = slug(&case.id).find('[').map(|at| &slug(&case.id)[at..]);
    let mut name = clean::line(&case.name);
    if let Some(row) = row.filter(|row| !name.ends_with(row)) {
        name = format!("{name} {}", clean::line(row));
    }
    if !names.insert(name.clone()) {
        name = format!("{name} ({})", clean::line(&case.id));
        names.insert(name.clone());
    }
    name
}

fn status(outcome: &Outcome) -> TestCaseStatus {
    let skipped = |reason: &str| {
        let mut status = TestCaseStatus::skipped();
        status.set_message(attribute(reason));
        status
    };
    let kind = match outcome.verdict {
        // No reader looks into properties: a rubric that nobody judged would look like one that holds.
        Verdict::Pass if not_judged(outcome).is_some() => return skipped(&not_judged(outcome).unwrap_or_default()),
        Verdict::Pass | Verdict::ExpectedFailure | Verdict::Warning => return TestCaseStatus::success(),
        Verdict::Skipped => return skipped(outcome.reason.as_deref().unwrap_or("no reason given")),
        Verdict::Flaky => {
            let mut status = TestCaseStatus::success();
            status.add_reruns(outcome.problems.iter().map(|problem| flaky_failure(outcome, problem)));
            return status;
        }
        Verdict::Fail | Verdict::UnexpectedPass => NonSuccessKind::Failure,
        Verdict::Broken | Verdict::Inconclusive => NonSuccessKind::Error,
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(failure_type(outcome));
    status.set_message(attribute(&message(outcome)));
    status.set_description(clean::cap(&reason(outcome), MOST));
    status
}

/// Why a rubric of this case was left out.
fn not_judged(outcome: &Outcome) -> Option<String> {
    let left_out = outcome.rubrics.iter().find(|rubric| rubric.decision == RubricDecision::NotJudged)?;
    Some(format!("all other checks passed; not judged: {}", left_out.reason.as_deref().unwrap_or("no reason given")))
}

fn flaky_failure(outcome: &Outcome, problem: &Reported) -> TestRerun {
    let mut rerun = TestRerun::new(NonSuccessKind::Failure);
    rerun.set_type(format!("checkride.{}", clean::line(&problem.check)));
    rerun.set_message(attribute(&problem.failure.message));
    rerun.set_stack_trace(clean::cap(&format!("{}\n{}", explanation(problem), frame(outcome, Some(problem))), MOST));
    rerun
}

/// Always in our namespace: GitLab's reader refuses some bare types.
fn failure_type(outcome: &Outcome) -> String {
    let kind = match (outcome.verdict, outcome.blame, outcome.problems.first()) {
        (Verdict::Broken, Some(blame), _) => blame.to_string(),
        (Verdict::Inconclusive, ..) => "inconclusive".to_owned(),
        (_, _, Some(problem)) => clean::line(&problem.check),
        (verdict, ..) => verdict.word().replace(' ', "_"),
    };
    format!("checkride.{kind}")
}

/// Short, and complete in itself.
fn message(outcome: &Outcome) -> String {
    match &outcome.problems[..] {
        [] => outcome.reason.clone().unwrap_or_else(|| outcome.verdict.word().to_owned()),
        [only] => only.failure.message.clone(),
        [first, others @ ..] => format!("{} (and {} more)", first.failure.message, others.len()),
    }
}

/// The whole reason, for those who show only the text; ends with a frame that leads to the line, and the way to run it again.
fn reason(outcome: &Outcome) -> String {
    let mut parts: Vec<String> = outcome.problems.iter().map(explanation).collect();
    if parts.is_empty() {
        parts.push(body(&message(outcome)));
    }
    parts.push(frame(outcome, outcome.problems.first()));
    parts.push(format!("rerun: checkride run --exact {}", super::text::quoted(&clean::line(&outcome.case.id))));
    parts.join("\n")
}

fn explanation(problem: &Reported) -> String {
    let failure = &problem.failure;
    let labelled = |label: &str, text: &str| (!text.is_empty()).then(|| format!("  {label} {}", body(text)));
    let place = (!problem.place.is_empty()).then(|| clean::line(&problem.place));
    let details = failure.details.iter().map(|detail| format!("  {}", body(detail)));
    let lines = [place, Some(body(&failure.message)), labelled("expected", &failure.expected), labelled("actual  ", &failure.actual)];
    lines.into_iter().flatten().chain(details).collect::<Vec<_>>().join("\n")
}

/// A line that dorny/test-reporter takes for a Java frame and resolves to a tracked file: folders become packages.
fn frame(outcome: &Outcome, problem: Option<&Reported>) -> String {
    let case = &outcome.case;
    let mut place = (clean::line(&case.path), case.line);
    if let Some(problem) = problem
        && let Some((path, _)) = problem.place.rsplit_once(':').and_then(|(rest, _column)| rest.rsplit_once(':'))
    {
        place = (clean::line(path), problem.line);
    }
    let (path, line) = place;
    let path = path.trim_start_matches("./");
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let packages: String = folder.split('/').filter(|part| !part.is_empty()).map(|part| format!("{part}.")).collect();
    let slug = slug(&case.id);
    let method = slug.split('[').next().unwrap_or(slug);
    format!("at {packages}Case.{}({file}:{line})", clean::line(method))
}

/// The part of the id after the suite's.
fn slug(id: &str) -> &str {
    id.split_once("::").map_or(id, |(_, slug)| slug)
}

fn properties(outcome: &Outcome) -> Vec<Property> {
    let case = &outcome.case;
    let mut properties = vec![property("checkride.id", &case.id), property("checkride.verdict", outcome.verdict.word())];
    let mut add = |name: &str, value: Option<&str>| properties.extend(value.map(|value| property(name, value)));
    add("checkride.level", Some(&case.level).filter(|level| !level.is_empty()).map(String::as_str));
    add("checkride.severity", case.severity.as_deref());
    add("checkride.why", case.why.as_deref());
    add("checkride.blame", outcome.blame.map(|blame| blame.to_string()).as_deref());
    add("checkride.trace", outcome.trace_path.as_deref());
    add("checkride.tokens", outcome.metrics["usage"]["total"].as_u64().map(|tokens| tokens.to_string()).as_deref());
    for tag in &case.tags {
        add("checkride.tag", Some(tag));
    }
    for rubric in &outcome.rubrics {
        add("checkride.judge", Some(&judged(rubric)));
    }
    match outcome.verdict {
        Verdict::ExpectedFailure => add("checkride.expected_failure", Some(outcome.reason.as_deref().unwrap_or("no reason given"))),
        Verdict::Warning => add("checkride.warning", Some(&message(outcome))),
        _ => {}
    }
    properties
}

/// `pass: 2 calls, 0 live`, or why nobody judged.
fn judged(rubric: &RubricReport) -> String {
    match (&rubric.decision, &rubric.reason) {
        (RubricDecision::NotJudged, reason) => format!("not judged: {}", reason.as_deref().unwrap_or("no reason given")),
        (decision, _) => {
            let usd = rubric.cost.usd.map(|usd| format!(", ${usd:.4}")).unwrap_or_default();
            format!("{}: {} calls, {} live{usd}", decision.word(), rubric.cost.calls, rubric.cost.live)
        }
    }
}

/// The conclusion stands first and last, for Jenkins cuts out the middle. A trace is attached where GitLab looks for it.
fn output(outcome: &Outcome) -> String {
    let conclusion = format!("{}: {}", outcome.verdict.word(), detached(&clean::line(&message(outcome))));
    let attached = outcome.trace_path.iter().filter(|_| !matches!(outcome.verdict, Verdict::Pass | Verdict::Skipped));
    let mut parts: Vec<String> = attached.map(|path| format!("[[ATTACHMENT|{}]]", clean::line(path))).collect();
    // In passing elements there is no other place for it.
    if matches!(outcome.verdict, Verdict::ExpectedFailure | Verdict::Warning) {
        parts.push(detached(&reason(outcome)));
    }
    parts.extend(outcome.notes.iter().map(|note| format!("note: {}", detached(&body(note)))));
    if !outcome.problems.is_empty() {
        parts.insert(0, conclusion.clone());
        parts.push(conclusion);
    }
    clean::cap(&parts.join("\n"), MOST)
}

/// What an agent wrote must not have files of the machine uploaded.
fn detached(text: &str) -> String {
    text.replace("[[ATTACHMENT", "[ [ATTACHMENT")
}

fn property(name: &str, value: &str) -> Property {
    Property::new(name, attribute(value))
}

fn attribute(text: &str) -> String {
    clean::shorten(&clean::line(text), MOST_ATTRIBUTE)
}

/// Text of an element. quick-junit drops tabs, so they become spaces here.
fn body(text: &str) -> String {
    clean::plain(text).replace('\t', "    ")
}

/// Nothing but a finite, non-negative number is a time.
fn duration(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default()
}

#[cfg(test)]
mod tests;
