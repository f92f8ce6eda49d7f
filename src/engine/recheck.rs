//! `recheck`: stored traces judged again, without an agent.
//!
//! Owns: which case a trace belongs to.
//! Must not know: files; it is given traces.

use super::judging;
use super::outcome::Strictness;
use super::rubrics::conclude;
use crate::base::Sources;
use crate::base::suggest::did_you_mean;
use crate::checks;
use crate::judge::{Judge, JudgeWorld};
use crate::model::judge::Asked;
use crate::model::outcome::{Finding, Outcome};
use crate::model::suite::{Case, Suite};
use crate::model::trace::Trace;
use std::collections::HashMap;
use std::path::PathBuf;

/// A trace, and the answers that were stored beside it.
pub struct Stored {
    pub path: PathBuf,
    pub trace: Trace,
    pub asked: Vec<Asked>,
}

/// One outcome for each trace, in the order given. Answers that are not stored, or are of another rubric, come from the judge, who
/// is to be one that only reads its lock. A trace whose case no suite has is a mistake of the caller.
pub fn recheck(
    suites: &[Suite],
    traces: &[Stored],
    sources: &Sources,
    strictness: Strictness,
    world: &JudgeWorld,
) -> Result<Vec<Outcome>, String> {
    let judge = Judge::new(world.clone());
    let all = || suites.iter().flat_map(|suite| &suite.cases).map(|case| &**case);
    let by_id: HashMap<&str, &Case> = all().map(|case| (case.id.as_str(), case)).collect();
    // Where one suite is named, it is meant, whatever its file is called.
    let key: fn(&str) -> &str = if suites.len() == 1 { in_suite } else { in_file };
    let mut by_key: HashMap<&str, Option<&Case>> = HashMap::new();
    for case in all() {
        // What two cases are called tells neither.
        by_key.entry(key(&case.id)).and_modify(|case| *case = None).or_insert(Some(case));
    }
    let mut outcomes = Vec::with_capacity(traces.len());
    for Stored { path, trace, asked } in traces {
        let id = trace.begin().map(|begin| begin.case.as_str()).unwrap_or_default();
        let Some(case) = by_id.get(id).copied().or_else(|| *by_key.get(key(id))?) else {
            let hint = did_you_mean(id, by_id.keys().copied()).unwrap_or_else(|| "was it renamed? run it again".to_owned());
            return Err(format!("{}: no case `{id}` in the suites read; {hint}", path.display()));
        };
        let findings = checks::evaluate(case, trace);
        let asked = answers(case, trace, &findings, asked, &judge, world)?;
        let mut outcome = conclude(case, trace, findings, &asked, sources, strictness);
        outcome.trace_path = Some(path.display().to_string());
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// The stored answers, if they answer all that the rubrics ask now.
fn answers(
    case: &Case,
    trace: &Trace,
    findings: &[Finding],
    stored: &[Asked],
    judge: &Judge,
    world: &JudgeWorld,
) -> Result<Vec<Asked>, String> {
    if judging::are_answered(case, trace, stored) {
        return Ok(stored.to_vec());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| format!("failed to start the runtime: {e}"))?;
    Ok(runtime.block_on(judging::ask(judge, world, case, trace, findings)))
}

/// The id without the folders of its file: `--suite` may name a file in another folder than the run did. A row may hold anything.
fn in_file(id: &str) -> &str {
    let before_row = id.split('[').next().unwrap_or_default();
    &id[before_row.rfind('/').map_or(0, |at| at + 1)..]
}

/// The id without its file.
fn in_suite(id: &str) -> &str {
    let in_file = in_file(id);
    in_file.split_once("::").map_or(in_file, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::{in_file, in_suite};

    #[test]
    fn folders_are_left_out_and_rows_are_not_looked_into() {
        for (id, is) in [
            ("dexter/wallets::lists_wallets", "wallets::lists_wallets"),
            ("wallets::lists_wallets", "wallets::lists_wallets"),
            ("a/b::c[host=::1,path=/x]", "b::c[host=::1,path=/x]"),
        ] {
            assert_eq!(in_file(id), is);
            assert_eq!(in_suite(id), is.split_once("::").unwrap().1);
        }
    }
}
