//! Any order: the best assignment of entries to items, by augmenting paths.
//!
//! Owns: a flow with lower bounds in two phases. First every item is brought up to its minimum, then every entry that must
//! be taken is taken; the second phase never takes an entry away from an item without giving it another one, so (Mendelsohn
//! and Dulmage) both hold in the end if each can hold alone.
//! Must not know: order, causality.

use super::problem::{Assignment, Problem};

/// The best assignment, and what keeps it from being complete.
pub(super) struct Best {
    pub(super) assignment: Assignment,
    pub(super) conflicts: Vec<Conflict>,
}

/// Why no assignment can be complete.
#[derive(Debug, PartialEq)]
pub(super) enum Conflict {
    /// These items together need more entries than fit any of them.
    TooFewEntries { slots: Vec<usize>, need: usize, entries: Vec<usize> },
    /// These entries must all be taken, and the items that they fit cannot take so many.
    TooManyEntries { entries: Vec<usize>, slots: Vec<usize>, room: usize },
}

/// The assignment with the most items satisfied, and after that the most needed entries taken. It is complete if and only if
/// there are no conflicts.
pub(super) fn best(problem: &Problem<'_>) -> Best {
    let slots = problem.slots.len();
    let mut flow = Flow { problem, owner: vec![None; problem.entries.len()], taken: vec![0; slots], seen: vec![], cursor: vec![0; slots] };
    let mut conflicts = Vec::new();
    for slot in 0..problem.slots.len() {
        while flow.taken[slot] < problem.slots[slot].min {
            flow.seen = vec![false; problem.slots.len()];
            if !flow.feed(slot) {
                conflicts.push(flow.starving());
                break;
            }
        }
    }
    for entry in 0..problem.entries.len() {
        if !problem.needed[entry] || flow.owner[entry].is_some() {
            continue;
        }
        flow.seen = vec![false; slots];
        // After many failures only a free place is looked for: the verdict is clear, and a long list must not take long.
        let placed = if conflicts.len() < MOST_CONFLICTS { flow.place(entry) } else { flow.place_simply(entry) };
        if !placed && conflicts.len() < MOST_CONFLICTS {
            conflicts.push(flow.crowded(entry));
        }
    }
    Best { assignment: flow.owner, conflicts }
}

const MOST_CONFLICTS: usize = 20;

struct Flow<'p> {
    problem: &'p Problem<'p>,
    owner: Assignment,
    taken: Vec<usize>,
    /// The items that the current search has tried.
    seen: Vec<bool>,
    /// For each item, the first entry that may still be free for it; while items are fed, no entry becomes free again.
    cursor: Vec<usize>,
}

impl Flow<'_> {
    /// Finds one more entry for an item; others may have to change theirs.
    fn feed(&mut self, slot: usize) -> bool {
        self.seen[slot] = true;
        let fits = &self.problem.slots[slot].fits;
        while let Some(fits) = fits.get(self.cursor[slot]) {
            let entry = self.cursor[slot];
            self.cursor[slot] += 1;
            if *fits && self.owner[entry].is_none() {
                self.give(entry, slot);
                return true;
            }
        }
        for entry in (0..fits.len()).filter(|entry| fits[*entry]) {
            let owner = self.owner[entry].expect("a free entry would have been taken above");
            if !self.seen[owner] && self.feed(owner) {
                self.taken[owner] -= 1;
                self.give(entry, slot);
                return true;
            }
        }
        false
    }

    /// Finds an item for an entry; another entry may have to move, or to go if nothing needs it.
    fn place(&mut self, entry: usize) -> bool {
        for slot in 0..self.problem.slots.len() {
            if !self.problem.slots[slot].fits[entry] || std::mem::replace(&mut self.seen[slot], true) {
                continue;
            }
            if self.taken[slot] < self.problem.slots[slot].max {
                self.give(entry, slot);
                return true;
            }
            for other in 0..self.owner.len() {
                if self.owner[other] == Some(slot) && (!self.problem.needed[other] || self.place(other)) {
                    // A moved entry has its new owner already; one that goes has none.
                    if self.owner[other] == Some(slot) {
                        self.owner[other] = None;
                    }
                    self.taken[slot] -= 1;
                    self.give(entry, slot);
                    return true;
                }
            }
        }
        false
    }

    fn place_simply(&mut self, entry: usize) -> bool {
        let slots = &self.problem.slots;
        let free = (0..slots.len()).find(|slot| slots[*slot].fits[entry] && self.taken[*slot] < slots[*slot].max);
        if let Some(slot) = free {
            self.give(entry, slot);
        }
        free.is_some()
    }

    fn give(&mut self, entry: usize, slot: usize) {
        self.owner[entry] = Some(slot);
        self.taken[slot] += 1;
    }

    /// The items that the failed search has tried have all the entries that fit any of them.
    fn starving(&self) -> Conflict {
        let slots: Vec<usize> = (0..self.seen.len()).filter(|slot| self.seen[*slot]).collect();
        let entries = (0..self.owner.len()).filter(|entry| slots.iter().any(|slot| self.problem.slots[*slot].fits[*entry])).collect();
        let need = slots.iter().map(|slot| self.problem.slots[*slot].min).sum();
        Conflict::TooFewEntries { slots, need, entries }
    }

    /// The items that the failed search has tried are full of entries that must be taken.
    fn crowded(&self, entry: usize) -> Conflict {
        let slots: Vec<usize> = (0..self.seen.len()).filter(|slot| self.seen[*slot]).collect();
        let inside = |other: &usize| self.owner[*other].is_some_and(|owner| slots.contains(&owner));
        let mut entries: Vec<usize> = (0..self.owner.len()).filter(inside).collect();
        entries.push(entry);
        entries.sort_unstable();
        let room = slots.iter().map(|slot| self.problem.slots[*slot].max).sum();
        Conflict::TooManyEntries { entries, slots, room }
    }
}
