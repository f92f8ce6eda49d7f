//! The shapes in which each provider answers what is no reply of the model: errors, lists, counts, and its headers.
//!
//! Owns: bodies by wire, request ids, rate limits.
//! Must not know: why something is answered so.

use super::fill::HttpReply;
use super::route::Wire;
use crate::fakes::http::Answer;
use crate::wire::chat::router::{RouterError, RouterErrorBody, message_for};
use crate::wire::messages::error as anthropic;
use crate::wire::provider_error::{ErrorBody, for_status};
use serde_json::Value;

/// An error of this program's own, in the provider's shape. Clients do not try it again.
pub fn refusal(wire: Wire, status: u16, code: &str, message: &str, nth: usize) -> Answer {
    let bytes = match wire {
        Wire::Responses | Wire::Chat => ErrorBody::new(message, "invalid_request_error", Some(code)).to_bytes(),
        Wire::Router => RouterErrorBody { error: RouterError::new(status, message) }.to_bytes(),
        Wire::Messages => anthropic_error(anthropic::for_status(status).0, message, nth),
    };
    Answer::json(status, bytes).header("x-should-retry", "false")
}

/// What the real API says to a request that it does not take.
pub fn api_refusal(wire: Wire, message: &str, nth: usize) -> Answer {
    let bytes = match wire {
        Wire::Messages => anthropic_error("invalid_request_error", message, nth),
        Wire::Router => RouterErrorBody { error: RouterError::new(400, message) }.to_bytes(),
        Wire::Responses | Wire::Chat => ErrorBody::new(message, "invalid_request_error", Some("invalid_value")).to_bytes(),
    };
    Answer::json(400, bytes)
}

/// Another answer than 200, as written; what is not written is the provider's.
pub fn http_answer(http: HttpReply, wire: Wire, nth: usize) -> Answer {
    let HttpReply { status, headers, retry_after, body } = http;
    let mut answer = match body {
        None if status < 400 => Answer::json(status, Vec::new()),
        None => Answer::json(status, error_body(wire, status, nth)),
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

fn error_body(wire: Wire, status: u16, nth: usize) -> Vec<u8> {
    match wire {
        Wire::Responses | Wire::Chat => {
            let (kind, code, message) = for_status(status);
            ErrorBody::new(message, kind, code).to_bytes()
        }
        Wire::Router => RouterErrorBody { error: RouterError::new(status, message_for(status)) }.to_bytes(),
        Wire::Messages => {
            let (kind, message) = anthropic::for_status(status);
            anthropic_error(kind, message, nth)
        }
    }
}

fn anthropic_error(kind: &str, message: &str, nth: usize) -> Vec<u8> {
    let request_id = anthropic::request_id(nth);
    anthropic::ErrorBody { error: anthropic::ErrorObject { kind, message }, request_id: &request_id }.to_bytes()
}

/// When every limit is full again: fixed, as all times of a scripted provider.
const RESET: &str = "2026-01-01T00:01:00Z";

const OPENAI_LIMITS: [(&str, &str, &str); 7] = [
    ("openai-version", "2020-10-01", "2020-10-01"),
    ("x-ratelimit-limit-requests", "10000", "10000"),
    ("x-ratelimit-limit-tokens", "2000000", "2000000"),
    ("x-ratelimit-remaining-requests", "9999", "0"),
    ("x-ratelimit-remaining-tokens", "1999000", "0"),
    ("x-ratelimit-reset-requests", "6ms", "6ms"),
    ("x-ratelimit-reset-tokens", "30ms", "30ms"),
];

const ANTHROPIC_LIMITS: [(&str, &str, &str); 13] = [
    ("anthropic-organization-id", "checkride", "checkride"),
    ("anthropic-ratelimit-requests-limit", "4000", "4000"),
    ("anthropic-ratelimit-requests-remaining", "3999", "0"),
    ("anthropic-ratelimit-requests-reset", RESET, RESET),
    ("anthropic-ratelimit-tokens-limit", "2400000", "2400000"),
    ("anthropic-ratelimit-tokens-remaining", "2399000", "0"),
    ("anthropic-ratelimit-tokens-reset", RESET, RESET),
    ("anthropic-ratelimit-input-tokens-limit", "2000000", "2000000"),
    ("anthropic-ratelimit-input-tokens-remaining", "1999000", "0"),
    ("anthropic-ratelimit-input-tokens-reset", RESET, RESET),
    ("anthropic-ratelimit-output-tokens-limit", "400000", "400000"),
    ("anthropic-ratelimit-output-tokens-remaining", "399000", "0"),
    ("anthropic-ratelimit-output-tokens-reset", RESET, RESET),
];

const ROUTER_LIMITS: [(&str, &str, &str); 0] = [];

/// Adds the headers that each answer of the provider has: the request's id and the limits, which a 429 says are used up. What a script gives
/// itself stays as it is.
pub fn with_headers(mut answer: Answer, wire: Wire, nth: usize) -> Answer {
    let id = format!("req_{nth:04}");
    let limits: &[(&'static str, &str, &str)] = match wire {
        Wire::Responses | Wire::Chat => &OPENAI_LIMITS,
        Wire::Messages => &ANTHROPIC_LIMITS,
        Wire::Router => &ROUTER_LIMITS,
    };
    let own = answer.headers.len();
    let used_up = answer.status == 429;
    answer.headers.reserve(limits.len() + 1);
    match wire {
        Wire::Responses | Wire::Chat => put(&mut answer, own, "x-request-id", id),
        Wire::Messages => put(&mut answer, own, "request-id", id),
        Wire::Router => put(&mut answer, own, "x-generation-id", format!("gen-{nth:04}")),
    }
    for (name, left, none_left) in limits {
        put(&mut answer, own, name, (*if used_up { none_left } else { left }).to_owned());
    }
    answer
}

/// Adds a header that is not among the first `own`.
fn put(answer: &mut Answer, own: usize, name: &'static str, value: String) {
    if !answer.headers[..own].iter().any(|(given, _)| given.eq_ignore_ascii_case(name)) {
        answer.headers.push((name.into(), value));
    }
}

/// The list of models, in the shape of whoever is asked.
pub fn models(wire: Wire) -> Answer {
    let list = match wire {
        Wire::Responses | Wire::Chat => {
            r#"{"object":"list","data":[{"id":"scripted","object":"model","created":1767225600,"owned_by":"checkride"}]}"#
        }
        Wire::Messages => {
            r#"{"data":[{"type":"model","id":"scripted","display_name":"Scripted","created_at":"2026-01-01T00:00:00Z","lifecycle":"active","line":null,"capabilities":null,"max_input_tokens":200000,"max_tokens":64000,"deprecated_at":null,"retires_at":null}],"has_more":false,"first_id":"scripted","last_id":"scripted"}"#
        }
        Wire::Router => {
            r#"{"data":[{"id":"scripted","canonical_slug":"scripted","name":"Scripted","created":1767225600,"description":"","context_length":200000,"architecture":{"modality":"text->text","input_modalities":["text"],"output_modalities":["text"],"tokenizer":"Other","instruct_type":null},"pricing":{"prompt":"0.000001","completion":"0.000001"},"top_provider":{"context_length":200000,"max_completion_tokens":null,"is_moderated":false},"per_request_limits":null,"supported_parameters":["tools"]}]}"#
        }
    };
    Answer::json(200, list.as_bytes().to_vec())
}

/// How many tokens a request has: one for every four bytes, so that more text is more tokens.
pub fn token_count(body: &str) -> Answer {
    Answer::json(200, format!(r#"{{"input_tokens":{}}}"#, body.len() / 4 + 1).into_bytes())
}
