//! What a Messages request decides about its reply.
//!
//! Owns: reading those fields of a request, and what the API refuses by its documentation.
//! Must not know: what is replied.

use serde_json::Value;

/// What was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The place of this request among those that are counted; ids are made of it.
    pub nth: usize,
    pub stream: bool,
    pub model: String,
    /// The first of `stop_sequences`: the one that a stop for that reason names.
    pub stop_sequence: Option<String>,
}

impl Asked {
    pub fn read(body: &Value, nth: usize) -> Asked {
        Asked {
            nth,
            stream: body["stream"] == true,
            model: body["model"].as_str().unwrap_or("scripted").to_owned(),
            stop_sequence: body["stop_sequences"][0].as_str().map(str::to_owned),
        }
    }

    pub(super) fn message_id(&self) -> String {
        format!("msg_{:04}", self.nth)
    }

    pub(super) fn call_id(&self, prefix: &str, call: usize, given: Option<&String>) -> String {
        given.cloned().unwrap_or_else(|| format!("{prefix}_{:04}_{call}", self.nth))
    }
}

/// The version of the API since which sampling parameters are refused.
const STRICT_VERSION: &str = "2026-10-21";

/// Why the API of this version refuses the request, if it does. Versions are dates, so they can be compared as texts.
pub fn refused(version: Option<&str>, body: &Value) -> Option<String> {
    let Some(version) = version else { return Some("anthropic-version: header is required".to_owned()) };
    if body.get("max_tokens").is_none() {
        return Some("max_tokens: Field required".to_owned());
    }
    if version < STRICT_VERSION {
        return None;
    }
    let sampling = ["temperature", "top_p", "top_k"].into_iter().find(|name| body.get(name).is_some_and(|value| !value.is_null()));
    if let Some(name) = sampling {
        return Some(format!("{name}: this parameter is not supported with anthropic-version {STRICT_VERSION}"));
    }
    let messages = body["messages"].as_array().into_iter().flatten().enumerate();
    for (at, message) in messages {
        for (block_at, block) in message["content"].as_array().into_iter().flatten().enumerate() {
            let place = format!("messages.{at}.content.{block_at}");
            match (message["role"].as_str(), block["type"].as_str()) {
                (Some("assistant"), Some("document")) => {
                    return Some(format!("{place}: `document` blocks are not permitted in assistant messages"));
                }
                (Some("user"), Some("text")) if block["citations"].as_array().is_some_and(|list| !list.is_empty()) => {
                    return Some(format!("{place}.citations: citations are not permitted on the text of user messages"));
                }
                _ => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const OLD: Option<&str> = Some("2023-06-01");
    const NEW: Option<&str> = Some("2026-10-21");

    /// As [`super::refused`], of a request that has what every request needs.
    fn refused(version: Option<&str>, body: &Value) -> Option<String> {
        let mut body = body.clone();
        body["max_tokens"] = 9.into();
        super::refused(version, &body)
    }

    #[test]
    fn the_version_and_max_tokens_are_required_by_every_version() {
        let body = json!({"max_tokens": 9});
        assert!(super::refused(None, &body).is_some_and(|reason| reason.starts_with("anthropic-version:")));
        for version in [OLD, NEW] {
            assert!(super::refused(version, &json!({})).is_some_and(|reason| reason.starts_with("max_tokens:")));
            assert_eq!(super::refused(version, &body), None);
        }
    }

    #[test]
    fn sampling_is_refused_by_the_new_version_only() {
        for name in ["temperature", "top_p", "top_k"] {
            let body = json!({name: 1});
            assert!(refused(NEW, &body).is_some_and(|reason| reason.contains(name)), "{name}");
            assert_eq!(refused(OLD, &body), None);
            assert_eq!(refused(NEW, &json!({name: null})), None);
        }
    }

    #[test]
    fn blocks_in_the_wrong_message_are_refused_by_the_new_version_only() {
        let document = json!({"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": [{"type": "document"}]}]});
        assert!(refused(NEW, &document).is_some_and(|reason| reason.contains("messages.1.content.0")));
        let cited = json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "x", "citations": [{}]}]}]});
        assert!(refused(NEW, &cited).is_some());
        let fine = json!({"messages": [{"role": "user", "content": [{"type": "document"}]}, {"role": "assistant", "content": "x"}]});
        assert_eq!((refused(OLD, &document), refused(OLD, &cited), refused(NEW, &fine)), (None, None, None));
    }

    #[test]
    fn a_body_of_another_shape_is_not_refused_here() {
        for body in [json!({}), json!({"messages": 5}), json!({"messages": [1, {"content": {}}]})] {
            assert_eq!(refused(NEW, &body), None);
            assert!(!Asked::read(&body, 0).stream);
        }
    }
}
