//! Short-lived keys, and the sessions they stand for.
//!
//! Owns: both forms of the answer, GA's and beta's; which session a key opens.
//! Must not know: sockets, who opens it.

use crate::fakes::http::Answer;
use crate::model::wire::Names;
use crate::wire::provider_error::ErrorBody;
use crate::wire::realtime::Session;
use crate::wire::responses::object::CREATED_AT;
use serde_json::{Value, json};

/// Where keys are minted, and in whose form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mint {
    /// `POST /v1/realtime/client_secrets`.
    ClientSecrets,
    /// `POST /v1/realtime/sessions`, of the beta.
    Sessions,
}

/// The keys of one fake.
#[derive(Debug, Default)]
pub struct Minted {
    keys: Vec<(String, Session)>,
}

impl Minted {
    /// Mints a key. The body may be empty.
    pub fn mint(&mut self, mint: Mint, body: &Value) -> Answer {
        let nth = self.keys.len();
        let key = format!("ek_{nth:032x}");
        let names = if mint == Mint::ClientSecrets { Names::Ga } else { Names::Beta };
        let given = if mint == Mint::ClientSecrets { &body["session"] } else { body };
        let model = given["model"].as_str().unwrap_or("gpt-realtime");
        let mut session = Session::new(names, &format!("sess_minted_{nth:04}"), model);
        let given = given.as_object().filter(|given| !given.is_empty()).map(|given| Value::Object(given.clone()));
        if let Some(Err(mistake)) = given.map(|given| session.update(&given)) {
            let error = json!({"error": {"message": mistake.message, "type": "invalid_request_error", "param": mistake.param, "code": mistake.code}});
            return Answer::json(400, error.to_string().into_bytes());
        }
        let mut shown = session.value().clone();
        let answer = match mint {
            Mint::ClientSecrets => {
                let life = body["expires_after"]["seconds"].as_u64().unwrap_or(600);
                if !(10..=7200).contains(&life) {
                    let message = format!("Invalid 'expires_after.seconds': {life} is not between 10 and 7200.");
                    return Answer::json(400, ErrorBody::new(&message, "invalid_request_error", Some("invalid_value")).to_bytes());
                }
                json!({"value": key, "expires_at": CREATED_AT + life, "session": shown})
            }
            Mint::Sessions => {
                shown["client_secret"] = json!({"value": key, "expires_at": CREATED_AT + 60});
                shown
            }
        };
        self.keys.push((key, session));
        Answer::json(200, answer.to_string().into_bytes())
    }

    /// The session that a key was minted for, if it is known and speaks these names.
    pub fn session(&self, names: Names, key: &str) -> Option<&Session> {
        let of_names = |session: &&Session| session.get("type").is_string() == (names == Names::Ga);
        self.keys.iter().find(|(known, _)| known == key).map(|(_, session)| session).filter(of_names)
    }
}
