//! Conditions that are decided before the run.
//!
//! Owns: what `only_if` may ask, of a case and of a step.
//! Must not know: how a condition is decided.

use super::Lowering;
use crate::language::docs::suite::{OnlyIfDoc, PlatformWord};
use crate::language::shape::{Or, Text, mistake};
use crate::model::suite::Condition;

/// All of them must hold.
pub fn conditions(doc: &OnlyIfDoc, low: &mut Lowering<'_>) -> Vec<Condition> {
    let mut conditions = Vec::new();
    conditions.extend(texts(doc.command.as_ref()).map(|name| Condition::Command(name.to_string())));
    conditions.extend(texts(doc.env.as_ref()).map(|name| Condition::Env(name.to_string())));
    conditions.extend(doc.platform.map(|word| {
        Condition::Platform(
            match word {
                PlatformWord::Linux => "linux",
                PlatformWord::Macos => "macos",
                PlatformWord::Windows => "windows",
            }
            .to_owned(),
        )
    }));
    conditions.extend(version(doc, low));
    conditions
}

fn version(doc: &OnlyIfDoc, low: &mut Lowering<'_>) -> Option<Condition> {
    let range = doc.agent_version.as_ref()?;
    match semver::VersionReq::parse(range) {
        Ok(range) => Some(Condition::AgentVersion(range)),
        Err(error) => {
            let message = format!("`{}` is not a range of versions: {error}", &**range);
            low.push(mistake::wrong_value(range.span, message, "such as `>=0.120, <0.125`"));
            None
        }
    }
}

fn texts(doc: Option<&Or<Text, Vec<Text>>>) -> impl Iterator<Item = &Text> {
    let (one, many) = match doc {
        None => (None, &[][..]),
        Some(Or::This(one)) => (Some(one), &[][..]),
        Some(Or::That(many)) => (None, many.as_slice()),
    };
    one.into_iter().chain(many)
}
