//! The steps of a case, one after another; the first that fails ends the case.
//!
//! Owns: what each verb does.
//! Must not know: wire formats, processes, how findings are made.

use super::planner::LeftOut;
use super::stage::Stage;
use super::{probes, requests};
use crate::checks;
use crate::matching::jsonpath;
use crate::model::pattern::ListKind;
use crate::model::step::{Step, Verb};
use crate::model::suite::Case;
use crate::model::template::{Found, Hole, Scope, printed};
use crate::model::trace::{Blame, Cause, Record, StepError, What};
use crate::model::tree::Node;
use crate::protocol::{ConnectOptions, TurnRequest};
use crate::recorder::Recorder;
use crate::transports::Outgoing;
use base64::Engine as _;
use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Carries out all steps, or those before the first that fails.
pub async fn run(case: &Case, left_out: &LeftOut, stage: &mut Stage) {
    let first = (0..case.steps.len()).find(|index| !left_out.contains_key(index)).unwrap_or_default();
    if needs_implicit_connect(case, first)
        && let Err(error) = implicit_connect(stage).await
    {
        begin(case, first, &stage.recorder);
        stage.recorder.push(What::StepEnd { step: first, value: Value::Null, error: Some(with_variables(case, error)) });
        return;
    }
    for (index, step) in case.steps.iter().enumerate() {
        if let Some(reason) = left_out.get(&index) {
            stage.recorder.push(What::StepLeftOut { step: index, verb: step.verb.name().to_owned(), reason: reason.clone() });
            continue;
        }
        stage.current.store(index, Ordering::Relaxed);
        begin(case, index, &stage.recorder);
        let result = carry_out(stage, index, step).await;
        stage.collect_commands();
        let result = match result {
            Ok(value) => save(stage, index, step, &value).map(|()| value),
            Err(error) => Err(error),
        };
        let (value, error) = match result {
            Ok(value) => (value, None),
            Err(mut error) => {
                error.details.extend(stage.held_gate_hints());
                (Value::Null, Some(with_variables(case, error)))
            }
        };
        let failed = error.is_some();
        stage.recorder.push(What::StepEnd { step: index, value, error });
        if failed {
            return;
        }
    }
    // A turn that nobody waited for still belongs to the case.
    stage.end_of_turns().await;
}

/// Who reads of a wrong address wants to know which variable it came from.
fn with_variables(case: &Case, mut error: StepError) -> StepError {
    if matches!(error.cause, Cause::Broken(Blame::Suite | Blame::AgentStart)) {
        let named = case.agent.from_env.iter().filter(|(value, _)| error.message.contains(value.as_str()));
        let details: Vec<_> = named.map(|(value, what)| format!("`{value}` is {what}")).collect();
        error.details.extend(details);
    }
    error
}

/// Records that a step begins, unless the trace has it already: what went wrong before the first step is told as its end, and an
/// end without a beginning would belong to no step.
pub fn begin(case: &Case, index: usize, recorder: &Recorder) {
    let begun = |what: &What| matches!(what, What::StepBegin { step, .. } if *step == index);
    if let (Some(step), false) = (case.steps.get(index), recorder.read(0, |records| records.iter().any(|record| begun(&record.what)))) {
        let (verb, session, label) = (step.verb.name().to_owned(), step.session.clone(), step.label.clone());
        recorder.push(What::StepBegin { step: index, verb, session, label });
    }
}

/// A case begins with an implicit `connect`, unless one is written first or each session has its own connection.
fn needs_implicit_connect(case: &Case, first: usize) -> bool {
    let protocol = &case.agent.protocol;
    !protocol.open.per_session
        && protocol.transport != crate::model::protocol::Transport::Exec
        && !case.steps.get(first).is_some_and(|step| matches!(step.verb, Verb::Connect { .. }))
}

/// Opens the connection that no step opens; of a process, within the time that `ready` gives it.
pub async fn implicit_connect(stage: &Stage) -> Result<(), StepError> {
    let options = ConnectOptions { within: stage.ready_within(), ..ConnectOptions::default() };
    let answer = stage.conversation.connect(None, options).await?;
    match refusal(&answer) {
        None => Ok(()),
        Some(why) => Err(StepError {
            cause: Cause::Broken(Blame::AgentStart),
            message: format!("the connection to the agent was refused: {why}"),
            details: vec![],
        }),
    }
}

/// What a `connect` returned, if it is a refusal.
fn refusal(answer: &Value) -> Option<String> {
    let named = |key: &str| answer.get(key).filter(|value| !value.is_null()).map(Value::to_string);
    named("error").or_else(|| named("closed").map(|closed| format!("closed {closed}")))
}

async fn carry_out(stage: &mut Stage, index: usize, step: &Step) -> Result<Value, StepError> {
    if step.uses_session && !matches!(step.verb, Verb::Connect { .. }) {
        stage.conversation.open_session(&step.session, None, step.within).await?;
    }
    let session = step.session_given.then_some(step.session.as_str());
    match &step.verb {
        Verb::User { text, wait } => {
            let text = fill(stage, step, text)?;
            let turn = turn_request(stage, index, step, text, *wait)?;
            let value = stage.conversation.user(turn).await?;
            if let (true, Some(turn)) = (*wait, value["turn"].as_u64()) {
                stage.histories.take_turn(turn as usize);
            }
            Ok(value)
        }
        Verb::Do { action } => {
            let turn = turn_request(stage, index, step, Value::Null, false)?;
            stage.conversation.act(action, turn).await
        }
        Verb::Rpc { method } => rpc(stage, step, method).await,
        Verb::Send { frame } => {
            let frame = outgoing(fill(stage, step, frame)?)?;
            stage.conversation.send(&step.session, frame).await.map(|()| Value::Null)
        }
        Verb::Await(wanted) => {
            let scope = stage.conversation.scope(&step.session);
            stage.histories.wait(wanted, &step.session, step.within, stage.mocks.as_ref(), &scope).await
        }
        Verb::Quiet { what, duration } => {
            let scope = stage.conversation.scope(&step.session);
            stage.histories.quiet(what, &step.session, *duration, stage.mocks.as_ref(), &scope).await
        }
        Verb::Release { gate } => stage.release(gate).map(|()| Value::Null),
        Verb::Http(call) => requests::http(stage, step, call).await,
        Verb::Probe(probe) => probes::probe(stage, step, probe).await,
        Verb::Connect { settings, headers, handshake } => {
            let options = ConnectOptions {
                settings: named(stage, step, settings)?,
                headers: named(stage, step, headers)?,
                handshake: *handshake,
                written: true,
                expected: !step.expect.is_empty(),
                within: step.within,
            };
            let answer = stage.conversation.connect(session, options).await?;
            unless_expected(step, &["error", "closed"], refusal(&answer).map(|why| format!("the connection was refused: {why}")))?;
            Ok(answer)
        }
        Verb::Disconnect => stage.conversation.disconnect(&step.session).await.map(|()| Value::Null),
        Verb::Reconnect { last_event_id } => {
            let last = match last_event_id {
                Some(node) => Some(printed(&fill(stage, step, node)?, "last_event_id").map_err(suite_fault)?),
                None => None,
            };
            stage.conversation.reconnect(&step.session, last, step.within).await
        }
        Verb::Stop { fake } => stage.stop(fake).await.map(|()| Value::Null),
        Verb::Start { fake } => stage.start(fake).await.map(|()| Value::Null),
        Verb::Restart => stage.restart().await.map(|()| Value::Null),
        Verb::Pause(duration) => {
            tokio::time::sleep(*duration).await;
            Ok(Value::Null)
        }
    }
}

async fn rpc(stage: &mut Stage, step: &Step, method: &Arc<Node>) -> Result<Value, StepError> {
    let method = fill(stage, step, method)?;
    let params = match &step.with {
        Some(with) => Some(fill(stage, step, with)?),
        None => None,
    };
    let method = method.as_str().unwrap_or_default().to_owned();
    let reply = stage.conversation.rpc(&step.session, &method, params, step.within).await?;
    stage.histories.take(ListKind::Frames, reply.frame);
    let why = reply.error.as_ref().map(|error| format!("`{method}` was answered by an error: {error}"));
    unless_expected(step, &["error"], why)?;
    let mut value = Map::new();
    value.extend(reply.result.map(|result| ("result".to_owned(), result)));
    value.extend(reply.error.map(|error| ("error".to_owned(), error)));
    Ok(Value::Object(value))
}

/// A refusal fails the step unless its `expect` names one of these keys.
pub fn unless_expected(step: &Step, keys: &[&str], refused: Option<String>) -> Result<(), StepError> {
    match refused {
        Some(message) if !keys.iter().any(|key| step.expect.names(key)) => Err(StepError { cause: Cause::Agent, message, details: vec![] }),
        _ => Ok(()),
    }
}

fn turn_request(stage: &Stage, index: usize, step: &Step, text: Value, wait: bool) -> Result<TurnRequest, StepError> {
    let with = match &step.with {
        Some(with) => fill(stage, step, with)?,
        None => json!({}),
    };
    let key = match &step.session_key {
        Some(key) => Some(fill(stage, step, key)?.as_str().unwrap_or_default().to_owned()),
        None => None,
    };
    let with = with.as_object().cloned().unwrap_or_default();
    Ok(TurnRequest { session: step.session.clone(), key, text, with, step: index, wait, within: step.within })
}

/// A frame as it is sent: `{bytes: base64}` as binary, a text as it is, anything else as JSON.
fn outgoing(frame: Value) -> Result<Outgoing, StepError> {
    if let Some(Value::String(bytes)) = frame.as_object().filter(|map| map.len() == 1).and_then(|map| map.get("bytes")) {
        let decoded = base64::engine::general_purpose::STANDARD.decode(bytes);
        return decoded.map(Outgoing::Bytes).map_err(|e| suite_fault(format!("`bytes` is not base64: {e}")));
    }
    match frame {
        Value::String(text) => Ok(Outgoing::Text(text)),
        frame => Ok(Outgoing::Json(frame)),
    }
}

fn named(stage: &Stage, step: &Step, entries: &[(String, Arc<Node>)]) -> Result<IndexMap<String, Value>, StepError> {
    entries.iter().map(|(name, node)| Ok((name.clone(), fill(stage, step, node)?))).collect()
}

/// A value with everything inserted that is known now.
pub fn fill(stage: &Stage, step: &Step, node: &Node) -> Result<Value, StepError> {
    let scope = stage.conversation.scope(&step.session);
    fill_in(node, &scope).map_err(|error| stage.recorder.read(0, |records| untold(records, step, node, &scope)).unwrap_or(error))
}

/// A name that the turn before was to give, and did not: its agent did not let it, and the turn has a finding of its own.
fn untold(records: &[Record], step: &Step, node: &Node, scope: &dyn Scope) -> Option<StepError> {
    let mut missing = None;
    node.templates(&mut |_, template| {
        let of_turn = template.holes().filter(|hole| hole.root() == Some("turn")).filter_map(Hole::name);
        missing = missing.take().or_else(|| of_turn.into_iter().find(|name| scope.lookup(name) == Found::Unknown).map(str::to_owned));
    });
    let name = missing?;
    let turn = records.iter().rev().find_map(|record| match &record.what {
        What::TurnBegin { turn, session, .. } if *session == step.session => Some(*turn),
        _ => None,
    })?;
    let of_turn = |kind: &'static str| {
        records.iter().rev().find_map(move |record| match &record.what {
            What::Event { turn: Some(of), event, .. } if *of == turn && event.kind == kind => Some(event),
            _ => None,
        })
    };
    of_turn("turn.finished")?;
    let why = of_turn("error").and_then(|error| error.fields.get("message")?.as_str()).map(|why| format!(": {why}"));
    let message = format!("`{{{{{name}}}}}` was to be told in turn {turn}, and the agent did not tell it{}", why.unwrap_or_default());
    Some(StepError { cause: Cause::Agent, message, details: vec![] })
}

fn fill_in(node: &Node, scope: &dyn Scope) -> Result<Value, StepError> {
    match node.fill(scope) {
        Ok(value) => Ok(value.unwrap_or(Value::Null)),
        Err(unfilled) => Err(suite_fault(unfilled.reason)),
    }
}

pub fn suite_fault(message: String) -> StepError {
    StepError { cause: Cause::Broken(Blame::Suite), message, details: vec![] }
}

/// `save`: from what the verb returned; of `user` and `do`, from the document of the step.
fn save(stage: &Stage, index: usize, step: &Step, value: &Value) -> Result<(), StepError> {
    if step.save.is_empty() {
        return Ok(());
    }
    let document = match &step.verb {
        Verb::User { .. } | Verb::Do { .. } => stage.recorder.read(0, |records| checks::step_document(records, index)),
        Verb::Rpc { .. } => value["result"].clone(),
        Verb::Probe(_) => value["value"].clone(),
        _ => value.clone(),
    };
    for (name, path) in &step.save {
        match jsonpath::first(path, &document) {
            Some(found) => stage.values.set(name, found),
            None => {
                return Err(StepError {
                    cause: Cause::Agent,
                    message: format!("`save: {{{name}: {}}}` found nothing", path.source),
                    details: vec![format!("it was looked for in {}", cut(&document.to_string()))],
                });
            }
        }
    }
    Ok(())
}

fn cut(text: &str) -> String {
    if text.chars().count() <= 300 { text.to_owned() } else { text.chars().take(300).chain(['…']).collect() }
}
