//! Which reply a request gets: the next of a script, or that of the first rule that matches.
//!
//! Owns: counting what was given, what was left over.
//! Must not know: wires, sockets, templates in replies.

use super::persona;
use super::route::Wire;
use super::shown;
use crate::base::Span;
use crate::fakes::rules::{self, NoAnswer, NoRule, Rule};
use crate::model::fake::{ModelFake, ModelReplies, ModelRule, Reply, UsedUp};
use crate::model::pattern::{Form, Pattern};
use crate::model::template::Scope;
use crate::model::trace::Problem;
use serde_json::Value;
use std::borrow::Cow;

/// What was given so far.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// How many of the script, or how often each rule answered.
    counts: Vec<usize>,
}

/// The reply of one request, with the name by which messages and the trace know it.
#[derive(Clone, Debug)]
pub struct Chosen<'a> {
    pub rule: String,
    pub reply: Cow<'a, Reply>,
    /// What should be known about it.
    pub note: Option<String>,
}

impl<'a> Chosen<'a> {
    fn written(rule: String, reply: &'a Reply) -> Chosen<'a> {
        Chosen { rule, reply: Cow::Borrowed(reply), note: None }
    }
}

impl Rule for ModelRule {
    fn when(&self) -> Option<&Pattern> {
        self.when.as_ref()
    }
}

/// Gives the next reply, of a script, or by the facts, which only rules and personas ask for.
pub fn next<'a>(
    model: &'a ModelFake,
    given: &mut Given,
    fake: &str,
    wire: Wire,
    facts: &Value,
    scope: &dyn Scope,
) -> Result<Chosen<'a>, NoAnswer> {
    match &model.replies {
        ModelReplies::Script(script) => next_of_script(script, given, fake, model.used_up),
        ModelReplies::Rules(rules) => by_rules(rules, given, fake, model.used_up, facts, scope),
        ModelReplies::Persona(persona) => persona::next(persona, wire, &facts["body"], scope).map(|played| Chosen {
            rule: played.rule,
            reply: Cow::Owned(played.reply),
            note: played.note,
        }),
    }
}

/// Whether some rule asks for headers; they are many, and few rules do.
pub fn look_at_headers(model: &ModelFake) -> bool {
    let ModelReplies::Rules(rules) = &model.replies else { return false };
    rules.iter().filter_map(|rule| rule.when.as_ref()).any(|when| match &when.form {
        Form::Subset(fields) => fields.iter().any(|(name, _)| &**name == "headers"),
        _ => true,
    })
}

/// The place of the next reply in a sequence that begins again if it shall.
fn turn(count: usize, length: usize, used_up: UsedUp) -> usize {
    if used_up == UsedUp::Repeat && length > 0 { count % length } else { count }
}

/// A sequence is used up.
fn none_left(message: String, used_up: UsedUp) -> NoAnswer {
    let message = if let UsedUp::RefuseAndSay(help) = used_up { format!("{message}; {help}") } else { message };
    NoAnswer { message, ..NoAnswer::default() }
}

fn next_of_script<'a>(script: &'a [Reply], given: &mut Given, fake: &str, used_up: UsedUp) -> Result<Chosen<'a>, NoAnswer> {
    given.counts.resize(1, 0);
    let count = given.counts[0];
    given.counts[0] += 1;
    let at = turn(count, script.len(), used_up);
    match script.get(at) {
        Some(reply) => Ok(Chosen::written(format!("script[{at}]"), reply)),
        None => {
            let has = if script.len() == 1 { "1 reply".to_owned() } else { format!("{} replies", script.len()) };
            let times = if at == 0 { "once".to_owned() } else { format!("{} times", at + 1) };
            let message = format!("`{fake}` was asked {times}, but its script has {has}");
            Err(none_left(message, used_up))
        }
    }
}

/// Gives the reply of the first rule whose `when` holds over the facts. A rule that has several replies gives them in
/// turn, each once.
fn by_rules<'a>(
    rules: &'a [ModelRule],
    given: &mut Given,
    fake: &str,
    used_up: UsedUp,
    facts: &Value,
    scope: &dyn Scope,
) -> Result<Chosen<'a>, NoAnswer> {
    given.counts.resize(rules.len(), 0);
    let open = |at: usize| !rules[at].then_next || given.counts[at] < rules[at].replies.len();
    match rules::first_open(rules, open, facts, "the request", scope) {
        Ok(at) => of_rule(&rules[at], at, &mut given.counts[at], fake, used_up),
        Err(NoRule::NotTestable { at, reason }) => {
            let message = format!("rules[{at}] of `{fake}` cannot be tested: {reason}");
            Err(NoAnswer { message, details: vec![], suite: true })
        }
        Err(NoRule::NoneMatches { nearest }) => {
            let message = format!("`{fake}` got a request that none of its {} rules matches", rules.len());
            let details = nearest.into_iter().map(|(at, how)| format!("nearest: rules[{at}]: {how}")).collect();
            Err(NoAnswer { message, details, suite: false })
        }
    }
}

fn of_rule<'a>(rule: &'a ModelRule, at: usize, count: &mut usize, fake: &str, used_up: UsedUp) -> Result<Chosen<'a>, NoAnswer> {
    let turn = turn(*count, rule.replies.len(), used_up);
    *count += 1;
    match rule.replies.as_slice() {
        [] => Err(NoAnswer { message: format!("rules[{at}] of `{fake}` has no reply"), details: vec![], suite: true }),
        [reply] => Ok(Chosen::written(format!("rules[{at}]"), reply)),
        replies => match replies.get(turn) {
            Some(reply) => Ok(Chosen::written(format!("rules[{at}].reply[{turn}]"), reply)),
            None => {
                let message = format!("rules[{at}] of `{fake}` matched {} requests, but has {} replies", turn + 1, replies.len());
                Err(none_left(message, used_up))
            }
        },
    }
}

/// A sequence of which something was left over: how many there are, and the replies that were never asked for.
pub struct LeftOver<'a> {
    pub sequence: String,
    pub total: usize,
    pub replies: Vec<(String, &'a Reply)>,
    pub span: Span,
}

/// Every sequence that was not used up. A rule with one reply is no sequence.
pub fn left_over<'a>(replies: &'a ModelReplies, given: &Given) -> Vec<LeftOver<'a>> {
    let count = |at: usize| given.counts.get(at).copied().unwrap_or(0);
    let of = |sequence: &str, name: &str, replies: &'a [Reply], used: usize| {
        let left = replies.iter().enumerate().skip(used).map(|(at, reply)| (format!("{name}[{at}]"), reply)).collect::<Vec<_>>();
        let span = left.first()?.1.span;
        Some(LeftOver { sequence: sequence.to_owned(), total: replies.len(), replies: left, span })
    };
    match replies {
        ModelReplies::Script(script) => of("", "script", script, count(0)).into_iter().collect(),
        ModelReplies::Rules(rules) => {
            let sequences = rules.iter().enumerate().filter(|(_, rule)| rule.replies.len() > 1 || rule.then_next);
            sequences
                .filter_map(|(at, rule)| of(&format!("rules[{at}] of "), &format!("rules[{at}].reply"), &rule.replies, count(at)))
                .collect()
        }
        ModelReplies::Persona(_) => vec![],
    }
}

impl LeftOver<'_> {
    pub fn problem(&self, fake: &str) -> Problem {
        let left = self.replies.len();
        let were = if left == 1 { "was" } else { "were" };
        let first = shown::reply(self.replies[0].1);
        let replies = if self.total == 1 { "reply" } else { "replies" };
        Problem {
            blame: None,
            code: "unused-replies".to_owned(),
            message: format!(
                "{left} of {} {replies} of {}`{fake}` {were} never asked for: {first}{}",
                self.total,
                self.sequence,
                if left > 1 { ", …" } else { "" }
            ),
            details: self.replies.iter().map(|(name, reply)| format!("never asked for: {name}: {}", shown::reply(reply))).collect(),
        }
    }
}
