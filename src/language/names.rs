//! Which names there are besides variables, and when they have their values.
//!
//! Owns: the three stages, reserved names, names of fakes, secrets, the agent and what is saved.
//! Must not know: values.

use crate::base::{Diagnostic, Span};
use crate::model::tree::{Content, Node};
use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

/// When a name has its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// When the suite is loaded: variables, rows, `env`, `case`, `random`.
    Plan,
    /// When the case begins: fakes, `agent`, `secrets`.
    Start,
    /// While it runs: saved values, `session`, `turn`.
    Run,
}

/// Where a template stands.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The last stage whose names may stand there.
    pub stage: Stage,
    /// For messages, such as `a variable`, and the only thing that tells a fake from other places.
    pub what: &'static str,
    /// The number of the step, from 0.
    pub step: Option<usize>,
}

pub const VARIABLE: Place = Place { stage: Stage::Plan, what: "a variable or row", step: None };

/// First words of names that no variable, row, argument or fake may have.
pub const RESERVED: [&str; 13] =
    ["env", "case", "agent", "session", "turn", "secrets", "random", "checkride", "call", "approval", "egress", "request", "recalled"];

/// What a fake is answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfCall {
    /// `request.…`, and `recalled`: what the fake had put aside.
    Request,
    /// `call.…`.
    Call,
}

/// Names that are known in the answers of a fake alone.
pub fn answering(name: &str) -> Option<OfCall> {
    match name.split('.').next().unwrap_or(name) {
        "request" | "recalled" => Some(OfCall::Request),
        "call" => Some(OfCall::Call),
        _ => None,
    }
}

/// What a fake says about itself.
pub fn members(fake: &Node) -> &'static [&'static str] {
    let kind = |kind: &str| fake.get(kind).is_some();
    match () {
        () if kind("server") => &["url", "host", "port"],
        () if kind("mcp") => &["url", "command"],
        () => &["url", "ws"],
    }
}

/// What messages call a fake.
pub const FAKE: &str = "a fake";

/// The mistake of giving a reserved name to something.
pub fn refuse_reserved(name: &str, span: Span) -> Option<Diagnostic> {
    RESERVED.contains(&name).then(|| {
        Diagnostic::error("reserved-name", span, format!("`{name}` is a reserved name"))
            .label("cannot be the name of a variable, argument or fake")
            .help(format!("take another name; reserved are: {}", RESERVED.join(", ")))
    })
}

/// The place that a key of a case is.
pub fn place(key: &str) -> Place {
    let (stage, what) = match key {
        "fakes" => (Stage::Start, FAKE),
        "agent" => (Stage::Start, "the agent"),
        "solution" | "attack" => (Stage::Start, "what a persona does"),
        "prompt" | "steps" => (Stage::Run, "a step"),
        "expect" | "never" | "reach" | "judge" => (Stage::Run, "an expectation"),
        "only_if" => (Stage::Plan, "`only_if`"),
        _ => (Stage::Plan, "this key"),
    };
    Place { stage, what, step: None }
}

/// A name that gets its value after loading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    At(Stage),
    /// Saved by this step; by the case's expectations if it is [`EXPECTATIONS`].
    Saved(usize),
}

pub const EXPECTATIONS: usize = usize::MAX;

/// The later names of one case, before anything is inserted.
#[derive(Default)]
pub struct LaterNames {
    pub fakes: Option<Arc<Node>>,
    pub secrets: Option<Arc<Node>>,
    pub steps: Option<Arc<Node>>,
    /// `expect`, `never`, `reach`.
    pub expectations: Vec<Arc<Node>>,
    /// Variables and rows, which may be inserted as patterns that save.
    pub variables: Vec<Arc<Node>>,
    pub saves: OnceCell<HashMap<Arc<str>, Save>>,
}

/// A name that is saved.
#[derive(Clone, Copy, Debug)]
pub struct Save {
    /// The first step that saves it, or [`EXPECTATIONS`].
    pub step: usize,
    /// Where it is written.
    pub span: Span,
}

impl LaterNames {
    /// The stage of a dotted name. `agent` are the names that its start makes known.
    pub fn find(&self, name: &str, agent: &AgentNames) -> Option<Later> {
        let (root, rest) = name.split_once('.').unwrap_or((name, ""));
        let first = rest.split('.').next().unwrap_or_default();
        let known = match root {
            "checkride" => rest.is_empty().then_some(Stage::Start),
            "case" => ["dir", "bin"].contains(&rest).then_some(Stage::Start),
            "egress" => agent.egress.contains(&rest).then_some(Stage::Start),
            "secrets" => self.secrets.as_ref().and_then(|secrets| secrets.get(rest)).map(|_| Stage::Start),
            "agent" if rest.strip_prefix("settings.").is_some_and(|setting| !setting.is_empty()) => Some(Stage::Run),
            "agent" => {
                (!rest.is_empty() && agent.own.as_ref().is_none_or(|names| names.iter().any(|name| name == rest))).then_some(Stage::Start)
            }
            "session" => Some(Stage::Run),
            "turn" => (!rest.is_empty()).then_some(Stage::Run),
            _ => self.fakes.as_ref().and_then(|fakes| fakes.get(root)).filter(|fake| members(fake).contains(&first)).map(|_| Stage::Start),
        };
        known.map(Later::At).or_else(|| self.saves().get(root).map(|save| Later::Saved(save.step)))
    }

    /// What is saved, and the first step that saves it.
    pub fn saves(&self) -> &HashMap<Arc<str>, Save> {
        self.saves.get_or_init(|| {
            let mut saves = HashMap::new();
            self.variables.iter().for_each(|node| saved(node, 0, &mut saves));
            for (number, step) in self.steps.iter().flat_map(|steps| steps.items()).enumerate() {
                saved(step, number, &mut saves);
            }
            self.expectations.iter().for_each(|node| saved(node, EXPECTATIONS, &mut saves));
            saves
        })
    }

    /// Names that mean a variable and something else: the variable would win unseen.
    pub fn clashes(&self, variables: &[&Arc<Node>]) -> Vec<Diagnostic> {
        let fakes = self.fakes.iter().flat_map(|fakes| fakes.entries()).map(|entry| (&entry.key, entry.key_span, "a fake"));
        let saves = self.saves().iter().map(|(name, save)| (name, save.span, "saved here"));
        let mut clashes: Vec<_> = fakes
            .chain(saves)
            .filter(|(name, ..)| variables.iter().any(|variables| variables.get(name).is_some()))
            .map(|(name, span, what)| {
                Diagnostic::error("name-clash", span, format!("`{name}` is {what}, and it is a variable too"))
                    .label("one name for two things")
                    .help("rename one of them; a template could not tell them apart")
            })
            .collect();
        clashes.sort_by_key(|diagnostic| diagnostic.span);
        clashes
    }

    /// All names, for "did you mean".
    pub fn all(&self, agent: &AgentNames) -> Vec<String> {
        let mut names: Vec<String> = ["checkride", "case.dir", "case.bin", "session"].map(str::to_owned).into();
        names.extend(agent.egress.iter().map(|name| format!("egress.{name}")));
        let keys =
            |node: &Option<Arc<Node>>| node.iter().flat_map(|node| node.entries()).map(|entry| entry.key.to_string()).collect::<Vec<_>>();
        names.extend(keys(&self.secrets).iter().map(|name| format!("secrets.{name}")));
        let fakes = self.fakes.iter().flat_map(|fakes| fakes.entries());
        names.extend(fakes.flat_map(|fake| members(&fake.value).iter().map(move |member| format!("{}.{member}", fake.key))));
        names.extend(agent.own.iter().flatten().map(|name| format!("agent.{name}")));
        names.extend(self.saves().keys().map(|name| name.to_string()));
        names
    }
}

/// Every `save: {name: $.path}` below a node.
fn saved(node: &Node, step: usize, saves: &mut HashMap<Arc<str>, Save>) {
    match &node.value {
        Content::List(items) => items.iter().for_each(|item| saved(item, step, saves)),
        Content::Map(entries) => {
            for entry in entries {
                if *entry.key == *"save" {
                    for saved in entry.value.entries().iter().filter(|saved| is_path(&saved.value)) {
                        let save = Save { step, span: saved.key_span };
                        let first = saves.entry(saved.key.clone()).or_insert(save);
                        *first = if step < first.step { save } else { *first };
                    }
                }
                saved(&entry.value, step, saves);
            }
        }
        _ => {}
    }
}

/// `$.path`, a list of such, or a template that may become one.
fn is_path(node: &Node) -> bool {
    match &node.value {
        Content::Text(text) => text.starts_with('$'),
        Content::Template(_) => true,
        Content::List(items) => items.iter().all(|item| is_path(item)),
        _ => false,
    }
}

/// The names that the start of a case's agent makes known.
#[derive(Clone, Debug)]
pub struct AgentNames {
    /// `{{agent.<name>}}`; `None` if its `ready` is not known before the start.
    own: Option<Vec<String>>,
    /// `{{egress.<name>}}`.
    egress: &'static [&'static str],
}

/// Of an agent that is not known; whatever is wrong with it has been said.
impl Default for AgentNames {
    fn default() -> AgentNames {
        AgentNames { own: None, egress: &EGRESS }
    }
}

const EGRESS: [&str; 2] = ["url", "ca_file"];

impl AgentNames {
    pub fn of(agent: &Node) -> AgentNames {
        AgentNames { own: told_by(agent), egress: proxy_of(agent) }
    }
}

/// Who is not launched, or told `open`, has no proxy; a trap ends no TLS, so it has no authority.
fn proxy_of(agent: &Node) -> &'static [&'static str] {
    match agent.get("egress") {
        _ if agent.get("command").is_none() => &[],
        Some(egress) if egress.entries().iter().any(|host| host.value.text() != Some("allow")) => &EGRESS,
        Some(egress) if matches!(egress.value, Content::Template(_)) => &EGRESS,
        Some(egress) if egress.text() == Some("open") => &[],
        _ => &EGRESS[..1],
    }
}

fn told_by(agent: &Node) -> Option<Vec<String>> {
    let mut names = vec!["port".to_owned(), "url".to_owned()];
    let Some(log) = agent.get("ready").and_then(|ready| ready.get("log")) else { return Some(names) };
    let mut rest = log.text()?;
    while let Some(at) = rest.find("(?") {
        rest = rest[at + 2..].trim_start_matches('P');
        if let Some((name, _)) = rest.strip_prefix('<').and_then(|group| group.split_once('>')) {
            names.push(name.to_owned());
        }
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Sources;

    fn agent(text: &str) -> Option<Vec<String>> {
        let tree = super::super::yaml::read(&Sources::default(), "a", text.as_bytes(), &mut Default::default()).unwrap();
        AgentNames::of(&tree).own
    }

    #[test]
    fn the_named_groups_of_ready_are_names_of_the_agent() {
        assert_eq!(agent(r"ready: {log: 'at (?<url>\S+) (?P<pid>\d+)(?i)'}").unwrap(), ["port", "url", "url", "pid"]);
        assert_eq!(agent("ready: {http: /health}").unwrap(), ["port", "url"]);
    }

    #[test]
    fn a_ready_that_is_a_template_allows_any_name() {
        assert_eq!(agent("ready: {log: \"{{x}}\"}"), None);
    }

    #[test]
    fn only_a_map_of_hosts_has_an_authority_and_only_a_launched_agent_a_proxy() {
        let names = |text: &str| {
            let tree = super::super::yaml::read(&Sources::default(), "a", text.as_bytes(), &mut Default::default()).unwrap();
            AgentNames::of(&tree).egress.join(" ")
        };
        assert_eq!(names("{command: [x], egress: {a.example: llm}}"), "url ca_file");
        assert_eq!(names("{command: [x], egress: {a.example: allow}}"), "url");
        assert_eq!(names("{command: [x]}"), "url");
        assert_eq!(names("{command: [x], egress: trap}"), "url");
        assert_eq!(names("{command: [x], egress: open}"), "");
        assert_eq!(names("{url: \"ws://a\"}"), "");
    }
}
