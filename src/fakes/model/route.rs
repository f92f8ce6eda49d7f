//! Which path and method of a model fake is which wire.
//!
//! Owns: the paths.
//! Must not know: what is answered there.

use super::realtime::mint::Mint;
use crate::wire::{chat, responses};
use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Asks the model; counted by scripts and rules.
    Model(Wire),
    /// The list of models.
    Models,
    /// The handshake of a Realtime session; also what asks for it by another method.
    Realtime,
    /// A short-lived key for such a session; not counted.
    Mint(Mint),
    /// A path that is served, but not by this method.
    WrongMethod {
        allow: &'static str,
    },
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Responses,
    Chat,
}

/// What is served, for messages.
pub const SERVED: &str = "POST /v1/responses, POST /v1/chat/completions, GET /v1/models, the WebSocket /v1/realtime, \
POST /v1/realtime/client_secrets, POST /v1/realtime/sessions (also without /v1)";

impl Route {
    /// `path` is below the fake's base URL, which may or may not have been given with `/v1`.
    pub fn of(method: &str, path: &str) -> Route {
        let below = path.strip_prefix("/v1").or_else(|| path.strip_prefix("/api/v1")).unwrap_or(path);
        let (route, allow) = match below {
            "/responses" => (Route::Model(Wire::Responses), "POST"),
            "/chat/completions" => (Route::Model(Wire::Chat), "POST"),
            "/models" => (Route::Models, "GET"),
            // The handshake says itself what is wrong with another method.
            "/realtime" => return Route::Realtime,
            "/realtime/client_secrets" => (Route::Mint(Mint::ClientSecrets), "POST"),
            "/realtime/sessions" => (Route::Mint(Mint::Sessions), "POST"),
            _ => return Route::Unknown,
        };
        if method == allow { route } else { Route::WrongMethod { allow } }
    }
}

/// What a request asked for, on its wire.
pub enum Asked {
    Responses(responses::Asked),
    Chat(chat::Asked),
}

impl Asked {
    pub fn read(wire: Wire, body: &Value) -> Asked {
        match wire {
            Wire::Responses => Asked::Responses(responses::Asked::read(body, 0)),
            Wire::Chat => Asked::Chat(chat::Asked::read(body, 0)),
        }
    }

    /// The reply to this request, the `nth` of those that are counted.
    pub fn render(
        &mut self,
        nth: usize,
        parts: &[crate::wire::script::Part],
        pace: crate::wire::script::Pace,
    ) -> crate::wire::stream::Rendered {
        match self {
            Asked::Responses(asked) => {
                asked.nth = nth;
                responses::render(parts, asked, pace)
            }
            Asked::Chat(asked) => {
                asked.nth = nth;
                chat::render(parts, asked, pace)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_wires_are_found_with_and_without_a_version() {
        for prefix in ["", "/v1", "/api/v1"] {
            assert_eq!(Route::of("POST", &format!("{prefix}/responses")), Route::Model(Wire::Responses));
            assert_eq!(Route::of("POST", &format!("{prefix}/chat/completions")), Route::Model(Wire::Chat));
            assert_eq!(Route::of("GET", &format!("{prefix}/models")), Route::Models);
        }
    }

    #[test]
    fn another_method_is_told_which_is_right() {
        assert_eq!(Route::of("GET", "/v1/responses"), Route::WrongMethod { allow: "POST" });
        assert_eq!(Route::of("POST", "/models"), Route::WrongMethod { allow: "GET" });
    }

    #[test]
    fn other_paths_are_not_served() {
        for path in ["/", "/v1", "/v1/embeddings", "/v1/responses/", "/v1/responses/r1", "/v2/responses"] {
            assert_eq!(Route::of("POST", path), Route::Unknown, "{path}");
        }
    }
}
