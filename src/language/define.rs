//! `define` and `use`: named templates, put in where they are used.
//!
//! Owns: which templates there are, arguments, splicing, recursion, how much may be made of a little.
//! Must not know: which names a case has; holes that no argument fills stay as they are.

use super::arguments::Frame;
use super::yaml::MAX_DEPTH;
use crate::base::{Diagnostic, Diagnostics, Span, suggest};
use crate::model::tree::{Content, Entry, Node};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Values that uses may add to one suite.
const BUDGET: usize = 200_000;
/// Levels of the whole tree, uses included.
pub const MAX_HEIGHT: usize = 2 * MAX_DEPTH;
/// Templates that use each other.
const MAX_USES: usize = 32;

/// A suite without `use`.
pub struct Expanded {
    pub tree: Arc<Node>,
    pub vars: Option<Arc<Node>>,
    pub agents: Option<Arc<Node>>,
    /// The project's defaults of rubrics.
    pub judge: Option<Arc<Node>>,
    pub hidden: Hidden,
    /// The names of all arguments given anywhere: `{{x?}}` in a template may be one that this use does not give.
    pub arguments: HashSet<Arc<str>>,
}

/// Arguments that hold templates themselves and are needed inside a longer text or a filter: variables that only the holes
/// made for them can name.
#[derive(Default)]
pub struct Hidden {
    values: HashMap<Arc<str>, (Arc<Node>, Arc<str>)>,
}

impl Hidden {
    /// The value, and the argument's own name for messages.
    pub fn get(&self, name: &str) -> Option<(&Arc<Node>, &str)> {
        self.values.get(name).map(|(node, shown)| (node, &**shown))
    }

    /// A new name, which no file can write.
    pub fn add(&mut self, node: &Arc<Node>, shown: &Arc<str>) -> Arc<str> {
        let name: Arc<str> = format!("@{}", self.values.len()).into();
        self.values.insert(name.clone(), (node.clone(), shown.clone()));
        name
    }
}

/// Puts the templates of the suite and of the project in wherever `use` stands: in the suite, and in the project's
/// variables, agents and defaults of rubrics. The suite's templates come before the project's of the same name.
pub fn expand(suite: &Arc<Node>, project: &super::project::Project, diagnostics: &mut Diagnostics) -> Expanded {
    let mut expander = Expander {
        defines: [suite.get("define"), project.define.as_ref()],
        hidden: Hidden::default(),
        arguments: HashSet::new(),
        uses: vec![],
        made: 0,
        grown: false,
        diagnostics,
    };
    let mut outside = |node: &Option<Arc<Node>>| node.as_ref().and_then(|node| expander.walk(node, None, 0));
    let (vars, agents, judge) = (outside(&project.vars), outside(&project.agents), outside(&project.judge));
    let entries = expander.entries(suite.entries(), Some("define"), None, 0);
    let tree = entries.map_or_else(|| suite.clone(), |entries| Node::new(suite.span, Content::Map(entries)));
    Expanded { tree, vars, agents, judge, hidden: expander.hidden, arguments: expander.arguments }
}

/// The name in `{use: name, …}`. A `use` that is a mapping, a list or `{{'text'}}` is data.
fn used(node: &Node) -> Option<(&str, &Entry)> {
    let entry = node.entry("use")?;
    entry.value.text().map(|name| (name, entry))
}

pub(super) struct Expander<'a> {
    defines: [Option<&'a Arc<Node>>; 2],
    pub(super) hidden: Hidden,
    arguments: HashSet<Arc<str>>,
    /// The templates that are being put in, outermost first.
    uses: Vec<String>,
    made: usize,
    /// It was said that too much is made; once is enough.
    grown: bool,
    pub(super) diagnostics: &'a mut Diagnostics,
}

impl Expander<'_> {
    /// The node with uses put in, and the holes that `frame` fills. The same node if there was nothing to do; `None` if it is
    /// an optional hole without value.
    fn walk(&mut self, node: &Arc<Node>, frame: Option<&Frame>, depth: usize) -> Option<Arc<Node>> {
        if frame.is_some() {
            self.made += 1;
        }
        match &node.value {
            Content::Template(template) => match frame {
                Some(frame) => self.fill(node, template, frame, depth),
                None => Some(node.clone()),
            },
            Content::List(items) => {
                Some(self.items(items, frame, depth).map_or_else(|| node.clone(), |items| Node::new(node.span, Content::List(items))))
            }
            Content::Map(entries) => match used(node) {
                Some((name, entry)) => self.put_in(name, entry, entries, frame, depth),
                None => {
                    self.refuse_computed_name(node);
                    let entries = self.entries(entries, None, frame, depth);
                    Some(entries.map_or_else(|| node.clone(), |entries| Node::new(node.span, Content::Map(entries))))
                }
            },
            _ => Some(node.clone()),
        }
    }

    /// `None` if nothing changed.
    fn entries(&mut self, entries: &[Entry], without: Option<&str>, frame: Option<&Frame>, depth: usize) -> Option<Vec<Entry>> {
        let mut changed: Option<Vec<Entry>> = None;
        for (at, entry) in entries.iter().enumerate() {
            let value = match without {
                Some(key) if *entry.key == *key => Some(entry.value.clone()),
                _ => self.walk(&entry.value, frame, depth + 1),
            };
            let same = value.as_ref().is_some_and(|value| Arc::ptr_eq(value, &entry.value));
            if changed.is_none() && !same {
                changed = Some(entries[..at].to_vec());
            }
            if let (Some(changed), Some(value)) = (&mut changed, value) {
                changed.push(Entry { value, ..entry.clone() });
            }
        }
        changed
    }

    /// `None` if nothing changed. A template that is a list is spliced.
    fn items(&mut self, items: &[Arc<Node>], frame: Option<&Frame>, depth: usize) -> Option<Vec<Arc<Node>>> {
        let mut changed: Option<Vec<Arc<Node>>> = None;
        for (at, item) in items.iter().enumerate() {
            let value = self.walk(item, frame, depth + 1);
            let same = value.as_ref().is_some_and(|value| Arc::ptr_eq(value, item));
            if changed.is_none() && !same {
                changed = Some(items[..at].to_vec());
            }
            match (&mut changed, value) {
                (Some(changed), Some(value)) if value.is_list() && used(item).is_some() => changed.extend(value.items().iter().cloned()),
                (Some(changed), Some(value)) => changed.push(value),
                _ => {}
            }
        }
        changed
    }

    fn put_in(&mut self, name: &str, entry: &Entry, entries: &[Entry], frame: Option<&Frame>, depth: usize) -> Option<Arc<Node>> {
        // What could not be put in is null, so that what surrounds it is still looked at.
        let nothing = Some(Node::new(entry.value.span, Content::Null));
        let defines: Vec<_> = self.defines.iter().flatten().filter_map(|define| define.get(name)).cloned().collect();
        let Some(body) = defines.first() else {
            self.unknown(name, entry.value.span);
            return nothing;
        };
        if self.uses.iter().any(|used| used == name) {
            self.recursive(name, entry.value.span);
            return nothing;
        }
        if self.made > BUDGET || self.uses.len() >= MAX_USES || depth >= MAX_HEIGHT {
            self.too_large(entry.value.span);
            return None;
        }
        let mut given = Frame::default();
        for argument in entries.iter().filter(|argument| *argument.key != *"use") {
            if let Some(diagnostic) = super::names::refuse_reserved(&argument.key, argument.key_span) {
                self.diagnostics.push(diagnostic);
            }
            self.arguments.insert(argument.key.clone());
            // An argument left out is an argument not given.
            if let Some(value) = self.walk(&argument.value, frame, depth + 1) {
                given.add(argument, value);
            }
        }
        self.uses.push(name.to_owned());
        let errors = self.diagnostics.list.len();
        let made = self.walk(body, Some(&given), depth);
        self.uses.pop();
        if errors == self.diagnostics.list.len() && !self.grown {
            for (key, span) in given.unused() {
                self.unused(name, &key, span, body);
            }
        }
        made
    }

    /// A hole's value, if it fits in: the tree may not grow without end.
    pub(super) fn fits(&mut self, node: &Node, height: usize, depth: usize) -> bool {
        let fits = depth + height <= MAX_HEIGHT && self.made <= BUDGET;
        if !fits {
            self.too_large(node.span);
        }
        fits
    }

    fn too_large(&mut self, span: Span) {
        if std::mem::replace(&mut self.grown, true) {
            return;
        }
        self.diagnostics.push(
            Diagnostic::error("expansion-too-large", span, "templates that use templates make more of this suite than can be run")
                .label("here it grew too large")
                .help(format!("at most {BUDGET} values, {MAX_HEIGHT} levels and {MAX_USES} uses within each other")),
        );
    }

    fn unknown(&mut self, name: &str, span: Span) {
        let known: Vec<_> = self.defines.iter().flatten().flat_map(|define| define.entries()).map(|entry| &*entry.key).collect();
        let list = match known.as_slice() {
            [] => "there is no `define` in this suite or in checkride.yaml".to_owned(),
            known => format!("the templates are: {}", known.join(", ")),
        };
        self.diagnostics.push(
            Diagnostic::error("unknown-template", span, format!("no template `{name}` is defined"))
                .label("not a name under `define`")
                .maybe_help(suggest::did_you_mean(name, known.iter().copied()))
                .help(list)
                .help(format!("if it is data, write {{use: \"{{{{'{name}'}}}}\"}}")),
        );
    }

    fn recursive(&mut self, name: &str, span: Span) {
        let from = self.uses.iter().position(|used| used == name).unwrap_or(0);
        let chain: Vec<_> = self.uses[from..].iter().map(|used| format!("`{used}`")).collect();
        self.diagnostics.push(
            Diagnostic::error("recursive-define", span, format!("the template `{name}` uses itself"))
                .label("used within itself")
                .help(format!("the way back: {} → `{name}`", chain.join(" → "))),
        );
    }

    fn unused(&mut self, name: &str, key: &str, span: Span, body: &Arc<Node>) {
        let mut names = Vec::new();
        body.templates(&mut |_, template| names.extend(template.holes().filter_map(|hole| hole.root().map(str::to_owned))));
        self.diagnostics.push(
            Diagnostic::error("unused-argument", span, format!("the template `{name}` has no `{{{{{key}}}}}`"))
                .label("not used by the template")
                .maybe_help(suggest::did_you_mean(key, names.iter().map(String::as_str)))
                .help("remove it, or use it in the template"),
        );
    }

    fn refuse_computed_name(&mut self, node: &Node) {
        let Some(entry) = node.entry("use") else { return };
        let Content::Template(template) = &entry.value.value else { return };
        if template.holes().any(|hole| hole.name().is_some()) {
            self.diagnostics.push(
                Diagnostic::error("ill-formed-use", entry.value.span, "the name of a template cannot be a template itself")
                    .label("must be a plain name")
                    .help("templates are put in before values are known; choose between values instead"),
            );
        }
    }
}
