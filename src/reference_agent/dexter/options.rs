//! What the API is told: addresses, keys, models.
//!
//! Owns: the variables' names, what is missing by default.
//! Must not know: what they are used for.

use super::faults::DexterFault;
use super::mcp::Mcp;
use super::openai::OpenAi;
use super::server::Api;
use super::sessions::Identity;
use crate::reference_agent::model::http_client;

#[derive(clap::Args, Debug)]
pub struct DexterOptions {
    /// dexter-chat: where realtime sessions are minted; without `/v1`, unlike OPENAI_BASE_URL
    #[arg(long, env = "OPENAI_API_BASE", default_value = "https://api.openai.com")]
    realtime_base_url: String,
    /// dexter-chat: the model of realtime sessions
    #[arg(long, env = "OPENAI_REALTIME_MODEL", default_value = "gpt-realtime")]
    realtime_model: String,
    /// dexter-chat: the model of the chat
    #[arg(long, env = "TEXT_MODEL", default_value = "gpt-4.1-mini")]
    text_model: String,
    /// dexter-chat: the MCP server
    #[arg(long, env = "MCP_URL", default_value = "http://127.0.0.1:3930/mcp")]
    mcp_url: String,
    /// dexter-chat: the token for the MCP server; better given by the environment
    #[arg(long, env = "TOKEN_AI_MCP_TOKEN", hide_env_values = true)]
    mcp_token: Option<String>,
    /// dexter-chat: the tools that a voice session may use, with commas; all if not given
    #[arg(long, env = "MCP_ALLOWED_TOOLS_VOICE")]
    mcp_voice_tools: Option<String>,
    /// dexter-chat: the Supabase project that knows the users
    #[arg(long, env = "SUPABASE_URL")]
    supabase_url: Option<String>,
    /// dexter-chat: its public key
    #[arg(long, env = "SUPABASE_ANON_KEY")]
    supabase_anon_key: Option<String>,
    /// dexter-chat: a deliberately broken variant
    #[arg(long, value_enum)]
    api_fault: Option<DexterFault>,
}

impl DexterOptions {
    /// `base_url` and `key` are those of the chat's model. Fails if an address is none.
    pub fn api(self, base_url: &str, key: Option<String>) -> Result<Api, String> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let key = given(key);
        let mcp_token = given(self.mcp_token);
        let supabase_url = given(self.supabase_url).map(|url| url.trim_end_matches('/').to_owned());
        let identity = match &supabase_url {
            Some(url) => Some(http_client("SUPABASE_URL", url)?),
            None => None,
        };
        let tools = self.mcp_voice_tools.unwrap_or_default();
        Ok(Api {
            openai: OpenAi {
                chat: http_client("OPENAI_BASE_URL", base_url)?,
                chat_url: base_url.trim_end_matches('/').to_owned(),
                realtime: http_client("OPENAI_API_BASE", &self.realtime_base_url)?,
                realtime_url: self.realtime_base_url.trim_end_matches('/').to_owned(),
                key,
            },
            mcp: Mcp {
                client: http_client("MCP_URL", &self.mcp_url)?,
                url: self.mcp_url.trim_end_matches('/').to_owned(),
                token: mcp_token,
                voice_tools: tools.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            },
            identity: Identity { client: identity, url: supabase_url, anon_key: given(self.supabase_anon_key) },
            text_model: self.text_model,
            realtime_model: self.realtime_model,
            fault: self.api_fault,
        })
    }
}
