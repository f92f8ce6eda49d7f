//! All findings of one case.
//!
//! Owns: the order of judging, and what may not be judged when a run was cut short.
//! Must not know: what a single check looks at.

use super::look::Look;
use super::said::Said;
use super::views::Views;
use super::{FAMILIES, defaults, invariants, lists, problems, steps};
use crate::model::expect::{Check, CheckKind, Expect};
use crate::model::outcome::{Finding, FindingVerdict, Section};
use crate::model::step::Step;
use crate::model::suite::Case;
use crate::model::trace::{Blame, Trace};

/// Judges a trace. Problems come first, then the steps in order, then the case. A run that was cut short by something that is not the
/// agent's fault is not judged by what it lacks: only what must never be still counts.
pub fn evaluate(case: &Case, trace: &Trace) -> Vec<Finding> {
    let views = Views::new(&trace.records);
    let mut findings = problems::findings(case, &views);
    let cut = steps::findings(case, &views, &mut findings);
    let look = Look::at_case(case, &views);
    if cut.is_some() {
        findings.extend(judge(&case.never, Section::Never, &look).filter(|finding| finding.verdict != FindingVerdict::Pass));
        return findings;
    }
    findings.extend(judge(&case.reach, Section::Reach, &look));
    findings.extend(judge(&case.expect, Section::Expect, &look));
    findings.extend(judge(&case.never, Section::Never, &look));
    findings.extend(defaults::findings(&look));
    findings.extend(invariants::findings(&look));
    findings
}

/// One finding for each check written.
pub(crate) fn judge(expect: &Expect, section: Section, look: &Look<'_, '_>) -> impl Iterator<Item = Finding> {
    let asks = |check: &&Check| !matches!(check.kind, CheckKind::Invariants(_));
    expect.checks.iter().filter(asks).map(move |check| Finding {
        check: check.kind.key().to_owned(),
        section,
        step: look.step(),
        span: check.span,
        verdict: verdict(&check.kind, section, look),
    })
}

fn verdict(kind: &CheckKind, section: Section, look: &Look<'_, '_>) -> FindingVerdict {
    let family = FAMILIES.iter().find(|family| family.keys.contains(&kind.key()));
    look.views.missed().take();
    let said: Said = match (family, section) {
        (None, _) => lists::unknown(kind),
        (Some(family), Section::Never) => (family.never)(kind, look),
        (Some(family), Section::Expect | Section::Reach | Section::Always) => (family.expect)(kind, look),
    };
    let said = match (&said, look.views.missed().take().and_then(|name| not_saved(&name, look))) {
        (Said::Cannot(Blame::Suite, _), Some(why)) => Said::fails(format!("`{}` could not be checked: {why}", kind.key())),
        _ => said,
    };
    if section == Section::Reach { said.reached() } else { said.verdict() }
}

/// Why a name has no value, if a step was to save it and did not come so far. What kept the step from it has a finding of its own.
fn not_saved(name: &str, look: &Look<'_, '_>) -> Option<String> {
    let root = name.split('.').next().unwrap_or(name);
    let saves = |step: &&Step| step.save.iter().any(|(saved, _)| **saved == *root);
    let number = look.case.steps.iter().position(|step| saves(&step))?;
    let failed = look.views.step(number).is_none_or(|run| run.end.is_none_or(|end| end.error.is_some()));
    let verb = look.case.steps[number].verb.name();
    failed.then(|| format!("`{{{{{name}}}}}` was to be saved by step {} (`{verb}`), which did not come so far", number + 1))
}
