//! Arguments of `{use: …}`, filled into the template's holes.
//!
//! Owns: which argument a hole means, what is put in at once and what must wait for the case's values.
//! Must not know: where templates are defined.

use super::define::Expander;
use super::holes::{self, Joined};
use crate::base::{Diagnostic, Span};
use crate::model::template::{Hole, HoleSource, Part, Template, printed};
use crate::model::tree::{Entry, Node};
use std::cell::{Cell, OnceCell};
use std::sync::Arc;

/// The arguments of one use.
#[derive(Default)]
pub(super) struct Frame {
    arguments: Vec<Argument>,
}

struct Argument {
    key: Arc<str>,
    span: Span,
    value: Arc<Node>,
    height: usize,
    /// It holds no templates, so its value is known now.
    plain: bool,
    used: Cell<bool>,
    /// Its name among the hidden variables, once it needed one.
    hidden: OnceCell<Arc<str>>,
}

impl Frame {
    pub fn add(&mut self, entry: &Entry, value: Arc<Node>) {
        self.arguments.push(Argument {
            key: entry.key.clone(),
            span: entry.key_span,
            height: holes::height(&value),
            plain: !holes::any_in(&value),
            value,
            used: Cell::new(false),
            hidden: OnceCell::new(),
        });
    }

    /// The arguments that no hole has asked for.
    pub fn unused(&self) -> Vec<(Arc<str>, Span)> {
        self.arguments.iter().filter(|argument| !argument.used.get()).map(|argument| (argument.key.clone(), argument.span)).collect()
    }

    fn argument(&self, hole: &Hole) -> Option<&Argument> {
        let root = hole.root()?;
        let argument = self.arguments.iter().find(|argument| *argument.key == *root)?;
        argument.used.set(true);
        Some(argument)
    }
}

/// What an argument makes of a hole.
enum Put {
    Node(Arc<Node>),
    Hole(Hole),
    LeftOut,
    /// The mistake has been said.
    Failed,
}

impl Expander<'_> {
    /// A template with the frame's arguments in it. The same node if none is meant.
    pub(super) fn fill(&mut self, node: &Arc<Node>, template: &Template, frame: &Frame, depth: usize) -> Option<Arc<Node>> {
        if !template.holes().any(|hole| frame.argument(hole).is_some()) {
            return Some(node.clone());
        }
        if let Some(hole) = template.whole() {
            return match self.put(hole, frame, node.span, true) {
                Put::Node(value) => {
                    let height = frame.argument(hole).map_or(0, |argument| argument.height);
                    Some(if self.fits(node, height, depth) { value } else { node.clone() })
                }
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
        for part in &template.parts {
            match part {
                Part::Text(text) => joined.text(text),
                Part::Hole(hole) => match self.put(hole, frame, node.span, false) {
                    Put::Node(value) => match printed(&value.to_value(), &hole.shown()) {
                        Ok(text) => joined.text(&text),
                        Err(reason) => self.cannot(node.span, reason),
                    },
                    Put::Hole(hole) => joined.hole(hole),
                    Put::LeftOut => return None,
                    Put::Failed => {}
                },
            }
        }
        Some(joined.node(node.span))
    }

    fn put(&mut self, hole: &Hole, frame: &Frame, span: Span, whole: bool) -> Put {
        let Some(argument) = frame.argument(hole) else { return Put::Hole(hole.clone()) };
        let path = hole.name().and_then(|name| name.strip_prefix(&*argument.key)).unwrap_or_default();
        if !argument.plain {
            let bare = whole && path.is_empty() && !hole.optional && hole.default.is_none() && hole.filters.is_empty();
            if bare {
                return Put::Node(argument.value.clone());
            }
            let name = argument.hidden.get_or_init(|| self.hidden.add(&argument.value, &argument.key));
            return Put::Hole(Hole { source: HoleSource::Name(format!("{name}{path}").into()), ..hole.clone() });
        }
        let value = match path.strip_prefix('.') {
            Some(inside) => holes::member(&argument.value, inside),
            None => Some(&argument.value),
        };
        if value.is_none() && !hole.optional && hole.default.is_none() {
            self.cannot(span, format!("the argument `{}` has no `{}`", argument.key, path.trim_start_matches('.')));
            return Put::Failed;
        }
        match holes::finished(hole, value, span) {
            Ok(Some(node)) => Put::Node(node),
            Ok(None) => Put::LeftOut,
            Err(reason) => {
                self.cannot(span, reason);
                Put::Failed
            }
        }
    }

    fn cannot(&mut self, span: Span, reason: String) {
        let used = Diagnostic::error("cannot-insert", span, reason).label("in this text");
        self.diagnostics.push(used.help("see the `use` that gives this argument"));
    }
}
