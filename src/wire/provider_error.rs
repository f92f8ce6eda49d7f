//! The error body of the OpenAI wires, and which status goes with which code.
//!
//! Owns: `{"error": {message, type, param, code}}`.
//! Must not know: why there is an error.

use serde::Serialize;

/// An error as HTTP bodies, chat streams and nested `error` events carry it. All four keys are always there.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ErrorObject<'a> {
    pub message: &'a str,
    #[serde(rename = "type")]
    pub kind: &'a str,
    pub param: Option<&'a str>,
    pub code: Option<&'a str>,
}

/// The whole body of a refused request.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ErrorBody<'a> {
    pub error: ErrorObject<'a>,
}

impl<'a> ErrorBody<'a> {
    pub fn new(message: &'a str, kind: &'a str, code: Option<&'a str>) -> ErrorBody<'a> {
        ErrorBody { error: ErrorObject { message, kind, param: None, code } }
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an error holds only texts")
    }
}

/// Type, code and message that go with a status, where the script gives none.
pub fn for_status(status: u16) -> (&'static str, Option<&'static str>, &'static str) {
    match status {
        400 | 422 => ("invalid_request_error", Some("invalid_value"), "The request is not valid."),
        401 => ("invalid_request_error", Some("invalid_api_key"), "Incorrect API key provided."),
        403 => ("invalid_request_error", Some("permission_denied"), "You are not allowed to do this."),
        404 => ("invalid_request_error", Some("model_not_found"), "The model does not exist."),
        408 => ("timeout_error", Some("request_timeout"), "The request timed out."),
        409 => ("invalid_request_error", Some("conflict"), "The request conflicts with another one."),
        413 => ("invalid_request_error", Some("request_too_large"), "The request is too large."),
        429 => ("requests", Some("rate_limit_exceeded"), "Rate limit reached for requests."),
        529 => ("server_error", Some("overloaded"), "The server is overloaded."),
        503 => ("server_error", Some("service_unavailable"), "The server is not available."),
        500.. => ("server_error", Some("server_error"), "The server had an error while processing the request."),
        _ => ("invalid_request_error", None, "The request was not answered."),
    }
}

/// The status with which a code is refused where nothing was streamed yet.
pub fn status_for(code: Option<&str>) -> u16 {
    match code {
        Some("rate_limit_exceeded" | "insufficient_quota") => 429,
        Some("invalid_api_key") => 401,
        Some("permission_denied") => 403,
        Some("model_not_found") => 404,
        Some("overloaded") => 529,
        Some("context_length_exceeded" | "bio_policy" | "misalignment_policy_violation") => 400,
        Some(code) if code.starts_with("invalid_") => 400,
        _ => 500,
    }
}

/// The type of an error whose script names none.
pub fn kind_for(code: Option<&str>) -> &'static str {
    for_status(status_for(code)).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_four_keys_are_there_even_when_null() {
        let bytes = ErrorBody::new("no", "server_error", None).to_bytes();
        assert_eq!(bytes, br#"{"error":{"message":"no","type":"server_error","param":null,"code":null}}"#);
    }

    #[test]
    fn a_code_and_its_status_belong_together() {
        for (code, status) in [("rate_limit_exceeded", 429), ("invalid_prompt", 400), ("server_error", 500), ("what", 500)] {
            assert_eq!(status_for(Some(code)), status, "{code}");
        }
        assert_eq!(kind_for(Some("rate_limit_exceeded")), "requests");
        assert_eq!(kind_for(None), "server_error");
    }
}
