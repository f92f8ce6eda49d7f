//! What an agent needs of the environment before anybody may speak to it.
//!
//! Owns: whether one of the variables that it names is set, and what is said if none is.
//! Must not know: what the variables are for.

use crate::base::{Diagnostic, Diagnostics};
use crate::model::tree::Node;
use std::collections::HashMap;

/// One of the variables under `needs_env` must be set; an empty one is not.
pub fn check(agent: &Node, env: &HashMap<String, String>, diagnostics: &mut Diagnostics) {
    let Some(needs) = agent.get("needs_env") else { return };
    let names: Vec<&str> = needs.items().iter().filter_map(|name| name.text()).collect();
    let set = |name: &&str| env.get(*name).is_some_and(|value| !value.is_empty());
    if names.is_empty() || names.iter().any(set) {
        return;
    }
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    let (message, help) = match quoted.as_slice() {
        [one] => (format!("the environment variable {one} is not set"), format!("set {one}")),
        _ => (format!("none of the environment variables {} is set", quoted.join(", ")), format!("set {}", quoted.join(" or "))),
    };
    let help = format!("{help}; or leave the cases of this agent out without it: `only_if: {{env: {}}}`", names[0]);
    diagnostics.push(Diagnostic::error("unset-variable", needs.span, message).label("the agent needs one of these").help(help));
}
