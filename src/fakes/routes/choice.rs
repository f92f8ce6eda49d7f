//! Which answer a request gets: that of the first route that matches, or of the next in its list.
//!
//! Owns: counting what was given, what was put aside and read again, what was left over.
//! Must not know: sockets, templates in answers.

use crate::fakes::rules::{self, NoRule, Rule};
use crate::matching::jsonpath;
use crate::model::http::{HttpAnswer, HttpContent, HttpRoute, Store};
use crate::model::pattern::{JsonPath, Pattern};
use crate::model::template::Scope;
use crate::model::trace::{Blame, Problem, Request};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What was given so far, and what was put aside. Both are of one fake in one case.
#[derive(Debug, Default)]
pub struct Given {
    routes: Vec<Count>,
    stored: BTreeMap<String, Value>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    failures: u64,
    answers: usize,
}

impl Rule for HttpRoute {
    fn when(&self) -> Option<&Pattern> {
        self.when.as_ref()
    }
}

/// What follows a request.
#[derive(Debug)]
pub struct Decision<'a> {
    /// As the trace knows it: `http[1] (POST /calls)`, `http[1].answers[0] (GET /jobs)`.
    pub rule: String,
    pub what: What<'a>,
}

#[derive(Debug)]
pub enum What<'a> {
    Answer(&'a HttpAnswer, Recalled),
    /// One of `fail_first`.
    Failure {
        status: u16,
        message: String,
    },
    /// The route takes the request, and has nothing for it: the case fails.
    Nothing(Problem),
}

/// What `recall` read.
#[derive(Debug, PartialEq)]
pub enum Recalled {
    /// The answer reads nothing.
    NotAsked,
    Found(Value),
    /// Under this key there is nothing; `None` if the request has no such key.
    Missing(Option<String>),
}

/// The facts of a request, the `nth` of its fake, counted from 0.
pub fn facts(request: &Request, nth: usize) -> Value {
    json!({"method": request.method, "path": request.path, "query": request.query, "headers": request.headers,
        "body": request.body, "raw": request.raw, "part": request.part, "nth": nth + 1})
}

/// Chooses, counts and puts aside. The error says why no route takes the request.
pub fn decide<'a>(
    routes: &'a [HttpRoute],
    given: &mut Given,
    fake: &str,
    facts: &Value,
    scope: &dyn Scope,
) -> Result<Decision<'a>, NoRule> {
    given.routes.resize(routes.len(), Count::default());
    let at = rules::first(routes, facts, "the request", scope)?;
    let (route, count) = (&routes[at], &mut given.routes[at]);
    if let Some(first) = route.fail_first.filter(|first| count.failures < first.times) {
        count.failures += 1;
        let message = format!("failure {} of {} of {} of `{fake}` (`fail_first`)", count.failures, first.times, label(route, at));
        return Ok(Decision { rule: label(route, at), what: What::Failure { status: first.status, message } });
    }
    let turn = count.answers;
    count.answers += 1;
    let (rule, nth) = match (route.sequence, &route.title) {
        (false, _) => (label(route, at), 0),
        (true, None) => (format!("http[{at}].answers[{turn}]"), turn),
        (true, Some(title)) => (format!("http[{at}].answers[{turn}] ({title})"), turn),
    };
    let Some(answer) = route.answers.get(nth) else {
        let all = route.answers.len();
        let answers = if all == 1 { "1 answer".to_owned() } else { format!("{all} answers") };
        let message = format!("{} of `{fake}` took {} requests, but has {answers}", label(route, at), turn + 1);
        return Ok(Decision { rule: "unmatched".to_owned(), what: What::Nothing(unmatched(message)) });
    };
    if let Some(store) = &answer.store
        && let Err(reason) = put_aside(store, given, facts)
    {
        let message = format!("{} of `{fake}` cannot store the request: {reason}", label(route, at));
        return Ok(Decision { rule, what: What::Nothing(unmatched(message)) });
    }
    let recalled = answer.recall.as_ref().map_or(Recalled::NotAsked, |recall| given.recall(&recall.key, facts));
    Ok(Decision { rule, what: What::Answer(answer, recalled) })
}

/// How a route is named in messages and in the trace.
pub fn label(route: &HttpRoute, at: usize) -> String {
    match &route.title {
        Some(title) => format!("http[{at}] ({title})"),
        None => format!("http[{at}]"),
    }
}

fn unmatched(message: String) -> Problem {
    Problem { blame: None, code: "unmatched-request".to_owned(), message, details: vec![] }
}

fn put_aside(store: &Store, given: &mut Given, facts: &Value) -> Result<(), String> {
    let nowhere = |path: &JsonPath| format!("it has no `{}`", path.source);
    let found = jsonpath::first(&store.key, facts).ok_or_else(|| nowhere(&store.key))?;
    let key = key(&found).ok_or_else(|| format!("the key `{}` is {found}, and must be a text or a number", store.key.source))?;
    let value = match &store.value {
        Some(path) => jsonpath::first(path, facts).ok_or_else(|| nowhere(path))?,
        None => facts["body"].clone(),
    };
    given.stored.insert(key, value);
    Ok(())
}

/// Texts and numbers are one kind of key: a path or a query has only texts.
fn key(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

impl Given {
    fn recall(&self, path: &JsonPath, facts: &Value) -> Recalled {
        let asked = jsonpath::first(path, facts).as_ref().and_then(key);
        match asked.as_ref().and_then(|key| self.stored.get(key)) {
            Some(value) => Recalled::Found(value.clone()),
            None => Recalled::Missing(asked),
        }
    }
}

/// What is said of a request that no route takes.
pub fn no_route(no: NoRule, routes: &[HttpRoute], fake: &str, request: &Request) -> Problem {
    let asked = format!("{} {}", request.method, request.path);
    match no {
        NoRule::NotTestable { at, reason } => Problem {
            blame: Some(Blame::Suite),
            code: "rule-not-testable".to_owned(),
            message: format!("{} of `{fake}` cannot be tested: {reason}", label(&routes[at], at)),
            details: vec![],
        },
        NoRule::NoneMatches { nearest } => {
            let routes_text = match routes.len() {
                0 => "it has no routes".to_owned(),
                1 => "its 1 route does not match".to_owned(),
                count => format!("none of its {count} routes matches"),
            };
            let details = nearest.into_iter().map(|(at, how)| format!("nearest: {}: {how}", label(&routes[at], at))).collect();
            Problem { details, ..unmatched(format!("`{fake}` got {asked}, and {routes_text}")) }
        }
    }
}

/// A route that could not be tested takes the request, and has nothing for it.
pub fn not_testable(no: NoRule, routes: &[HttpRoute], fake: &str, request: &Request) -> Decision<'static> {
    Decision { rule: "unmatched".to_owned(), what: What::Nothing(no_route(no, routes, fake, request)) }
}

/// One problem for each list of answers that was not used up.
pub fn left_over(routes: &[HttpRoute], given: &Given, fake: &str) -> Vec<Problem> {
    let used = |at: usize| given.routes.get(at).map_or(0, |count| count.answers);
    let sequences = routes.iter().enumerate().filter(|(at, route)| route.sequence && used(*at) < route.answers.len());
    sequences
        .map(|(at, route)| Problem {
            blame: None,
            code: "unused-answers".to_owned(),
            message: format!("`{fake}` gave {} of the {} answers of {}", used(at), route.answers.len(), label(route, at)),
            details: route.answers[used(at)..]
                .iter()
                .enumerate()
                .map(|(left, answer)| format!("never asked for: answers[{}]: {}", used(at) + left, shown(answer)))
                .collect(),
        })
        .collect()
}

/// An answer, short.
fn shown(answer: &HttpAnswer) -> String {
    let status = answer.status.unwrap_or(200);
    let content = match &answer.content {
        HttpContent::Empty => return format!("status {status}"),
        HttpContent::Text(node) | HttpContent::Json(node) => node.to_value().to_string(),
        HttpContent::Bytes(_) | HttpContent::File { .. } => "bytes".to_owned(),
        HttpContent::Events(parts) => format!("a stream of {} parts", parts.len()),
    };
    const MOST: usize = 80;
    let content = content.char_indices().nth(MOST).map_or(content.clone(), |(end, _)| format!("{}…", &content[..end]));
    format!("status {status}, {content}")
}
