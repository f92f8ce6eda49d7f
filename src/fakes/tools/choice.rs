//! Which answer a call gets: that of the first row of its name whose `when` holds.
//!
//! Owns: counting what was given, the nearest row of a call that none matches, what was left over.
//! Must not know: who calls, how an answer reaches the caller.

use crate::base::suggest::did_you_mean;
use crate::fakes::rules::{self, NoAnswer, Rule};
use crate::matching::value::{self, Fault, Mismatch};
use crate::model::pattern::Pattern;
use crate::model::template::Scope;
use crate::model::tool::{ToolAnswer, ToolRow};
use crate::model::trace::Problem;
use serde_json::Value;

/// A call of a tool.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub name: &'a str,
    pub args: &'a Value,
}

/// How often each row answered so far.
#[derive(Clone, Debug, Default)]
pub struct Given {
    counts: Vec<usize>,
}

/// The answer of one call, with the name by which messages and the trace know it.
#[derive(Clone, Debug)]
pub struct Chosen<'a> {
    /// `rows[2] (wallets.get)`, or `rows[2].answers[0] (wallets.get)`.
    pub rule: String,
    pub answer: &'a ToolAnswer,
}

impl Rule for ToolRow {
    fn when(&self) -> Option<&Pattern> {
        self.when.as_ref()
    }
}

/// Chooses, and counts what was given. `fake` is the name for messages.
pub fn choose<'a>(rows: &'a [ToolRow], given: &mut Given, fake: &str, call: Call<'_>, scope: &dyn Scope) -> Result<Chosen<'a>, NoAnswer> {
    given.counts.resize(rows.len(), 0);
    let mut missed = Vec::new();
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.name == call.name) {
        match row.when.as_ref().map_or(Ok(()), |when| value::test(when, Some(call.args), scope)) {
            Ok(()) => return of_row(row, at, &mut given.counts[at], fake),
            Err(Mismatch { fault: Some(Fault::Suite(reason)), .. }) => {
                let message = format!("{} of `{fake}` cannot be tested: {reason}", label(row, at));
                return Err(NoAnswer { message, suite: true, ..NoAnswer::default() });
            }
            Err(mismatch) => missed.push((at, row, mismatch)),
        }
    }
    Err(if missed.is_empty() { unknown(rows, fake, call) } else { unmatched(&missed, fake, call, scope) })
}

/// How a row is named in messages and in the trace.
fn label(row: &ToolRow, at: usize) -> String {
    format!("rows[{at}] ({})", row.name)
}

fn of_row<'a>(row: &'a ToolRow, at: usize, count: &mut usize, fake: &str) -> Result<Chosen<'a>, NoAnswer> {
    let turn = *count;
    *count += 1;
    let (rule, nth) = match row.sequence {
        true => (format!("rows[{at}].answers[{turn}] ({})", row.name), turn),
        false => (label(row, at), 0),
    };
    row.answers.get(nth).map(|answer| Chosen { rule, answer }).ok_or_else(|| {
        let (label, all) = (label(row, at), row.answers.len());
        let answers = if all == 1 { "1 answer".to_owned() } else { format!("{all} answers") };
        NoAnswer { message: format!("{label} of `{fake}` matched {} calls, but has {answers}", turn + 1), ..NoAnswer::default() }
    })
}

fn unknown(rows: &[ToolRow], fake: &str, call: Call<'_>) -> NoAnswer {
    let mut names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
    names.dedup();
    let known = match names.as_slice() {
        [] => "it has none".to_owned(),
        names => format!("it has {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    };
    NoAnswer {
        message: format!("`{fake}` has no tool `{}`; {known}", call.name),
        details: did_you_mean(call.name, names.iter().copied()).into_iter().chain([asked(call)]).collect(),
        suite: false,
    }
}

fn unmatched(missed: &[(usize, &ToolRow, Mismatch)], fake: &str, call: Call<'_>, scope: &dyn Scope) -> NoAnswer {
    let nearest = rules::nearest(missed.iter().map(|(_, row, _)| *row), call.args, scope).map(|at| &missed[at]);
    let nearest = nearest.map(|(at, row, miss)| {
        let path = if miss.path.is_empty() { "the arguments".to_owned() } else { format!("args.{}", miss.path) };
        format!("nearest: {}: {path}: expected {}, got {}", label(row, *at), miss.expected, miss.actual)
    });
    NoAnswer {
        message: format!("`{fake}` got a call of `{}` whose arguments none of its rows matches", call.name),
        details: nearest.into_iter().chain([asked(call)]).collect(),
        suite: false,
    }
}

fn asked(call: Call<'_>) -> String {
    format!("the call: {} {}", call.name, cut(&call.args.to_string()))
}

/// One problem for each list of answers that was not used up.
pub fn left_over(rows: &[ToolRow], given: &Given, fake: &str) -> Vec<Problem> {
    let used = |at: usize| given.counts.get(at).copied().unwrap_or(0);
    let sequences = rows.iter().enumerate().filter(|(at, row)| row.sequence && used(*at) < row.answers.len());
    sequences
        .map(|(at, row)| Problem {
            blame: None,
            code: "unused-answers".to_owned(),
            message: format!("`{fake}` gave {} of the {} answers of {}", used(at), row.answers.len(), label(row, at)),
            details: vec!["if that is all right, write `unused: allow` beside the fake's kind".to_owned()],
        })
        .collect()
}

fn cut(text: &str) -> String {
    const MOST: usize = 300;
    text.char_indices().nth(MOST).map_or_else(|| text.to_owned(), |(end, _)| format!("{}…", &text[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;
    use crate::matching::testing::read_well;
    use crate::model::template::Nothing;
    use crate::model::tool::ToolOutcome;
    use crate::model::tree::Node;
    use serde_json::json;
    use std::time::Duration;

    fn row(name: &str, when: Option<&str>, results: &[&str], sequence: bool) -> ToolRow {
        let answer = |text: &&str| ToolAnswer {
            span: Span::NONE,
            outcome: ToolOutcome::Result(Node::from_value(Span::NONE, &json!(text))),
            delay: Duration::ZERO,
            gate: None,
        };
        ToolRow {
            span: Span::NONE,
            name: name.to_owned(),
            description: None,
            schema: None,
            when: when.map(|when| read_well(when, |reader, node| reader.pattern(node))),
            answers: results.iter().map(answer).collect(),
            sequence,
            appears: None,
        }
    }

    fn rows() -> Vec<ToolRow> {
        vec![
            row("list", None, &["all"], false),
            row("get", Some("{id: 1, kind: main}"), &["one"], false),
            row("get", Some("{id: 2}"), &["two", "two again"], true),
        ]
    }

    fn ask(given: &mut Given, name: &str, args: Value) -> Result<String, (String, Vec<String>)> {
        choose(&rows(), given, "wallets", Call { name, args: &args }, &Nothing)
            .map(|chosen| chosen.rule)
            .map_err(|none| (none.message, none.details))
    }

    #[test]
    fn the_first_row_whose_pattern_holds_answers() {
        let given = &mut Given::default();
        assert_eq!(ask(given, "list", json!({"any": 1})).unwrap(), "rows[0] (list)");
        assert_eq!(ask(given, "get", json!({"id": 1, "kind": "main", "more": 1})).unwrap(), "rows[1] (get)");
        assert_eq!(ask(given, "list", json!({})).unwrap(), "rows[0] (list)");
    }

    #[test]
    fn answers_are_given_in_turn_and_each_once() {
        let given = &mut Given::default();
        assert_eq!(ask(given, "get", json!({"id": 2})).unwrap(), "rows[2].answers[0] (get)");
        assert_eq!(left_over(&rows(), given, "wallets").len(), 1);
        assert_eq!(ask(given, "get", json!({"id": 2})).unwrap(), "rows[2].answers[1] (get)");
        assert_eq!(left_over(&rows(), given, "wallets").len(), 0);
        let (message, _) = ask(given, "get", json!({"id": 2})).unwrap_err();
        assert_eq!(message, "rows[2] (get) of `wallets` matched 3 calls, but has 2 answers");
    }

    #[test]
    fn an_unknown_tool_is_told_the_known_ones() {
        let (message, details) = ask(&mut Given::default(), "lst", json!({})).unwrap_err();
        assert_eq!(message, "`wallets` has no tool `lst`; it has `list`, `get`");
        assert_eq!(details, ["did you mean `list`?", "the call: lst {}"]);
    }

    #[test]
    fn arguments_that_no_row_matches_are_told_the_nearest() {
        let (message, details) = ask(&mut Given::default(), "get", json!({"id": 1, "kind": "cold"})).unwrap_err();
        assert_eq!(message, "`wallets` got a call of `get` whose arguments none of its rows matches");
        assert_eq!(details[0], "nearest: rows[1] (get): args.kind: expected \"main\", got \"cold\"");
    }
}
