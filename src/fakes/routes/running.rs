//! An HTTP fake during a case: recording, answering, what was left over.
//!
//! Owns: the order of requests, and what a request that no route takes is told.
//! Must not know: sockets, gates, other cases.

use super::choice::{self, Decision, Given, What as Chosen};
use super::fill;
use crate::fakes::http::{Answer, Received};
use crate::fakes::server::case::Case;
use crate::fakes::server::{Response, Served};
use crate::model::fake::{Fake, FakeKind};
use crate::model::http::HttpRoute;
use crate::model::template::Scope;
use crate::model::trace::{Problem, Request, What};
use crate::recorder::Recorder;
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// An HTTP fake of one case. Requests may come at once; the order in which they are counted is the order in the trace.
pub struct RunningHttp {
    name: String,
    fake: Arc<Fake>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    requests: usize,
    given: Given,
}

/// A request that was recorded, and what became of it.
struct Counted<'a> {
    /// Its place among the fake's requests.
    request: usize,
    decision: Result<Decision<'a>, Problem>,
}

impl RunningHttp {
    pub fn new(name: String, fake: Arc<Fake>) -> RunningHttp {
        RunningHttp { name, fake, state: Mutex::default() }
    }

    fn routes(&self) -> &[HttpRoute] {
        let FakeKind::Http(http) = &self.fake.kind else {
            unreachable!("a case makes a running server of http fakes only");
        };
        &http.routes
    }

    fn answered(&self, received: Received, scope: &dyn Scope, recorder: &Recorder) -> Answer {
        let (request, _) = received.into_request(&self.name);
        let method = request.method.clone();
        let (facts, Counted { request, decision }) = self.count(request, scope, recorder);
        let (answer, rule) = match decision {
            Ok(decision) => answer(decision, &self.name, facts, scope, recorder),
            Err(problem) => (Self::unmatched(problem, &method, recorder), "unmatched".to_owned()),
        };
        recorder.push(What::Reply { fake: self.name.clone(), request, status: answer.status, rule });
        answer
    }

    /// Chooses and records, all under one lock: so the order of records is the order of answers, and what was put aside
    /// is there for whoever asks after it.
    fn count(&self, request: Request, scope: &dyn Scope, recorder: &Recorder) -> (Value, Counted<'_>) {
        let mut state = self.state.lock().expect("no panic happens under this lock");
        let at = state.requests;
        state.requests += 1;
        let facts = choice::facts(&request, at);
        let decision = choice::decide(self.routes(), &mut state.given, &self.name, &facts, scope)
            .map_err(|no| choice::no_route(no, self.routes(), &self.name, &request));
        recorder.push(What::Request(Box::new(request)));
        (facts, Counted { request: at, decision })
    }

    /// HEAD and OPTIONS only ask whether somebody is there: they are noted, and the case does not fail for them.
    fn unmatched(problem: Problem, method: &str, recorder: &Recorder) -> Answer {
        let status = if problem.blame.is_none() { 404 } else { 500 };
        let answer = fill::refusal(status, &problem.code.replace('-', "_"), &problem.message);
        if problem.blame.is_none() && matches!(method, "HEAD" | "OPTIONS") {
            recorder.note(problem.message);
        } else {
            recorder.problem(problem);
        }
        answer
    }
}

/// Carries out what was decided: the answer, and the name of what gave it.
pub fn answer(decision: Decision<'_>, fake: &str, facts: Value, scope: &dyn Scope, recorder: &Recorder) -> (Answer, String) {
    let Decision { rule, what } = decision;
    let answer = match what {
        Chosen::Failure { status, message } => fill::failure(status, &message),
        Chosen::Nothing(problem) => {
            let answer = fill::refusal(404, "unmatched_request", &problem.message);
            recorder.problem(problem);
            answer
        }
        Chosen::Answer(answer, recalled) => {
            fill::fill(answer, &format!("{rule} of `{fake}`"), facts, recalled, scope).unwrap_or_else(|problem| {
                let answer = fill::refusal(500, "broken_fake", &problem.message);
                recorder.problem(problem);
                answer
            })
        }
    };
    (answer, rule)
}

impl Served for RunningHttp {
    fn name(&self) -> &str {
        &self.name
    }

    fn gates(&self) -> Vec<String> {
        self.fake.kind.gates().into_iter().map(str::to_owned).collect()
    }

    fn answer(&self, received: Received, case: &Case) -> Response {
        self.answered(received, &*case.scope, &case.recorder).into()
    }

    fn unused(&self) -> Vec<Problem> {
        if self.fake.unused_allowed {
            return Vec::new();
        }
        let state = self.state.lock().expect("no panic happens under this lock");
        choice::left_over(self.routes(), &state.given, &self.name)
    }
}
