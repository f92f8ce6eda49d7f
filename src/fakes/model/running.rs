//! A model fake during a case: counting, recording, what was left over.
//!
//! Owns: the order of requests, and what a request that gets no reply is told.
//! Must not know: sockets, gates, other cases.

use super::asked::ill_formed;
use super::choice::{self, Given};
use super::damage::Damage;
use super::facts::{facts, take_body};
use super::provider::{models, refusal, token_count, with_headers};
use super::realtime::{self, Minted};
use super::route::{Route, Wire, native_wire, served, vendor_name};
use super::shown;
use crate::fakes::http::{Answer, Received};
use crate::fakes::routes;
use crate::fakes::rules::{NoAnswer, NoRule};
use crate::fakes::server::case::Case;
use crate::fakes::server::{Response, Served};
use crate::fakes::websocket::handshake::NoUpgrade;
use crate::model::fake::{Fake, FakeKind, ModelFake, ModelReplies, PartKind, Vendor};
use crate::model::template::Scope;
use crate::model::trace::{Problem, Request, What};
use crate::model::wire::Names;
use crate::recorder::Recorder;
use crate::wire::realtime::Session;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard};

/// A model fake of one case. Requests may come at once; the order in which they are counted is the order in the trace.
pub struct RunningModel {
    pub(super) name: String,
    fake: Arc<Fake>,
    counts: Mutex<Counts>,
    pub(super) damage: Damage,
}

#[derive(Default)]
pub(super) struct Counts {
    /// Everything that was received.
    pub(super) requests: usize,
    /// What scripts and rules count.
    pub(super) asked: usize,
    pub(super) given: Given,
    routes: routes::Given,
    /// Realtime sessions.
    sessions: usize,
    minted: Minted,
}

/// The reply that was chosen, and for which request.
pub(super) struct Decision<'a> {
    pub(super) request: usize,
    pub(super) nth: usize,
    pub(super) chosen: Result<choice::Chosen<'a>, NoAnswer>,
}

impl RunningModel {
    pub fn new(name: String, fake: Arc<Fake>) -> RunningModel {
        RunningModel { name, fake, counts: Mutex::default(), damage: Damage::default() }
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
        let vendor = self.model().vendor;
        let route = Route::of(vendor, &received.method, &received.path);
        let (request, json) = received.into_request(&self.name);
        let own = native_wire(vendor);
        if let Some(answer) = self.by_route(&request, scope, recorder) {
            return answer;
        }
        match (route, json) {
            (Route::Model(wire), Ok(())) if request.body.is_object() => self.reply(wire, request, scope, recorder),
            (Route::Mint(mint), json) if request.raw == "" || (json.is_ok() && request.body.is_object()) => {
                self.uncounted(Wire::Responses, request, "minted", recorder, |request, _| self.counts().minted.mint(mint, &request.body))
            }
            (Route::Mint(_), json) => {
                let reason = ill_formed(json, &request);
                self.refuse(Wire::Responses, request, 400, "ill-formed-request", &format!("the body {reason}"), recorder)
            }
            (Route::Model(wire), json) => {
                let reason = ill_formed(json, &request);
                self.refuse(wire, request, 400, "ill-formed-request", &format!("the body {reason}"), recorder)
            }
            (Route::Models, _) => self.uncounted(models_wire(vendor, &request), request, "models", recorder, |_, wire| models(wire)),
            (Route::CountTokens, _) => self.uncounted(Wire::Messages, request, "count_tokens", recorder, |request, _| {
                token_count(request.raw.as_str().unwrap_or_default())
            }),
            (Route::WrongMethod { allow }, _) => {
                let message = format!("this path takes {allow} only");
                self.refuse(own, request, 405, "unmatched-request", &message, recorder).header("allow", allow)
            }
            (Route::OtherVendor { wire, has }, _) => {
                let message = format!("`model: {}` has no such path, `model: {has}` has it (and `any`)", vendor_name(vendor));
                self.refuse(wire, request, 404, "unmatched-request", &message, recorder)
            }
            (Route::Realtime | Route::Unknown, _) => {
                let titles: Vec<_> = self.model().routes.iter().filter_map(|route| route.title.as_deref()).collect();
                let routes = if titles.is_empty() { String::new() } else { format!(", and by its own routes {}", titles.join(", ")) };
                let message = format!("nothing is served there, only {}{routes}", served(vendor));
                self.refuse(own, request, 404, "unmatched-request", &message, recorder)
            }
        }
    }

    /// The answer of the first `http` route of this fake that matches; such a request is recorded here.
    fn by_route(&self, request: &Request, scope: &dyn Scope, recorder: &Recorder) -> Option<Answer> {
        let routes = self.model().routes.as_slice();
        if routes.is_empty() {
            return None;
        }
        let (facts, at, decision) = {
            let mut counts = self.counts.lock().expect("no panic happens under this lock");
            let at = counts.requests;
            let facts = routes::facts(request, at);
            let decision = match routes::decide(routes, &mut counts.routes, &self.name, &facts, scope) {
                Ok(decision) => decision,
                Err(NoRule::NoneMatches { .. }) => return None,
                Err(no) => routes::not_testable(no, routes, &self.name, request),
            };
            counts.requests += 1;
            recorder.push(What::Request(Box::new(request.clone())));
            (facts, at, decision)
        };
        let (answer, rule) = routes::answer(decision, &self.name, facts, scope, recorder);
        self.record_reply(at, answer.status, rule, recorder);
        Some(answer)
    }

    /// Counts a request, records it and chooses its reply, all under one lock: so the order of records is the order of replies.
    pub(super) fn decide(&self, wire: Wire, mut request: Request, scope: &dyn Scope, recorder: &Recorder) -> Decision<'_> {
        let mut counts = self.counts();
        let (at, nth) = (counts.requests, counts.asked);
        counts.requests += 1;
        counts.asked += 1;
        let model = self.model();
        let chosen = match &model.replies {
            ModelReplies::Script(_) => choice::next(model, &mut counts.given, &self.name, wire, &Value::Null, scope),
            ModelReplies::Rules(_) | ModelReplies::Persona(_) => {
                let mut facts = facts(wire, std::mem::take(&mut request.body), nth);
                if choice::look_at_headers(model) {
                    facts["headers"] = json!(request.headers);
                }
                let chosen = choice::next(model, &mut counts.given, &self.name, wire, &facts, scope);
                request.body = take_body(&mut facts);
                chosen
            }
        };
        let chosen = chosen.map_err(|no_reply| with_request(no_reply, wire, &mut request, nth));
        recorder.push(What::Request(Box::new(request)));
        note(&chosen, recorder);
        Decision { request: at, nth, chosen }
    }

    /// Records a request that scripts and rules do not count; gives its place.
    pub(super) fn record(&self, request: Request, recorder: &Recorder) -> usize {
        let mut counts = self.counts();
        counts.requests += 1;
        recorder.push(What::Request(Box::new(request)));
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
        recorder.push(What::Request(Box::new(request)));
        (counts.requests - 1, counts.sessions - 1)
    }

    pub(super) fn minted_session(&self, key: &str) -> Option<Session> {
        self.counts().minted.session(self.names(), key).cloned()
    }

    pub(super) fn refuse_upgrade(&self, request: Request, no: &NoUpgrade, recorder: &Recorder) -> Answer {
        let refused = self.refuse(Wire::Responses, request, no.status, "unmatched-request", &no.message, recorder);
        Answer { headers: refused.headers.into_iter().chain(no.answer("").headers).collect(), ..refused }
    }

    /// The MCP servers whose tools its replies call.
    pub(super) fn mcp_servers(&self) -> Vec<(String, Vec<String>)> {
        let mut servers: Vec<(String, Vec<String>)> = Vec::new();
        for part in self.model().replies.written().into_iter().flat_map(|reply| &reply.parts) {
            let PartKind::McpCall { server, name, .. } = &part.kind else { continue };
            let (Some(server), Some(name)) = (server.text(), name.text()) else { continue };
            match servers.iter_mut().find(|(known, _)| known == server) {
                Some((_, tools)) if tools.iter().any(|tool| tool == name) => {}
                Some((_, tools)) => tools.push(name.to_owned()),
                None => servers.push((server.to_owned(), vec![name.to_owned()])),
            }
        }
        servers
    }

    /// Answers what scripts and rules do not count.
    fn uncounted(
        &self,
        wire: Wire,
        request: Request,
        rule: &str,
        recorder: &Recorder,
        answer: impl Fn(&Request, Wire) -> Answer,
    ) -> Answer {
        let answer = answer(&request, wire);
        let at = self.record(request, recorder);
        self.record_reply(at, answer.status, rule.to_owned(), recorder);
        with_headers(answer, wire, at)
    }

    /// Refuses a request that is for no wire. HEAD and OPTIONS only ask whether somebody is there: they are noted, and
    /// the case does not fail for them.
    fn refuse(&self, wire: Wire, request: Request, status: u16, code: &str, message: &str, recorder: &Recorder) -> Answer {
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
        refusal(wire, status, &code.replace('-', "_"), &message, at)
    }
}

/// Whose list of models is asked for: a client of Anthropic says which version it speaks.
fn models_wire(vendor: Vendor, request: &Request) -> Wire {
    match vendor {
        Vendor::Any if request.headers.contains_key("anthropic-version") => Wire::Messages,
        Vendor::Any if request.path.starts_with("/api/") => Wire::Router,
        vendor => native_wire(vendor),
    }
}

impl Served for Arc<RunningModel> {
    fn name(&self) -> &str {
        &self.name
    }

    fn gates(&self) -> Vec<String> {
        self.fake.kind.gates().into_iter().map(str::to_owned).collect()
    }

    fn answer(&self, received: Received, case: &Case) -> Response {
        if Route::of(self.model().vendor, &received.method, &received.path) == Route::Realtime {
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
        let of_routes = routes::left_over(&self.model().routes, &counts.routes, &self.name);
        let unreached = self.damage.unreached(&self.model().faults, &self.name, counts.asked);
        left.iter().map(|left| left.problem(&self.name)).chain(of_routes).chain(unreached).collect()
    }

    fn misled(&self) -> Vec<Problem> {
        self.damage.never(&self.model().faults, &self.name)
    }
}

/// What should be known about a reply stands once among the notes, however often it is so.
pub(super) fn note(chosen: &Result<choice::Chosen<'_>, NoAnswer>, recorder: &Recorder) {
    if let Ok(choice::Chosen { note: Some(note), .. }) = chosen {
        recorder.note(note.clone());
    }
}

/// Says which request it was: its place, what the user said last, which results it carries.
fn with_request(mut no_reply: NoAnswer, wire: Wire, request: &mut Request, nth: usize) -> NoAnswer {
    let mut facts = facts(wire, std::mem::take(&mut request.body), nth);
    let said = shown::asked(&format!("{} {}", request.method, request.path), &facts, nth);
    request.body = take_body(&mut facts);
    no_reply.details.push(said);
    no_reply
}
