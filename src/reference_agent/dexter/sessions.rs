//! `POST /realtime/sessions`: a short-lived session with the provider, for a guest or for a user.
//!
//! Owns: who somebody is, what the session is told of the tools and of a guest, the answer.
//! Must not know: what a client does with the session.

use super::faults::DexterFault;
use super::server::{Api, error};
use crate::reference_agent::core2::publisher::uuid;
use reqwest::Client;
use serde_json::{Value, json};

const INSTRUCTIONS: &str = "You are Dexter. Be brief. Use the hosted MCP tools for wallets, trades and markets.";
/// For a guest who brings no instructions.
const GUEST: &str = "The caller is a guest on a shared demo wallet. Explain what an account adds.";
const VOICE: &str = "cedar";

/// The project that knows the users.
pub struct Identity {
    pub client: Option<Client>,
    pub url: Option<String>,
    pub anon_key: Option<String>,
}

impl Identity {
    /// Whom a token names; `None` for a token that the project does not know.
    async fn user(&self, token: &str) -> Option<Value> {
        let (client, url) = (self.client.as_ref()?, self.url.as_ref()?);
        let request = client.get(format!("{url}/auth/v1/user")).bearer_auth(token);
        let answer = request.header("apikey", self.anon_key.as_deref().unwrap_or_default()).send().await.ok()?;
        if !answer.status().is_success() {
            return None;
        }
        let user: Value = answer.json().await.ok()?;
        user["id"].is_string().then(|| json!({"id": user["id"], "email": user["email"]}))
    }
}

/// Status and body of the answer: the provider's session as it is, and who it is for.
pub async fn create(api: &Api, asked: &Value) -> (u16, Value) {
    let user = match asked["supabaseAccessToken"].as_str().filter(|token| !token.is_empty()) {
        Some(_) if DexterFault::TrustToken.is(api.fault) => Some(json!({"id": "u1", "email": "ana@example.com"})),
        Some(token) => api.identity.user(token).await,
        None => None,
    };
    let profile = user.is_none().then(|| {
        let given = asked["guestProfile"]["instructions"].as_str().map(str::trim).filter(|text| !text.is_empty());
        let label = asked["guestProfile"]["label"].as_str().unwrap_or("Dexter Demo Wallet");
        json!({"label": label, "instructions": given.unwrap_or(GUEST)})
    });
    let body = session(api, asked, profile.as_ref());
    let mut out = match api.openai.session(&body, DexterFault::BetaHeader.is(api.fault)).await {
        Ok(out) => out,
        Err(why) => return (500, error(why)),
    };
    out["dexter_session"] = json!({
        "type": if user.is_some() { "user" } else { "guest" },
        "user": user,
        "guest": profile.is_some().then(|| json!({"session_id": uuid()})),
        "guest_profile": profile,
        "wallet": null,
        "prompt_profile": null,
    });
    if DexterFault::LeakKey.is(api.fault) {
        out["key"] = json!(api.openai.key);
    }
    (200, out)
}

fn session(api: &Api, asked: &Value, profile: Option<&Value>) -> Value {
    let mut tool = json!({"type": "mcp", "server_label": "dexter", "server_url": api.mcp.url, "require_approval": "never"});
    if let Some(token) = api.mcp.token.as_ref().filter(|_| !DexterFault::NoToken.is(api.fault)) {
        tool["headers"] = json!({"Authorization": format!("Bearer {token}")});
    }
    if !api.mcp.voice_tools.is_empty() {
        tool["allowed_tools"] = json!(api.mcp.voice_tools);
    }
    let guest = profile.and_then(|profile| profile["instructions"].as_str()).filter(|_| !DexterFault::ForgetGuest.is(api.fault));
    let instructions = guest.map_or_else(|| INSTRUCTIONS.to_owned(), |guest| format!("{INSTRUCTIONS}\n\n{guest}"));
    let model = asked["model"].as_str().unwrap_or(&api.realtime_model);
    json!({"model": model, "instructions": instructions, "tools": [tool], "voice": VOICE})
}
