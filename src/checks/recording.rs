//! The recording of a trace: what a judge sees of it.
//!
//! Owns: which records speak for the user, the agent and its tools, in which order, and what is left out because it differs from run to run.
//! Must not know: how a judge is asked, how a recording is printed.

use super::fields;
use super::messages::Messages;
use super::part::Part;
use super::views::Views;
use crate::base::redact::Redactor;
use crate::model::judge::Role;
use crate::model::recording::{Content, Entry, Recording};
use crate::model::trace::{Record, Trace, What};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Something said or done, at the record with which it began.
struct Found<'t> {
    n: u64,
    session: &'t str,
    role: Role,
    content: Content,
}

/// The whole run, or the run up to the end of a step, in which that step's session is named if there are several. Only the roles of
/// `include` are shown. Texts are as the trace has them, so what is redacted there stays redacted.
pub fn recording(trace: &Trace, step: Option<usize>, include: &[Role]) -> Recording {
    let all = Views::new(&trace.records);
    let part = step.and_then(|step| all.step(step)).map(|run| Part::of(&all, run, false));
    let last = part.as_ref().map_or(u64::MAX, Part::last_of_turn);
    let records = &trace.records[..trace.records.partition_point(|record| record.n <= last)];
    let views = Views::new(records);

    let mut found = said(records);
    found.extend(called(&views));
    found.retain(|found| include.contains(&found.role));
    // An answer that came with the record of its call stands behind it: the sort is stable.
    found.sort_by_key(|found| found.n);
    // What mocked commands saw names no session.
    let mut sessions = found.iter().map(|entry| entry.session).filter(|session| !session.is_empty());
    let first = sessions.next();
    let several = sessions.any(|session| Some(session) != first);
    let volatile = volatile(records);
    let entries = found.into_iter().map(|found| Entry {
        role: found.role,
        session: several.then(|| found.session.to_owned()).filter(|session| !session.is_empty()),
        content: settled(found.content, &volatile),
    });
    Recording { entries: entries.collect(), about: part.filter(|_| several).map(|part| part.session.to_owned()) }
}

/// The messages of a session's turn, and the place of each of them among what was found.
type Spoken = (Messages, Vec<usize>);

/// What users and agent said; a message stands where it began, as it was in the end.
fn said(records: &[Record]) -> Vec<Found<'_>> {
    let mut found: Vec<Found<'_>> = Vec::new();
    // By session and turn: the messages, and the place of each of them in `found`.
    let mut spoken: HashMap<(&str, Option<usize>), Spoken> = HashMap::new();
    for record in records {
        match &record.what {
            What::TurnBegin { session, said, .. } => {
                if let Some(text) = fields::plain(said) {
                    let content = Content::Text(text.into_owned());
                    found.push(Found { n: record.n, session, role: Role::User, content });
                }
            }
            What::Event { session, turn, event } => {
                let (messages, places) = spoken.entry((session, *turn)).or_default();
                if !messages.take(event) {
                    continue;
                }
                while places.len() < messages.shown().count() {
                    places.push(found.len());
                    found.push(Found { n: record.n, session, role: Role::Assistant, content: Content::Text(String::new()) });
                }
            }
            _ => {}
        }
    }
    for (messages, places) in spoken.into_values() {
        for (text, place) in messages.shown().zip(places) {
            found[place].content = Content::Text(text.to_owned());
        }
    }
    found
}

/// Tool calls and their results. Where the protocol tells of no calls at all, the mocked commands that were run stand for them.
fn called<'t>(views: &'t Views<'_>) -> Vec<Found<'t>> {
    let mut found = Vec::new();
    for (at, row) in views.calls().iter().enumerate() {
        let (call, value) = (format!("c{}", at + 1), &row.value);
        let name = fields::plain(&value["name"]).unwrap_or_default().into_owned();
        let args = value.get("args").cloned().unwrap_or(Value::Null);
        let content = Content::Call { call: call.clone(), name: name.clone(), args };
        found.push(Found { n: row.n, session: row.session, role: Role::ToolCall, content });
        if let Some(n) = row.delivered {
            let status = fields::plain(&value["status"]).unwrap_or_default().into_owned();
            let result = value.get("result").cloned().unwrap_or(Value::Null);
            let content = Content::Result { call, name, status, result };
            found.push(Found { n, session: row.session, role: Role::ToolResult, content });
        }
    }
    if found.is_empty() {
        let runs = views.all_commands().iter().flat_map(|(name, rows)| rows.iter().map(move |row| (*name, row)));
        let mut runs: Vec<_> = runs.collect();
        runs.sort_by_key(|(_, row)| row.n);
        found.extend(runs.iter().enumerate().map(|(at, (name, row))| {
            let args = json!({"argv": row.value["argv"], "stdin": row.value["stdin"]});
            let content = Content::Call { call: format!("c{}", at + 1), name: (*name).to_owned(), args };
            Found { n: row.n, session: "", role: Role::ToolCall, content }
        }));
    }
    found
}

/// Addresses and folders of this run, each shown by the name that suites have for it: otherwise no two recordings would be alike.
fn volatile(records: &[Record]) -> Redactor {
    let mut names = Redactor::default();
    for record in records {
        if let What::Bind(binding) = &record.what
            && binding.session.is_none()
            && let Value::String(value) = &binding.value
            && is_volatile(&binding.name)
        {
            names.add(&binding.name, value);
        }
    }
    names
}

fn is_volatile(name: &str) -> bool {
    const WHOLE: [&str; 3] = ["checkride", "case.dir", "egress.ca_file"];
    const ENDS: [&str; 3] = [".url", ".ws", ".command"];
    WHOLE.contains(&name) || ENDS.iter().any(|end| name.ends_with(end))
}

fn settled(mut content: Content, volatile: &Redactor) -> Content {
    match &mut content {
        Content::Text(text) => volatile.text(text),
        Content::Call { args, .. } => volatile.value(args),
        Content::Result { result, .. } => {
            volatile.value(result);
            without_durations(result);
        }
    }
    content
}

/// How long a tool took is another number in each run, and says nothing of what it gave.
fn without_durations(result: &mut Value) {
    const NAMES: [&str; 9] =
        ["durationMs", "duration_ms", "elapsedMs", "elapsed_ms", "latencyMs", "latency_ms", "tookMs", "took_ms", "wall_time_seconds"];
    match result {
        Value::Object(map) => {
            map.retain(|name, value| !(value.is_number() && NAMES.contains(&name.as_str())));
            map.values_mut().for_each(without_durations);
        }
        Value::Array(items) => items.iter_mut().for_each(without_durations),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::tests::story::Story;
    use serde_json::json;

    fn turn(story: Story, turn: usize, session: &str, said: &str) -> Story {
        story.asks(turn, session, said)
    }

    /// Each entry in short.
    fn check(story: Story, step: Option<usize>, include: &[Role], expected: &[&str]) -> Recording {
        let recording = recording(&story.end(), step, include);
        let got: Vec<_> = recording.lines().iter().map(|line| line.replace("\"role\":", "").replace('"', "")).collect();
        assert_eq!(got, expected);
        recording
    }

    #[test]
    fn how_long_a_tool_took_is_left_out() {
        let told = |ms: u64| {
            let story = turn(Story::new(), 0, "main", "Hello").calls(0, "call_1", "exec", json!({"durationMs": 5}));
            let result = json!({"details": {"durationMs": ms, "exitCode": 0}, "content": [{"took_ms": "as said"}]});
            recording(&story.answers(0, "call_1", result).finishes(0, "completed").end(), None, &Role::ALL)
        };
        assert_eq!(told(8), told(3));
        let lines = told(8).lines().join(" ");
        assert!(lines.contains("\"exitCode\":0") && lines.contains("as said") && lines.contains("\"durationMs\":5"), "{lines}");
    }

    #[test]
    fn a_turn_is_told_by_whole_messages_calls_and_results_in_the_order_begun() {
        let story = turn(Story::new(), 0, "main", "Hello")
            .event(0, "text.delta", json!({"text": "Let me "}))
            .calls(0, "call_8f3", "wallets.list", json!({"z": 1, "a": 2}))
            .answers(0, "call_8f3", json!({"ok": true}))
            .event(0, "text", json!({"text": "Let me look."}))
            .says(0, "Two wallets.")
            .finishes(0, "completed");
        check(
            story,
            None,
            &Role::ALL,
            &[
                "{id:e1,user,text:Hello}",
                "{id:e2,assistant,text:Let me look.}",
                "{id:e3,tool_call,call:c1,name:wallets.list,args:{a:2,z:1}}",
                "{id:e4,tool_result,call:c1,name:wallets.list,status:ok,result:{ok:true}}",
                "{id:e5,assistant,text:Two wallets.}",
            ],
        );
    }

    #[test]
    fn roles_that_are_not_included_are_not_there() {
        let story = turn(Story::new(), 0, "main", "Hello").calls(0, "1", "f", json!({})).says(0, "Hi");
        check(story, None, &[Role::Assistant], &["{id:e1,assistant,text:Hi}"]);
    }

    #[test]
    fn a_step_sees_the_run_up_to_its_end_and_its_session_by_name() {
        let story = || {
            let first = turn(Story::new(), 0, "main", "one").says(0, "first").finishes(0, "completed").step_end(0, Value::Null);
            let second = turn(first, 1, "bob", "two").says(1, "second").finishes(1, "completed").step_end(1, Value::Null);
            turn(second, 2, "main", "three").says(2, "third").finishes(2, "completed").step_end(2, Value::Null)
        };
        check(story(), Some(0), &Role::ALL, &["{id:e1,user,text:one}", "{id:e2,assistant,text:first}"]);
        check(
            story(),
            Some(1),
            &Role::ALL,
            &[
                "{about:{session:bob}}",
                "{id:e1,user,session:main,text:one}",
                "{id:e2,assistant,session:main,text:first}",
                "{id:e3,user,session:bob,text:two}",
                "{id:e4,assistant,session:bob,text:second}",
            ],
        );
        assert_eq!(recording(&story().end(), None, &Role::ALL).entries.len(), 6);
    }

    #[test]
    fn what_differs_from_run_to_run_is_shown_by_its_name() {
        let story = Story::new().bind("llm.url", json!("http://127.0.0.1:4711/j/1"), None, None).bind("n", json!("plain text"), None, None);
        let story = turn(story, 0, "main", "see http://127.0.0.1:4711/j/1/v1, plain text");
        check(story, None, &Role::ALL, &["{id:e1,user,text:see «llm.url»/v1, plain text}"]);
    }

    #[test]
    fn mocked_commands_are_shown_only_where_no_calls_are_told() {
        let story = turn(Story::new(), 0, "main", "go").command("gog", "gmail get").says(0, "done");
        let call = "{id:e2,tool_call,call:c1,name:gog,args:{argv:[gmail,get],stdin:}}";
        check(story, None, &Role::ALL, &["{id:e1,user,text:go}", call, "{id:e3,assistant,text:done}"]);
        let story = turn(Story::new(), 0, "main", "go").calls(0, "1", "exec", json!({})).command("gog", "gmail get");
        check(story, None, &Role::ALL, &["{id:e1,user,text:go}", "{id:e2,tool_call,call:c1,name:exec,args:{}}"]);
    }

    #[test]
    fn two_runs_that_differ_in_times_and_ids_are_alike() {
        let run = |id: &str, ms: f64| {
            let story = turn(Story::new(), 0, "main", "Hello").after(ms).calls(0, id, "f", json!({})).answers(0, id, json!(1));
            recording(&story.says(0, "Hi").end(), None, &Role::ALL).print()
        };
        assert_eq!(run("call_1", 1.0), run("toolu_x9", 700.0));
    }
}
