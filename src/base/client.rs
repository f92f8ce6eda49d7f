//! HTTP clients, all with the same cryptography.
//!
//! Owns: which implementation TLS rests on.
//! Must not know: who asks, and whom.

use reqwest::ClientBuilder;

/// A client to be set up. TLS rests on `ring`, which looks at the processor when it is first used: what looks at every start makes each
/// mocked command wait, which is this program started anew.
pub fn builder() -> ClientBuilder {
    // Where another came first, as another part of this program, it is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}

/// A client as it is when nothing is set.
#[cfg(test)]
pub fn new() -> reqwest::Client {
    builder().build().expect("nothing is set that could be wrong")
}
