//! Cases: from the merged tree of one test to the case that is run.
//!
//! Owns: putting the parts of a case together; what is known of a case that cannot be run.
//! Must not know: how defaults are merged, which rules a sound case keeps.

use super::check::{self, Mode};
use super::lowering::key_span;
use super::step::{StepDraft, prompt, step};
use super::{Lowering, agent, command, condition, fake, persona, positive, reach, rubric, session};
use crate::base::{Diagnostic, Span};
use crate::language::attacked::has_attack;
use crate::language::builtin::Protocols;
use crate::language::docs::agent::AgentDoc;
use crate::language::docs::fake::{FakeDoc, PersonaWord};
use crate::language::docs::step::StepDoc;
use crate::language::docs::suite::{CaseDoc, LevelWord, SecretDoc};
use crate::language::instances::Instance;
use crate::language::shape::{Nullable, Or, Reading, Shape, Text, reading};
use crate::model::agent::Agent;
use crate::model::expect::Expect;
use crate::model::fake::Fake;
use crate::model::judge::Rubric;
use crate::model::persona::Turn;
use crate::model::protocol::Protocol;
use crate::model::suite::{Case, Condition, ExpectedFailure, Level, Secret};
use std::sync::Arc;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(60);

/// A fake, and what is known of it even where this version cannot carry it out.
#[derive(Clone, Debug)]
pub struct FakeDraft {
    pub name: Text,
    pub doc: FakeDoc,
    pub kind: Option<&'static str>,
    pub fake: Option<Arc<Fake>>,
}

/// A case after lowering: whole enough for all its mistakes to be found, even where it cannot be run.
#[derive(Clone, Debug)]
pub struct Draft {
    pub doc: CaseDoc,
    pub name_span: Span,
    pub agent_doc: Option<AgentDoc>,
    pub protocol: Option<Arc<Protocol>>,
    pub agent: Option<Arc<Agent>>,
    pub fakes: Vec<FakeDraft>,
    pub step_docs: Vec<StepDoc>,
    pub steps: Vec<StepDraft>,
    pub only_if: Vec<Condition>,
    pub expect: Expect,
    pub never: Expect,
    pub reach: Expect,
    pub judge: Option<Rubric>,
    pub sessions: Vec<String>,
    /// What case-level `reply` speaks of; `None` with several sessions and no `main`.
    pub session: Option<String>,
}

/// Lowers one test.
pub fn draft(instance: &Instance, protocols: &mut Protocols, low: &mut Lowering<'_>) -> Option<Draft> {
    let doc: CaseDoc = reading::read(&instance.tree, low.diagnostics)?;
    let agent_doc = match &doc.agent {
        Some(Or::That(Or::That(doc))) => Some(doc.clone()),
        _ => None,
    };
    let protocol = agent_doc.as_ref().and_then(|doc| named_protocol(doc, protocols, low));
    let agent = agent_of(instance, agent_doc.as_ref(), protocol.as_ref(), low);
    let step_docs = step_docs(&doc, instance.name_span, low);
    let turns = persona::turns(&doc, &step_docs, low);
    let fakes = fakes(&doc, &turns, low);
    let sessions = session::labels(&step_docs);
    let within = agent_doc.as_ref().and_then(|doc| doc.within).map(|within| within.duration);
    let steps = step_docs.iter().filter_map(|doc| step(doc, &sessions, within, low)).collect();
    let mut expect = check::expect(doc.expect.as_ref().map(|doc| &doc.node), Mode::Expect, None, low);
    let mut reach = check::expect(doc.reach.as_ref().map(|doc| &doc.node), Mode::Reach, None, low);
    if instance.attackable && !has_attack(&instance.tree) {
        // Where there is no attack, not to have read is not to have done the job.
        expect.checks.append(&mut reach.checks);
    }
    Some(Draft {
        name_span: instance.name_span,
        protocol,
        agent,
        fakes,
        steps,
        step_docs,
        only_if: only_if(&doc, low),
        expect,
        never: check::expect(doc.never.as_ref().map(|doc| &doc.node), Mode::Never, None, low),
        reach,
        judge: match &doc.judge {
            Some(Or::That(long)) => rubric::rubric(long, key_span(&doc.node, "judge"), low),
            _ => None,
        },
        session: session::of_case(&sessions),
        sessions,
        agent_doc,
        doc,
    })
}

impl Draft {
    /// The case that is run; `None` if something it needs could not be lowered, which was reported.
    pub fn case(self, instance: &Instance) -> Option<Case> {
        let unreached = reach::unreached(&self);
        let steps: Option<Vec<_>> = self.steps.into_iter().map(|draft| draft.step).collect();
        let fakes: Option<Vec<_>> = self.fakes.into_iter().map(|draft| Some((draft.name.to_string(), draft.fake?))).collect();
        let positive = positive::expects(&self.expect) || positive::reaches(&self.reach);
        let text = |text: &Option<Nullable<Text>>| text.as_ref().and_then(not_null).map(|text| text.to_string());
        Some(Case {
            id: instance.id.clone(),
            name: instance.name.clone(),
            span: instance.name_span,
            suite_path: instance.suite_path.clone(),
            suite_name: instance.suite_name.clone(),
            why: self.doc.why.as_ref().map(|why| why.to_string()),
            level: match self.doc.level.as_ref().and_then(not_null) {
                Some(LevelWord::Should) => Level::Should,
                _ => Level::Must,
            },
            tags: self.doc.tags.iter().flatten().map(|tag| tag.to_string()).collect(),
            owner: text(&self.doc.owner),
            severity: text(&self.doc.severity),
            skip: self.doc.skip.as_ref().map(|reason| reason.to_string()),
            only_if: self.only_if,
            unreached,
            agent: self.agent?,
            fakes: fakes?,
            secrets: secrets(&self.doc),
            timeout: self.doc.timeout.as_ref().and_then(not_null).map_or(TIMEOUT, |timeout| timeout.duration),
            steps: steps?,
            expect: self.expect,
            never: self.never,
            reach: self.reach,
            judge: self.judge,
            positive,
            expected_failure: self.doc.expected_failure.as_ref().map(|doc| ExpectedFailure {
                reason: doc.reason.to_string(),
                issue: doc.issue.as_ref().map(|issue| issue.to_string()),
                span: key_span(&self.doc.node, "expected_failure"),
            }),
            session: self.session,
            sessions: self.sessions,
        })
    }
}

fn not_null<T>(value: &Nullable<T>) -> Option<&T> {
    match value {
        Or::This(_) => None,
        Or::That(value) => Some(value),
    }
}

fn named_protocol(doc: &AgentDoc, protocols: &mut Protocols, low: &mut Lowering<'_>) -> Option<Arc<Protocol>> {
    if let Some(name) = &doc.protocol {
        return protocols.named(name, low);
    }
    if doc.node.get("protocol").is_none() {
        low.push(
            Diagnostic::error("missing-key", doc.node.span, "missing key `protocol`")
                .label("`agent` needs `protocol`")
                .help("`checkride explain agent` lists all keys"),
        );
    }
    None
}

fn agent_of(instance: &Instance, doc: Option<&AgentDoc>, protocol: Option<&Arc<Protocol>>, low: &mut Lowering<'_>) -> Option<Arc<Agent>> {
    // An agent that was named but is not known has been reported, and is no second mistake.
    let named = |d: &Diagnostic| d.code == "recursive-base" || d.code == "unknown-agent" && d.span.file == instance.name_span.file;
    if instance.tree.get("agent").is_none() && !low.diagnostics.list.iter().any(named) {
        low.push(
            Diagnostic::error("missing-key", instance.name_span, "this case has no agent")
                .label("neither the case nor its suite has `agent`")
                .help("write `agent: reference` for the small agent inside checkride, or the name of yours"),
        );
    }
    Some(Arc::new(agent::agent(doc?, instance.agent_name.clone(), protocol?.clone(), low)))
}

fn fakes(doc: &CaseDoc, turns: &[Turn], low: &mut Lowering<'_>) -> Vec<FakeDraft> {
    let mut drafts = Vec::new();
    for (name, doc) in doc.fakes.as_ref().map(|fakes| fakes.entries.as_slice()).unwrap_or_default() {
        let Some(doc) = not_null(doc).filter(|doc| doc.persona != Some(PersonaWord::Off)) else { continue };
        let kind = fake::kind(doc, low);
        if kind == Some("command") {
            command::name(name, low);
        }
        let fake = kind.and_then(|kind| fake::fake(doc, kind, turns, low)).map(Arc::new);
        drafts.push(FakeDraft { name: name.clone(), doc: doc.clone(), kind, fake });
    }
    drafts
}

/// `steps`, or the one step that `prompt` is short for.
fn step_docs(doc: &CaseDoc, name: Span, low: &mut Lowering<'_>) -> Vec<StepDoc> {
    match (&doc.prompt, &doc.steps) {
        (Some(_), Some(_)) => {
            low.push(
                Diagnostic::error("one-kind", key_span(&doc.node, "steps"), "`prompt` and `steps` are both given; a case has one")
                    .label("the second way to say what happens")
                    .help("write the prompt as a step: `- user: …`"),
            );
            Vec::new()
        }
        (Some(text), None) => {
            let node = prompt(&text.0, key_span(&doc.node, "prompt"));
            StepDoc::read(&node, &mut Reading { diagnostics: low.diagnostics }).into_iter().collect()
        }
        (None, Some(steps)) => steps.clone(),
        (None, None) => {
            // A `prompt` that could not be read has been reported, and is no second mistake.
            let written = doc.node.get("prompt").is_some() || doc.node.get("steps").is_some();
            if !written && !low.diagnostics.has_error_within(doc.node.span) {
                low.push(Diagnostic::error("missing-key", name, "nothing happens in this case").label("it needs `prompt` or `steps`"));
            }
            Vec::new()
        }
    }
}

fn only_if(doc: &CaseDoc, low: &mut Lowering<'_>) -> Vec<Condition> {
    let doc = doc.only_if.as_ref().and_then(not_null);
    doc.map(|doc| condition::conditions(doc, low)).unwrap_or_default()
}

fn secrets(doc: &CaseDoc) -> Vec<Secret> {
    let entries = doc.secrets.as_ref().map(|secrets| secrets.entries.as_slice()).unwrap_or_default();
    let secret = |name: &Text, doc: &SecretDoc| Secret {
        name: name.to_string(),
        file: doc.file.as_ref().map(|path| path.strip_prefix("~/").unwrap_or(path).to_owned()),
        env: doc.env.as_ref().map(|name| name.to_string()),
    };
    entries.iter().filter_map(|(name, doc)| Some(secret(name, not_null(doc)?))).collect()
}
