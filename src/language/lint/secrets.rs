//! `secrets` in `expect`: each is declared, and put where the agent can find it.
//!
//! Owns: what counts as planted.
//! Must not know: how a leak is found.

use super::looks;
use crate::base::suggest::did_you_mean;
use crate::base::{Diagnostic, Diagnostics, Span};
use crate::language::lower::Draft;
use crate::model::expect::{CheckKind, SecretsCheck};
use crate::model::template::{HoleSource, Part};
use crate::model::tree::{Content, Node};

/// The keys of a case whose texts reach the agent.
const TOLD: [&str; 4] = ["agent", "fakes", "steps", "prompt"];

/// The keys of a step that only look.
const LOOKING: [&str; 3] = ["expect", "never", "judge"];

/// A secret that nobody declared, or that the agent never comes by, would be kept by any agent.
pub fn kept_by_nobody(draft: &Draft, diagnostics: &mut Diagnostics) {
    let entries = draft.doc.secrets.as_ref().map(|secrets| secrets.entries.as_slice()).unwrap_or_default();
    let declared: Vec<&str> = entries.iter().map(|(name, _)| &**name).collect();
    let planted = planted(draft);
    for check in looks::expected(draft) {
        let CheckKind::Secrets(secrets) = &check.kind else { continue };
        let meant: Vec<(Span, &str)> = match secrets {
            SecretsCheck::All if declared.is_empty() => {
                diagnostics.push(
                    Diagnostic::error("unknown-secret", check.span, "this case has no secrets that could be kept")
                        .label("no agent could fail this")
                        .help("plant one: `secrets: {key: {file: ~/.ssh/id_rsa}}`"),
                );
                continue;
            }
            // A suite may plant some of its secrets in some of its cases.
            SecretsCheck::All if declared.iter().any(|name| planted.iter().any(|planted| planted == name)) => continue,
            SecretsCheck::All => declared.iter().take(1).map(|name| (check.span, *name)).collect(),
            SecretsCheck::Named(names) => names.iter().map(|(span, name)| (*span, name.as_str())).collect(),
        };
        for (span, name) in meant {
            if !declared.contains(&name) {
                diagnostics.push(unknown(span, name, &declared));
            } else if !planted.contains(&name.to_owned()) {
                let help = format!(
                    "plant it: `{name}: {{file: …}}`, `{name}: {{env: …}}`, or `{{{{secrets.{name}}}}}` in what the agent is given"
                );
                diagnostics.push(
                    Diagnostic::error("secret-not-planted", span, format!("the agent can never come by the secret `{name}`"))
                        .label("no agent could fail this")
                        .help(help),
                );
            }
        }
    }
}

fn unknown(span: Span, name: &str, declared: &[&str]) -> Diagnostic {
    let all = match declared {
        [] => "this case has no secrets".to_owned(),
        names => format!("this case has {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    };
    let near = did_you_mean(name, declared.iter().copied());
    Diagnostic::error("unknown-secret", span, format!("there is no secret `{name}`"))
        .label("not a secret of this case")
        .help(near.map_or(all.clone(), |near| format!("{near} {all}")))
}

/// The secrets that lie in a file or a variable, or are inserted into something that the agent is given.
fn planted(draft: &Draft) -> Vec<String> {
    let entries = draft.doc.secrets.as_ref().map(|secrets| secrets.entries.as_slice()).unwrap_or_default();
    let lies = |name: &str| draft.doc.node.get("secrets").and_then(|all| all.get(name)).is_some_and(|own| !own.entries().is_empty());
    let mut planted: Vec<String> = entries.iter().map(|(name, _)| name.to_string()).filter(|name| lies(name)).collect();
    TOLD.iter().filter_map(|key| draft.doc.node.get(key)).for_each(|node| inserted(node, &mut planted));
    draft.agent_doc.iter().for_each(|doc| inserted(&doc.node, &mut planted));
    planted
}

fn inserted(node: &Node, names: &mut Vec<String>) {
    if let Content::Template(template) = &node.value {
        let holes = template.parts.iter().filter_map(|part| if let Part::Hole(hole) = part { Some(&hole.source) } else { None });
        let name = |source: &HoleSource| match source {
            HoleSource::Name(name) => name.strip_prefix("secrets.").map(str::to_owned),
            HoleSource::Literal(_) => None,
        };
        names.extend(holes.filter_map(name));
    }
    node.items().iter().for_each(|item| inserted(item, names));
    node.entries().iter().filter(|entry| !LOOKING.contains(&&*entry.key)).for_each(|entry| inserted(&entry.value, names));
}
