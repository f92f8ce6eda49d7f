//! The tests of a suite: one tree for each, with templates, defaults and values of the plan stage in it.
//!
//! Owns: ids, the order in which a case is put together, which variables were never used.
//! Must not know: what steps, fakes and expectations mean.

use super::agents::{Agents, Resolved};
use super::attacked::{has_attack, without_strange_rubric};
use super::credentials;
use super::define::{self, Expanded};
use super::insert::{Inserter, Parts};
use super::lookup::Identity;
use super::merge;
use super::names::{self, AgentNames, LaterNames, Place};
use super::project::Project;
use super::rows::{self, Combination};
use super::vars::Layers;
use crate::base::{Diagnostic, Diagnostics, Severity, Sources, Span, slug};
use crate::model::tree::{Content, Entry, Node};
use indexmap::IndexMap;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

/// Where a suite stands, and what its values come from.
pub struct Context<'a> {
    pub sources: &'a Sources,
    pub project: &'a Project,
    /// The part of the ids before `::`.
    pub suite_id: String,
    /// As the user would type it.
    pub suite_path: String,
    /// The suite's folder, which files are relative to.
    pub folder: PathBuf,
    /// `--var name=value`.
    pub overrides: &'a IndexMap<String, String>,
    pub env: &'a HashMap<String, String>,
    /// One seed gives the same random values in each run.
    pub seed: u64,
}

/// One test, before it is lowered.
#[derive(Clone, Debug)]
pub struct Instance {
    /// `<suite id>::<slug>`, with `[row]` at the end for rows.
    pub id: String,
    /// The part after `::` as one word.
    pub slug: String,
    pub suite_id: String,
    pub suite_path: String,
    pub suite_name: String,
    pub name: String,
    pub name_span: Span,
    pub folder: PathBuf,
    /// Some row of its case may have an `attack`.
    pub attackable: bool,
    /// The agent's name in `checkride.yaml`, or `reference`.
    pub agent_name: Option<String>,
    /// The case with the suite's defaults, without `vars`, `each` and `matrix`. `agent` is a mapping with everything that it
    /// inherits, or is not there. Holes that are left have their values later. Its mistakes have been said.
    pub tree: Arc<Node>,
}

/// All tests of a suite. Mistakes are collected; a case that no test could be made of is left out.
pub fn instances(suite: &Arc<Node>, context: &Context<'_>, diagnostics: &mut Diagnostics) -> Vec<Instance> {
    // What this file's own errors hide is no mistake of its variables.
    let errors = diagnostics.list.iter().filter(|d| d.severity == Severity::Error && d.span.file != suite.span.file).count();
    let expanded = define::expand(suite, context.project, diagnostics);
    let mut maker = Maker::new(&expanded, context, errors, diagnostics);
    let mut made = Vec::new();
    let mut names = HashMap::new();
    for case in maker.suite.get("cases").map(|cases| cases.items()).unwrap_or_default() {
        maker.case(case, &mut names, &mut made);
    }
    let used = maker.used;
    if errors_in(diagnostics) == errors {
        unused_variables(expanded.tree.get("vars"), &used, diagnostics);
    }
    made
}

/// What was not used may be meant where a mistake is, so warnings wait until there are no errors.
fn errors_in(diagnostics: &Diagnostics) -> usize {
    diagnostics.list.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count()
}

/// A variable that nothing asked for is most often a misspelt one.
fn unused_variables(vars: Option<&Arc<Node>>, used: &HashSet<Arc<str>>, diagnostics: &mut Diagnostics) {
    for entry in vars.iter().flat_map(|vars| vars.entries()).filter(|entry| !used.contains(&entry.key)) {
        diagnostics.push(
            Diagnostic::warning("unused-var", entry.key_span, format!("the variable `{}` is used nowhere", entry.key))
                .label("never asked for")
                .help(format!("write {{{{{}}}}} where it belongs, or remove it", entry.key)),
        );
    }
}

struct Maker<'a> {
    suite: &'a Arc<Node>,
    suite_name: String,
    expanded: &'a Expanded,
    context: &'a Context<'a>,
    agents: Agents,
    /// All names that any case or row defines, and all arguments.
    defined: HashSet<Arc<str>>,
    used: HashSet<Arc<str>>,
    ids: HashMap<String, Span>,
    /// Errors there were in other files, before this suite.
    errors: usize,
    diagnostics: &'a mut Diagnostics,
}

/// A case with what its tests share.
struct Case<'a> {
    node: &'a Arc<Node>,
    name: &'a Arc<Node>,
    merged: Vec<Entry>,
    later: LaterNames,
}

impl<'a> Maker<'a> {
    fn new(expanded: &'a Expanded, context: &'a Context<'a>, errors: usize, diagnostics: &'a mut Diagnostics) -> Maker<'a> {
        let suite = &expanded.tree;
        let reserved = |vars: Option<&Arc<Node>>| -> Vec<Diagnostic> {
            let entries = vars.into_iter().flat_map(|vars| vars.entries());
            entries.filter_map(|entry| names::refuse_reserved(&entry.key, entry.key_span)).collect()
        };
        for vars in [suite.get("vars"), expanded.vars.as_ref(), suite.get("fakes")] {
            reserved(vars).into_iter().for_each(|diagnostic| diagnostics.push(diagnostic));
        }
        let overrides = context.overrides.keys().filter_map(|name| names::refuse_reserved(name, Span::NONE));
        overrides.for_each(|diagnostic| diagnostics.push(diagnostic));
        Maker {
            suite,
            suite_name: suite.get("suite").and_then(|name| name.text()).unwrap_or_default().to_owned(),
            expanded,
            context,
            agents: Agents::new(expanded.agents.clone(), context.project.reference.clone()),
            defined: defined(expanded),
            used: HashSet::new(),
            ids: HashMap::new(),
            errors,
            diagnostics,
        }
    }

    fn case(&mut self, node: &'a Arc<Node>, names: &mut HashMap<String, Span>, made: &mut Vec<Instance>) {
        let Some(name) = self.name(node) else { return };
        if let Some(text) = name.text()
            && let Some(first) = names.insert(slug::slug(text), name.span)
        {
            return self.duplicate(format!("two cases have the name `{text}`"), name.span, first);
        }
        let own = ["vars", "fakes"].into_iter().filter_map(|key| node.get(key)).flat_map(|node| node.entries());
        let reserved: Vec<_> = own.filter_map(|entry| names::refuse_reserved(&entry.key, entry.key_span)).collect();
        reserved.into_iter().for_each(|diagnostic| self.diagnostics.push(diagnostic));
        let Some(combinations) = rows::combinations(node, self.diagnostics) else { return };
        let merged = merge::case(self.suite, node, self.expanded.judge.as_ref());
        let part = |key: &str| merged.iter().find(|entry| *entry.key == *key).map(|entry| entry.value.clone());
        let later = LaterNames {
            fakes: part("fakes"),
            secrets: part("secrets"),
            steps: part("steps"),
            expectations: ["expect", "never", "reach"].into_iter().filter_map(part).collect(),
            variables: [self.suite.get("vars"), node.get("vars"), node.get("each"), node.get("matrix")]
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
            ..LaterNames::default()
        };
        let rows = node.get("each").map(|each| each.items()).unwrap_or_default();
        let layers = [node.get("vars"), node.get("matrix"), self.suite.get("vars"), self.expanded.vars.as_ref()];
        let layers: Vec<_> = layers.into_iter().flatten().chain(rows).collect();
        later.clashes(&layers).into_iter().for_each(|diagnostic| self.diagnostics.push(diagnostic));
        let case = Case { node, name, merged, later };
        let before = std::mem::take(&mut self.used);
        for (number, combination) in combinations.iter().enumerate() {
            made.extend(self.instance(&case, combination, number, name.text()));
        }
        if node.get("vars").is_some() && errors_in(self.diagnostics) == self.errors {
            unused_variables(node.get("vars"), &self.used, self.diagnostics);
        }
        self.used.extend(before);
    }

    fn name(&mut self, case: &'a Arc<Node>) -> Option<&'a Arc<Node>> {
        let name = case.get("name");
        if let Some(name) = name.filter(|name| matches!(name.value, Content::Text(_) | Content::Template(_))) {
            return Some(name);
        }
        let (span, kind) = name.map_or((case.span, case.kind()), |name| (name.span, name.kind()));
        // The schema has said so already.
        if self.diagnostics.has_error_within(span) {
            return None;
        }
        let diagnostic = match (case.is_map(), name) {
            (false, _) => Diagnostic::error("wrong-type", span, format!("a case is a mapping, and this is {kind}")).label("not a case"),
            (true, None) => Diagnostic::error("missing-key", span, "the case has no `name`").label("a case without a name"),
            (true, Some(_)) => Diagnostic::error("wrong-type", span, format!("a name is a text, and this is {kind}")).label("not a text"),
        };
        self.diagnostics.push(diagnostic.help("write `- name: <what is claimed, in plain words>`"));
        None
    }

    fn duplicate(&mut self, message: String, span: Span, first: Span) {
        let place = self.context.sources.locate(first).map_or_else(String::new, |place| place.to_string());
        self.diagnostics.push(
            Diagnostic::error("duplicate-name", span, message)
                .label("its id would be the same")
                .help(format!("the first is at {place}; give one of them another name, or rows an `id` each")),
        );
    }

    fn instance(&mut self, case: &Case<'_>, combination: &Combination, number: usize, name: Option<&str>) -> Option<Instance> {
        let context = self.context;
        let key = format!("{}::{}::{number}", context.suite_id, name.map_or_else(String::new, slug::slug));
        let mut inserter = Inserter::new(Parts {
            layers: Layers {
                overrides: context.overrides,
                row: combination.row.as_ref().map(|(_, row)| row.clone()),
                matrix: combination.matrix.iter().map(|(key, _, value)| (key.clone(), value.clone())).collect(),
                case: case.node.get("vars").cloned(),
                suite: self.suite.get("vars").cloned(),
                project: self.expanded.vars.clone(),
            },
            later: &case.later,
            hidden: &self.expanded.hidden,
            elsewhere: &self.defined,
            env: context.env,
            random: fastrand::Rng::with_seed(context.seed ^ fnv(&key)),
            sources: context.sources,
            diagnostics: self.diagnostics,
            used: &mut self.used,
        });
        let identity = identity(&mut inserter, case, combination, &context.suite_id)?;
        inserter.identity = Some(identity.clone());
        inserter.unset_allowed = unset_allowed(&mut inserter, &case.merged, context.env);
        let agent = agent(&mut inserter, &mut self.agents, self.suite.get("agent"), case.node.get("agent"));
        inserter.agent_names = agent.as_ref().map(|agent| AgentNames::of(&agent.node)).unwrap_or_default();
        let mut entries = inserted(&mut inserter, &case.merged);
        if let Some(agent) = &agent {
            let key_span = case.node.entry("agent").or_else(|| self.suite.entry("agent")).map_or(Span::NONE, |entry| entry.key_span);
            let node = inserter.insert(&agent.node, names::place("agent"), 1).map(|agent| without_null_settings(&agent));
            // A case that is skipped for want of a variable is no mistake.
            if let (Some(node), true) = (&node, inserter.unset_allowed.is_some()) {
                credentials::check(node, context.env, inserter.diagnostics);
            }
            entries.extend(node.map(|value| Entry { key: "agent".into(), key_span, value }));
        }
        let tree = Node::new(case.node.span, Content::Map(without_strange_rubric(case.node, entries)));
        if let Some(first) = self.ids.insert(identity.id.clone(), case.name.span) {
            self.duplicate(format!("two tests have the id `{}`", identity.id), case.name.span, first);
            return None;
        }
        Some(Instance {
            id: identity.id,
            slug: identity.slug,
            suite_id: context.suite_id.clone(),
            suite_path: context.suite_path.clone(),
            suite_name: self.suite_name.clone(),
            name: identity.name,
            name_span: case.name.span,
            folder: context.folder.clone(),
            attackable: has_attack(case.node),
            agent_name: agent.and_then(|agent| agent.name).map(|name| name.to_string()),
            tree,
        })
    }
}

/// Every name that a variable, row, matrix or argument of the suite has.
fn defined(expanded: &Expanded) -> HashSet<Arc<str>> {
    let mut names = expanded.arguments.clone();
    let keys =
        |node: Option<&Arc<Node>>| node.into_iter().flat_map(|node| node.entries()).map(|entry| entry.key.clone()).collect::<Vec<_>>();
    for case in expanded.tree.get("cases").map(|cases| cases.items()).unwrap_or_default() {
        names.extend(keys(case.get("vars")));
        names.extend(keys(case.get("matrix")));
        for row in case.get("each").map(|each| each.items()).unwrap_or_default() {
            names.extend(keys(Some(row)));
        }
    }
    names
}

/// The name and id of a test; `None` after an error in them.
fn identity(inserter: &mut Inserter<'_>, case: &Case<'_>, combination: &Combination, suite_id: &str) -> Option<Identity> {
    let plain = |inserter: &mut Inserter<'_>, node: &Arc<Node>| inserter.insert(node, names::VARIABLE, 0).filter(|node| !is_template(node));
    let name = plain(inserter, case.name)?;
    let name = name.text().map(str::to_owned).or_else(|| rows::shown(&name))?;
    let mut parts = Vec::new();
    for (key, number, value) in &combination.matrix {
        let value = plain(inserter, value)?;
        parts.push(rows::axis_id(key, *number, &value));
    }
    if let Some((number, row)) = &combination.row {
        let own = row.get("id").and_then(|id| plain(inserter, id)).and_then(|id| rows::shown(&id));
        parts.push(match own {
            Some(id) => id,
            None => {
                let scalars = row.entries().iter().filter(|entry| !entry.value.is_map() && !entry.value.is_list());
                let values: Vec<_> = scalars.filter_map(|entry| plain(inserter, &entry.value).map(|value| (&*entry.key, value))).collect();
                rows::row_id(*number, values.into_iter())
            }
        });
    }
    let mut id = slug::slug(&name);
    if !parts.is_empty() {
        id += &format!("[{}]", parts.join(","));
    }
    Some(Identity { slug: slug::slug(&id), id: format!("{suite_id}::{id}"), name })
}

fn is_template(node: &Node) -> bool {
    matches!(node.value, Content::Template(_))
}

/// Which variables of the environment may be unset: all, if the test is skipped anyway; otherwise those that `only_if` names.
fn unset_allowed(inserter: &mut Inserter<'_>, merged: &[Entry], env: &HashMap<String, String>) -> Option<Vec<String>> {
    let part = |key: &str| merged.iter().find(|entry| *entry.key == *key).map(|entry| &entry.value);
    if part("skip").is_some_and(|skip| !skip.is_null()) {
        return None;
    }
    let Some(condition) = part("only_if").and_then(|only_if| only_if.get("env")) else { return Some(vec![]) };
    let condition = inserter.insert(condition, names::place("only_if"), 0)?;
    let names: Vec<_> = condition.items().iter().chain([&condition]).filter_map(|node| node.text().map(str::to_owned)).collect();
    let set = |name: &String| env.get(name).is_some_and(|value| !value.is_empty());
    names.iter().all(set).then_some(names)
}

fn agent(inserter: &mut Inserter<'_>, agents: &mut Agents, suite: Option<&Arc<Node>>, case: Option<&Arc<Node>>) -> Option<Resolved> {
    let mut said = Diagnostics::default();
    let mut name_of = |node: &Arc<Node>, _: &mut Diagnostics| {
        let name = inserter.insert(node, Place { what: "the name of an agent", ..names::VARIABLE }, 0)?;
        match &name.value {
            Content::Text(text) => Some(text.clone()),
            Content::Template(_) => None,
            _ => {
                let message = format!("the name of an agent is a text, and this is {}", name.kind());
                let diagnostic = Diagnostic::error("wrong-type", node.span, message).label("not a name");
                inserter.diagnostics.push(diagnostic.help("write `agent: <name>`, or `agent: {base: <name>, …}`"));
                None
            }
        }
    };
    let agent = agents.of_case(suite, case, &mut name_of, &mut said);
    inserter.diagnostics.extend(said);
    agent
}

/// All keys of a case, each with the names that may stand there.
fn inserted(inserter: &mut Inserter<'_>, merged: &[Entry]) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(merged.len() + 1);
    for entry in merged {
        let place = names::place(&entry.key);
        let value = match (&*entry.key, &entry.value.value) {
            ("steps", Content::List(steps)) => Some(inserted_steps(inserter, &entry.value, steps, place)),
            ("prompt", _) => inserter.insert(&entry.value, Place { step: Some(0), ..place }, 1),
            _ => inserter.insert(&entry.value, place, 1),
        };
        entries.extend(value.map(|value| Entry { value, ..entry.clone() }));
    }
    entries
}

/// What a step saves is known from then on.
fn inserted_steps(inserter: &mut Inserter<'_>, node: &Arc<Node>, steps: &[Arc<Node>], place: Place) -> Arc<Node> {
    let made: Vec<_> =
        steps.iter().enumerate().filter_map(|(number, step)| inserter.insert(step, Place { step: Some(number), ..place }, 2)).collect();
    let same = made.len() == steps.len() && made.iter().zip(steps).all(|(new, old)| Arc::ptr_eq(new, old));
    if same { node.clone() } else { Node::new(node.span, Content::List(made)) }
}

/// A setting of null is its default, so it is not there.
fn without_null_settings(agent: &Arc<Node>) -> Arc<Node> {
    let Some(settings) = agent.get("settings").filter(|settings| settings.entries().iter().any(|entry| entry.value.is_null())) else {
        return agent.clone();
    };
    let given = merge::without_nulls(settings);
    let entries = agent.entries().iter().map(|entry| match &*entry.key {
        "settings" => Entry { value: given.clone(), ..entry.clone() },
        _ => entry.clone(),
    });
    Node::new(agent.span, Content::Map(entries.collect()))
}

/// FNV-1a: a number from a text, the same on every machine and in every version.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
