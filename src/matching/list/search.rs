//! Causality and saved values: a bounded search over the entries in the order they were issued.
//!
//! Owns: `after`, and values that one item saves and another uses. What an item depends on must have come before it, so
//! every saved value is known when it is needed.
//! Must not know: how a failure is told.

use super::bindings::Bindings;
use super::meets::{Names, meets};
use super::problem::{Assignment, Problem, Slot};
use std::cell::Cell;
use std::collections::{HashMap, HashSet};

/// After so many steps the search gives up: an error of the pattern, not of the agent.
const BUDGET: u32 = 1_000_000;

/// What the search found.
pub(super) struct Found {
    pub(super) complete: bool,
    /// Complete, or the one in which the items have most of what they need.
    pub(super) assignment: Assignment,
    /// How often an item that saves a value was given its first entry.
    pub(super) bindings_tried: usize,
}

/// Searches for a complete assignment. The error is a fault: the suite's, or the budget.
pub(super) fn search(problem: &Problem<'_>) -> Result<Found, String> {
    let mut walk = Walk::new(problem);
    let complete = walk.run()?;
    let assignment = if complete { walk.assignment } else { walk.best };
    Ok(Found { complete, assignment, bindings_tried: walk.bindings_tried })
}

struct Walk<'p> {
    problem: &'p Problem<'p>,
    /// The entries that fit some item or must be taken; all others are left out without a choice.
    relevant: Vec<usize>,
    /// For each item and position in `relevant`, how many entries from there on fit it.
    left: Vec<Vec<usize>>,
    dependents: Vec<Vec<usize>>,
    assignment: Assignment,
    first: Vec<Option<usize>>,
    /// The entries of each item.
    held: Vec<Vec<usize>>,
    taken: Vec<usize>,
    /// The last position in `relevant` at which each batch occurs.
    batch_ends: HashMap<u64, usize>,
    dead: HashSet<Vec<u64>>,
    steps: u32,
    best: Assignment,
    best_filled: usize,
    bindings_tried: usize,
}

/// A choice that can be undone: the next item to try for an entry; after the last item, leaving it out; then nothing.
struct Choice {
    next: usize,
    made: Option<usize>,
    was_first: bool,
}

impl<'p> Walk<'p> {
    fn new(problem: &'p Problem<'p>) -> Walk<'p> {
        let (entries, slots) = (problem.entries.len(), problem.slots.len());
        let relevant: Vec<usize> =
            (0..entries).filter(|entry| problem.needed[*entry] || problem.slots.iter().any(|slot| slot.fits[*entry])).collect();
        let left = problem.slots.iter().map(|slot| {
            let mut left = vec![0; relevant.len() + 1];
            for at in (0..relevant.len()).rev() {
                left[at] = left[at + 1] + usize::from(slot.fits[relevant[at]]);
            }
            left
        });
        let dependents = (0..slots).map(|slot| (0..slots).filter(|other| problem.items[*other].after.contains(&slot)).collect()).collect();
        Walk {
            problem,
            left: left.collect(),
            batch_ends: relevant.iter().enumerate().map(|(at, entry)| (problem.entries[*entry].batch, at)).collect(),
            relevant,
            dependents,
            assignment: vec![None; entries],
            first: vec![None; slots],
            held: vec![vec![]; slots],
            taken: vec![0; slots],
            dead: HashSet::new(),
            steps: 0,
            best: vec![None; entries],
            best_filled: 0,
            bindings_tried: 0,
        }
    }

    fn run(&mut self) -> Result<bool, String> {
        let mut stack = vec![Choice { next: 0, made: None, was_first: false }];
        while let Some(depth) = stack.len().checked_sub(1) {
            if depth == self.relevant.len() {
                if self.satisfied() == self.taken.len() {
                    return Ok(true);
                }
                stack.pop();
                continue;
            }
            let choice = &mut stack[depth];
            self.undo(depth, choice);
            if self.choose(depth, choice)? {
                if self.note_best(depth + 1) {
                    stack.push(Choice { next: 0, made: None, was_first: false });
                }
            } else {
                stack.pop();
            }
        }
        Ok(false)
    }

    /// Makes the next possible choice for the entry at `depth`; false if there is none left.
    fn choose(&mut self, depth: usize, choice: &mut Choice) -> Result<bool, String> {
        let entry = self.relevant[depth];
        while choice.next <= self.taken.len() {
            let slot = choice.next;
            choice.next += 1;
            self.steps += 1;
            if self.steps > BUDGET {
                let entries = self.relevant.len();
                return Err(format!(
                    "matcher budget: no decision after {BUDGET} steps over {entries} entries; make the items more specific"
                ));
            }
            if slot == self.taken.len() {
                if !self.problem.needed[entry] {
                    return Ok(true);
                }
            } else if self.may_take(slot, entry)? {
                choice.made = Some(slot);
                choice.was_first = self.first[slot].is_none();
                self.assignment[entry] = Some(slot);
                self.held[slot].push(entry);
                self.taken[slot] += 1;
                if choice.was_first {
                    self.first[slot] = Some(entry);
                    self.bindings_tried += usize::from(!self.problem.items[slot].save.is_empty());
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn undo(&mut self, depth: usize, choice: &mut Choice) {
        if let Some(slot) = choice.made.take() {
            self.assignment[self.relevant[depth]] = None;
            self.held[slot].pop();
            self.taken[slot] -= 1;
            if choice.was_first {
                self.first[slot] = None;
            }
        }
    }

    fn may_take(&self, slot: usize, entry: usize) -> Result<bool, String> {
        let taker = &self.problem.slots[slot];
        let allowed = taker.fits[entry] && self.taken[slot] < taker.max && self.order_allows(slot) && self.causality_allows(slot, entry);
        if !allowed || self.problem.items[slot].after.is_empty() {
            return Ok(allowed);
        }
        self.values_allow(slot, entry)
    }

    /// In order: no later item has an entry yet, and all items before have enough.
    fn order_allows(&self, slot: usize) -> bool {
        !self.problem.in_order
            || (self.taken[slot + 1..].iter().all(|taken| *taken == 0)
                && (0..slot).all(|before| self.taken[before] >= self.problem.slots[before].min))
    }

    /// Every entry of every item before precedes this one, and this one precedes what already depends on it.
    fn causality_allows(&self, slot: usize, entry: usize) -> bool {
        let entries = self.problem.entries;
        let before = &self.problem.items[slot].after;
        before.iter().all(|other| self.taken[*other] >= self.problem.slots[*other].min)
            && self.assigned(before).all(|other| entries[other].precedes(&entries[entry]))
            && self.assigned(&self.dependents[slot]).all(|other| entries[entry].precedes(&entries[other]))
    }

    fn assigned(&self, slots: &[usize]) -> impl Iterator<Item = usize> {
        slots.iter().flat_map(|slot| self.held[*slot].iter().copied())
    }

    /// The item holds with the values that the items before have saved.
    fn values_allow(&self, slot: usize, entry: usize) -> Result<bool, String> {
        let problem = self.problem;
        let bindings = bindings(problem, &self.first, slot);
        let holds = meets(&problem.items[slot], &problem.entries[entry], Names::of(&bindings));
        match bindings.unbound.get() {
            true => Ok(false),
            false => holds,
        }
    }

    fn satisfied(&self) -> usize {
        self.taken.iter().zip(&self.problem.slots).filter(|(taken, slot)| **taken >= slot.min).count()
    }

    /// Remembers the best so far. False if the state cannot lead to a complete assignment, or was seen before.
    fn note_best(&mut self, depth: usize) -> bool {
        let filled = self.taken.iter().zip(&self.problem.slots).map(|(taken, slot)| *taken.min(&slot.min)).sum();
        if filled > self.best_filled {
            self.best_filled = filled;
            self.best.clone_from(&self.assignment);
        }
        let can_fill = self.problem.slots.iter().enumerate().all(|(slot, taker)| self.taken[slot] + self.left[slot][depth] >= taker.min);
        can_fill && self.dead.insert(self.key(depth))
    }

    /// All that the rest of the search depends on.
    fn key(&self, depth: usize) -> Vec<u64> {
        let mut key = vec![depth as u64];
        let told = |(taken, slot): (&usize, &Slot)| if slot.max == usize::MAX { (*taken).min(slot.min.max(1)) } else { *taken };
        key.extend(self.taken.iter().zip(&self.problem.slots).map(told).map(|taken| taken as u64));
        for slot in (0..self.taken.len()).filter(|slot| !self.dependents[*slot].is_empty()) {
            if !self.problem.items[slot].save.is_empty() {
                key.push(self.first[slot].map_or(u64::MAX, |entry| entry as u64));
            }
            self.delivery_key(slot, depth, &mut key);
        }
        for slot in (0..self.taken.len()).filter(|slot| !self.problem.items[*slot].after.is_empty()) {
            let earliest = self.assigned(&[slot]).map(|entry| self.problem.entries[entry].issued).min();
            key.push(earliest.unwrap_or(u64::MAX));
        }
        key
    }

    /// When the last result was delivered, and which of its batches go on.
    fn delivery_key(&self, slot: usize, depth: usize, key: &mut Vec<u64>) {
        let entries = self.problem.entries;
        let last = self.assigned(&[slot]).map(|entry| entries[entry].delivered.unwrap_or(u64::MAX)).max();
        key.push(last.unwrap_or(0));
        let mut batches: Vec<u64> = self.assigned(&[slot]).map(|entry| entries[entry].batch).collect();
        batches.retain(|batch| self.batch_ends.get(batch).is_some_and(|end| *end >= depth));
        batches.sort_unstable();
        batches.dedup();
        key.push(batches.len() as u64);
        key.extend(batches);
    }
}

/// The values known to an item when `first` are the first entries of all items.
pub(super) fn bindings<'a>(problem: &'a Problem<'a>, first: &'a [Option<usize>], item: usize) -> Bindings<'a> {
    Bindings { outer: problem.scope, items: problem.items, entries: problem.entries, first, item, unbound: Cell::new(false) }
}
