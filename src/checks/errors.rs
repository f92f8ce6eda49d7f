//! Errors: what the agent reported as one, and connections that broke.
//!
//! Owns: which close of a connection is an error.
//! Must not know: which errors a case expects.

use super::fields;
use super::rows::Row;
use super::turns::Turn;
use super::views::Views;
use crate::model::trace::{Record, What};
use serde_json::Value;
use std::borrow::Cow;

/// All errors in the order they came. A close is one if it cuts a turn short, nobody asked for it, no step awaited it, and no `error`
/// event of the transport says the same.
pub(crate) fn errors<'t>(views: &Views<'t>) -> Vec<Row<'t>> {
    let row = |record: &'t Record| {
        let What::Event { session, turn, event } = &record.what else { return None };
        let value = match event.kind.as_str() {
            "error" => fields::error(event),
            "closed" if breaks_a_turn(views, record, session) => fields::broken_transport(event),
            _ => return None,
        };
        Some(Row::of(record, Cow::Owned(value), session, turn.or_else(|| open_turn(views, record, session))))
    };
    views.records.iter().filter_map(row).collect()
}

fn breaks_a_turn(views: &Views<'_>, record: &Record, session: &str) -> bool {
    let Some(turn) = open_turn(views, record, session) else { return false };
    !is_wanted(views, record, session) && !is_reported(views, turn)
}

/// The turn of this session that had begun and not ended when the record was made.
fn open_turn(views: &Views<'_>, record: &Record, session: &str) -> Option<usize> {
    let is_open = |turn: &&Turn<'_>| turn.session == session && turn.begun.0 < record.n && turn.end().is_none_or(|end| end.n > record.n);
    views.turns().iter().rev().find(is_open).map(|turn| turn.number)
}

/// The suite cut the connection itself, or a step took the close as what it waited for.
fn is_wanted(views: &Views<'_>, record: &Record, session: &str) -> bool {
    views.steps().iter().any(|run| {
        let begun = run.begin.n < record.n;
        let value = run.end.map_or(&Value::Null, |end| end.value);
        let running = begun && run.end.is_none_or(|end| record.n < end.record.n);
        let cut = matches!(run.verb, "disconnect" | "restart") && begun && is_latest(views, run.step, record);
        let awaited = run.verb == "await" && value["type"] == "closed" && value["session"] == session;
        let refused = run.verb == "connect" && running && value.get("closed").is_some_and(|closed| !closed.is_null());
        cut || awaited || refused
    })
}

/// True if no later step had begun before the record.
fn is_latest(views: &Views<'_>, step: usize, record: &Record) -> bool {
    !views.steps().iter().any(|run| run.step > step && run.begin.n < record.n)
}

fn is_reported(views: &Views<'_>, turn: usize) -> bool {
    views.records.iter().any(|record| match &record.what {
        What::Event { turn: Some(number), event, .. } => {
            *number == turn && event.kind == "error" && event.fields.get("source").is_some_and(|source| source == "transport")
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use crate::checks::tests::story::Story;
    use crate::checks::views::Views;
    use serde_json::json;

    fn messages(story: Story) -> Vec<String> {
        let trace = story.end();
        let views = Views::new(&trace.records);
        views.errors().iter().map(|row| row.value["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn a_close_in_the_middle_of_a_turn_is_an_error() {
        let story = Story::new().turn(0, "main").stray("main", "closed", json!({"code": 1006, "reason": "gone"}));
        assert_eq!(messages(story), ["the connection was closed during a turn: gone"]);
    }

    #[test]
    fn a_close_after_the_turn_is_none() {
        let story = Story::new().turn(0, "main").event(0, "turn.finished", json!({})).stray("main", "closed", json!({"code": 1000}));
        assert!(messages(story).is_empty());
    }

    #[test]
    fn a_close_of_another_session_is_none() {
        let story = Story::new().turn(0, "a").stray("b", "closed", json!({"code": 1006}));
        assert!(messages(story).is_empty());
    }

    #[test]
    fn a_close_that_a_step_awaited_is_none() {
        let story = Story::new()
            .step(0, "user", "main")
            .turn(0, "main")
            .step_end(0, json!({}))
            .step(1, "await", "main")
            .stray("main", "closed", json!({"code": 1008}))
            .step_end(1, json!({"type": "closed", "session": "main", "code": 1008}));
        assert!(messages(story).is_empty());
    }

    #[test]
    fn a_close_that_the_suite_made_is_none() {
        let story = Story::new()
            .step(0, "user", "main")
            .turn(0, "main")
            .step_end(0, json!({}))
            .step(1, "disconnect", "main")
            .step_end(1, json!({}))
            .stray("main", "closed", json!({}));
        assert!(messages(story).is_empty());
    }

    #[test]
    fn what_the_transport_reported_itself_is_said_once() {
        let story = Story::new().turn(0, "main").event(0, "error", json!({"source": "transport", "message": "reset"})).stray(
            "main",
            "closed",
            json!({"code": 1006}),
        );
        assert_eq!(messages(story), ["reset"]);
    }
}
