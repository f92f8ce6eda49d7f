//! Agents that run already: what of a case can never reach them.
//!
//! Owns: which parts of an agent only a launched one is given, how an agent may come to know of a fake.
//! Must not know: how a skip is shown, processes.

use super::Draft;
use crate::model::step::{Probe, Verb};
use crate::model::template::Hole;

/// The keys of `agent` that are there and that nobody will ever see: who runs already has its variables and its files.
pub fn lost_parts(draft: &Draft) -> Vec<&'static str> {
    let Some(agent) = draft.agent.as_deref().filter(|agent| agent.command.is_none()) else { return vec![] };
    let probes = |wanted: fn(&Probe) -> bool| {
        let steps = draft.steps.iter().filter_map(|draft| draft.step.as_ref());
        steps.into_iter().any(|step| matches!(&step.verb, Verb::Probe(probe) if wanted(probe)))
    };
    // Probes run in the folder and with the variables, and an agent may be told by name where the folder is.
    let by_command = probes(|probe| matches!(probe, Probe::Command { .. }));
    let in_folder = by_command || probes(|probe| matches!(probe, Probe::File { .. })) || names(draft, |name| name == "case.dir");
    let env = (!agent.env.is_empty() && !by_command).then_some("env");
    let files = (!agent.files.is_empty() && !in_folder).then_some("files");
    env.into_iter().chain(files).collect()
}

/// Why a case says nothing about an agent that runs already, if that is so.
pub fn unreached(draft: &Draft) -> Option<String> {
    if draft.agent.as_ref()?.command.is_some() {
        return None;
    }
    if let Some(part) = lost_parts(draft).first() {
        return Some(format!("the agent runs already, and the `{part}` that the case gives it cannot reach it"));
    }
    let model = |fake: &&super::FakeDraft| fake.kind == Some("model") && fake.fake.as_ref().is_some_and(|fake| !fake.unused_allowed);
    let untold = |fake: &&super::FakeDraft| !names(draft, |name| name.split('.').next() == Some(&*fake.name));
    let fake = draft.fakes.iter().filter(model).find(untold)?;
    let name = &*fake.name;
    Some(format!(
        "the agent runs already, and nothing tells it of the fake `{name}`: no `url`, setting, step or other fake has `{{{{{name}.url}}}}`"
    ))
}

/// True if something that may reach the agent inserts such a name.
fn names(draft: &Draft, wanted: impl Fn(&str) -> bool) -> bool {
    let agent = draft.agent_doc.iter().flat_map(|agent| ["url", "settings"].map(|key| agent.node.get(key)));
    let case = ["prompt", "steps", "fakes"].map(|key| draft.doc.node.get(key));
    let mut named = false;
    for node in agent.chain(case).flatten() {
        node.templates(&mut |_, template| named |= template.holes().filter_map(Hole::name).any(&wanted));
    }
    named
}
