//! The port, and who answers: a run's provider, or the server itself below `/__checkride`.
//!
//! Owns: the server's own paths.
//! Must not know: which reply a request gets.

use super::journal::Journal;
use super::runs::{DEFAULT, Runs, split};
use crate::fakes::http::{Answer, HttpRequest, Limits, Received, Refusal};
use crate::fakes::server::listener::accept;
use crate::fakes::server::route::{Routed, error, query};
use crate::fakes::server::{Front, Response};
use crate::model::fake::{Fake, FakeKind, UsedUp};
use serde_json::{Value, json};
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The server's own paths stand below this.
const OWN: &str = "/__checkride";
const OWN_PATHS: &str =
    "GET and DELETE /__checkride/journal[?run=NAME], POST /__checkride/reset[?run=NAME], POST /__checkride/release?gate=NAME[&run=NAME]";

/// Said where a script is used up.
const BEGIN_AGAIN: &str = "`POST /__checkride/reset` begins it again, and with `--repeat` it begins again by itself";

/// How to serve.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// 0 is a free one.
    pub port: u16,
    /// How many requests the journal remembers.
    pub journal: usize,
    /// A script that is used up begins again.
    pub repeat: bool,
}

/// A scripted provider on a port of 127.0.0.1. It ends, and so do its connections, when dropped.
pub struct Standalone {
    port: u16,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    runs: Runs,
    journal: Journal,
    requests: AtomicU64,
}

impl Standalone {
    pub async fn start(mut fake: Fake, options: Options) -> io::Result<Standalone> {
        if let FakeKind::Model(model) = &mut fake.kind {
            model.used_up = if options.repeat { UsedUp::Repeat } else { UsedUp::RefuseAndSay(BEGIN_AGAIN) };
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let port = listener.local_addr()?.port();
        let shared =
            Arc::new(Shared { runs: Runs::new(Arc::new(fake)), journal: Journal::new(options.journal), requests: AtomicU64::new(0) });
        let accepting = tokio::spawn(accept(listener, shared.clone(), Limits::default()));
        Ok(Standalone { port, shared, accepting })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many requests there were.
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }
}

impl Drop for Standalone {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Front for Shared {
    fn answer(&self, mut request: HttpRequest) -> Option<Routed> {
        let target = std::mem::take(&mut request.head.target);
        if let Some(own) = target.strip_prefix(OWN) {
            return Some(Routed { response: self.own(&request.head.method, own).into(), case: None, cut: None });
        }
        let (run, below) = split(&target);
        self.requests.fetch_add(1, Ordering::Relaxed);
        let entry = self.journal.entry(&run, below, &request);
        let case = self.runs.get(&run);
        let (path, parameters) = below.split_once('?').unwrap_or((below, ""));
        let received = Received {
            method: request.head.method,
            path: path.to_owned(),
            query: query(parameters),
            headers: request.head.headers,
            body: request.body,
        };
        let response = case.fakes[0].answer(received, &case);
        if let Some(entry) = entry {
            let status = if let Response::Answer(answer) = &response { answer.status } else { 101 };
            self.journal.add(entry, status);
        }
        Some(Routed { response, case: Some(case), cut: None })
    }

    fn refused(&self, refusal: &Refusal) -> Answer {
        error(refusal.status, "ill_formed_request", &refusal.message)
    }
}

impl Shared {
    /// `path` is below `/__checkride`.
    fn own(&self, method: &str, path: &str) -> Answer {
        let (path, parameters) = path.split_once('?').unwrap_or((path, ""));
        let parameters = query(parameters);
        let run = parameters.get("run").map(String::as_str);
        match (method, path) {
            ("GET", "/journal") => document(&self.journal.shown(run, &self.runs.problems(run))),
            ("DELETE", "/journal") => {
                self.journal.forget(run);
                self.runs.forget_problems(run);
                document(&json!({"ok": true}))
            }
            ("POST", "/reset") => {
                self.runs.reset(run);
                document(&json!({"ok": true}))
            }
            ("POST", "/release") => {
                let gate = parameters.get("gate").map_or("", String::as_str);
                match self.runs.get(run.unwrap_or(DEFAULT)).gates.release(gate) {
                    Ok(()) => document(&json!({"ok": true})),
                    Err(message) => error(404, "unknown_gate", &message),
                }
            }
            (_, "/journal") => wrong_method("GET, DELETE"),
            (_, "/reset" | "/release") => wrong_method("POST"),
            _ => error(404, "unknown_path", &format!("there is no {method} {OWN}{path}; there are {OWN_PATHS}")),
        }
    }
}

fn wrong_method(allow: &'static str) -> Answer {
    error(405, "wrong_method", &format!("this path takes {allow} only; there are {OWN_PATHS}")).header("allow", allow)
}

fn document(value: &Value) -> Answer {
    Answer::json(200, value.to_string().into_bytes())
}
