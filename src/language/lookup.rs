//! Names, answered with values: variables, `env`, `case`, `random`; and what is said of a name that has none.
//!
//! Owns: reserved roots of the plan stage, circles among variables, names used too early or misspelt.
//! Must not know: how values are joined into texts.

use super::holes;
use super::insert::{Inserter, Measure, Memo};
use super::names::{self, EXPECTATIONS, Later, Place, Stage};
use super::vars::Written;
use super::yaml;
use crate::base::{Diagnostic, Span, suggest};
use crate::model::template::{Hole, HoleSource};
use crate::model::tree::{Content, Node};
use std::sync::Arc;

/// Variables that are made for each other, one within the other.
const MAX_CHAIN: usize = 50;

/// `case.id`, `case.name`, `case.slug`.
#[derive(Clone, Debug)]
pub struct Identity {
    pub id: String,
    pub name: String,
    pub slug: String,
}

/// What a name stands for while a suite is loaded.
pub(super) enum Answer {
    Value(Arc<Node>, Measure),
    /// Known, and without value.
    Missing,
    /// Known at a later stage, and allowed here.
    Later,
    /// The mistake has been said.
    Failed,
}

impl Inserter<'_> {
    pub(super) fn lookup(&mut self, hole: &Hole, span: Span, place: Place) -> Answer {
        let name = match &hole.source {
            HoleSource::Literal(text) => return text_answer(text, span),
            HoleSource::Name(name) => name.clone(),
        };
        if name.starts_with('@') {
            let (root, path) = name.split_once('.').unwrap_or((&name, ""));
            let Some(node) = self.hidden.get(root).map(|(node, _)| node.clone()) else { return Answer::Failed };
            return self.variable(root, Some(Written::Node(node)), path, hole, span, place);
        }
        match name.split_once('.').unwrap_or((&name, "")) {
            ("env", variable) if !variable.is_empty() => return self.environment(variable, hole, span),
            ("case", "id" | "name" | "slug") => return self.case(&name, hole, span),
            ("random", "hex16") => {
                let text = format!("{:016x}", self.random.u64(..));
                return text_answer(&text, span);
            }
            ("random", "uuid") => {
                let text = uuid(&mut self.random);
                return text_answer(&text, span);
            }
            (root, _) if names::RESERVED.contains(&root) => {}
            _ => {
                if let Some((variable, path)) = self.layers.split(&name) {
                    self.used.insert(variable.into());
                    let written = self.layers.get(variable);
                    return self.variable(variable, written, path, hole, span, names::VARIABLE);
                }
            }
        }
        self.later(&name, hole, span, place)
    }

    fn environment(&mut self, variable: &str, hole: &Hole, span: Span) -> Answer {
        match self.env.get(variable) {
            // As in a shell, `:-` also stands in for an empty value.
            Some(value) if !(value.is_empty() && hole.default.is_some()) => text_answer(value, span),
            _ if hole.default.is_some() || hole.optional => Answer::Missing,
            _ if self.unset_allowed.as_ref().is_none_or(|names| names.iter().any(|name| name == variable)) => text_answer("", span),
            _ => {
                let span = self.hole_span(hole, span);
                self.diagnostics.push(
                    Diagnostic::error("unset-variable", span, format!("the environment variable `{variable}` is not set"))
                        .label("has no value")
                        .help(format!("set it, give a default ({{{{env.{variable}:-…}}}}), or skip the case without it: `only_if: {{env: {variable}}}`")),
                );
                Answer::Failed
            }
        }
    }

    fn case(&mut self, name: &str, hole: &Hole, span: Span) -> Answer {
        let Some(identity) = &self.identity else {
            let span = self.hole_span(hole, span);
            self.diagnostics.push(
                Diagnostic::error("variable-cycle", span, format!("`{name}` is made from this value"))
                    .label("needs itself")
                    .help("the name and the `id` of a row make the test's id; they cannot use it"),
            );
            return Answer::Failed;
        };
        let text = match name {
            "case.id" => &identity.id,
            "case.name" => &identity.name,
            _ => &identity.slug,
        };
        text_answer(text, span)
    }

    /// The value of a variable, or of a member of it. Made once for each test.
    fn variable(&mut self, name: &str, written: Option<Written>, path: &str, hole: &Hole, span: Span, place: Place) -> Answer {
        let (value, measure) = match self.memo.get(name).cloned() {
            Some(Memo::Made(value, measure)) => (value, measure),
            Some(Memo::Failed) => return Answer::Failed,
            Some(Memo::Working) => {
                self.circle(name, hole, span);
                return Answer::Failed;
            }
            None if self.working >= MAX_CHAIN => {
                self.too_long(hole, span);
                return Answer::Failed;
            }
            None => match self.made(name, written, place) {
                Memo::Made(value, measure) => (value, measure),
                _ => return Answer::Failed,
            },
        };
        let Some(value) = value.filter(|value| !value.is_null()) else { return Answer::Missing };
        if path.is_empty() {
            return Answer::Value(value, measure);
        }
        match holes::member(&value, path) {
            Some(member) if member.is_null() => Answer::Missing,
            Some(member) => Answer::Value(member.clone(), Measure::of(member)),
            None if hole.optional || hole.default.is_some() => Answer::Missing,
            None => {
                self.no_member(name, path, &value, hole, span);
                Answer::Failed
            }
        }
    }

    fn made(&mut self, name: &str, written: Option<Written>, place: Place) -> Memo {
        self.memo.insert(name.to_owned(), Memo::Working);
        let errors = self.diagnostics.list.len();
        let node = match written {
            Some(Written::Node(node)) => Some(node),
            Some(Written::Override { text, typed: false }) => Some(Node::new(Span::NONE, Content::Text(text.into()))),
            Some(Written::Override { text, typed: true }) => {
                yaml::read(self.sources, &format!("--var {name}"), text.as_bytes(), self.diagnostics)
            }
            None => None,
        };
        self.working += 1;
        let value = node.and_then(|node| self.insert(&node, place, 0));
        self.working -= 1;
        let memo = match errors == self.diagnostics.list.len() {
            true => {
                let measure = value.as_ref().map(|value| Measure::of(value)).unwrap_or_default();
                Memo::Made(value, measure)
            }
            false => Memo::Failed,
        };
        self.memo.insert(name.to_owned(), memo.clone());
        memo
    }

    /// A name that has no value while a suite is loaded: known later, or not at all.
    fn later(&mut self, name: &str, hole: &Hole, span: Span, place: Place) -> Answer {
        match self.later.find(name, &self.agent_names) {
            Some(Later::At(stage)) if stage <= place.stage => Answer::Later,
            Some(Later::Saved(step)) if place.stage == Stage::Run && place.step.is_none_or(|now| step <= now) => Answer::Later,
            Some(later) => {
                self.too_late(name, later, hole, span, place);
                Answer::Failed
            }
            // Whether a request or a call is being answered there is looked at when the fake is lowered.
            None if place.what == names::FAKE && names::answering(name).is_some() => Answer::Later,
            // One protocol or agent serves cases with and without a proxy.
            None if hole.optional && ["egress.url", "egress.ca_file"].contains(&name) => Answer::Missing,
            None if hole.optional && self.elsewhere.contains(name.split('.').next().unwrap_or(name)) => Answer::Missing,
            None => {
                self.unknown(name, hole, span);
                Answer::Failed
            }
        }
    }

    fn too_late(&mut self, name: &str, later: Later, hole: &Hole, span: Span, place: Place) {
        let when = match later {
            Later::At(Stage::Plan) => "when the suite is loaded".to_owned(),
            Later::At(Stage::Start) => "when the case starts".to_owned(),
            Later::At(Stage::Run) => "while the case runs".to_owned(),
            Later::Saved(EXPECTATIONS) => "when the case's expectations are checked".to_owned(),
            Later::Saved(step) => format!("when step {} has saved it", step + 1),
        };
        let help = match place.stage {
            Stage::Plan => "values known at load are variables, rows, `env`, `case` and `random`; write this name where it is needed",
            Stage::Start => "fakes and the agent may use variables, `secrets`, `agent` and the addresses of fakes",
            Stage::Run => "write the step that saves it above the one that uses it",
        };
        let span = self.hole_span(hole, span);
        self.diagnostics.push(
            Diagnostic::error("name-too-late", span, format!("`{name}` is known only {when}, too late for {}", place.what))
                .label("not known yet here")
                .help(help),
        );
    }

    fn unknown(&mut self, name: &str, hole: &Hole, span: Span) {
        if self.diagnostics.is_full() {
            return;
        }
        let mut known = self.layers.all();
        known.extend(self.later.all(&self.agent_names));
        known.extend(["random.hex16", "random.uuid", "case.id", "case.name", "case.slug"].map(str::to_owned));
        let root = name.split('.').next().unwrap_or(name);
        let span = self.hole_span(hole, span);
        let diagnostic = Diagnostic::error("unknown-name", span, format!("`{name}` is not a name that is known here"))
            .label("no variable, row, fake or saved value has this name")
            .maybe_help(suggest::did_you_mean(name, known.iter().map(String::as_str)));
        self.diagnostics.push(match root {
            "request" | "recalled" => diagnostic.help(format!("`{root}` is known only in the answers of an `http` fake's routes")),
            "call" => diagnostic.help("`call` is known only in protocol files, and in the results of a `functions` fake"),
            "approval" => diagnostic.help("`approval` is known only in protocol files"),
            "secrets" => diagnostic.help("declare it: `secrets: {name: {}}`"),
            "egress" => diagnostic.help(
                "`egress.url` is known where the agent is launched and not told `egress: open`, `egress.ca_file` where its `egress` leads hosts to fakes",
            ),
            "agent" => diagnostic.help("known are `agent.port`, `agent.url` and the named groups of `ready: {log: …}`"),
            _ if self.elsewhere.contains(root) => {
                diagnostic.help(format!("other rows or cases define it; where it may be missing write {{{{{name}?}}}}"))
            }
            _ => diagnostic.help("define it under `vars`, in a row, or write {{'text'}} for braces as they are"),
        });
    }

    fn no_member(&mut self, name: &str, path: &str, value: &Node, hole: &Hole, span: Span) {
        let known: Vec<_> = value.entries().iter().map(|entry| &*entry.key).collect();
        let span = self.hole_span(hole, span);
        self.diagnostics.push(
            Diagnostic::error("unknown-name", span, format!("`{name}` is {} and has no `{path}`", value.kind()))
                .label("not in the value")
                .maybe_help(suggest::did_you_mean(path, known.iter().copied()))
                .help(if known.is_empty() { "use the whole value".to_owned() } else { format!("it has: {}", known.join(", ")) }),
        );
    }

    fn too_long(&mut self, hole: &Hole, span: Span) {
        let span = self.hole_span(hole, span);
        self.diagnostics.push(
            Diagnostic::error("expansion-too-large", span, format!("more than {MAX_CHAIN} variables need each other in a row"))
                .label("here the chain grew too long")
                .help("write the value out where it is needed"),
        );
    }

    fn circle(&mut self, name: &str, hole: &Hole, span: Span) {
        let mut working: Vec<_> =
            self.memo.iter().filter(|(_, memo)| matches!(memo, Memo::Working)).map(|(name, _)| name.as_str()).collect();
        working.sort_unstable();
        let chain = working.join("`, `");
        let span = self.hole_span(hole, span);
        self.diagnostics.push(
            Diagnostic::error("variable-cycle", span, format!("the variable `{name}` needs its own value"))
                .label("leads back to itself")
                .help(format!("the circle is among `{chain}`")),
        );
    }

    /// The name as the author wrote it.
    pub(super) fn shown_name(&self, hole: &Hole) -> String {
        let shown = hole.shown();
        let root = shown.split('.').next().unwrap_or_default();
        match self.hidden.get(root) {
            Some((_, argument)) => shown.replacen(root, argument, 1),
            None => shown,
        }
    }

    /// The place of a hole within its text.
    pub(super) fn hole_span(&self, hole: &Hole, span: Span) -> Span {
        let Some(file) = self.sources.get(span.file).filter(|_| !self.diagnostics.is_full()) else { return span };
        let shown = self.shown_name(hole);
        let Some(text) = file.text.get(span.start as usize..span.end as usize) else { return span };
        for (open, _) in text.match_indices("{{") {
            let Some(rest) = text[open + 2..].trim_start().strip_prefix(shown.as_str()) else { continue };
            if rest.trim_start().starts_with(['}', '|', '?', ':']) {
                let end = text[open..].find("}}").map_or(text.len(), |close| open + close + 2);
                return Span::new(span.file, span.start as usize + open, span.start as usize + end);
            }
        }
        span
    }
}

fn text_answer(text: &str, span: Span) -> Answer {
    let node = Node::new(span, Content::Text(text.into()));
    let measure = Measure::of(&node);
    Answer::Value(node, measure)
}

/// A random UUID, version 4.
fn uuid(random: &mut fastrand::Rng) -> String {
    let bits = random.u128(..) & !(0xF << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
