//! Which fixture answers where several could, said as the order of rules, of which the first that matches answers.
//!
//! aimock takes the first of those that match, with two exceptions. Fixtures that ask for the same with a `sequenceIndex` answer
//! once each, in turn. And `turnIndex` is a place in the conversation: the nearest place behind comes first, then what has no
//! place, then the first place ahead. Two fixtures whose texts do not contain each other are taken for different requests.
//!
//! Owns: this order.
//! Must not know: what is asked or answered, YAML.

use super::asked::Asked;
use serde_json::{Map, Value, json};

/// A fixture as it was read.
#[derive(Clone, Debug)]
pub struct Read {
    pub place: String,
    pub asked: Asked,
    pub reply: Value,
}

/// A rule, and which fixtures it is made of.
#[derive(Clone, Debug)]
pub struct Rule {
    pub places: Vec<String>,
    pub when: Map<String, Value>,
    pub replies: Vec<Value>,
    /// Each reply is given once, then the rules after it are tried.
    pub once: bool,
}

/// A rule before its place in the conversation is a condition.
#[derive(Clone)]
struct Placed {
    asked: Asked,
    at: usize,
    rule: Rule,
}

/// The rules that answer as these fixtures do; `left` gets those that never answer, with the reason.
pub fn rules(read: Vec<Read>, left: &mut Vec<(String, String)>) -> Vec<Rule> {
    let placed = merged(in_sequence(read, left));
    let (mut turns, others): (Vec<_>, Vec<_>) = placed.into_iter().partition(|rule| rule.asked.turn.is_some());
    let turn = |rule: &Placed| rule.asked.turn.unwrap_or_default();
    turns.sort_by_key(|rule| (-turn(rule), rule.at));
    let mut rules: Vec<Rule> = turns.iter().flat_map(|rule| behind(rule, turn(rule), &others)).collect();
    rules.extend(others.iter().map(|rule| rule.rule.clone()));
    turns.sort_by_key(|rule| (turn(rule), rule.at));
    for (at, rule) in turns.iter().enumerate() {
        let answered_before = |other: &Placed| rule.asked.implies(&other.asked);
        if turn(rule) > 0 && !others.iter().any(answered_before) && !turns[..at].iter().any(answered_before) {
            rules.push(rule.rule.clone());
        }
    }
    rules
}

/// A place that was reached, before all others behind it; what has no place comes before it where it stands before it.
fn behind(rule: &Placed, turn: i64, others: &[Placed]) -> Vec<Rule> {
    let with = |rule: &Rule, when: &Map<String, Value>, answers: Value| {
        let mut when = when.clone();
        when.insert("answers".to_owned(), answers);
        Rule { when, ..rule.clone() }
    };
    let here = if turn > 0 { with(&rule.rule, &rule.rule.when, json!({"gte": turn})) } else { rule.rule.clone() };
    let earlier = others.iter().find(|other| other.at < rule.at && rule.asked.implies(&other.asked) && turn >= 0);
    earlier.map(|other| with(&other.rule, &rule.rule.when, json!(turn))).into_iter().chain([here]).collect()
}

/// The fixtures in the order in which they can answer; one that waits for an earlier one of its sequence stands behind it.
fn in_sequence(read: Vec<Read>, left: &mut Vec<(String, String)>) -> Vec<(usize, Read)> {
    let mut placed = Vec::new();
    for (at, fixture) in read.iter().enumerate() {
        let Some(sequence) = fixture.asked.sequence else {
            placed.push((at, fixture.clone()));
            continue;
        };
        let same = |index: u64| read.iter().position(|other| other.asked.sequence == Some(index) && other.asked.same(&fixture.asked));
        if same(sequence).is_some_and(|first| first < at) {
            left.push((
                fixture.place.clone(),
                format!("another fixture before it asks for the same, with the same `sequenceIndex` {sequence}"),
            ));
            continue;
        }
        let mut last = at;
        match (0..sequence).find_map(|index| {
            same(index).map_or(Some(index), |before| {
                last = last.max(before);
                None
            })
        }) {
            Some(missing) => left.push((
                fixture.place.clone(),
                format!("it never answers: no fixture that asks for the same has the `sequenceIndex` {missing}"),
            )),
            None => placed.push((last, fixture.clone())),
        }
    }
    placed.sort_by_key(|(at, fixture)| (*at, fixture.asked.sequence));
    placed
}

/// Neighbours of one sequence are one rule.
fn merged(fixtures: Vec<(usize, Read)>) -> Vec<Placed> {
    let mut placed: Vec<Placed> = Vec::new();
    for (at, Read { place, asked, reply }) in fixtures {
        match placed.last_mut() {
            Some(last) if asked.sequence.is_some() && last.asked.sequence.is_some() && last.asked.same(&asked) => {
                last.rule.places.push(place);
                last.rule.replies.push(reply);
            }
            _ => {
                let rule = Rule { places: vec![place], when: asked.when.clone(), replies: vec![reply], once: asked.sequence.is_some() };
                placed.push(Placed { asked, at, rule });
            }
        }
    }
    placed
}
