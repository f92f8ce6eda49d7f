//! `await` and `quiet`: five buffered histories, each read in its own order.
//!
//! Owns: which entries were taken, when waiting is in vain, what a time-out says.
//! Must not know: how entries come about.

use crate::checks::views::{HistoryEntry, history_from};
use crate::fakes::command::Mocks;
use crate::matching::list;
use crate::model::pattern::{Form, ListKind};
use crate::model::step::Await;
use crate::model::template::Scope;
use crate::model::trace::{Blame, Cause, Record, StepError, What};
use crate::recorder::Recorder;
use serde_json::Value;
use std::collections::HashSet;
use std::time::Duration;

/// How often the log of mocked commands is read while somebody waits for a command.
const COMMAND_POLL: Duration = Duration::from_millis(5);

/// How many of the nearest entries a time-out shows.
const NEAREST: usize = 5;

/// Reads the histories of one case. What a step took is not given again.
pub struct Histories {
    recorder: Recorder,
    taken: HashSet<(ListKind, u64)>,
}

impl Histories {
    pub fn new(recorder: Recorder) -> Histories {
        Histories { recorder, taken: HashSet::new() }
    }

    /// Marks an entry as taken by another step than `await`.
    pub fn take(&mut self, kind: ListKind, record: u64) {
        self.taken.insert((kind, record));
    }

    /// `user` takes the events of its turn.
    pub fn take_turn(&mut self, turn: usize) {
        let of_turn = self.recorder.read(0, |records| {
            let is = |record: &Record| matches!(&record.what, What::Event { turn: Some(of), .. } if *of == turn);
            records.iter().filter(|record| is(record)).map(|record| record.n).collect::<Vec<_>>()
        });
        self.taken.extend(of_turn.into_iter().map(|n| (ListKind::Events, n)));
    }

    /// Waits for an entry and takes it; gives its value.
    pub async fn wait(
        &mut self,
        wanted: &Await,
        session: &str,
        within: Duration,
        mocks: Option<&Mocks>,
        scope: &(dyn Scope + Sync),
    ) -> Result<Value, StepError> {
        let watch = Watch { wanted, session, scope, from: 0, hopeful: false };
        match tokio::time::timeout(within, self.watch(watch, mocks)).await {
            Ok(Ok((n, value))) => {
                self.take(wanted.kind, n);
                Ok(value)
            }
            Ok(Err(error)) => Err(error),
            Err(_) => {
                let why = format!("did not arrive within {}", crate::base::duration::show(within));
                Err(self.recorder.read(0, |records| watch.in_vain(records, &why)))
            }
        }
    }

    /// Watches for `duration`; an entry that arrives is a failure. Only what arrives from now on counts.
    pub async fn quiet(
        &mut self,
        wanted: &Await,
        session: &str,
        duration: Duration,
        mocks: Option<&Mocks>,
        scope: &(dyn Scope + Sync),
    ) -> Result<Value, StepError> {
        let watch = Watch { wanted, session, scope, from: self.recorder.len() as u64, hopeful: true };
        match tokio::time::timeout(duration, self.watch(watch, mocks)).await {
            Err(_) => Ok(Value::Null),
            Ok(Err(error)) => Err(error),
            Ok(Ok((_, value))) => Err(StepError {
                cause: Cause::Agent,
                message: format!("{} arrived, where {} of quiet was expected", shown(wanted), crate::base::duration::show(duration)),
                details: vec![value.to_string()],
            }),
        }
    }

    /// Ends with the first entry that matches and was not taken, or with the reason why none can come.
    async fn watch(&self, watch: Watch<'_>, mocks: Option<&Mocks>) -> Result<(u64, Value), StepError> {
        // Entries that did not match once are not looked at again, unless their place in the whole list is asked for.
        let mut from = watch.from;
        loop {
            let look = self.recorder.wait(|records| {
                let found = watch.look(records, from, &self.taken);
                if watch.wanted.item.index.is_none() {
                    from = records.len() as u64;
                }
                found
            });
            if watch.wanted.kind != ListKind::Commands {
                return look.await;
            }
            if let Some(mocks) = mocks {
                mocks.collect(&self.recorder);
            }
            if let Ok(found) = tokio::time::timeout(COMMAND_POLL, look).await {
                return found;
            }
        }
    }
}

/// What is watched for, and since which record.
#[derive(Clone, Copy)]
struct Watch<'a> {
    wanted: &'a Await,
    session: &'a str,
    scope: &'a (dyn Scope + Sync),
    from: u64,
    /// True: that nothing can come any more is what one hopes for.
    hopeful: bool,
}

impl Watch<'_> {
    fn look(&self, records: &[Record], from: u64, taken: &HashSet<(ListKind, u64)>) -> Option<Result<(u64, Value), StepError>> {
        let mut entries = self.entries(records, from);
        if self.wanted.item.index.is_none() {
            entries.retain(|entry| entry.n >= self.from && !taken.contains(&(self.wanted.kind, entry.n)));
        }
        let views: Vec<_> = entries.iter().map(HistoryEntry::entry).collect();
        let fault = |message| StepError { cause: Cause::Broken(Blame::Suite), message, details: vec![] };
        match list::first_match(&self.wanted.item, &views, self.scope) {
            Err(reason) => Some(Err(fault(reason))),
            Ok(Some(at)) => Some(Ok((entries[at].n, entries[at].value.clone().into_owned()))),
            Ok(None) if self.hopeful => None,
            Ok(None) => {
                let why = self.missed_index(records).or_else(|| hopeless(records, self.wanted, self.session));
                why.map(|why| Err(self.in_vain(records, &why)))
            }
        }
    }

    fn entries<'t>(&self, records: &'t [Record], from: u64) -> Vec<HistoryEntry<'t>> {
        let from = if self.wanted.item.index.is_none() { from } else { 0 };
        let mut entries = history_from(self.wanted.kind, self.wanted.item.fake.as_deref(), records, from);
        let of_agent = self.wanted.item.fake.is_none();
        // The histories of fakes know no sessions.
        if of_agent {
            entries.retain(|entry| entry.session == self.session);
        }
        entries
    }

    /// With `index: n` the entry at that place is the only one that can match: if it is there and does not, waiting is in vain.
    fn missed_index(&self, records: &[Record]) -> Option<String> {
        let Form::Plain(Value::Number(place)) = &self.wanted.item.index.as_ref()?.form else { return None };
        let place = place.as_u64()? as usize;
        let there = self.entries(records, 0).iter().any(|entry| entry.index == place);
        there.then(|| format!("is not the entry at index {place}, which is there and does not match"))
    }

    fn in_vain(&self, records: &[Record], why: &str) -> StepError {
        let entries = self.entries(records, 0);
        let views: Vec<_> = entries.iter().map(HistoryEntry::entry).collect();
        let mut details = list::nearest(&self.wanted.item, &views, self.scope, NEAREST);
        // Had it still been free, this step would have taken it.
        for line in details.iter_mut().filter(|line| line.ends_with("it matches")) {
            line.push_str(", but an earlier step took it");
        }
        if details.is_empty() {
            details.push(format!("no {} arrived at all", self.wanted.kind.item_key()));
        }
        StepError { cause: Cause::Agent, message: format!("{} {why}", shown(self.wanted)), details }
    }
}

/// Why nothing more can come, if that is so: the agent has ended, or its connection is closed.
fn hopeless(records: &[Record], wanted: &Await, session: &str) -> Option<String> {
    let of_agent = wanted.item.fake.is_none();
    let mut why = None;
    for record in records {
        match &record.what {
            What::Exit { code, signal } => {
                let how = match (code, signal) {
                    (Some(code), _) => format!(" with status {code}"),
                    (None, Some(signal)) => format!(" by signal {signal}"),
                    (None, None) => String::new(),
                };
                why = Some(format!("cannot arrive any more: the agent has ended{how}"));
            }
            What::Event { event, session: of, .. } if event.kind == "closed" && of_agent && session == of => {
                why = Some("cannot arrive any more: the connection is closed".to_owned());
            }
            What::Opened { .. } => why = None,
            _ => {}
        }
    }
    why
}

/// The awaited item, short.
fn shown(wanted: &Await) -> String {
    let kind = wanted.kind.item_key();
    let glob = wanted.item.glob.as_ref().map(|glob| format!(" `{}`", glob.pattern.to_value().as_str().unwrap_or_default()));
    let fake = wanted.item.fake.as_ref().map(|fake| format!(" of `{fake}`"));
    format!("the {kind}{}{}", glob.unwrap_or_default(), fake.unwrap_or_default())
}
