//! From a path to a case and a fake, and what is said if there is none.
//!
//! Owns: `/<case>/<fake>/…`, and the errors of requests that belong to no fake.
//! Must not know: what a fake answers.

use super::case::Case;
use super::listener::Cases;
use super::served::Response;
use crate::base::suggest::did_you_mean;
use crate::fakes::http::{Answer, HttpRequest, Received, Refusal};
use crate::model::trace::Problem;
use crate::wire::provider_error::ErrorBody;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A target, taken apart.
#[derive(Debug, PartialEq)]
pub struct Target<'a> {
    case: Cow<'a, str>,
    fake: Cow<'a, str>,
    /// Below the fake's base URL; begins with a slash.
    path: &'a str,
    query: &'a str,
}

impl<'a> Target<'a> {
    pub fn parse(target: &'a str) -> Target<'a> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        // A client that takes this server for a proxy sends the whole URL.
        let path = path.strip_prefix("http://").map_or(path, |rest| rest.find('/').map_or("/", |at| &rest[at..]));
        let path = path.strip_prefix('/').unwrap_or(path);
        let (case, rest) = path.split_once('/').unwrap_or((path, ""));
        let cut = rest.find('/').unwrap_or(rest.len());
        let (fake, path) = rest.split_at(cut);
        let decode = |text: &'a str| percent_decode_str(text).decode_utf8_lossy();
        Target { case: decode(case), fake: decode(fake), path: if path.is_empty() { "/" } else { path }, query }
    }
}

/// What follows a request, and the case it belongs to.
pub fn answer(cases: &Cases, request: HttpRequest) -> (Response, Option<Arc<Case>>) {
    let HttpRequest { mut head, body } = request;
    let text = std::mem::take(&mut head.target);
    let target = Target::parse(&text);
    let Some(case) = cases.get(&target.case) else {
        return (unknown_case(&target.case).into(), None);
    };
    let Some(fake) = case.fake(&target.fake) else {
        return (unknown_fake(&case, &target, &head.method).into(), Some(case));
    };
    let request = Received { method: head.method, path: target.path.to_owned(), query: query(target.query), headers: head.headers, body };
    let response = fake.answer(request, &case);
    (response, Some(case))
}

/// The answer to a request that could not be read. If its head could, the case it belongs to is told.
pub fn refused(cases: &Cases, refusal: &Refusal) -> Answer {
    let case = refusal.target.as_deref().and_then(|target| cases.get(&Target::parse(target).case));
    if let (Some(case), Some(target)) = (case, &refusal.target) {
        let path = Target::parse(target);
        case.recorder.problem(Problem {
            blame: None,
            code: "ill-formed-request".to_owned(),
            message: format!("a request to `{}` was refused: {}", path.fake, refusal.message),
            details: vec![format!("path: {}", path.path)],
        });
    }
    error(refusal.status, "ill_formed_request", &refusal.message)
}

/// An error of this server, in the shape that provider clients can show, and that they do not try again.
pub fn error(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, ErrorBody::new(message, "invalid_request_error", Some(code)).to_bytes()).header("x-should-retry", "false")
}

fn unknown_case(case: &str) -> Answer {
    let message = match case {
        "" => "this is checkride's server of fakes; its paths are /<case>/<fake>/…".to_owned(),
        case => format!("checkride has no case `{case}` open here; it may have ended. Paths are /<case>/<fake>/…"),
    };
    error(404, "unknown_case", &message)
}

fn unknown_fake(case: &Case, target: &Target<'_>, method: &str) -> Answer {
    let names: Vec<_> = case.fakes.iter().map(|fake| format!("`{}`", fake.name())).collect();
    let known = if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", names.join(", ")) };
    let hint = did_you_mean(&target.fake, case.fakes.iter().map(|fake| fake.name()));
    let message = format!("this case has no fake `{}` that is a server; {known}", target.fake);
    let mut details = vec![format!("asked for: {method} /{}{}", target.fake, target.path)];
    details.extend(hint);
    case.recorder.problem(Problem { blame: None, code: "unmatched-request".to_owned(), message: message.clone(), details });
    error(404, "unknown_fake", &message)
}

/// The parameters of a query; of a repeated one the last.
pub fn query(text: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(name, value)| (decode(name), decode(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(target: &str, expected: (&str, &str, &str, &str)) {
        let Target { case, fake, path, query } = Target::parse(target);
        assert_eq!((&*case, &*fake, path, query), expected, "{target}");
    }

    #[test]
    fn case_and_fake_stand_first() {
        check("/c/llm/v1/responses?a=b", ("c", "llm", "/v1/responses", "a=b"));
        check("/c%5Bk=v%5D/llm", ("c[k=v]", "llm", "/", ""));
        check("http://127.0.0.1:1/c/llm/x", ("c", "llm", "/x", ""));
    }

    #[test]
    fn what_is_missing_is_empty() {
        check("/", ("", "", "/", ""));
        check("*", ("*", "", "/", ""));
        check("/c", ("c", "", "/", ""));
    }

    #[test]
    fn a_query_is_decoded() {
        let expected = [("a", "1 2"), ("b", ""), ("c", "ß")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(query("a=1+2&b&c=%C3%9F&"), expected.into());
    }
}
