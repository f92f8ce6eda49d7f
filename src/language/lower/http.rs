//! Routes of HTTP fakes: short and long ones.
//!
//! Owns: what `POST /v1/calls` is short for, and which keys of a route go together.
//! Must not know: sockets, how a route is matched; single answers are in `http_answer`.

use super::Lowering;
use super::check::wrong_place;
use super::fake::fields;
use super::http_answer::answer;
use super::lowering::key_span;
use crate::base::{Diagnostic, Span};
use crate::language::docs::http::{FailFirstDoc, RouteAnswerDoc, RouteNode};
use crate::language::shape::{Or, Reading, Shape, Whole, mistake};
use crate::model::http::{FailFirst, HttpAnswer, HttpRoute};
use crate::model::pattern::{Form, Pattern, Test, Word};
use crate::model::tree::{Content, Entry, Node};
use serde_json::Value;
use std::sync::Arc;

/// What a route may look at.
const REQUEST: [&str; 8] = ["method", "path", "query", "headers", "body", "raw", "part", "nth"];

/// The keys of a route that are not of its answer.
const OWN: [&str; 3] = ["when", "answers", "fail_first"];

/// Lowers the routes of a fake.
pub fn routes(docs: &[RouteNode], low: &mut Lowering<'_>) -> Vec<HttpRoute> {
    docs.iter().filter_map(|doc| route(&doc.0, low)).collect()
}

fn route(node: &Arc<Node>, low: &mut Lowering<'_>) -> Option<HttpRoute> {
    let Some(short) = node.entries().iter().find(|entry| is_short(&entry.key)) else { return long(node, None, low) };
    if let Some(other) = node.entries().iter().find(|entry| entry.key_span != short.key_span) {
        low.push(
            Diagnostic::error("one-kind", other.key_span, format!("`{}` and `{}` stand side by side", short.key, other.key))
                .label("a route in short has one key")
                .help(format!(
                    "what belongs to the route goes below it: `{}: {{…}}`; another route is another item of the list",
                    short.key
                )),
        );
        return None;
    }
    let title = Title::read(short, low)?;
    match &short.value.value {
        Content::Map(_) => long(&short.value, Some(title), low),
        Content::List(items) => {
            let answers = items.iter().filter_map(|item| listed(item, low)).collect();
            Some(HttpRoute { answers, sequence: true, ..title.route(node.span, None, low) })
        }
        Content::Text(_) | Content::Template(_) => {
            let entry = Entry { key: "body".into(), key_span: short.value.span, value: short.value.clone() };
            long(&Node::new(short.value.span, Content::Map(vec![entry])), Some(title), low)
        }
        _ => {
            low.push(mistake::wrong_type(&short.value, "an answer: a mapping, a list of answers in turn, or a text for the body"));
            None
        }
    }
}

/// What a route asks for, as written.
pub fn condition_of(route: &Node) -> Option<&Node> {
    let short = route.entries().iter().find(|entry| is_short(&entry.key));
    short.map_or(route, |entry| &*entry.value).get("when").map(|when| &**when)
}

/// Method and path, or a path whose method was forgotten.
fn is_short(key: &str) -> bool {
    key.starts_with(['/', '*']) || key.split_once(' ').is_some_and(|(_, path)| path.trim_start().starts_with(['/', '*']))
}

/// `POST /v1/calls`, taken apart.
struct Title {
    span: Span,
    method: String,
    path: String,
}

impl Title {
    fn read(entry: &Entry, low: &mut Lowering<'_>) -> Option<Title> {
        let (method, path) = entry.key.split_once(' ').unwrap_or(("", &entry.key));
        let path = path.trim();
        if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
            let message = format!("`{}` does not begin with a method", entry.key);
            low.push(
                mistake::wrong_value(entry.key_span, message, "a method in capital letters, and a path")
                    .help(format!("write `{} {path}`", if method.is_empty() { "GET".to_owned() } else { method.to_ascii_uppercase() })),
            );
            return None;
        }
        no_query(path, entry.key_span, low)?;
        Some(Title { span: entry.key_span, method: method.to_owned(), path: path.to_owned() })
    }

    /// The fields that it stands for.
    fn fields(&self, low: &mut Lowering<'_>) -> Vec<(Arc<str>, Pattern)> {
        let path = Node::new(self.span, Content::Text(self.path.as_str().into()));
        let method = Pattern { span: self.span, form: Form::Plain(self.method.as_str().into()) };
        vec![("method".into(), method), ("path".into(), path_glob(&path, low))]
    }

    /// A route without answers.
    fn route(&self, span: Span, when: Option<Vec<(Arc<str>, Pattern)>>, low: &mut Lowering<'_>) -> HttpRoute {
        let mut fields = self.fields(low);
        fields.extend(when.into_iter().flatten());
        let when = Some(Pattern { span: self.span, form: Form::Subset(fields) });
        let title = Some(format!("{} {}", self.method, self.path));
        HttpRoute { span, title, when, fail_first: None, answers: Vec::new(), sequence: false }
    }
}

/// A query is asked for by name: the order of its parameters means nothing.
fn no_query(path: &str, span: Span, low: &mut Lowering<'_>) -> Option<()> {
    let Some((path, query)) = path.split_once('?') else { return Some(()) };
    let name = query.split(['=', '&']).next().unwrap_or_default();
    low.push(
        mistake::wrong_value(span, "a path has no query", format!("a path such as `{path}`"))
            .help(format!("ask for the query by name: `when: {{query: {{{name}: …}}}}`")),
    );
    None
}

/// The text of a plain path is a glob.
fn path_glob(node: &Arc<Node>, low: &mut Lowering<'_>) -> Pattern {
    let test = Test::Glob(low.glob(node));
    Pattern { span: node.span, form: Form::Words(vec![Word { span: node.span, test }]) }
}

/// A route whose keys are `when` and those of its answer. With a title, `when` asks for more than the title does.
fn long(node: &Arc<Node>, title: Option<Title>, low: &mut Lowering<'_>) -> Option<HttpRoute> {
    let when = node.get("when").map(|when| condition(when, title.is_some(), low));
    let mut route = match title {
        Some(title) => {
            let more = when.and_then(|when| match when.form {
                Form::Subset(fields) => Some(fields),
                _ => None,
            });
            title.route(node.span, more, low)
        }
        None => HttpRoute { span: node.span, title: None, when, fail_first: None, answers: Vec::new(), sequence: false },
    };
    route.fail_first = node.get("fail_first").and_then(|node| fail_first(node, low));
    (route.answers, route.sequence) = answers(node, low)?;
    Some(route)
}

/// A pattern over the request: a plain `path` is a glob, a plain method is in capital letters, and names of headers in small ones.
fn condition(node: &Arc<Node>, titled: bool, low: &mut Lowering<'_>) -> Pattern {
    fields(node, &REQUEST, "a route", low);
    let mut when = low.pattern(node);
    let Form::Subset(fields) = &mut when.form else {
        if titled {
            low.push(mistake::wrong_type(node, "a mapping of what else the request must have, such as `{body: {id: 1}}`"));
        }
        return when;
    };
    for (name, pattern) in fields {
        match (&**name, &mut pattern.form) {
            ("method" | "path", _) if titled => {
                let span = key_span(node, name);
                low.push(wrong_place(span, name, "the route's own key says method and path"));
            }
            ("path", Form::Plain(Value::String(path))) => {
                let _ = no_query(path, pattern.span, low);
                *pattern = path_glob(&node.get("path").cloned().unwrap_or_else(|| node.clone()), low);
            }
            ("path", Form::Hole(path)) => *pattern = path_glob(&path.clone(), low),
            ("method", Form::Plain(Value::String(method))) => method.make_ascii_uppercase(),
            ("headers", Form::Subset(headers)) => {
                for (header, _) in headers {
                    *header = header.to_ascii_lowercase().into();
                }
            }
            _ => {}
        }
    }
    when
}

fn fail_first(node: &Arc<Node>, low: &mut Lowering<'_>) -> Option<FailFirst> {
    const STATUS: u16 = 503;
    match <Or<Whole, FailFirstDoc>>::read(node, &mut Reading { diagnostics: low.diagnostics })? {
        Or::This(times) => Some(FailFirst { times: times.number, status: STATUS }),
        Or::That(doc) => {
            let status = doc.status.map_or(Some(STATUS), |status| super::http_answer::status(status, low))?;
            Some(FailFirst { times: doc.times.number, status })
        }
    }
}

/// The one answer of a route, or its list. `None` if the list cannot be read.
fn answers(node: &Arc<Node>, low: &mut Lowering<'_>) -> Option<(Vec<HttpAnswer>, bool)> {
    let Some(list) = node.get("answers") else {
        let keys = node.entries().iter().filter(|entry| !OWN.contains(&&*entry.key)).cloned().collect();
        let rest = Node::new(node.span, Content::Map(keys));
        return Some((listed_as(&rest, "route", low).into_iter().collect(), false));
    };
    for entry in node.entries().iter().filter(|entry| !OWN.contains(&&*entry.key)) {
        low.push(wrong_place(entry.key_span, &entry.key, "with `answers`, write it into each of them"));
    }
    if !list.is_list() {
        low.push(mistake::wrong_type(list, "a list"));
        return None;
    }
    Some((list.items().iter().filter_map(|item| listed(item, low)).collect(), true))
}

fn listed(node: &Arc<Node>, low: &mut Lowering<'_>) -> Option<HttpAnswer> {
    listed_as(node, "route_answer", low)
}

/// Reads an answer; unknown keys are told as those of `owner`.
fn listed_as(node: &Arc<Node>, owner: &str, low: &mut Lowering<'_>) -> Option<HttpAnswer> {
    if node.text().is_some() || matches!(node.value, Content::Template(_)) {
        let entry = Entry { key: "body".into(), key_span: node.span, value: node.clone() };
        return listed_as(&Node::new(node.span, Content::Map(vec![entry])), owner, low);
    }
    let known: Vec<_> = RouteAnswerDoc::names().collect();
    let (given, unknown): (Vec<_>, Vec<_>) = node.entries().iter().cloned().partition(|entry| known.contains(&&*entry.key));
    if !unknown.is_empty() {
        let all: Vec<_> = known.iter().copied().chain(if owner == "route" { OWN.as_slice() } else { &[] }.iter().copied()).collect();
        mistake::keys(&Node { span: node.span, value: Content::Map(unknown) }, owner, &all, &[], low.diagnostics);
    }
    let clean = if node.is_map() { Node::new(node.span, Content::Map(given)) } else { node.clone() };
    let doc = RouteAnswerDoc::read(&clean, &mut Reading { diagnostics: low.diagnostics })?;
    answer(&doc, low)
}
