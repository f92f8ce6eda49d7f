//! Checks: from a stored trace and what was expected of it, to findings. Pure, so that any stored trace can be judged again.
//!
//! Owns: the histories and the document of a trace, what each check is about, the defaults and invariants that always hold.
//! Must not know: sockets, clocks, how a run is made, how a finding is shown.
//!
//! | file | what |
//! |---|---|
//! | [`views`], [`histories`], [`rows`], `calls`, `errors`, [`turns`], [`messages`], `fields` | what a trace tells, indexed once and only if asked for |
//! | [`part`], `look` | the part of a run that belongs to a step, and what a check may look at |
//! | [`document`](mod@document), [`scope`] | what JSONPath sees; what templates stand for |
//! | `recording`, `votes` | what a judge sees of a run; what its answers come to |
//! | `lists`, `list_words`, `replies`, `values`, `files`, `egress`, `secrets` | one file per family of checks |
//! | `attempts`, `network` | hosts that the agent tried to reach, by a proxy or by a mocked command |
//! | `defaults`, `invariants`, `bypass`, `problems` | what always holds |
//! | [`evaluate`](mod@evaluate), `steps`, `live` | all findings of a case; the checks that a running step needs |

mod attempts;
mod bypass;
mod calls;
mod defaults;
pub mod document;
mod egress;
mod errors;
pub mod evaluate;
mod fields;
mod files;
pub mod histories;
mod invariants;
mod list_words;
mod lists;
mod live;
mod look;
pub mod messages;
mod network;
pub mod part;
mod problems;
mod recording;
mod replies;
pub mod rows;
mod said;
pub mod scope;
mod secrets;
mod shell;
mod steps;
#[cfg(test)]
mod tests;
pub mod turns;
mod values;
pub mod views;
mod votes;

pub use document::{document, step_document};
pub use evaluate::evaluate;
pub use live::holds;
pub use recording::recording;
pub use rows::Row;
pub use scope::TraceScope;
pub use views::Views;
pub use votes::{Decision, Judged, JudgedCriterion, Sense, aggregate};

use crate::model::expect::CheckKind;
use look::Look;
use said::Said;

/// A family of checks. `never` fails when what must never be was there.
struct Family {
    keys: &'static [&'static str],
    expect: fn(&CheckKind, &Look<'_, '_>) -> Said,
    never: fn(&CheckKind, &Look<'_, '_>) -> Said,
}

/// Every key of `expect`, `never` and `reach`, but `invariants`, which asks nothing.
const FAMILIES: &[Family] = &[
    Family { keys: &["calls", "events", "frames", "sent", "requests", "commands", "errors"], expect: lists::expect, never: lists::never },
    Family { keys: &["reply", "delivered"], expect: replies::expect, never: replies::never },
    Family {
        keys: &["at", "turn", "usage", "timing", "exit", "result", "error", "value", "closed", "status", "headers", "body"],
        expect: values::expect,
        never: values::never,
    },
    Family { keys: &["files"], expect: files::expect, never: files::never },
    Family { keys: &["egress"], expect: egress::expect, never: egress::never },
    Family { keys: &["secrets"], expect: secrets::expect, never: secrets::never },
];
