//! A request as it reaches a fake, and as the trace keeps it.
//!
//! Owns: parsing a body as JSON or as parts, or keeping it as text.
//! Must not know: which fake it is for.

use crate::model::trace::Request;
use crate::wire::multipart;
use base64::Engine as _;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A request below a fake's base URL.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Received {
    pub method: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Received {
    /// The request as the trace keeps it. The error says why the body is not JSON.
    pub fn into_request(self, fake: &str) -> (Request, Result<(), String>) {
        let Received { method, path, query, headers, body } = self;
        let parsed = serde_json::from_slice::<Value>(&body);
        let part = headers.get("content-type").map(|kind| multipart::parts(kind, &body)).unwrap_or_default();
        let (raw, text) = match String::from_utf8(body) {
            Ok(text) => (Value::from(text.as_str()), text),
            Err(error) => {
                let bytes = error.as_bytes();
                let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
                (json!({"bytes": encoded}), String::from_utf8_lossy(bytes).into_owned())
            }
        };
        let (body, json) = match parsed {
            Ok(body) => (body, Ok(())),
            Err(reason) => (Value::from(text), Err(reason.to_string())),
        };
        (Request { fake: fake.to_owned(), method, path, query, headers, body, raw, part }, json)
    }
}
