//! In order: an automaton over (item, how many it has), fed with the entries one by one.
//!
//! Owns: finding an assignment in which the items follow each other; the best one if there is none.
//! Must not know: causality.

use super::problem::{Assignment, Problem};

/// More states times entries than this are not tried: that is gigabytes, and no suite.
const MOST_CELLS: usize = 50_000_000;

const UNREACHED: u32 = u32::MAX;
/// The two high bits of a cell tell how it was reached, the others from which state.
const LEAVE: u32 = 0 << 30;
const TAKE: u32 = 1 << 30;
const NEXT: u32 = 2 << 30;
const STATE: u32 = (1 << 30) - 1;

/// A complete assignment, if there is one. The error: the pattern is too large.
pub(super) fn solve(problem: &Problem<'_>) -> Result<Option<Assignment>, String> {
    if problem.slots.is_empty() {
        let complete = !problem.needed.contains(&true);
        return Ok(complete.then(|| vec![None; problem.entries.len()]));
    }
    let states = States::new(problem);
    if states.total().saturating_mul(problem.entries.len() + 1) > MOST_CELLS {
        return Err(format!("{} entries are too many for `times` of this size", problem.entries.len()));
    }
    let mut layers: Vec<Vec<u32>> = Vec::with_capacity(problem.entries.len() + 1);
    let mut layer = vec![UNREACHED; states.total()];
    layer[0] = LEAVE;
    states.advance(&mut layer);
    layers.push(layer);
    for entry in 0..problem.entries.len() {
        let before = layers.last().expect("the first layer was pushed");
        let mut layer = states.step(problem, before, entry);
        states.advance(&mut layer);
        if layer.iter().all(|cell| *cell == UNREACHED) {
            return Ok(None);
        }
        layers.push(layer);
    }
    Ok(states.accepting().find(|state| layers[problem.entries.len()][*state] != UNREACHED).map(|state| states.trace(&layers, state)))
}

/// Item and count as one number.
struct States {
    /// The state in which item s has none yet.
    start: Vec<usize>,
    /// The counts that are told apart: up to the most, or to the least where there is no most.
    caps: Vec<usize>,
    mins: Vec<usize>,
}

impl States {
    fn new(problem: &Problem<'_>) -> States {
        let mut start = vec![0];
        let mut caps = Vec::new();
        for slot in &problem.slots {
            let fitting = slot.fits.iter().filter(|fits| **fits).count();
            let cap = if slot.max == usize::MAX { slot.min.max(1) } else { slot.max.min(fitting.max(slot.min)) };
            caps.push(cap);
            start.push(start.last().expect("there is a first") + cap + 1);
        }
        States { start, caps, mins: problem.slots.iter().map(|slot| slot.min).collect() }
    }

    fn total(&self) -> usize {
        *self.start.last().expect("there is a first")
    }

    /// The states from which nothing more is needed.
    fn accepting(&self) -> impl Iterator<Item = usize> {
        let last = self.caps.len() - 1;
        self.start[last] + self.mins[last]..=self.start[last] + self.caps[last]
    }

    /// An item that has enough lets the next one begin.
    fn advance(&self, layer: &mut [u32]) {
        for slot in 0..self.caps.len() - 1 {
            let enough = self.start[slot] + self.mins[slot]..=self.start[slot] + self.caps[slot];
            if let Some(from) = enough.into_iter().find(|state| layer[*state] != UNREACHED) {
                let next = &mut layer[self.start[slot + 1]];
                if *next == UNREACHED {
                    *next = NEXT | from as u32;
                }
            }
        }
    }

    fn step(&self, problem: &Problem<'_>, before: &[u32], entry: usize) -> Vec<u32> {
        let mut layer = vec![UNREACHED; before.len()];
        for (slot, taker) in problem.slots.iter().enumerate() {
            for count in 0..=self.caps[slot] {
                let state = self.start[slot] + count;
                if before[state] == UNREACHED {
                    continue;
                }
                if taker.fits[entry] && (count < self.caps[slot] || taker.max == usize::MAX) {
                    layer[self.start[slot] + (count + 1).min(self.caps[slot])] = TAKE | state as u32;
                }
                if !problem.needed[entry] && layer[state] == UNREACHED {
                    layer[state] = LEAVE | state as u32;
                }
            }
        }
        layer
    }

    fn slot_of(&self, state: usize) -> usize {
        self.start.partition_point(|start| *start <= state) - 1
    }

    /// The way back from the last layer to the first.
    fn trace(&self, layers: &[Vec<u32>], state: usize) -> Assignment {
        let mut assignment = vec![None; layers.len() - 1];
        let (mut at, mut state) = (layers.len() - 1, state);
        loop {
            let cell = layers[at][state];
            let from = (cell & STATE) as usize;
            match cell & !STATE {
                NEXT => state = from,
                _ if at == 0 => return assignment,
                how => {
                    if how == TAKE {
                        assignment[at - 1] = Some(self.slot_of(state));
                    }
                    (at, state) = (at - 1, from);
                }
            }
        }
    }
}

/// An assignment in order with as many items satisfied as possible, needed entries aside; for explanations.
pub(super) fn best(problem: &Problem<'_>) -> Assignment {
    let (slots, entries) = (problem.slots.len(), problem.entries.len());
    let fitting: Vec<Vec<usize>> = problem.slots.iter().map(|slot| (0..entries).filter(|entry| slot.fits[*entry]).collect()).collect();
    let end_of = |slot: usize, entry: usize| end_of(&fitting[slot], problem.slots[slot].min, entry);
    // most[s][e]: how many of the items from s on can be satisfied by the entries from e on.
    let mut most = vec![vec![0usize; entries + 1]; slots + 1];
    for slot in (0..slots).rev() {
        for entry in 0..=entries {
            let taken = end_of(slot, entry).map_or(0, |end| 1 + most[slot + 1][end]);
            most[slot][entry] = taken.max(most[slot + 1][entry]);
        }
    }
    let mut assignment = vec![None; entries];
    let mut entry = 0;
    for slot in 0..slots {
        let Some(end) = end_of(slot, entry).filter(|end| 1 + most[slot + 1][*end] >= most[slot][entry]) else { continue };
        take(problem, slot, entry..end, &mut assignment);
        entry = end;
    }
    fill(problem, &mut assignment);
    assignment
}

/// Where the item has its least number, taking the first entries that fit from `entry` on.
fn end_of(fitting: &[usize], min: usize, entry: usize) -> Option<usize> {
    if min == 0 {
        return Some(entry);
    }
    let first = fitting.partition_point(|fitting| *fitting < entry);
    fitting.get(first + min - 1).map(|last| last + 1)
}

fn take(problem: &Problem<'_>, slot: usize, range: std::ops::Range<usize>, assignment: &mut Assignment) {
    let taker = &problem.slots[slot];
    for entry in range.filter(|entry| taker.fits[*entry]).take(taker.min) {
        assignment[entry] = Some(slot);
    }
}

/// Gives what is left to items that have room and whose place it does not disturb: entries that must be taken, and those of
/// an item that has too few.
fn fill(problem: &Problem<'_>, assignment: &mut Assignment) {
    let mut taken = problem.taken(assignment);
    let mut from = 0;
    for entry in 0..assignment.len() {
        if let Some(slot) = assignment[entry] {
            from = slot;
            continue;
        }
        let wanted = |slot: &usize| problem.needed[entry] || taken[*slot] < problem.slots[*slot].min;
        let room = |slot: &usize| problem.slots[*slot].fits[entry] && taken[*slot] < problem.slots[*slot].max;
        let mut fitting = (from..problem.slots.len()).filter(room).filter(wanted).peekable();
        if fitting.peek().is_none() {
            continue;
        }
        let to = assignment[entry..].iter().flatten().next().copied().unwrap_or(usize::MAX);
        if let Some(slot) = fitting.next().filter(|slot| *slot <= to) {
            assignment[entry] = Some(slot);
            taken[slot] += 1;
            from = slot;
        }
    }
}
