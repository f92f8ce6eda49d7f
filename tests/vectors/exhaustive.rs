//! List checks against an exhaustive matcher that tries every assignment, on small random instances.
//!
//! The exhaustive matcher is the text of the rules (facts on matching, 3.3), one line for each, and shares no code with the
//! library. About one instance in twenty-five is one on which a greedy matcher (each entry to the first item that takes it)
//! gives the wrong verdict; the test counts them and fails if there are none, since then it would prove nothing.

use crate::tree::{node, read};
use checkride::matching::list::{Entry, check};
use checkride::model::pattern::ListKind;
use checkride::model::template::Nothing;
use fastrand::Rng;
use serde_json::{Value, json};

/// What one item asks for.
#[derive(Clone, Debug)]
struct Slot {
    /// `None` is any name.
    name: Option<&'static str>,
    /// What the argument `k` must be.
    k: Argument,
    min: usize,
    max: usize,
    closed: bool,
    /// Written out, or implied by a reference.
    after: Vec<usize>,
}

#[derive(Clone, Debug)]
enum Argument {
    Any,
    Number(u64),
    /// What the item of this number saved.
    SavedBy(usize),
}

#[derive(Clone, Debug)]
struct Call {
    name: &'static str,
    k: u64,
    /// What the result holds, if there is one.
    id: Option<u64>,
    batch: u64,
    issued: u64,
    delivered: Option<u64>,
}

#[derive(Clone, Debug)]
enum Extra {
    Allow,
    Forbid,
    Only(&'static str),
}

#[derive(Clone, Debug)]
struct Instance {
    in_order: bool,
    extra: Extra,
    slots: Vec<Slot>,
    calls: Vec<Call>,
}

const NAMES: [&str; 3] = ["a", "b", "c"];

fn instance(rng: &mut Rng, causal: bool) -> Instance {
    let slots = rng.usize(0..=if causal { 3 } else { 4 });
    let extra = match rng.u8(0..5) {
        0 => Extra::Forbid,
        1 => Extra::Only(NAMES[rng.usize(0..3)]),
        _ => Extra::Allow,
    };
    let mut out = Instance { in_order: rng.bool(), extra, slots: vec![], calls: calls(rng) };
    for at in 0..slots {
        let slot = slot(rng, at, causal);
        out.slots.push(slot);
    }
    out
}

fn slot(rng: &mut Rng, at: usize, causal: bool) -> Slot {
    let (min, max, closed) = match rng.u8(0..8) {
        0 => (1, 1, true),
        1 => (2, 2, true),
        2 => (0, 1, true),
        3 => (1, 2, true),
        4 => (0, usize::MAX, false),
        5 => (1, usize::MAX, false),
        _ => (1, 1, false),
    };
    let name = if rng.u8(0..5) == 0 { None } else { Some(NAMES[rng.usize(0..2)]) };
    let mut k = if rng.bool() { Argument::Any } else { Argument::Number(rng.u64(1..3)) };
    let mut after = vec![];
    if causal && at > 0 {
        let other = rng.usize(0..at);
        match rng.u8(0..3) {
            0 => after.push(other),
            1 => {
                k = Argument::SavedBy(other);
                after.push(other);
            }
            _ => {}
        }
    }
    Slot { name, k, min, max, closed, after }
}

/// Some calls are of one batch, some results are late, some never come. A result may even come before the next call of its own
/// batch is issued (calls read from one frame): that makes none of them depend on another.
fn calls(rng: &mut Rng) -> Vec<Call> {
    let (mut clock, mut batch) = (0, 0);
    let mut out: Vec<Call> = vec![];
    for _ in 0..rng.usize(0..=5) {
        clock += 2;
        if rng.u8(0..3) > 0 {
            batch += 1;
            clock += 10;
        }
        let delivered = match rng.u8(0..6) {
            0 => None,
            1 => Some(clock + 15),
            2 | 3 => Some(clock + 1),
            _ => Some(clock + 5),
        };
        let id = (rng.u8(0..5) > 0 && delivered.is_some()).then(|| rng.u64(1..3));
        out.push(Call { name: NAMES[rng.usize(0..3)], k: rng.u64(1..3), id, batch, issued: clock, delivered });
    }
    out
}

// ---- the rules ----

fn fits(slot: &Slot, call: &Call, saved: Option<Option<u64>>) -> bool {
    let k = match (&slot.k, saved) {
        (Argument::Any, _) => true,
        (Argument::Number(n), _) => *n == call.k,
        (Argument::SavedBy(_), None) => true,
        (Argument::SavedBy(_), Some(saved)) => saved == Some(call.k),
    };
    k && slot.name.is_none_or(|name| name == call.name)
}

fn precedes(before: &Call, after: &Call) -> bool {
    before.batch != after.batch && before.delivered.is_some_and(|delivered| delivered < after.issued)
}

fn holds(instance: &Instance, map: &[Option<usize>]) -> bool {
    let Instance { slots, calls, .. } = instance;
    let of = |slot: usize| (0..calls.len()).filter(move |call| map[*call] == Some(slot));
    let saved = |slot: usize| of(slot).next().and_then(|call| calls[call].id);
    let each = map.iter().enumerate().all(|(call, slot)| match slot {
        // 1: it fits, references read under the captures; 6: the captures are those of the first call.
        Some(slot) => match slots[*slot].k {
            Argument::SavedBy(other) => fits(&slots[*slot], &calls[call], Some(saved(other))),
            _ => fits(&slots[*slot], &calls[call], None),
        },
        // 3: what is left over is allowed, and fits no closed item, references read as any.
        None => {
            let allowed = match instance.extra {
                Extra::Allow => true,
                Extra::Forbid => false,
                Extra::Only(name) => calls[call].name == name,
            };
            allowed && !slots.iter().any(|slot| slot.closed && fits(slot, &calls[call], None))
        }
    });
    // 2: how often.
    let counts = (0..slots.len()).all(|slot| (slots[slot].min..=slots[slot].max).contains(&of(slot).count()));
    // 4: order.
    let assigned: Vec<usize> = map.iter().flatten().copied().collect();
    let ordered = !instance.in_order || assigned.is_sorted();
    // 5: causality.
    let causal = (0..slots.len()).all(|slot| {
        slots[slot].after.iter().all(|before| of(*before).all(|first| of(slot).all(|then| precedes(&calls[first], &calls[then]))))
    });
    each && counts && ordered && causal
}

fn exhaustive(instance: &Instance, map: &mut Vec<Option<usize>>) -> bool {
    if map.len() == instance.calls.len() {
        return holds(instance, map);
    }
    let choices = (0..instance.slots.len()).map(Some).chain([None]);
    for choice in choices {
        map.push(choice);
        let found = exhaustive(instance, map);
        map.pop();
        if found {
            return true;
        }
    }
    false
}

/// What most tools do: each call goes to the first item that fits and has room.
fn greedy(instance: &Instance) -> bool {
    let mut map: Vec<Option<usize>> = vec![];
    for call in &instance.calls {
        let last = if instance.in_order { map.iter().flatten().max().copied().unwrap_or(0) } else { 0 };
        let room = |slot: &usize| map.iter().filter(|other| **other == Some(*slot)).count() < instance.slots[*slot].max;
        let slot = (last..instance.slots.len()).find(|slot| fits(&instance.slots[*slot], call, None) && room(slot));
        map.push(slot);
    }
    holds(instance, &map)
}

// ---- the library ----

fn written(instance: &Instance) -> Value {
    let items: Vec<Value> = instance.slots.iter().enumerate().map(|(at, slot)| item(instance, at, slot)).collect();
    let extra = match instance.extra {
        Extra::Allow => json!("allow"),
        Extra::Forbid => json!("forbid"),
        Extra::Only(name) => json!({"allow": [name]}),
    };
    json!({if instance.in_order { "in_order" } else { "any_order" }: items, "extra": extra, "count": {"gte": 0}})
}

fn item(instance: &Instance, at: usize, slot: &Slot) -> Value {
    let mut item = json!({"call": slot.name.unwrap_or("*"), "as": format!("i{at}")});
    match &slot.k {
        Argument::Any => {}
        Argument::Number(n) => item["args"] = json!({"k": n}),
        Argument::SavedBy(other) => item["args"] = json!({"k": format!("{{{{v{other}}}}}")}),
    }
    if instance.slots.iter().any(|other| matches!(other.k, Argument::SavedBy(saver) if saver == at)) {
        item["save"] = json!({format!("v{at}"): "$.result.id"});
    }
    // A reference implies `after`; it is written out only where there is none.
    if !slot.after.is_empty() && !matches!(slot.k, Argument::SavedBy(_)) {
        item["after"] = slot.after.iter().map(|other| format!("i{other}")).collect();
    }
    match (slot.min, slot.max, slot.closed) {
        (1, 1, false) => {}
        (n, m, true) if n == m => item["times"] = json!(n),
        (min, usize::MAX, _) => item["times"] = json!({"gte": min}),
        (min, max, _) => item["times"] = json!({"gte": min, "lte": max}),
    }
    item
}

fn observed(instance: &Instance) -> Vec<Value> {
    let value = |call: &Call| {
        let result = call.id.map_or(json!({}), |id| json!({"id": id}));
        json!({"name": call.name, "args": {"k": call.k}, "status": "ok", "result": result})
    };
    instance.calls.iter().map(value).collect()
}

fn library(instance: &Instance) -> bool {
    let values = observed(instance);
    let entries: Vec<Entry<'_>> = values
        .iter()
        .zip(&instance.calls)
        .enumerate()
        .map(|(index, (value, call))| Entry {
            value,
            index,
            session_index: index,
            session: "main",
            issued: call.issued,
            batch: call.batch,
            delivered: call.delivered,
        })
        .collect();
    let pattern = read(|reader| reader.list(&node(&written(instance)), ListKind::Calls));
    let verdict = check(&pattern, &entries, &Nothing);
    assert_eq!(verdict.fault, None, "{instance:#?}");
    let complete = verdict.matched.len() == entries.len();
    assert!(complete, "{instance:#?}");
    // An assignment that is called complete must be one by the rules.
    assert!(!verdict.passed || holds(instance, &verdict.matched), "{instance:#?}\n{:?}", verdict.matched);
    // A failure says at least which item or which call.
    assert!(verdict.passed || (!verdict.message.is_empty() && !verdict.details.is_empty()), "{instance:#?}");
    verdict.passed
}

fn agree(seed: u64, instances: usize, causal: bool) {
    let mut rng = Rng::with_seed(seed);
    let (mut passed, mut fooled) = (0, 0);
    for _ in 0..instances {
        let instance = instance(&mut rng, causal);
        let expected = exhaustive(&instance, &mut vec![]);
        assert_eq!(library(&instance), expected, "{}\n{instance:#?}", written(&instance));
        passed += usize::from(expected);
        fooled += usize::from(greedy(&instance) != expected);
    }
    println!("{instances} instances, {passed} pass, a greedy matcher is wrong on {fooled}");
    assert!(passed * 10 > instances && passed * 10 < instances * 9, "{passed} of {instances} pass: the instances say nothing");
    assert!(fooled > 0, "no instance needs more than a greedy matcher");
}

#[test]
fn flow_and_automaton_agree_with_the_exhaustive_matcher() {
    agree(1, 12_000, false);
}

#[test]
fn causal_search_agrees_with_the_exhaustive_matcher() {
    agree(2, 12_000, true);
}
