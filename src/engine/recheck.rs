//! `recheck`: stored traces judged again, without an agent.
//!
//! Owns: which case a trace belongs to.
//! Must not know: files; it is given traces.

use super::outcome::{Strictness, outcome};
use crate::base::Sources;
use crate::base::suggest::did_you_mean;
use crate::checks;
use crate::model::outcome::Outcome;
use crate::model::suite::{Case, Suite};
use crate::model::trace::Trace;
use std::collections::HashMap;
use std::path::PathBuf;

/// One outcome for each trace, in the order given. A trace whose case no suite has is a mistake of the caller.
pub fn recheck(suites: &[Suite], traces: &[(PathBuf, Trace)], sources: &Sources, strictness: Strictness) -> Result<Vec<Outcome>, String> {
    let all = || suites.iter().flat_map(|suite| &suite.cases).map(|case| &**case);
    let by_id: HashMap<&str, &Case> = all().map(|case| (case.id.as_str(), case)).collect();
    let by_slug: HashMap<&str, &Case> = all().map(|case| (slug(&case.id), case)).collect();
    let mut outcomes = Vec::with_capacity(traces.len());
    for (path, trace) in traces {
        let id = trace.begin().map(|begin| begin.case.as_str()).unwrap_or_default();
        let Some(case) = by_id.get(id).or_else(|| by_slug.get(slug(id))) else {
            let hint = did_you_mean(slug(id), by_slug.keys().copied()).unwrap_or_else(|| "was it renamed? run it again".to_owned());
            return Err(format!("{}: no case `{id}` in the suites read; {hint}", path.display()));
        };
        let findings = checks::evaluate(case, trace);
        let mut outcome = outcome(case, trace, &findings, sources, strictness);
        outcome.trace_path = Some(path.display().to_string());
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// What stands behind `::`: `--suite` may name a file in another folder than the run did.
fn slug(id: &str) -> &str {
    id.rsplit_once("::").map_or(id, |(_, slug)| slug)
}
