//! Mocked commands that the agent says it ran, and that nobody was asked: run by an absolute path, with another PATH, or not at all.
//!
//! Owns: which tools are shells, which calls must have a record of a mocked command.
//! Must not know: how a shell text is read, how commands are mocked.

use super::look::Look;
use super::rows::Row;
use super::said::{cut, failure};
use super::shell::{Run, Sure, run_of, runs};
use crate::model::fake::FakeKind;
use crate::model::outcome::Failure;
use crate::model::protocol::EventKind;
use crate::wire::reading;
use serde_json::Value;

/// Tools that run their text as a command, in lower case.
const SHELLS: [&str; 16] = [
    "bash",
    "sh",
    "shell",
    "exec",
    "local_shell",
    "local_shell_call",
    "shell_command",
    "exec_command",
    "command_execution",
    "execute_command",
    "run_command",
    "run_shell_command",
    "run_in_terminal",
    "run_terminal_cmd",
    "terminal",
    "bash_command",
];

/// The arguments under which the text stands.
const TEXTS: [&str; 4] = ["command", "cmd", "script", "commands"];

/// The first call that ran a mocked command past its mock. Of turns that are `excused` nothing is told.
pub(crate) fn bypassed(look: &Look<'_, '_>, excused: impl Fn(Option<usize>) -> bool) -> Option<Failure> {
    let mocked: Vec<&str> =
        look.case.fakes.iter().filter(|(_, fake)| matches!(fake.kind, FakeKind::Command(_))).map(|(name, _)| name.as_str()).collect();
    let told: Vec<(&Row<'_>, Run)> = shell_calls(look).flat_map(|call| sure_runs(call).into_iter().map(move |run| (call, run))).collect();
    mocked.into_iter().flat_map(|name| missing(name, &told, look)).find(|(call, _)| !excused(call.turn)).map(|(_, failure)| failure)
}

type Missing<'r> = (&'r Row<'r>, Failure);

/// The runs for which no record is left. Those with known arguments take the record of just these; what is left goes to the others.
fn missing<'r>(name: &str, told: &[(&'r Row<'r>, Run)], look: &Look<'_, '_>) -> Vec<Missing<'r>> {
    let mut missing = Vec::new();
    let mut records: Vec<&Row<'_>> = look.views.commands(name).iter().collect();
    let mut unknown = Vec::new();
    for (call, run) in told.iter().filter(|(_, run)| run.name() == name) {
        let Some(args) = run.args.as_ref().filter(|args| !args.iter().any(|arg| arg.contains('«'))) else {
            unknown.push((call, run));
            continue;
        };
        let same = |record: &&Row<'_>| {
            record.value["argv"].as_array().is_some_and(|argv| argv.iter().map(Value::as_str).eq(args.iter().map(|arg| Some(arg.as_str()))))
        };
        match records.iter().position(same) {
            Some(at) => drop(records.remove(at)),
            None => missing.push((*call, told_but_not_asked(name, call, run))),
        }
    }
    missing.extend(unknown.iter().skip(records.len()).map(|(call, run)| (**call, told_but_not_asked(name, call, run))));
    missing
}

fn told_but_not_asked(name: &str, call: &Row<'_>, run: &Run) -> Failure {
    let text = [run.program.as_str()].into_iter().chain(run.args.iter().flatten().map(String::as_str)).collect::<Vec<_>>().join(" ");
    let text = cut(&text);
    Failure {
        expected: format!("a call of the mocked command `{name}`"),
        actual: format!(
            "call {} `{}` ran `{text}`, and the mock was not asked",
            call.index,
            call.value["name"].as_str().unwrap_or_default()
        ),
        details: vec![
            "an absolute path, or a PATH made anew (`env -i`), leads past a mock: what was run then is not the case's world".to_owned(),
        ],
        ..failure(format!("the agent ran `{text}`, but the mocked command `{name}` was not asked"))
    }
}

/// Calls of tools that are shells, and were not kept from running. A tool that is itself a fake runs nothing.
fn shell_calls<'l>(look: &'l Look<'_, '_>) -> impl Iterator<Item = &'l Row<'l>> {
    let protocol = &look.case.agent.protocol;
    let ends = protocol.makes(EventKind::CallFinished)
        || protocol.decode.as_ref().is_some_and(|wire| reading::makes(wire, EventKind::CallFinished));
    look.views.calls().iter().filter(move |call| {
        let name = call.value["name"].as_str().unwrap_or_default();
        let ran = match call.value["status"].as_str() {
            Some("denied") => false,
            Some("pending") | None => !ends,
            Some(_) => true,
        };
        ran && SHELLS.contains(&name.to_lowercase().as_str()) && !is_fake(name, look)
    })
}

fn is_fake(tool: &str, look: &Look<'_, '_>) -> bool {
    look.case.fakes.iter().any(|(_, fake)| match &fake.kind {
        FakeKind::Mcp(rows) => rows.iter().any(|row| row.name == tool),
        FakeKind::Functions(functions) => functions.rows.iter().any(|row| row.name == tool),
        _ => false,
    })
}

/// What a call is sure to have run. Of one that failed, that is what comes first.
fn sure_runs(call: &Row<'_>) -> Vec<Run> {
    let args = &call.value["args"];
    let Some(text) = TEXTS.iter().find_map(|key| args.get(*key)).or_else(|| args.is_string().then_some(args)) else { return vec![] };
    let all = match text {
        Value::String(text) => runs(text),
        Value::Array(words) => run_of(&words.iter().map(|word| word.as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()),
        _ => vec![],
    };
    let most = if call.value["status"] == "error" { Sure::Always } else { Sure::IfWell };
    all.into_iter().filter(|run| run.sure <= most).collect()
}
