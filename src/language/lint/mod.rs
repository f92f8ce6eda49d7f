//! Lint: rules that a case must keep although each of its parts is well-formed.

pub mod actions;
pub mod attacks;
pub mod egress;
pub mod fakes;
pub mod judge;
pub mod keys;
pub mod looks;
pub mod never;
pub mod outages;
pub mod parameters;
pub mod paths;
pub mod positive;
pub mod reached;
pub mod returned;
pub mod secrets;
pub mod seen;
pub mod sessions;

use super::lower::Draft;
use crate::base::Diagnostics;

/// A rule looks at one case.
type Rule = fn(&Draft, &mut Diagnostics);

/// All rules, one line each.
const RULES: [Rule; 36] = [
    positive::no_positive_check,
    fakes::unknown_fakes,
    fakes::unknown_gates,
    fakes::unanswerable_functions,
    egress::unknown_destinations,
    secrets::kept_by_nobody,
    seen::cannot_be_seen,
    seen::roles_never_shown,
    seen::needs_a_launched_agent,
    never::names_nothing,
    sessions::ambiguous_session,
    sessions::one_session_only,
    sessions::unknown_session,
    sessions::unknown_session_of_item,
    reached::parts_of_a_launched_agent,
    actions::unknown_actions,
    actions::unknown_events,
    keys::templates_in_keys,
    parameters::unused_parameters,
    parameters::missing_parameters,
    actions::pauses,
    actions::version_unknown,
    outages::stops_and_starts,
    outages::probed_servers,
    outages::stays_without_expect,
    returned::unknown_keys,
    returned::no_url,
    paths::leads_nowhere,
    fakes::which_model,
    attacks::unreached,
    attacks::unnoticed,
    attacks::without_solution,
    judge::unclear_statements,
    judge::nobody_judges,
    judge::judged_alone,
    judge::own_family,
];

/// Holds all rules against a case.
pub fn case(draft: &Draft, diagnostics: &mut Diagnostics) {
    for rule in RULES {
        rule(draft, diagnostics);
    }
}
