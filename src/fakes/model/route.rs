//! Which path and method of a model fake is which wire, and which vendor has it.
//!
//! Owns: the paths.
//! Must not know: what is answered there.

use super::realtime::mint::Mint;
use crate::model::fake::Vendor;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Asks the model; counted by scripts and rules.
    Model(Wire),
    /// Asks how many tokens a Messages request has.
    CountTokens,
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
    /// A path that another vendor serves.
    OtherVendor {
        wire: Wire,
        has: &'static str,
    },
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Responses,
    Chat,
    /// Chat completions in OpenRouter's variant.
    Router,
    Messages,
}

/// What is served, for messages.
pub fn served(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Openai => {
            "POST /v1/responses, POST /v1/chat/completions, GET /v1/models, the WebSocket /v1/realtime, \
             POST /v1/realtime/client_secrets, POST /v1/realtime/sessions (also without /v1)"
        }
        Vendor::Anthropic => "POST /v1/messages, POST /v1/messages/count_tokens, GET /v1/models (also without /v1)",
        Vendor::Openrouter => "POST /api/v1/chat/completions, GET /api/v1/models (also below /v1)",
        Vendor::Any => {
            "POST /v1/responses, POST /v1/chat/completions, POST /v1/messages, POST /v1/messages/count_tokens, \
             POST /api/v1/chat/completions (OpenRouter), GET /v1/models, the WebSocket /v1/realtime, \
             POST /v1/realtime/client_secrets, POST /v1/realtime/sessions (also without /v1)"
        }
    }
}

impl Route {
    /// `path` is below the fake's base URL, which may or may not have been given with `/v1`. What lies below `/api/v1` is
    /// OpenRouter's, if the fake serves OpenRouter.
    pub fn of(vendor: Vendor, method: &str, path: &str) -> Route {
        let router = vendor == Vendor::Openrouter || (vendor == Vendor::Any && path.starts_with("/api/v1/"));
        let below = path.strip_prefix("/v1").or_else(|| path.strip_prefix("/api/v1")).unwrap_or(path);
        let (route, allow, wire) = match below {
            // The handshake says itself what is wrong with another method.
            "/realtime" if matches!(vendor, Vendor::Openai | Vendor::Any) => return Route::Realtime,
            "/realtime" => return Route::OtherVendor { wire: Wire::Responses, has: vendor_name(Vendor::Openai) },
            "/realtime/client_secrets" => (Route::Mint(Mint::ClientSecrets), "POST", Wire::Responses),
            "/realtime/sessions" => (Route::Mint(Mint::Sessions), "POST", Wire::Responses),
            "/responses" => (Route::Model(Wire::Responses), "POST", Wire::Responses),
            "/chat/completions" if router => (Route::Model(Wire::Router), "POST", Wire::Router),
            "/chat/completions" => (Route::Model(Wire::Chat), "POST", Wire::Chat),
            "/messages" => (Route::Model(Wire::Messages), "POST", Wire::Messages),
            "/messages/count_tokens" => (Route::CountTokens, "POST", Wire::Messages),
            "/models" if method == "GET" => return Route::Models,
            "/models" => return Route::WrongMethod { allow: "GET" },
            _ => return Route::Unknown,
        };
        match owner(wire) {
            owner if vendor != Vendor::Any && vendor != owner => Route::OtherVendor { wire, has: vendor_name(owner) },
            _ if method == allow => route,
            _ => Route::WrongMethod { allow },
        }
    }
}

/// Who has a wire.
fn owner(wire: Wire) -> Vendor {
    match wire {
        Wire::Responses | Wire::Chat => Vendor::Openai,
        Wire::Router => Vendor::Openrouter,
        Wire::Messages => Vendor::Anthropic,
    }
}

/// The wire in whose shape a vendor says what concerns no single wire.
pub fn native_wire(vendor: Vendor) -> Wire {
    match vendor {
        Vendor::Openai | Vendor::Any => Wire::Responses,
        Vendor::Openrouter => Wire::Router,
        Vendor::Anthropic => Wire::Messages,
    }
}

/// The vendor as a suite names it.
pub fn vendor_name(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Openai => "openai",
        Vendor::Anthropic => "anthropic",
        Vendor::Openrouter => "openrouter",
        Vendor::Any => "any",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Vendor; 4] = [Vendor::Openai, Vendor::Anthropic, Vendor::Openrouter, Vendor::Any];

    #[test]
    fn every_wire_is_found_with_and_without_a_version() {
        for prefix in ["", "/v1"] {
            for (vendor, path, wire) in [
                (Vendor::Openai, "/responses", Wire::Responses),
                (Vendor::Openai, "/chat/completions", Wire::Chat),
                (Vendor::Any, "/chat/completions", Wire::Chat),
                (Vendor::Anthropic, "/messages", Wire::Messages),
                (Vendor::Openrouter, "/chat/completions", Wire::Router),
            ] {
                assert_eq!(Route::of(vendor, "POST", &format!("{prefix}{path}")), Route::Model(wire), "{vendor:?} {prefix}{path}");
            }
            for vendor in ALL {
                assert_eq!(Route::of(vendor, "GET", &format!("{prefix}/models")), Route::Models);
            }
        }
        assert_eq!(Route::of(Vendor::Anthropic, "POST", "/v1/messages/count_tokens"), Route::CountTokens);
    }

    #[test]
    fn openrouters_path_is_its_own_where_openrouter_is_served() {
        let chat = |vendor| Route::of(vendor, "POST", "/api/v1/chat/completions");
        assert_eq!(chat(Vendor::Openrouter), Route::Model(Wire::Router));
        assert_eq!(chat(Vendor::Any), Route::Model(Wire::Router));
        assert_eq!(chat(Vendor::Openai), Route::Model(Wire::Chat));
    }

    #[test]
    fn a_wire_that_the_vendor_has_not_is_told_who_has_it() {
        for (vendor, path, wire, has) in [
            (Vendor::Openai, "/v1/messages", Wire::Messages, "anthropic"),
            (Vendor::Anthropic, "/v1/responses", Wire::Responses, "openai"),
            (Vendor::Anthropic, "/v1/chat/completions", Wire::Chat, "openai"),
            (Vendor::Openrouter, "/api/v1/responses", Wire::Responses, "openai"),
            (Vendor::Openrouter, "/v1/messages", Wire::Messages, "anthropic"),
        ] {
            assert_eq!(Route::of(vendor, "POST", path), Route::OtherVendor { wire, has }, "{vendor:?} {path}");
        }
    }

    #[test]
    fn another_method_is_told_which_is_right() {
        assert_eq!(Route::of(Vendor::Openai, "GET", "/v1/responses"), Route::WrongMethod { allow: "POST" });
        assert_eq!(Route::of(Vendor::Any, "POST", "/models"), Route::WrongMethod { allow: "GET" });
    }

    #[test]
    fn other_paths_are_not_served() {
        for path in ["/", "/v1", "/v1/embeddings", "/v1/responses/", "/v1/responses/r1", "/v2/responses", "/v1/messages/batches"] {
            assert_eq!(Route::of(Vendor::Any, "POST", path), Route::Unknown, "{path}");
        }
    }
}
