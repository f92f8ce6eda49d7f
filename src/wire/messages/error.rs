//! The error body of the Messages wire, and which status goes with which type.
//!
//! Owns: `{"type": "error", "error": {type, message}, "request_id"}`.
//! Must not know: why there is an error.

use crate::wire::provider_error::status_for as openai_status;
use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ErrorObject<'a> {
    #[serde(rename = "type")]
    pub kind: &'a str,
    pub message: &'a str,
}

/// The whole body of a refused request.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "type", rename = "error")]
pub struct ErrorBody<'a> {
    pub error: ErrorObject<'a>,
    pub request_id: &'a str,
}

impl ErrorBody<'_> {
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an error holds only texts")
    }
}

/// The id of a request, in its header and in error bodies.
pub fn request_id(nth: usize) -> String {
    format!("req_{nth:04}")
}

/// The type and message that go with a status, where the script gives none.
pub fn for_status(status: u16) -> (&'static str, &'static str) {
    match status {
        401 => ("authentication_error", "invalid x-api-key"),
        402 => ("billing_error", "There is a problem with your billing."),
        403 => ("permission_error", "Your API key does not have permission to use the specified resource."),
        404 => ("not_found_error", "The requested resource could not be found."),
        408 => ("timeout_error", "The request timed out."),
        409 => ("conflict_error", "The request conflicts with another one."),
        413 => ("request_too_large", "Request exceeds the maximum size."),
        429 => ("rate_limit_error", "This request would exceed your rate limit."),
        504 => ("timeout_error", "The request timed out."),
        529 => ("overloaded_error", "Overloaded"),
        500.. => ("api_error", "Internal server error"),
        _ => ("invalid_request_error", "The request is not valid."),
    }
}

/// The type of an error: as written, or the one that this wire has for an OpenAI code.
pub fn kind_for<'a>(kind: Option<&'a str>, code: Option<&'a str>) -> &'a str {
    if let Some(kind) = kind {
        return kind;
    }
    match code {
        None => "api_error",
        Some("overloaded" | "service_unavailable") => "overloaded_error",
        Some(code) if code != "api_error" && status_for(code) == 500 => for_status(openai_status(Some(code))).0,
        Some(code) => code,
    }
}

/// The status with which a type is refused where nothing was streamed yet.
pub fn status_for(kind: &str) -> u16 {
    match kind {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "conflict_error" => 409,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => 500,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_its_type_twice() {
        let body = ErrorBody { error: ErrorObject { kind: "overloaded_error", message: "Overloaded" }, request_id: "req_0001" };
        let text = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_0001"}"#;
        assert_eq!(String::from_utf8(body.to_bytes()).unwrap(), text);
    }

    #[test]
    fn a_status_and_its_type_belong_together() {
        for status in [400, 401, 402, 403, 404, 409, 413, 429, 500, 504, 529] {
            assert_eq!(status_for(for_status(status).0), status, "{status}");
        }
    }

    #[test]
    fn codes_of_the_other_wires_have_a_type_here() {
        for (code, kind) in [
            ("rate_limit_exceeded", "rate_limit_error"),
            ("overloaded", "overloaded_error"),
            ("server_error", "api_error"),
            ("overloaded_error", "overloaded_error"),
            ("invalid_prompt", "invalid_request_error"),
            ("what", "api_error"),
        ] {
            assert_eq!(kind_for(None, Some(code)), kind, "{code}");
        }
        assert_eq!((kind_for(Some("mine"), Some("overloaded")), kind_for(None, None)), ("mine", "api_error"));
    }
}
