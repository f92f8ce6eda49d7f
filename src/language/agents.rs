//! Agents by name: those of `checkride.yaml`, and the built-in `reference`.
//!
//! Owns: finding them, `base`, and how parts are laid over each other.
//! Must not know: what the parts of an agent mean.

use super::merge;
use super::project::REFERENCE;
use crate::base::{Diagnostic, Diagnostics, Span, suggest};
use crate::model::template::Hole;
use crate::model::tree::{Content, Entry, Node};
use std::collections::HashMap;
use std::sync::Arc;

/// Merged by key; of all others the case's replaces the suite's.
const BY_KEY: [&str; 2] = ["files", "settings"];

/// Merged by key, and null stays: it takes away a variable that nobody wrote, too.
const ENV: &str = "env";

/// What only an agent that is launched has.
const LAUNCHED: [&str; 7] = ["command", "ready", "stop", "version", "env", "files", "egress"];

/// The name that only the address of a launched agent uses.
const PORT: &str = "agent.port";

/// Agents that are based on each other.
const MAX_BASES: usize = 16;

/// An agent with everything that it inherits.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The name that it, or what it is based on, has.
    pub name: Option<Arc<str>>,
    pub node: Arc<Node>,
}

/// The named agents; each is put together once.
pub struct Agents {
    named: Option<Arc<Node>>,
    reference: Arc<Node>,
    resolved: HashMap<Arc<str>, Option<Resolved>>,
    /// The names that are being put together.
    chain: Vec<Arc<str>>,
}

/// Reads a name that may be a template; `None` if it is none, which has been said.
pub type NameOf<'a> = dyn FnMut(&Arc<Node>, &mut Diagnostics) -> Option<Arc<str>> + 'a;

impl Agents {
    pub fn new(named: Option<Arc<Node>>, reference: Arc<Node>) -> Agents {
        Agents { named, reference, resolved: HashMap::new(), chain: vec![] }
    }

    /// The agent of a case: the suite's with the case's parts laid over it. A case that names an agent, or a `base`, begins
    /// from that one instead.
    pub fn of_case(
        &mut self,
        suite: Option<&Arc<Node>>,
        case: Option<&Arc<Node>>,
        name_of: &mut NameOf<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Resolved> {
        match case {
            Some(case) if case.is_map() && case.get("base").is_none() => match suite {
                Some(suite) => {
                    let base = self.resolve(suite, name_of, diagnostics)?;
                    Some(Resolved { name: base.name, node: laid_over(&base.node, case) })
                }
                None => self.resolve(case, name_of, diagnostics),
            },
            Some(case) => self.resolve(case, name_of, diagnostics),
            None => self.resolve(suite?, name_of, diagnostics),
        }
    }

    fn resolve(&mut self, node: &Arc<Node>, name_of: &mut NameOf<'_>, diagnostics: &mut Diagnostics) -> Option<Resolved> {
        match &node.value {
            Content::Null => None,
            Content::Text(_) | Content::Template(_) => {
                let name = name_of(node, diagnostics)?;
                self.by_name(&name, node.span, name_of, diagnostics)
            }
            Content::Map(_) => match node.get("base") {
                Some(base) => {
                    let name = name_of(base, diagnostics)?;
                    let base = self.by_name(&name, base.span, name_of, diagnostics)?;
                    Some(Resolved { name: base.name, node: laid_over(&base.node, node) })
                }
                None => Some(Resolved { name: None, node: merge::without_nulls(node) }),
            },
            _ => {
                diagnostics.push(
                    Diagnostic::error("wrong-type", node.span, format!("an agent is a name or a mapping, and this is {}", node.kind()))
                        .label("no agent")
                        .help("write `agent: <name>`, or `agent: {protocol: …, command: […]}`"),
                );
                None
            }
        }
    }

    fn by_name(&mut self, name: &Arc<str>, span: Span, name_of: &mut NameOf<'_>, diagnostics: &mut Diagnostics) -> Option<Resolved> {
        if let Some(resolved) = self.resolved.get(name) {
            return resolved.clone();
        }
        if self.chain.contains(name) || self.chain.len() >= MAX_BASES {
            diagnostics.push(
                Diagnostic::error("recursive-base", span, format!("the bases of the agent `{}` do not end", self.chain[0]))
                    .label("leads back to an agent that was passed, or too far")
                    .help(format!("a `base` must lead to an agent that has none, over at most {MAX_BASES} others")),
            );
            return None;
        }
        let written = self.named.as_ref().and_then(|named| named.get(name)).cloned();
        let Some(node) = written.or_else(|| (**name == *REFERENCE).then(|| self.reference.clone())) else {
            self.unknown(name, span, diagnostics);
            return None;
        };
        self.chain.push(name.clone());
        let resolved = self.resolve(&node, name_of, diagnostics).map(|resolved| Resolved { name: Some(name.clone()), ..resolved });
        self.chain.pop();
        // A base that is a template may be another one for the next row.
        let fixed = node.get("base").is_none_or(|base| base.text().is_some());
        if fixed {
            self.resolved.insert(name.clone(), resolved.clone());
        }
        resolved
    }

    fn unknown(&self, name: &str, span: Span, diagnostics: &mut Diagnostics) {
        let named = self.named.iter().flat_map(|named| named.entries()).map(|entry| &*entry.key);
        let known: Vec<_> = named.chain([REFERENCE]).collect();
        diagnostics.push(
            Diagnostic::error("unknown-agent", span, format!("there is no agent `{name}`"))
                .label("not an agent of checkride.yaml, and not built in")
                .maybe_help(suggest::did_you_mean(name, known.iter().copied()))
                .help(format!("the agents are: {}", known.join(", "))),
        );
    }
}

/// True for a part that says nothing of an agent which is reached as `over` says: otherwise a case would go to the agent below, and
/// never to the one that was named. An address with `{{agent.port}}` is that of a launched agent, and goes with its `command`.
fn is_left_below(over: &Node, key: &str) -> bool {
    let given = |key: &str| over.get(key).is_some_and(|value| !value.is_null());
    // A program of its own is to listen at the address below; that nobody else does is looked at when it is launched.
    if given("command") || !LAUNCHED.contains(&key) {
        return false;
    }
    let mut at_its_port = false;
    if let Some(url) = over.get("url") {
        url.templates(&mut |_, template| at_its_port |= template.holes().filter_map(Hole::name).any(|name| name == PORT));
    }
    given("url") && !at_its_port || over.get("command").is_some()
}

/// One agent's parts over another's.
fn laid_over(base: &Arc<Node>, over: &Arc<Node>) -> Arc<Node> {
    let part = |entry: &Entry| -> Option<Entry> {
        let below = base.get(&entry.key).filter(|_| !is_left_below(over, &entry.key));
        let value = match &*entry.key {
            ENV => merge::by_key(below, Some(&entry.value)),
            key if BY_KEY.contains(&key) => merge::by_name(below, Some(&entry.value)),
            _ => Some(entry.value.clone()),
        };
        value.filter(|value| !value.is_null()).map(|value| Entry { value, ..entry.clone() })
    };
    let mut merged: Vec<Entry> = Vec::new();
    for entry in base.entries() {
        let inherited = || Some(entry.clone()).filter(|entry| !is_left_below(over, &entry.key));
        merged.extend(over.entry(&entry.key).map_or_else(inherited, part));
    }
    let added = over.entries().iter().filter(|entry| *entry.key != *"base" && base.get(&entry.key).is_none());
    merged.extend(added.filter_map(part));
    Node::new(over.span, Content::Map(merged))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Sources;
    use crate::language::yaml;
    use serde_json::{Value, json};

    fn node(text: &str) -> Arc<Node> {
        yaml::read(&Sources::default(), "a", text.as_bytes(), &mut Diagnostics::default()).unwrap()
    }

    fn named() -> Agents {
        let named = "a: {protocol: p, command: [x], env: {A: 1, B: 2}, settings: {s: 1, t: 2}}\nb: {base: a, env: {B: 3}, ready: {http: /}}\nloop: {base: pool}\npool: {base: loop}\n";
        Agents::new(Some(node(named)), node("{protocol: moltbot-gateway}"))
    }

    fn check(suite: &str, case: &str) -> Result<Value, String> {
        let (suite, case) = (node(suite), node(case));
        let mut diagnostics = Diagnostics::default();
        let (suite, case) = (suite.get("agent"), case.get("agent"));
        let name_of = &mut |node: &Arc<Node>, _: &mut Diagnostics| node.text().map(Arc::from);
        let agent = named().of_case(suite, case, name_of, &mut diagnostics);
        match diagnostics.list.first() {
            Some(diagnostic) => Err(format!("{} {}", diagnostic.code, diagnostic.help.join(" "))),
            None => Ok(agent.map_or(Value::Null, |agent| json!([agent.name, agent.node.to_value()]))),
        }
    }

    #[test]
    fn parts_of_a_case_lie_over_the_suites_agent() {
        let agent = check("{agent: a}", "{agent: {env: {A: null, C: 4}, settings: {s: null}, command: [y, z]}}");
        assert_eq!(
            agent,
            Ok(json!(["a", {"protocol": "p", "command": ["y", "z"], "env": {"A": null, "B": 2, "C": 4}, "settings": {"t": 2}}]))
        );
    }

    #[test]
    fn a_base_begins_from_that_agent() {
        let agent = check("{agent: {protocol: q}}", "{agent: {base: b, ready: null}}");
        assert_eq!(agent, Ok(json!(["b", {"protocol": "p", "command": ["x"], "env": {"A": 1, "B": 3}, "settings": {"s": 1, "t": 2}}])));
    }

    #[test]
    fn a_name_replaces_the_suites_agent() {
        assert_eq!(check("{agent: a}", "{agent: reference}"), Ok(json!(["reference", {"protocol": "moltbot-gateway"}])));
        assert_eq!(check("{agent: a}", "{agent: null}"), Ok(Value::Null));
    }

    #[test]
    fn an_address_of_its_own_is_not_the_agent_below() {
        let at = |over: &str| check("{agent: b}", over).map(|agent| agent[1].clone());
        let settings = json!({"s": 1, "t": 2});
        let there = json!({"protocol": "p", "settings": settings, "url": "ws://h:9"});
        assert_eq!(at("{agent: {url: ws://h:9}}"), Ok(there.clone()));
        assert_eq!(at("{agent: {base: b, url: ws://h:9}}"), Ok(there.clone()));
        assert_eq!(at("{agent: {command: null, url: ws://h:9}}"), Ok(there));
        assert_eq!(at("{agent: {command: null}}"), Ok(json!({"protocol": "p", "settings": settings})));
        let own = at("{agent: {url: ws://h:9, env: {C: 4}}}").map(|agent| agent["env"].clone());
        assert_eq!(own, Ok(json!({"C": 4})), "what is written beside it is not lost");
    }

    #[test]
    fn the_port_of_a_launched_agent_goes_with_its_command() {
        let agent = check("{agent: b}", "{agent: {url: 'ws://h:{{agent.port}}'}}").map(|agent| agent[1].clone()).unwrap();
        assert_eq!((&agent["command"], &agent["env"]), (&json!(["x"]), &json!({"A": 1, "B": 3})));
    }

    #[test]
    fn a_command_of_its_own_is_to_listen_at_the_address_below() {
        let at = |suite: &str| check(suite, "{agent: {command: [y]}}").map(|agent| agent[1].clone());
        let both = json!({"protocol": "p", "url": "ws://h:9", "command": ["y"]});
        assert_eq!(at("{agent: {protocol: p, url: ws://h:9}}"), Ok(both.clone()));
        assert_eq!(at("{agent: {protocol: p, url: ws://h:9, command: [x]}}"), Ok(both));
    }

    #[test]
    fn unknown_names_and_circles_are_refused() {
        assert!(check("{agent: referense}", "{x: 1}").is_err_and(|e| e.contains("unknown-agent did you mean `reference`?")));
        assert!(check("{x: 1}", "{agent: {base: c}}").is_err_and(|e| e.contains("unknown-agent")));
        assert!(check("{agent: loop}", "{x: 1}").is_err_and(|e| e.contains("recursive-base")));
        assert!(check("{agent: 5}", "{x: 1}").is_err_and(|e| e.contains("wrong-type")));
    }
}
