//! From a handshake to a session.
//!
//! Owns: what a handshake says about its session, which subprotocol is chosen.
//! Must not know: what is said in it.

use super::live;
use crate::fakes::http::Received;
use crate::fakes::model::running::RunningModel;
use crate::fakes::server::Response;
use crate::fakes::server::case::Case;
use crate::fakes::websocket::handshake::Upgrade;
use crate::model::trace::{Blame, Problem};
use crate::recorder::Recorder;
use crate::wire::realtime::{Session, Talk};
use std::sync::Arc;

/// A browser cannot set headers, so its key is the end of a subprotocol.
const KEY_PREFIX: &str = "openai-insecure-api-key.";

/// Answers a handshake, or says why it is none.
pub fn open(fake: &Arc<RunningModel>, received: Received, case: &Case) -> Response {
    let upgrade = Upgrade::of(&received);
    let (request, _) = received.into_request(&fake.name);
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(no) => return fake.refuse_upgrade(request, &no, &case.recorder).into(),
    };
    let key = key(&upgrade, request.headers.get("authorization").map(String::as_str));
    let model = request.query.get("model").cloned();
    let (at, number) = fake.record_session(request, &case.recorder);
    fake.record_reply(at, 101, "session".to_owned(), &case.recorder);
    no_faults(fake, &case.recorder);
    let talk = Talk::new(fake.names(), session(fake, number, key.as_deref(), model.as_deref()), number, fake.mcp_servers());
    let fake = fake.clone();
    Response::Takeover(Box::new(move |tcp, case| {
        Box::pin(async move {
            if let Some(socket) = upgrade.accept(tcp, subprotocol(&upgrade.offered), &[]).await {
                live::live(&fake, live::Place { connection: number, request: at }, talk, socket, &case).await;
            }
        })
    }))
}

/// Faults happen to answers over HTTP. One that can never happen must not go unnoticed.
fn no_faults(fake: &RunningModel, recorder: &Recorder) {
    if fake.model().faults.is_empty() {
        return;
    }
    recorder.problem(Problem {
        blame: Some(Blame::Suite),
        code: "fault-not-possible".to_owned(),
        message: format!("`{}` has `faults`, which do nothing on Realtime, and was asked over Realtime", fake.name),
        details: vec!["write what goes wrong into the reply: `abort`, `raw`, `event`, `error`, `delay`, `stop`".to_owned()],
    });
}

/// The session that a key was minted for, or a new one.
fn session(fake: &RunningModel, number: usize, key: Option<&str>, model: Option<&str>) -> Session {
    let id = format!("sess_{number:04}");
    let minted = key.and_then(|key| fake.minted_session(key)).map(|session| session.with_id(&id));
    let mut session = minted.unwrap_or_else(|| Session::new(fake.names(), &id, "gpt-realtime"));
    model.into_iter().for_each(|model| session.set_model(model));
    session
}

fn key(upgrade: &Upgrade, authorization: Option<&str>) -> Option<String> {
    let bearer = authorization.and_then(|value| value.strip_prefix("Bearer "));
    let offered = upgrade.offered.iter().find_map(|offered| offered.strip_prefix(KEY_PREFIX));
    bearer.or(offered).map(str::to_owned)
}

/// `realtime` if it is offered; never one that holds a key.
fn subprotocol(offered: &[String]) -> Option<&str> {
    let realtime = offered.iter().find(|name| *name == "realtime");
    realtime.or_else(|| offered.iter().find(|name| !name.starts_with(KEY_PREFIX))).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::subprotocol;

    #[test]
    fn a_key_is_never_given_back() {
        let offered = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(subprotocol(&offered(&["openai-insecure-api-key.sk-1", "realtime"])), Some("realtime"));
        assert_eq!(subprotocol(&offered(&["openai-insecure-api-key.sk-1"])), None);
        assert_eq!(subprotocol(&offered(&["openai-insecure-api-key.sk-1", "other"])), Some("other"));
    }
}
