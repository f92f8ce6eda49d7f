//! Lint: rules that a case must keep although each of its parts is well-formed.

pub mod positive;

use super::lower::Draft;
use crate::base::Diagnostics;

/// A rule looks at one case.
type Rule = fn(&Draft, &mut Diagnostics);

/// All rules, in the order of their messages.
const RULES: [Rule; 1] = [positive::no_positive_check];

/// Holds all rules against a case.
pub fn case(draft: &Draft, diagnostics: &mut Diagnostics) {
    for rule in RULES {
        rule(draft, diagnostics);
    }
}
