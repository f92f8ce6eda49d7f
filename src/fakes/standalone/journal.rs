//! What was asked and answered lately.
//!
//! Owns: how much is remembered, what of it is hidden, its form as JSON.
//! Must not know: sockets, which reply a request gets.

use crate::fakes::http::HttpRequest;
use crate::model::trace::{Record, What};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::Instant;

/// Bytes that all remembered requests may hold together.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// People point clients at this server that have real keys; those must not be read back from it.
const HIDDEN: [&str; 5] = ["authorization", "proxy-authorization", "x-api-key", "api-key", "cookie"];

pub struct Journal {
    most: usize,
    start: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    entries: VecDeque<Entry>,
    bytes: usize,
    /// How many there were, with those forgotten.
    count: u64,
}

/// One request and what was answered. The body is read as JSON only when somebody asks for the journal.
pub struct Entry {
    n: u64,
    t_ms: f64,
    run: String,
    method: String,
    target: String,
    /// A line each, so that remembering one costs no more than its bytes.
    headers: String,
    body: Vec<u8>,
    status: u16,
}

impl Entry {
    fn bytes(&self) -> usize {
        self.headers.len() + self.body.len() + self.target.len() + 256
    }
}

impl Journal {
    /// Remembers at most this many requests.
    pub fn new(most: usize) -> Journal {
        Journal { most, start: Instant::now(), state: Mutex::default() }
    }

    /// A request as it came in; [`Journal::add`] takes it with what was answered. `None` if nothing is remembered.
    pub fn entry(&self, run: &str, target: &str, request: &HttpRequest) -> Option<Entry> {
        (self.most > 0).then(|| Entry {
            n: 0,
            t_ms: self.start.elapsed().as_secs_f64() * 1e3,
            run: run.to_owned(),
            method: request.head.method.clone(),
            target: target.to_owned(),
            headers: lines(&request.head.headers),
            body: request.body.clone(),
            status: 0,
        })
    }

    /// Remembers a request; the oldest are forgotten where there are too many, or they are too large together.
    pub fn add(&self, entry: Entry, status: u16) {
        let mut state = self.state.lock().expect("no panic happens under this lock");
        let n = state.count;
        state.count += 1;
        state.bytes += entry.bytes();
        state.entries.push_back(Entry { status, n, ..entry });
        while state.entries.len() > self.most || state.bytes > MOST_BYTES {
            let Some(oldest) = state.entries.pop_front() else { break };
            state.bytes -= oldest.bytes();
        }
    }

    /// Forgets the requests of one run, or all.
    pub fn forget(&self, run: Option<&str>) {
        let mut state = self.state.lock().expect("no panic happens under this lock");
        state.entries.retain(|entry| run.is_some_and(|run| entry.run != run));
        state.entries.shrink_to_fit();
        state.bytes = state.entries.iter().map(Entry::bytes).sum();
    }

    /// `{requests, problems, forgotten}`, of one run or of all.
    pub fn shown(&self, run: Option<&str>, problems: &[(String, Record)]) -> Value {
        let state = self.state.lock().expect("no panic happens under this lock");
        let requests: Vec<Value> = state.entries.iter().filter(|entry| run.is_none_or(|run| entry.run == run)).map(shown).collect();
        let problems: Vec<Value> = problems.iter().filter_map(|(run, record)| problem(run, record)).collect();
        json!({"requests": requests, "problems": problems, "forgotten": state.count - state.entries.len() as u64})
    }
}

/// `name: value`, one below the other; neither can hold a line break.
fn lines(headers: &BTreeMap<String, String>) -> String {
    let mut lines = String::with_capacity(headers.iter().map(|(name, value)| name.len() + value.len() + 3).sum());
    headers.iter().for_each(|(name, value)| lines.extend([name, ": ", value, "\n"]));
    lines
}

fn shown(entry: &Entry) -> Value {
    let (path, query) = entry.target.split_once('?').unwrap_or((&entry.target, ""));
    let headers = entry.headers.lines().filter_map(|line| line.split_once(": "));
    let headers: BTreeMap<&str, &str> =
        headers.map(|(name, value)| (name, if HIDDEN.contains(&name) { "«hidden»" } else { value })).collect();
    let body = serde_json::from_slice(&entry.body).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&entry.body)));
    json!({
        "n": entry.n, "t_ms": entry.t_ms, "run": entry.run, "method": entry.method, "path": path, "query": query,
        "headers": headers, "body": body, "status": entry.status,
    })
}

fn problem(run: &str, record: &Record) -> Option<Value> {
    match &record.what {
        What::Problem(problem) => {
            Some(json!({"run": run, "t_ms": record.t_ms, "code": problem.code, "message": problem.message, "details": problem.details}))
        }
        What::Note { message } => Some(json!({"run": run, "t_ms": record.t_ms, "code": "note", "message": message, "details": []})),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::http::request::Head;

    fn add(journal: &Journal, run: &str, body: Vec<u8>) {
        let headers = [("authorization".to_owned(), "Bearer sk-real".to_owned()), ("x-a".to_owned(), "b".to_owned())].into();
        let head = Head { method: "POST".to_owned(), headers, ..Head::default() };
        let entry = journal.entry(run, "/v1/responses?a=b", &HttpRequest { head, body });
        journal.add(entry.unwrap(), 200);
    }

    #[test]
    fn a_request_is_shown_with_its_answer_and_without_its_key() {
        let journal = Journal::new(10);
        add(&journal, "default", b"{\"a\": 1}".to_vec());
        let shown = journal.shown(None, &[]);
        assert_eq!(shown["requests"][0]["body"], json!({"a": 1}));
        assert_eq!(shown["requests"][0]["headers"], json!({"authorization": "«hidden»", "x-a": "b"}));
        assert_eq!((&shown["requests"][0]["path"], &shown["requests"][0]["status"]), (&json!("/v1/responses"), &json!(200)));
        assert!(!shown.to_string().contains("sk-real"));
    }

    #[test]
    fn the_oldest_are_forgotten_and_counted() {
        let journal = Journal::new(3);
        (0..10).for_each(|_| add(&journal, "default", vec![]));
        let shown = journal.shown(None, &[]);
        assert_eq!(
            (shown["requests"].as_array().unwrap().len(), &shown["forgotten"], &shown["requests"][0]["n"]),
            (3, &json!(7), &json!(7))
        );
    }

    #[test]
    fn large_requests_do_not_fill_the_memory() {
        let journal = Journal::new(1000);
        (0..100).for_each(|_| add(&journal, "default", vec![b'x'; 1024 * 1024]));
        assert_eq!(journal.shown(None, &[])["requests"].as_array().unwrap().len(), 7);
    }

    #[test]
    fn one_run_is_shown_alone() {
        let journal = Journal::new(10);
        add(&journal, "a", vec![]);
        add(&journal, "b", vec![]);
        assert_eq!(journal.shown(Some("b"), &[])["requests"].as_array().unwrap().len(), 1);
    }
}
