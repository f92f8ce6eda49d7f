//! Checks on the workspace after the run.
//!
//! Owns: what unchanged, absent and content mean.
//! Must not know: how files are read; the trace holds what they were.

use super::lists::unknown;
use super::look::Look;
use super::said::{Hunt, Said, cut, failure};
use crate::matching::value;
use crate::model::expect::{CheckKind, FileCheck};
use crate::model::outcome::Failure;
use crate::model::trace::{Blame, What};
use serde_json::Value;

struct Seen<'t> {
    content: Option<&'t str>,
    changed: bool,
}

pub(crate) fn expect(kind: &CheckKind, look: &Look<'_, '_>) -> Said {
    let CheckKind::File { path, check } = kind else { return unknown(kind) };
    let Some(seen) = seen(path, look) else { return not_looked_at(path) };
    match check {
        FileCheck::Unchanged if seen.changed => Said::Fails(Failure {
            expected: "the file as it was before the run".to_owned(),
            actual: told(&seen),
            ..failure(format!("the file `{path}` was changed; now it is {}", told(&seen)))
        }),
        FileCheck::Absent if seen.content.is_some() => Said::Fails(Failure {
            expected: "no such file".to_owned(),
            actual: told(&seen),
            ..failure(format!("there must be no file `{path}`, but there is: {}", told(&seen)))
        }),
        FileCheck::Unchanged | FileCheck::Absent => Said::Holds,
        FileCheck::Content(pattern) => {
            let content = seen.content.map(Value::from);
            Said::of(&format!("the file `{path}`"), value::test(pattern, content.as_ref(), &look.scope))
        }
    }
}

pub(crate) fn never(kind: &CheckKind, look: &Look<'_, '_>) -> Said {
    let CheckKind::File { path, check } = kind else { return unknown(kind) };
    let Some(seen) = seen(path, look) else { return not_looked_at(path) };
    let holds = match check {
        FileCheck::Unchanged => !seen.changed,
        FileCheck::Absent => seen.content.is_none(),
        FileCheck::Content(pattern) => {
            let content = seen.content.map(Value::from);
            let found = || failure(format!("the file `{path}` is what must never be: {}", told(&seen)));
            let mut hunt = Hunt::default();
            let said = hunt.take(pattern, content.as_ref(), &look.scope, found);
            return said.unwrap_or_else(|| hunt.end());
        }
    };
    if holds { Said::fails(format!("the file `{path}` is what must never be: {}", told(&seen))) } else { Said::Holds }
}

/// The last record of the file.
fn seen<'t>(path: &str, look: &Look<'_, 't>) -> Option<Seen<'t>> {
    look.views.records.iter().rev().find_map(|record| match &record.what {
        What::File { path: recorded, content, changed } if recorded == path => {
            Some(Seen { content: content.as_deref(), changed: *changed })
        }
        _ => None,
    })
}

fn not_looked_at(path: &str) -> Said {
    Said::Cannot(Blame::Harness, failure(format!("the trace does not tell what became of the file `{path}`")))
}

fn told(seen: &Seen<'_>) -> String {
    seen.content.map_or("gone".to_owned(), |content| format!("\"{}\"", cut(content)))
}
