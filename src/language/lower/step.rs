//! Steps: from the mapping to its one verb and its parameters.
//!
//! Owns: that a step has one verb, and which parameters go with which verb.
//! Must not know: how a step is carried out.

use super::check::{self, Mode, wrong_place};
use super::lowering::key_span;
use super::{Lowering, condition, positive, rubric, session, verb};
use crate::base::suggest::did_you_mean;
use crate::base::{Diagnostic, Span};
use crate::language::docs::step::StepDoc;
use crate::language::shape::Or;
use crate::model::expect::Expect;
use crate::model::judge::Rubric;
use crate::model::step::Step;
use crate::model::template::Hole;
use crate::model::tree::{Content, Entry, Node};
use std::sync::Arc;
use std::time::Duration;

/// Verbs, as written.
pub const VERBS: [&str; 16] = [
    "user",
    "do",
    "rpc",
    "send",
    "await",
    "quiet",
    "release",
    "http",
    "probe",
    "connect",
    "disconnect",
    "reconnect",
    "restart",
    "stop",
    "start",
    "pause",
];

/// Parameters that only some verbs have.
const PARAMETERS: [(&str, &[&str]); 8] = [
    ("solution", &["user"]),
    ("attack", &["user"]),
    ("wait", &["user"]),
    ("judge", &["user"]),
    ("for", &["quiet"]),
    ("stays", &["probe"]),
    ("with", &["user", "do", "rpc"]),
    ("session", &["user", "do", "rpc", "send", "await", "quiet", "connect", "disconnect", "reconnect"]),
];

const WITHIN: Duration = Duration::from_secs(30);

/// A step, and what is known of it even where this version cannot carry it out.
#[derive(Clone, Debug)]
pub struct StepDraft {
    pub verb: &'static str,
    /// The verb's place.
    pub span: Span,
    pub step: Option<Step>,
    pub expect: Expect,
    pub never: Expect,
    pub judge: Option<Rubric>,
}

/// `prompt: text` as the step it is short for.
pub fn prompt(text: &Arc<Node>, span: Span) -> Arc<Node> {
    Node::new(text.span, Content::Map(vec![Entry { key: "user".into(), key_span: span, value: text.clone() }]))
}

/// Lowers one step. `None` if it has no verb. `within` is what its agent says.
pub fn step(doc: &StepDoc, labels: &[String], within: Option<Duration>, low: &mut Lowering<'_>) -> Option<StepDraft> {
    let name = one_verb(doc, low)?;
    for (parameter, verbs) in PARAMETERS {
        if doc.node.get(parameter).is_some() && !verbs.contains(&name) {
            let verbs = verbs.iter().map(|verb| format!("`{verb}`")).collect::<Vec<_>>().join(", ");
            low.push(wrong_place(key_span(&doc.node, parameter), parameter, &format!("it goes with {verbs}")));
        }
    }
    let expect = check::expect(doc.expect.as_ref().map(|doc| &doc.node), Mode::Expect, Some(name), low);
    let never = check::expect(doc.never.as_ref().map(|doc| &doc.node), Mode::Never, Some(name), low);
    let span = key_span(&doc.node, name);
    let judge = match &doc.judge {
        Some(Or::That(long)) => rubric::rubric(long, key_span(&doc.node, "judge"), low),
        _ => None,
    };
    let save = low.saves(doc.save.as_ref());
    let verb = verb::verb(doc, name, low);
    let only_if = doc.only_if.as_ref().map(|doc| condition::conditions(doc, low)).unwrap_or_default();
    let written = session::label(doc).or_else(|| verb.as_ref().and_then(verb::session));
    let session_given = written.is_some();
    let step = verb.map(|verb| Step {
        span,
        verb,
        with: doc.with.as_ref().map(|with| match with {
            Or::This(text) => text.0.clone(),
            Or::That(mapping) => mapping.0.clone(),
        }),
        label: doc.label.as_ref().map(|label| label.to_string()),
        session: written.unwrap_or_else(|| session::of_step(doc, labels)),
        session_key: session::key(doc),
        session_given,
        uses_session: uses_session(&doc.node),
        within: doc.within.map(|within| within.duration).or(within).unwrap_or(WITHIN),
        stays: doc.stays.map(|stays| stays.duration),
        positive: name == "await" || positive::expects(&expect),
        only_if,
        save,
        expect: expect.clone(),
        never: never.clone(),
        judge: judge.clone(),
    });
    Some(StepDraft { verb: name, span, step, expect, never, judge })
}

fn uses_session(step: &Node) -> bool {
    let mut uses = false;
    step.templates(&mut |_, template| uses |= template.holes().filter_map(Hole::name).any(|name| name.starts_with("session.")));
    uses
}

fn one_verb(doc: &StepDoc, low: &mut Lowering<'_>) -> Option<&'static str> {
    let given: Vec<_> = VERBS.iter().copied().filter(|verb| doc.node.get(verb).is_some()).collect();
    if let [first, second, ..] = given.as_slice() {
        low.push(
            Diagnostic::error("one-verb", key_span(&doc.node, second), format!("`{first}` and `{second}` are both verbs; a step has one"))
                .label("the second verb")
                .help("make two steps of it"),
        );
    }
    let typo = doc
        .node
        .entries()
        .iter()
        .any(|entry| !StepDoc::names().any(|name| name == &*entry.key) && did_you_mean(&entry.key, VERBS).is_some());
    if given.is_empty() && !typo {
        let all = VERBS.map(|verb| format!("`{verb}`")).join(", ");
        low.push(Diagnostic::error("one-verb", doc.node.span, "a step needs a verb").label("it has none").help(format!("one of {all}")));
    }
    given.first().copied()
}
