//! The checks over a whole list, and over single items.
//!
//! Owns: which method decides which pattern.
//! Must not know: how the methods work, how a failure is worded.

use super::meets::{Names, differences, meets};
use super::problem::{Assignment, Problem};
use super::{Entry, ListVerdict, assign, automaton, candidates, explain, search};
use crate::matching::value::{self, Fault};
use crate::model::pattern::{Extra, Item, ListKind, ListPattern, Order, Times};
use crate::model::template::Scope;
use serde_json::Value;

/// Checks a list pattern against the entries, which are given in the order in which they were issued.
pub fn check(pattern: &ListPattern, entries: &[Entry<'_>], scope: &dyn Scope) -> ListVerdict {
    decide(pattern, entries, scope).unwrap_or_else(|reason| ListVerdict::fault(reason, entries.len()))
}

/// The first entry that an item standing alone asks for. The error is a fault of the suite. `times` plays no part.
pub fn first_match(item: &Item, entries: &[Entry<'_>], scope: &dyn Scope) -> Result<Option<usize>, String> {
    for (at, entry) in entries.iter().enumerate() {
        if meets(item, entry, Names::of(scope))? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// For `never`: the entries that break it; none if it holds. Where `times` is given, only that number of them breaks it.
/// The error says that the item could not have matched: it met an entry of another shape that differs in nothing else.
pub fn forbidden(item: &Item, entries: &[Entry<'_>], scope: &dyn Scope) -> Result<Vec<usize>, String> {
    let mut found = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        if meets(item, entry, Names::of(scope))? {
            found.push(at);
        }
    }
    if !found.is_empty() {
        let times = item.times;
        let most = if times.closed { times.max } else { None };
        let broken = found.len() >= times.min.max(1) as usize && most.is_none_or(|most| found.len() <= most as usize);
        return Ok(if broken { found } else { vec![] });
    }
    for entry in entries {
        let differences = differences(item, entry, Names::of(scope));
        if let Some(first) = differences.first()
            && differences.iter().all(|mismatch| mismatch.fault == Some(Fault::Shape))
        {
            return Err(format!("this pattern cannot match {}: {first}", candidates::shown(item.kind, entry)));
        }
    }
    Ok(vec![])
}

fn decide(pattern: &ListPattern, entries: &[Entry<'_>], scope: &dyn Scope) -> Result<ListVerdict, String> {
    let counted = count(pattern, entries.len(), scope)?;
    if counted.is_none() && go_in_step(pattern, entries, scope)? {
        return Ok(ListVerdict { passed: true, matched: (0..entries.len()).map(Some).collect(), ..ListVerdict::default() });
    }
    let problem = Problem::new(pattern, entries, scope)?;
    let outcome = solve(&problem)?;
    let mut verdict = match outcome {
        Outcome::Complete(assignment) => {
            let lints = lints(pattern, &problem, &assignment);
            ListVerdict { passed: true, matched: assignment, lints, ..ListVerdict::default() }
        }
        Outcome::Incomplete(failure) => explain::explain(pattern, &problem, failure),
    };
    if let Some(message) = counted {
        if verdict.passed {
            verdict.message = message;
        } else {
            verdict.details.insert(0, message);
        }
        verdict.passed = false;
    }
    Ok(verdict)
}

/// Where each item takes one entry, in order, and none may be left over, only one assignment is possible, and it is enough to try that.
/// Of calls more is told than whether they pass.
fn go_in_step(pattern: &ListPattern, entries: &[Entry<'_>], scope: &dyn Scope) -> Result<bool, String> {
    let takes_one = |item: &Item| item.times == Times::ONCE && item.after.is_empty() && item.save.is_empty();
    let in_step = pattern.kind != ListKind::Calls
        && pattern.order == Order::InOrder
        && matches!(pattern.extra, Extra::Forbid)
        && pattern.items.len() == entries.len()
        && pattern.items.iter().all(takes_one);
    if !in_step {
        return Ok(false);
    }
    for (item, entry) in pattern.items.iter().zip(entries) {
        if !meets(item, entry, Names::of(scope))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is wrong with the number of entries.
fn count(pattern: &ListPattern, entries: usize, scope: &dyn Scope) -> Result<Option<String>, String> {
    let Some(count) = &pattern.count else { return Ok(None) };
    let number = Value::from(entries);
    Ok(match value::holds(count, Some(&number), scope)? {
        true => None,
        false => {
            let noun = pattern.kind.item_key();
            let s = if entries == 1 { "" } else { "s" };
            Some(format!("expected {} for the number of {noun}s, got {entries} {noun}{s}", crate::matching::describe::pattern(count)))
        }
    })
}

enum Outcome {
    Complete(Assignment),
    Incomplete(explain::Failure),
}

fn solve(problem: &Problem<'_>) -> Result<Outcome, String> {
    if problem.is_causal() {
        let found = search::search(problem)?;
        return Ok(match found.complete {
            true => Outcome::Complete(found.assignment),
            false => {
                let failure = explain::Failure { assignment: found.assignment, conflicts: vec![], bindings_tried: found.bindings_tried };
                Outcome::Incomplete(failure)
            }
        });
    }
    if problem.in_order {
        return Ok(match automaton::solve(problem)? {
            Some(assignment) => Outcome::Complete(assignment),
            None => Outcome::Incomplete(explain::Failure { assignment: automaton::best(problem), conflicts: vec![], bindings_tried: 0 }),
        });
    }
    let best = assign::best(problem);
    Ok(match best.conflicts.is_empty() {
        true => Outcome::Complete(best.assignment),
        false => Outcome::Incomplete(explain::Failure { assignment: best.assignment, conflicts: best.conflicts, bindings_tried: 0 }),
    })
}

/// Calls of one batch are in order by the order of issue alone; a suite that means "depends on" should say `after`.
fn lints(pattern: &ListPattern, problem: &Problem<'_>, assignment: &Assignment) -> Vec<String> {
    if pattern.kind != ListKind::Calls || !problem.in_order || problem.is_causal() {
        return vec![];
    }
    let assigned: Vec<(usize, usize)> = assignment.iter().enumerate().filter_map(|(entry, slot)| Some((entry, (*slot)?))).collect();
    let parallel =
        assigned.windows(2).find(|pair| pair[0].1 != pair[1].1 && problem.entries[pair[0].0].batch == problem.entries[pair[1].0].batch);
    let Some([before, after]) = parallel.and_then(|pair| <&[_; 2]>::try_from(pair).ok()) else { return vec![] };
    if holds_apart(pattern, problem) {
        return vec![];
    }
    vec![format!(
        "#{} and #{} were issued in parallel (calls {} and {}); use `after:` if the second must depend on the first",
        before.1 + 1,
        after.1 + 1,
        problem.entries[before.0].index,
        problem.entries[after.0].index
    )]
}

/// Whether the items also follow each other when each waits for the results of the one before.
fn holds_apart(pattern: &ListPattern, problem: &Problem<'_>) -> bool {
    let mut strict = pattern.clone();
    for at in 1..strict.items.len() {
        strict.items[at].after = vec![at - 1];
    }
    let strict =
        Problem::new(&strict, problem.entries, problem.scope).map(|strict| search::search(&strict).is_ok_and(|found| found.complete));
    strict.unwrap_or(true)
}
