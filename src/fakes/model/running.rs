//! A model fake during a case: counting, recording, answering, what was left over.
//!
//! Owns: the order of requests, and what a request that gets no reply is told.
//! Must not know: sockets, gates, other cases.

use super::choice::{self, Given, NoReply};
use super::damage::{self, Damage};
use super::facts::{facts, take_body};
use super::fill::{Filled, HttpReply, fill};
use super::route::{Asked, Route, SERVED, Wire};
use super::shown;
use crate::fakes::http::{Answer, Received};
use crate::fakes::server::case::Case;
use crate::fakes::server::{Response, Served};
use crate::model::fake::{Fake, FakeKind, ModelFake, ModelReplies, PartKind, Reply};
use crate::model::fault::Instead;
use crate::model::template::Scope;
use crate::model::trace::{Problem, Request, What};
use crate::recorder::Recorder;
use crate::wire::provider_error::{ErrorBody, for_status};
use crate::wire::script::Pace;
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// A model fake of one case. Requests may come at once; the order in which they are counted is the order in the trace.
pub struct RunningModel {
    name: String,
    fake: Arc<Fake>,
    counts: Mutex<Counts>,
    damage: Damage,
}

#[derive(Default)]
struct Counts {
    /// Everything that was received.
    requests: usize,
    /// What scripts and rules count.
    asked: usize,
    given: Given,
}

/// The reply that was chosen, and for which request.
struct Decision<'a> {
    request: usize,
    nth: usize,
    chosen: Result<choice::Chosen<'a>, NoReply>,
}

impl RunningModel {
    pub fn new(name: String, fake: Arc<Fake>) -> RunningModel {
        RunningModel { name, fake, counts: Mutex::default(), damage: Damage::default() }
    }

    fn model(&self) -> &ModelFake {
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
            (Route::Model(_), json) => {
                let reason = json.err().map_or_else(|| "is no JSON object".to_owned(), |error| format!("is no JSON: {error}"));
                self.refuse(request, 400, "ill-formed-request", &format!("the body {reason}"), recorder)
            }
            (Route::Models, _) => self.models(request, recorder),
            (Route::WrongMethod { allow }, _) => {
                let message = format!("this path takes {allow} only");
                self.refuse(request, 405, "unmatched-request", &message, recorder).header("allow", allow)
            }
            (Route::Unknown, _) => {
                self.refuse(request, 404, "unmatched-request", &format!("nothing is served there, only {SERVED}"), recorder)
            }
        }
    }

    fn reply(&self, wire: Wire, request: Request, scope: &dyn Scope, recorder: &Recorder) -> Answer {
        if let Some(answer) = self.instead(&request, recorder) {
            return answer;
        }
        let mut asked = Asked::read(wire, &request.body);
        let decision = self.decide(wire, request, scope, recorder);
        let (answer, rule) = match decision.chosen {
            Ok(choice::Chosen { rule, reply }) => {
                let damages = damage::damages(self.model());
                let pace = if damages { Pace::by_event(self.model().wire) } else { self.model().wire.into() };
                let answer = match fill(reply, &format!("{rule} of `{}`", self.name), scope) {
                    Ok(Filled::Parts(parts)) => Ok(Answer::from(asked.render(decision.nth, &parts, pace))),
                    Ok(Filled::Http(http)) => Ok(http_answer(http)),
                    Err(problem) => Err(problem),
                };
                let answer = match answer {
                    Ok(answer) if damages => self.damaged(answer, decision.nth, &rule, recorder),
                    Ok(answer) => answer,
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

    /// What a fault sends before the reply is given.
    fn instead(&self, request: &Request, recorder: &Recorder) -> Option<Answer> {
        let faults = &self.model().faults;
        if faults.is_empty() {
            return None;
        }
        let ((rule, instead), at, nth) = {
            let mut counts = self.counts.lock().expect("no panic happens under this lock");
            let instead = self.damage.instead(faults, counts.asked)?;
            counts.requests += 1;
            recorder.push(What::Request(request.clone()));
            (instead, counts.requests - 1, counts.asked)
        };
        let answer = match instead {
            Instead::Status { status, retry_after, body } => http_answer(damage::status(*status, *retry_after, body.clone())),
            Instead::Html { status } => damage::html(*status),
            Instead::NoHeaders => damage::no_headers(),
        };
        self.record_reply(at, answer.status, rule, recorder);
        Some(answer.header("x-request-id", format!("req_{nth:04}")))
    }

    fn damaged(&self, answer: Answer, nth: usize, rule: &str, recorder: &Recorder) -> Answer {
        let (answer, problems) = self.damage.done_to(answer, self.model(), nth, &self.name, rule);
        for problem in problems {
            recorder.problem(problem);
        }
        answer
    }

    /// Counts a request, records it and chooses its reply, all under one lock: so the order of records is the order of replies.
    fn decide(&self, wire: Wire, mut request: Request, scope: &dyn Scope, recorder: &Recorder) -> Decision<'_> {
        let mut counts = self.counts.lock().expect("no panic happens under this lock");
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
        let mut counts = self.counts.lock().expect("no panic happens under this lock");
        counts.requests += 1;
        recorder.push(What::Request(request));
        counts.requests - 1
    }

    fn record_reply(&self, request: usize, status: u16, rule: String, recorder: &Recorder) {
        recorder.push(What::Reply { fake: self.name.clone(), request, status, rule });
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

impl Served for RunningModel {
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
        self.answered(received, &*case.scope, &case.recorder).into()
    }

    fn unused(&self) -> Vec<Problem> {
        if self.fake.unused_allowed {
            return Vec::new();
        }
        let counts = self.counts.lock().expect("no panic happens under this lock");
        let left = choice::left_over(&self.model().replies, &counts.given);
        let unreached = self.damage.unreached(&self.model().faults, &self.name, counts.asked);
        left.iter().map(|left| left.problem(&self.name)).chain(unreached).collect()
    }

    fn misled(&self) -> Vec<Problem> {
        self.damage.never(&self.model().faults, &self.name)
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
