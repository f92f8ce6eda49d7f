//! A model fake during a case: counting, recording, answering, what was left over.
//!
//! Owns: the order of requests, and what a request that gets no reply is told.
//! Must not know: sockets, gates, other cases.

use super::choice::{self, Given, NoReply};
use super::facts::{facts, take_body};
use super::fill::{Filled, HttpReply, fill};
use super::realtime::mint::Mint;
use super::realtime::{self, Minted};
use super::route::{Asked, Route, SERVED, Wire};
use super::shown;
use crate::fakes::http::{Answer, Received};
use crate::fakes::server::case::Case;
use crate::fakes::server::{Response, Served};
use crate::fakes::websocket::handshake::NoUpgrade;
use crate::model::fake::{Fake, FakeKind, ModelFake, ModelReplies, Names, PartKind, Reply};
use crate::model::template::Scope;
use crate::model::trace::{Problem, Request, What};
use crate::recorder::Recorder;
use crate::wire::provider_error::{ErrorBody, for_status};
use crate::wire::realtime::Session;
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard};

/// A model fake of one case. Requests may come at once; the order in which they are counted is the order in the trace.
pub struct RunningModel {
    pub(super) name: String,
    fake: Arc<Fake>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
pub(super) struct Counts {
    /// Everything that was received.
    requests: usize,
    /// What scripts and rules count.
    pub(super) asked: usize,
    pub(super) given: Given,
    /// Realtime sessions.
    sessions: usize,
    minted: Minted,
}

/// The reply that was chosen, and for which request.
struct Decision<'a> {
    request: usize,
    nth: usize,
    chosen: Result<choice::Chosen<'a>, NoReply>,
}

impl RunningModel {
    pub fn new(name: String, fake: Arc<Fake>) -> RunningModel {
        RunningModel { name, fake, counts: Mutex::default() }
    }

    pub(super) fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().expect("no panic happens under this lock")
    }

    pub(super) fn model(&self) -> &ModelFake {
        let FakeKind::Model(model) = &self.fake.kind else {
            unreachable!("a case makes a running model of model fakes only");
        };
        model
    }

    fn answered(&self, received: Received, scope: &dyn Scope, recorder: &Recorder) -> Answer {
        let route = Route::of(&received.method, &received.path);
        let (request, json) = received.into_request(&self.name);
        match (route, json) {
            (Route::Model(wire), Ok(())) if request.body.is_object() => self.reply(wire, request, scope, recorder),
            (Route::Mint(mint), json) if request.raw.is_empty() || (json.is_ok() && request.body.is_object()) => {
                self.mint(mint, request, recorder)
            }
            (Route::Model(_) | Route::Mint(_), json) => {
                let reason = json.err().map_or_else(|| "is no JSON object".to_owned(), |error| format!("is no JSON: {error}"));
                self.refuse(request, 400, "ill-formed-request", &format!("the body {reason}"), recorder)
            }
            (Route::Models, _) => self.models(request, recorder),
            (Route::WrongMethod { allow }, _) => {
                let message = format!("this path takes {allow} only");
                self.refuse(request, 405, "unmatched-request", &message, recorder).header("allow", allow)
            }
            (Route::Realtime | Route::Unknown, _) => {
                self.refuse(request, 404, "unmatched-request", &format!("nothing is served there, only {SERVED}"), recorder)
            }
        }
    }

    fn reply(&self, wire: Wire, request: Request, scope: &dyn Scope, recorder: &Recorder) -> Answer {
        let mut asked = Asked::read(wire, &request.body);
        let decision = self.decide(wire, request, scope, recorder);
        let (answer, rule) = match decision.chosen {
            Ok(choice::Chosen { rule, reply }) => {
                let answer = match fill(reply, &format!("{rule} of `{}`", self.name), scope) {
                    Ok(Filled::Parts(parts)) => Answer::from(asked.render(decision.nth, &parts, self.model().wire.into())),
                    Ok(Filled::Http(http)) => http_answer(http),
                    Err(problem) => {
                        let answer = refusal(500, "broken_fake", &problem.message);
                        recorder.problem(problem);
                        answer
                    }
                };
                (answer, rule)
            }
            Err(no_reply) => {
                let problem = no_reply.problem();
                let answer = refusal(400, "unmatched_request", &problem.message);
                recorder.problem(problem);
                (answer, "unmatched".to_owned())
            }
        };
        self.record_reply(decision.request, answer.status, rule, recorder);
        answer.header("x-request-id", format!("req_{:04}", decision.nth))
    }

    /// Counts a request, records it and chooses its reply, all under one lock: so the order of records is the order of replies.
    fn decide(&self, wire: Wire, mut request: Request, scope: &dyn Scope, recorder: &Recorder) -> Decision<'_> {
        let mut counts = self.counts();
        let (at, nth) = (counts.requests, counts.asked);
        counts.requests += 1;
        counts.asked += 1;
        let chosen = match &self.model().replies {
            ModelReplies::Script(script) => choice::next_of_script(script, &mut counts.given, &self.name),
            ModelReplies::Rules(rules) => {
                let mut facts = facts(wire, std::mem::take(&mut request.body), nth);
                let chosen = choice::by_rules(rules, &mut counts.given, &self.name, &facts, scope);
                request.body = take_body(&mut facts);
                chosen
            }
        };
        let chosen = chosen.map_err(|no_reply| with_request(no_reply, wire, &mut request, nth));
        recorder.push(What::Request(request));
        Decision { request: at, nth, chosen }
    }

    /// Records a request that scripts and rules do not count; gives its place.
    fn record(&self, request: Request, recorder: &Recorder) -> usize {
        let mut counts = self.counts();
        counts.requests += 1;
        recorder.push(What::Request(request));
        counts.requests - 1
    }

    pub(super) fn record_reply(&self, request: usize, status: u16, rule: String, recorder: &Recorder) {
        recorder.push(What::Reply { fake: self.name.clone(), request, status, rule });
    }

    /// The names of events in the Realtime sessions of this fake.
    pub(super) fn names(&self) -> Names {
        self.model().wire.names
    }

    /// Records the handshake of a Realtime session; gives its place among the requests, and its own number.
    pub(super) fn record_session(&self, request: Request, recorder: &Recorder) -> (usize, usize) {
        let mut counts = self.counts();
        counts.requests += 1;
        counts.sessions += 1;
        recorder.push(What::Request(request));
        (counts.requests - 1, counts.sessions - 1)
    }

    pub(super) fn minted_session(&self, key: &str) -> Option<Session> {
        self.counts().minted.session(self.names(), key).cloned()
    }

    fn mint(&self, mint: Mint, request: Request, recorder: &Recorder) -> Answer {
        let answer = self.counts().minted.mint(mint, &request.body);
        let at = self.record(request, recorder);
        self.record_reply(at, answer.status, "minted".to_owned(), recorder);
        answer
    }

    pub(super) fn refuse_upgrade(&self, request: Request, no: &NoUpgrade, recorder: &Recorder) -> Answer {
        let refused = self.refuse(request, no.status, "unmatched-request", &no.message, recorder);
        Answer { headers: refused.headers.into_iter().chain(no.answer("").headers).collect(), ..refused }
    }

    fn models(&self, request: Request, recorder: &Recorder) -> Answer {
        let at = self.record(request, recorder);
        self.record_reply(at, 200, "models".to_owned(), recorder);
        let list = r#"{"object":"list","data":[{"id":"scripted","object":"model","created":1767225600,"owned_by":"checkride"}]}"#;
        Answer::json(200, list.as_bytes().to_vec())
    }

    /// Refuses a request that is for no wire. HEAD and OPTIONS only ask whether somebody is there: they are noted, and
    /// the case does not fail for them.
    fn refuse(&self, request: Request, status: u16, code: &str, message: &str, recorder: &Recorder) -> Answer {
        let asked = format!("{} {}", request.method, request.path);
        let message = format!("`{}` got {asked}: {message}", self.name);
        let harmless = matches!(request.method.as_str(), "HEAD" | "OPTIONS");
        let at = self.record(request, recorder);
        if harmless {
            recorder.note(message.clone());
        } else {
            recorder.problem(Problem { blame: None, code: code.to_owned(), message: message.clone(), details: vec![] });
        }
        self.record_reply(at, status, "unmatched".to_owned(), recorder);
        refusal(status, &code.replace('-', "_"), &message)
    }
}

impl Served for Arc<RunningModel> {
    fn name(&self) -> &str {
        &self.name
    }

    fn gates(&self) -> Vec<String> {
        let replies: Vec<&Reply> = match &self.model().replies {
            ModelReplies::Script(replies) => replies.iter().collect(),
            ModelReplies::Rules(rules) => rules.iter().flat_map(|rule| &rule.replies).collect(),
        };
        let parts = replies.into_iter().flat_map(|reply| &reply.parts);
        parts.filter_map(|part| if let PartKind::Gate(gate) = &part.kind { Some(gate.clone()) } else { None }).collect()
    }

    fn answer(&self, received: Received, case: &Case) -> Response {
        if Route::of(&received.method, &received.path) == Route::Realtime {
            return realtime::open::open(self, received, case);
        }
        self.answered(received, &*case.scope, &case.recorder).into()
    }

    fn unused(&self) -> Vec<Problem> {
        if self.fake.unused_allowed {
            return Vec::new();
        }
        let counts = self.counts();
        let left = choice::left_over(&self.model().replies, &counts.given);
        left.iter().map(|left| left.problem(&self.name)).collect()
    }
}

/// Says which request it was: its place, what the user said last, which results it carries.
fn with_request(mut no_reply: NoReply, wire: Wire, request: &mut Request, nth: usize) -> NoReply {
    let mut facts = facts(wire, std::mem::take(&mut request.body), nth);
    let mut said = format!("the request: {} {}, nth: {}", request.method, request.path, nth + 1);
    for name in ["last_user", "tool_result"] {
        match &facts[name] {
            Value::Null => {}
            Value::String(text) => said.push_str(&format!(", {name}: {}", shown::quoted(text))),
            other => said.push_str(&format!(", {name}: {}", shown::quoted(&other.to_string()))),
        }
    }
    request.body = take_body(&mut facts);
    no_reply.details.push(said);
    no_reply
}

/// An error in the provider's shape that clients do not try again.
fn refusal(status: u16, code: &str, message: &str) -> Answer {
    let body = ErrorBody::new(message, "invalid_request_error", Some(code)).to_bytes();
    Answer::json(status, body).header("x-should-retry", "false")
}

fn http_answer(http: HttpReply) -> Answer {
    let HttpReply { status, headers, retry_after, body } = http;
    let mut answer = match body {
        None => {
            let (kind, code, message) = for_status(status);
            Answer::json(status, ErrorBody::new(message, kind, code).to_bytes())
        }
        Some(Value::String(text)) => Answer { content_type: "text/plain; charset=utf-8", ..Answer::json(status, text.into_bytes()) },
        Some(body) => Answer::json(status, body.to_string().into_bytes()),
    };
    for (name, value) in headers {
        answer = answer.header(name, value);
    }
    if let Some(time) = retry_after {
        // Whole seconds are all that the standard header can say; what is shorter rounds to none, so that tests stay fast.
        let seconds = time.as_secs_f64().round() as u64;
        answer = answer.header("retry-after", seconds.to_string()).header("retry-after-ms", time.as_millis().to_string());
    }
    answer
}
