//! Calls that the client runs: answered through the actions `answer` and `answered` of the protocol.
//!
//! Owns: which calls of a message are the client's, the order of their answers, when a message is answered, how a wire writes tools.
//! Must not know: what a function returns, how an answer is framed.

use super::shared::Shared;
use super::source;
use super::state::{Keep, LinkId, Place, State, put};
use super::steps::Run;
use super::stop::Stop;
use crate::model::protocol::{EventKind, ProtocolStep, ProtocolVerb, ToolForm};
use crate::model::tool::{FunctionCall, FunctionResult};
use crate::model::trace::Event;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Each answer may take so long to send.
const WITHIN: Duration = Duration::from_secs(30);

/// The functions of a case.
pub trait Functions: Send + Sync {
    fn has(&self, name: &str) -> bool;

    /// Runs a call, also one of a tool that there is not: such a call fails, and so does the case.
    fn run(&self, call: FunctionCall) -> Pin<Box<dyn Future<Output = FunctionResult> + Send + '_>>;
}

/// Tools (name, description, schema) as a wire writes them.
pub fn offered<'a>(form: ToolForm, tools: impl Iterator<Item = (&'a str, Option<&'a str>, &'a Value)>) -> Value {
    let one = |(name, description, schema): (&str, Option<&str>, &Value)| {
        let key = if form == ToolForm::Messages { "input_schema" } else { "parameters" };
        let mut tool = json!({"name": name});
        if let Some(description) = description {
            tool["description"] = description.into();
        }
        tool[key] = schema.clone();
        match form {
            ToolForm::Messages => tool,
            ToolForm::Chat => json!({"type": "function", "function": tool}),
            ToolForm::Flat => {
                let mut flat = json!({"type": "function"});
                if let (Value::Object(flat), Value::Object(tool)) = (&mut flat, tool) {
                    flat.extend(tool);
                }
                flat
            }
        }
    };
    tools.map(one).collect()
}

impl Shared {
    /// The calls among the events of a message that the client runs, each once. A call that ends in the same message was run elsewhere.
    pub(super) fn client_calls(&self, state: &mut State, place: &Place, events: &[(EventKind, Event)]) -> Vec<FunctionCall> {
        let Some(functions) = self.setup.functions.as_ref().filter(|_| self.protocol.action("answer").is_some()) else { return vec![] };
        let of = |wanted: EventKind| events.iter().filter(move |(kind, _)| *kind == wanted).map(|(_, event)| &event.fields);
        let ended: Vec<_> = of(EventKind::CallFinished).filter_map(|fields| fields.get("id")).collect();
        let mut calls = Vec::new();
        for fields in of(EventKind::CallStarted) {
            let (Some(id), Some(name), Some(args)) = (fields.get("id"), fields.get("name").and_then(Value::as_str), fields.get("args"))
            else {
                continue;
            };
            let is_ours = match fields.get("by").and_then(Value::as_str) {
                Some("client") => true,
                Some("agent") => false,
                // What a decoded wire asks for is the client's, whether it has it or not.
                _ => self.protocol.decode.is_some() || functions.has(name),
            };
            let ran = &mut state.session(&place.session, || self.key(&place.session)).ran;
            if is_ours && !ended.contains(&id) && ran.insert((place.turn, source::text(id))) {
                calls.push(FunctionCall { id: id.clone(), name: name.to_owned(), args: args.clone() });
            }
        }
        calls
    }

    /// Answers the calls of one message while the conversation goes on. Where a message is the answer to a request, they wait
    /// until all of it was read.
    pub(super) fn answer_calls(self: &Arc<Shared>, state: &mut State, link: Option<LinkId>, place: &Place, calls: Vec<FunctionCall>) {
        if self.asks() {
            let session = state.session(&place.session, || self.key(&place.session));
            return session.due.extend(calls.into_iter().map(|call| (place.turn, call)));
        }
        let (shared, place) = (self.clone(), place.clone());
        self.spawn(async move {
            let outcome = shared.run_calls(link, &place, calls, WITHIN).await;
            shared.report("answer", outcome.map(|_| ()));
        });
    }

    /// Runs the calls of one message, all at once, and answers each as soon as it has returned; calls that return at once
    /// are answered in their order. Returns what the agent answered last, in words.
    pub(super) async fn run_calls(
        self: &Arc<Shared>,
        link: Option<LinkId>,
        place: &Place,
        calls: Vec<FunctionCall>,
        within: Duration,
    ) -> Result<Option<String>, Stop> {
        let Some(functions) = &self.setup.functions else { return Ok(None) };
        let lists = self.lists_of_answers();
        let answering = self.state().session(&place.session, || self.key(&place.session)).answering.clone();
        let _one_message = if lists.is_empty() { None } else { Some(answering.lock_owned().await) };
        let mut running: FuturesUnordered<_> =
            calls.into_iter().map(|call| async move { (call.clone(), functions.run(call).await) }).collect();
        while let Some((call, result)) = running.next().await {
            self.finish_call(place, &call, &result);
            let call = json!({"id": call.id, "name": call.name, "args": call.args, "result": result.value, "failed": result.failed});
            let mut run = Run::new(self, place.clone(), link, Keep::Turn, [("call".to_owned(), call)].into(), within);
            run.action("answer").await?;
        }
        let mut heard = None;
        if self.protocol.action("answered").is_some() {
            let mut run = Run::new(self, place.clone(), link, Keep::Turn, IndexMap::new(), within);
            run.action("answered").await?;
            heard = run.heard;
        }
        let mut state = self.state();
        let session = state.session(&place.session, || self.key(&place.session));
        for name in lists {
            put(&mut session.lists, &name, json!([]));
        }
        Ok(heard)
    }

    /// The calls of a turn that wait to be run.
    fn due(&self, place: &Place) -> Vec<FunctionCall> {
        let mut state = self.state();
        let due = &mut state.session(&place.session, || self.key(&place.session)).due;
        let mine = due.extract_if(.., |(turn, _)| *turn == place.turn);
        mine.map(|(_, call)| call).collect()
    }

    /// The event that the call has its end; recorded before its answer leaves, as nothing that follows from it can come before.
    fn finish_call(&self, place: &Place, call: &FunctionCall, result: &FunctionResult) {
        let status = if result.failed { "error" } else { "ok" };
        let mut fields: Map<String, Value> = Map::new();
        fields.insert("id".to_owned(), call.id.clone());
        fields.insert("result".to_owned(), result.value.clone());
        fields.insert("status".to_owned(), status.into());
        let mut state = self.state();
        state.session(&place.session, || self.key(&place.session)).decoder.finish_call(&mut fields, place.turn);
        self.own_event(&mut state, place, EventKind::CallFinished, Value::Object(fields));
        drop(state);
        self.tell();
    }

    /// The lists that the action `answer` adds to.
    fn lists_of_answers(&self) -> BTreeSet<String> {
        let mut lists = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open = vec!["answer"];
        while let Some(action) = open.pop().filter(|action| seen.insert(*action)) {
            let steps: &[ProtocolStep] = self.protocol.action(action).unwrap_or_default();
            for step in steps {
                match &step.verb {
                    ProtocolVerb::Append { name, .. } => drop(lists.insert(name.clone())),
                    ProtocolVerb::Do(action) => open.push(action),
                    _ => {}
                }
            }
        }
        lists
    }
}

impl Run<'_> {
    /// The action `user`, and then the calls that its answers ask for, as long as they do.
    pub(super) async fn user(&mut self) -> Result<(), Stop> {
        self.action("user").await?;
        loop {
            let calls = self.shared.due(&self.place);
            if calls.is_empty() {
                return Ok(());
            }
            let within = self.deadline.saturating_duration_since(Instant::now());
            let ran = tokio::time::timeout_at(self.deadline, self.shared.run_calls(self.link, &self.place, calls, within)).await;
            self.heard = ran.map_err(|_| self.late("the calls that the client runs were not all answered", within))??.or(self.heard.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wire_writes_tools_in_its_own_form() {
        let schema = json!({"type": "object"});
        let written = |form| offered(form, [("get", Some("Gets."), &schema), ("list", None, &schema)].into_iter());
        let flat = json!([
            {"type": "function", "name": "get", "description": "Gets.", "parameters": {"type": "object"}},
            {"type": "function", "name": "list", "parameters": {"type": "object"}}
        ]);
        assert_eq!(written(ToolForm::Flat), flat);
        assert_eq!(
            written(ToolForm::Chat)[0],
            json!({"type": "function", "function": {"name": "get", "description": "Gets.", "parameters": {"type": "object"}}})
        );
        assert_eq!(written(ToolForm::Messages)[1], json!({"name": "list", "input_schema": {"type": "object"}}));
    }
}
