//! A reply of a model fake on its way: chosen, filled, rendered, damaged.
//!
//! Owns: what stands between a request that a wire takes and the answer to it.
//! Must not know: which paths there are, sockets, gates, other cases.

use super::asked::{Asked, Misfit, misfit, refused_by_api};
use super::choice;
use super::damage;
use super::fill::{Filled, HttpReply, fill};
use super::provider::{api_refusal, http_answer, refusal, with_headers};
use super::route::Wire;
use super::running::RunningModel;
use crate::fakes::http::Answer;
use crate::model::fake::Reply;
use crate::model::fault::Instead;
use crate::model::template::Scope;
use crate::model::trace::{Blame, Problem, Request, What};
use crate::recorder::Recorder;
use crate::wire::script::Pace;

impl RunningModel {
    pub(super) fn reply(&self, wire: Wire, request: Request, scope: &dyn Scope, recorder: &Recorder) -> Answer {
        if let Some(reason) = refused_by_api(wire, request.headers.get("anthropic-version").map(String::as_str), &request.body) {
            recorder.note(format!("`{}` refused a request, as the real API does: {reason}", self.name));
            let at = self.record(request, recorder);
            self.record_reply(at, 400, "refused".to_owned(), recorder);
            return with_headers(api_refusal(wire, &reason, at), wire, at);
        }
        if let Some(answer) = self.instead(wire, &request, recorder) {
            return answer;
        }
        let mut asked = Asked::read(wire, &request.body);
        let decision = self.decide(wire, request, scope, recorder);
        let nth = decision.nth;
        let (answer, rule) = match decision.chosen {
            Ok(choice::Chosen { rule, reply, .. }) => {
                let name = format!("{rule} of `{}`", self.name);
                let sent = self.sent(&name, &reply, wire, &mut asked, nth, scope, recorder);
                let sent = sent.map(|answer| self.damaged(answer, nth, &rule, recorder));
                let answer = sent.unwrap_or_else(|problem| {
                    let answer = refusal(wire, 500, "broken_fake", &problem.message, nth);
                    recorder.problem(problem);
                    answer
                });
                (answer, rule)
            }
            Err(no_reply) => {
                let problem = no_reply.problem("unmatched-request");
                // Whoever reads the client's error sees at once what was expected.
                let nearest = problem.details.iter().find(|detail| detail.starts_with("nearest: "));
                let message = nearest.map_or_else(|| problem.message.clone(), |nearest| format!("{}; {nearest}", problem.message));
                let answer = refusal(wire, 400, "unmatched_request", &message, nth);
                recorder.problem(problem);
                (answer, "unmatched".to_owned())
            }
        };
        self.record_reply(decision.request, answer.status, rule, recorder);
        with_headers(answer, wire, nth)
    }

    /// The reply as bytes; `name` says which it is. The problem is that it cannot be sent.
    #[expect(clippy::too_many_arguments, reason = "each says another thing about the one reply")]
    fn sent(
        &self,
        name: &str,
        reply: &Reply,
        wire: Wire,
        asked: &mut Asked,
        nth: usize,
        scope: &dyn Scope,
        recorder: &Recorder,
    ) -> Result<Answer, Problem> {
        let parts = match fill(reply, name, scope)? {
            Filled::Http(http) => return Ok(http_answer(http, wire, nth)),
            Filled::Parts(parts) => parts,
        };
        match misfit(&parts, wire, asked.stream()) {
            None => {}
            Some(Misfit::LeftOut(what)) => {
                recorder.note(format!("the `{what}` in {name} was left out: it belongs to a stream, and the request asked for none"));
            }
            Some(Misfit::NotOnThisWire) => {
                let message = format!("{name} cannot be sent: chat completions have no calls that the provider runs itself (`mcp_call`)");
                return Err(Problem { blame: Some(Blame::Fake), code: "ill-formed-reply".to_owned(), message, details: vec![] });
            }
        }
        let model = self.model();
        let pace = if damage::damages(model) { Pace::by_event(model.wire) } else { model.wire.into() };
        Ok(Answer::from(asked.render(nth, &parts, pace)))
    }

    /// What a fault sends before the reply is given.
    fn instead(&self, wire: Wire, request: &Request, recorder: &Recorder) -> Option<Answer> {
        let faults = &self.model().faults;
        if faults.is_empty() {
            return None;
        }
        let ((rule, instead), at, nth) = {
            let mut counts = self.counts();
            let instead = self.damage.instead(faults, counts.asked)?;
            counts.requests += 1;
            recorder.push(What::Request(Box::new(request.clone())));
            (instead, counts.requests - 1, counts.asked)
        };
        let answer = match instead {
            Instead::Status { status, retry_after, body } => {
                let reply = HttpReply { status: *status, headers: Vec::new(), retry_after: *retry_after, body: body.clone() };
                with_headers(http_answer(reply, wire, nth), wire, nth)
            }
            Instead::Html { status } => damage::html(*status),
            Instead::NoHeaders => damage::no_headers(),
        };
        self.record_reply(at, answer.status, rule, recorder);
        Some(answer)
    }

    /// The reply with its faults; the same reply if the fake has none.
    fn damaged(&self, answer: Answer, nth: usize, rule: &str, recorder: &Recorder) -> Answer {
        if !damage::damages(self.model()) {
            return answer;
        }
        let (answer, problems) = self.damage.done_to(answer, self.model(), nth, &self.name, rule);
        for problem in problems {
            recorder.problem(problem);
        }
        answer
    }
}
