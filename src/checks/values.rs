//! Checks on single values: `at`, `turn`, `usage`, `timing`, `exit`, and what a step's verb returned.
//!
//! Owns: the value that each of these is about.
//! Must not know: how a value pattern is tested.

use super::document;
use super::lists::unknown;
use super::look::Look;
use super::said::{Hunt, Said, failure, shown};
use crate::base::Span;
use crate::matching::jsonpath::{Selected, first, parse, select};
use crate::matching::value;
use crate::model::expect::CheckKind;
use crate::model::outcome::Failure;
use crate::model::pattern::{Form, JsonPath, Pattern, Test};
use crate::model::template::Scope;
use serde_json::Value;

/// A value and its name in messages; `None` is a missing one.
type Candidate = (String, Option<Value>);

pub(crate) fn expect(kind: &CheckKind, look: &Look<'_, '_>) -> Said {
    if let CheckKind::At { path, pattern } = kind {
        return at(path, pattern, look);
    }
    if let CheckKind::Returned { key, pattern } = kind {
        return match returned(key, look) {
            Ok(value) => returned_holds(key, pattern, value, &look.scope),
            Err(reason) => Said::fails(reason),
        };
    }
    let Some(pattern) = pattern_of(kind) else { return unknown(kind) };
    match candidates(kind, look) {
        Ok(candidates) => {
            Said::all(candidates.iter().map(|(subject, found)| Said::of(subject, value::test(pattern, found.as_ref(), &look.scope))))
        }
        Err(reason) => Said::fails(reason),
    }
}

pub(crate) fn never(kind: &CheckKind, look: &Look<'_, '_>) -> Said {
    if let CheckKind::At { path, pattern } = kind {
        return never_at(path, pattern, look);
    }
    let Some(pattern) = pattern_of(kind) else { return unknown(kind) };
    hunt(pattern, &candidates(kind, look).unwrap_or_default(), look)
}

fn pattern_of(kind: &CheckKind) -> Option<&Pattern> {
    match kind {
        CheckKind::Turn(pattern) | CheckKind::Usage(pattern) | CheckKind::Timing(pattern) | CheckKind::Exit(pattern) => Some(pattern),
        CheckKind::Returned { pattern, .. } => Some(pattern),
        _ => None,
    }
}

/// What the check is about; all of it must hold. The error says that there is nothing to look at.
fn candidates(kind: &CheckKind, look: &Look<'_, '_>) -> Result<Vec<Candidate>, String> {
    match kind {
        CheckKind::Turn(pattern) => turns(pattern, look),
        CheckKind::Usage(_) => match document::usage(look.views, look.part.as_ref()).value() {
            Some(usage) => Ok(vec![("the usage".to_owned(), Some(usage))]),
            None => Err("the agent reported no usage".to_owned()),
        },
        CheckKind::Timing(_) => Ok(look.timings().into_iter().map(|(subject, timing)| (subject, Some(timing))).collect()),
        CheckKind::Exit(_) => match document::exit(look.views, look.part.as_ref()) {
            Some(exit) => Ok(vec![("the exit status".to_owned(), Some(exit))]),
            None => Err("the exit status is not known: no process of the agent ended".to_owned()),
        },
        CheckKind::Returned { key, .. } => {
            let value = returned(key, look)?.get(*key).filter(|value| is_there(key, value));
            Ok(vec![(format!("the `{key}`"), value.cloned())])
        }
        _ => Ok(vec![]),
    }
}

fn turns(pattern: &Pattern, look: &Look<'_, '_>) -> Result<Vec<Candidate>, String> {
    let turns: Vec<Candidate> =
        look.turns().map(|turn| (format!("the outcome of {}", turn.shown()), turn_value(pattern, turn.outcome()))).collect();
    if turns.is_empty() {
        return Err(look.reply_turn().err().unwrap_or_else(|| "no turn was begun".to_owned()));
    }
    Ok(turns)
}

/// The part of `{status, error}` that a `turn` pattern is about: a pattern that names no keys is about the status.
pub(crate) fn turn_value(pattern: &Pattern, outcome: Value) -> Option<Value> {
    if names_keys(pattern) { Some(outcome) } else { outcome.get("status").cloned() }
}

fn names_keys(pattern: &Pattern) -> bool {
    match &pattern.form {
        Form::Subset(_) => true,
        Form::Words(words) => words.iter().any(|word| match &word.test {
            Test::Not(inner) | Test::Exactly(inner) | Test::Optional(inner) => names_keys(inner),
            Test::OneOf(options) => options.iter().any(names_keys),
            _ => false,
        }),
        Form::Plain(_) | Form::Hole(_) | Form::Elements(_) => false,
    }
}

fn returned<'t>(key: &str, look: &Look<'_, 't>) -> Result<&'t Value, String> {
    let end = look.part.as_ref().and_then(|part| part.run.end);
    end.map(|end| end.value).ok_or_else(|| format!("there is no `{key}`: only a step returns one"))
}

/// Tests one key of what a verb returned. An `error` or `closed` of null is none: both `null` and `{absent: true}` hold for it.
pub(crate) fn returned_holds(key: &str, pattern: &Pattern, returned: &Value, scope: &dyn Scope) -> Said {
    let subject = format!("the `{key}` of this step");
    let value = returned.get(key);
    let said = Said::of(&subject, value::test(pattern, value, scope));
    match (&said, value) {
        (Said::Fails(_), Some(value)) if !is_there(key, value) && value::test(pattern, None, scope).is_ok() => Said::Holds,
        _ => said,
    }
}

/// A verb that names an `error` or a `closed` of null had none.
pub(crate) fn is_there(key: &str, value: &Value) -> bool {
    !(value.is_null() && matches!(key, "error" | "closed"))
}

fn at(path: &JsonPath, pattern: &Pattern, look: &Look<'_, '_>) -> Said {
    let subject = format!("`{}`", path.source);
    let found = match select(path, look.document()) {
        Selected::Missing => None,
        Selected::One(found) => Some(found),
        Selected::Many(list) => Some(Value::Array(list)),
        Selected::BrokenPrefix(broken) => {
            let details = vec![deepest(&broken, look.document())];
            return Said::Fails(Failure { details, ..failure(format!("{subject} leads nowhere: there is no `{broken}`")) });
        }
    };
    match Said::of(&subject, value::test(pattern, found.as_ref(), &look.scope)) {
        Said::Fails(failure) => {
            let detail = found.map_or_else(|| deepest(&path.source, look.document()), |found| format!("{subject} is {}", shown(&found)));
            Said::Fails(Failure { details: vec![detail], ..failure })
        }
        said => said,
    }
}

/// The deepest part of a path that exists, and what is there.
fn deepest(path: &str, document: &Value) -> String {
    let mut prefix = path;
    while let Some(at) = prefix.rfind(['.', '[']) {
        prefix = &path[..at];
        if let Some(found) = parse(prefix, Span::NONE).ok().and_then(|path| first(&path, document)) {
            return format!("`{prefix}` {}; `checkride show` prints it all", contents(&found));
        }
    }
    format!("`$` {}; `checkride show` prints it all", contents(document))
}

fn contents(value: &Value) -> String {
    match value {
        Value::Object(map) if map.is_empty() => "is an empty mapping".to_owned(),
        Value::Object(map) => format!("has {}", map.keys().map(String::as_str).collect::<Vec<_>>().join(", ")),
        Value::Array(items) => format!("is a list of {}", items.len()),
        other => format!("is {}", shown(other)),
    }
}

fn never_at(path: &JsonPath, pattern: &Pattern, look: &Look<'_, '_>) -> Said {
    let subject = format!("`{}`", path.source);
    match select(path, look.document()) {
        Selected::Missing => hunt(pattern, &[(subject, None)], look),
        Selected::One(found) => hunt(pattern, &[(subject, Some(found))], look),
        Selected::Many(list) => {
            let elements: Vec<Candidate> = list.iter().map(|element| (subject.clone(), Some(element.clone()))).collect();
            // A pattern about the list speaks of it whole; any other speaks of each value found.
            match hunt(pattern, &[(subject, Some(Value::Array(list)))], look) {
                Said::Cannot(..) => hunt(pattern, &elements, look),
                said => said,
            }
        }
        Selected::BrokenPrefix(broken) => {
            let first = broken.trim_start_matches(['$', '.', '[', '\'']).split(['.', '[', '\'']).next().unwrap_or_default();
            let is_known = look.document().get(first).is_some() || OPTIONAL.contains(&first);
            if is_known { Said::Holds } else { Said::suite(format!("{subject} can never match: {}", deepest(&broken, look.document()))) }
        }
    }
}

/// Members that the document has only where there is something to tell.
const OPTIONAL: [&str; 3] = ["reply", "text", "usage"];

fn hunt(pattern: &Pattern, candidates: &[Candidate], look: &Look<'_, '_>) -> Said {
    let mut hunt = Hunt::default();
    for (subject, found) in candidates {
        let forbidden = || Failure {
            message: format!("{subject} is what must never be: {}", found.as_ref().map_or("missing".to_owned(), shown)),
            expected: "a value that does not match".to_owned(),
            actual: found.as_ref().map_or("missing".to_owned(), shown),
            details: vec![],
        };
        if let Some(said) = hunt.take(pattern, found.as_ref(), &look.scope, forbidden) {
            return said;
        }
    }
    hunt.end()
}
