//! Checks on what a verb returned, while the step still runs: a `probe` is repeated until they hold.
//!
//! Owns: the value that each key names.
//! Must not know: the trace.

use super::said::Said;
use super::values::returned_holds;
use crate::model::expect::{CheckKind, Expect};
use crate::model::template::Scope;
use serde_json::Value;

/// Tests the checks of `expect` that speak of what a verb returned (`result`, `error`, `value`, `closed`, `status`, `headers`, `body`);
/// all others are left to [`super::evaluate`]. `returned` is a mapping with those keys. The error is one line.
pub fn holds(expect: &Expect, returned: &Value, scope: &dyn Scope) -> Result<(), String> {
    for check in &expect.checks {
        let CheckKind::Returned { key, pattern } = &check.kind else { continue };
        match returned_holds(key, pattern, returned, scope) {
            Said::Holds => {}
            Said::Fails(failure) | Said::Cannot(_, failure) => return Err(failure.message),
        }
    }
    Ok(())
}
