//! Checks on outbound connections.
//!
//! Owns: which attempts are none of the case's own.
//! Must not know: how attempts are seen.

use super::lists::{list_holds, list_never, unknown};
use super::look::Look;
use super::said::{Said, cut, failure};
use crate::matching::list::Entry;
use crate::model::expect::{CheckKind, EgressCheck};
use crate::model::outcome::Failure;
use serde_json::Value;

const SUBJECT: &str = "outbound connections";

pub(crate) fn expect(kind: &CheckKind, look: &Look<'_, '_>) -> Said {
    let CheckKind::Egress(check) = kind else { return unknown(kind) };
    let entries = look.entries(look.views.egress());
    match check {
        EgressCheck::None => none(&entries),
        EgressCheck::Pattern(pattern) => list_holds(SUBJECT, pattern, &entries, look),
    }
}

pub(crate) fn never(kind: &CheckKind, look: &Look<'_, '_>) -> Said {
    let CheckKind::Egress(check) = kind else { return unknown(kind) };
    let entries = look.entries(look.views.egress());
    match check {
        EgressCheck::None => match none(&entries) {
            Said::Holds => Said::fails("there was no outbound connection, which must never be"),
            _ => Said::Holds,
        },
        EgressCheck::Pattern(pattern) => list_never(SUBJECT, pattern, &entries, look),
    }
}

/// Hosts that the case lets through do not count.
fn none(entries: &[Entry<'_>]) -> Said {
    let tried: Vec<String> =
        entries.iter().filter(|entry| entry.value["allowed"] != Value::Bool(true)).map(|entry| host(entry.value)).collect();
    if tried.is_empty() {
        return Said::Holds;
    }
    let actual = cut(&tried.join(", "));
    Said::Fails(Failure {
        expected: "no outbound connection".to_owned(),
        details: tried.iter().map(|host| format!("tried: {host}")).collect(),
        ..failure(format!("the agent tried to reach {actual}; expected no outbound connection"))
    })
}

/// With the path, where it was seen: over TLS it is not.
fn host(value: &Value) -> String {
    let port = value["port"].as_u64().map_or(String::new(), |port| format!(":{port}"));
    let by = value["command"].as_str().map_or(String::new(), |command| format!(" (by `{command}`)"));
    let path = value["path"].as_str().filter(|path| *path != "/").unwrap_or_default();
    format!("{}{port}{path}{by}", value["host"].as_str().unwrap_or_default())
}
