//! Which reply a `response.create` gets.
//!
//! Owns: counting it with the requests of the other wires, and what is said if there is no reply.
//! Must not know: sockets, events.

use super::live::Place;
use crate::fakes::model::choice;
use crate::fakes::model::facts::facts;
use crate::fakes::model::fill::{Filled, HttpReply, fill};
use crate::fakes::model::route::Wire;
use crate::fakes::model::running::{RunningModel, note};
use crate::fakes::model::shown;
use crate::fakes::rules::NoAnswer;
use crate::fakes::server::case::Case;
use crate::model::trace::Problem;
use crate::wire::provider_error::for_status;
use crate::wire::realtime::{Asked, Response};
use crate::wire::script::Part;
use serde_json::Value;

/// The response that a client asked for. One that cannot be given is refused by an `error` event.
pub fn response(fake: &RunningModel, place: Place, mut asked: Asked, case: &Case) -> Response {
    let body = std::mem::take(&mut asked.body);
    let (nth, chosen) = choose(fake, body, case);
    asked.nth = nth;
    let (parts, status, rule) = match chosen {
        Ok((rule, Filled::Parts(parts))) => (parts, 200, rule),
        Ok((rule, Filled::Http(http))) => (vec![refused(&http)], http.status, rule),
        Err((rule, problem)) => {
            let code = if rule == "unmatched" { "unmatched_request" } else { "broken_fake" };
            let part = Part::Error {
                message: problem.message.clone(),
                code: Some(code.to_owned()),
                kind: Some("invalid_request_error".to_owned()),
                flat: false,
            };
            case.recorder.problem(problem);
            (vec![part], 400, rule)
        }
    };
    fake.record_reply(place.request, status, rule, &case.recorder);
    Response::new(parts, asked, fake.model().wire.into())
}

type Choice = Result<(String, Filled), (String, Problem)>;

fn choose(fake: &RunningModel, body: Value, case: &Case) -> (usize, Choice) {
    let mut counts = fake.counts();
    let nth = counts.asked;
    counts.asked += 1;
    let facts = facts(Wire::Responses, body, nth);
    let chosen = choice::next(fake.model(), &mut counts.given, &fake.name, Wire::Responses, &facts, &*case.scope);
    drop(counts);
    note(&chosen, &case.recorder);
    let choice = match chosen {
        Ok(chosen) => match fill(&chosen.reply, &format!("{} of `{}`", chosen.rule, fake.name), &*case.scope) {
            Ok(filled) => Ok((chosen.rule, filled)),
            Err(problem) => Err((chosen.rule, problem)),
        },
        Err(no_reply) => Err(("unmatched".to_owned(), told(no_reply, &facts, nth).problem("unmatched-request"))),
    };
    (nth, choice)
}

/// Says which request it was.
fn told(mut no_reply: NoAnswer, facts: &Value, nth: usize) -> NoAnswer {
    no_reply.details.push(shown::asked("response.create", facts, nth));
    no_reply
}

/// Inside a session there are no statuses; the error that goes with one is an event.
fn refused(http: &HttpReply) -> Part {
    let (kind, code, message) = for_status(http.status);
    let given = http.body.as_ref().map(|body| &body["error"]);
    let text = |key: &str| given.and_then(|error| error[key].as_str()).map(str::to_owned);
    Part::Error {
        message: text("message").unwrap_or_else(|| message.to_owned()),
        code: text("code").or_else(|| code.map(str::to_owned)),
        kind: Some(text("type").unwrap_or_else(|| kind.to_owned())),
        flat: false,
    }
}
