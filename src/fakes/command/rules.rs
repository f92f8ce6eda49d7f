//! Which rule answers a call: the first that matches; and if none does, which was nearest.
//!
//! Owns: the choice, and what is said when there is none.
//! Must not know: processes, files, how an answer is given.

use super::counters::Counters;
use super::log::Unmatched;
use super::plan::{self, Answer, Command, Rule, When};
use crate::base::{Diagnostics, Span};
use crate::matching::{glob, value};
use crate::model::pattern::Glob;
use crate::model::template::Nothing;
use crate::model::tree::{Content, Node};
use serde_json::{Value, json};

/// Longer arguments are cut in messages.
const SHOWN: usize = 300;

/// A call, as rules see it.
pub struct Call<'a> {
    pub name: &'a str,
    pub argv: &'a [String],
    pub stdin: &'a str,
    pub cwd: &'a str,
}

pub enum Choice<'a> {
    Answer {
        rule: &'a Rule,
        answer: &'a Answer,
    },
    /// No rule matched.
    Unmatched(Unmatched),
    /// The rule that matched has given all its answers; the case fails whatever `otherwise` says.
    UsedUp(Unmatched),
}

/// The key under which the answers given by a sequence are counted.
pub fn sequence_key(name: &str, rule: usize) -> String {
    format!("{name}/{rule}")
}

/// Chooses; `counters` are given if the command counts, and are changed.
pub fn choose<'a>(command: &'a Command, call: &Call<'_>, counters: Option<&mut Counters>) -> Choice<'a> {
    let joined = call.argv.join(" ");
    let mut counters = counters;
    let nth = counters.as_deref_mut().map_or(0, |counters| counters.next(call.name) + 1);
    let seen = json!({"argv": call.argv, "stdin": call.stdin, "cwd": call.cwd, "nth": nth});
    let mut missed = Vec::new();
    for (at, rule) in command.rules.iter().enumerate() {
        match matches(&rule.when, &joined, &seen) {
            Ok(()) => return given(rule, at, call, &joined, counters),
            Err(reason) => missed.push((rule, reason)),
        }
    }
    Choice::Unmatched(Unmatched {
        message: format!("no rule of the mocked command `{}` matches `{}`", call.name, cut(&joined)),
        details: nearest(&missed, &joined).into_iter().collect(),
    })
}

fn given<'a>(rule: &'a Rule, at: usize, call: &Call<'_>, joined: &str, counters: Option<&mut Counters>) -> Choice<'a> {
    let index = match counters {
        Some(counters) if rule.sequence => counters.next(&sequence_key(call.name, at)),
        _ => 0,
    };
    match rule.answers.get(index as usize) {
        Some(answer) => Choice::Answer { rule, answer },
        None => Choice::UsedUp(Unmatched {
            message: format!("the mocked command `{}` was asked `{}` once too often", call.name, cut(joined)),
            details: vec![format!("{} has {} answers, and all were given", rule.label, rule.answers.len())],
        }),
    }
}

/// The error says what differs; it is empty where the rule's own text says it all.
fn matches(when: &When, joined: &str, seen: &Value) -> Result<(), String> {
    match when {
        When::Always => Ok(()),
        When::Glob(text) => {
            let pattern = Glob { pattern: Node::new(Span::NONE, Content::Text(text.as_str().into())) };
            if glob::glob_matches(&pattern, joined, &Nothing)? { Ok(()) } else { Err(String::new()) }
        }
        When::Pattern(written) => {
            let pattern = plan::read_pattern(written, &mut Diagnostics::default());
            value::test(&pattern, Some(seen), &Nothing)
                .map_err(|miss| format!("{}: expected {}, got {}", miss.path, miss.expected, cut(&miss.actual)))
        }
    }
}

/// The rule whose text is most like what was asked, with what differs.
fn nearest(missed: &[(&Rule, String)], joined: &str) -> Option<String> {
    let like = |text: &str| {
        let words = text.split(' ').zip(joined.split(' ')).take_while(|(a, b)| a == b || *a == "*").count();
        words as f64 + strsim::jaro_winkler(text, &cut(joined))
    };
    let likeness = |rule: &Rule| match &rule.when {
        When::Glob(glob) => like(glob),
        When::Pattern(written) => written_argv(written).map_or(0.5, |argv| like(&argv)),
        When::Always => 0.5,
    };
    let (rule, reason) = missed.iter().max_by(|(a, _), (b, _)| likeness(a).total_cmp(&likeness(b)))?;
    let colon = if reason.is_empty() { "" } else { ": " };
    Some(format!("nearest is {}{colon}{reason}", rule.label))
}

/// The argv that a pattern spells out, as far as it is texts.
fn written_argv(pattern: &Value) -> Option<String> {
    let words = pattern.get("argv")?.as_array()?;
    Some(words.iter().map(|word| word.as_str().unwrap_or("*")).collect::<Vec<_>>().join(" "))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
