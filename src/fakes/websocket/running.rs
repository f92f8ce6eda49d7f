//! A websocket fake during a case: which connection gets which script, recording, what was left over.
//!
//! Owns: the order of connections, and what a connection that is not in the script is told.
//! Must not know: other cases, how frames are written.

use super::handshake::{NoUpgrade, Upgrade};
use super::play;
use crate::fakes::http::{Answer, Received};
use crate::fakes::server::case::Case;
use crate::fakes::server::{Response, Served};
use crate::model::fake::{Fake, FakeKind};
use crate::model::template::{Scope, printed};
use crate::model::trace::{Blame, Problem, Request, What};
use crate::model::websocket::{Row, RowStep, ScriptedConnection, WebsocketFake};
use crate::recorder::Recorder;
use crate::wire::provider_error::ErrorBody;
use crate::wire::stream::Step;
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard};

/// A websocket fake of one case. Connections may come at once; the order in which they are counted is the order in the trace.
pub struct RunningWebsocket {
    pub(super) name: String,
    fake: Arc<Fake>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    /// Everything that was received.
    requests: usize,
    connections: usize,
    /// How many frames each connection's script has read.
    read: Vec<usize>,
}

impl RunningWebsocket {
    pub fn new(name: String, fake: Arc<Fake>) -> RunningWebsocket {
        RunningWebsocket { name, fake, counts: Mutex::default() }
    }

    fn websocket(&self) -> &WebsocketFake {
        let FakeKind::Websocket(websocket) = &self.fake.kind else {
            unreachable!("a case makes a running websocket of websocket fakes only");
        };
        websocket
    }

    pub(super) fn script(&self, connection: usize) -> &ScriptedConnection {
        &self.websocket().connections[connection]
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().expect("no panic happens under this lock")
    }

    /// Counts a frame of a connection; says whether there is a row for it.
    pub(super) fn reads(&self, connection: usize) -> Option<usize> {
        let mut counts = self.counts();
        let at = counts.read[connection];
        let row = (at < self.script(connection).rows.len()).then_some(at);
        counts.read[connection] += usize::from(row.is_some());
        row
    }

    /// Records a request that is no handshake. HEAD and OPTIONS only ask whether somebody is there.
    fn refuse(&self, request: Request, no: &NoUpgrade, recorder: &Recorder) -> Answer {
        let message = format!("`{}` got {} {}: {}", self.name, request.method, request.path, no.message);
        let harmless = matches!(request.method.as_str(), "HEAD" | "OPTIONS");
        let at = {
            let mut counts = self.counts();
            counts.requests += 1;
            recorder.push(What::Request(Box::new(request)));
            counts.requests - 1
        };
        match harmless {
            true => recorder.note(message.clone()),
            false => recorder.problem(problem("unmatched-request", message.clone(), vec![])),
        }
        self.record_reply(at, no.status, "unmatched".to_owned(), recorder);
        no.answer(&message)
    }

    /// Counts a handshake, records it and finds its script, all under one lock.
    fn connect(&self, request: Request, recorder: &Recorder) -> (usize, Result<usize, Problem>) {
        let asked = format!("the handshake: GET {}{}", request.path, shown_query(&request));
        let scripted = self.websocket().connections.len();
        let mut counts = self.counts();
        let (at, connection) = (counts.requests, counts.connections);
        counts.requests += 1;
        counts.connections += 1;
        recorder.push(What::Request(Box::new(request)));
        if connection < scripted {
            counts.read.push(0);
            return (at, Ok(connection));
        }
        let message = format!("`{}` got {}, but its script has {}", self.name, ordinal(connection), connections(scripted));
        (at, Err(problem("unmatched-request", message, vec![asked])))
    }

    fn record_reply(&self, request: usize, status: u16, rule: String, recorder: &Recorder) {
        recorder.push(What::Reply { fake: self.name.clone(), request, status, rule });
    }

    /// The headers of the handshake's answer, filled.
    fn headers(&self, connection: usize, scope: &dyn Scope) -> Result<Vec<(String, String)>, Problem> {
        let fill = |name: &str, value: Option<Value>| match value {
            None => Ok(None),
            Some(value) => printed(&value, name).map(|text| Some((name.to_owned(), text))),
        };
        let mut headers = Vec::new();
        for (name, node) in &self.script(connection).headers {
            let filled = node.fill(scope).map_err(|unfilled| unfilled.reason).and_then(|value| fill(name, value));
            headers.extend(filled.map_err(|reason| self.unfilled(connection, &format!("the header `{name}`"), &reason))?);
        }
        Ok(headers)
    }

    pub(super) fn unfilled(&self, connection: usize, what: &str, reason: &str) -> Problem {
        let message = format!("{what} of connections[{connection}] of `{}` cannot be sent: {reason}", self.name);
        Problem { blame: Some(Blame::Suite), code: "unfilled-reply".to_owned(), message, details: vec![] }
    }

    fn handshake(self: &Arc<Self>, upgrade: Upgrade, request: Request, case: &Case) -> Response {
        let (at, connection) = self.connect(request, &case.recorder);
        let connection = match connection {
            Ok(connection) => connection,
            Err(problem) => {
                let answer = refusal(400, "unmatched_request", &problem.message);
                case.recorder.problem(problem);
                self.record_reply(at, 400, "unmatched".to_owned(), &case.recorder);
                return answer.into();
            }
        };
        let headers = match self.headers(connection, &*case.scope) {
            Ok(headers) => headers,
            Err(problem) => {
                let answer = refusal(500, "broken_fake", &problem.message);
                case.recorder.problem(problem);
                return answer.into();
            }
        };
        let script = self.script(connection);
        self.record_reply(at, script.refusal.unwrap_or(101), format!("connections[{connection}]"), &case.recorder);
        if let Some(status) = script.refusal {
            let mut answer = refusal(status, "refused", "the script refuses this handshake");
            answer.steps.insert(0, Step::Delay(script.accept_delay));
            return headers.into_iter().fold(answer, |answer, (name, value)| answer.header(name, value)).into();
        }
        let fake = self.clone();
        Response::Takeover(Box::new(move |tcp, case| {
            Box::pin(async move {
                tokio::time::sleep(fake.script(connection).accept_delay).await;
                let subprotocol = upgrade.offered.first().map(String::as_str).filter(|_| !has_subprotocol(&headers));
                if let Some(socket) = upgrade.accept(tcp, subprotocol, &headers).await {
                    play::play(&fake, connection, socket, &case).await;
                }
            })
        }))
    }
}

impl Served for Arc<RunningWebsocket> {
    fn name(&self) -> &str {
        &self.name
    }

    fn gates(&self) -> Vec<String> {
        self.websocket().gates().map(str::to_owned).collect()
    }

    fn answer(&self, received: Received, case: &Case) -> Response {
        let upgrade = Upgrade::of(&received);
        let (request, _) = received.into_request(&self.name);
        match upgrade {
            Ok(upgrade) => self.handshake(upgrade, request, case),
            Err(no) => self.refuse(request, &no, &case.recorder).into(),
        }
    }

    fn unused(&self) -> Vec<Problem> {
        if self.fake.unused_allowed {
            return Vec::new();
        }
        let counts = self.counts();
        let scripts = self.websocket().connections.iter().enumerate();
        scripts.filter_map(|(at, script)| left_over(&self.name, at, script, counts.read.get(at).copied())).collect()
    }
}

/// What a connection's script has left; `read` is `None` if it was never made.
fn left_over(fake: &str, at: usize, script: &ScriptedConnection, read: Option<usize>) -> Option<Problem> {
    let total = script.rows.len();
    let from = read.unwrap_or(0);
    let rows = script.rows.iter().enumerate().skip(from).map(|(row, steps)| format!("never reached: rows[{row}]: {}", shown_row(steps)));
    let message = match read {
        None => format!("{} of `{fake}` was never made", ordinal(at)),
        Some(read) if read == total => return None,
        Some(read) => {
            let (left, came) = (total - read, if read == 1 { "1 frame".to_owned() } else { format!("{read} frames") });
            let were = if left == 1 { "row was" } else { "rows were" };
            format!("{left} of {total} {were} never reached in {} of `{fake}`: {came} came", ordinal(at))
        }
    };
    Some(problem("unused-rows", message, rows.collect()))
}

fn shown_row(row: &Row) -> String {
    let step = |step: &RowStep| match step {
        RowStep::Frame(node) => node.to_value().to_string(),
        RowStep::Gate(gate) => format!("the gate `{gate}`"),
        RowStep::Delay(time) => crate::base::duration::show(*time),
    };
    let all = row.steps.iter().map(step).collect::<Vec<_>>().join(", ");
    match all.char_indices().nth(120) {
        None => format!("[{all}]"),
        Some((end, _)) => format!("[{}…", &all[..end]),
    }
}

fn shown_query(request: &Request) -> String {
    let pairs: Vec<_> = request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

fn has_subprotocol(headers: &[(String, String)]) -> bool {
    headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"))
}

/// `connection 2`, as people count.
pub(super) fn ordinal(connection: usize) -> String {
    format!("connection {}", connection + 1)
}

fn connections(count: usize) -> String {
    if count == 1 { "1 connection".to_owned() } else { format!("{count} connections") }
}

pub(super) fn problem(code: &str, message: String, details: Vec<String>) -> Problem {
    Problem { blame: None, code: code.to_owned(), message, details }
}

fn refusal(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, ErrorBody::new(message, "invalid_request_error", Some(code)).to_bytes()).header("x-should-retry", "false")
}
