//! Rules of fakes that no case of a full run used: most often a rule that a rename has left behind.
//!
//! Owns: which rules were used, and the warning about the others.
//! Must not know: how a rule is matched; the traces tell which one answered.

use crate::base::{Diagnostic, FileId, Span};
use crate::model::fake::{FakeKind, ModelReplies};
use crate::model::http::HttpRoute;
use crate::model::suite::Case;
use crate::model::tool::ToolRow;
use crate::model::trace::{Trace, What};
use std::collections::{BTreeMap, BTreeSet};

/// Every rule by its place, and whether some case used it. Cases that share a rule of their suite share its place.
#[derive(Default)]
pub struct RuleUse {
    rules: BTreeMap<Span, Use>,
    /// Files in which a case did not pass: its rules may be unused for that reason.
    unsure: BTreeSet<FileId>,
}

struct Use {
    /// As messages name it, such as `rules[1]` of `llm`.
    name: String,
    used: bool,
}

impl RuleUse {
    /// Counts the rules of a case that ran.
    pub fn count(&mut self, case: &Case, trace: &Trace) {
        for (fake, described) in &case.fakes {
            for list in lists(&described.kind).into_iter().filter(|_| !described.unused_allowed) {
                let answered = answered_by(trace, fake, list.mark);
                for (at, span) in list.spans.into_iter().enumerate() {
                    let name = format!("{} {} of `{fake}`", list.what, at + 1);
                    let used = self.rules.entry(span).or_insert(Use { name, used: false });
                    used.used |= answered.contains(&at);
                }
            }
        }
    }

    /// Nothing is said of a file in which a case did not run, or did not pass.
    pub fn leave_out(&mut self, case: &Case) {
        self.unsure.insert(case.span.file);
    }

    /// One warning for each rule that nobody used.
    pub fn warnings(&self) -> Vec<Diagnostic> {
        let unused = self.rules.iter().filter(|(span, rule)| !rule.used && !span.is_none() && !self.unsure.contains(&span.file));
        let warning = |(span, rule): (&Span, &Use)| {
            Diagnostic::warning("unused-rule", *span, format!("{} was used by no case of this run", rule.name))
                .label("never matched")
                .help("delete it, or write `unused: allow` beside the fake's kind if it is there just in case")
        };
        unused.map(warning).collect()
    }
}

/// A list of rules of a fake.
struct List {
    what: &'static str,
    /// How the name of a rule begins in the trace.
    mark: &'static str,
    spans: Vec<Span>,
}

fn lists(kind: &FakeKind) -> Vec<List> {
    let routes = |routes: &[HttpRoute]| List { what: "route", mark: "http[", spans: routes.iter().map(|route| route.span).collect() };
    match kind {
        FakeKind::Model(model) => {
            let spans = match &model.replies {
                ModelReplies::Rules(rules) => rules.iter().map(|rule| rule.span).collect(),
                ModelReplies::Script(_) | ModelReplies::Persona(_) => vec![],
            };
            vec![List { what: "rule", mark: "rules[", spans }, routes(&model.routes)]
        }
        FakeKind::Command(command) => {
            vec![List { what: "rule", mark: "rule ", spans: command.rules.iter().map(|rule| rule.span).collect() }]
        }
        FakeKind::Http(http) => vec![routes(&http.routes)],
        FakeKind::Server(_) | FakeKind::Websocket(_) => vec![],
        // A tool that is only offered is used by being seen; a row that waits for certain arguments wants to be called.
        FakeKind::Mcp(rows) => {
            let wants = |row: &ToolRow| if row.when.is_some() { row.span } else { Span::NONE };
            vec![List { what: "row", mark: "rows[", spans: rows.iter().map(wants).collect() }]
        }
        FakeKind::Functions(functions) => {
            vec![List { what: "row", mark: "rows[", spans: functions.rows.iter().map(|row| row.span).collect() }]
        }
    }
}

/// The places of the rules that answered, in the fake's list of rules.
fn answered_by(trace: &Trace, fake: &str, mark: &str) -> Vec<usize> {
    let rule = |what: &What| match what {
        What::Reply { fake: of, rule, .. } if of == fake => place(rule, mark, ']'),
        What::Command(call) if call.name == fake => place(call.rule.as_deref()?, "rule ", ' ')?.checked_sub(1),
        _ => None,
    };
    trace.records.iter().filter_map(|record| rule(&record.what)).collect()
}

/// The number between two marks: 2 of `rules[2].reply[0]`, 3 of `rule 3 (gmail get *)`.
fn place(rule: &str, before: &str, after: char) -> Option<usize> {
    rule.strip_prefix(before)?.split(after).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn the_place_of_a_rule_is_read_from_its_name() {
        assert_eq!(place("rules[2].reply[0]", "rules[", ']'), Some(2));
        assert_eq!(place("rule 3 (gmail get *)", "rule ", ' '), Some(3));
        assert_eq!(place("script[1]", "rules[", ']'), None);
    }
}
