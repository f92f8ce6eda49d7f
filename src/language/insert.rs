//! Values of the plan stage, inserted into a tree.
//!
//! Owns: the walk that shares what did not change, joining of texts, how much may be inserted.
//! Must not know: which names there are; `lookup` answers that.

use super::define::{Hidden, MAX_HEIGHT};
use super::holes::{self, Joined};
use super::lookup::{Answer, Identity};
use super::names::{AgentNames, LaterNames, Place};
use super::vars::Layers;
use crate::base::{Diagnostic, Diagnostics, Sources, Span};
use crate::model::template::{Hole, Part, Template, printed};
use crate::model::tree::{Content, Entry, Node};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Values that one test may have inserted.
const MAX_NODES: usize = 1_000_000;
/// Bytes of text that one test may have inserted.
const MAX_BYTES: usize = 256 << 20;

/// What inserting needs to know of one test.
pub struct Inserter<'a> {
    pub layers: Layers<'a>,
    pub later: &'a LaterNames,
    /// Names that the agent's start makes known; `None` if nobody can say.
    pub agent_names: AgentNames,
    pub hidden: &'a Hidden,
    /// Names that `{{x?}}` may use although this test does not define them.
    pub elsewhere: &'a HashSet<Arc<str>>,
    pub env: &'a HashMap<String, String>,
    /// Variables that may be unset, because the test will be skipped; all of them if it surely is.
    pub unset_allowed: Option<Vec<String>>,
    /// Not yet known while the id is made.
    pub identity: Option<Identity>,
    pub random: fastrand::Rng,
    pub sources: &'a Sources,
    pub diagnostics: &'a mut Diagnostics,
    /// The variables that were asked for.
    pub used: &'a mut HashSet<Arc<str>>,
    pub(super) memo: HashMap<String, Memo>,
    /// Variables that are being made.
    pub(super) working: usize,
    nodes: usize,
    bytes: usize,
    /// That it grew too large is said once.
    too_large: bool,
}

/// A variable's value within one test.
#[derive(Clone)]
pub(super) enum Memo {
    /// It is being made; who asks now has found a circle.
    Working,
    Made(Option<Arc<Node>>, Measure),
    Failed,
}

/// How much a value is.
#[derive(Clone, Copy, Default)]
pub(super) struct Measure {
    nodes: usize,
    bytes: usize,
    height: usize,
}

impl Measure {
    pub(super) fn of(node: &Node) -> Measure {
        let below = |mut sum: Measure, node: &Arc<Node>| {
            let inner = Measure::of(node);
            sum.nodes += inner.nodes;
            sum.bytes += inner.bytes;
            sum.height = sum.height.max(inner.height + 1);
            sum
        };
        let one = Measure { nodes: 1, ..Measure::default() };
        match &node.value {
            Content::Text(text) => Measure { bytes: text.len(), ..one },
            Content::List(items) => items.iter().fold(one, below),
            Content::Map(entries) => entries.iter().map(|entry| &entry.value).fold(one, below),
            _ => one,
        }
    }
}

/// What Inserter is made of, besides what starts empty.
pub struct Parts<'a> {
    pub layers: Layers<'a>,
    pub later: &'a LaterNames,
    pub hidden: &'a Hidden,
    pub elsewhere: &'a HashSet<Arc<str>>,
    pub env: &'a HashMap<String, String>,
    pub random: fastrand::Rng,
    pub sources: &'a Sources,
    pub diagnostics: &'a mut Diagnostics,
    pub used: &'a mut HashSet<Arc<str>>,
}

impl<'a> Inserter<'a> {
    pub fn new(parts: Parts<'a>) -> Inserter<'a> {
        Inserter {
            layers: parts.layers,
            later: parts.later,
            agent_names: AgentNames::default(),
            hidden: parts.hidden,
            elsewhere: parts.elsewhere,
            env: parts.env,
            unset_allowed: Some(vec![]),
            identity: None,
            random: parts.random,
            sources: parts.sources,
            diagnostics: parts.diagnostics,
            used: parts.used,
            memo: HashMap::new(),
            working: 0,
            nodes: 0,
            bytes: 0,
            too_large: false,
        }
    }

    /// The node with all values of the plan stage in it; the same node if it has none. `None` if it is an optional hole
    /// without value, and so to be left out. Mistakes are said, and their holes stay.
    pub fn insert(&mut self, node: &Arc<Node>, place: Place, depth: usize) -> Option<Arc<Node>> {
        match &node.value {
            Content::Template(template) => self.template(node, template, place, depth),
            Content::List(items) => Some(match self.items(items, place, depth) {
                Some(items) => Node::new(node.span, Content::List(items)),
                None => node.clone(),
            }),
            Content::Map(entries) => Some(match self.entries(entries, place, depth) {
                Some(entries) => Node::new(node.span, Content::Map(entries)),
                None => node.clone(),
            }),
            _ => Some(node.clone()),
        }
    }

    /// `None` if nothing changed.
    fn items(&mut self, items: &[Arc<Node>], place: Place, depth: usize) -> Option<Vec<Arc<Node>>> {
        let mut changed: Option<Vec<Arc<Node>>> = None;
        for (at, item) in items.iter().enumerate() {
            let value = self.insert(item, place, depth + 1);
            match &mut changed {
                Some(changed) => changed.extend(value),
                None if value.as_ref().is_some_and(|value| Arc::ptr_eq(value, item)) => {}
                None => changed = Some(items[..at].iter().cloned().chain(value).collect()),
            }
        }
        changed
    }

    /// `None` if nothing changed.
    fn entries(&mut self, entries: &[Entry], place: Place, depth: usize) -> Option<Vec<Entry>> {
        let mut changed: Option<Vec<Entry>> = None;
        for (at, entry) in entries.iter().enumerate() {
            let value = self.insert(&entry.value, place, depth + 1);
            let same = value.as_ref().is_some_and(|value| Arc::ptr_eq(value, &entry.value));
            let made = value.map(|value| Entry { value, ..entry.clone() });
            match &mut changed {
                Some(changed) => changed.extend(made),
                None if same => {}
                None => changed = Some(entries[..at].iter().cloned().chain(made).collect()),
            }
        }
        changed
    }

    fn template(&mut self, node: &Arc<Node>, template: &Template, place: Place, depth: usize) -> Option<Arc<Node>> {
        if let Some(hole) = template.whole() {
            return match self.hole(hole, node.span, place) {
                Put::Node(value, measure) => Some(if self.fits(measure, depth, node.span) { value } else { node.clone() }),
                Put::Hole(same) if same == *hole => Some(node.clone()),
                Put::Hole(hole) => {
                    let mut joined = Joined::default();
                    joined.hole(hole);
                    Some(joined.node(node.span))
                }
                Put::LeftOut => None,
                Put::Failed => Some(node.clone()),
            };
        }
        let mut joined = Joined::default();
        let mut changed = false;
        for part in &template.parts {
            let hole = match part {
                Part::Text(text) => {
                    joined.text(text);
                    continue;
                }
                Part::Hole(hole) => hole,
            };
            match self.hole(hole, node.span, place) {
                Put::Node(value, measure) => {
                    changed = true;
                    if self.fits(measure, 0, node.span) {
                        self.join(&mut joined, &value, hole, node.span);
                    }
                }
                Put::Hole(new) => {
                    changed |= new != *hole;
                    joined.hole(new);
                }
                Put::LeftOut => return None,
                Put::Failed => joined.hole(hole.clone()),
            }
        }
        Some(if changed { joined.node(node.span) } else { node.clone() })
    }

    /// A value inside a longer text.
    fn join(&mut self, joined: &mut Joined, value: &Node, hole: &Hole, span: Span) {
        if let Content::Template(template) = &value.value {
            return joined.template(template);
        }
        let shown = self.shown_name(hole);
        match printed(&value.to_value(), &shown) {
            Ok(text) => joined.text(&text),
            Err(reason) => self.cannot(hole, span, reason),
        }
    }

    fn hole(&mut self, hole: &Hole, span: Span, place: Place) -> Put {
        let (value, measure) = match self.lookup(hole, span, place) {
            Answer::Value(value, measure) => (Some(value), measure),
            Answer::Missing => (None, Measure { nodes: 1, ..Measure::default() }),
            Answer::Later => return Put::Hole(hole.clone()),
            Answer::Failed => return Put::Failed,
        };
        if let Some(value) = value.as_ref().filter(|value| !hole.filters.is_empty() && holes::any_in(value)) {
            // The filter waits, if the value is a single hole that waits too.
            if let Content::Template(template) = &value.value
                && let Some(inner) = template.whole()
            {
                let filters = inner.filters.iter().chain(&hole.filters).copied().collect();
                return Put::Hole(Hole { filters, optional: inner.optional || hole.optional, ..inner.clone() });
            }
            let reason = format!("`{}` holds values that are known only later, so no filter can be applied to it", self.shown_name(hole));
            self.cannot(hole, span, reason);
            return Put::Failed;
        }
        match holes::finished(hole, value.as_ref(), span) {
            Ok(Some(node)) if hole.filters.is_empty() => Put::Node(node, measure),
            Ok(Some(node)) => {
                let measure = Measure::of(&node);
                Put::Node(node, measure)
            }
            Ok(None) => Put::LeftOut,
            Err(reason) => {
                self.cannot(hole, span, reason);
                Put::Failed
            }
        }
    }

    /// False, and said, if the test grows too large.
    fn fits(&mut self, measure: Measure, depth: usize, span: Span) -> bool {
        self.nodes += measure.nodes;
        self.bytes += measure.bytes;
        let fits = self.nodes <= MAX_NODES && self.bytes <= MAX_BYTES && depth + measure.height <= MAX_HEIGHT;
        if !fits && !std::mem::replace(&mut self.too_large, true) {
            let limits =
                format!("at most {MAX_NODES} values, {} MiB of text and {MAX_HEIGHT} levels are inserted into one test", MAX_BYTES >> 20);
            self.diagnostics.push(
                Diagnostic::error("expansion-too-large", span, "variables that use variables make more of this test than can be run")
                    .label("here it grew too large")
                    .help(limits),
            );
        }
        fits
    }

    fn cannot(&mut self, hole: &Hole, span: Span, reason: String) {
        let span = self.hole_span(hole, span);
        self.diagnostics.push(
            Diagnostic::error("cannot-insert", span, reason)
                .label("cannot be inserted here")
                .help("a text, number or boolean can stand inside a longer text; anything else stands alone or as `|json`"),
        );
    }
}

/// What a hole becomes.
enum Put {
    Node(Arc<Node>, Measure),
    /// It is filled later.
    Hole(Hole),
    LeftOut,
    /// The mistake has been said.
    Failed,
}
