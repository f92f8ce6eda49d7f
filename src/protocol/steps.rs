//! The steps of a protocol, carried out one after another.
//!
//! Owns: the verbs of protocol files, their conditions, what they save, their `expect`.
//! Must not know: transports, which events frames make.

use super::events::{Now, holds, matches};
use super::names::Names;
use super::shared::Shared;
use super::source;
use super::state::{Keep, LinkId, Place};
use super::stop::{Stop, late, start, suite};
use crate::matching::value;
use crate::model::pattern::Pattern;
use crate::model::protocol::{ProtocolStep, ProtocolVerb};
use crate::model::template::printed;
use crate::model::tree::{Node, Unfilled};
use crate::transports::Outgoing;
use crate::transports::exec::ExecRun;
use indexmap::IndexMap;
use serde_json::{Value, json};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A list of steps that is being carried out at one place.
pub(super) struct Run<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) place: Place,
    pub(super) link: Option<LinkId>,
    /// What the suite's step gave.
    pub(super) local: IndexMap<String, Value>,
    pub(super) keep: Keep,
    pub(super) deadline: Instant,
    /// The suite's step has its own `expect`, so those of the protocol are left out.
    pub(super) unexpected: bool,
    pub(super) tap: Option<u64>,
    /// Of the last request.
    pub(super) result: Option<Value>,
    /// What the agent answered last, in words, for a turn that nothing ended.
    pub(super) heard: Option<String>,
    /// What the first event of an answer that was of another turn said of whose it was.
    pub(super) other: Option<String>,
}

type Steps<'s> = Pin<Box<dyn Future<Output = Result<(), Stop>> + Send + 's>>;

impl<'a> Run<'a> {
    pub(super) fn new(
        shared: &'a Arc<Shared>,
        place: Place,
        link: Option<LinkId>,
        keep: Keep,
        local: IndexMap<String, Value>,
        within: Duration,
    ) -> Run<'a> {
        let deadline = Instant::now() + within;
        Run { shared, place, link, local, keep, deadline, unexpected: false, tap: None, result: None, heard: None, other: None }
    }

    /// Carries out an action of the protocol.
    pub(super) async fn action(&mut self, name: &str) -> Result<Option<Value>, Stop> {
        let protocol = self.shared.protocol.clone();
        let steps = protocol.action(name).ok_or_else(|| {
            let known: Vec<_> = protocol.actions.iter().map(|(name, _)| name.as_str()).collect();
            suite(format!("protocol `{}` has no action `{name}`; it has {}", protocol.name, known.join(", ")))
        })?;
        self.list(steps).await?;
        Ok(self.result.take())
    }

    pub(super) fn list<'s>(&'s mut self, steps: &'s [ProtocolStep]) -> Steps<'s> {
        Box::pin(async move {
            let awaits = steps.iter().any(|step| matches!(step.verb, ProtocolVerb::Await(_)));
            if let (None, true, Some(link)) = (self.tap, awaits, self.link) {
                self.tap = Some(self.shared.state().links[link].tap());
            }
            let (mut outcome, mut at) = (Ok(()), 0);
            while let (Ok(()), Some(step)) = (&outcome, steps.get(at)) {
                let sends = |step: &&ProtocolStep| matches!(step.verb, ProtocolVerb::Send(_)) && step.only_if.is_none();
                let together = steps[at..].iter().take_while(sends).count();
                outcome = match together {
                    0 => self.step(step).await,
                    _ => self.send(&steps[at..at + together]).await,
                };
                at += together.max(1);
            }
            if let (true, Some(tap), Some(link)) = (awaits, self.tap.take(), self.link) {
                self.shared.state().links[link].taps.retain(|open| open.id != tap);
            }
            outcome
        })
    }

    async fn step(&mut self, step: &ProtocolStep) -> Result<(), Stop> {
        let names = self.names();
        let (settings, agent) = names.for_conditions(step.only_if.is_some());
        let turn_ended = self.shared.state().turn(&self.place).is_some_and(|turn| turn.finished);
        let now = Now { settings: &settings, agent: &agent, first_turn: self.place.turn.unwrap_or(0) == 0, turn_ended };
        if !holds(step.only_if.as_ref(), &now, &names).map_err(suite)? {
            return Ok(());
        }
        let within = step.within.min(self.deadline.saturating_duration_since(Instant::now()));
        match &step.verb {
            ProtocolVerb::Send(_) => self.send(std::slice::from_ref(step)).await,
            ProtocolVerb::Rpc { method, with } => self.rpc(step, method, with.as_deref(), &names, within).await,
            ProtocolVerb::Await(pattern) => self.wait(step, pattern, &names, within).await,
            ProtocolVerb::Run { args, stdin, env } => self.run(args, stdin.as_deref(), env, &names),
            ProtocolVerb::Append { name, value } => self.append(name, value, &names),
            ProtocolVerb::Set(values) => self.set(step, values, &names),
            ProtocolVerb::Do(action) => {
                let protocol = self.shared.protocol.clone();
                let steps =
                    protocol.action(action).ok_or_else(|| suite(format!("protocol `{}` has no action `{action}`", protocol.name)))?;
                self.list(steps).await
            }
            ProtocolVerb::Http(node) => self.http(step, node, &names, within).await,
            ProtocolVerb::Listen { path, until } => self.listen(step, path, until.as_ref(), &names, within).await,
        }
    }

    fn names(&self) -> Names {
        self.shared.names(&self.shared.state(), &self.place, self.local.clone())
    }

    fn connection(&self) -> Result<LinkId, Stop> {
        self.shared.takes_frames()?;
        self.link.ok_or_else(|| suite("there is no connection that this step could use").into())
    }

    /// Frames that nothing stands between. Where one cannot be filled in, those before it leave all the same.
    async fn send(&self, steps: &[ProtocolStep]) -> Result<(), Stop> {
        let (names, mut frames, mut filled) = (self.names(), Vec::new(), Ok(()));
        for step in steps {
            let ProtocolVerb::Send(node) = &step.verb else { continue };
            match node.fill(&names) {
                Ok(value) => frames.extend(value.map(Outgoing::of)),
                Err(error) => {
                    filled = Err(unfilled(error));
                    break;
                }
            }
        }
        let within = steps.iter().map(|step| step.within).min().unwrap_or_default();
        let deadline = self.deadline.min(Instant::now() + within);
        if !frames.is_empty() {
            self.shared.transmit_all(self.connection()?, &self.place, frames, deadline).await?;
        }
        filled
    }

    async fn rpc(&mut self, step: &ProtocolStep, method: &Node, with: Option<&Node>, names: &Names, within: Duration) -> Result<(), Stop> {
        let method = method.fill(names).map_err(unfilled)?.map(|method| source::text(&method)).unwrap_or_default();
        let params = with.map(|with| with.fill(names)).transpose().map_err(unfilled)?.flatten();
        let request = super::requests::Request {
            link: self.connection()?,
            place: self.place.clone(),
            method: method.clone(),
            params,
            local: self.local.clone(),
            save: step.save.clone(),
            keep: self.keep,
            within,
        };
        let reply = self.shared.request(request).await?;
        self.result = reply.result.clone();
        let mut returned = json!({});
        for (key, part) in [("result", &reply.result), ("error", &reply.error)] {
            if let Some(part) = part {
                returned[key] = part.clone();
            }
        }
        match (reply.error, self.expected(step, &returned)) {
            (Some(error), None | Some(Err(_))) => Err(Stop::Refused { method, error }),
            (_, Some(Err(reason))) => {
                Err(start(format!("the agent's answer to `{method}` is not what the protocol expects: {reason}")).into())
            }
            (_, None | Some(Ok(()))) => Ok(()),
        }
    }

    /// What the step's own `expect` says; `None` if it has none that counts.
    pub(super) fn expected(&self, step: &ProtocolStep, returned: &Value) -> Option<Result<(), String>> {
        let pattern = step.expect.as_ref().filter(|_| !self.unexpected)?;
        Some(value::test(pattern, Some(returned), &self.names()).map_err(|mismatch| {
            let at = if mismatch.path.is_empty() { String::new() } else { format!("at `{}`: ", mismatch.path) };
            format!("{at}expected {}, got {}", mismatch.expected, mismatch.actual)
        }))
    }

    /// Takes the first frame since these steps began that matches and that no step took before.
    async fn wait(&mut self, step: &ProtocolStep, pattern: &Pattern, names: &Names, within: Duration) -> Result<(), Stop> {
        let (link, tap) = (self.connection()?, self.tap);
        let found = self.shared.until(Instant::now() + within, |state| {
            let link = &mut state.links[link];
            let frames = link.taps.iter_mut().find(|open| Some(open.id) == tap).map(|tap| &mut tap.frames);
            let ending = link.ending.clone();
            take(frames, pattern, names).or_else(|| ending.map(|ending| Err(Stop::Dead(ending))))
        });
        let frame = match found.await {
            Some(found) => found?,
            None => {
                return Err(late(
                    "the frame that the protocol waits for did not arrive",
                    within,
                    &self.shared.setup.recorder,
                    &self.place.session,
                )
                .into());
            }
        };
        if let Some(Err(reason)) = self.expected(step, &frame) {
            return Err(start(format!("a frame is not what the protocol expects: {reason}")).into());
        }
        let mut state = self.shared.state();
        for (name, paths) in &step.save {
            if let Some(value) = source::first(paths, &frame) {
                self.shared.save(&mut state, &self.place, self.keep, name, value);
            }
        }
        Ok(())
    }

    fn run(&mut self, args: &[Arc<Node>], stdin: Option<&Node>, env: &[(String, Arc<Node>)], names: &Names) -> Result<(), Stop> {
        if !self.shared.is_exec() {
            return Err(suite("`run` starts a turn's process, which only the transport `exec` has").into());
        }
        if self.place.turn.is_none() {
            return Err(suite("`run` starts a turn's process, and this session has no turn yet").into());
        }
        let text = |node: &Node, what: &str| -> Result<Option<String>, Stop> {
            let value = node.fill(names).map_err(unfilled)?;
            Ok(value.map(|value| printed(&value, what)).transpose().map_err(suite)?)
        };
        let mut run = ExecRun { stdin: stdin.map(|node| text(node, "stdin")).transpose()?.flatten(), ..ExecRun::default() };
        for node in args {
            run.args.extend(text(node, "args")?);
        }
        for (name, node) in env {
            run.env.extend(text(node, name)?.map(|value| (name.clone(), value)));
        }
        if run.args.iter().chain(run.env.iter().map(|(_, value)| value)).any(|text| text.contains('\0')) {
            return Err(suite("an argument or a variable of `run` holds a NUL character, which no process can be given").into());
        }
        self.link = Some(self.shared.start_process(&self.place, run)?);
        Ok(())
    }

    fn set(&self, step: &ProtocolStep, values: &[(Arc<str>, Arc<Node>)], names: &Names) -> Result<(), Stop> {
        let mut returned = json!({});
        for (name, node) in values {
            if let Some(value) = node.fill(names).map_err(unfilled)? {
                returned[&**name] = value.clone();
                self.shared.save(&mut self.shared.state(), &self.place, self.keep, name, value);
            }
        }
        match self.expected(step, &returned) {
            Some(Err(reason)) => Err(start(format!("what the agent told is not what the protocol expects: {reason}")).into()),
            _ => Ok(()),
        }
    }

    fn append(&self, name: &str, value: &Node, names: &Names) -> Result<(), Stop> {
        let Some(value) = value.fill(names).map_err(unfilled)? else { return Ok(()) };
        let mut state = self.shared.state();
        let session = state.session(&self.place.session, || self.shared.key(&self.place.session));
        match Arc::make_mut(&mut session.lists).entry(name.to_owned()).or_insert_with(|| Value::Array(vec![])) {
            Value::Array(list) => match value {
                Value::Array(items) => list.extend(items),
                item => list.push(item),
            },
            other => *other = Value::Array(vec![value]),
        }
        Ok(())
    }
}

fn take(frames: Option<&mut Vec<Value>>, pattern: &Pattern, names: &Names) -> Option<Result<Value, Stop>> {
    let frames = frames?;
    for at in 0..frames.len() {
        match matches(pattern, &frames[at], names) {
            Ok(true) => return Some(Ok(frames.remove(at))),
            Ok(false) => {}
            Err(reason) => return Some(Err(suite(reason).into())),
        }
    }
    None
}

fn unfilled(unfilled: Unfilled) -> Stop {
    suite(unfilled.reason).into()
}
