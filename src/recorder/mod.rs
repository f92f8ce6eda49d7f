//! The recorder: many writers, one append-only list, one monotonic clock, and readers that wait for more.
//!
//! Owns: the clock, the order of records, redaction on entry.
//! Must not know: who writes, what a record means.

mod news;
mod seal;

pub use news::News;

use crate::base::redact::Redactor;
use crate::model::trace::{Blame, Problem, Record, Trace, What};
use std::sync::{Arc, Mutex, MutexGuard, RwLock, RwLockReadGuard};
use std::time::Instant;

/// Room for so many records is made at once.
const USUAL: usize = 64;

/// Shared by everything that takes part in one attempt of a case. Cheap to clone.
#[derive(Clone)]
pub struct Recorder {
    inner: Arc<Inner>,
}

struct Inner {
    start: Instant,
    state: Mutex<State>,
    news: News,
    /// Beside the state: who looks at the records may ask it. Locked after the state, never before.
    redactor: RwLock<Redactor>,
}

impl Inner {
    fn new(start: Instant, state: State) -> Inner {
        Inner { start, state: Mutex::new(state), news: News::default(), redactor: RwLock::default() }
    }
}

#[derive(Default)]
struct State {
    records: Vec<Record>,
    /// How many were forgotten.
    forgotten: u64,
    /// Nothing but problems and notes is kept, and about so many.
    most_problems: Option<usize>,
    closed: bool,
    relay: Option<Recorder>,
}

impl State {
    /// Under a limit, half is forgotten when there is twice as much as wanted, so that forgetting costs next to nothing.
    fn push(&mut self, record: Record) {
        if let Some(most) = self.most_problems {
            if !matches!(record.what, What::Problem(_) | What::Note { .. }) {
                self.forgotten += 1;
                return;
            }
            if self.records.len() >= 2 * most {
                self.forgotten += most as u64;
                self.records.drain(..most);
            }
        }
        if self.records.is_empty() {
            self.records.reserve(USUAL);
        }
        self.records.push(record);
    }
}

impl Default for Recorder {
    fn default() -> Recorder {
        Recorder::new()
    }
}

impl Recorder {
    pub fn new() -> Recorder {
        Recorder { inner: Arc::new(Inner::new(Instant::now(), State::default())) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().expect("no panic happens under this lock")
    }

    /// A recorder of problems and notes alone, and of about the last `most` of them. For servers without an end.
    pub fn of_the_last_problems(most: usize) -> Recorder {
        let recorder = Recorder::new();
        recorder.state().most_problems = Some(most);
        recorder
    }

    /// A recorder as [`Recorder::of_the_last_problems`] makes it, with the clock of this one.
    pub fn beside(&self, most: usize) -> Recorder {
        let state = State { most_problems: Some(most), ..State::default() };
        Recorder { inner: Arc::new(Inner::new(self.inner.start, state)) }
    }

    /// Forgets everything recorded; numbers go on.
    pub fn forget(&self) {
        let mut state = self.state();
        state.forgotten += state.records.len() as u64;
        state.records = Vec::new();
    }

    /// From now on this text is replaced by `«name»` in everything recorded.
    pub fn hide(&self, name: &str, secret: &str) {
        self.inner.redactor.write().expect("no panic happens under this lock").add(name, secret);
    }

    /// As [`Recorder::hide`], for a secret that was made for this run: it is also known in disguise, over several records and in part.
    pub fn plant(&self, name: &str, secret: &str) {
        self.inner.redactor.write().expect("no panic happens under this lock").plant(name, secret);
    }

    /// The redactor as it stands, for texts that are shown but not recorded.
    pub fn redactor(&self) -> Redactor {
        self.shown().clone()
    }

    /// A text as it is recorded, if it holds a secret. May be asked while records are read.
    pub fn hidden(&self, text: &str) -> Option<String> {
        let mut shown = text.to_owned();
        self.shown().text(&mut shown);
        (shown != text).then_some(shown)
    }

    /// The text with marks in the place of planted secrets and their parts, if it holds any.
    pub fn planted_in(&self, text: &str) -> Option<String> {
        let mut shown = text.to_owned();
        self.shown().planted().redact(&mut [&mut shown], true).then_some(shown)
    }

    fn shown(&self) -> RwLockReadGuard<'_, Redactor> {
        self.inner.redactor.read().expect("no panic happens under this lock")
    }

    /// A recorder that hands everything on to another.
    pub fn relay(other: Recorder) -> Recorder {
        let recorder = Recorder::new();
        recorder.relay_to(Some(other));
        recorder
    }

    /// From now on everything goes to another recorder; `None` throws it away. For an agent that outlives its cases.
    pub fn relay_to(&self, other: Option<Recorder>) {
        self.state().relay = Some(other.unwrap_or_else(Recorder::closed));
    }

    fn closed() -> Recorder {
        let recorder = Recorder::new();
        recorder.state().closed = true;
        recorder
    }

    /// Appends a record, stamped now, and returns its number. After [`Recorder::finish`] nothing is added.
    pub fn push(&self, what: What) -> u64 {
        self.push_with(|_| what)
    }

    /// As [`Recorder::push`], for a record that depends on those before it; `make` runs under the lock and must be quick.
    pub fn push_with(&self, make: impl FnOnce(&[Record]) -> What) -> u64 {
        let mut state = self.state();
        if let Some(other) = state.relay.clone() {
            drop(state);
            return other.push_with(make);
        }
        let n = state.forgotten + state.records.len() as u64;
        if !state.closed {
            let what = make(&state.records);
            let what = redacted(what, &self.shown());
            let t_ms = self.now_ms();
            tracing::debug!(n, t_ms, ?what);
            state.push(Record { n, t_ms, what });
        }
        drop(state);
        self.inner.news.tell();
        n
    }

    pub fn problem(&self, problem: Problem) {
        self.push(What::Problem(problem));
    }

    pub fn note(&self, message: impl Into<String>) {
        self.push(What::Note { message: message.into() });
    }

    /// Milliseconds since the case began, to the microsecond: more digits would only be noise in every record.
    pub fn now_ms(&self) -> f64 {
        self.inner.start.elapsed().as_micros() as f64 / 1e3
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.state().records.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Looks at the records from number `from` on; `read` runs under the lock and must be quick.
    pub fn read<T>(&self, from: usize, read: impl FnOnce(&[Record]) -> T) -> T {
        let state = self.state();
        read(&state.records[from.min(state.records.len())..])
    }

    /// Waits until `find` gives something. It is asked again after each new record, and sees all records.
    /// It never ends by itself: the caller sets the time limit.
    pub async fn wait<T>(&self, mut find: impl FnMut(&[Record]) -> Option<T>) -> T {
        self.inner.news.wait(|| self.read(0, &mut find)).await
    }

    /// Ends the recording and hands out the trace; nothing stays behind.
    pub fn finish(&self) -> Trace {
        let mut state = self.state();
        // Nothing comes after the end: who records meanwhile waits for the lock, and finds it closed.
        let mut records = std::mem::take(&mut state.records);
        if !std::mem::replace(&mut state.closed, true) {
            let t_ms = self.now_ms();
            records.push(Record { n: state.forgotten + records.len() as u64, t_ms, what: What::End { duration_ms: t_ms } });
        }
        drop(state);
        self.inner.news.tell();
        seal::seal(&mut records, self.shown().planted());
        Trace { records }
    }
}

fn redacted(mut what: What, redactor: &Redactor) -> What {
    if redactor.is_empty() {
        return what;
    }
    // The kinds that come in thousands are changed in place; all others take the long way, which forgets no field.
    match &mut what {
        What::Frame { data, .. } | What::Sent { data, .. } | What::FakeFrame { data, .. } => {
            redactor.value(data);
            return what;
        }
        What::Event { event, .. } => {
            redactor.object(&mut event.fields);
            return what;
        }
        What::Log { line, .. } => {
            redactor.text(line);
            return what;
        }
        _ => {}
    }
    if !redactor.may_be_in(&serde_json::to_string(&what).expect("records hold only JSON")) {
        return what;
    }
    let mut value = serde_json::to_value(&what).expect("records hold only JSON");
    redactor.own_value(&mut value);
    // A word that we write ourselves, as the name of a stream, was called a secret. Nothing is stored rather than the secret.
    serde_json::from_value(value).unwrap_or_else(|_| {
        let message =
            "a record is left out: without a secret of the suite, which is a word that checkride itself writes, it cannot be shown";
        What::Problem(Problem {
            blame: Some(Blame::Suite),
            code: "secret-is-a-word".to_owned(),
            message: message.to_owned(),
            details: vec![],
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::trace::Request;

    #[test]
    fn secrets_never_enter() {
        let recorder = Recorder::new();
        recorder.hide("key", "sk-very-secret");
        recorder.note("using sk-very-secret");
        assert_eq!(recorder.finish().records[0].what, What::Note { message: "using «key»".into() });
    }

    #[test]
    fn a_secret_that_is_a_word_of_ours_is_not_stored_and_renames_nothing() {
        let recorder = Recorder::new();
        recorder.hide("key", "headers");
        recorder.hide("other", "stderr-not");
        recorder.hide("third", "harness");
        let request = Request { headers: [("headers".to_owned(), "headers".to_owned())].into(), ..Request::default() };
        recorder.push(What::Request(Box::new(request)));
        recorder.problem(Problem { blame: Some(Blame::Harness), code: "x".into(), message: "headers".into(), details: vec![] });
        let records = recorder.finish().records;
        let What::Request(request) = &records[0].what else { panic!("{:?}", records[0]) };
        assert_eq!(request.headers["headers"], "«key»");
        let What::Problem(problem) = &records[1].what else { panic!("{:?}", records[1]) };
        assert_eq!(problem.code, "secret-is-a-word");
        assert_eq!(records.iter().map(|record| record.n).collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn nothing_is_added_after_the_end() {
        let recorder = Recorder::new();
        assert_eq!(recorder.finish().records.len(), 1);
        recorder.note("late");
        assert_eq!(recorder.len(), 0);
    }

    #[test]
    fn the_oldest_is_forgotten_under_a_bound() {
        let recorder = Recorder::of_the_last_problems(10);
        (0..1000).for_each(|n| recorder.note(n.to_string()));
        recorder.read(0, |records| {
            assert!((10..=20).contains(&records.len()), "{}", records.len());
            assert_eq!(records.last().map(|record| record.n), Some(999));
        });
        recorder.forget();
        recorder.note("after");
        recorder.read(0, |records| assert_eq!(records.iter().map(|record| record.n).collect::<Vec<_>>(), [1000]));
    }

    #[test]
    fn a_recorder_of_problems_keeps_nothing_else() {
        let recorder = Recorder::of_the_last_problems(10);
        recorder.push(What::Request(Box::default()));
        recorder.note("kept");
        recorder.read(0, |records| assert_eq!(records.iter().map(|record| record.n).collect::<Vec<_>>(), [1]));
    }

    #[test]
    fn a_relay_hands_everything_on() {
        let (agent, case) = (Recorder::new(), Recorder::new());
        agent.relay_to(Some(case.clone()));
        agent.note("of this case");
        agent.relay_to(None);
        agent.note("between two cases");
        assert_eq!((agent.len(), case.len()), (0, 1));
    }

    #[tokio::test]
    async fn a_waiter_sees_what_comes_later() {
        let recorder = Recorder::new();
        let other = recorder.clone();
        let writer = tokio::spawn(async move { other.note("now") });
        let n = recorder.wait(|records| records.iter().find(|r| matches!(r.what, What::Note { .. })).map(|r| r.n)).await;
        assert_eq!(n, 0);
        writer.await.expect("the writer does not panic");
    }
}
