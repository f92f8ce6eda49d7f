//! `await` and `quiet`: five buffered histories, each read in its own order.
//!
//! Owns: which entries were taken, when waiting is in vain, what a time-out says.
//! Must not know: how entries come about.

use crate::checks::views::{HistoryEntry, history};
use crate::fakes::command::Mocks;
use crate::matching::list;
use crate::model::pattern::ListKind;
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
        session: Option<&str>,
        within: Duration,
        mocks: Option<&Mocks>,
        scope: &dyn Scope,
    ) -> Result<Value, StepError> {
        let found = tokio::time::timeout(within, self.watch(wanted, session, mocks, scope, 0, true)).await;
        match found {
            Ok(Ok(entry)) => {
                self.take(wanted.kind, entry.n);
                Ok(entry.value)
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(self.in_vain(wanted, session, scope, &format!("did not arrive within {}", crate::base::duration::show(within)))),
        }
    }

    /// Watches for `duration`; an entry that arrives is a failure. Only what arrives from now on counts.
    pub async fn quiet(
        &mut self,
        wanted: &Await,
        session: Option<&str>,
        duration: Duration,
        mocks: Option<&Mocks>,
        scope: &dyn Scope,
    ) -> Result<Value, StepError> {
        let from = self.recorder.len() as u64;
        match tokio::time::timeout(duration, self.watch(wanted, session, mocks, scope, from, false)).await {
            Err(_) => Ok(Value::Null),
            Ok(Err(error)) => Err(error),
            Ok(Ok(entry)) => Err(StepError {
                cause: Cause::Agent,
                message: format!("{} arrived, where {} of quiet was expected", shown(wanted), crate::base::duration::show(duration)),
                details: vec![entry.value.to_string()],
            }),
        }
    }

    /// Ends with the first entry that matches and was not taken, or with the reason why none can come.
    async fn watch(
        &self,
        wanted: &Await,
        session: Option<&str>,
        mocks: Option<&Mocks>,
        scope: &dyn Scope,
        from: u64,
        in_vain: bool,
    ) -> Result<HistoryEntry, StepError> {
        loop {
            let look = self.recorder.wait(|records| self.look(records, wanted, session, scope, from, in_vain));
            if wanted.kind != ListKind::Commands {
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

    fn look(
        &self,
        records: &[Record],
        wanted: &Await,
        session: Option<&str>,
        scope: &dyn Scope,
        from: u64,
        in_vain: bool,
    ) -> Option<Result<HistoryEntry, StepError>> {
        let mut entries = self.entries(records, wanted, session);
        if wanted.item.index.is_none() {
            entries.retain(|entry| entry.n >= from && !self.taken.contains(&(wanted.kind, entry.n)));
        }
        let views: Vec<_> = entries.iter().map(HistoryEntry::entry).collect();
        match list::first_match(&wanted.item, &views, scope) {
            Err(reason) => Some(Err(StepError { cause: Cause::Broken(Blame::Suite), message: reason, details: vec![] })),
            Ok(Some(at)) => Some(Ok(entries.swap_remove(at))),
            Ok(None) if in_vain => {
                hopeless(records, wanted.kind, session).map(|why| Err(self.in_vain_of(records, wanted, session, scope, &why)))
            }
            Ok(None) => None,
        }
    }

    fn entries(&self, records: &[Record], wanted: &Await, session: Option<&str>) -> Vec<HistoryEntry> {
        let mut entries = history(wanted.kind, wanted.item.fake.as_deref(), records);
        let of_agent = wanted.item.fake.is_none() && matches!(wanted.kind, ListKind::Frames | ListKind::Events | ListKind::Calls);
        if let (true, Some(session)) = (of_agent, session) {
            entries.retain(|entry| entry.session == session);
        }
        entries
    }

    fn in_vain(&self, wanted: &Await, session: Option<&str>, scope: &dyn Scope, why: &str) -> StepError {
        self.recorder.read(0, |records| self.in_vain_of(records, wanted, session, scope, why))
    }

    fn in_vain_of(&self, records: &[Record], wanted: &Await, session: Option<&str>, scope: &dyn Scope, why: &str) -> StepError {
        let entries = self.entries(records, wanted, session);
        let views: Vec<_> = entries.iter().map(HistoryEntry::entry).collect();
        let mut details = list::nearest(&wanted.item, &views, scope, NEAREST);
        if details.is_empty() {
            details.push(format!("no {} arrived at all", wanted.kind.item_key()));
        }
        StepError { cause: Cause::Agent, message: format!("{} {why}", shown(wanted)), details }
    }
}

/// Why nothing more can come, if that is so: the agent has ended, or its connection is closed.
fn hopeless(records: &[Record], kind: ListKind, session: Option<&str>) -> Option<String> {
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
            What::Event { event, session: of, .. }
                if event.kind == "closed"
                    && kind != ListKind::Requests
                    && kind != ListKind::Commands
                    && session.is_none_or(|session| session == of) =>
            {
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
