//! Threads: what was said before, for each provider in its own form.
//!
//! Owns: that the turns of a thread go one after another.
//! Must not know: what an entry means.

use super::provider::Provider;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// The history of a thread with a provider; held while a turn of it goes on.
pub type History = Arc<tokio::sync::Mutex<Vec<Value>>>;

#[derive(Default)]
pub struct Threads(Mutex<HashMap<(String, Provider), History>>);

impl Threads {
    pub fn history(&self, thread: &str, provider: Provider) -> History {
        let mut threads = self.0.lock().expect("no panic happens under this lock");
        threads.entry((thread.to_owned(), provider)).or_default().clone()
    }
}
