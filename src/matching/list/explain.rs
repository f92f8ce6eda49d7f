//! Why a list pattern does not hold: the best assignment, the closest candidates, what is in conflict.
//!
//! Owns: the wording of a failure.
//! Must not know: how the assignment was found.

use super::assign::Conflict;
use super::bindings::{names_before, saved_value, source};
use super::candidates::{Candidate, agreeing, candidate, difference, shown};
use super::meets::{Names, meets};
use super::problem::{Assignment, Problem};
use super::{ListVerdict, search};
use crate::matching::describe;
use crate::model::pattern::{Extra, ListPattern, Order};

/// What is known of a check that failed.
pub(super) struct Failure {
    pub(super) assignment: Assignment,
    pub(super) conflicts: Vec<Conflict>,
    pub(super) bindings_tried: usize,
}

/// More candidates of one item, or entries too many, are not listed.
const MOST_CANDIDATES: usize = 3;
const MOST_EXTRAS: usize = 5;

pub(super) fn explain(pattern: &ListPattern, problem: &Problem<'_>, failure: Failure) -> ListVerdict {
    let story = Story { pattern, problem, assignment: &failure.assignment, taken: problem.taken(&failure.assignment) };
    let unmet: Vec<usize> = (0..problem.slots.len()).filter(|slot| story.taken[*slot] < problem.slots[*slot].min).collect();
    let extras: Vec<usize> =
        (0..problem.entries.len()).filter(|entry| problem.needed[*entry] && failure.assignment[*entry].is_none()).collect();
    let mut details = Vec::new();
    let mut closest = story.closest(&unmet);
    for slot in 0..problem.slots.len() {
        let mine = closest.iter().position(|(other, _)| *other == slot).map(|at| closest.swap_remove(at).1);
        story.slot(slot, mine.unwrap_or_default(), &mut details);
    }
    for entry in extras.iter().take(MOST_EXTRAS) {
        details.push(format!("  ✗ extra {}: {}", shown(pattern.kind, &problem.entries[*entry]), story.why_extra(*entry)));
    }
    if extras.len() > MOST_EXTRAS {
        details.push(format!("  … and {} more that are not allowed", extras.len() - MOST_EXTRAS));
    }
    details.extend(failure.conflicts.iter().filter_map(|conflict| story.conflict(conflict)));
    if failure.bindings_tried > 1 {
        details.push(format!("  {} ways to bind the saved values were tried; the one that got furthest is shown", failure.bindings_tried));
    }
    let message = story.message(&unmet, &extras);
    ListVerdict { passed: false, message, details, matched: failure.assignment, ..ListVerdict::default() }
}

struct Story<'a> {
    pattern: &'a ListPattern,
    problem: &'a Problem<'a>,
    assignment: &'a Assignment,
    taken: Vec<usize>,
}

impl Story<'_> {
    fn noun(&self) -> &'static str {
        self.pattern.kind.item_key()
    }

    fn message(&self, unmet: &[usize], extras: &[usize]) -> String {
        let order = if self.pattern.order == Order::InOrder { "in order" } else { "any order" };
        let noun = self.noun();
        match (unmet, extras) {
            ([], []) => format!("no assignment of {noun}s satisfies all items at once ({order})"),
            ([], [only]) => format!("one {noun} too many: {}", shown(self.pattern.kind, &self.problem.entries[*only])),
            ([], extras) => format!("{} {noun}s too many ({order}, best assignment shown)", extras.len()),
            (unmet, _) if self.problem.entries.is_empty() => {
                format!("{} of {} items unmatched: there was no {noun} at all", unmet.len(), self.problem.slots.len())
            }
            (unmet, _) => format!("{} of {} items unmatched ({order}, best assignment shown)", unmet.len(), self.problem.slots.len()),
        }
    }

    /// For each unmet item its nearest entries. No two items are shown the same entry first.
    fn closest(&self, unmet: &[usize]) -> Vec<(usize, Vec<Candidate>)> {
        let mut all: Vec<(usize, Vec<Candidate>)> = unmet.iter().map(|slot| (*slot, self.candidates(*slot))).collect();
        let mut pairs: Vec<(f64, usize, usize)> = all
            .iter()
            .enumerate()
            .flat_map(|(at, (_, candidates))| candidates.iter().map(move |candidate| (candidate.cost, at, candidate.entry)))
            .collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut shown_first: Vec<Option<usize>> = vec![None; all.len()];
        for (_, at, entry) in pairs {
            if shown_first[at].is_none() && !shown_first.contains(&Some(entry)) {
                shown_first[at] = Some(entry);
            }
        }
        for ((_, candidates), first) in all.iter_mut().zip(shown_first) {
            candidates.sort_by(|a, b| (Some(a.entry) != first).cmp(&(Some(b.entry) != first)).then(a.cost.total_cmp(&b.cost)));
            candidates.truncate(MOST_CANDIDATES);
        }
        all
    }

    /// The entries that are not this item's own. One that another item has, or that stands in the wrong place, counts two more.
    fn candidates(&self, slot: usize) -> Vec<Candidate> {
        let first = self.first();
        let bound = search::bindings(self.problem, &first, slot);
        let wild = names_before(self.problem.items, slot);
        let is_bound = self.unbound_of(slot, &first).is_none();
        let names = if is_bound { Names::of(&bound) } else { Names { scope: self.problem.scope, wild: &wild } };
        (0..self.problem.entries.len())
            .filter(|entry| self.assignment[*entry] != Some(slot))
            .map(|entry| {
                let mut candidate = candidate(&self.problem.items[slot], entry, self.problem.entries, names);
                if self.assignment[entry].is_some() || candidate.differences.is_empty() {
                    candidate.cost += 2.0;
                }
                candidate
            })
            .collect()
    }

    fn first(&self) -> Vec<Option<usize>> {
        (0..self.problem.slots.len()).map(|slot| self.assignment.iter().position(|assigned| *assigned == Some(slot))).collect()
    }

    /// An item before this one that has no entry yet, so that its saved values are not known.
    fn unbound_of(&self, slot: usize, first: &[Option<usize>]) -> Option<usize> {
        let items = self.problem.items;
        items[slot].after.iter().copied().find(|before| first[*before].is_none() && !items[*before].save.is_empty())
    }

    fn slot(&self, slot: usize, candidates: Vec<Candidate>, details: &mut Vec<String>) {
        let (item, taker) = (&self.problem.items[slot], &self.problem.slots[slot]);
        let held: Vec<usize> = (0..self.assignment.len()).filter(|entry| self.assignment[*entry] == Some(slot)).collect();
        let head = format!("#{} {}", slot + 1, describe::item(item));
        if held.len() >= taker.min {
            let from = if held.is_empty() { "none needed".to_owned() } else { format!("← {}", self.listed(&held)) };
            details.push(format!("  ✓ {head}  {from}"));
            return;
        }
        let has = if held.is_empty() { String::new() } else { format!("  ← {}", self.listed(&held)) };
        let need = if taker.min > 1 { format!("  ({} of {} times)", held.len(), taker.min) } else { String::new() };
        details.push(format!("  ✗ {head}{need}{has}{}", self.bound(slot)));
        for (at, candidate) in candidates.iter().enumerate() {
            self.candidate(slot, candidate, at == 0, details);
        }
    }

    /// Which values are bound for the item, and from where.
    fn bound(&self, slot: usize) -> String {
        let first = self.first();
        let items = self.problem.items;
        let mut told = String::new();
        for before in &items[slot].after {
            let Some(entry) = first[*before] else { continue };
            for (name, path) in &items[*before].save {
                if source(items, slot, name).is_some() {
                    let value = saved_value(&items[*before], name, self.problem.entries[entry].value);
                    let place = format!("{} {} {}", self.noun(), self.problem.entries[entry].index, path.source);
                    told.push_str(&format!("  {name} = {} from {place}", describe::found(value)));
                }
            }
        }
        told
    }

    fn candidate(&self, slot: usize, candidate: &Candidate, closest: bool, details: &mut Vec<String>) {
        let entry = &self.problem.entries[candidate.entry];
        let title = shown(self.pattern.kind, entry);
        if candidate.differences.is_empty() {
            details.push(format!("      {title} — matches, but {}", self.why_not(slot, candidate.entry)));
        } else if closest {
            details.push(format!("      closest: {title}"));
            details.extend(candidate.differences.iter().take(6).map(|mismatch| format!("        {}", difference(mismatch))));
            let agreeing = agreeing(&self.problem.items[slot], entry, &candidate.differences);
            details.extend(agreeing.into_iter().take(3).map(|line| format!("        {line}")));
        } else if candidate.cost < 4.0 {
            let told: Vec<_> = candidate.differences.iter().take(2).map(difference).collect();
            details.push(format!("      other: {title} — {}", told.join("; ")));
        }
    }

    /// Why an entry that fits an item is not given to it.
    fn why_not(&self, slot: usize, entry: usize) -> String {
        let (entries, items) = (self.problem.entries, self.problem.items);
        if let Some(owner) = self.assignment[entry] {
            return format!("it is taken by #{}", owner + 1);
        }
        let mut others = (0..entries.len()).filter_map(|other| Some((other, self.assignment[other]?)));
        if self.problem.in_order
            && let Some((other, owner)) =
                others.clone().find(|(other, owner)| (*owner < slot && *other > entry) || (*owner > slot && *other < entry))
        {
            let side = if owner < slot { "before" } else { "after" };
            return format!("it came {side} #{} ({} {})", owner + 1, self.noun(), entries[other].index);
        }
        let early = others.find(|(other, owner)| items[slot].after.contains(owner) && !entries[*other].precedes(&entries[entry]));
        match early {
            Some((other, owner)) => {
                let how = match entries[other].batch == entries[entry].batch {
                    true => "in the same batch as",
                    false => "before the result was delivered of",
                };
                format!("it was issued {how} #{} ({} {})", owner + 1, self.noun(), entries[other].index)
            }
            None => match items[slot].after.iter().find(|before| self.taken[**before] < self.problem.slots[**before].min) {
                Some(before) => format!("#{} must come before it", before + 1),
                None => "another assignment is needed for the rest".to_owned(),
            },
        }
    }

    fn why_extra(&self, entry: usize) -> String {
        let slots = &self.problem.slots;
        let Some(slot) = (0..slots.len()).find(|slot| slots[*slot].fits[entry]) else {
            return match &self.pattern.extra {
                Extra::Only(_) => "it matches no item and nothing that `extra` allows".to_owned(),
                _ => "it matches no item, and nothing else is allowed".to_owned(),
            };
        };
        let held: Vec<usize> = (0..self.assignment.len()).filter(|entry| self.assignment[*entry] == Some(slot)).collect();
        if held.len() >= slots[slot].max {
            let closed = if slots[slot].closed { "closed item" } else { "item" };
            let by = if held.is_empty() { String::new() } else { format!(", already taken by {}", self.listed(&held)) };
            return format!("it matches {closed} #{} ({} at most){by}", slot + 1, times(slots[slot].max));
        }
        if !self.problem.items[slot].after.is_empty() && !self.holds_now(slot, entry) {
            return format!("it is like item #{}, but not with the values that were saved", slot + 1);
        }
        format!("it matches #{}, but {}", slot + 1, self.why_not(slot, entry))
    }

    fn holds_now(&self, slot: usize, entry: usize) -> bool {
        let first = self.first();
        let bound = search::bindings(self.problem, &first, slot);
        meets(&self.problem.items[slot], &self.problem.entries[entry], Names::of(&bound)).unwrap_or(false)
    }

    /// `call 0`, or `calls 0, 2`.
    fn listed(&self, entries: &[usize]) -> String {
        let mut indices: Vec<String> = entries.iter().take(6).map(|entry| self.problem.entries[*entry].index.to_string()).collect();
        if entries.len() > 6 {
            indices.push(format!("… {} in all", entries.len()));
        }
        format!("{}{} {}", self.noun(), if entries.len() == 1 { "" } else { "s" }, indices.join(", "))
    }

    fn conflict(&self, conflict: &Conflict) -> Option<String> {
        let items = |slots: &[usize]| slots.iter().map(|slot| format!("#{}", slot + 1)).collect::<Vec<_>>().join(", ");
        match conflict {
            Conflict::TooFewEntries { slots, need, entries } if slots.len() > 1 => {
                let fit = if entries.is_empty() { format!("no {}", self.noun()) } else { format!("only {}", self.listed(entries)) };
                let s = if entries.len() == 1 { "es" } else { "" };
                Some(format!("  conflict: items {} together need {need} {}s; {fit} match{s} any of them", items(slots), self.noun()))
            }
            Conflict::TooManyEntries { entries, slots, room } if slots.len() > 1 => {
                let listed = self.listed(entries);
                Some(format!("  conflict: {listed} must each be matched; items {} together take only {room}", items(slots)))
            }
            _ => None,
        }
    }
}

fn times(n: usize) -> String {
    if n == 1 { "once".to_owned() } else { format!("{n} times") }
}
