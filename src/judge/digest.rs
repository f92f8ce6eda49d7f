//! SHA-256 as hex, of bytes and of JSON.
//!
//! Owns: which bytes of a JSON value are hashed.
//! Must not know: what is hashed, and why.

use crate::model::recording::canonical;
use ring::digest::{SHA256, digest};
use serde::Serialize;

/// 64 lower-case hex digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Of the canonical form (RFC 8785), so that neither key order nor spacing counts.
pub(super) fn sha256_of(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).expect("plain data becomes JSON");
    sha256(canonical(&value).as_bytes())
}
