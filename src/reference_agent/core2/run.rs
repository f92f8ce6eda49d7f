//! One run: ask the provider, publish what it says, run the tools it wants, ask again.
//!
//! Owns: the loop and its limits, the life of items, how a run ends.
//! Must not know: HTTP servers, how the log is kept.

use super::adapter::{Adapter, Piece};
use super::faults::PipelineFault;
use super::log::LogError;
use super::publisher::Publisher;
use super::server::Pipeline;
use super::submission::Submission;
use super::tools::{self, Call, Output};
use crate::model::protocol::EventKind;
use crate::wire::reading::{Meaning, Reads, by_name};
use crate::wire::sse_read;
use futures_util::future::join_all;
use serde_json::{Value, json};

/// A model that wants tools more often than this in one run is going in circles.
const MOST_ROUNDS: usize = 20;
/// No provider sends longer ones, and memory ends somewhere.
const LONGEST_EVENT: usize = 32 << 20;

pub struct Run<'p> {
    pipeline: &'p Pipeline,
    submission: &'p Submission,
    publisher: &'p Publisher,
    /// Items of the run so far; their ids are numbered.
    count: usize,
    open: Vec<Open>,
    usage: Option<[u64; 3]>,
}

/// An item that has begun.
struct Open {
    key: String,
    id: String,
    kind: &'static str,
    name: String,
    call: String,
    buffer: String,
    deltas: usize,
    /// A call is started once its name is known.
    told: bool,
}

/// How an answer ended.
struct Ended {
    status: &'static str,
    reason: Value,
    calls: Vec<Call>,
    entries: Vec<Value>,
}

/// Why a run ends early.
enum Stop {
    /// The provider's error, or one of ours.
    Failed(Value),
    Log(LogError),
}

impl From<LogError> for Stop {
    fn from(error: LogError) -> Stop {
        Stop::Log(error)
    }
}

/// Carries a run out. Its start was published already; its last event ends it.
pub async fn carry_out(pipeline: &Pipeline, submission: &Submission, publisher: &Publisher) -> Result<(), LogError> {
    let history = pipeline.threads.history(&submission.thread, submission.provider);
    let mut history = history.lock().await;
    if PipelineFault::Forget.is(pipeline.fault) {
        history.clear();
    }
    let known = history.len();
    history.push(submission.provider.user(&submission.prompt));
    let mut run = Run { pipeline, submission, publisher, count: 0, open: vec![], usage: None };
    let ended = run.rounds(&mut history).await;
    let id = &submission.run;
    match ended {
        Ok((status, reason)) => {
            let usage = run.usage.map(
                |[prompt, completion, total]| json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}),
            );
            if let Some(usage) = &usage {
                publisher.publish("usage_update", json!({"response_id": id, "usage": usage})).await?;
            }
            let mut end = json!({"response_id": id, "status": status, "finish_reason": reason});
            if let Some(usage) = usage {
                end["usage"] = usage;
            }
            publisher.publish("response_done", end.clone()).await?;
            match pipeline.fault {
                Some(PipelineFault::EndTwice) => publisher.publish("response_done", end).await,
                Some(PipelineFault::ErrorAfterDone) => {
                    let error = json!({"code": "INTERNAL_ERROR", "message": "the run failed after its end"});
                    publisher.publish("response_error", json!({"response_id": id, "error": error})).await
                }
                _ => Ok(()),
            }
        }
        Err(stop) => {
            // A turn that failed was not said.
            if !PipelineFault::KeepFailed.is(pipeline.fault) {
                history.truncate(known);
            }
            match stop {
                Stop::Failed(error) => publisher.publish("response_error", json!({"response_id": id, "error": error})).await,
                Stop::Log(error) => Err(error),
            }
        }
    }
}

impl Run<'_> {
    async fn rounds(&mut self, history: &mut Vec<Value>) -> Result<(&'static str, Value), Stop> {
        let prompt = json!({"type": "message", "origin": "user", "content": self.submission.prompt});
        let id = format!("{}-user-prompt", self.submission.run);
        self.whole(&id, "message", prompt).await?;
        for _ in 0..MOST_ROUNDS {
            let ended = self.ask(history).await?;
            history.extend(ended.entries);
            let executes = self.submission.executes || PipelineFault::RunAnyway.is(self.pipeline.fault);
            if ended.status != "complete" || ended.calls.is_empty() || !executes {
                return Ok((ended.status, ended.reason));
            }
            let outputs = join_all(ended.calls.iter().map(tools::run)).await;
            let results: Vec<(Call, Output)> = ended.calls.into_iter().zip(outputs).collect();
            if PipelineFault::ToolErrorIsFatal.is(self.pipeline.fault)
                && let Some((_, output)) = results.iter().find(|(_, output)| !output.success)
            {
                return Err(failed("TOOL_FAILED", &output.text));
            }
            for (call, output) in &results {
                self.count += 1;
                let id = format!("{}-{}", self.submission.run, self.count);
                let item = json!({"type": "function_call_output", "call_id": call.id, "output": output.text, "success": output.success, "origin": "agent"});
                self.whole(&id, "function_call_output", item).await?;
            }
            if PipelineFault::LoseResult.is(self.pipeline.fault) {
                continue;
            }
            history.extend(self.submission.provider.results(&results));
        }
        let message = format!("stopped after {MOST_ROUNDS} rounds of tool calls");
        Err(Stop::Failed(json!({"code": "TOO_MANY_ROUNDS", "message": message})))
    }

    async fn ask(&mut self, history: &[Value]) -> Result<Ended, Stop> {
        let provider = self.submission.provider;
        let mut response = self.pipeline.endpoints.ask(provider, &self.submission.model, history).await.map_err(Stop::Failed)?;
        let mut reader = by_name(provider.wire()).expect("every provider's wire has a reader");
        let mut events = sse_read::Reader::new(LONGEST_EVENT);
        let mut adapter = Adapter::new(provider);
        let mut meanings = Vec::new();
        let mut calls = Vec::new();
        // What breaks off is as what ends too early.
        while let Ok(Some(bytes)) = response.chunk().await {
            let mut frames = Vec::new();
            let read = events.feed(&bytes, |event| {
                let data: Value = serde_json::from_str(&event.data).unwrap_or_else(|_| event.data.into());
                frames.push(json!({"event": event.kind, "data": data}));
            });
            read.map_err(|_| failed("EVENT_TOO_LONG", "an event of the provider's stream is too long"))?;
            for frame in frames {
                if self.is_past(reader.as_ref()) {
                    break;
                }
                let from = meanings.len();
                reader.read(&frame, &mut meanings);
                self.complain(&meanings[from..])?;
                for piece in adapter.pieces(&frame["data"]) {
                    self.piece(piece, &mut calls).await?;
                }
                self.in_order(&adapter)?;
            }
            if self.is_past(reader.as_ref()) {
                break;
            }
        }
        reader.end(&mut meanings);
        self.count_usage(&meanings);
        let end = meanings.iter().rev().find(|(kind, _)| *kind == EventKind::TurnFinished);
        let Some((_, end)) = end else {
            self.truncate(&mut calls).await?;
            let status = if PipelineFault::CompleteTruncated.is(self.pipeline.fault) { "complete" } else { "incomplete" };
            return Ok(Ended { status, reason: "stream_truncated".into(), calls: vec![], entries: vec![] });
        };
        if end["status"] == "failed" && !PipelineFault::SwallowError.is(self.pipeline.fault) {
            return Err(Stop::Failed(provider_error(&meanings)));
        }
        self.truncate(&mut calls).await?;
        let status = if end["status"] == "completed" { "complete" } else { "incomplete" };
        let reason = end.get("reason").cloned().unwrap_or(Value::Null);
        Ok(Ended { status, reason, calls, entries: provider.answer(&reader.answer()) })
    }

    /// What follows the end of an answer is nobody's.
    fn is_past(&self, reader: &dyn Reads) -> bool {
        reader.is_over() && !PipelineFault::ReadPastEnd.is(self.pipeline.fault)
    }

    /// A delta whose item is not open belongs nowhere: the answer is not what the provider said.
    fn in_order(&self, adapter: &Adapter) -> Result<(), Stop> {
        match adapter.astray().filter(|_| !PipelineFault::HideSequence.is(self.pipeline.fault)) {
            Some(key) => Err(failed("STREAM_SEQUENCE_ERROR", &format!("a delta came for item {key}, which is not open"))),
            None => Ok(()),
        }
    }

    /// A chunk that is none is told; with `--strict` it ends the run.
    fn complain(&self, meanings: &[Meaning]) -> Result<(), Stop> {
        for (kind, fields) in meanings {
            if *kind != EventKind::Error || fields["code"] != "malformed_event" {
                continue;
            }
            let message = fields["message"].as_str().unwrap_or_default();
            if self.pipeline.strict {
                return Err(failed("MALFORMED_CHUNK", message));
            }
            if !PipelineFault::HideMalformed.is(self.pipeline.fault) {
                eprintln!("warning: run {}: {message}", self.submission.run);
            }
        }
        Ok(())
    }

    async fn piece(&mut self, piece: Piece, calls: &mut Vec<Call>) -> Result<(), LogError> {
        match piece {
            Piece::Start { key, kind } => {
                self.count += 1;
                let id = format!("{}-{}", self.submission.run, self.count);
                let told = kind != "function_call";
                self.open.push(Open { key, id, kind, name: String::new(), call: String::new(), buffer: String::new(), deltas: 0, told });
                match self.open.last() {
                    Some(open) if told => self.publisher.publish("item_start", json!({"item_id": open.id, "item_type": kind})).await,
                    _ => Ok(()),
                }
            }
            Piece::Call { key, id, name } => {
                let Some(open) = self.open.iter_mut().find(|open| open.key == key) else { return Ok(()) };
                if !id.is_empty() {
                    open.call = id;
                }
                if !name.is_empty() {
                    open.name = name;
                }
                tell(open, self.publisher).await
            }
            Piece::Delta { key, text } => {
                let Some(open) = self.open.iter_mut().find(|open| open.key == key) else { return Ok(()) };
                open.buffer.push_str(&text);
                open.deltas += 1;
                if PipelineFault::LoseDelta.is(self.pipeline.fault) && open.deltas % 2 == 0 {
                    return Ok(());
                }
                self.publisher.publish("item_delta", json!({"item_id": open.id, "delta_content": text})).await
            }
            Piece::Done { key, whole } => {
                let Some(at) = self.open.iter().position(|open| open.key == key) else { return Ok(()) };
                let mut open = self.open.remove(at);
                open.buffer = whole.unwrap_or(open.buffer);
                self.finish(open, calls).await
            }
        }
    }

    async fn finish(&self, mut open: Open, calls: &mut Vec<Call>) -> Result<(), LogError> {
        tell(&mut open, self.publisher).await?;
        let item = match open.kind {
            "function_call" => {
                let arguments = if open.buffer.is_empty() { "{}".to_owned() } else { open.buffer };
                let item = json!({"type": open.kind, "origin": "agent", "name": open.name, "arguments": arguments, "call_id": open.call});
                calls.push(Call { id: open.call, name: open.name, arguments });
                item
            }
            kind => json!({"type": kind, "origin": "agent", "content": open.buffer}),
        };
        self.publisher.publish("item_done", done(&open.id, item)).await
    }

    /// Items that the answer's end left open: texts are what came of them, calls never were.
    async fn truncate(&mut self, calls: &mut Vec<Call>) -> Result<(), LogError> {
        for open in std::mem::take(&mut self.open) {
            if open.kind == "function_call" {
                if open.told {
                    self.publisher.publish("item_cancelled", json!({"item_id": open.id, "reason": "stream_truncated"})).await?;
                }
            } else {
                self.finish(open, calls).await?;
            }
        }
        Ok(())
    }

    /// An item that is there at once.
    async fn whole(&self, id: &str, kind: &str, item: Value) -> Result<(), LogError> {
        self.publisher.publish("item_start", json!({"item_id": id, "item_type": kind})).await?;
        self.publisher.publish("item_done", done(id, item)).await
    }

    fn count_usage(&mut self, meanings: &[Meaning]) {
        for (_, fields) in meanings.iter().filter(|(kind, _)| *kind == EventKind::Usage) {
            let number = |key: &str| fields.get(key).and_then(Value::as_u64);
            let (input, output) = (number("input").unwrap_or_default(), number("output").unwrap_or_default());
            let total = number("total").unwrap_or(input + output);
            let known = if PipelineFault::LastUsage.is(self.pipeline.fault) { None } else { self.usage };
            let [a, b, c] = known.unwrap_or_default();
            self.usage = Some([a + input, b + output, c + total]);
        }
    }
}

async fn tell(open: &mut Open, publisher: &Publisher) -> Result<(), LogError> {
    if std::mem::replace(&mut open.told, true) {
        return Ok(());
    }
    publisher.publish("item_start", json!({"item_id": open.id, "item_type": open.kind, "name": open.name, "call_id": open.call})).await
}

fn done(id: &str, mut item: Value) -> Value {
    item["id"] = id.into();
    json!({"item_id": id, "final_item": item})
}

fn failed(code: &str, message: &str) -> Stop {
    Stop::Failed(json!({"code": code, "message": message}))
}

/// The last error that was told before the end.
fn provider_error(meanings: &[Meaning]) -> Value {
    let told = meanings.iter().rev().find(|(kind, _)| *kind == EventKind::Error);
    match told {
        Some((_, fields)) => {
            let code = fields.get("code").filter(|code| !code.is_null()).cloned().unwrap_or_else(|| "PROVIDER_ERROR".into());
            json!({"code": code, "message": fields["message"]})
        }
        None => json!({"code": "PROVIDER_ERROR", "message": "the provider's answer failed, and nothing said why"}),
    }
}
