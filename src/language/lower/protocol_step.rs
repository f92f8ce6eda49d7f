//! The steps of a protocol itself.
//!
//! Owns: their verbs and conditions.
//! Must not know: how a step is carried out.

use super::Lowering;
use super::check::wrong_place;
use super::lowering::{key_span, plain_scalars};
use crate::base::Diagnostic;
use crate::base::suggest::did_you_mean;
use crate::language::docs::protocol::{ProtocolStepDoc, RunDoc, StepConditionDoc};
use crate::language::shape::{Named, Or, Text};
use crate::model::pattern::JsonPath;
use crate::model::protocol::{ProtocolStep, ProtocolVerb, StepCondition};
use std::sync::Arc;
use std::time::Duration;

const VERBS: [&str; 9] = ["send", "await", "rpc", "http", "run", "listen", "append", "set", "do"];
const WITHIN: Duration = Duration::from_secs(30);
/// An answer may take as long as the suite's step that asks for it.
const LONG: Duration = Duration::from_secs(24 * 3600);

pub fn steps(docs: &[ProtocolStepDoc], low: &mut Lowering<'_>) -> Vec<ProtocolStep> {
    docs.iter().filter_map(|doc| step(doc, low)).collect()
}

fn step(doc: &ProtocolStepDoc, low: &mut Lowering<'_>) -> Option<ProtocolStep> {
    let name = one_verb(doc, low)?;
    if doc.with.is_some() && name != "rpc" {
        low.push(wrong_place(key_span(&doc.node, "with"), "with", "it goes with `rpc`"));
    }
    let span = key_span(&doc.node, name);
    let only_if = doc.only_if.as_ref().map(|doc| condition(doc, low));
    let save = saves(doc.save.as_ref(), low);
    let expect = doc.expect.as_ref().map(|pattern| low.pattern(&pattern.0));
    let verb = verb(doc, name, low)?;
    let within = if matches!(name, "http" | "listen") { LONG } else { WITHIN };
    Some(ProtocolStep { span, verb, only_if, save, expect, within: doc.within.map_or(within, |within| within.duration) })
}

fn one_verb(doc: &ProtocolStepDoc, low: &mut Lowering<'_>) -> Option<&'static str> {
    let given: Vec<_> = VERBS.iter().copied().filter(|verb| doc.node.get(verb).is_some()).collect();
    if let [first, second, ..] = given.as_slice() {
        let message = format!("`{first}` and `{second}` are both verbs; a step has one");
        low.push(Diagnostic::error("one-verb", key_span(&doc.node, second), message).label("the second verb").help("make two steps of it"));
    }
    let known = |key: &str| ProtocolStepDoc::names().any(|name| name == key);
    let typo = doc.node.entries().iter().any(|entry| !known(&entry.key) && did_you_mean(&entry.key, VERBS).is_some());
    if given.is_empty() && !typo {
        let all = VERBS.map(|verb| format!("`{verb}`")).join(", ");
        low.push(Diagnostic::error("one-verb", doc.node.span, "a step needs a verb").label("it has none").help(format!("one of {all}")));
    }
    given.first().copied()
}

fn verb(doc: &ProtocolStepDoc, name: &str, low: &mut Lowering<'_>) -> Option<ProtocolVerb> {
    Some(match name {
        "send" => ProtocolVerb::Send(doc.send.as_ref()?.0.clone()),
        "await" => ProtocolVerb::Await(low.pattern(&doc.wait_for.as_ref()?.frame.0)),
        "rpc" => ProtocolVerb::Rpc { method: doc.rpc.as_ref()?.0.clone(), with: doc.with.as_ref().map(|with| with.0.clone()) },
        "http" => ProtocolVerb::Http(doc.http.as_ref()?.node.clone()),
        "run" => run(doc.run.as_ref()?),
        "listen" => {
            let listen = doc.listen.as_ref()?;
            ProtocolVerb::Listen { path: listen.path.0.clone(), until: listen.until.as_ref().map(|until| low.pattern(&until.0)) }
        }
        "append" => {
            let entries = &doc.append.as_ref()?.entries;
            let [(name, value)] = entries.as_slice() else {
                low.push(
                    Diagnostic::error("one-kind", key_span(&doc.node, "append"), "`append` adds to one list").label("expected one name"),
                );
                return None;
            };
            ProtocolVerb::Append { name: name.to_string(), value: value.0.clone() }
        }
        "set" => {
            let values = doc.set.as_ref()?.entries.iter();
            ProtocolVerb::Set(values.map(|(name, value)| (name.text.clone(), value.0.clone())).collect())
        }
        "do" => ProtocolVerb::Do(doc.act.as_ref()?.to_string()),
        _ => return None,
    })
}

fn run(doc: &RunDoc) -> ProtocolVerb {
    ProtocolVerb::Run {
        args: doc.args.iter().flatten().map(|word| word.0.clone()).collect(),
        stdin: doc.stdin.as_ref().map(|text| text.0.clone()),
        env: plain_scalars(doc.env.as_ref()),
    }
}

pub fn condition(doc: &StepConditionDoc, low: &mut Lowering<'_>) -> StepCondition {
    StepCondition {
        settings: doc.settings.as_ref().map(|settings| low.pattern(&settings.0)),
        agent: doc.agent.as_ref().map(|saved| low.pattern(&saved.0)),
        first_turn: doc.first_turn.map(|first| first.on),
        turn_ended: doc.turn_ended.map(|ended| ended.on),
    }
}

/// `save: {name: $.path}`, or a list of paths of which the first that exists counts.
pub fn saves(doc: Option<&Named<Or<Text, Vec<Text>>>>, low: &mut Lowering<'_>) -> Vec<(Arc<str>, Vec<JsonPath>)> {
    let mut saves = Vec::new();
    for (name, paths) in doc.map(|doc| doc.entries.as_slice()).unwrap_or_default() {
        let paths: Vec<_> = match paths {
            Or::This(path) => low.path(path).into_iter().collect(),
            Or::That(paths) => paths.iter().filter_map(|path| low.path(path)).collect(),
        };
        saves.push((name.text.clone(), paths));
    }
    saves
}
