//! Credentials that a server hands out in an answer, such as the key of a realtime session.
//!
//! Owns: under which names answers carry them.
//! Must not know: who asked, what is recorded.

use crate::base::redact::is_credential;
use crate::recorder::Recorder;
use serde_json::Value;

/// As OAuth 2.0 and the APIs of model providers call them.
const NAMES: [&str; 7] = ["client_secret", "access_token", "refresh_token", "id_token", "authorization", "api_key", "apikey"];

/// From now on what this body hands out is replaced by its name. What looks like a word stays, so that no server hides its words.
pub fn hide(body: &Value, recorder: &Recorder) {
    match body {
        Value::Object(map) => map.iter().for_each(|(name, value)| match NAMES.iter().find(|known| name.eq_ignore_ascii_case(known)) {
            Some(known) => hide_one(known, value, recorder),
            None => hide(value, recorder),
        }),
        Value::Array(items) => items.iter().for_each(|item| hide(item, recorder)),
        _ => {}
    }
}

fn hide_one(name: &str, value: &Value, recorder: &Recorder) {
    match value {
        Value::String(text) => {
            let secret = text.strip_prefix("Bearer ").unwrap_or(text);
            if is_credential(secret) {
                recorder.hide(name, secret);
            }
        }
        // `{"client_secret": {"value": …, "expires_at": …}}`
        Value::Object(map) => map.values().for_each(|value| hide_one(name, value, recorder)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_handed_out_is_hidden_and_words_are_not() {
        let recorder = Recorder::new();
        let body = json!({
            "client_secret": {"value": "ek_68af296e8e408191a112", "expires_at": 1767225660},
            "session": {"tools": [{"authorization": "Bearer mcp-0123456789abcdef", "server_label": "wallets-0123456789"}]},
            "access_token": "transferred",
        });
        hide(&body, &recorder);
        let shown = recorder.hidden(&body.to_string()).expect("something is hidden");
        for kept in ["«client_secret»", "Bearer «authorization»", "wallets-0123456789", "transferred", "1767225660"] {
            assert!(shown.contains(kept), "{kept}: {shown}");
        }
        assert!(!shown.contains("ek_68") && !shown.contains("mcp-0123"), "{shown}");
    }
}
