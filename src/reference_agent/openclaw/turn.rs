//! One run from its message to its end: model → tools → model.
//!
//! Owns: the loop, its limits, what becomes of a call.
//! Must not know: who hears of it.

use super::faults::GatewayFault;
use super::runs::Status;
use super::server::Gateway;
use super::sessions::Session;
use super::voice::{Voice, message, now};
use crate::reference_agent::exec::{self, Ended};
use crate::reference_agent::model::{Answer, ToolCall};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Instant;

/// A model that wants tools more often than this in one run is going in circles.
const MOST_ROUNDS: usize = 20;

/// Carries the run out, unless it is aborted meanwhile; what it was doing is then dropped, commands included.
pub async fn carry_out(voice: Voice, text: String) {
    let session = voice.gateway.session(&voice.run.key);
    let run = voice.run.clone();
    tokio::select! {
        () = run.aborted() => {
            let data = json!({"phase": "error", "error": "This operation was aborted", "aborted": true, "stopReason": "aborted", "endedAt": now()});
            voice.agent("lifecycle", data);
        }
        outcome = turn(&voice, &session, &text) => match outcome {
            Ok(reply) => complete(&voice, &reply),
            Err(error) => fail(&voice, &error),
        },
    }
}

async fn turn(voice: &Voice, session: &Session, text: &str) -> Result<String, String> {
    let gateway = &voice.gateway;
    for phase in if gateway.is_v4() { ["preparing_workspace", "preparing_context"].as_slice() } else { &[] } {
        voice.agent("run_status", json!({"phase": phase}));
        voice.chat("status", json!({"phase": phase}));
    }
    let mut history = session.history.lock().await;
    history.push(gateway.model.wire.user(text));
    session.remember(json!({"role": "user", "content": [{"type": "text", "text": text}], "timestamp": now()}));
    voice.agent("lifecycle", json!({"phase": "start", "startedAt": now()}));
    let mut tokens = 0;
    for round in 1..=MOST_ROUNDS {
        let answer = ask(voice, &history, round).await?;
        if let (Some(used), true) = (answer.output_tokens, gateway.is_v4()) {
            tokens += used;
            voice.agent("usage", json!({"outputTokens": tokens}));
        }
        spoil(gateway);
        history.extend(answer.entries.iter().cloned());
        session.remember(said(&answer));
        if answer.calls.is_empty() {
            return Ok(answer.texts.join("\n"));
        }
        let results = join_all(answer.calls.iter().map(|call| run_call(voice, call))).await;
        for (call, (result, is_error)) in answer.calls.iter().zip(results) {
            if !GatewayFault::DropResult.is(gateway.fault) {
                history.push(gateway.model.wire.result(call, &result));
            }
            session.remember(json!({"role": "toolResult", "toolCallId": call.id, "toolName": call.name,
                "content": [{"type": "text", "text": result}], "isError": is_error, "timestamp": now()}));
        }
    }
    Err(format!("stopped after {MOST_ROUNDS} rounds of tool calls"))
}

/// What the faults in the middle of a run do.
fn spoil(gateway: &Gateway) {
    use super::client::Outgoing;
    for client in gateway.clients().iter() {
        match gateway.fault {
            Some(GatewayFault::HangUp) => client.send(Outgoing::Close(1011, "internal error".to_owned())),
            Some(GatewayFault::IllFormed) => client.send(Outgoing::Text("{\"type\": \"event\", ".to_owned())),
            _ => {}
        }
    }
}

/// Asks the model; what it says is told while it says it.
async fn ask(voice: &Voice, history: &[Value], round: usize) -> Result<Answer, String> {
    let gateway = &voice.gateway;
    if gateway.is_v4() {
        voice.chat("status", json!({"phase": "starting_model"}));
        voice.agent("lifecycle", json!({"phase": "model", "provider": "openai", "model": gateway.model.name()}));
    }
    let mut told = String::new();
    let answer = gateway.model.ask_live(history, &mut |text: &str| stream(voice, round, text, &mut told)).await?;
    stream(voice, round, &answer.texts.join("\n"), &mut told);
    Ok(answer)
}

/// Tells of a text that has grown, or that is another one.
fn stream(voice: &Voice, round: usize, text: &str, told: &mut String) {
    if text.is_empty() || text == told {
        return;
    }
    let delta = text.strip_prefix(told.as_str()).map(str::to_owned);
    text.clone_into(told);
    text.clone_into(&mut voice.run.state().text);
    let mut data = json!({"text": text, "delta": delta.as_deref().unwrap_or_default()});
    if delta.is_none() {
        data["replace"] = true.into();
    }
    let mut chat = json!({"message": message(text)});
    if voice.gateway.is_v4() {
        data["itemId"] = format!("{}:{round}", voice.run.id).into();
        chat["deltaText"] = delta.unwrap_or_default().into();
    }
    voice.agent("assistant", data);
    voice.chat("delta", chat);
}

/// The answer as `chat.history` shows it.
fn said(answer: &Answer) -> Value {
    let texts = answer.texts.iter().map(|text| json!({"type": "text", "text": text}));
    let calls = answer.calls.iter().map(|call| json!({"type": "toolCall", "id": call.id, "name": call.name, "arguments": arguments(call)}));
    json!({"role": "assistant", "content": texts.chain(calls).collect::<Vec<_>>(), "timestamp": now()})
}

/// Arguments that are not JSON are shown as the text they are.
fn arguments(call: &ToolCall) -> Value {
    serde_json::from_str(&call.arguments).unwrap_or_else(|_| call.arguments.as_str().into())
}

/// Carries a call out, and tells of it. Returns what the model is told, and whether it is an error.
async fn run_call(voice: &Voice, call: &ToolCall) -> (String, bool) {
    let (args, started) = (arguments(call), Instant::now());
    let command = args["command"].as_str().unwrap_or_default().to_owned();
    let item = |phase: &str, status: &str| {
        json!({"itemId": format!("tool:{}", call.id), "toolCallId": call.id, "name": call.name,
        "kind": "tool", "phase": phase, "title": format!("{} {command}", call.name), "status": status, "meta": command})
    };
    let is_v4 = voice.gateway.is_v4();
    if is_v4 {
        voice.agent("item", item("start", "running"));
    }
    voice.agent("tool", json!({"phase": "start", "name": call.name, "toolCallId": call.id, "args": args}));
    let outcome = carry_out_call(voice, call, &args).await;
    let (text, is_error, mut details) = told(voice.gateway.is_v4(), outcome);
    if details["exitCode"].as_i64().is_some() && GatewayFault::AlwaysZero.is(voice.gateway.fault) {
        details["exitCode"] = 0.into();
    }
    if details.is_object() {
        details["durationMs"] = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX).into();
    }
    let failed = is_error || details["exitCode"].as_i64().is_some_and(|exit| exit != 0);
    let content = json!([{"type": "text", "text": text}]);
    if !GatewayFault::HideResults.is(voice.gateway.fault) {
        let result = json!({"content": content, "details": details});
        voice.agent(
            "tool",
            json!({"phase": "result", "name": call.name, "toolCallId": call.id, "meta": command, "isError": is_error, "result": result}),
        );
    }
    if is_v4 {
        let status = if failed { "failed" } else { "completed" };
        voice.agent("item", item("end", status));
        voice.agent(
            "command_output",
            json!({"itemId": format!("command:{}", call.id), "phase": "end", "toolCallId": call.id,
            "name": call.name, "output": text, "status": status, "exitCode": details["exitCode"]}),
        );
    }
    if !failed {
        voice.run.state().successful.push(call.name.clone());
    }
    (text, is_error)
}

/// Why a call did nothing, or how its command ended.
async fn carry_out_call(voice: &Voice, call: &ToolCall, args: &Value) -> Result<Ended, String> {
    if call.name != exec::NAME {
        return Err(format!("Tool {} not found", call.name));
    }
    let Some(command) = args["command"].as_str() else { return Err("Provide a command to start.".to_owned()) };
    let gateway = &voice.gateway;
    if gateway.asks {
        if GatewayFault::RunDenied.is(gateway.fault) {
            exec::carry_out(command).await;
        }
        if !gateway.approved(command, &voice.run.id, &voice.run.key, &call.id).await {
            return Err(format!("Exec denied (gateway id={}, user-denied): {command}", call.id));
        }
    }
    Ok(exec::carry_out(command).await)
}

/// The text for the model, whether it is an error, and the details. Version 3 takes a command that fails for an error of the tool,
/// version 4 does not.
fn told(is_v4: bool, outcome: Result<Ended, String>) -> (String, bool, Value) {
    let cwd = std::env::current_dir().unwrap_or_default();
    match outcome {
        Err(why) => (why, true, json!({"status": "failed", "exitCode": null, "aggregated": "", "cwd": cwd})),
        Ok(ended) if ended.exit == Some(0) || is_v4 => {
            let mut details = json!({"status": "completed", "exitCode": ended.exit, "aggregated": ended.text, "cwd": cwd});
            if is_v4 {
                details["exitSignal"] = json!(ended.signal);
                details["exitReason"] = if ended.signal.is_some() { "signal" } else { "exit" }.into();
            }
            (if ended.text.is_empty() { "(no output)".to_owned() } else { ended.text }, false, details)
        }
        Ok(ended) => {
            let details = json!({"status": "error", "tool": exec::NAME, "error": ended.text});
            (ended.text, true, details)
        }
    }
}

fn complete(voice: &Voice, reply: &str) {
    let (gateway, is_v4) = (&voice.gateway, voice.gateway.is_v4());
    let cut = reply.rsplit_once(' ').map_or("", |(kept, _)| kept);
    let reply = if GatewayFault::CutText.is(gateway.fault) { cut } else { reply };
    let mut data = json!({"phase": "end", "endedAt": now()});
    let mut end = json!({});
    if is_v4 {
        voice.agent("lifecycle", json!({"phase": "finishing", "stopReason": "stop", "aborted": false, "endedAt": now()}));
        data["stopReason"] = "stop".into();
        data["terminalReply"] = json!({"disposition": "visible", "text": reply});
        data["terminalReceipt"] = json!({"runId": voice.run.id, "successfulToolNames": voice.run.state().successful});
        end["stopReason"] = "stop".into();
    }
    if !reply.is_empty() {
        end["message"] = message(reply);
    }
    reply.clone_into(&mut voice.run.state().text);
    voice.agent("lifecycle", data);
    voice.end(Status::Done, "final", end);
}

fn fail(voice: &Voice, error: &str) {
    let error = format!("LLM request failed: {error}");
    let mut end = json!({"errorMessage": error});
    if voice.gateway.is_v4() {
        voice.agent("lifecycle", json!({"phase": "finishing", "error": error, "aborted": false, "endedAt": now()}));
        end["errorDetail"] = json!({"provider": "openai", "model": voice.gateway.model.name()});
    }
    if GatewayFault::HideErrors.is(voice.gateway.fault) {
        voice.end(Status::Done, "final", json!({}));
        return;
    }
    voice.run.state().error = Some(error.clone());
    voice.agent("lifecycle", json!({"phase": "error", "error": error, "endedAt": now()}));
    voice.end(Status::Failed, "error", end);
}
